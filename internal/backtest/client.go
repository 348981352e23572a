package backtest

import (
	"encoding/binary"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
)

// Assumptions of a replay where the log does not say.
const (
	// DefaultReuse is in how many of a hundred sessions a browser brings the
	// cookies that it was given (StopGuessing's simulator; Tian, Herley and
	// Schechter 2019).
	DefaultReuse = 90
	// sessionGap ends a session: until then a browser that brought its
	// cookies brings them again, and one that did not does not.
	sessionGap = 30 * time.Minute
	// unseen is how long ago a device logged in of which the log says that it
	// was known, and not since when.
	unseen = 24 * time.Hour
	// sharedClient: a client that more accounts have in common is a make of
	// client and no device.
	sharedClient = 20
)

// clients knows what the log's clients are and keeps their cookies.
type clients struct {
	log       *Log
	collector *signal.Collector
	ledger    *ledger.Ledger
	reuse     int
	seed      uint64
	legit     []bool // by label
	kinds     []clientKind
	accounts  []device.Account // by account, zero until used
	jars      map[jarKey]*jar
	numbers   []uint32 // of addresses, by event
	passes    uint64   // passes issued, for their ids
}

// clientKind is what a client's text turned out to be.
type clientKind struct {
	header http.Header // with the User-Agent, if it is one
	family string      // of a text that is none
}

// jarKey is whose cookies they are. Everybody's but a labelled person's are
// of one network: without labels, the same make of client at an account does
// not have to be its owner's.
type jarKey struct {
	client, account uint32
	from            uint64 // the network, or the number of the address
}

// jar holds the cookies of one browser for one account.
type jar struct {
	device device.Device
	pass   device.Pass
	last   time.Time // attempt
	here   bool      // brought in this session
}

func newClients(l *Log, o *Options, files *signal.Files, led *ledger.Ledger) *clients {
	c := &clients{log: l, collector: signal.NewCollector(files), ledger: led, reuse: o.Reuse, seed: o.Seed,
		legit: make([]bool, l.Label.Len()), accounts: make([]device.Account, l.Account.Len()),
		jars: make(map[jarKey]*jar)}
	for i := range c.legit {
		c.legit[i] = i > 0 && Legitimate(l.Label.Get(uint32(i)), o.Legitimate)
	}
	c.kinds = kindsOf(l)
	c.numbers, _ = l.number()
	return c
}

// kindsOf tells User-Agents, names of client families and makes from devices.
// A device's own name says nothing of its make: it stands for cookies only.
func kindsOf(l *Log) []clientKind {
	kinds := make([]clientKind, l.Client.Len())
	accounts := make(map[uint32]map[uint32]struct{})
	for i := range kinds {
		text := l.Client.Get(uint32(i))
		switch {
		case text == "":
		case familyName(text):
			kinds[i].family = text
		case strings.ContainsAny(text, "/ ") || signal.Family(text) != "other":
			kinds[i].header = http.Header{"User-Agent": {text}}
		default:
			accounts[uint32(i)] = make(map[uint32]struct{})
		}
	}
	for i := range l.Events {
		e := &l.Events[i]
		if of, ok := accounts[e.Client]; ok && len(of) <= sharedClient {
			of[e.Account] = struct{}{}
		}
	}
	for client, of := range accounts {
		if len(of) > sharedClient {
			kinds[client].family = l.Client.Get(client)
		}
	}
	return kinds
}

// familyName reports whether a text is the name of a client family, as records
// and some logs have it in place of a User-Agent.
func familyName(text string) bool {
	switch strings.TrimSuffix(text, "-mobile") {
	case "chrome", "edge", "firefox", "opera", "safari", "samsung", "webview", "curl", "script", "bot", "other":
		return true
	}
	return false
}

// person reports whether an attempt is taken for one of a person: by its
// label, or without one by its success.
func (c *clients) person(e *Event) bool {
	if e.Label == 0 {
		return e.Outcome == Succeeded
	}
	return c.legit[e.Label]
}

// attempt is what the gateway would know of an attempt.
func (c *clients) attempt(i int, e *Event) engine.Attempt {
	a := engine.Attempt{Account: c.account(e.Account), Signals: c.signals(e)}
	j := c.jar(i, e)
	if j == nil || !j.here {
		return a
	}
	now := e.Time()
	a.Device = j.device
	a.Seen, a.Known = j.device.Last(a.Account, now)
	if p := j.pass; p.Rung != device.NoRung && now.Before(p.Expires) {
		a.Pass, a.Passed = p, p.Rung
	}
	return a
}

// signals are the facts about the client. What a log never has, such as the
// languages of a browser, is taken to be as browsers send it.
func (c *clients) signals(e *Event) signal.Signals {
	kind := &c.kinds[e.Client]
	version := int(e.HTTP)
	if version == 0 && (kind.header != nil || kind.family != "") {
		version = 2
	}
	s := c.collector.Collect(e.Address, kind.header, version)
	s.NoAcceptLanguage = false
	if kind.family != "" {
		s.Family = kind.family
	}
	if e.Country != [2]byte{} {
		s.Country = string(e.Country[:])
	}
	if e.ASN != 0 {
		s.ASN = e.ASN
	}
	return s
}

func (c *clients) account(n uint32) device.Account {
	if c.accounts[n] == (device.Account{}) {
		c.accounts[n] = c.ledger.Account(login.FoldAccount(c.log.Account.Get(n)))
	}
	return c.accounts[n]
}

// key says whose cookies an attempt brings and keeps: those of the same
// client for the same account, or of the same address where the log has no
// clients. Who the log calls an attacker has none, unless it says that one
// was brought.
func (c *clients) key(i int, e *Event) (key jarKey, ok bool) {
	person := e.Label != 0 && c.legit[e.Label]
	if e.Label != 0 && !person && e.Cookie != CookieBrought {
		return key, false
	}
	key = jarKey{client: e.Client, account: e.Account}
	switch {
	case e.Client == 0:
		key.from = 1<<63 | uint64(c.numbers[i])
	case !person:
		key.from = network(e.Address)
	}
	return key, true
}

// network names the /24 or /48 of an address.
func network(a netip.Addr) uint64 {
	b := a.As16()
	if a.Is4() {
		return uint64(binary.BigEndian.Uint32(b[12:])>>8) | 1<<62
	}
	return binary.BigEndian.Uint64(b[:]) >> 16
}

// jar is where an attempt's cookies are, nil if it has none.
func (c *clients) jar(i int, e *Event) *jar {
	key, ok := c.key(i, e)
	if !ok {
		return nil
	}
	j, now := c.jars[key], e.Time()
	switch {
	case e.Cookie == CookieBrought:
		if j == nil {
			j = &jar{device: device.Device{ID: c.id(uint64(i))}.Succeeded(c.account(e.Account), now.Add(-unseen))}
			c.jars[key] = j
		}
		j.here = true
	case j == nil:
		return nil
	case e.Cookie == CookieAbsent:
		j.here = false
	case now.Sub(j.last) > sessionGap:
		j.here = int(mix(c.seed, uint64(i))%100) < c.reuse
	}
	j.last = now
	return j
}

// keep puts the cookies that an outcome earns in a jar. solved is the check
// that was passed for this very attempt.
func (c *clients) keep(i int, e *Event, a *engine.Attempt, solved device.Rung, remember time.Duration) {
	succeeded := e.Outcome == Succeeded
	if !succeeded && solved == device.NoRung {
		return
	}
	key, ok := c.key(i, e)
	if !ok {
		return
	}
	j, now := c.jars[key], e.Time()
	if j == nil {
		j = &jar{}
		c.jars[key] = j
	}
	if succeeded {
		d := j.device
		if !j.here || d.ID == [16]byte{} {
			d = device.Device{ID: c.id(uint64(i))}
		}
		j.device = d.Succeeded(a.Account, now)
	}
	j.here, j.last = true, now
	switch rung := max(solved, a.Passed); {
	case rung == device.NoRung:
	case succeeded && (solved != device.NoRung || !a.Pass.Succeeded):
		j.pass = c.newPass(a.Account, rung, now, remember, true)
	case solved != device.NoRung:
		j.pass = c.newPass(a.Account, rung, now, device.CheckLife, false)
	}
}

func (c *clients) newPass(a device.Account, rung device.Rung, now time.Time, life time.Duration, succeeded bool) device.Pass {
	c.passes++
	return device.Pass{ID: c.id(c.passes<<32 | 1), Rung: rung, Account: a, Issued: now, Expires: now.Add(life), Succeeded: succeeded}
}

// id makes a number of sixteen bytes, never zero.
func (c *clients) id(n uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], mix(c.seed^0x9e37, n)|1)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// mix is a number that seed and n decide, evenly spread (SplitMix64, Steele
// et al. 2014).
func mix(seed, n uint64) uint64 {
	x := seed*0x9e3779b97f4a7c15 + n*0xd1342543de82ef95 + 0x632be59bd9b4e019
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// outcome is what the ledger is told.
func outcome(o Outcome) login.Outcome {
	switch o {
	case Succeeded:
		return login.Success
	case Failed:
		return login.Failure
	default:
		return login.Unknown
	}
}

// rungOf is the check that an action asks for.
func rungOf(a risk.Action) device.Rung {
	switch a {
	case risk.Slider:
		return device.Slider
	case risk.Picture:
		return device.Picture
	default:
		return device.NoRung
	}
}
