package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// problemTypes is the start of the addresses that name a problem's type; the
// rest is the Kind. They are identifiers, kept for good.
const problemTypes = "https://github.com/login-guard/login-guard/blob/main/docs/problems.md#"

// Problem is what a script gets in place of a page.
type Problem struct {
	Kind Kind
	// What a customer tells support.
	Ref string
	// Path of the check on this origin; empty where none helps.
	Challenge string
	// Seconds to wait, also sent as Retry-After; 0 for none.
	RetryAfter int
}

// problemBody is the wire form, RFC 9457 §3 with our own members.
type problemBody struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Ref        string `json:"ref,omitempty"`
	Challenge  string `json:"challenge,omitempty"`
	RetryAfter int    `json:"retry_after,omitempty"`
}

// Problem sends application/problem+json, with title and detail in the
// reader's language.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, status int, pr Problem) error {
	lang := p.Language(r)
	title, detail := string(pr.Kind)+"_title", string(pr.Kind)+"_text"
	switch pr.Kind {
	case Slider, Picture, Slow:
		title, detail = "check_title", "check_text"
	case Deny, Gone, OnceMore, Unreachable, Unreadable, TooLarge, Foreign:
	default:
		return fmt.Errorf("sending a problem: there is no kind %q", pr.Kind)
	}
	b := problemBody{
		Type:   problemTypes + string(pr.Kind),
		Title:  lang.Text(title),
		Status: status,
		Detail: lang.Text(detail),
		Ref:    pr.Ref, Challenge: pr.Challenge, RetryAfter: pr.RetryAfter,
	}
	if pr.Kind == Deny && pr.RetryAfter > 0 {
		b.Detail += " " + fill(lang.Text("deny_when"), lang.In(pr.RetryAfter))
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("sending a problem: %w", err)
	}
	h := w.Header()
	common(h, lang)
	h.Set("Content-Type", "application/problem+json")
	if pr.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(pr.RetryAfter))
	}
	return send(w, r, status, body)
}
