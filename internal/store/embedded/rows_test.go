package embedded_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// made makes a row that lasts for ever.
func made(t *testing.T, s store.Store, name string) uint64 {
	t.Helper()
	v, err := s.SwapRow(t.Context(), storetest.Key(name), 0, []byte(name), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rowIs reports what is wrong with a row.
func rowIs(t *testing.T, s store.Store, name string, want error) {
	t.Helper()
	got, err := s.LoadRow(t.Context(), storetest.Key(name))
	if !errors.Is(err, want) || (want == nil) != (err == nil) || (err == nil && string(got.Value) != name) {
		t.Errorf("row %s is %q, %v; want %v", name, got.Value, err, want)
	}
	if known := s.KnownRow(storetest.Key(name)); known != !errors.Is(want, store.ErrNotFound) {
		t.Errorf("row %s: known %v", name, known)
	}
}

// until waits for what happens by itself within fractions of a second.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(what)
}

func TestRowsSurviveTheEndOfTheProcess(t *testing.T) {
	c, dir := storetest.NewClock(), t.TempDir()
	s := embedded.OpenFast(dir, withClock(c), nil)
	storetest.RunRowsSurvive(t, c, s, func() store.Store {
		closed(t, s)
		s = embedded.OpenFast(dir, withClock(c), nil)
		return s
	})
	closed(t, s)
}

func TestWithoutRowsThereIsNoFileOfThem(t *testing.T) {
	dir := t.TempDir()
	s := embedded.OpenFast(dir, small, nil)
	if _, err := s.LoadRow(t.Context(), storetest.Key("a")); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	closed(t, s)
	if _, err := os.Stat(filepath.Join(dir, "rows.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	s = embedded.OpenFast(dir, small, nil)
	made(t, s, "a")
	closed(t, s)
	if info, err := os.Stat(filepath.Join(dir, "rows.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// Whoever has a second factor has to be asked for it, also when the file that
// it stands in is gone.
func TestRowsWhoseFileIsGoneAreLostUntilThatIsAccepted(t *testing.T) {
	file := func(dir string) string { return filepath.Join(dir, "rows.db") }
	for name, harm := range map[string]func(t *testing.T, dir string){
		"deleted": func(t *testing.T, dir string) {
			if err := os.Remove(file(dir)); err != nil {
				t.Fatal(err)
			}
		},
		"emptied": func(t *testing.T, dir string) {
			if err := os.Truncate(file(dir), 0); err != nil {
				t.Fatal(err)
			}
		},
		"overwritten": func(t *testing.T, dir string) {
			if err := os.WriteFile(file(dir), []byte(strings.Repeat("no database ", 4000)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"cut short": func(t *testing.T, dir string) {
			if err := os.Truncate(file(dir), 10_000); err != nil {
				t.Fatal(err)
			}
		},
		"as it was before": func(t *testing.T, dir string) {
			db, err := bolt.Open(file(dir), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Update(func(tx *bolt.Tx) error {
				k := storetest.Key("a")
				return tx.Bucket([]byte("rows")).Delete(k[:])
			}); err != nil {
				t.Fatal(err)
			}
		},
		"a byte of it changed": func(t *testing.T, dir string) {
			db, err := bolt.Open(file(dir), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Update(func(tx *bolt.Tx) error {
				k := storetest.Key("a")
				v := append([]byte(nil), tx.Bucket([]byte("rows")).Get(k[:])...)
				v[len(v)-5] ^= 1
				return tx.Bucket([]byte("rows")).Put(k[:], v)
			}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := embedded.OpenFast(dir, small, nil)
			v := made(t, s, "a")
			closed(t, s)
			harm(t, dir)
			for range 2 {
				s = embedded.OpenFast(dir, small, nil)
				rowIs(t, s, "a", store.ErrLost)
				rowIs(t, s, "b", store.ErrNotFound)
				for _, old := range []uint64{0, v} {
					if _, err := s.SwapRow(t.Context(), storetest.Key("a"), old, []byte("new"), 0); !errors.Is(err, store.ErrLost) {
						t.Errorf("swapping version %d: %v", old, err)
					}
				}
				if got := s.Stats(); got.LostRows != 1 || !strings.Contains(got.Problem, "1 durable row") {
					t.Errorf("%+v", got)
				}
				closedLost(t, s)
			}
			s = embedded.OpenFast(dir, small, nil)
			made(t, s, "c")
			if n, err := s.AcceptLoss(t.Context()); n != 1 || err != nil {
				t.Error(n, err)
			}
			rowIs(t, s, "a", store.ErrNotFound)
			if got := s.Stats(); got.LostRows != 0 || got.Problem != "" || !got.Durable {
				t.Errorf("%+v", got)
			}
			closed(t, s)
			s = embedded.OpenFast(dir, small, nil)
			rowIs(t, s, "a", store.ErrNotFound)
			rowIs(t, s, "c", nil)
			made(t, s, "a")
			closed(t, s)
		})
	}
}

// closedLost closes a store that has something to complain about.
func closedLost(t *testing.T, s *embedded.Store) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Log(err)
	}
}

func TestRowsOutliveTheOtherFile(t *testing.T) {
	dir := t.TempDir()
	s := embedded.OpenFast(dir, small, nil)
	made(t, s, "a")
	closed(t, s)
	if err := os.Remove(filepath.Join(dir, "store.db")); err != nil {
		t.Fatal(err)
	}
	s = embedded.OpenFast(dir, small, nil)
	rowIs(t, s, "a", nil)
	closed(t, s)
	if err := os.Remove(filepath.Join(dir, "rows.db")); err != nil {
		t.Fatal(err)
	}
	s = embedded.OpenFast(dir, small, nil)
	rowIs(t, s, "a", store.ErrLost) // the other one knew of it again
	closedLost(t, s)
}

// A process that cannot read who has a second factor lets nobody through
// without one.
func TestRowsThatAnotherProcessHasAreKnownForAllAndReadOnceItEnds(t *testing.T) {
	dir := t.TempDir()
	first := embedded.OpenFast(dir, small, nil)
	made(t, first, "a")
	second := embedded.OpenFast(dir, small, nil)
	for _, name := range []string{"a", "b"} {
		if !second.KnownRow(storetest.Key(name)) {
			t.Error("not known:", name)
		}
		if _, err := second.LoadRow(t.Context(), storetest.Key(name)); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Error(name, err)
		}
		if _, err := second.SwapRow(t.Context(), storetest.Key(name), 0, []byte("x"), 0); err == nil {
			t.Error(name, "was written")
		}
	}
	if err := second.EachRow(t.Context(), 0, func(store.Key, store.Row) error { return nil }); err == nil {
		t.Error("it lists nothing instead of saying that it cannot")
	}
	if got := second.Stats(); got.Durable || got.Problem == "" {
		t.Errorf("%+v", got)
	}
	closed(t, first)
	until(t, "it is never read", func() bool { return !second.KnownRow(storetest.Key("b")) })
	rowIs(t, second, "a", nil)
	closed(t, second)
}

func TestRowsAreInMemoryWhileThereIsNoFolderAndOnDiskOnceThereIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := embedded.OpenFast(dir, small, nil)
	made(t, s, "a")
	rowIs(t, s, "a", nil)
	if got := s.Stats(); got.Durable || got.Problem == "" {
		t.Errorf("%+v", got)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	until(t, "it is never written", func() bool { return s.RowsKept() == 1 })
	rowIs(t, s, "a", nil)
	until(t, "it is never durable", func() bool { return s.Stats().Durable })
	closed(t, s)
	s = embedded.OpenFast(dir, small, nil)
	rowIs(t, s, "a", nil)
	closed(t, s)
}

func TestARowThatTheDiskRefusesIsAsItWas(t *testing.T) {
	dir := t.TempDir()
	s := embedded.OpenFast(dir, small, nil)
	v := made(t, s, "a")
	s.RowsFail(func() error { return errors.New("no space left") })
	for _, value := range [][]byte{[]byte("b"), nil} {
		if _, err := s.SwapRow(t.Context(), storetest.Key("a"), v, value, 0); err == nil {
			t.Fatal("it was written")
		}
		rowIs(t, s, "a", nil)
	}
	if got := s.Stats(); got.Durable || !strings.Contains(got.Problem, "no space left") || got.Errors == 0 {
		t.Errorf("%+v", got)
	}
	s.RowsFail(func() error { return nil })
	made(t, s, "b")
	if got := s.Stats(); !got.Durable || got.Problem != "" {
		t.Errorf("%+v", got)
	}
	closed(t, s)
	s = embedded.OpenFast(dir, small, nil)
	rowIs(t, s, "a", nil)
	closed(t, s)
}

func TestRowsThatEndedLeaveTheFile(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.OpenFast(t.TempDir(), withClock(c), nil)
	for i := range 50 {
		if _, err := s.SwapRow(t.Context(), storetest.Key(fmt.Sprint(i)), 0, []byte("session"), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	made(t, s, "a")
	if n := s.RowsKept(); n != 51 {
		t.Fatal(n)
	}
	c.Move(2 * time.Minute)
	until(t, "they stay", func() bool { return s.RowsKept() == 1 && s.Stats().KnownRows == 1 })
	rowIs(t, s, "a", nil)
	closed(t, s)
}
