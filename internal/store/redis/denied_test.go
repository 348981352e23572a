package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var (
	start = time.Unix(1_800_000_000, 0)
	never store.Key
)

func key(name string) store.Key { return storetest.Key(name) }

func TestWithoutASubscriptionADenialIsBelievedForTenSeconds(t *testing.T) {
	d := newDenied(10)
	d.add(key("a"), never, start, time.Hour, 1)
	if got := d.wait(key("a"), never, start.Add(9*time.Second)); got != time.Hour-9*time.Second {
		t.Errorf("after 9 s: %v", got)
	}
	if got := d.wait(key("a"), never, start.Add(10*time.Second)); got != 0 {
		t.Errorf("after 10 s: %v", got)
	}
	d.live.Store(true)
	if got := d.wait(key("a"), never, start.Add(59*time.Minute)); got != time.Minute {
		t.Errorf("with one, after 59 min: %v", got)
	}
	if got := d.wait(key("a"), never, start.Add(time.Hour)); got != 0 || d.len() != 0 {
		t.Errorf("after its hour: %v, %d rows", got, d.len())
	}
}

func TestADenialOfAnAddressThatIsNotBusyIsOfThatTallyAndAMinute(t *testing.T) {
	d := newDenied(10)
	d.live.Store(true)
	d.add(key("a"), key("tally"), start, time.Hour, 1)
	for name, test := range map[string]struct {
		tally store.Key
		after time.Duration
		known bool
	}{
		"same":          {key("tally"), 59 * time.Second, true},
		"a minute":      {key("tally"), time.Minute, false},
		"another tally": {key("other"), 0, false},
		"always hard":   {never, 0, false},
	} {
		if got := d.wait(key("a"), test.tally, start.Add(test.after)) > 0; got != test.known {
			t.Errorf("%s: known %v", name, got)
		}
	}
	d.hold([]store.Key{key("tally")})
	if d.wait(key("a"), key("tally"), start) != 0 {
		t.Error("a success was counted, and the denial is still believed")
	}
	d.add(key("a"), key("tally"), start, time.Hour, 2)
	if d.wait(key("a"), key("tally"), start) != 0 {
		t.Error("believed while the success is on its way")
	}
	d.release([]store.Key{key("tally")})
	d.add(key("a"), key("tally"), start, time.Hour, 3)
	if d.wait(key("a"), key("tally"), start) == 0 {
		t.Error("not believed after")
	}
}

func TestAnAnswerThatIsOlderThanARefundIsNotBelieved(t *testing.T) {
	d := newDenied(10)
	d.heard(key("a"), 100, start)
	d.add(key("a"), never, start, time.Hour, 99)
	if d.wait(key("a"), never, start) != 0 {
		t.Error("an answer from before the refund is believed")
	}
	d.add(key("a"), never, start, time.Hour, 101)
	if d.wait(key("a"), never, start) != time.Hour {
		t.Error("an answer from after it is not")
	}
	d.heard(key("a"), 102, start)
	if d.wait(key("a"), never, start) != 0 {
		t.Error("another refund is not heard")
	}
	d.wait(key("a"), never, start.Add(time.Minute))
	if d.len() != 0 {
		t.Errorf("%d rows are left", d.len())
	}
}

func TestTheTableOfDenialsHasABound(t *testing.T) {
	d := newDenied(100)
	d.live.Store(true)
	for i := range 10_000 {
		d.add(key(fmt.Sprint(i)), key(fmt.Sprint("tally ", i%7)), start, time.Minute, 1)
		d.heard(key(fmt.Sprint("gone ", i)), 1, start)
	}
	of := 0
	for _, keys := range d.of {
		of += len(keys)
	}
	if d.len() > 100 || of > 100 {
		t.Errorf("%d rows, %d by tally", d.len(), of)
	}
	d.clear()
	if d.len() != 0 || len(d.of) != 0 || len(d.held) != 0 {
		t.Error("something is left")
	}
}

func TestKeysAreReadBackAsTheyWereWritten(t *testing.T) {
	o := Options{Prefix: "lg:"}
	for i := range 1000 {
		k := key(fmt.Sprint(i))
		if got, ok := o.unkey(kindCounter, o.key(kindCounter, k)); !ok || got != k {
			t.Fatalf("%x came back as %x, %v", k, got, ok)
		}
	}
	good := o.key(kindCounter, key("a"))
	for _, bad := range []string{"", "lg:", good[1:], good[:len(good)-1], good + "x", "lg:{" + "***********" + good[len("lg:{")+tagLen:], o.key(kindTally, key("a")), "shop:" + good[3:]} {
		if _, ok := o.unkey(kindCounter, bad); ok {
			t.Errorf("%q was read as a key", bad)
		}
	}
}

// Whatever Redis answers, reading it ends in an error and no panic.
func TestAnswersThatAreCutOffAreNotBelieved(t *testing.T) {
	q := store.Reserve{
		Charges: []store.Charge{{Key: key("a"), Burst: 1, Every: time.Hour}}, Tallies: []store.Ask{{Key: key("a"), Window: time.Hour}},
		Wall: store.Wall{Key: key("a"), GapFrom: 1}, Profile: key("a"), Marks: []store.Key{key("a")},
	}
	s := &Store{o: Options{Prefix: "lg:"}, denied: newDenied(1)}
	b := &booking{s: s, wall: q.Wall, profile: q.Profile}
	b.n.charges, b.n.tallies, b.n.marks = copy(b.charges[:], q.Charges), copy(b.tallies[:], q.Tallies), copy(b.marks[:], q.Marks)
	b.encode()
	p := &b.parts[0]
	var head blob
	head.double(1)
	head.byte(1)
	head.uint32(1)
	head.uint32(0)
	for range 6 {
		head.double(1)
	}
	if _, ok := b.decode(p, []any{string(head), "", nil, ""}); !ok {
		t.Fatal("a whole answer is not believed")
	}
	for n := range head {
		if _, ok := b.decode(p, []any{string(head[:n]), "", nil, ""}); ok {
			t.Errorf("%d bytes of %d are believed", n, len(head))
		}
	}
	for _, v := range []any{nil, int64(1), "", []any{}, []any{string(head)}, []any{nil, nil, nil, nil}} {
		if _, ok := b.decode(p, v); ok {
			t.Errorf("%v is believed", v)
		}
	}
	for n := range 200 {
		row := string(make([]byte, n))
		readTally(row, q.Tallies[0], 1)
		readProfile(row, 1)
		readMark(row, 1)
		parseKept(row + "\xff")
	}
}
