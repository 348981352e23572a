package caddymodule

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
)

// A session that a login touched stays shut for 30 days where nobody opens it,
// and its row is never pushed out. Whoever has an account with a second factor
// could write as many as he likes: each login with sessions of his own choice.

// How many logins with a second factor one address, and one network, may begin
// in a day. Such as many people share have room for those, and a known device
// has as many as an address, wherever it is.
const (
	shutAddress = 100
	shutNetwork = 1000
	shutShared  = 5000
)

// noRoom: an address has had its logins for a while.
type noRoom struct{ wait time.Duration }

func (*noRoom) Error() string { return "too many logins with a second factor from one address" }

// room takes what a login needs of its address's budget, and says how long
// until there is some.
func (h *Handler) room(ctx context.Context, a *attempt) (time.Duration, error) {
	if h.limits[config.LimitAttempts].Off {
		return 0, nil
	}
	daily := func(name string, n int) factor.Budget {
		return factor.Budget{Name: name, Burst: n, Every: 24 * time.Hour / time.Duration(n)}
	}
	s := &a.signals
	all := []factor.Budget{daily("shut/"+s.Host.String(), shutAddress), daily("shut/"+s.Network.String(), shutNetwork)}
	switch {
	case a.known: // whatever others do at its address
		all = []factor.Budget{daily("shut/of/"+hex.EncodeToString(a.account[:]), shutAddress)}
	case a.decision.Counted() && a.decision.Situation.Blameless || s.Private:
		all = []factor.Budget{daily("shut/"+s.Host.String(), shutShared)}
	}
	return budgets{h, a.g}.Take(ctx, a.now, all)
}
