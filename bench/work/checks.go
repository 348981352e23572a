package work

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/bench/inproc"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// visitors numbers shoppers who come once.
var visitors atomic.Int64

// checkPages are logins that meet a slider, each of somebody else: what is
// measured is keeping the login, making the check and writing the page.
func checkPages(_ *inproc.Player, site string, n int) ([]Op, error) {
	ops := make([]Op, n)
	for i := range ops {
		q := login(clients + int(visitors.Add(1)))
		if site == Guard {
			q.Status, q.Guard = http.StatusOK, "slider"
		}
		ops[i] = Op{q}
	}
	return ops, nil
}

// verified are answers to sliders: the script's post of the answer and the
// form's post after it, which sends the held login on. Elsewhere it is the
// login, twice.
func verified(p *inproc.Player, site string, n int) ([]Op, error) {
	if site != Guard {
		ops, err := checkPages(p, site, n)
		for i := range ops {
			ops[i] = append(ops[i], ops[i][0])
		}
		return ops, err
	}
	asked, err := checkPages(p, site, n)
	if err != nil {
		return nil, err
	}
	keep := p.Keep
	p.Keep = true
	defer func() { p.Keep = keep }()
	checks := make([]*shoptest.Check, n)
	for i, op := range asked {
		if err := p.Play(op[0]); err != nil {
			return nil, err
		}
		answer := &http.Response{Header: p.Header(), Request: &http.Request{URL: &url.URL{Scheme: "http", Host: inproc.Host, Path: "/login"}}}
		if checks[i], err = shoptest.ReadCheck(answer, p.Body()); err != nil {
			return nil, err
		}
	}
	shown := time.Now()
	proofs, err := solveElsewhere(checks)
	if err != nil {
		return nil, err
	}
	// An answer that comes too early is not taken.
	time.Sleep(200*time.Millisecond - time.Since(shown))
	ops := make([]Op, n)
	for i, c := range checks {
		if ops[i], err = answered(c, asked[i][0].Remote, proofs[i]); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

// answered are the two requests of a check that is passed. The clearance
// that the first earns is known to the second when it is played.
func answered(c *shoptest.Check, remote string, proof int) (Op, error) {
	body, err := json.Marshal(map[string]any{"hold": c.Hold, "challenge": c.Task.Token, "pow": proof, "way": "pointer", "track": []any{}})
	if err != nil {
		return nil, err
	}
	verify := &inproc.Request{Method: http.MethodPost, Target: c.Prefix + "verify", Remote: remote, Status: http.StatusOK,
		Header: browser(origin, [2]string{"Content-Type", "application/json"}, [2]string{"Cookie", shopCookie}), Body: body}
	verify.Next = func(answer []byte, next *inproc.Request) error {
		// Cut out and not parsed: this is the browser's work.
		_, rest, _ := bytes.Cut(answer, []byte(`"clearance":"`))
		clearance, _, ok := bytes.Cut(rest, []byte(`"`))
		if !ok {
			return fmt.Errorf("the answer to a check earned %.200q", answer)
		}
		next.Body = append(next.Body, clearance...)
		return nil
	}
	post := &inproc.Request{Method: http.MethodPost, Target: "/login", Remote: remote, Status: http.StatusFound,
		Header: browser(formType, origin, [2]string{"Cookie", shopCookie}),
		Body:   append(make([]byte, 0, 1024), "login_guard_hold="+url.QueryEscape(c.Hold)+"&login_guard_clearance="...)}
	return Op{verify, post}, nil
}
