package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var ctx = context.Background()

// bench is an engine on an embedded store, with its clock.
type bench struct {
	*engine.Engine
	*storetest.Clock
	t testing.TB
}

func open(t testing.TB) *bench {
	t.Helper()
	c := storetest.NewClock()
	return over(t, c, embedded.New(embedded.Options{Counters: 1 << 14, Tallies: 1 << 12, Profiles: 1 << 10, Clock: c.Now}))
}

func over(t testing.TB, c *storetest.Clock, s store.Store) *bench {
	t.Helper()
	ring, err := keys.NewRing(bytes.Repeat([]byte{1}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	limits := config.DefaultLimits()
	return &bench{&engine.Engine{Ledger: ledger.New(ring, s, "shop", limits), Ladder: config.DefaultLadder, Limits: limits}, c, t}
}

func account(n int) device.Account { return device.Account{byte(n), byte(n >> 8), 1} }

// from is an attempt at account a from the n-th network.
func from(n, a int) engine.Attempt {
	addr := netip.AddrFrom4([4]byte{100, byte(n >> 8), byte(n), 1})
	network, _ := addr.Prefix(24)
	return engine.Attempt{Account: account(a), Signals: signal.Signals{
		Address: addr, Host: netip.PrefixFrom(addr, 32), Network: network}}
}

// known is the same from a browser that logged in when.
func known(n, a int, when time.Time) engine.Attempt {
	at := from(n, a)
	at.Device = device.Device{ID: [16]byte{byte(a), 1}}.Succeeded(at.Account, when)
	at.Known, at.Seen = true, when
	return at
}

func (b *bench) decide(a engine.Attempt) *engine.Decision {
	b.t.Helper()
	d, err := b.Decide(ctx, b.Now(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bench) try(a engine.Attempt, o login.Outcome) *engine.Decision {
	b.t.Helper()
	d := b.decide(a)
	if d.Verdict.Action != risk.Allow {
		o = login.None
	}
	if err := b.Settle(ctx, b.Now(), d, o); err != nil {
		b.t.Fatal(err)
	}
	return d
}

func codes(v risk.Verdict) (out []string) {
	for _, r := range v.Reasons {
		out = append(out, r.Code)
	}
	return out
}

func TestAnAttemptOfNobodyKnownIsAllowed(t *testing.T) {
	b := open(t)
	if d := b.decide(from(1, 1)); d.Verdict.Action != risk.Allow || len(d.Verdict.Reasons) != 0 || !d.Counted() {
		t.Errorf("got %+v, counted %v", d.Verdict, d.Counted())
	}
}

func TestFiveFailuresAtOneAccountAskStrangersForASliderAndNotItsOwner(t *testing.T) {
	b := open(t)
	for i := range 7 {
		a := from(100+i, 1)
		a.Solved, a.Rung = true, device.Picture
		b.try(a, login.Failure)
	}
	b.Move(90 * time.Minute)
	stranger, owner := b.decide(from(1, 1)), b.decide(known(1, 1, b.Now().Add(-time.Hour)))
	if !slices.Contains(codes(stranger.Verdict), "limit.account") || stranger.Verdict.Action == risk.Allow {
		t.Errorf("a stranger meets %s for %v", stranger.Verdict.Action, codes(stranger.Verdict))
	}
	if owner.Verdict.Action != risk.Allow {
		t.Errorf("the owner meets %s for %v", owner.Verdict.Action, codes(owner.Verdict))
	}
}

func TestAskAfterAsksAllWhoHaveNotSucceededLately(t *testing.T) {
	b := open(t)
	b.AskAfter = 24 * time.Hour
	for name, test := range map[string]struct {
		a    engine.Attempt
		want risk.Action
	}{
		"nobody known":   {from(1, 1), risk.Slider},
		"an hour ago":    {known(1, 1, b.Now().Add(-time.Hour)), risk.Allow},
		"just then":      {known(1, 1, b.Now().Add(-24*time.Hour)), risk.Allow},
		"two days ago":   {known(1, 1, b.Now().Add(-48*time.Hour)), risk.Slider},
		"checked before": {passed(from(1, 1), b.Now(), device.Slider), risk.Allow},
	} {
		if d := b.decide(test.a); d.Verdict.Action != test.want {
			t.Errorf("%s: %s, want %s", name, d.Verdict.Action, test.want)
		}
	}
	b.AskAfter = 0
	if d := b.decide(from(2, 2)); d.Verdict.Action != risk.Allow {
		t.Errorf("without ask_after: %s", d.Verdict.Action)
	}
}

// passed gives an attempt a pass cookie.
func passed(a engine.Attempt, at time.Time, rung device.Rung) engine.Attempt {
	a.Pass = device.Pass{ID: [16]byte{9}, Rung: rung, Account: a.Account, Issued: at, Expires: at.Add(device.CheckLife)}
	a.Passed = rung
	return a
}

func TestWhatWasRevokedCountsNoMore(t *testing.T) {
	for name, revoke := range map[string]device.Account{"the account": account(1), "the site": {}} {
		b := open(t)
		before := b.Now()
		b.Move(time.Minute)
		if err := b.Ledger.Revoke(ctx, b.Now(), revoke); err != nil {
			t.Fatal(err)
		}
		b.Move(time.Minute)
		if d := b.decide(known(1, 1, before)); d.Known || d.Facts.DeviceKnown || d.Situation.DeviceKnown {
			t.Errorf("%s: a device of before is known", name)
		}
		if d := b.decide(passed(from(1, 1), before, device.Picture)); d.Passed != device.NoRung || d.Facts.CheckPassed {
			t.Errorf("%s: a pass of before is good for %v", name, d.Passed)
		}
		if d := b.decide(known(1, 1, b.Now())); !d.Known {
			t.Errorf("%s: a device of after is not known", name)
		}
		if d := b.decide(passed(from(1, 1), b.Now(), device.Picture)); d.Passed != device.Picture {
			t.Errorf("%s: a pass of after is good for %v", name, d.Passed)
		}
		solved := passed(from(1, 1), before, device.Picture)
		solved.Solved, solved.Rung = true, device.Slider
		if d := b.decide(solved); d.Passed != device.Slider {
			t.Errorf("%s: a check of this moment is good for %v", name, d.Passed)
		}
	}
}

func TestAPassIsGoodForThreeWrongPasswords(t *testing.T) {
	b := open(t)
	b.AskAfter = time.Hour
	for i := range 4 {
		d := b.try(passed(from(1, 1), b.Now(), device.Slider), login.Failure)
		if want := i < device.CheckTries; (d.Passed != device.NoRung) != want {
			t.Errorf("wrong password %d: passed %v, want %v", i+1, d.Passed, want)
		}
	}
}

func TestEvidenceOfAMachineAsksForThePictureWhereThereIsOne(t *testing.T) {
	b := open(t)
	a := from(1, 1)
	a.Solved, a.Rung = true, device.Slider
	a.Evidence = []risk.Reason{{Code: evidence.CodeDoubt, Points: 4}, {Code: evidence.CodeClock, Points: 3}}
	if d := b.decide(a); d.Verdict.Action != risk.Picture || !slices.Contains(codes(d.Verdict), risk.CodeFloorEvidence) {
		t.Errorf("got %s for %v", d.Verdict.Action, codes(d.Verdict))
	}
	b.Ladder.Picture, b.Ladder.SecondFactor, b.Ladder.Deny = config.RungOff, config.RungOff, config.RungOff
	if d := b.decide(a); d.Verdict.Action != risk.Allow {
		t.Errorf("without a picture rung: %s", d.Verdict.Action)
	}
	b.Ladder = config.DefaultLadder
	a.Evidence = a.Evidence[:1]
	if d := b.decide(a); d.Verdict.Action != risk.Allow {
		t.Errorf("little evidence: %s for %v", d.Verdict.Action, codes(d.Verdict))
	}
}

func TestEveryAccountThatAShopMightReadIsCounted(t *testing.T) {
	b := open(t)
	for i := range 5 {
		a := known(100+i, 1, b.Now())
		a.Others = []device.Account{account(2), account(3)}
		b.try(a, login.Failure)
	}
	for _, n := range []int{2, 3} {
		if d := b.decide(from(1, n)); d.Facts.AccountFailures != 5 {
			t.Errorf("account %d has %v failures, want 5", n, d.Facts.AccountFailures)
		}
	}
	// What was guessed at one of the others counts as if it were the first.
	for n, want := range map[int]risk.Action{2: risk.Slider, 8: risk.Allow} {
		a := known(9, 7, b.Now())
		a.Others = []device.Account{account(n)}
		if d := b.decide(a); d.Verdict.Action != want {
			t.Errorf("with account %d: %s for %v, want %s", n, d.Verdict.Action, codes(d.Verdict), want)
		}
	}
	// The pair of one of the others is spent, and that denies.
	for range 5 {
		a := from(7, 4)
		a.Solved, a.Rung = true, device.Picture
		b.try(a, login.Failure)
	}
	a := from(7, 5)
	a.Others = []device.Account{account(4)}
	if d := b.decide(a); d.Verdict.Action != risk.Deny || !slices.Contains(codes(d.Verdict), "limit.pair") {
		t.Errorf("got %s for %v", d.Verdict.Action, codes(d.Verdict))
	}
}

func TestAnOperatorsOrderReachesTheVerdict(t *testing.T) {
	b := open(t)
	var asked engine.Subject
	order := risk.DenyOverride
	b.Overrides = func(s engine.Subject) (risk.Override, string) {
		asked = s
		return order, "entry 7"
	}
	a := known(3, 1, b.Now())
	a.Others, a.Signals.ASN = []device.Account{account(9)}, 64500
	d := b.decide(a)
	if d.Verdict.Action != risk.Deny || d.Override != "entry 7" || d.Situation.Override != risk.DenyOverride {
		t.Errorf("deny: %+v, %q", d.Verdict, d.Override)
	}
	want := engine.Subject{Account: a.Account, Others: a.Others, Address: a.Signals.Address, ASN: 64500}
	if asked.Account != want.Account || asked.Address != want.Address || asked.ASN != want.ASN || !slices.Equal(asked.Others, want.Others) {
		t.Errorf("asked about %+v, want %+v", asked, want)
	}
	// Allowed, an address is not stopped by its own limits, however many.
	order = risk.AllowOverride
	for i := range 100 {
		if d := b.try(from(4, 1000+i), login.Failure); d.Verdict.Action != risk.Allow {
			t.Fatalf("allowed number %d meets %s for %v", i+1, d.Verdict.Action, codes(d.Verdict))
		}
	}
	// What an order does not lift is counted all the while.
	for range 5 {
		b.try(from(4, 1), login.Failure)
	}
	if d := b.decide(from(4, 1)); d.Verdict.Action != risk.Deny || !slices.Contains(codes(d.Verdict), "limit.pair") {
		t.Errorf("the sixth guess at one account: %s for %v", d.Verdict.Action, codes(d.Verdict))
	}
}

// failing is a store whose reservations fail from a number on.
type failing struct {
	store.Store
	from, n int
	settled int
}

var errDown = errors.New("down")

func (f *failing) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	if f.n++; f.n >= f.from {
		return errDown
	}
	return f.Store.Reserve(ctx, q, out)
}

func (f *failing) Settle(ctx context.Context, q *store.Settle) error {
	f.settled++
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Store.Settle(ctx, q)
}

func TestAStoreThatDoesNotAnswerDenies(t *testing.T) {
	for counted := range 3 {
		c := storetest.NewClock()
		f := &failing{Store: embedded.New(embedded.Options{Memory: 1 << 20, Clock: c.Now}), from: counted + 1}
		b := over(t, c, f)
		a := known(1, 1, c.Now())
		a.Others = []device.Account{account(2), account(3)}
		d, err := b.Decide(ctx, c.Now(), a)
		if !errors.Is(err, errDown) || d.Verdict.Action != risk.Deny || !slices.Equal(codes(d.Verdict), []string{engine.CodeStoreDown}) {
			t.Fatalf("%d counted: %v, %+v", counted, err, d.Verdict)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := b.Settle(gone, c.Now(), d, login.None); err != nil || f.settled != counted {
			t.Errorf("%d counted: %d settled, %v", counted, f.settled, err)
		}
	}
	b := open(t)
	if err := b.Settle(ctx, b.Now(), nil, login.None); err != nil {
		t.Errorf("no decision: %v", err)
	}
}

// The record of a decision is Facts, Situation without its assessment, and
// the ladder; that has to be enough whatever came before.
func TestAVerdictComesAgainFromItsRecord(t *testing.T) {
	b := open(t)
	b.AskAfter = 72 * time.Hour
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[risk.Action]int{}
	for range 5000 {
		b.Move(time.Duration(r.IntN(20_000)) * time.Millisecond)
		a := from(r.IntN(40), r.IntN(30))
		switch r.IntN(6) {
		case 0:
			a = known(r.IntN(40), r.IntN(30), b.Now().Add(-time.Duration(r.IntN(200))*time.Hour))
		case 1:
			a = passed(a, b.Now(), device.Rung(1+r.IntN(2)))
		case 2:
			a.Solved, a.Rung = true, device.Rung(1+r.IntN(2))
			a.Evidence = []risk.Reason{{Code: evidence.CodeDoubt, Points: r.Float64() * 9}}
		}
		a.Signals.Country, a.Signals.ASN, a.Signals.Family = []string{"", "DE", "BR"}[r.IntN(3)], uint32(r.IntN(5)), fmt.Sprint("family", r.IntN(3))
		a.Signals.Tor, a.Signals.Hosting, a.Signals.NoAcceptLanguage = r.IntN(9) == 0, r.IntN(5) == 0, r.IntN(9) == 0
		d := b.try(a, []login.Outcome{login.Failure, login.Failure, login.Success, login.Unknown}[r.IntN(4)])
		seen[d.Verdict.Action]++

		kept := struct {
			Facts     risk.Facts
			Situation risk.Situation
			Ladder    config.Ladder
		}{d.Facts, d.Situation, b.Ladder}
		kept.Situation.Assessment = risk.Assessment{}
		text, err := json.Marshal(kept)
		if err != nil {
			t.Fatal(err)
		}
		again := kept
		again.Facts, again.Situation, again.Ladder = risk.Facts{}, risk.Situation{}, config.Ladder{}
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		again.Situation.Assessment = risk.Assess(again.Facts)
		if diff := cmp.Diff(d.Assessment, again.Situation.Assessment); diff != "" {
			t.Fatalf("assessment of %s:\n%s", text, diff)
		}
		if diff := cmp.Diff(d.Verdict, risk.Decide(again.Ladder, again.Situation)); diff != "" {
			t.Fatalf("verdict of %s:\n%s", text, diff)
		}
	}
	for _, a := range []risk.Action{risk.Allow, risk.Slider, risk.Picture, risk.Deny} {
		if seen[a] < 20 {
			t.Errorf("%s came %d times of 5000: the test shows little", a, seen[a])
		}
	}
}
