// Package work is what is measured: named cases, the sites they are played
// on, and the requests.
//
// Every case is played on bare Caddy twice (what differs between the two is
// noise), behind Login Guard, and, where it has something alike, behind
// caddy-ratelimit. The requests are the same everywhere.
package work

import (
	"fmt"

	"github.com/login-guard/login-guard/bench/inproc"
)

// Names of the sites.
const (
	Bare  = "bare"
	Again = "bare again"
	Guard = "Login Guard"
	Zone  = "caddy-ratelimit, 1 zone"
	Zones = "caddy-ratelimit, 3 zones"
)

// Op is one measured unit of work.
type Op []*inproc.Request

// Case is one kind of work.
type Case struct {
	Name, Title string
	// LogLevel of Caddy, INFO when empty. Lines are made and thrown away.
	LogLevel string
	Sites    []inproc.Site
	// Ops makes n different units for a site, or fewer that can be played
	// again and again.
	Ops func(p *inproc.Player, site string, n int) ([]Op, error)
	// Slow cases are played fewer times: a fiftieth.
	Slow bool
}

// Cases are all that there are.
func Cases() []Case {
	return []Case{
		{Name: "get", Title: "GET of a page", Sites: sites("", ordinaryZones), Ops: each(get)},
		{Name: "post", Title: "POST of a form that is no login", Sites: sites("", ordinaryZones), Ops: each(newsletter)},
		{Name: "login", Title: "login allowed, known device", Sites: sites("", ordinaryZones), Ops: knownDevice},
		{Name: "login-quiet", Title: "login allowed, known device, log level ERROR", LogLevel: "ERROR", Sites: sites("", ordinaryZones), Ops: knownDevice},
		{Name: "login-new", Title: "login allowed, new device", Sites: sites("", ordinaryZones), Ops: each(login)},
		{Name: "denied", Title: "login denied, a script", Sites: sites(strictAttempts, tightZones), Ops: denied(false)},
		{Name: "denied-quiet", Title: "login denied, a script, log level ERROR", LogLevel: "ERROR", Sites: sites(strictAttempts, tightZones), Ops: denied(false)},
		{Name: "denied-page", Title: "login denied, a browser", Sites: sites(strictAttempts, tightZones), Ops: denied(true)},
		{Name: "check", Title: "page of a check", Sites: sites(alwaysSlider, tightZones), Ops: checkPages},
		{Name: "verified", Title: "check answered, held login sent on", Sites: sites(alwaysSlider, tightZones), Ops: verified, Slow: true},
	}
}

// Find returns a case by name.
func Find(name string) (Case, error) {
	for _, c := range Cases() {
		if c.Name == name {
			return c, nil
		}
	}
	return Case{}, fmt.Errorf("there is no case %q", name)
}

// Key is the master key of the gateways that are measured.
const Key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// Global are the global options of a case.
func (c Case) Global() string {
	level := c.LogLevel
	if level == "" {
		level = "INFO" // Caddy's default
	}
	return fmt.Sprintf("login_guard {\nkey %s\n}\nlog {\noutput nowhere\nlevel %s\n}", Key, level)
}

// Budgets of zones. The peer keeps a time stamp for each event, so that wide
// ones cost it memory: each case has those that it needs. tightZones are a
// shop's.
const (
	ordinaryZones = "events 300\nwindow 1h"
	tightZones    = "events 5\nwindow 10m"
	wideZones     = "events 100000\nwindow 1h"
)

// strictAttempts gives back no attempt while valgrind counts; else it is the
// default, 60.
const strictAttempts = "limit attempts 60 per 100h"

// alwaysSlider asks for a slider at every login, and for nothing else: so many
// who are asked and go away are an attack, which would meet pictures.
const alwaysSlider = "ask_after 3d\nladder slider off picture off second_factor off deny off"

// sites are those that most cases are played on. A zone counts logins only,
// as a shop's would: by address; by address and browser; and all together.
func sites(options, budget string) []inproc.Site {
	zone := func(name, key, budget string) string {
		return fmt.Sprintf("zone %s {\nmatch {\nmethod POST\npath /login\n}\nkey %s\n%s\n}", name, key, budget)
	}
	host := "{http.request.remote.host}"
	return []inproc.Site{
		{Name: Bare, Block: "sink"},
		{Name: Guard, Block: "login_guard {\nsite shop\n" + options + "\n}\nsink"},
		{Name: Zone, Block: "rate_limit {\n" + zone("one", host, budget) + "\n}\nsink"},
		{Name: Zones, Block: "rate_limit {\n" + zone("address", host, budget) + "\n" +
			zone("browser", host+"{http.request.header.User-Agent}", budget) + "\n" +
			zone("site", "all", wideZones) + "\n}\nsink"},
		{Name: Again, Block: "sink"},
	}
}
