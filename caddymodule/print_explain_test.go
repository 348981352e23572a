package caddymodule

import (
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestAnExplanationSaysWhyInWords(t *testing.T) {
	explain := func(f risk.Facts, s risk.Situation, change func(*record.Entry)) string {
		basis := record.NewBasis(f, s, config.Ladder{})
		a, v := basis.Verdict()
		e := record.Entry{Ref: "7KQ2-M4XD", Site: "shop", Endpoint: "generic", Action: string(v.Action), Would: string(v.Action), Score: a.Score,
			Reasons: v.Reasons, RetryAfter: v.RetryAfter, Outcome: "none", Basis: basis}
		if change != nil {
			change(&e)
		}
		var out strings.Builder
		printExplanation(&out, record.Explain(e), met)
		return out.String()
	}
	attacked := risk.Facts{SiteAttack: 0.9, SiteLearned: true, Tor: true}
	guessing := risk.Situation{Over: []risk.Over{{Limit: config.LimitPair, RetryAfter: 120e9, Demands: risk.Deny, Personal: true}}}
	passed := risk.Situation{Passed: risk.Picture}
	for name, test := range map[string]struct {
		text      string
		want, not []string
	}{
		"by the score": {explain(attacked, risk.Situation{}, nil),
			[]string{"asked for the picture", "because    the score of 18 is at or above 17", "site +10 (at most +10), reputation +8 (at most +10)",
				"were the shop not under attack (site, network and client together): let through", "worked out again from its record"}, nil},
		"by a limit": {explain(risk.Facts{}, guessing, nil),
			[]string{"refused", "because    the limit pair is used up", "it can be tried again 2m0s later", "without limit.pair: let through"}, []string{"is at or above"}},
		"a check that was passed": {explain(attacked, passed, nil),
			[]string{"let through", "which asked for a check", "the check that was asked for had been passed"}, nil},
		"let through": {explain(risk.Facts{}, risk.Situation{}, nil),
			[]string{"because    the score of 0 is below 10, and no limit is used up"}, []string{"  if "}},
		"by an order": {explain(risk.Facts{}, risk.Situation{Override: risk.DenyOverride}, nil),
			[]string{"because    you ordered it", "without override.deny: let through"}, nil},
		"by other weights": {explain(attacked, risk.Situation{}, func(e *record.Entry) { e.Basis.Weights, e.Score = "0123456789ab", 40 }),
			[]string{"decided by the weights 0123456789ab, before an update: it stands as it was made"}, []string{"comes out otherwise", "because", "  if "}},
		"from before weights had names": {explain(attacked, risk.Situation{}, func(e *record.Entry) { e.Basis.Weights = "" }),
			[]string{"decided by an earlier version"}, []string{"comes out otherwise"}},
		"with a record that was changed": {explain(attacked, risk.Situation{}, func(e *record.Entry) { e.Score++ }),
			[]string{"it comes out otherwise: please report it"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, want := range test.want {
				if !strings.Contains(test.text, want) {
					t.Errorf("no %q in\n%s", want, test.text)
				}
			}
			for _, not := range test.not {
				if strings.Contains(test.text, not) {
					t.Errorf("%q in\n%s", not, test.text)
				}
			}
		})
	}
}
