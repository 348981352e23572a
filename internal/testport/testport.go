// Package testport finds ports for servers that tests start.
//
// A port that was free a moment ago may be another test's by the time its
// server listens. Caddy shares its ports with whoever asks (SO_REUSEPORT), so
// neither would notice, and each would get some of the other's requests.
package testport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ports are taken from below the range that systems take those of outgoing
// connections and of listeners without a wish from.
const (
	lowest = 12000
	count  = 10000
)

// Take returns n ports on loopback, for TCP and UDP, which no other test has
// until this one ends. also are further offsets from each port that must be
// free.
func Take(t testing.TB, n int, also ...int) []int {
	t.Helper()
	// One folder for all runs of this user, whatever TMPDIR each has.
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "login-guard-test-ports")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var out []int
	for range 100 * n {
		port := lowest + rand.IntN(count)
		lock, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || !free(append(also, 0), port) {
			lock.Close()
			continue
		}
		t.Cleanup(func() { lock.Close() })
		if out = append(out, port); len(out) == n {
			return out
		}
	}
	t.Fatalf("no %d free ports from %d on", n, lowest)
	return nil
}

func free(offsets []int, port int) bool {
	for _, o := range offsets {
		address := fmt.Sprintf("127.0.0.1:%d", port+o)
		if !Quiet(address) {
			return false
		}
		u, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		u.Close()
	}
	return true
}

// Quiet says whether nobody listens on a TCP address. It asks as a client does:
// of a listener, a process that is started at this moment has a copy until it
// is another program, which can take a quarter of a second on a busy machine,
// and until then nobody else can listen there.
func Quiet(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// Shared says whether two sockets listen on one address of a TCP port. It is
// false where the system does not list its sockets as Linux does.
func Shared(t testing.TB, port int) bool {
	t.Helper()
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		sockets, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		if shared(string(sockets), port) {
			return true
		}
	}
	return false
}

// shared reads a table as proc(5) has it: a line a socket, with its number,
// its own address and port, the other end's, and its state, all in hexadecimal.
func shared(table string, port int) bool {
	const listening = "0A"
	seen := map[string]bool{}
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != listening || !strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			continue
		}
		if seen[f[1]] {
			return true
		}
		seen[f[1]] = true
	}
	return false
}
