package unguarded

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var (
	start    = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	enter    = Route{"POST", "/m/enter"}
	basket   = Route{"POST", "/cart"}
	replaced = Finding{Replaced: Kinds{"PHPSESSID"}}
	kept     = Finding{Kept: Kinds{"PHPSESSID"}}
)

func times(t *Table, r Route) int64 {
	for _, s := range t.List() {
		if s.Route == r {
			return s.Times
		}
	}
	return 0
}

func TestAReplacedSessionCountsOnceReadersKeepTheirs(t *testing.T) {
	t.Parallel()
	var table Table
	table.Changed(start, enter, replaced)
	if n := times(&table, enter); n != 0 {
		t.Fatalf("listed %d times before a reader was seen", n)
	}
	if !table.Learning() {
		t.Fatal("no reader is looked at")
	}
	if !table.Read(kept) {
		t.Error("nothing new is said to be known")
	}
	if n := times(&table, enter); n != 1 {
		t.Errorf("listed %d times, want once", n)
	}
	if table.Read(kept) {
		t.Error("the same is said to be new again")
	}
}

func TestSessionsThatChangeOnEveryAnswerAreNoSign(t *testing.T) {
	t.Parallel()
	var table Table
	for range 50 {
		table.Read(replaced)
		table.Changed(start, enter, replaced)
		table.Read(replaced)
		table.Read(replaced)
		table.Read(kept)
	}
	if l := table.List(); l != nil {
		t.Errorf("%+v", l)
	}
	if more, tell := table.Due(start); more != 0 || tell != nil {
		t.Errorf("%d, %+v", more, tell)
	}
}

func TestASessionThatAlwaysChangesHidesNoOther(t *testing.T) {
	t.Parallel()
	var table Table
	table.Changed(start, enter, Finding{Replaced: Kinds{"*_session", "PHPSESSID"}})
	for range 10 {
		table.Read(Finding{Replaced: Kinds{"*_session"}, Kept: Kinds{"PHPSESSID"}})
		table.Changed(start, basket, Finding{Replaced: Kinds{"*_session"}, Kept: Kinds{"PHPSESSID"}})
	}
	if l := table.List(); len(l) != 1 || l[0].Route != enter || l[0].Times != 1 {
		t.Errorf("%+v", l)
	}
}

func TestARouteThatNowAndThenReplacesAnOldSessionIsNotListed(t *testing.T) {
	t.Parallel()
	var table Table
	for i := range 2000 {
		f := kept
		if i%20 == 7 {
			f = replaced
		}
		table.Changed(start, basket, f)
		table.Read(kept)
		if n := times(&table, basket); n != 0 {
			t.Fatalf("listed after %d", i)
		}
	}
}

func TestGuessesDoNotHideALoginThatWasSeen(t *testing.T) {
	t.Parallel()
	var table Table
	for range 3 {
		table.Changed(start, enter, replaced)
		table.Read(kept)
		table.Changed(start, enter, kept) // a wrong password
	}
	for range 1000 {
		table.Changed(start, enter, kept)
	}
	if n := times(&table, enter); n != 3 {
		t.Errorf("listed %d times, want 3", n)
	}
}

func TestReadersAreLookedAtForAWhileOnly(t *testing.T) {
	t.Parallel()
	var table Table
	if table.Learning() {
		t.Error("readers are looked at before anything happened")
	}
	table.Changed(start, enter, replaced)
	for i := range watched {
		if !table.Learning() {
			t.Fatalf("no reader is looked at after %d", i)
		}
		table.Read(kept)
	}
	if table.Learning() {
		t.Error("readers are looked at for ever")
	}
}

func TestAnOperatorHearsOfARouteOnceADay(t *testing.T) {
	t.Parallel()
	var table Table
	for i, c := range []struct {
		after      time.Duration
		more, tell int
	}{{0, 1, 1}, {time.Second, 1, 0}, {24*time.Hour - time.Second, 1, 0}, {24 * time.Hour, 1, 1}, {47 * time.Hour, 1, 0}, {72 * time.Hour, 1, 1}} {
		now := start.Add(c.after)
		table.Issued(now, enter, Token)
		more, tell := table.Due(now)
		if int(more) != c.more || len(tell) != c.tell {
			t.Errorf("after %s: %d new, %d told, want %d and %d", c.after, more, len(tell), c.more, c.tell)
		}
		if again, _ := table.Due(now); again != 0 {
			t.Errorf("after %s: counted twice", c.after)
		}
		if c.tell == 1 && (tell[0].Times != int64(i+1) || tell[0].First != start || tell[0].Last != now || tell[0].Issued != Token || tell[0].Route != enter) {
			t.Errorf("%+v", tell[0])
		}
	}
	table.Issued(start.Add(73*time.Hour), Route{"POST", "/other"}, Session)
	if _, tell := table.Due(start.Add(73 * time.Hour)); len(tell) != 1 {
		t.Errorf("another route: %+v", tell)
	}
}

func TestMadeUpRoutesDoNotPushOutThoseThatIssue(t *testing.T) {
	t.Parallel()
	var table Table
	table.Issued(start, enter, Session)
	for i := range 2000 {
		table.Changed(start.Add(time.Duration(i)*time.Second), Route{"POST", fmt.Sprint("/", i)}, kept)
	}
	if n := times(&table, enter); n != 1 {
		t.Errorf("listed %d times, want once", n)
	}
	for i := range 2000 {
		table.Issued(start.Add(time.Duration(i)*time.Second), Route{"POST", fmt.Sprint("/", i)}, Session)
	}
	if n := len(table.List()); n != maxRoutes {
		t.Errorf("%d routes are kept, want %d", n, maxRoutes)
	}
}

func TestOtherEndpointsBeginTheCountsAnew(t *testing.T) {
	t.Parallel()
	var table Table
	table.Guarding(1)
	table.Issued(start, enter, Session)
	table.Guarding(1)
	if len(table.List()) != 1 {
		t.Error("a reload that changes nothing forgets")
	}
	table.Guarding(2)
	if len(table.List()) != 0 {
		t.Error("what was listed stays though it may be guarded now")
	}
}

func TestATableIsSafeForManyAtOnce(t *testing.T) {
	t.Parallel()
	var table Table
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				table.Changed(start, Route{"POST", fmt.Sprint("/", i)}, replaced)
				table.Read(kept)
				table.Issued(start, enter, Session)
				table.Due(start)
				table.List()
			}
		})
	}
	wg.Wait()
	if n := times(&table, enter); n != 1600 {
		t.Errorf("%d, want 1600", n)
	}
}
