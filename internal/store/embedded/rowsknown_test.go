package embedded_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func recalled(t *testing.T, s *embedded.Store, name string) (string, map[store.Key]int64) {
	t.Helper()
	got := make(map[store.Key]int64)
	state, err := s.Recall(name, func(k store.Key, until int64) { got[k] = until })
	if err != nil {
		t.Fatal(err)
	}
	return string(state), got
}

func TestWhatASharedStoreToldIsRecalledByItsName(t *testing.T) {
	dir := t.TempDir()
	s := embedded.OpenFast(dir, small, nil)
	if state, got := recalled(t, s, "one"); state != "" || len(got) != 0 {
		t.Fatal(state, got)
	}
	a, b, c := storetest.Key("a"), storetest.Key("b"), storetest.Key("c")
	tell := func(name, state string, put map[store.Key]int64, gone []store.Key, whole bool) {
		t.Helper()
		if err := s.Remember(name, []byte(state), put, gone, whole); err != nil {
			t.Fatal(err)
		}
	}
	want := func(name, state string, keys map[store.Key]int64) {
		t.Helper()
		if s2, got := recalled(t, s, name); s2 != state || !maps.Equal(got, keys) {
			t.Errorf("%s: %q and %d keys, want %q and %d", name, s2, len(got), state, len(keys))
		}
	}
	tell("one", "1", map[store.Key]int64{a: 10, b: 20}, nil, false)
	tell("two", "7", map[store.Key]int64{c: 30}, nil, false)
	tell("one", "2", map[store.Key]int64{c: 40}, []store.Key{a}, false)
	want("one", "2", map[store.Key]int64{b: 20, c: 40})
	closed(t, s)
	s = embedded.OpenFast(dir, small, nil)
	want("one", "2", map[store.Key]int64{b: 20, c: 40})
	want("two", "7", map[store.Key]int64{c: 30})
	tell("one", "3", map[store.Key]int64{a: 1}, nil, true)
	want("one", "3", map[store.Key]int64{a: 1})
	want("two", "7", map[store.Key]int64{c: 30})
	if s.KnownRow(a) || s.Stats().KnownRows != 0 {
		t.Error("another store's rows are taken for this one's")
	}
	s.RowsFail(func() error { return errors.New("no space left") })
	if err := s.Remember("one", nil, nil, nil, true); err == nil {
		t.Error("it was written")
	}
	want("one", "3", map[store.Key]int64{a: 1})
	s.RowsFail(func() error { return nil })
	_ = s.Close(t.Context())
	if err := s.Remember("one", nil, nil, nil, true); err == nil {
		t.Error("a closed store remembers")
	}
}

func TestWhatCannotBeRecalledIsAnError(t *testing.T) {
	dir := t.TempDir()
	first := embedded.OpenFast(dir, small, nil)
	if err := first.Remember("one", []byte("1"), nil, nil, true); err != nil {
		t.Fatal(err)
	}
	second := embedded.OpenFast(dir, small, nil)
	if _, err := second.Recall("one", func(store.Key, int64) {}); err == nil {
		t.Error("a file that another process has was read")
	}
	closed(t, first)
	_ = second.Close(t.Context())
}
