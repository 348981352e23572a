package send

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries t=UNIX,v1=HEX: HMAC-SHA-256 with the secret over
// the seconds, a dot and the body. A receiver refuses what is older than a
// few minutes, so that nobody replays it.
const SignatureHeader = "Login-Guard-Signature"

// DefaultBody of a webhook for codes.
const DefaultBody = `{"id":"{id}","kind":"{kind}","to":"{to}","subject":"{subject}","text":"{text}","code":"{code}","site":"{site}","lang":"{lang}"}`

// minSecret is how many bytes a secret has at least.
const minSecret = 16

// Webhook posts JSON.
type Webhook struct {
	url    *url.URL
	secret []byte
	body   string
	header http.Header
	client *http.Client
}

// NewWebhook makes a sender that posts to address. secret signs; without one
// anybody could send in the shop's name, so it is required. body is JSON in
// which {id}, {kind}, {to}, {subject}, {text}, {code}, {site} and {lang}
// stand inside strings; empty: DefaultBody. header is added to each request,
// such as a provider's Authorization. HTTPS is required, but for hosts
// nearby.
func NewWebhook(address string, secret []byte, body string, header http.Header) (*Webhook, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("webhook: want an address that begins with https://")
	case u.Scheme == "http" && !near(u.Hostname()):
		return nil, fmt.Errorf("webhook at %s: want https://, or codes can be read on the way", u.Host)
	case len(secret) < minSecret:
		return nil, fmt.Errorf("webhook at %s: want a secret of at least %d characters; `openssl rand -base64 32` makes one", u.Host, minSecret)
	}
	if body == "" {
		body = DefaultBody
	}
	w := &Webhook{url: u, secret: bytes.Clone(secret), body: body, header: header.Clone()}
	if w.header == nil {
		w.header = make(http.Header)
	}
	// Whatever a value is, the body has to stay what it is. A number for a
	// value shows placeholders that stand outside a string.
	if !json.Valid(w.fill(Message{ID: `"`, Kind: `\`, To: "\n", Subject: "é", Text: "a b", Code: `"}`, Site: ",", Lang: "x"})) {
		return nil, fmt.Errorf("webhook at %s: the body is not JSON with placeholders inside its strings", u.Host)
	}
	w.client = &http.Client{
		Timeout: timeout,
		// A code goes where the operator said and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}
	return w, nil
}

// Close ends idle connections.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// fill puts a message into the body, each value as it stands inside a JSON
// string.
func (w *Webhook) fill(m Message) []byte {
	inside := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			return ""
		}
		return string(b[1 : len(b)-1])
	}
	return []byte(strings.NewReplacer(
		"{id}", inside(m.ID), "{kind}", inside(m.Kind), "{to}", inside(m.To), "{subject}", inside(m.Subject),
		"{text}", inside(m.Text), "{code}", inside(m.Code), "{site}", inside(m.Site), "{lang}", inside(m.Lang),
	).Replace(w.body))
}

// Send posts a message.
func (w *Webhook) Send(ctx context.Context, now time.Time, m Message) error {
	return w.Post(ctx, now, w.fill(m))
}

// Post posts a body of its own, for notices.
func (w *Webhook) Post(ctx context.Context, now time.Time, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook at %s: %w", w.url.Host, bare(err))
	}
	r.Header = w.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Login-Guard")
	r.Header.Set(SignatureHeader, w.sign(now, body))
	answer, err := w.client.Do(r)
	if err != nil {
		return fmt.Errorf("webhook at %s: %w", w.url.Host, bare(err))
	}
	defer answer.Body.Close()
	// What it says may repeat the code: it is read for the connection's sake
	// and not told on.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("webhook at %s: %w: status %d", w.url.Host, ErrRefused, answer.StatusCode)
	}
	return nil
}

func (w *Webhook) sign(now time.Time, body []byte) string {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, w.secret)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
