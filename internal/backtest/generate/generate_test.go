package generate

import (
	"bytes"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/backtest"
)

func made(t testing.TB, spec string, seed uint64) *backtest.Log {
	t.Helper()
	l, err := Log(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// text is a log as it is written.
func text(t testing.TB, l *backtest.Log) string {
	t.Helper()
	var b bytes.Buffer
	if err := l.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestALogDependsOnItsSpecificationAndSeedAlone(t *testing.T) {
	const spec = "shop(accounts=200)+rush+office(days=3)+stuffing(attempts=500,addresses=300)+lockout(attempts=300)"
	first := text(t, made(t, spec, 7))
	if again := text(t, made(t, spec, 7)); again != first {
		t.Error("the same seed makes another log")
	}
	if other := text(t, made(t, spec, 8)); other == first {
		t.Error("another seed makes the same log")
	}
}

// What a part makes must not depend on what comes after it, so that adding an
// attack leaves the people as they were.
func TestAnAttackLeavesThePeopleAsTheyWere(t *testing.T) {
	people := func(spec string) (out []string) {
		for line := range strings.SplitSeq(text(t, made(t, spec, 1)), "\n") {
			if strings.Contains(line, ",legit,") {
				out = append(out, line)
			}
		}
		return out
	}
	alone, attacked := people("shop(accounts=200)"), people("shop(accounts=200)+residential(attempts=900,addresses=900)")
	if diff := cmp.Diff(alone, attacked); diff != "" || len(alone) < 200 {
		t.Errorf("%d lines (-alone +attacked):\n%s", len(alone), diff)
	}
}

func TestEveryPartMakesEventsThatAreWhole(t *testing.T) {
	for _, p := range Parts() {
		t.Run(p.Name, func(t *testing.T) {
			var few []string
			for _, s := range p.Settings {
				if s.Default < s.From || s.Default > s.To || s.Meaning == "" {
					t.Errorf("%+v", s)
				}
				switch s.Name {
				case "attempts":
					few = append(few, "attempts=400")
				case "people", "families":
					few = append(few, s.Name+"=20")
				}
			}
			l := made(t, "shop(accounts=100,days=20)+"+p.Name+"("+strings.Join(few, ",")+")", 3)
			own := 0
			for i, e := range l.Events {
				label := l.Label.Get(e.Label)
				if !strings.HasPrefix(label, "legit") && !strings.HasPrefix(label, "attack:") {
					t.Fatalf("label %q", label)
				}
				if label != "legit" {
					own++
				}
				if !e.Address.IsValid() || e.Address.IsPrivate() || e.Address.IsLoopback() || e.Country == [2]byte{} || e.ASN == 0 ||
					l.Account.Get(e.Account) == "" || l.Client.Get(e.Client) == "" {
					t.Fatalf("event %d: %+v", i, e)
				}
				if at := e.Time().Sub(start); at < 0 || at > 400*day {
					t.Fatalf("event %d is of %v", i, e.Time())
				}
				if i > 0 && e.At < l.Events[i-1].At {
					t.Fatal("out of order")
				}
			}
			if own == 0 && p.Name != "shop" {
				t.Error("it makes nothing")
			}
		})
	}
}

func TestPeopleAreAsTheSourcesSay(t *testing.T) {
	for spec, failures := range map[string]float64{"shop(accounts=5000,days=30)": 0.15, "shop(accounts=5000,days=30,failures=0.57)": 0.57} {
		l := made(t, spec, 5)
		failed, phones, same, later, long := 0, 0, 0, 0, 0
		last := make(map[uint32]backtest.Event)
		for _, e := range l.Events {
			if e.Outcome == backtest.Failed {
				failed++
			}
			if strings.Contains(l.Client.Get(e.Client), "Mobile") {
				phones++
			}
			if before, ok := last[e.Account]; ok && e.At-before.At > int64(time.Hour) {
				if later++; e.Address == before.Address {
					same++
				}
				if e.At-before.At > int64(10*day) {
					long++
				}
			}
			last[e.Account] = e
		}
		for _, figure := range []struct {
			what       string
			n, of      int
			want, give float64
		}{
			{"failed", failed, len(l.Events), failures, 0.02},
			{"from phones", phones, len(l.Events), 0.64, 0.03},
			// 85 % stay, and of the rest a third are at home anyway.
			{"from the address before", same, later, 0.87, 0.03},
			{"ten days after the one before", long, later, 0.15, 0.1},
		} {
			if got := float64(figure.n) / float64(figure.of); math.Abs(got-figure.want) > figure.give {
				t.Errorf("%s, %s: %.3f, want %.3f", spec, figure.what, got, figure.want)
			}
		}
	}
}

func TestAttacksAreAsTheyAreSpecified(t *testing.T) {
	count := func(l *backtest.Log, label string) (n, hits int, addresses map[netip.Addr]int, accounts map[uint32]int) {
		addresses, accounts = make(map[netip.Addr]int), make(map[uint32]int)
		for _, e := range l.Events {
			if l.Label.Get(e.Label) == label {
				n++
				addresses[e.Address]++
				accounts[e.Account]++
				if e.Outcome == backtest.Succeeded {
					hits++
				}
			}
		}
		return n, hits, addresses, accounts
	}
	l := made(t, "shop(accounts=500)+residential(addresses=3000,attempts=3000)+stuffing(addresses=1000,attempts=10000,hits=0.01)+lockout(attempts=2000,addresses=500)", 2)
	if n, hits, addresses, _ := count(l, "attack:residential"); n != 3000 || hits != 0 || len(addresses) != 3000 {
		t.Errorf("residential: %d attempts, %d right, %d addresses", n, hits, len(addresses))
	}
	if n, hits, addresses, _ := count(l, "attack:stuffing"); n != 10000 || hits < 70 || hits > 130 || len(addresses) != 1000 {
		t.Errorf("stuffing: %d attempts, %d right, %d addresses", n, hits, len(addresses))
	}
	if n, _, _, accounts := count(l, "attack:lockout"); n != 2000 || len(accounts) != 1 {
		t.Errorf("lockout: %d attempts, %d accounts", n, len(accounts))
	}
	_, _, addresses, _ := count(made(t, "bots", 2), "attack:bots")
	few := 0
	for _, n := range addresses {
		if n <= 2 {
			few++
		}
	}
	if share := float64(few) / float64(len(addresses)); len(addresses) < 400 || share < 0.7 || share > 0.95 {
		t.Errorf("bots: %d addresses, %.2f of which send one or two", len(addresses), share)
	}
}

func TestASpecificationThatCannotBeMeantIsTold(t *testing.T) {
	for spec, want := range map[string]string{
		"":                          "there is no part",
		"shops":                     "there are shop, rush",
		"shop(":                     "not closed",
		"shop(dayz=1)":              "has accounts, days, failures, gap",
		"shop(days)":                "has no setting",
		"shop(days=many)":           "a number from 1 to 365, such as days=21",
		"shop(days=0)":              "a number from 1 to 365",
		"shop(days=NaN)":            "a number from 1 to 365",
		"shop+":                     "there is no part",
		strings.Repeat("bots+", 40): "more than 32",
	} {
		if _, err := Log(spec, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
	if l := made(t, " shop ( days = 2 , accounts=10, ) + bots", 1); len(l.Events) == 0 {
		t.Error("blanks make a difference")
	}
}

func FuzzSpecification(f *testing.F) {
	for _, s := range []string{"shop(days=1,accounts=2)", "bots(attempts=3)+fast(", "a+b", "shop(days=1e300)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		uses, err := parse(spec)
		for _, u := range uses {
			for _, s := range u.part.Settings {
				if v := u.set[s.Name]; err == nil && !(v >= s.From && v <= s.To) {
					t.Fatalf("%q sets %s to %v", spec, s.Name, v)
				}
			}
		}
	})
}

func TestHelpNamesEveryPartAndSetting(t *testing.T) {
	var b strings.Builder
	if err := Help(&b); err != nil {
		t.Fatal(err)
	}
	for _, p := range Parts() {
		if !strings.Contains(b.String(), "\n"+p.Name+": ") {
			t.Errorf("no %s", p.Name)
		}
		for _, s := range p.Settings {
			if !strings.Contains(b.String(), "  "+s.Name+"=") {
				t.Errorf("no %s", s.Name)
			}
		}
	}
}
