package backtest

import (
	"fmt"
	"net/netip"
)

// nameless makes up accounts for attempts of which the log does not say whose
// they are: each address and client is one.
type nameless map[netip.Addr][]named

// named is the account of an address and client.
type named struct{ client, account uint32 }

// account is the one that stands for an attempt's address and client.
func (n nameless) account(l *Log, e *Event) uint32 {
	l.note("Attempts without an account: each address and client (User-Agent) counts as one.")
	of := n[e.Address]
	for _, x := range of {
		if x.client == e.Client {
			return x.account
		}
	}
	x := named{e.Client, l.Account.Put(fmt.Sprintf("%s client %d", e.Address, len(of)+1))}
	n[e.Address] = append(of, x)
	return x.account
}
