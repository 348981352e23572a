package generate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/internal/backtest"
)

// person is a customer.
type person struct {
	account string
	client  uint32
	home    netip.Addr
	at      netip.Addr // where the last login came from
}

const (
	sameAddress = 0.85 // of logins from the address before
	slips       = 0.02 // of tries that are typed wrong
	giveUp      = 6    // tries after which a person does something else
)

// settle makes n customers who live at a home of their own.
func (m *maker) settle(n int, prefix string) []person {
	list := make([]person, n)
	for i := range list {
		a := one(m.r, home).from(m.r)
		if m.r.IntN(20) == 0 {
			a = one(m.r, abroad).from(m.r)
		}
		list[i] = person{fmt.Sprintf("%s%d@example.com", prefix, i), m.client(), a, a}
	}
	return list
}

// session is one visit of a person: tries until one is right. failures is the
// share of all tries that is wrong.
func (m *maker) session(at time.Duration, p *person, a netip.Addr, client uint32, failures float64, label string) {
	for range giveUp {
		wrong := m.r.Float64() < max(failures, slips)
		o := backtest.Succeeded
		if wrong {
			o = backtest.Failed
		}
		m.put(at, a, p.account, client, o, label)
		if !wrong {
			return
		}
		at += 7*time.Second + time.Duration(m.r.ExpFloat64()*float64(10*time.Second))
	}
}

// where is where a person's next login comes from: as before, or by the phone
// network, at home again, or at somebody else's.
func (m *maker) where(p *person) netip.Addr {
	if m.r.Float64() >= sameAddress {
		switch m.r.IntN(3) {
		case 0:
			p.at = p.home
		case 1: // a phone network's gateway, which thousands share
			o := home[m.r.IntN(3)]
			p.at = netip.AddrFrom4([4]byte{o.block, 250, byte(m.r.IntN(4)), byte(1 + m.r.IntN(200))})
		default:
			p.at = one(m.r, home).from(m.r)
		}
	}
	return p.at
}

// shop is the everyday: most customers come a few times, some often.
func shop(m *maker, s settings) {
	length := time.Duration(s["days"] * float64(day))
	people := m.settle(s.int("accounts"), "customer")
	for i := range people {
		p := &people[i]
		// They came before the log begins, too: it shows a shop as it is, and
		// not how it grew.
		first := time.Duration((2*m.r.Float64() - 1) * float64(length))
		for at := first; at < length; at += time.Duration(m.pareto(s["gap"], 1.1) * float64(day)) {
			if at >= 0 {
				m.session(m.ofDay(at), p, m.where(p), p.client, s["failures"], "legit")
			}
		}
	}
	m.people = append(m.people, people...)
	m.until = max(m.until, length)
}

// rush is a sale: for some hours many times as many come as else, most of
// whom have not been here for long.
func rush(m *maker, s settings) {
	from, length := s.day(), time.Duration(s["hours"]*float64(time.Hour))
	usual := 0
	for _, e := range m.log.Events {
		if at := time.Unix(0, e.At).Sub(start); at >= from-7*day && at < from {
			usual++
		}
	}
	n := int(float64(max(usual, 7*24)) / (7 * 24) * s["hours"] * s["times"])
	strangers := m.settle(n, "bargain")
	for i := range n {
		p := &strangers[i]
		if len(m.people) > 0 && m.r.Float64() < 0.4 {
			p = &m.people[m.r.IntN(len(m.people))]
		}
		m.session(from+time.Duration(m.r.Float64()*float64(length)), p, m.where(p), p.client, s["failures"], "legit:rush")
	}
	m.people = append(m.people, strangers...)
}

// cgnat is a phone network's gateway: many customers, one address.
func cgnat(m *maker, s settings) {
	gateway := home[1].from(m.r)
	people := m.settle(s.int("people"), "phone")
	length := time.Duration(s["days"] * float64(day))
	for i := range people {
		for at := time.Duration(m.r.Float64() * float64(length)); at < length; at += time.Duration(m.pareto(1, 1.1) * float64(day)) {
			m.session(s.day()+m.ofDay(at), &people[i], gateway, people[i].client, s["failures"], "legit:cgnat")
		}
	}
	m.people = append(m.people, people...)
}

// office is a company whose people log in at nine, all from one address.
func office(m *maker, s settings) {
	gateway := home[0].from(m.r)
	people := m.settle(s.int("people"), "colleague")
	for d := range s.int("days") {
		today := s.day() + time.Duration(d)*day
		if weekday := start.Add(today).Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			continue
		}
		for i := range people {
			if m.r.Float64() < 0.8 {
				at := today + 9*time.Hour + time.Duration(m.r.NormFloat64()*float64(6*time.Minute))
				m.session(at, &people[i], gateway, people[i].client, s["failures"], "legit:office")
			}
		}
	}
	m.people = append(m.people, people...)
}

// tablet is one device of a family, on which each has an account.
func tablet(m *maker, s settings) {
	people := m.settle(4*s.int("families"), "family")
	for i := range people {
		p := &people[i]
		p.client, p.home = people[i/4*4].client, people[i/4*4].home
		for at := m.r.Float64() * s["days"]; at < s["days"]; at += m.pareto(0.7, 1.3) {
			m.session(s.day()+m.ofDay(time.Duration(at*float64(day))), p, p.home, p.client, s["failures"], "legit:tablet")
		}
	}
}

// habit makes customers who have logged in often by now: every other day for
// ten days, with the cookie of their device.
func (m *maker) habit(n int, prefix string, until time.Duration) []person {
	people := m.settle(n, prefix)
	for i := range people {
		for d := time.Duration(10); d > 0; d -= 2 {
			if at := m.ofDay(until - d*day); at >= 0 {
				m.session(at, &people[i], people[i].home, people[i].client, slips, "legit")
			}
		}
	}
	return people
}

// traveller is a customer with a history who logs in abroad, on the own
// device or on one of the hotel's.
func traveller(m *maker, s settings) {
	for _, p := range m.habit(s.int("people"), "traveller", s.day()) {
		client := p.client
		if m.r.Float64() < s["strange"] {
			client = m.log.Client.Put(clients[browserClient].text + " (hotel)")
		}
		hotel := abroad[m.r.IntN(len(abroad))].from(m.r)
		for d := range 5 {
			m.session(m.ofDay(s.day()+time.Duration(d)*day), &p, hotel, client, s["failures"], "legit:traveller")
		}
	}
}

// newPhone is a customer with a history and a device that nobody knows yet.
func newPhone(m *maker, s settings) {
	for _, p := range m.habit(s.int("people"), "phoneless", s.day()) {
		client := m.log.Client.Put(clients[m.r.IntN(3)].text + " (new)")
		for d := range 5 {
			m.session(m.ofDay(s.day()+time.Duration(d)*day), &p, p.home, client, s["failures"], "legit:new phone")
		}
	}
}

// forgotten is a customer on the own device who tries three to five passwords
// before one is right.
func forgotten(m *maker, s settings) {
	for _, p := range m.habit(s.int("people"), "forgetful", s.day()) {
		at := m.ofDay(s.day())
		for range 3 + m.r.IntN(3) {
			m.put(at, p.home, p.account, p.client, backtest.Failed, "legit:forgotten").Cookie = backtest.CookieBrought
			at += 8*time.Second + time.Duration(m.r.ExpFloat64()*float64(20*time.Second))
		}
		at += 2 * time.Minute // reset by mail
		m.put(at, p.home, p.account, p.client, backtest.Succeeded, "legit:forgotten").Cookie = backtest.CookieBrought
	}
}

// day is when a part begins.
func (s settings) day() time.Duration { return time.Duration(s["day"] * float64(day)) }
