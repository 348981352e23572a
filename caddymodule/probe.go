package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/identity"
)

// Shops take more names for one account than anybody folds: a customer number
// beside the e-mail address, a pattern, whatever their database takes as
// equal. Most set no cookie that says whose session it is, but each has a page
// that does. It is asked for once after a right password, in the session that
// the login made, and before anything of the shop's answer goes out.

// Bounds of a question to the shop who is signed in.
const (
	// probeTime is how long it may take, with all redirects: a page that is
	// slow under load still comes.
	probeTime = 5 * time.Second
	// probeRedirects are followed on the same host: to another spelling of
	// the address, or the customer's language.
	probeRedirects = 2
)

// tellsWho reports whether the shop says who signed in at a login's door.
func (a *attempt) tellsWho() bool {
	c := a.reading.Endpoint.Config()
	return c.IdentityCookie != "" || c.Identity != nil
}

// shutsFirst reports whether every login at its door shuts its session before
// the shop is asked: only the answer says whose session it is then, and the
// browser has it already.
func (a *attempt) shutsFirst() bool { return a.tellsWho() && a.reading.Endpoint.Config().InPlace }

// probe asks the shop who is signed in after a login that it answered, unless
// it is known. certain says that the answer was a yes, so that there has to be
// somebody.
func (h *Handler) probe(r *http.Request, a *attempt, answer *answerWriter, certain bool, next caddyhttp.Handler) {
	who := a.reading.Endpoint.Config().Identity
	if who == nil || a.asked || next == nil {
		return
	}
	a.asked = true
	name, why, err := h.whoIs(r, a, who, answer.Header(), answer.body.Bytes(), next)
	switch {
	case name != "":
		a.found = name
		h.countProbe(probeFound)
	case err != nil && h.app.state.told(h.name) && a.g.store.Stats().KnownRows > 0:
		a.untold = fmt.Errorf("%w: %w", errUntold, err)
		h.countProbe(probeSilent)
	case certain:
		if err != nil {
			why = "it did not answer whole in time, or with an error"
		}
		h.countProbe(probeMissed)
		if h.second.missed.AllowN(h.now(), 1) {
			h.app.logger.Warn("the shop did not say who signed in: the name that was typed decides whose second factor it is",
				zap.String("site", h.name), zap.String("endpoint", a.reading.Endpoint.Name()), zap.String("why", why))
		}
	}
}

// errUntold: a shop that says who signed in, and has said so since the start,
// does not answer. Who keeps it busy must not choose by the name that he types
// which factor is asked for, so the login waits until it answers again. A shop
// that never said it is set up wrongly, and stays open.
var errUntold = errors.New("the shop does not say who signed in")

// newMissed is how often it is logged that a shop does not say who signed in.
func newMissed() *rate.Limiter { return rate.NewLimiter(rate.Every(time.Minute), 1) }

// Outcomes of asking the shop who signed in.
const (
	probeFound  = "found"
	probeMissed = "missed" // its page has no name
	probeSilent = "silent" // its page does not come
)

func (h *Handler) countProbe(outcome string) {
	h.app.metrics.identities.WithLabelValues(outcome, h.name).Inc()
	h.app.state.probed(h.name, outcome)
}

// whoIs asks for the page that says who is signed in. name is "" if it does
// not say, and why then says what was wrong, without a word of the page. It is
// an error if the page did not come, whole and not as an error of the shop's.
func (h *Handler) whoIs(r *http.Request, a *attempt, who *config.Identity, header http.Header, body []byte, next caddyhttp.Handler) (name, why string, err error) {
	path, query, _ := strings.Cut(who.Path, "?")
	// A session that only the address or the form of the login named: the shop
	// may have signed that one in, unless it began another. In that case the
	// one of before may be somebody else's, and is not asked.
	began := len(h.sessionKeysOf((&http.Response{Header: header}).Cookies(), a.g)) > 0
	if !began {
		path += h.pathSessions(r)
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return "", "its address cannot be read", nil
	}
	u.RawQuery = query
	bearer := ""
	switch {
	case who.TokenHeader != "":
		bearer = header.Get(who.TokenHeader)
	case who.TokenJSON != "":
		bearer, _ = identity.JSON(body, who.TokenJSON)
	case who.TokenQuery != "":
		if token := identity.Parameter(header, body, who.TokenQuery); token != "" {
			u.RawQuery = joined(u.RawQuery, url.Values{who.TokenQuery: {token}}.Encode())
		}
	}
	if !began {
		for _, c := range h.namedSessions(r, a.reading.Body) {
			u.RawQuery = joined(u.RawQuery, url.Values{unescaped(c.Name): {unescaped(c.Value)}}.Encode())
		}
	}
	lines := []string{identity.Cookies(r.Header["Cookie"], header, sameCookie)}
	ctx, cancel := lasting(r, probeTime)
	defer cancel()
	for range 1 + probeRedirects {
		answer, err := askShop(ctx, r, next, u, func(out http.Header) {
			if delete(out, "Cookie"); lines[0] != "" {
				out["Cookie"] = lines
			}
			out.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5")
			if who.JSON != "" {
				out.Set("Accept", "application/json")
				// Apollo's servers answer no GET without one of these, where
				// they guard against requests of other sites.
				out.Set("Apollo-Require-Preflight", "true")
			}
			// A password before the whole shop is the visitor's; a token of
			// his is another session than the login's.
			if name, password, ok := r.BasicAuth(); ok {
				(&http.Request{Header: out}).SetBasicAuth(name, password)
			}
			if bearer != "" {
				out.Set("Authorization", "Bearer "+bearer)
			}
		})
		if err != nil {
			return "", "", err
		}
		if answer.code >= http.StatusInternalServerError || answer.code == http.StatusTooManyRequests {
			return "", "", fmt.Errorf("%w: status %d", errOwn, answer.code)
		}
		if to := answer.elsewhere(r, u); to != nil {
			u, lines[0] = to, identity.Cookies(lines, answer.sent, sameCookie)
			continue
		}
		name, why = read(who, answer)
		return name, why, nil
	}
	return "", "its page leads elsewhere, again and again", nil
}

// pathSessions are the sessions that the path of a request names, as a path
// has them at its end.
func (h *Handler) pathSessions(r *http.Request) (params string) {
	for part := range strings.FieldsFuncSeq(pathPairs(r), betweenPairs) {
		if h.namedSession(part) != nil {
			params += ";" + part
		}
	}
	return params
}

// read reads the name from the answer.
func read(who *config.Identity, answer *ownAnswer) (name, why string) {
	var err error
	switch {
	case answer.code != http.StatusOK:
		return "", "its page has another status than 200"
	case answer.sent.Get("Content-Encoding") != "" && !strings.EqualFold(answer.sent.Get("Content-Encoding"), "identity"):
		return "", "its page is compressed, though that was not asked for"
	case who.Field != "":
		name, err = identity.Field(answer.body.Bytes(), who.Field)
	default:
		name, err = identity.JSON(answer.body.Bytes(), who.JSON)
	}
	switch {
	case err != nil && who.JSON != "" && !json.Valid(answer.body.Bytes()):
		return "", "its answer is no JSON"
	case err != nil:
		return "", "several names stand on its page"
	case name == "":
		return "", "no name stands on its page"
	}
	return name, ""
}

// sameCookie reports whether a shop may take one name of a cookie for another.
func sameCookie(a, b string) bool { return sessionName(a) == sessionName(b) }

func joined(query, more string) string {
	if query == "" {
		return more
	}
	return query + "&" + more
}

// outlast is a context that goes on for a while when its client has gone. A
// login that shut its session is brought to its end, so that it is known whose
// session it is by then: nobody else opens it.
func outlast(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	left := context.AfterFunc(r.Context(), func() {
		t := time.NewTimer(outlastTime)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { left(); cancel() }
}

// outlastTime is how long a login goes on that nobody waits for any more.
const outlastTime = 30 * time.Second

// identity is who signed in as the shop says.
func (h *Handler) identity(a *attempt, answer http.Header) (string, bool) {
	if a.found != "" {
		return a.found, true
	}
	if pattern := a.reading.Endpoint.Config().IdentityCookie; pattern != "" {
		return identityOf([]string{pattern}, answer)
	}
	return "", false
}
