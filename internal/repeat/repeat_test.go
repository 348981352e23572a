package repeat

import (
	"fmt"
	"sync"
	"testing"
	"time"
	"unsafe"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func TestTheSameAgainIsRecognisedForTenMinutes(t *testing.T) {
	s := New()
	alice := s.Tag("192.0.2.1", "alice", "hunter2")
	if s.Seen(start, alice) {
		t.Error("seen before it came")
	}
	s.Note(start, alice)
	for name, other := range map[string]Tag{
		"password":           s.Tag("192.0.2.1", "alice", "hunter3"),
		"account":            s.Tag("192.0.2.1", "bob", "hunter2"),
		"address":            s.Tag("192.0.2.2", "alice", "hunter2"),
		"border":             s.Tag("192.0.2.1", "aliceh", "unter2"),
		"key":                New().Tag("192.0.2.1", "alice", "hunter2"),
		"login, as it is no": {},
	} {
		if s.Seen(start, other) {
			t.Errorf("another %s is taken for the same", name)
		}
	}
	for after, want := range map[time.Duration]bool{-time.Second: false, 0: true, Life - time.Second: true, Life: false} {
		if got := s.Seen(start.Add(after), alice); got != want {
			t.Errorf("after %v: %v", after, got)
		}
	}
	s.Note(start.Add(Life), alice)
	if !s.Seen(start.Add(Life), alice) {
		t.Error("not seen when it came once more")
	}
	s.Note(start, Tag{})
	if s.Seen(start, Tag{}) {
		t.Error("no login was seen")
	}
}

func TestAFloodForgetsTheOldestAndTakesNoMoreMemory(t *testing.T) {
	s := New()
	first := s.Tag("first")
	s.Note(start, first)
	const flood = 10 * sets * ways
	for i := range flood {
		s.Note(start.Add(time.Duration(i+1)*time.Microsecond), s.Tag(fmt.Sprint(i)))
	}
	if s.Seen(start.Add(time.Second), first) {
		t.Error("the oldest is still there")
	}
	found := 0
	for i := flood - sets; i < flood; i++ {
		if s.Seen(start.Add(time.Second), s.Tag(fmt.Sprint(i))) {
			found++
		}
	}
	if found < sets*9/10 {
		t.Errorf("%d of the last %d are there", found, sets)
	}
	if size := unsafe.Sizeof(*s); size > 1<<20+64 {
		t.Errorf("%d bytes", size)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := New()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 1000 {
				tag := s.Tag(fmt.Sprint(i, j%10))
				s.Note(start, tag)
				if !s.Seen(start, tag) {
					t.Error("lost")
				}
			}
		})
	}
	wg.Wait()
}
