package backtest

import "time"

// peersNote says what the peers are and are not.
const peersNote = "Default rules of other tools, rebuilt here: fail2ban (5 failures in 600 s) and CrowdSec's scenarios without community blocklist. They ban addresses; nothing else of them is replayed."

// peer is the rule of another tool: so many failures of one address, and it is
// banned for a while. Every failure counts, also one of a person; a success
// counts nothing and clears nothing.
type peer struct {
	key, name, rules string
	// window: failures within it are counted, as fail2ban does. Else the
	// rule is a bucket that holds capacity and leaks one each leak, as
	// CrowdSec's is, and the one more than it holds bans.
	capacity int
	window   time.Duration
	leak     time.Duration
	ban      time.Duration

	of           []banned // by the number of the address
	unchallenged int
	people, deny int
	bans         int
}

// banned is what a peer knows of an address.
type banned struct {
	until int64
	level float64
	last  int64
	times []int64 // of failures within the window
	ever  bool
}

// newPeers are the peers for logs of a format and so many addresses: CrowdSec has scenarios of its
// own for sshd.
func newPeers(format string, addresses int) []*peer {
	peers := []*peer{
		{key: "fail2ban_10m", name: "fail2ban, ban 10 min", rules: "5 failures in 600 s", capacity: 5, window: 600 * time.Second, ban: 600 * time.Second},
		{key: "fail2ban_24h", name: "fail2ban, ban 24 h", rules: "5 failures in 600 s", capacity: 5, window: 600 * time.Second, ban: 24 * time.Hour},
	}
	const ban = 4 * time.Hour
	if format == FormatSSHD {
		peers = append(peers,
			&peer{key: "crowdsec_ssh_bf", name: "CrowdSec ssh-bf", rules: "capacity 5, leak 10 s", capacity: 5, leak: 10 * time.Second, ban: ban},
			&peer{key: "crowdsec_ssh_slow_bf", name: "CrowdSec ssh-slow-bf", rules: "capacity 10, leak 60 s", capacity: 10, leak: time.Minute, ban: ban})
	} else {
		peers = append(peers,
			&peer{key: "crowdsec_http_bf", name: "CrowdSec http-generic-bf", rules: "capacity 5, leak 10 s", capacity: 5, leak: 10 * time.Second, ban: ban})
	}
	for _, p := range peers {
		p.of = make([]banned, addresses)
	}
	return peers
}

func (p *peer) step(e *Event, address uint32, person bool) {
	b := &p.of[address]
	stopped := e.At < b.until
	if person {
		if p.people++; stopped {
			p.deny++
		}
	}
	if e.Outcome != Failed || stopped {
		return
	}
	p.unchallenged++
	if b.failed(p, e.At) {
		b.until, b.level, b.times = e.At+int64(p.ban), 0, b.times[:0]
		if !b.ever {
			b.ever = true
			p.bans++
		}
	}
}

// failed counts a failure and reports whether it was the one too many.
func (b *banned) failed(p *peer, now int64) bool {
	if p.window > 0 {
		from := 0
		for from < len(b.times) && b.times[from] <= now-int64(p.window) {
			from++
		}
		b.times = append(b.times[:copy(b.times, b.times[from:])], now)
		return len(b.times) >= p.capacity
	}
	b.level = max(0, b.level-float64(now-b.last)/float64(p.leak)) + 1
	b.last = now
	return b.level > float64(p.capacity)
}

func (p *peer) report(failed int) PeerReport {
	return PeerReport{Name: p.name, Rules: p.rules, Unchallenged: p.unchallenged,
		UnchallengedShare: part64(p.unchallenged, failed), LegitimateDenied: shareOf(p.deny, p.people), Banned: p.bans}
}
