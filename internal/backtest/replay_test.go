package backtest

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/risk"
)

var ctx = context.Background()

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// maker writes logs for tests.
type maker struct {
	*Log
	now time.Time
}

func newMaker() *maker { return &maker{NewLog(FormatCSV), begin} }

// try adds an attempt, some time after the one before.
func (m *maker) try(after time.Duration, address, account, client string, o Outcome, label string) *Event {
	m.now = m.now.Add(after)
	m.add(Event{At: m.now.UnixNano(), Address: netip.MustParseAddr(address), Account: m.Account.Put(account),
		Client: m.Client.Put(client), Outcome: o, Label: m.Label.Put(label)})
	return &m.Events[len(m.Events)-1]
}

// steps replays and returns what each attempt met, with the steps.
func (m *maker) steps(t testing.TB, p Policy, o Options) (met []risk.Action, steps []Step, r *Report) {
	t.Helper()
	o.Each = func(s *Step) { met, steps = append(met, s.Met), append(steps, *s) }
	r, err := Run(ctx, m.Log, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return met, steps, r
}

// asking is a policy that asks every browser that did not log in lately.
func asking() Policy {
	return Policy{Name: "asking", Site: config.Site{AskAfter: config.Duration(24 * time.Hour)}}
}

func TestAnAttackThatIsAskedDoesNotReachTheShopAndAPersonDoes(t *testing.T) {
	m := newMaker()
	m.try(0, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	m.try(time.Minute, "192.0.2.2", "ben", "tool", Succeeded, "attack")
	m.try(time.Minute, "192.0.2.3", "cleo", "", Failed, "")
	m.try(time.Minute, "192.0.2.4", "dora", "", Succeeded, "")
	_, steps, r := m.steps(t, asking(), Options{Reuse: 100})
	for i, want := range []bool{true, false, false, true} {
		if steps[i].Met != risk.Slider || steps[i].Reached != want {
			t.Errorf("attempt %d met %s and reached the shop: %v, want the slider and %v", i+1, steps[i].Met, steps[i].Reached, want)
		}
	}
	if r.Hits.All != 1 || r.Hits.Reached != 0 || r.Legitimate.Attempts != 2 || r.Legitimate.ByRung[1] != 2 {
		t.Errorf("hits %+v, people %+v", r.Hits, r.Legitimate)
	}
}

func TestWhatIsAskedOfAnAttackerCountsNoFailure(t *testing.T) {
	m := newMaker()
	for range 30 {
		m.try(time.Minute, "192.0.2.1", "anna", "tool", Failed, "attack")
	}
	_, steps, _ := m.steps(t, asking(), Options{})
	if f := steps[29].First.Facts; f.AddressFailures != 0 || f.AccountFailures != 0 {
		t.Errorf("after 29 checks that were not passed: %v and %v failures", f.AddressFailures, f.AccountFailures)
	}
	_, steps, _ = m.steps(t, asking(), Options{Solves: 100})
	if f := steps[5].First.Facts; f.AddressFailures < 4 {
		t.Errorf("with all checks passed: %v failures", f.AddressFailures)
	}
	m.Events[0].Solves = 100
	if _, steps, _ = m.steps(t, asking(), Options{}); !steps[0].Reached || steps[1].Reached {
		t.Error("an event's own share of passed checks is not kept to")
	}
}

func TestHowManyChecksAnAttackPassesIsAsSaid(t *testing.T) {
	m := newMaker()
	for i := range 4000 {
		m.try(time.Second, fmt.Sprintf("11.%d.%d.1", i/200, i%200), fmt.Sprint("account ", i), "tool", Failed, "attack")
	}
	p := asking()
	p.Site.Ladder = &config.Ladder{Slider: config.RungOff, Picture: config.RungOff, SecondFactor: config.RungOff, Deny: config.RungOff}
	p.Site.Limits = map[string]config.Limit{}
	for name := range config.DefaultLimits() {
		p.Site.Limits[name] = config.Limit{Off: true}
	}
	_, steps, _ := m.steps(t, p, Options{Solves: 90, Seed: 7})
	reached := 0
	for _, s := range steps {
		if s.Reached {
			reached++
		}
	}
	if reached < 3500 || reached > 3700 {
		t.Errorf("%d of 4000 passed, want about 3600", reached)
	}
}

func TestWhoBringsWhichCookie(t *testing.T) {
	const phone = "phone 1"
	for name, test := range map[string]struct {
		make func(*maker)
		want bool // that the last attempt's device is known
	}{
		"a person's device": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "legit")
			m.try(time.Hour, "198.51.100.1", "anna", phone, Failed, "legit")
		}, true},
		"a person's other device": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "legit")
			m.try(time.Hour, "192.0.2.1", "anna", "tablet", Failed, "legit")
		}, false},
		"a person's device and another account": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "legit")
			m.try(time.Hour, "192.0.2.1", "ben", phone, Failed, "legit")
		}, false},
		"after failures only": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Failed, "legit")
			m.try(time.Hour, "192.0.2.1", "anna", phone, Failed, "legit")
		}, false},
		"an attacker with the person's kind of client": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "legit")
			m.try(time.Hour, "192.0.2.1", "anna", phone, Failed, "attack")
		}, false},
		"an attacker who was right before": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "attack")
			m.try(time.Hour, "192.0.2.1", "anna", phone, Failed, "attack")
		}, false},
		"an attacker of whom the log says so": {func(m *maker) {
			m.try(time.Hour, "192.0.2.1", "anna", phone, Failed, "attack").Cookie = CookieBrought
		}, true},
		"a person of whom the log says not": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "legit")
			m.try(time.Hour, "192.0.2.1", "anna", phone, Failed, "legit").Cookie = CookieAbsent
		}, false},
		"without labels, from the same network": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "")
			m.try(time.Hour, "192.0.2.99", "anna", phone, Failed, "")
		}, true},
		"without labels, from another network": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", phone, Succeeded, "")
			m.try(time.Hour, "198.51.100.1", "anna", phone, Failed, "")
		}, false},
		"without clients, from the same address": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", "", Succeeded, "")
			m.try(time.Hour, "192.0.2.1", "anna", "", Failed, "")
		}, true},
		"without clients, from a neighbour": {func(m *maker) {
			m.try(0, "192.0.2.1", "anna", "", Succeeded, "")
			m.try(time.Hour, "192.0.2.2", "anna", "", Failed, "")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMaker()
			test.make(m)
			_, steps, _ := m.steps(t, Defaults(), Options{Reuse: 100})
			if got := steps[len(steps)-1].First.Known; got != test.want {
				t.Errorf("known %v, want %v", got, test.want)
			}
			if _, steps, _ = m.steps(t, Defaults(), Options{Reuse: 0}); steps[len(steps)-1].First.Known && m.Events[len(steps)-1].Cookie != CookieBrought {
				t.Error("known although no cookie is ever brought")
			}
		})
	}
}

func TestCookiesComeBackInNineOfTenSessionsAndAllThroughASession(t *testing.T) {
	m := newMaker()
	const sessions = 2000
	for range sessions {
		m.try(48*time.Hour, "192.0.2.1", "anna", "phone", Failed, "legit")
		m.try(time.Minute, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	}
	_, steps, _ := m.steps(t, Defaults(), Options{Reuse: 90})
	known := 0
	for i := 2; i < len(steps); i += 2 { // the first session has none yet
		if steps[i].First.Known {
			known++
		}
		if steps[i].First.Known != steps[i+1].First.Known {
			t.Fatalf("session %d: a cookie that comes and goes", i/2)
		}
	}
	if known < sessions*88/100 || known > sessions*92/100 {
		t.Errorf("%d of %d sessions had the cookie", known, sessions)
	}
}

func TestACheckThatWasPassedIsRememberedAsThePolicySays(t *testing.T) {
	p := asking()
	p.Site.AskAfter = config.Duration(time.Hour) // sooner than remember
	p.Site.Remember = config.Duration(12 * time.Hour)
	m := newMaker()
	for _, after := range []time.Duration{0, 2 * time.Hour, 9 * time.Hour, 2 * time.Hour, 2 * time.Hour} {
		m.try(after, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	}
	met, _, _ := m.steps(t, p, Options{Reuse: 100})
	a, s := risk.Allow, risk.Slider
	if diff := cmp.Diff([]risk.Action{s, a, a, s, a}, met); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A wrong password after the check: good for ten minutes.
	m = newMaker()
	for _, after := range []time.Duration{0, time.Minute, 5 * time.Minute, 11 * time.Minute} {
		m.try(after, "192.0.2.1", "anna", "phone", Failed, "legit")
	}
	met, steps, _ := m.steps(t, p, Options{Reuse: 100})
	if met[0] != s || met[1] != a || met[2] != a || met[3] == a {
		t.Errorf("met %v", met)
	}
	if steps[1].First.Passed != device.Slider {
		t.Errorf("a pass for %v", steps[1].First.Passed)
	}
}

func TestACookieIsThereForTheRestOfItsSession(t *testing.T) {
	m := newMaker()
	m.try(0, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	m.try(time.Minute, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	m.try(time.Hour, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	_, steps, _ := m.steps(t, Defaults(), Options{Reuse: 0})
	for i, want := range []bool{false, true, false} {
		if steps[i].First.Known != want {
			t.Errorf("attempt %d: known %v, want %v", i+1, steps[i].First.Known, want)
		}
	}
}

func TestACheckBeforeAWrongPasswordIsRememberedOnceARightOneFollows(t *testing.T) {
	p := asking()
	p.Site.AskAfter = config.Duration(time.Hour) // sooner than remember
	m := newMaker()
	m.try(0, "192.0.2.1", "anna", "phone", Failed, "legit")
	m.try(time.Minute, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	m.try(2*time.Hour, "192.0.2.1", "anna", "phone", Succeeded, "legit")
	met, _, _ := m.steps(t, p, Options{Reuse: 100})
	if diff := cmp.Diff([]risk.Action{risk.Slider, risk.Allow, risk.Allow}, met); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAttacksRightGuessThatMeetsNothingReachesTheShop(t *testing.T) {
	m := newMaker()
	m.try(0, "192.0.2.1", "anna", "tool", Succeeded, "attack")
	if _, _, r := m.steps(t, Defaults(), Options{}); r.Hits.All != 1 || r.Hits.Reached != 1 || r.Hits.Challenged.Count != 0 {
		t.Errorf("%+v", r.Hits)
	}
}

func TestAClientIsAUserAgentAFamilyAMakeOrADevice(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
	m := newMaker()
	for i := range 30 {
		m.try(time.Second, fmt.Sprintf("192.0.2.%d", i), fmt.Sprint("a", i), "botnet-7", Failed, "")
	}
	m.try(0, "192.0.2.100", "x", firefox, Failed, "")
	m.try(0, "192.0.2.101", "x", "chrome-mobile", Failed, "")
	m.try(0, "192.0.2.102", "x", "c0ffee", Failed, "")
	m.try(0, "192.0.2.103", "x", "", Failed, "")
	m.Events[30].HTTP = 1
	_, steps, _ := m.steps(t, Defaults(), Options{})
	for i, want := range map[int][2]string{0: {"botnet-7", "2"}, 30: {"firefox", "1"}, 31: {"chrome-mobile", "2"}, 32: {"", ""}, 33: {"", ""}} {
		s := steps[i].First.Signals
		if got := [2]string{s.Family, s.HTTPVersion}; got != want || s.NoAcceptLanguage {
			t.Errorf("%q: %q, no language %v, want %q", m.Client.Get(m.Events[i].Client), got, s.NoAcceptLanguage, want)
		}
	}
}

func TestTheLogsPlacesAreTheSignals(t *testing.T) {
	m := newMaker()
	e := m.try(0, "192.0.2.1", "anna", "", Failed, "")
	e.Country, e.ASN = [2]byte{'D', 'E'}, 64500
	m.try(0, "192.0.2.1", "anna", "", Failed, "")
	_, steps, _ := m.steps(t, Defaults(), Options{})
	if s := steps[0].First.Signals; s.Country != "DE" || s.ASN != 64500 {
		t.Errorf("got %q, %d", s.Country, s.ASN)
	}
	if s := steps[1].First.Signals; s.Country != "" || s.ASN != 0 {
		t.Errorf("got %q, %d of nothing", s.Country, s.ASN)
	}
}

func TestTwoReplaysOfOneLogAreTheSame(t *testing.T) {
	m := newMaker()
	for i := range 3000 {
		m.try(time.Duration(i%7)*time.Second, fmt.Sprintf("198.51.%d.%d", i%5, i%50), fmt.Sprint("a", i%40), []string{"", "curl/8", "phone"}[i%3],
			Outcome(i%5%2), []string{"legit", "attack", ""}[i%11%3])
	}
	first, _, a := m.steps(t, Defaults(), Options{Reuse: 90, Seed: 3})
	again, _, b := m.steps(t, Defaults(), Options{Reuse: 90, Seed: 3})
	if diff := cmp.Diff(first, again) + cmp.Diff(a, b); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
}

func TestEventsOutOfOrderAreRefused(t *testing.T) {
	m := newMaker()
	m.try(time.Hour, "192.0.2.1", "a", "", Failed, "")
	m.try(-time.Minute, "192.0.2.1", "a", "", Failed, "")
	if _, err := Run(ctx, m.Log, Defaults(), Options{}); err == nil {
		t.Error("replayed")
	}
	m.Sort()
	if _, err := Run(ctx, m.Log, Defaults(), Options{}); err != nil {
		t.Error(err)
	}
}

func TestAReplayEndsWithItsContext(t *testing.T) {
	m := newMaker()
	m.try(0, "192.0.2.1", "a", "", Failed, "")
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Run(gone, m.Log, Defaults(), Options{}); err == nil {
		t.Error("it went on")
	}
}
