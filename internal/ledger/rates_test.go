package ledger_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

// shop lets a site be used for days: each hour so many people sign in from
// addresses of their own, of whom nobody knew before, and fail as often before.
// Its people are numbered from first on; the next number is returned.
func (b *book) shop(days, anHour int, failuresAnHour, first int) int {
	b.t.Helper()
	for range days * 24 {
		for i := range max(anHour, failuresAnHour) {
			if i < failuresAnHour {
				b.try(b.client(first), login.Failure)
			}
			if i < anHour {
				b.try(b.client(first), login.Success)
			}
			first++
			b.Move(time.Hour / time.Duration(max(anHour, failuresAnHour)))
		}
	}
	return first
}

// client is the attempt of somebody at a browser, from an address of his own.
func (b *book) client(n int) ledger.Attempt {
	a := b.from(100*n, n)
	a.Cluster = []byte("browser")
	return a
}

// score is what a login would score that meets no limit.
func score(r *ledger.Reservation, known bool) float64 {
	f := r.Facts
	f.DeviceKnown = known
	return risk.Assess(f).Score
}

func TestACampaignOfOneAttemptAnAddressIsNoticedByItsTwentieth(t *testing.T) {
	for _, test := range []struct {
		name  string
		tool  string
		every time.Duration
		days  int // that the shop was used before
	}{
		{"a shop that nobody has used yet", "tool", 10 * time.Second, 0},
		{"slowly, at a shop that nobody has used yet", "tool", 20 * time.Minute, 0},
		{"with the customers' browser", "browser", 10 * time.Second, 4},
		{"slowly, with the customers' browser", "browser", 2 * time.Minute, 4},
		{"with a tool", "tool", 10 * time.Second, 4},
		{"with a tool, hidden among customers", "tool", 10 * time.Minute, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := open(t)
			n := b.shop(test.days, 12, 16, 0) // 57 % fail
			unchallenged, last := 0, -1
			const posts = 400
			for i := range posts {
				if test.every > 5*time.Minute && i%3 == 0 && test.days > 0 { // customers go on
					b.try(b.client(n), login.Failure)
					b.try(b.client(n), login.Success)
					n++
				}
				a := b.client(1_000_000/100 + i)
				a.Cluster = []byte(test.tool)
				r := b.try(a, login.Failure)
				if score(r, false) < 10 {
					unchallenged++
					last = i
				}
				b.Move(test.every)
			}
			t.Logf("%d of %d unchallenged, the last is number %d", unchallenged, posts, last+1)
			if unchallenged > 20 || unchallenged*20 > posts {
				t.Errorf("%d of %d unchallenged, the last is number %d", unchallenged, posts, last+1)
			}
		})
	}
}

func TestWhatIsNoAttackDoesNotLookLikeOne(t *testing.T) {
	calm := func(t *testing.T, b *book, r *ledger.Reservation) {
		t.Helper()
		if got := score(r, false); got > 3 {
			t.Fatalf("a stranger scores %v: %+v", got, r.Facts)
		}
	}
	used := func(t *testing.T) (*book, int) {
		b := open(t).only(config.LimitAddress)
		return b, b.shop(4, 12, 16, 0)
	}
	t.Run("a sale with twenty times as many customers", func(t *testing.T) {
		b, n := used(t)
		for range 2 * 60 * 4 {
			r := b.try(b.client(n), login.Failure)
			calm(t, b, r)
			if n%3 != 0 {
				b.try(b.client(n), login.Success)
			}
			n++
			b.Move(15 * time.Second)
		}
	})
	t.Run("one address that guesses as fast as it is let", func(t *testing.T) {
		b, n := used(t)
		for i := range 400 {
			b.try(b.from(1, 1_000_000+i), login.Failure)
			b.Move(10 * time.Second)
		}
		calm(t, b, b.reserve(b.client(n)))
	})
	t.Run("one account that a thousand addresses guess at", func(t *testing.T) {
		b, n := used(t)
		for i := range 1000 {
			b.try(b.from(100*(50_000+i), 77), login.Failure)
			b.Move(10 * time.Second)
		}
		calm(t, b, b.reserve(b.client(n)))
	})
	t.Run("customers who have forgotten their passwords", func(t *testing.T) {
		b, n := used(t)
		for range 5 {
			for range 6 {
				b.try(b.client(n), login.Failure)
				b.Move(20 * time.Second)
			}
			b.try(b.client(n), login.Success)
			n++
			b.Move(2 * time.Minute)
		}
		calm(t, b, b.reserve(b.client(n)))
	})
}

func TestAnAttackStaysOneHoweverLongItLasts(t *testing.T) {
	b := open(t)
	n := b.shop(4, 12, 16, 0)
	for day := range 7 {
		unchallenged := 0
		for i := range 24 * 60 {
			if score(b.try(b.client(1_000_000/100+day*2000+i), login.Failure), false) < 10 {
				unchallenged++
			}
			if i%10 == 0 {
				b.try(b.client(n), login.Failure)
				b.try(b.client(n), login.Success)
				n++
			}
			b.Move(time.Minute)
		}
		if unchallenged > 24*60/20 {
			t.Errorf("on day %d %d of %d are not challenged", day+1, unchallenged, 24*60)
		}
	}
}

func TestOwnSuccessesHideNoAttack(t *testing.T) {
	for name, own := range map[string]func(*book, int) ledger.Attempt{
		"one account from many addresses":    func(b *book, i int) ledger.Attempt { return b.from(100*(80_000+i), 5) },
		"many accounts from one address":     func(b *book, i int) ledger.Attempt { return b.from(7, 100_000+i) },
		"a device and account of its own":    func(b *book, i int) ledger.Attempt { return b.known(100*(80_000+i), 5) },
		"many accounts from one /24 network": func(b *book, i int) ledger.Attempt { return b.from(700+i%100, 100_000+i) },
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.shop(4, 12, 16, 0)
			for i := range 300 {
				b.try(b.client(10_000+i), login.Failure)
				a := own(b, i)
				a.Cluster = []byte("browser")
				b.try(a, login.Success)
				b.Move(5 * time.Second)
			}
			if got := score(b.reserve(b.client(20_000)), false); got < 10 {
				t.Errorf("a stranger from there scores %v", got)
			}
		})
	}
}

// A rate that has changed for good, as when all customers must choose a new
// password, is learned in weeks; until then strangers are asked for a slider.
func TestARateThatHasChangedForGoodIsLearned(t *testing.T) {
	b := open(t).only()
	n := b.shop(14, 10, 5, 0)
	n = b.shop(3, 3, 10, n)
	if got := score(b.reserve(b.client(n)), false); got < 10 {
		t.Errorf("after three days of half as many successes a stranger scores %v", got)
	}
	n = b.shop(56, 3, 10, n)
	if got := score(b.reserve(b.client(n)), false); got >= 10 {
		t.Errorf("after eight weeks more a stranger scores %v", got)
	}
}

// An hour of many thousand failures is an hour.
func TestNoVolumeMovesWhatIsUsualFast(t *testing.T) {
	b := open(t).only()
	n := b.shop(4, 12, 12, 0)
	for i := range 20_000 {
		b.try(b.client(20_000+i), login.Failure)
		b.Move(time.Hour / 20_000)
	}
	b.Move(12 * time.Hour)
	b.shop(1, 12, 12, n) // customers go on as before
	for i := range 30 {
		b.try(b.client(45_000+i), login.Failure)
		b.Move(10 * time.Second)
	}
	if got := score(b.reserve(b.client(46_000)), false); got < 10 {
		t.Errorf("the next attack is not seen: a stranger from there scores %v", got)
	}
}
