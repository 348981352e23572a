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
// Caddy's log has them or the verb `events --json` prints them.
//
// A login that was held for a check wrote a record at the check and one at
// the end, with the same reference: that is one attempt, of the first one's
// time and the last one's outcome. One that never came back counts as failed.
// Addresses are as they were logged: truncated ones put everybody of a /24 or
// /48 at one address, which only `log_addresses full` avoids.
type eventsReader struct {
	log  *Log
	open map[string]int // by reference: place in the log's events
}

func newEvents(l *Log) *eventsReader { return &eventsReader{l, make(map[string]int)} }

func (r *eventsReader) end(func(Event)) { r.open = nil }

// decision is what is looked at of a record.
type decision struct {
	TS       json.RawMessage `json:"ts"`
	Time     json.RawMessage `json:"time"`
	Msg      string          `json:"msg"`
	Ref      string          `json:"ref"`
	Action   string          `json:"action"`
	Outcome  string          `json:"outcome"`
	Reasons  json.RawMessage `json:"reasons"`
	Account  string          `json:"account"`
	Address  string          `json:"address"`
	Country  string          `json:"country"`
	ASN      uint32          `json:"asn"`
	Count    int             `json:"count"`
	Endpoint string          `json:"endpoint"`
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
	e := Event{Country: parseCountry(d.Country), ASN: d.ASN}
	var err error
	if len(d.TS) == 0 {
		d.TS = d.Time
	}
	if e.At, err = parseTime(strings.Trim(string(d.TS), `"`)); err != nil {
		return false, err
	}
	if e.Address, err = loggedAddress(d.Address); err != nil {
		return false, err
	}
	if e.Outcome, err = parseOutcome(d.Outcome); err != nil {
		return false, err
	}
	e.Cookie = CookieAbsent
	if slices.Contains(codesOf(d.Reasons), "device.known") {
		e.Cookie = CookieBrought
	}
	e.Account = r.log.Account.Put(d.Account)
	if i, ok := r.open[d.Ref]; ok && d.Ref != "" {
		r.log.Events[i].Outcome = e.Outcome
		if d.Outcome != "none" {
			delete(r.open, d.Ref)
		}
		return true, nil
	}
	add(e)
	if d.Outcome == "none" && (d.Action == "slider" || d.Action == "picture") {
		r.open[d.Ref] = len(r.log.Events) - 1
	}
	return false, nil
}

// loggedAddress reads an address as the log has it: in full, or its network.
func loggedAddress(s string) (netip.Addr, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Addr().Unmap(), nil
	}
	return parseAddress(s)
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
