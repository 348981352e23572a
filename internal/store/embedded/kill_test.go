package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// The tests start this binary again as a process that they kill.
const (
	childEnv = "LOGIN_GUARD_STORE_CHILD" // the folder
	childRun = "LOGIN_GUARD_STORE_RUN"   // a number for names
	childDo  = "LOGIN_GUARD_STORE_DO"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		run, _ := strconv.Atoi(os.Getenv(childRun))
		switch os.Getenv(childDo) {
		case "full":
			fullChild(dir)
		default:
			killedChild(dir, run)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// killed has room for all that 200 children write.
var killed = embedded.Options{Memory: 64 << 20}

const heldEach = 6 // kept things that a run may take

func heldKey(run, i int) store.Key { return storetest.Key(fmt.Sprint("held ", run, " ", i)) }

// killedChild uses a store until it is killed, and tells of each thing only
// once it is done.
func killedChild(dir string, run int) {
	s := embedded.OpenFast(dir, killed, nil)
	ctx := context.Background()
	var mu sync.Mutex
	tell := func(what string, id string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(os.Stdout, "%s %s\n", what, id) // one write, straight to the pipe
	}
	tell("ready", fmt.Sprint(s.Stats().Durable))
	check := func(err error) {
		if err != nil {
			tell("error", err.Error())
		}
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d/%d/%d", run, g, i)
				first, err := s.Spend(ctx, storetest.Key(id), time.Hour)
				if check(err); first {
					tell("spent", id)
				}
			}
		})
	}
	wg.Go(func() { // all that earlier ones could take as well
		for r := run; r >= 0; r-- {
			for i := range heldEach {
				if v, err := s.Take(ctx, heldKey(r, i)); err == nil {
					tell("took", string(v))
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
	wg.Go(func() {
		for i := 0; ; i++ {
			id := fmt.Sprintf("%d/put/%d", run, i)
			check(s.Put(ctx, "test", []byte(id), []byte(id), time.Time{}))
			tell("put", id)
			if i%2 == 1 {
				check(s.Delete(ctx, "test", []byte(id)))
				tell("deleted", id)
			}
			check(s.Mark(ctx, storetest.Key(id), time.Unix(1_800_000_000, 0), time.Hour))
			tell("marked", id)
		}
	})
	wg.Go(func() {
		for i := 0; ; i++ {
			id := fmt.Sprintf("%d/row/%d", run, i)
			v, err := s.SwapRow(ctx, storetest.Key(id), 0, []byte(id), 0)
			check(err)
			tell("row", id)
			if i%2 == 1 {
				_, err = s.SwapRow(ctx, storetest.Key(id), v, nil, 0)
				check(err)
				tell("norow", id)
			}
		}
	})
	wg.Go(func() {
		for i := 0; ; i++ {
			id := fmt.Sprintf("%d/visit/%d", run, i)
			check(s.Settle(ctx, &store.Settle{Now: time.Now(), Visit: store.Visit{Key: storetest.Key(id), Country: 7}}))
			if s.Written() {
				tell("visited", id)
			}
		}
	})
	wg.Wait()
}

// runAndKill runs the child until a random instant and returns what it told.
func runAndKill(t *testing.T, dir string, run int, after time.Duration) (told [][2]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir, childRun+"="+strconv.Itoa(run), childDo+"=")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) { // a line that was cut short tells nothing
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		what, id, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		told = append(told, [2]string{what, id})
	}
	_ = cmd.Wait()
	return told
}

func TestKillLosesNothingAndGivesNothingTwice(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("LOGIN_GUARD_KILLS")); err == nil {
		kills = n
	}
	dir := t.TempDir()
	ctx := t.Context()
	// What an attacker had used up before the crashes begin.
	attack := store.Charge{Key: storetest.Key("attack"), Burst: 3, Every: 1000 * time.Hour}
	count := make(map[string]int)
	var all [][2]string
	taken := make(map[string]bool)
	took := func(id string) {
		if taken[id] {
			t.Errorf("%s was taken twice", id)
		}
		taken[id] = true
	}
	for run := range kills {
		// A clean start and end in between, which leaves things to take.
		s := embedded.OpenFast(dir, killed, nil)
		if got := s.Stats(); !got.Durable || got.Problem != "" {
			t.Fatalf("run %d: %+v", run, got)
		}
		if got, err := storetest.Reserve(s, store.Reserve{Now: time.Now(), Charges: []store.Charge{attack}}); err != nil || (got.Over != 0) != (run >= 3) {
			t.Fatalf("run %d: the attack's budget: over %b, %v", run, got.Over, err)
		}
		for i := range heldEach {
			if err := s.Keep(ctx, heldKey(run, i), fmt.Appendf(nil, "%d/%d", run, i), time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, s)

		told := runAndKill(t, dir, run, time.Duration(rand.Int64N(int64(400*time.Millisecond))))
		all = append(all, told...)
		s = embedded.OpenFast(dir, killed, nil)
		check := told
		for range 100 { // and some of before
			if len(all) > 0 {
				check = append(check, all[rand.IntN(len(all))])
			}
		}
		for _, one := range told {
			count[one[0]]++
			if one[0] == "took" {
				took(one[1])
			}
		}
		for _, one := range check {
			verify(t, s, run, one)
		}
		for i := range heldEach {
			// There still, if the kill came before the child had the file.
			if v, err := s.Take(ctx, heldKey(run, i)); err == nil {
				took(string(v))
			}
		}
		if t.Failed() {
			t.FailNow()
		}
		closed(t, s)
	}
	t.Logf("%d kills; told and found again: %v", kills, count)
	for _, what := range []string{"spent", "took", "put", "deleted", "marked", "visited", "row", "norow"} {
		if count[what] == 0 {
			t.Errorf("no child lived to tell that it %s something", what)
		}
	}
}

// verify checks that what a child told of is so.
func verify(t *testing.T, s *embedded.Store, run int, one [2]string) {
	t.Helper()
	ctx := t.Context()
	what, id := one[0], one[1]
	switch what {
	case "ready":
		if id != "true" {
			t.Errorf("run %d: the child's store was not durable", run)
		}
	case "spent":
		if first, err := s.Spend(ctx, storetest.Key(id), time.Hour); err != nil || first {
			t.Errorf("run %d: %s was spent and is good again (%v)", run, id, err)
		}
	case "put":
		v, err := s.Get(ctx, "test", []byte(id))
		// One that was being deleted when the kill came may be gone.
		if gone := errors.Is(err, store.ErrNotFound); string(v) != id && !(gone && oddPut(id)) {
			t.Errorf("run %d: record %s is %q, %v", run, id, v, err)
		}
	case "deleted":
		if _, err := s.Get(ctx, "test", []byte(id)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("run %d: deleted record %s is back: %v", run, id, err)
		}
	case "marked", "visited":
		got, err := storetest.Reserve(s, store.Reserve{Now: time.Now(), Profile: storetest.Key(id), Marks: []store.Key{storetest.Key(id)}})
		if err != nil || (what == "marked" && got.Marks[0].IsZero()) || (what == "visited" && got.Profile.Countries[0] != 7) {
			t.Errorf("run %d: %s %s is lost (%v)", run, id, what, err)
		}
	case "row":
		got, err := s.LoadRow(ctx, storetest.Key(id))
		if gone := errors.Is(err, store.ErrNotFound); string(got.Value) != id && !(gone && oddPut(id)) {
			t.Errorf("run %d: row %s is %q, %v", run, id, got.Value, err)
		}
	case "norow":
		if _, err := s.LoadRow(ctx, storetest.Key(id)); !errors.Is(err, store.ErrNotFound) || s.KnownRow(storetest.Key(id)) {
			t.Errorf("run %d: deleted row %s: %v", run, id, err)
		}
	case "took":
	default:
		t.Errorf("run %d: the child says: %s %s", run, what, id)
	}
}

// oddPut reports whether the child deletes this record at once.
func oddPut(id string) bool {
	n, _ := strconv.Atoi(id[strings.LastIndexByte(id, '/')+1:])
	return n%2 == 1
}
