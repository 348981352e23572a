package ledger_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

func TestEveryLimitHasItsNumberAndItsAction(t *testing.T) {
	for _, test := range []struct {
		limit   string
		demands risk.Action
		burst   int           // so many are within it
		back    time.Duration // after which one comes back
		settle  login.Outcome
		attempt func(b *book, i int) ledger.Attempt
	}{
		{config.LimitPair, risk.Deny, 5, 2 * time.Minute, login.Failure,
			func(b *book, i int) ledger.Attempt { return b.from(1, 1) }},
		{config.LimitAddress, risk.Deny, 10, time.Minute, login.Failure,
			func(b *book, i int) ledger.Attempt { return b.from(1, i) }},
		{config.LimitAttempts, risk.Deny, 60, 10 * time.Second, login.None,
			func(b *book, i int) ledger.Attempt { return b.from(1, i) }},
		{config.LimitAttempts, risk.Deny, 60, 10 * time.Second, login.Retry,
			func(b *book, i int) ledger.Attempt { return b.from(1, i) }},
		{config.LimitNetwork, risk.Picture, 40, 15 * time.Second, login.Failure,
			func(b *book, i int) ledger.Attempt { return b.from(i, i) }},
		{config.LimitDevice, risk.Deny, 10, time.Minute, login.Failure,
			func(b *book, i int) ledger.Attempt { return b.known(i, 1) }},
		{config.LimitAccounts, risk.Picture, 5, 2 * time.Minute, login.Failure,
			func(b *book, i int) ledger.Attempt { return b.from(1, i) }},
	} {
		t.Run(test.limit+" "+string(test.settle), func(t *testing.T) {
			b := open(t).only(test.limit)
			for i := range test.burst {
				if r := b.try(test.attempt(b, i), test.settle); len(r.Over) != 0 {
					t.Fatalf("number %d is over it: %v", i+1, r.Over)
				}
			}
			r := b.reserve(test.attempt(b, test.burst))
			demands, after := over(r, test.limit)
			if len(r.Over) != 1 || demands != test.demands || after != test.back {
				t.Fatalf("one more: %v, want %s after %v", r.Over, test.demands, test.back)
			}
			if personal := test.limit == config.LimitPair || test.limit == config.LimitDevice; r.Over[0].Personal != personal {
				t.Errorf("personal: %v, want %v", r.Over[0].Personal, personal)
			}
			b.Move(test.back)
			if r := b.try(test.attempt(b, test.burst+1), test.settle); len(r.Over) != 0 {
				t.Errorf("after %v: %v, want one back", test.back, r.Over)
			}
			if r := b.reserve(test.attempt(b, test.burst+2)); len(r.Over) != 1 {
				t.Errorf("after %v: more than one is back", test.back)
			}
		})
	}
}

func TestALimitThatIsOffStopsNothing(t *testing.T) {
	b := open(t).only()
	for i := range 500 {
		if r := b.try(b.from(1, i%7), login.Failure); len(r.Over) != 0 {
			t.Fatalf("attempt %d: %v", i, r.Over)
		}
		if r := b.try(b.known(1, 1), login.Failure); len(r.Over) != 0 {
			t.Fatalf("known attempt %d: %v", i, r.Over)
		}
	}
}

func TestAnAddressMeetsAPictureFromFiveFailedAccountsAndADenialFromTwenty(t *testing.T) {
	b := open(t).only(config.LimitAccounts)
	for i := range 20 {
		want := risk.Allow
		if i >= 5 {
			want = risk.Picture
		}
		if got, _ := over(b.try(b.from(1, i), login.Failure), config.LimitAccounts); got != want {
			t.Errorf("account %d: %s, want %s", i+1, got, want)
		}
	}
	if got, after := over(b.reserve(b.from(1, 20)), config.LimitAccounts); got != risk.Deny || after != 3*time.Minute {
		t.Errorf("account 21: %s after %v, want a denial of 3m", got, after)
	}
	if r := b.reserve(b.from(1, 3)); denied(r) {
		t.Errorf("an account that failed already counts again: %v", r.Over)
	}
	if r := b.reserve(b.from(2, 20)); len(r.Over) != 0 {
		t.Errorf("another address: %v", r.Over)
	}
}

func TestOneAccountAgainAndAgainIsOneAccount(t *testing.T) {
	b := open(t).only(config.LimitAccounts)
	for i := range 200 {
		if r := b.try(b.from(1, i%5), login.Failure); len(r.Over) != 0 {
			t.Fatalf("attempt %d: %v", i+1, r.Over)
		}
	}
}

func TestAnAccountThatSucceededIsNoFailedAccount(t *testing.T) {
	for _, o := range []login.Outcome{login.Success, login.None, login.Retry} {
		b := open(t).only(config.LimitAccounts)
		for i := range 100 {
			if r := b.try(b.from(1, i), o); len(r.Over) != 0 {
				t.Fatalf("%s, account %d: %v", o, i+1, r.Over)
			}
		}
	}
}

func TestUnreadableRequestsCountAsAttempts(t *testing.T) {
	b := open(t)
	count := func(limit string) time.Duration {
		t.Helper()
		after, err := b.Count(ctx, b.Now(), limit, host(1), store.Key{})
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	for i := range 60 {
		if after := count(config.LimitAttempts); after != 0 {
			t.Fatalf("number %d waits %v", i+1, after)
		}
	}
	if after := count(config.LimitAttempts); after != 10*time.Second {
		t.Errorf("number 61 waits %v, want 10s", after)
	}
	if got, _ := over(b.reserve(b.from(1, 1)), config.LimitAttempts); got != risk.Deny {
		t.Errorf("a login after them: %s, want a denial", got)
	}
	for i := range 20 {
		if after := count(config.LimitChallenges); after != 0 {
			t.Fatalf("challenge %d waits %v", i+1, after)
		}
	}
	if after := count(config.LimitChallenges); after != 30*time.Second {
		t.Errorf("challenge 21 waits %v, want 30s", after)
	}
	if after := count(config.LimitLogins); after != 0 {
		t.Errorf("a limit that is off waits %v", after)
	}
}

func TestWhatIsCountedOnceIsCountedOnce(t *testing.T) {
	b := open(t)
	for range 100 {
		after, err := b.Count(ctx, b.Now(), config.LimitChallenges, host(1), store.Key{1})
		if err != nil || after != 0 {
			t.Fatal(after, err)
		}
	}
}

func TestAPassHasThreeWrongPasswords(t *testing.T) {
	with := func(b *book) ledger.Attempt {
		a := b.from(1, 1)
		a.Pass = [16]byte{7}
		return a
	}
	b := open(t).only()
	for i := range 3 {
		if r := b.try(with(b), login.Failure); r.PassSpent {
			t.Fatalf("spent before wrong password %d", i+1)
		}
	}
	r := b.try(with(b), login.Failure)
	if !r.PassSpent || len(r.Over) != 0 {
		t.Errorf("the fourth: spent %v, over %v, want spent and nothing over", r.PassSpent, r.Over)
	}
	other := with(b)
	other.Pass = [16]byte{8}
	if b.try(other, login.Failure).PassSpent {
		t.Error("another pass is spent")
	}
	b.Move(10*time.Minute - time.Second)
	if !b.try(with(b), login.Failure).PassSpent {
		t.Error("a try comes back within the pass's life")
	}
	for _, o := range []login.Outcome{login.None, login.Retry, login.Success} {
		b := open(t).only()
		for range 50 {
			if b.try(with(b), o).PassSpent {
				t.Fatalf("%s costs a pass its wrong passwords", o)
			}
		}
	}
}

func TestSendersWithoutAnAddressAreOne(t *testing.T) {
	b := open(t).only(config.LimitAddress)
	nowhere := func(i int) ledger.Attempt {
		a := b.from(i, i)
		a.Host, a.Network = netip.Prefix{}, netip.Prefix{}
		return a
	}
	for i := range 10 {
		b.try(nowhere(i), login.Failure)
	}
	if r := b.reserve(nowhere(10)); !denied(r) {
		t.Error("the eleventh failure is within the limit")
	}
}
