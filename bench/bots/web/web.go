// Package web has the adversary who needs no browser: it speaks HTTP, has our
// source at hand and solves the proof of work natively. It sends the headers
// that Chromium sends, so that nothing but the answer itself can tell.
package web

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// Login is one login to try: whose, with which password, from where.
type Login struct {
	Account, Password, Address string
}

// Visitor is one bot at one address, with cookies of its own.
type Visitor struct {
	Login
	// Requests is how many it has sent.
	Requests int
	// Pause waits. Default: as long as it says, by this machine's clock
	Pause func(context.Context, time.Duration) error

	base   string
	client *http.Client
}

// Visit makes a visitor of the site at base.
func Visit(base string, l Login) *Visitor {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &Visitor{Login: l, Pause: sleep, base: base, client: &http.Client{Jar: jar, Timeout: 60 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// transport is shared: a bot keeps connections open.
var transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}

// Met is what answered a login.
type Met string

// What a login can meet.
const (
	Shop    Met = "shop"    // the shop answered it
	Slider  Met = "slider"  // a check
	Picture Met = "picture" // a check
	Slow    Met = "slow"    // the slow way, and nothing else
	Denied  Met = "denied"  // refused for now
	Other   Met = "other"
)

// Page is an answer and the check in it, if it is one.
type Page struct {
	Met
	Check  *shoptest.Check
	Status int
	After  time.Duration // of a denial
	At     time.Time
}

// SignIn posts the login form.
func (v *Visitor) SignIn(ctx context.Context) (Page, error) {
	form := url.Values{"email": {v.Account}, "password": {v.Password}}
	return v.navigate(ctx, v.base+"/login", form, "/login")
}

// Post posts the check's own form with further fields.
func (v *Visitor) Post(ctx context.Context, c *shoptest.Check, fields url.Values) (Page, error) {
	form := url.Values{"login_guard_hold": {c.Hold}}
	for name, values := range fields {
		form[name] = values
	}
	return v.navigate(ctx, c.Action, form, c.Action)
}

func (v *Visitor) navigate(ctx context.Context, to string, form url.Values, referer string) (Page, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return Page{}, err
	}
	v.dress(r, "navigate", referer)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, body, err := v.send(r)
	if err != nil {
		return Page{}, err
	}
	p := Page{Met: Other, Status: resp.StatusCode, At: time.Now()}
	switch c, err := shoptest.ReadCheck(resp, body); {
	case err == nil && c.Kind == "slider":
		p.Met, p.Check = Slider, c
	case err == nil && c.Task.Picture == "" && c.Task.Sound == "":
		p.Met, p.Check = Slow, c
	case err == nil:
		p.Met, p.Check = Picture, c
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		p.Met = Denied
		s, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // without one it is 0
		p.After = time.Duration(s) * time.Second
	case resp.Header.Get("Login-Guard") == "" && resp.StatusCode < 400:
		p.Met = Shop
	case err != shoptest.ErrNoCheck:
		return p, err
	}
	return p, nil
}

// Reply is what the check's own addresses answer.
type Reply struct {
	Status, Clearance, Error string
	Seconds                  float64
	Queue                    bool
	Task                     *shoptest.Task
}

// Ask posts to one of the check's own addresses as its script does.
func (v *Visitor) Ask(ctx context.Context, c *shoptest.Check, path string, more map[string]any) (Reply, error) {
	ask := map[string]any{"hold": c.Hold, "challenge": c.Task.Token}
	for name, value := range more {
		ask[name] = value
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return Reply{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+c.Prefix+path, bytes.NewReader(body))
	if err != nil {
		return Reply{}, err
	}
	v.dress(r, "cors", c.Action)
	r.Header.Set("Content-Type", "application/json")
	resp, answer, err := v.send(r)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	if err := json.Unmarshal(answer, &reply); err != nil {
		return Reply{}, fmt.Errorf("%s answered %s with %.200q", path, resp.Status, answer)
	}
	return reply, nil
}

// Fetch gets a picture or a sound.
func (v *Visitor) Fetch(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, err
	}
	v.dress(r, "no-cors", v.base+"/login")
	resp, body, err := v.send(r)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", path, resp.Status)
	}
	return body, err
}

func (v *Visitor) send(r *http.Request) (*http.Response, []byte, error) {
	v.Requests++
	resp, err := v.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// dress gives a request what Chromium on Windows sends.
func (v *Visitor) dress(r *http.Request, mode, referer string) {
	h := r.Header
	h.Set("User-Agent", UserAgent)
	h.Set("Accept-Language", "en-US,en;q=0.9")
	h.Set("Accept", "*/*")
	if mode == "navigate" {
		h.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		h.Set("Upgrade-Insecure-Requests", "1")
	}
	h.Set("Origin", v.base)
	h.Set("Referer", referer)
	h.Set("Sec-Fetch-Site", "same-origin")
	h.Set("Sec-Fetch-Mode", mode)
	h.Set("X-Forwarded-For", v.Address)
}

// UserAgent is that of a browser that many have.
const UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

// Work finds the proof of work as fast as this processor can.
func Work(ctx context.Context, t shoptest.Task) (uint32, error) {
	for n := uint32(0); ; n++ {
		if n%64 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		out, err := pbkdf2.Key(sha256.New, strconv.FormatUint(uint64(n), 10), []byte(t.Salt), t.Cost, 32)
		if err != nil {
			return 0, err
		}
		if binary.BigEndian.Uint32(out) < t.Target {
			return n, nil
		}
	}
}
