package generate

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/backtest"
)

// start is when a generated log begins: a Monday.
var start = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// Log makes up a log. Equal specifications and seeds make equal logs.
func Log(spec string, seed uint64) (*backtest.Log, error) {
	uses, err := parse(spec)
	if err != nil {
		return nil, err
	}
	m := &maker{log: backtest.NewLog(backtest.FormatCSV), seed: seed}
	for i, u := range uses {
		m.r = m.random(fmt.Sprint(u.part.Name, i))
		u.part.make(m, u.set)
	}
	m.log.Lines = len(m.log.Events)
	m.log.Sort()
	return m.log, nil
}

// maker makes a log part by part.
type maker struct {
	log  *backtest.Log
	seed uint64
	r    *rand.Rand // of the part that is being made

	people []person // of all parts so far
	until  time.Duration
}

// random is a source of its own for a name, so that a part comes out the same
// whatever other parts do.
func (m *maker) random(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(m.seed, h.Sum64()))
}

// operator is a network operator with its address block.
type operator struct {
	block   byte // first byte of its addresses
	country string
	asn     uint32
}

// home are operators of the shop's country, the largest first; abroad those
// that customers travel to; far those of residential proxies; hosting those
// of rented servers. The blocks are made up.
var (
	home    = operators(20, 12, "DE")
	abroad  = operators(40, 12, "AT", "CH", "NL", "FR", "PL", "IT")
	far     = operators(60, 30, "BR", "VN", "IN", "ID", "TR", "MX", "EG", "TH", "AR", "PH")
	hosting = operators(110, 8, "US", "NL", "DE", "FR")
)

func operators(first, n int, countries ...string) (list []operator) {
	for i := range n {
		list = append(list, operator{byte(first + i), countries[i%len(countries)], uint32(64500 + first + i)})
	}
	return list
}

// clients are browsers as customers have them, 64 % on phones.
var clients = []struct {
	share float64
	text  string
}{
	{0.30, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"},
	{0.28, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36"},
	{0.06, "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"},
	{0.18, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36"},
	{0.07, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0"},
	{0.06, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0"},
	{0.05, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"},
}

// Clients of attacks.
const (
	toolClient    = "python-requests/2.32.3"
	browserClient = 3 // of clients: the most usual one on a desk
)

// client draws one of clients.
func (m *maker) client() uint32 {
	u := m.r.Float64()
	for _, c := range clients {
		if u -= c.share; u < 0 {
			return m.log.Client.Put(c.text)
		}
	}
	return m.log.Client.Put(clients[0].text)
}

// from is a random address of an operator. People live in some thousand /24s
// of it.
func (o operator) from(r *rand.Rand) netip.Addr {
	n := r.IntN(4000)
	return netip.AddrFrom4([4]byte{o.block, byte(n >> 8), byte(n), byte(1 + r.IntN(254))})
}

// one draws an operator, the first ones more often.
func one(r *rand.Rand, list []operator) operator {
	return list[min(len(list)-1, int(r.ExpFloat64()*float64(len(list))/4))]
}

// operatorOf finds the operator of an address.
func operatorOf(a netip.Addr) operator {
	block := a.As4()[0]
	for _, list := range [][]operator{home, abroad, far, hosting} {
		if i := slices.IndexFunc(list, func(o operator) bool { return o.block == block }); i >= 0 {
			return list[i]
		}
	}
	return operator{}
}

// put writes one attempt down.
func (m *maker) put(at time.Duration, a netip.Addr, account string, client uint32, o backtest.Outcome, label string) *backtest.Event {
	op := operatorOf(a)
	m.log.Events = append(m.log.Events, backtest.Event{
		At: start.Add(at).UnixNano(), Address: a, Account: m.log.Account.Put(account), Client: client,
		Label: m.log.Label.Put(label), ASN: op.asn, Country: [2]byte([]byte(op.country)), Outcome: o, HTTP: 2,
	})
	return &m.log.Events[len(m.log.Events)-1]
}

// hours is how likely a login is in each hour of the day, the most likely 1.
var hours = [24]float64{.15, .08, .05, .04, .05, .1, .2, .4, .55, .65, .7, .72, .75, .7, .65, .65, .7, .75, .85, .95, 1, .9, .6, .3}

// ofDay moves a time to an hour at which people are up.
func (m *maker) ofDay(at time.Duration) time.Duration {
	for {
		t := m.r.Float64() * 24
		if m.r.Float64() < hours[int(t)] {
			return at.Truncate(day) + time.Duration(t*float64(time.Hour))
		}
	}
}

// pareto is a heavy-tailed number of at least least.
func (m *maker) pareto(least, alpha float64) float64 {
	return least / math.Pow(1-m.r.Float64(), 1/alpha)
}
