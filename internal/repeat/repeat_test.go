package repeat

import (
	"fmt"
	"sync"
	"testing"
	"time"
	"unsafe"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// named is the tag of a login that some text names.
func named(s *Sketch, text ...any) Tag { return s.Tag([16]byte{}, [16]byte{}, fmt.Sprint(text...)) }

func TestTheSameAgainIsRecognisedForTenMinutes(t *testing.T) {
	s := New()
	here, there, one, two := [16]byte{1}, [16]byte{2}, [16]byte{3}, [16]byte{4}
	alice := s.Tag(here, one, "hunter2")
	if s.Seen(start, alice) {
		t.Error("seen before it came")
	}
	s.Note(start, alice)
	for name, other := range map[string]Tag{
		"password":           s.Tag(here, one, "hunter3"),
		"account":            s.Tag(here, two, "hunter2"),
		"address":            s.Tag(there, one, "hunter2"),
		"key":                New().Tag(here, one, "hunter2"),
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
	first := named(s, "first")
	s.Note(start, first)
	const flood = 10 * sets * ways
	for i := range flood {
		s.Note(start.Add(time.Duration(i+1)*time.Microsecond), named(s, i))
	}
	if s.Seen(start.Add(time.Second), first) {
		t.Error("the oldest is still there")
	}
	found := 0
	for i := flood - sets; i < flood; i++ {
		if s.Seen(start.Add(time.Second), named(s, i)) {
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
				tag := named(s, i, j%10)
				s.Note(start, tag)
				if !s.Seen(start, tag) {
					t.Error("lost")
				}
			}
		})
	}
	wg.Wait()
}
