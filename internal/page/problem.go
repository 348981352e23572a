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

// problemDocument is a problem with its words.
type problemDocument struct {
	Problem
	lang   *Language
	status int
	when   string // how long to wait, in words; empty where it says nothing
}

// problemForm is what decides on a problem's fixed text.
type problemForm struct {
	kind Kind
	lang *Language
	// What it has of its optional parts.
	ref, challenge, retry, when bool
}

// Problem sends application/problem+json, with title and detail in the
// reader's language.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, status int, pr Problem) error {
	switch pr.Kind {
	case Slider, Picture, Sound, Slow, Deny, Gone, OnceMore, Unreachable, Unreadable, TooLarge, Foreign, SecondFactor:
	default:
		return fmt.Errorf("sending a problem: there is no kind %q", pr.Kind)
	}
	lang := p.Language(r)
	d := problemDocument{Problem: pr, lang: lang, status: status}
	if pr.Kind == Deny && pr.RetryAfter > 0 {
		d.when = lang.denyWhen[step(pr.RetryAfter)]
	}
	s := p.borrow()
	defer p.giveBack(s)
	var err error
	if s.body, err = p.renderProblem(s.body[:0], &d); err != nil {
		return err
	}
	h, own := w.Header(), make(values, 0, 7)
	own.common(h, lang)
	own.set(h, "Content-Type", "application/problem+json")
	if pr.RetryAfter > 0 {
		own.set(h, "Retry-After", strconv.Itoa(pr.RetryAfter))
	}
	own.set(h, "Content-Length", strconv.Itoa(len(s.body)))
	return send(w, r, status, s.body)
}

// renderProblem appends the problem to dst.
func (p *Pages) renderProblem(dst []byte, d *problemDocument) ([]byte, error) {
	form := problemForm{kind: d.Kind, lang: d.lang, ref: d.Ref != "", challenge: d.Challenge != "", retry: d.RetryAfter != 0, when: d.when != ""}
	s, known := p.problems.get(form)
	if !known {
		s = problemStencil(*d)
		p.problems.put(form, s)
	}
	if s != nil {
		return d.fill(dst, s), nil
	}
	body, err := d.encode()
	return append(dst, body...), err
}

// encode makes the problem with the JSON encoder.
func (d *problemDocument) encode() ([]byte, error) {
	words := string(d.Kind)
	switch d.Kind {
	case Slider, Picture, Sound, Slow:
		words = "check"
	case SecondFactor:
		words = "second_tab"
	}
	b := problemBody{
		Type:   problemTypes + string(d.Kind),
		Title:  d.lang.Text(words + "_title"),
		Status: d.status,
		Detail: d.lang.Text(words + "_text"),
		Ref:    d.Ref, Challenge: d.Challenge, RetryAfter: d.RetryAfter,
	}
	if d.when != "" {
		b.Detail += " " + d.when
	}
	body, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("sending a problem: %w", err)
	}
	return body, nil
}

// problemStencil makes the stencil for all problems of one form.
func problemStencil(d problemDocument) stencil {
	with := func(by *standIns) *problemDocument {
		other := d
		other.replace(by)
		return &other
	}
	return newStencil(
		func(by *standIns) ([]byte, error) { return with(by).encode() },
		func(by *standIns, s stencil) []byte { return with(by).fill(nil, s) })
}

// replace puts other values in place of all that do not belong to the form.
func (d *problemDocument) replace(by *standIns) {
	d.status = by.number[gapStatus]
	by.set(&d.Ref, gapRef)
	by.set(&d.Challenge, gapPath)
	by.set(&d.when, gapWhen)
	if d.RetryAfter != 0 {
		d.RetryAfter = by.number[gapRetry]
	}
}

// fill appends the problem that a stencil makes with the document's values.
func (d *problemDocument) fill(dst []byte, s stencil) []byte {
	for i := range s {
		dst = append(dst, s[i].text...)
		switch s[i].gap {
		case gapStatus:
			dst = strconv.AppendInt(dst, int64(d.status), 10)
		case gapRef:
			dst = appendJSON(dst, d.Ref)
		case gapPath:
			dst = appendJSON(dst, d.Challenge)
		case gapWhen:
			dst = appendJSON(dst, d.when)
		case gapRetry:
			dst = strconv.AppendInt(dst, int64(d.RetryAfter), 10)
		}
	}
	return dst
}
