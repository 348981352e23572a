package risk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/login-guard/login-guard/config"
)

// Version names the weights and rules by which this build scores and decides:
// 12 hexadecimal digits. Two builds with one Version come to the same verdicts
// from the same facts; a record tells by it whether it can be recomputed.
//
// It is a digest of what Assess and Decide make of some thousand facts and
// situations, always the same ones, so that whatever changes a verdict changes
// it, and nobody has to remember to count a number up.
func Version() string { return version() }

// probes is how many facts are tried. The values of a probe are drawn from few
// that matter, so that each signal is met often alone, often with others.
const probes = 2000

var version = sync.OnceValue(func() string { return fingerprint(func(*Facts) {}) })

// fingerprint is the digest, with something done to all facts before.
func fingerprint(change func(*Facts)) string {
	draw := rand.New(rand.NewPCG(1, 2))
	digest := sha256.New()
	out := json.NewEncoder(digest)
	actions := [...]Action{Allow, Slider, Picture, SecondFactor, Deny}
	limits := [...]string{config.LimitAddress, config.LimitPair, config.LimitAccount, config.LimitDevice, config.LimitAccounts}
	for i := range probes {
		f := probe(draw, i)
		change(&f)
		a := Assess(f)
		s := Situation{Assessment: a, DeviceKnown: f.DeviceKnown, Blameless: draw.IntN(8) == 0,
			AddressUnits: f.AddressFailures, Passed: actions[draw.IntN(3)], Override: Override(max(0, draw.IntN(12)-9))}
		if draw.IntN(4) == 0 {
			s.Over = []Over{{Limit: limits[draw.IntN(len(limits))], RetryAfter: time.Duration(draw.IntN(600)) * time.Second,
				Demands: actions[1+draw.IntN(4)], Personal: draw.IntN(2) == 0}}
		}
		if draw.IntN(8) == 0 {
			s.Floors = []Floor{{Demands: actions[1+draw.IntN(2)], Code: CodeAskAfter}}
		}
		// Whatever else a situation may say yes to.
		yes := reflect.ValueOf(&s).Elem()
		for k := range yes.NumField() {
			if field := yes.Field(k); field.Kind() == reflect.Bool && draw.IntN(4) == 0 {
				field.SetBool(true)
			}
		}
		// Neither can fail: all of it is plain data, and a digest takes all.
		_ = out.Encode(a)
		_ = out.Encode(Decide(config.DefaultLadder, s))
	}
	return hex.EncodeToString(digest.Sum(nil)[:6])
}

// probe makes facts up. The i-th field alone is set in the first of them, so
// that no signal is hidden by others; later ones have about a quarter set.
func probe(draw *rand.Rand, i int) Facts {
	var f Facts
	v := reflect.ValueOf(&f).Elem()
	n := v.NumField()
	alone := -1
	if i < 8*n {
		alone = i % n
	}
	for k := range n {
		if k != alone && (alone >= 0 || draw.IntN(4) > 0) {
			continue
		}
		switch field := v.Field(k); field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int:
			field.SetInt([...]int64{1, 2, 4, 5, 8, 20, 999, 1000, 5000}[draw.IntN(9)])
		case reflect.Uint32:
			field.SetUint(64500)
		case reflect.String:
			field.SetString("DE")
		case reflect.Float64:
			field.SetFloat([...]float64{0.05, 0.1, 0.2, 0.5, 0.8, 1, 2.5, 6, 30}[draw.IntN(9)])
		case reflect.Slice:
			field.Set(reflect.ValueOf([]Reason{{Code: CodeFloorEvidence, Points: float64(1 + draw.IntN(12))}}))
		default:
			// A field of another kind is not tried; a test says so.
		}
	}
	return f
}
