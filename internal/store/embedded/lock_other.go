//go:build windows || plan9 || solaris || aix || android

package embedded

import (
	"os"
	"time"
)

// lockAndCheck leaves both to bbolt: its lock is of another kind here, and a
// check without the lock would take another process's writing for damage.
func lockAndCheck(*os.File, time.Duration) error { return nil }
