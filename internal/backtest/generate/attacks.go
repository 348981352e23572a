package generate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/internal/backtest"
)

// target is an account that somebody guesses at: mostly one of a list from
// elsewhere, of which the shop has some.
func (m *maker) target() string {
	if len(m.people) > 0 && m.r.Float64() < 0.3 {
		return m.people[m.r.IntN(len(m.people))].account
	}
	return fmt.Sprintf("listed%d@example.net", m.r.IntN(1_000_000))
}

// proxies are addresses of a botnet, each of another household.
func (m *maker) proxies(n int, list []operator) []netip.Addr {
	seen := make(map[netip.Addr]bool, n)
	out := make([]netip.Addr, 0, n)
	for len(out) < n {
		a := list[m.r.IntN(len(list))]
		b := netip.AddrFrom4([4]byte{a.block, byte(m.r.IntN(200)), byte(m.r.IntN(256)), byte(1 + m.r.IntN(254))})
		if !seen[b] {
			seen[b] = true
			out = append(out, b)
		}
	}
	return out
}

// attackClient is what an attack's client says that it is: a tool, the most
// usual browser, or another browser each time.
func (m *maker) attackClient(s settings) uint32 {
	switch s.int("client") {
	case 0:
		return m.log.Client.Put(toolClient)
	case 1:
		return m.log.Client.Put(clients[browserClient].text)
	default:
		return m.client()
	}
}

// when is a random time of an attack that lasts so many hours.
func (m *maker) when(s settings) time.Duration {
	return s.day() + time.Duration(m.r.Float64()*s["hours"]*float64(time.Hour))
}

// hit says whether a guess is right.
func hit(r *rand.Rand, share float64) backtest.Outcome {
	if r.Float64() < share {
		return backtest.Succeeded
	}
	return backtest.Failed
}

// owned is an account whose password an attacker has: a customer's.
func (m *maker) owned() string {
	if len(m.people) == 0 {
		return fmt.Sprintf("owned%d@example.com", m.r.IntN(1000))
	}
	return m.people[m.r.IntN(len(m.people))].account
}

// fast is a few addresses that guess at a few accounts as fast as they can.
func fast(m *maker, s settings) {
	for _, a := range m.proxies(s.int("addresses"), hosting) {
		account, client := m.owned(), m.attackClient(s)
		for i := range s.int("attempts") {
			m.put(s.day()+time.Duration(float64(i)/s["rate"]*float64(time.Second)), a, account, client, backtest.Failed, "attack:fast")
		}
	}
}

// campaign is guesses from many addresses, spread over some hours.
func (m *maker) campaign(s settings, label string, list []operator) {
	addresses := m.proxies(s.int("addresses"), list)
	for i := range s.int("attempts") {
		o := hit(m.r, s["hits"])
		account := ""
		if o == backtest.Succeeded {
			account = m.owned()
		} else {
			account = m.target()
		}
		e := m.put(m.when(s), addresses[i%len(addresses)], account, m.attackClient(s), o, label)
		e.Solves = uint8(s["solves"])
	}
}

func stuffing(m *maker, s settings)    { m.campaign(s, "attack:stuffing", far) }
func residential(m *maker, s settings) { m.campaign(s, "attack:residential", far) }
func sameCountry(m *maker, s settings) { m.campaign(s, "attack:same country", home) }
func rotation(m *maker, s settings)    { m.campaign(s, "attack:rotation", far) }
func farm(m *maker, s settings)        { m.campaign(s, "attack:farm", far) }

// spray tries one password after the other at all customers, from some
// rented servers.
func spray(m *maker, s settings) {
	addresses := m.proxies(s.int("addresses"), hosting)
	for i := range s.int("attempts") {
		account := fmt.Sprintf("listed%d@example.net", i)
		if len(m.people) > 0 {
			account = m.people[i%len(m.people)].account
		}
		m.put(m.when(s), addresses[m.r.IntN(len(addresses))], account, m.attackClient(s), hit(m.r, s["hits"]), "attack:spray")
	}
}

// bots is a campaign as one was seen at a small site: four of five addresses
// send one or two attempts, and some of them share a /24.
func bots(m *maker, s settings) {
	addresses := m.proxies(s.int("addresses"), far)
	for i := range addresses {
		if i > 0 && m.r.Float64() < 0.25 { // a neighbour of an earlier one
			b := addresses[m.r.IntN(i)].As4()
			b[3] = byte(1 + m.r.IntN(254))
			addresses[i] = netip.AddrFrom4(b)
		}
	}
	for i := range s.int("attempts") {
		a := addresses[i%len(addresses)]
		if i >= len(addresses) {
			// Those of the front send most of the rest.
			a = addresses[int(float64(len(addresses))*min(0.999, (m.pareto(1, 1)-1)/20))]
		}
		m.put(m.when(s), a, fmt.Sprintf("%s client %d", a, 1), m.attackClient(s), backtest.Failed, "attack:bots")
	}
}

// slow sends one guess a day from each address.
func slow(m *maker, s settings) {
	for _, a := range m.proxies(s.int("addresses"), far) {
		at := time.Duration(m.r.Float64() * float64(day))
		for range s.int("days") {
			m.put(s.day()+at, a, m.target(), m.attackClient(s), backtest.Failed, "attack:slow")
			at += day + time.Duration(m.r.NormFloat64()*float64(time.Hour))
		}
	}
}

// lockout guesses at one account from a botnet, while its owner goes on
// logging in on the own device.
func lockout(m *maker, s settings) {
	victim := m.habit(1, "victim", s.day())[0]
	addresses := m.proxies(s.int("addresses"), far)
	for range s.int("attempts") {
		m.put(m.when(s), addresses[m.r.IntN(len(addresses))], victim.account, m.attackClient(s), backtest.Failed, "attack:lockout")
	}
	for at := s.day() + 2*time.Hour; at < s.day()+time.Duration(s["hours"]*float64(time.Hour)); at += 3 * time.Hour {
		m.put(at+time.Duration(m.r.IntN(3600))*time.Second, victim.home, victim.account, victim.client,
			backtest.Succeeded, "legit:owner").Cookie = backtest.CookieBrought
	}
}

// stolen guesses at a customer's account with the cookie of the own device,
// which was copied off it.
func stolen(m *maker, s settings) {
	for _, p := range m.habit(s.int("people"), "robbed", s.day()) {
		a, client := one(m.r, far).from(m.r), m.attackClient(s)
		for range s.int("attempts") {
			m.put(m.when(s), a, p.account, client, backtest.Failed, "attack:stolen").Cookie = backtest.CookieBrought
		}
	}
}

// poisoning prepares a campaign: for days it fails a little more each day, so
// that failing looks usual, and while it runs it logs in with accounts of its
// own, so that the rate of success looks better.
func poisoning(m *maker, s settings) {
	before := s.int("before")
	for _, a := range m.proxies(s.int("addresses")/10, far) {
		for d := range before {
			if m.r.Float64() < float64(d+1)/float64(before) {
				at := s.day() - time.Duration(before-d)*day + time.Duration(m.r.Float64()*float64(day))
				m.put(max(0, at), a, m.target(), m.client(), backtest.Failed, "attack:poisoning before")
			}
		}
	}
	own := m.proxies(s.int("own"), far)
	for i, a := range own {
		for range s.int("cover") {
			m.put(m.when(s), a, fmt.Sprintf("mule%d@example.net", i), m.client(), backtest.Succeeded, "attack:poisoning cover")
		}
	}
	m.campaign(s, "attack:poisoning", far)
}
