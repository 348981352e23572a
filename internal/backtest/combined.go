package backtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// combinedReader reads web servers' access logs: the combined format of
// Apache and nginx, and Caddy's own (JSON). An attempt is a POST to one of the
// login's paths.
//
// Such a log does not say who wanted to log in. Each address and client
// (User-Agent) counts as one account: a customer at home is one that way, and
// so is a bot that sends many guesses, which hides how many accounts it tries
// and makes the report rather worse than better than what the gateway will
// see. Everybody behind one address with the same browser is one account too.
type combinedReader struct {
	log     *Log
	paths   []string
	success []int
	names   nameless
}

func newCombined(l *Log, o *ReadOptions) *combinedReader {
	c := &combinedReader{log: l, paths: o.Paths, success: o.SuccessStatus, names: newNameless()}
	if c.success == nil {
		c.success = []int{http.StatusFound, http.StatusSeeOther}
	}
	return c
}

func (c *combinedReader) end(func(Event)) {}

func (c *combinedReader) line(b []byte, add func(Event)) (bool, error) {
	var r access
	var err error
	if b[0] == '{' {
		r, err = caddyLine(b)
	} else {
		r, err = combinedLine(b)
	}
	if err != nil {
		return false, err
	}
	if r.method != http.MethodPost || !c.isLogin(r.target) {
		return true, nil
	}
	e := Event{At: r.at, Address: r.address, Outcome: Failed, HTTP: r.http, Client: c.log.Client.put(r.client)}
	if slices.Contains(c.success, r.status) {
		e.Outcome = Succeeded
	}
	e.Account = c.names.account(c.log, &e)
	add(e)
	return false, nil
}

// isLogin reports whether a request's target is the login.
func (c *combinedReader) isLogin(target []byte) bool {
	path, _, _ := strings.Cut(string(target), "?")
	if rest, ok := strings.CutPrefix(path, "http://"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		path = "/" + rest
	}
	return slices.ContainsFunc(c.paths, func(p string) bool {
		if start, ok := strings.CutSuffix(p, "*"); ok {
			return strings.HasPrefix(path, start)
		}
		return path == p || strings.TrimSuffix(path, "/") == strings.TrimSuffix(p, "/")
	})
}

// access is what is looked at of one request. Its texts are parts of the line.
type access struct {
	at      int64
	address netip.Addr
	method  string
	target  []byte
	client  []byte
	status  int
	http    uint8
}

var errCombined = errors.New(`not as: ADDRESS - - [10/Oct/2026:13:55:36 +0000] "POST /login HTTP/1.1" 302 512 "REFERER" "USER-AGENT"`)

// combinedLine reads one line of the combined format, or of the common one,
// which lacks the last two fields.
func combinedLine(b []byte) (r access, err error) {
	address, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok {
		return r, errCombined
	}
	_, rest, ok = bytes.Cut(rest, []byte(" ["))
	if !ok {
		return r, errCombined
	}
	when, rest, ok := bytes.Cut(rest, []byte("] \""))
	if !ok {
		return r, errCombined
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return r, errCombined
	}
	if r.address, err = parseAddress(string(address)); err != nil {
		return r, err
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(when))
	if err != nil || at.Year() < 1980 || at.Year() >= 2200 {
		return r, fmt.Errorf("time %s is not as 10/Oct/2026:13:55:36 +0000", shown(when))
	}
	r.at = at.UnixNano()
	status, rest, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if r.status, err = strconv.Atoi(string(status)); err != nil || r.status < 100 || r.status > 999 {
		return r, fmt.Errorf("status %s is no HTTP status", shown(status))
	}
	method, target, _ := bytes.Cut(request, []byte(" "))
	target, version, _ := bytes.Cut(target, []byte(" "))
	r.method, r.target, r.http = string(method), target, httpVersion(version)
	if _, rest, ok = bytes.Cut(rest, []byte(" \"")); ok {
		if _, rest, ok = quoted(rest); ok {
			if rest, ok = bytes.CutPrefix(rest, []byte(" \"")); ok {
				if r.client, _, ok = quoted(rest); !ok {
					return r, errCombined
				}
			}
		}
	}
	if string(r.client) == "-" {
		r.client = nil
	}
	return r, nil
}

// quoted cuts at the closing quotation mark; one after a backslash closes
// nothing.
func quoted(b []byte) (inside, rest []byte, ok bool) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// httpVersion is the major version of "HTTP/1.1", 0 if it is none.
func httpVersion(b []byte) uint8 {
	if v, ok := bytes.CutPrefix(b, []byte("HTTP/")); ok && len(v) > 0 && v[0] >= '1' && v[0] <= '3' {
		return v[0] - '0'
	}
	return 0
}

// caddyLine reads one line of Caddy's access log.
func caddyLine(b []byte) (r access, err error) {
	var line struct {
		TS      json.RawMessage `json:"ts"`
		Status  int             `json:"status"`
		Request struct {
			ClientIP string              `json:"client_ip"`
			RemoteIP string              `json:"remote_ip"`
			Proto    string              `json:"proto"`
			Method   string              `json:"method"`
			URI      string              `json:"uri"`
			Headers  map[string][]string `json:"headers"`
		} `json:"request"`
	}
	if err := json.Unmarshal(b, &line); err != nil {
		return r, fmt.Errorf("no JSON: %w", err)
	}
	q := &line.Request
	if q.ClientIP == "" {
		q.ClientIP = q.RemoteIP
	}
	if r.address, err = parseAddress(q.ClientIP); err != nil {
		return r, err
	}
	if r.at, err = parseTime(strings.Trim(string(line.TS), `"`)); err != nil {
		return r, err
	}
	r.method, r.target, r.status, r.http = q.Method, []byte(q.URI), line.Status, httpVersion([]byte(q.Proto))
	if ua := q.Headers["User-Agent"]; len(ua) > 0 {
		r.client = []byte(ua[0])
	}
	return r, nil
}
