package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Clock is how much later it is for a gateway than it is here. A day passes in
// as long as its logins take.
type Clock struct {
	file  string
	began time.Time
	mu    sync.Mutex
	off   time.Duration
}

// NewClock makes one that is right, in a file in folder.
func NewClock(folder string) (*Clock, error) {
	f, err := os.CreateTemp(folder, "clock.")
	if err != nil {
		return nil, err
	}
	c := &Clock{file: f.Name(), began: time.Now()}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return c, c.write()
}

// File is what the gateway reads.
func (c *Clock) File() string { return c.file }

// Now is what time it is for the gateway.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

// Passed is how long it is since the clock was made, for the gateway.
func (c *Clock) Passed() time.Duration { return c.Now().Sub(c.began) }

// Pause lets time pass for the gateway, in whole seconds, and waits until it
// has noticed.
func (c *Clock) Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c.mu.Lock()
	c.off += (d + time.Second - 1).Truncate(time.Second)
	err := c.write()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(60 * time.Millisecond): // it looks every 20
		return nil
	}
}

// write puts the file in place whole: half a number is another one.
func (c *Clock) write() error {
	fresh := filepath.Join(filepath.Dir(c.file), filepath.Base(c.file)+".new")
	if err := os.WriteFile(fresh, []byte(strconv.Itoa(int(c.off/time.Second))), 0o600); err != nil {
		return fmt.Errorf("setting a gateway's clock: %w", err)
	}
	return os.Rename(fresh, c.file)
}
