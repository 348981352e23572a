package testport

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTwoListenersOnOnePortAreSeenUntilOneCloses(t *testing.T) {
	port := Take(t, 1)[0]
	sharing := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); e != nil {
			return e
		}
		return err
	}}
	listen := func() net.Listener {
		l, err := sharing.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := listen()
	defer first.Close()
	if Shared(t, port) {
		t.Error("one listener is said to share")
	}
	second := listen()
	if !Shared(t, port) {
		t.Error("two listeners are not seen")
	}
	second.Close()
	if Shared(t, port) {
		t.Error("one that is closed is still said to share")
	}
}
