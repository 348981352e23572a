package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// fullChild lets the system refuse every byte more (RLIMIT_FSIZE, which fails
// as a full disk or a spent quota does), and later allow them again.
func fullChild(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	s := embedded.OpenFast(dir, small, nil)
	ctx := context.Background()
	report := func(when string) {
		got := s.Stats()
		fmt.Printf("%s: durable %v, problem %q\n", when, got.Durable, got.Problem)
	}
	n := 0
	spend := func() {
		for range 300 {
			n++
			if first, err := s.Spend(ctx, storetest.Key(fmt.Sprint(n)), time.Hour); err != nil || !first {
				fmt.Println("not first:", n, err)
			}
		}
	}
	spend()
	report("before")
	limit := func(bytes uint64) {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			fmt.Println(err)
		}
		if l.Cur = bytes; bytes == 0 {
			l.Cur = l.Max
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			fmt.Println(err)
		}
	}
	limit(4096)
	spend()
	report("full")
	for i := 1; i <= n; i++ {
		if first, err := s.Spend(ctx, storetest.Key(fmt.Sprint(i)), time.Hour); err != nil || first {
			fmt.Println("twice:", i, err)
		}
	}
	limit(0)
	for end := time.Now().Add(10 * time.Second); !s.Stats().Durable && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	report("room again")
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

func TestAFullDiskStopsNobodyAndWhatWasSpentReachesItLater(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir, childDo+"=full")
	out, _ := cmd.CombinedOutput() // it kills itself
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	var got []string
	for lines.Scan() {
		got = append(got, lines.Text())
	}
	if len(got) != 3 || got[0] != `before: durable true, problem ""` || got[2] != `room again: durable true, problem ""` ||
		!strings.HasPrefix(got[1], "full: durable false") || !strings.Contains(got[1], "Make room on the disk") || !strings.Contains(got[1], dir) {
		t.Fatalf("the child says\n%s", out)
	}
	s := embedded.OpenFast(dir, small, nil)
	defer closed(t, s)
	for i := range 600 {
		if first, err := s.Spend(t.Context(), storetest.Key(fmt.Sprint(i+1)), time.Hour); err != nil || first {
			t.Fatalf("%d is good again (%v)", i+1, err)
		}
	}
}
