package backtest

import (
	"fmt"
	"net/netip"
)

// nameless makes up accounts for attempts of which the log does not say whose
// they are: each address and client is one.
type nameless struct {
	of map[addressClient]uint32
	n  map[netip.Addr]int // clients of an address so far
}

type addressClient struct {
	address netip.Addr
	client  uint32
}

func newNameless() nameless {
	return nameless{make(map[addressClient]uint32), make(map[netip.Addr]int)}
}

// account is the one that stands for an attempt's address and client.
func (n nameless) account(l *Log, e *Event) uint32 {
	l.note("Attempts without an account: each address and client (User-Agent) counts as one.")
	key := addressClient{e.Address, e.Client}
	if account, ok := n.of[key]; ok {
		return account
	}
	n.n[e.Address]++
	account := l.Account.Put(fmt.Sprintf("%s client %d", e.Address, n.n[e.Address]))
	n.of[key] = account
	return account
}
