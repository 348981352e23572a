package limiters

import (
	"testing"
	"time"
)

func TestTextIsAnAddressWithItsZone(t *testing.T) {
	for i, want := range map[uint64]string{0: "a:0.0.0.0", 0x0b0a6407: "a:11.10.100.7", 0xff00ff63: "a:255.0.255.99"} {
		if got := text(i, 0); got != want {
			t.Errorf("%#x: %s, want %s", i, got, want)
		}
	}
}

// The peer's code is called by names that are its own; this tells if they
// come to mean something else.
func TestZoneDeniesBeyondItsEvents(t *testing.T) {
	z := NewZone()
	for i := range 3 {
		if wait := z.Take("a", 3, time.Hour); wait != 0 {
			t.Fatalf("event %d has to wait %v", i, wait)
		}
	}
	if z.Take("a", 3, time.Hour) <= 0 {
		t.Error("a fourth event of three is let through")
	}
	if z.Take("b", 3, time.Hour) != 0 {
		t.Error("another key has to wait")
	}
	z.Sweep()
	if z.Take("a", 3, time.Hour) <= 0 {
		t.Error("the sweep forgot what had not expired")
	}
}
