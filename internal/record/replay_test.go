package record_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/backtest/generate"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// The log has people of all kinds and attacks of all kinds, so that every
// fact, limit and floor is met.
func TestEveryDecisionOnALogComesOutOfItsRecordAgain(t *testing.T) {
	decisions, codes := 0, map[string]int{}
	for _, spec := range []string{
		"shop(accounts=2000,days=14)+office(people=20,days=8)+traveller(day=9,people=20)+forgotten(day=9,people=20)" +
			"+fast(day=8,attempts=600,solves=100)+stuffing(day=8,attempts=1500,addresses=800,solves=40)+lockout(day=11,attempts=900,addresses=300,solves=100)+spray(day=10,addresses=10,attempts=600,solves=100)+stolen(day=10,attempts=60)",
		"shop(accounts=300,days=8)+fast(day=5,attempts=300)+spray(day=5,attempts=600)+residential(day=6,attempts=500,addresses=500)+stolen(day=7)",
		"shop(accounts=300,days=8)+lockout(day=5,attempts=300,addresses=100)",
	} {
		l, err := generate.Log(spec, 5)
		if err != nil {
			t.Fatal(err)
		}
		_, err = backtest.Run(context.Background(), l, backtest.Defaults(), backtest.Options{Reuse: backtest.DefaultReuse, Seed: 5, Each: func(s *backtest.Step) {
			for _, d := range []*engine.Decision{s.First, s.Last} {
				decisions++
				line, err := json.Marshal(record.Entry{Would: string(d.Verdict.Action), Action: string(d.Verdict.Action), Score: d.Assessment.Score,
					Reasons: d.Verdict.Reasons, RetryAfter: d.Verdict.RetryAfter, Basis: record.NewBasis(d.Facts, d.Situation, config.DefaultLadder)})
				if err != nil {
					t.Fatal(err)
				}
				var read record.Entry
				if err := json.Unmarshal(line, &read); err != nil {
					t.Fatal(err)
				}
				x := record.Explain(read)
				if !x.Recomputed || x.OtherWeights {
					t.Fatalf("decision %d comes out otherwise: %s", decisions, line)
				}
				if d.Verdict.Action != risk.Allow && len(x.Causes) == 0 {
					t.Fatalf("decision %d has no cause: %s", decisions, line)
				}
				for _, r := range d.Verdict.Reasons {
					codes[r.Code]++
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if decisions < 8000 {
		t.Errorf("only %d decisions", decisions)
	}
	for _, code := range []string{risk.CodeSiteAttack, risk.CodeSiteCalm, risk.CodeNetworkAttack, risk.CodeOperatorAttack, risk.CodeClientAttack,
		risk.CodeAddressFailures, risk.CodeAccountFailures, risk.CodeAccountNetworks, risk.CodeDeviceKnown, risk.CodeAddressKnown,
		risk.CodeCheckPassed, risk.CodeCountryRare, "limit.pair", "limit.account", risk.CodeCheckSatisfied} {
		if codes[code] == 0 {
			t.Errorf("%s was not met", code)
		}
	}
	t.Logf("%d decisions, %d codes", decisions, len(codes))
}
