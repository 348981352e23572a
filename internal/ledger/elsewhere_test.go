package ledger_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
)

// among is an attempt by one of several browsers, from one of several places:
// operators where they are known, else what addresses begin with.
func (b *book) among(n, places, browsers int, asn uint32) ledger.Attempt {
	a := b.client(n)
	a.Cluster, a.Kin = []byte(fmt.Sprint("browser", n%browsers)), []byte("browsers")
	if asn > 0 {
		a.ASN = asn + uint32(n%places)
	} else {
		a.Host = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + n%places), byte(n >> 14 & 15), byte(n >> 6), byte(n&63 + 1)}), 32)
		a.Network, _ = a.Host.Addr().Prefix(24)
	}
	return a
}

// Some customers are new to the guard on any day. While others attack, those
// are not asked for a check who cannot be the attack: it comes from places
// that customers do not come from, or by clients that they do not have. Each
// of their places and browsers by itself has too few logins to tell.
func TestWhoeverComesFromElsewhereOrWithOtherClientsIsNotAskedForAnAttack(t *testing.T) {
	const customers, browsers = 15, 14
	for _, test := range []struct {
		name   string
		known  bool // operators
		attack func(*book, int) ledger.Attempt
		asked  func(n int) bool // which of the customers
	}{
		{"from operators abroad", true, func(b *book, i int) ledger.Attempt { return b.among(i, 30, browsers, 9000) }, func(int) bool { return false }},
		{"from addresses far away", false, func(b *book, i int) ledger.Attempt {
			a := b.among(i, 30, browsers, 0)
			far := a.Host.Addr().As4()
			far[0] += 100
			a.Host = netip.PrefixFrom(netip.AddrFrom4(far), 32)
			a.Network, _ = a.Host.Addr().Prefix(24)
			return a
		}, func(int) bool { return false }},
		{"from the customers' operators by one of their browsers", true, func(b *book, i int) ledger.Attempt {
			a := b.among(i, customers, browsers, 100)
			a.Cluster = []byte("browser0")
			return a
		}, func(n int) bool { return n%browsers == 0 }},
		{"from the customers' addresses by one of their browsers", false, func(b *book, i int) ledger.Attempt {
			a := b.among(i, customers, browsers, 0)
			a.Cluster = []byte("browser0")
			return a
		}, func(n int) bool { return n%browsers == 0 }},
		{"from the customers' operators by all of their browsers", true, func(b *book, i int) ledger.Attempt {
			return b.among(i, customers, browsers, 100)
		}, func(int) bool { return true }},
		{"from the customers' addresses by all of their browsers", false, func(b *book, i int) ledger.Attempt {
			return b.among(i, customers, browsers, 0)
		}, func(int) bool { return true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, n := open(t).only(), 0
			customer := func() ledger.Attempt {
				n++
				if test.known {
					return b.among(n, customers, browsers, 100)
				}
				return b.among(n, customers, browsers, 0)
			}
			for range 21 * 96 { // 4 an hour, so 6 a day of each place
				b.try(customer(), login.Success)
				b.Move(15 * time.Minute)
			}
			if f := b.reserve(customer()).Facts; !f.SiteLearned || f.SiteASNRare && test.known {
				t.Fatalf("it is not known what is usual: %+v", f)
			}
			unchallenged, wrong, people := 0, 0, 0
			const attempts = 2000
			for i := range attempts {
				if score(b.try(test.attack(b, 1_000_000+i), login.Failure), false) < 10 {
					unchallenged++
				}
				if i%20 == 0 {
					a := customer()
					r := b.try(a, login.Success)
					if people++; i > 200 && (score(r, false) >= 10) != test.asked(n) {
						wrong++
					}
				}
				b.Move(24 * time.Hour / attempts)
			}
			if unchallenged*20 > attempts {
				t.Errorf("%d of %d attempts of the attack are not challenged", unchallenged, attempts)
			}
			if wrong*10 > people {
				t.Errorf("of %d customers %d met what they should not", people, wrong)
			}
		})
	}
}

// Nobody makes a place look like customers' by signing in from it: then what
// comes from there counts among the customers' places, and shows in them.
func TestPlacesThatAnAttackerHasSignedInFromDoNotHideIt(t *testing.T) {
	b, n := open(t).only(), 0
	for i := range 21 * 96 {
		n++
		b.try(b.among(n, 15, 6, 100), login.Success)
		if i%2 == 0 { // accounts of his own, from all his operators, for three weeks
			b.try(b.among(500_000+i, 60, 6, 9000), login.Success)
		}
		b.Move(15 * time.Minute)
	}
	unchallenged := 0
	const attempts = 1000
	for i := range attempts {
		if score(b.try(b.among(1_000_000+i, 60, 6, 9000), login.Failure), false) < 10 {
			unchallenged++
		}
		if i%20 == 0 {
			n++
			b.try(b.among(n, 15, 6, 100), login.Success)
		}
		b.Move(time.Minute)
	}
	if unchallenged*20 > attempts {
		t.Errorf("%d of %d attempts are not challenged", unchallenged, attempts)
	}
}

// An attack that was there before the guard, and is no more than the customers,
// is what is usual at the site; but not at all the places together from which
// nobody ever signs in.
func TestAnAttackThatWasThereFromTheStartIsSeen(t *testing.T) {
	b, n := open(t).only(), 0
	unchallenged, attempts, asked, people := 0, 0, 0, 0
	for i := range 21 * 96 {
		n++
		r := b.try(b.among(n, 15, 6, 0), login.Success)
		if people++; score(r, false) >= 10 {
			asked++
		}
		a := b.among(1_000_000+i, 15, 6, 0)
		far := a.Host.Addr().As4()
		far[0], far[1] = byte(120+i%100), byte(i>>4) // a /12 of its own, nearly always
		a.Host = netip.PrefixFrom(netip.AddrFrom4(far), 32)
		a.Network, _ = a.Host.Addr().Prefix(24)
		if attempts++; score(b.try(a, login.Failure), false) < 10 {
			unchallenged++
		}
		b.Move(15 * time.Minute)
	}
	t.Logf("%d of %d unchallenged, %d of %d customers asked", unchallenged, attempts, asked, people)
	if unchallenged*20 > attempts {
		t.Errorf("%d of %d attempts are not challenged", unchallenged, attempts)
	}
	if asked*33 > people {
		t.Errorf("%d of %d customers are asked", asked, people)
	}
}
