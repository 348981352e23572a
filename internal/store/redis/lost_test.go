package redis_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// left counts the units of a budget.
func left(t *testing.T, s store.Store, c store.Charge) (n int) {
	t.Helper()
	for must(t, s, c).Taken == 1 {
		n++
	}
	return n
}

// An answer is lost after Redis did what it was asked: the connection breaks.
// go-redis would ask again, three times.
func TestAnAnswerThatIsLostIsChargedOnce(t *testing.T) {
	single, cluster := redistest.Start(t), redistest.StartCluster(t)
	front := redistest.StartProxy(t, single.Addr)
	for name, test := range map[string]struct {
		url     string
		proxies []*redistest.Proxy
	}{
		"one server": {"redis://" + front.Addr, []*redistest.Proxy{front}},
		"cluster":    {cluster.URL(), cluster.Announce(t)},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, test.url, nil)
			b, other := budget("a", 50), budget("a", 50)
			other.Key[15]++ // on the same node
			must(t, s, other)
			for range 3 {
				// All connections stand, and nothing else is on its way that
				// could be lost instead.
				eventually(t, "it listens", func() bool { return s.Status().Live })
				for range 5 {
					must(t, s, other)
				}
				for _, p := range test.proxies {
					p.LoseAnswer()
				}
				if _, err := one(s, b); err == nil {
					t.Fatal("an answer that was lost arrived")
				}
				for _, p := range test.proxies {
					p.Heal()
				}
				eventually(t, "it works", func() bool { _, err := one(s, other); return err == nil })
			}
			if n := left(t, s, b); n < 47 {
				t.Errorf("%d of 50 are left after three charges that nobody heard of", n)
			}
		})
	}
}

func TestOneGatewayThatIsCutOffStopsNobodyElse(t *testing.T) {
	r := redistest.Start(t)
	p := redistest.StartProxy(t, r.Addr)
	cut, other := open(t, "redis://"+p.Addr, nil), open(t, "redis://"+r.Addr, nil)
	must(t, cut, budget("a", 10))
	must(t, other, budget("a", 10))
	eventually(t, "it listens", func() bool { return cut.Status().Live })
	p.Cut()
	if _, err := one(cut, budget("a", 10)); err == nil {
		t.Error("no error without a server")
	}
	eventually(t, "it knows that it hears nothing", func() bool { return !cut.Status().Live })
	for range 3 {
		must(t, other, budget("a", 10))
	}
	p.Heal()
	eventually(t, "it works", func() bool { _, err := one(cut, budget("b", 1000)); return err == nil })
	eventually(t, "it listens", func() bool { return cut.Status().Live })
	if n := left(t, cut, budget("a", 10)); n != 5 {
		t.Errorf("%d of 10 are left, want 5", n)
	}
}
