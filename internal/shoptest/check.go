package shoptest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Check is a check's page as a client reads it, by the names that shoppers'
// browsers rely on and not by the product's types.
type Check struct {
	// Kind is the item of the Login-Guard header: `slider`, `picture`.
	Kind string
	// Ref is what a customer tells support.
	Ref string
	// Action is the absolute address that the form posts to.
	Action string
	// Hold is the page's half of the held login.
	Hold string
	// Prefix is the path below which the check is answered.
	Prefix string
	Task   Task
}

// Task is the proof of work in a check's page.
type Task struct {
	Token   string `json:"token"`
	Salt    string `json:"salt"`
	Cost    int    `json:"cost"`
	Target  uint32 `json:"target"`
	Floor   int    `json:"floor"` // milliseconds before an answer is taken
	Picture string `json:"picture"`
	Sound   string `json:"sound"`
}

// ErrNoCheck: the answer is no check's page.
var ErrNoCheck = errors.New("no check")

var (
	guardHeader = regexp.MustCompile(`^([a-z-]+)(?:;\s*ref="([^"]*)")?`)
	formAction  = regexp.MustCompile(`<form id="lg-form"[^>]* action="([^"]*)"`)
	holdField   = regexp.MustCompile(`name="?login_guard_hold"? value="([^"]*)"`)
	dataScript  = regexp.MustCompile(`(?s)<script type="?application/json"? id="?lg-data"?>(.*?)</script>`)
)

// ReadCheck reads the page of a check out of the answer to a request. It
// returns ErrNoCheck where the answer is something else; the answer's body
// is then to be read from body.
func ReadCheck(answer *http.Response, body []byte) (*Check, error) {
	item := guardHeader.FindStringSubmatch(answer.Header.Get("Login-Guard"))
	if item == nil || item[1] != "slider" && item[1] != "picture" {
		return nil, ErrNoCheck
	}
	c := &Check{Kind: item[1], Ref: item[2]}
	part := func(what string, re *regexp.Regexp) (string, error) {
		m := re.FindSubmatch(body)
		if m == nil {
			return "", fmt.Errorf("the page of the %s has no %s", c.Kind, what)
		}
		return html.UnescapeString(string(m[1])), nil
	}
	action, err := part("form", formAction)
	if err != nil {
		return nil, err
	}
	to, err := answer.Request.URL.Parse(action)
	if err != nil {
		return nil, fmt.Errorf("reading the form's address: %w", err)
	}
	c.Action = to.String()
	if c.Hold, err = part("hold", holdField); err != nil {
		return nil, err
	}
	m := dataScript.FindSubmatch(body)
	if m == nil {
		return nil, fmt.Errorf("the page of the %s has no task", c.Kind)
	}
	var data struct {
		Prefix string
		Task   Task
	}
	if err := json.Unmarshal(m[1], &data); err != nil {
		return nil, fmt.Errorf("reading the task: %w", err)
	}
	c.Prefix, c.Task = data.Prefix, data.Task
	return c, nil
}

// Verdict is the server's word on an answer.
type Verdict struct {
	Status    string // `checked`, `again`, `wait`, `busy`, `picture`, `gone`
	Clearance string
	Seconds   float64
	Task      Task
}

// Verify solves the proof of work, waits as long as the check asks and sends
// the answer as the page's script does. header goes with the request, beside
// what a browser would send.
func (c *Check) Verify(ctx context.Context, client *http.Client, header http.Header, way, text string) (Verdict, error) {
	began := time.Now()
	target := c.Task.Target
	if way == "press" {
		target = min(target, 1<<32/600) // four times the least
	}
	n, err := Solve(ctx, []byte(c.Task.Salt), c.Task.Cost, target)
	if err != nil {
		return Verdict{}, err
	}
	floor := time.Duration(c.Task.Floor)*time.Millisecond + 20*time.Millisecond
	seen, took := Seen(way)
	floor = max(floor, took)
	if err := wait(ctx, floor-time.Since(began)); err != nil {
		return Verdict{}, err
	}
	answer := map[string]any{"hold": c.Hold, "challenge": c.Task.Token, "pow": n, "way": way}
	if text != "" {
		answer["answer"] = text
	}
	if seen != nil {
		answer["seen"] = seen
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return Verdict{}, err
	}
	to, err := url.Parse(c.Action)
	if err != nil {
		return Verdict{}, err
	}
	if to, err = to.Parse(c.Prefix + "verify"); err != nil {
		return Verdict{}, err
	}
	request, err := c.request(ctx, to.String(), "application/json", b, header)
	if err != nil {
		return Verdict{}, err
	}
	reply, err := client.Do(request)
	if err != nil {
		return Verdict{}, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return Verdict{}, err
	}
	var v Verdict
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("verify answered %s with %.200q", reply.Status, body)
	}
	return v, nil
}

// Continue posts the form with a clearance, as the page does after "Checked";
// the answer is what stands in the browser then.
func (c *Check) Continue(ctx context.Context, client *http.Client, header http.Header, clearance string) (*http.Response, error) {
	form := url.Values{"login_guard_hold": {c.Hold}, "login_guard_clearance": {clearance}}
	request, err := c.request(ctx, c.Action, "application/x-www-form-urlencoded", []byte(form.Encode()), header)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Sec-Fetch-Mode", "navigate")
	request.Header.Set("Accept", "text/html,application/xhtml+xml")
	return client.Do(request)
}

// Pass answers a slider by pointer and goes on.
func (c *Check) Pass(ctx context.Context, client *http.Client, header http.Header) (*http.Response, error) {
	v, err := c.Verify(ctx, client, header, "pointer", "")
	if err != nil {
		return nil, fmt.Errorf("answering the %s: %w", c.Kind, err)
	}
	if v.Status != "checked" {
		return nil, fmt.Errorf("answering the %s: the server says %q", c.Kind, v.Status)
	}
	return c.Continue(ctx, client, header, v.Clearance)
}

func (c *Check) request(ctx context.Context, to, contentType string, body []byte, header http.Header) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = append([]string(nil), values...)
	}
	u, err := url.Parse(c.Action)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Origin", strings.ToLower(u.Scheme)+"://"+u.Host)
	r.Header.Set("Referer", c.Action)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	return r, nil
}
