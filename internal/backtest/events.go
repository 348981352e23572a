package backtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// eventsReader reads the gateway's own decisions: one JSON object a line, as
// Caddy's log has them, as the verb `events --json` prints them, or as the
// journal keeps them.
//
// A login that was held for a check wrote a record at the check and one at
// the end, with the same reference: that is one attempt, of the first one's
// time and the last one's outcome. One that never came back counts as failed.
// Addresses are as they were logged. Of truncated ones a keyed hash of the
// address, where the record has it, still tells one from another; without it
// everybody of a /24 or /48 is one address.
type eventsReader struct {
	log   *Log
	open  map[string]int // by reference: place in the log's events
	hosts map[string]netip.Addr
	used  map[netip.Addr]byte // by network: hosts so far
	names nameless
}

func newEvents(l *Log) *eventsReader {
	return &eventsReader{l, make(map[string]int), make(map[string]netip.Addr), make(map[netip.Addr]byte), newNameless()}
}

func (r *eventsReader) end(func(Event)) { r.open = nil }

// decision is what is looked at of a record.
type decision struct {
	TS      json.RawMessage `json:"ts"`
	Time    json.RawMessage `json:"time"`
	At      json.RawMessage `json:"at"`
	Msg     string          `json:"msg"`
	Ref     string          `json:"ref"`
	Action  string          `json:"action"`
	Outcome string          `json:"outcome"`
	Reasons json.RawMessage `json:"reasons"`
	Account string          `json:"account"`
	Address string          `json:"address"`
	Host    string          `json:"host"`
	Country string          `json:"country"`
	ASN     uint32          `json:"asn"`
	Count   int             `json:"count"`
	Basis   struct {
		Facts struct{ Family string } `json:"facts"`
	} `json:"basis"`
}

var errFolded = errors.New("it stands for many denials and names none of them")

func (r *eventsReader) line(b []byte, add func(Event)) (bool, error) {
	var d decision
	if err := json.Unmarshal(b, &d); err != nil {
		return false, fmt.Errorf("no JSON object: %w", err)
	}
	switch {
	case d.Msg != "" && d.Msg != "decision", d.Action == "":
		return true, nil // another line of Caddy's log
	case d.Action == "unreadable":
		return true, nil
	case d.Count > 1:
		return false, errFolded
	}
	if i, ok := r.open[d.Ref]; ok && d.Ref != "" {
		o, err := parseOutcome(d.Outcome)
		if err != nil {
			return false, err
		}
		if r.log.Events[i].Outcome = o; d.Outcome != "none" {
			delete(r.open, d.Ref)
		}
		return true, nil
	}
	e, err := r.event(&d)
	if err != nil {
		return false, err
	}
	add(e)
	if d.Outcome == "none" && (d.Action == "slider" || d.Action == "picture") {
		r.open[d.Ref] = len(r.log.Events) - 1
	}
	return false, nil
}

// event is the attempt of a record.
func (r *eventsReader) event(d *decision) (e Event, err error) {
	for _, when := range []json.RawMessage{d.TS, d.At, d.Time} {
		if len(when) > 0 {
			if e.At, err = parseTime(strings.Trim(string(when), `"`)); err != nil {
				return e, err
			}
			break
		}
	}
	if e.At == 0 {
		return e, errors.New("no time: want ts, at or time")
	}
	if e.Address, err = r.address(d); err != nil {
		return e, err
	}
	if e.Outcome, err = parseOutcome(d.Outcome); err != nil {
		return e, err
	}
	e.Country, e.ASN = parseCountry(d.Country), d.ASN
	e.Cookie = CookieAbsent
	if slices.Contains(codesOf(d.Reasons), "device.known") {
		e.Cookie = CookieBrought
	}
	e.Client = r.log.Client.Put(d.Basis.Facts.Family)
	if e.Account = r.log.Account.Put(d.Account); e.Account == 0 {
		e.Account = r.names.account(r.log, &e)
	}
	return e, nil
}

// address reads an address as the log has it: in full, or its network with a
// keyed hash of the address, for which one of the network's stands.
func (r *eventsReader) address(d *decision) (netip.Addr, error) {
	p, err := netip.ParsePrefix(d.Address)
	if err != nil {
		return parseAddress(d.Address)
	}
	network := p.Addr().Unmap()
	if d.Host == "" {
		r.log.note("Addresses were logged truncated: everybody of a /24 or /48 is one address here. `log_addresses full` tells them apart.")
		return network, nil
	}
	a, ok := r.hosts[d.Host]
	if !ok {
		r.used[network]++ // 256 of a /24 and no more; then two share one
		if b := network.As16(); network.Is4() {
			b[15] = r.used[network]
			a = netip.AddrFrom16(b).Unmap()
		} else {
			n := len(r.hosts) // IPv6 counts by /64
			b[6], b[7] = byte(n>>8), byte(n)
			a = netip.AddrFrom16(b)
		}
		r.hosts[d.Host] = a
	}
	return a, nil
}

// codesOf reads reasons that are codes, or objects with a code.
func codesOf(raw json.RawMessage) (codes []string) {
	if json.Unmarshal(raw, &codes) == nil {
		return codes
	}
	var list []struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	codes = nil
	for _, r := range list {
		codes = append(codes, r.Code)
	}
	return codes
}
