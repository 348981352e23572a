package record

import (
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/risk"
)

// Basis is all that a verdict came of: from it the same verdict comes again,
// bit for bit, by the same weights.
type Basis struct {
	Facts risk.Facts `json:"facts"`
	// Situation is without its assessment, which comes of the facts.
	Situation risk.Situation `json:"situation"`
	Ladder    config.Ladder  `json:"ladder"`
	// Weights is risk.Version of who decided; "" in records from before there
	// was one.
	Weights string `json:"weights"`
	// Stands: the verdict is one of a moment before that still held.
	Stands *Stands `json:"stands,omitempty"`
}

// Stands is a denial by one limit that was made for the attempt before, of the
// same address or account, and held for this one too: a limit that is spent
// stays spent until a unit comes back.
type Stands struct {
	Limit string        `json:"limit"`
	Ago   time.Duration `json:"ago"`
}

// NewBasis is the basis of a verdict of this build.
func NewBasis(f risk.Facts, s risk.Situation, l config.Ladder) *Basis {
	s.Assessment = risk.Assessment{}
	return &Basis{Facts: f, Situation: s, Ladder: l, Weights: risk.Version()}
}

// Verdict is the verdict that the basis leads to.
func (b *Basis) Verdict() (risk.Assessment, risk.Verdict) {
	s := b.Situation
	s.Assessment = risk.Assess(b.Facts)
	v := risk.Decide(b.Ladder, s)
	if b.Stands == nil {
		return s.Assessment, v
	}
	for _, o := range s.Over {
		if o.Limit == b.Stands.Limit && o.Demands == risk.Deny {
			v = risk.Verdict{Action: risk.Deny, RetryAfter: o.RetryAfter - b.Stands.Ago, Reasons: []risk.Reason{{Code: risk.CodeLimit + o.Limit}}}
		}
	}
	return s.Assessment, v
}

// Entry is a decision as the journal keeps it.
type Entry struct {
	At       time.Time     `json:"at"`
	Ref      string        `json:"ref"`
	Site     string        `json:"site"`
	Endpoint string        `json:"endpoint,omitempty"`
	Mode     string        `json:"mode"`
	Action   string        `json:"action"`
	Would    string        `json:"would"`
	Score    float64       `json:"score"`
	Reasons  []risk.Reason `json:"reasons"`
	Outcome  string        `json:"outcome"`
	// Account and Accounts are keyed hashes, Host one of the address.
	Account    string        `json:"account,omitempty"`
	Accounts   []string      `json:"accounts,omitempty"`
	Host       string        `json:"host,omitempty"`
	Address    string        `json:"address,omitempty"`
	Country    string        `json:"country,omitempty"`
	ASN        uint32        `json:"asn,omitempty"`
	Duration   time.Duration `json:"duration"`
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	Override   string        `json:"override,omitempty"`
	Count      int           `json:"count,omitempty"`
	Basis      *Basis        `json:"basis,omitempty"`
}

// entry is what the journal keeps of a decision.
func (d *Decision) entry(at time.Time) Entry {
	return Entry{
		At: at.UTC(), Ref: d.Ref, Site: d.Site, Endpoint: d.Endpoint, Mode: d.Mode, Action: d.Action, Would: d.Would,
		Score: d.Score, Reasons: d.Reasons, Outcome: d.Outcome, Account: d.Account, Accounts: d.Accounts, Host: d.Host,
		Address: d.Address, Country: d.Country, ASN: d.ASN, Duration: d.Duration, RetryAfter: d.RetryAfter,
		Override: d.Override, Count: d.Count, Basis: d.Basis,
	}
}

// About reports whether the entry is about an account by its keyed hash.
func (e *Entry) About(account string) bool {
	if account == "" {
		return false
	}
	if e.Account == account {
		return true
	}
	for _, a := range e.Accounts {
		if a == account {
			return true
		}
	}
	return false
}
