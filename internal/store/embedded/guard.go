package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// guarded calls f and makes an error of a panic, and of a fault in memory
// that is mapped from a file: bbolt believes what it reads, and a file that
// was cut short or overwritten under it must not end the process.
func guarded(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}

// abandon closes a database that may be beyond that: a panic can leave its
// locks held, and then closing it never returns.
func abandon(db *bolt.DB) {
	done := make(chan struct{})
	go func() { // ends with the process if the database is stuck
		defer close(done)
		_ = guarded(db.Close)
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// sorted says which of our errors one of bbolt's is: what comes from the
// system is a matter of the disk, everything else of the file.
func sorted(err error) error {
	var errno syscall.Errno
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errInUse), errors.Is(err, errNewer), errors.Is(err, errForeign), errors.Is(err, errDamaged):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return errInUse
	case errors.Is(err, bolterrors.ErrVersionMismatch):
		return errNewer
	case errors.As(err, &errno), errors.As(err, &path):
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// isFull reports whether there is no room, on the disk or for this user.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
