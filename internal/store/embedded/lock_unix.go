//go:build !windows && !plan9 && !solaris && !aix && !android

package embedded

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockAndCheck takes the lock that bbolt takes again on the same open file,
// where it is the same lock, and checks the file under it: what another
// process is writing would look damaged.
func lockAndCheck(f *os.File, timeout time.Duration) error {
	for end := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if time.Now().After(end) {
			return errInUse
		}
	}
	return checkFile(f)
}
