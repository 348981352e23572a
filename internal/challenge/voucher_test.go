package challenge_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// earn answers a slider that is for no account yet, and returns its voucher.
func (s *site) earn(way string, seen []byte, id byte) device.Voucher {
	s.t.Helper()
	a := s.right(s.issue(challenge.Spec{Kind: challenge.Slider}), way)
	a.Seen = seen
	s.Move(5 * time.Second)
	tok, err := s.Open(a.Token, s.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	j, err := s.Judge(ctx, s.Now(), tok, a)
	if err != nil || j.Result != challenge.Checked {
		s.t.Fatalf("%+v, %v", j, err)
	}
	v := tok.Voucher(j.Evidence)
	v.ID[0] = id
	return v
}

func (s *site) redeem(v device.Voucher, budget byte) (challenge.Evidence, bool) {
	s.t.Helper()
	e, ok, err := s.Redeem(ctx, s.Now(), v, store.Key{budget})
	if err != nil {
		s.t.Fatal(err)
	}
	return e, ok
}

func TestAVoucherIsRedeemedOnce(t *testing.T) {
	s := open(t)
	v := s.earn(challenge.WayPress, person(challenge.WayPress), 1)
	if v.Rung != device.Slider {
		t.Errorf("rung %v", v.Rung)
	}
	if e, ok := s.redeem(v, 1); !ok || e.Points >= challenge.Doubt {
		t.Errorf("the first time: %v, %+v", ok, e)
	}
	for budget := byte(1); budget < 4; budget++ {
		if e, ok := s.redeem(v, budget); ok || e != (challenge.Evidence{}) {
			t.Errorf("again, for %d: %v, %+v", budget, ok, e)
		}
	}
	s.Move(device.CheckLife)
	if _, ok := s.redeem(v, 1); ok {
		t.Error("at the end of its life it is good again")
	}
	if _, ok := s.redeem(device.Voucher{ID: [16]byte{9}}, 1); ok {
		t.Error("one without what was seen is good")
	}
}

// Many are passed at one address; what each account passes there is counted
// when it is known which.
func TestPassesAreCountedWhenAVoucherIsUsed(t *testing.T) {
	s := open(t)
	for n := byte(1); n <= 13; n++ {
		v := s.earn(challenge.WayPress, person(challenge.WayPress), n)
		if _, ok := s.redeem(v, 1); ok != (n <= 12) {
			t.Errorf("the %d. for one account: %v", n, ok)
		}
	}
	if _, ok := s.redeem(s.earn(challenge.WayPress, person(challenge.WayPress), 20), 2); !ok {
		t.Error("another account has no room")
	}
	// With a check after sending they are one budget.
	a := s.right(s.issue(challenge.Spec{Kind: challenge.Slider, Budget: store.Key{1}}), challenge.WayPress)
	a.Seen = person(challenge.WayPress)
	s.Move(5 * time.Second)
	if res, _ := s.judge(a); res != challenge.Spent {
		t.Errorf("after twelve vouchers a slider after sending is %v", res)
	}
}

// Whoever looks automated is doubted for the account that the voucher is used
// for, and not everybody who slides before sending.
func TestDoubtGoesWithTheVoucher(t *testing.T) {
	s := open(t)
	robot := []byte(`{"v":1,"type":"mouse","untrusted":40,"track":[[0,0,0],[300,280,0]]}`)
	bad := s.earn(challenge.WayPointer, robot, 1)
	good := s.earn(challenge.WayPress, person(challenge.WayPress), 2)
	if e, ok := s.redeem(bad, 1); !ok || e.Points < challenge.Doubt {
		t.Errorf("a robot's: %v, %+v", ok, e)
	}
	if e, ok := s.redeem(good, 1); !ok || e.Points < challenge.Doubt {
		t.Errorf("the next for the same account: %v, %+v, want the doubt to stay", ok, e)
	}
	if e, ok := s.redeem(s.earn(challenge.WayPress, person(challenge.WayPress), 3), 2); !ok || e.Points >= challenge.Doubt {
		t.Errorf("another account's: %v, %+v", ok, e)
	}
}
