package caddymodule

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/factor/send"
)

func zapKind(k factor.Kind) zap.Field { return zap.Stringer("kind", k) }

// newSenders makes what sends codes and notices.
func (s *second) newSenders() error {
	s.senders = make(map[factor.Kind]send.Sender)
	for _, c := range s.Codes {
		kind := factor.SMS
		if c.Kind == config.SendEmail {
			kind = factor.Email
		}
		var err error
		if strings.HasPrefix(c.URL, "smtp") {
			s.senders[kind], err = send.NewSMTP(c.URL, c.From, nil)
		} else {
			s.senders[kind], err = send.NewWebhook(c.URL, []byte(c.Secret), c.Body, headerOf(c.Header))
		}
		if err != nil {
			return fmt.Errorf("second_factor code %s: %w", c.Kind, err)
		}
	}
	if s.Notify != nil {
		var err error
		if s.hook, err = send.NewWebhook(s.Notify.URL, []byte(s.Notify.Secret), "", headerOf(s.Notify.Header)); err != nil {
			return fmt.Errorf("second_factor notify: %w", err)
		}
	}
	return nil
}

func headerOf(fields map[string]string) http.Header {
	h := make(http.Header, len(fields))
	for name, value := range fields {
		h.Set(name, value)
	}
	return h
}

// close ends idle connections of senders.
func (s *second) close() {
	if s == nil {
		return
	}
	for _, one := range s.senders {
		if w, ok := one.(*send.Webhook); ok {
			w.Close()
		}
	}
	if s.hook != nil {
		s.hook.Close()
	}
}

// notice is what the operator's webhook gets.
type notice struct {
	Type   string `json:"type"` // notice
	ID     string `json:"id"`
	Site   string `json:"site"`
	Event  string `json:"event"`
	Method string `json:"method,omitempty"`
	// Account as it was typed: the shop finds its customer by it.
	Account string    `json:"account"`
	At      time.Time `json:"at"`
	Browser string    `json:"browser,omitempty"`
	Country string    `json:"country,omitempty"`
	Count   int       `json:"count,omitempty"`
}

const (
	// notifyFor is how long a webhook may take; nobody waits for it.
	notifyFor = 20 * time.Second
	// notifyAtOnce is how many go out at the same time, and notifyRoom how
	// many wait for that. Whoever guesses makes notices, and a webhook may hang.
	notifyAtOnce, notifyRoom = 8, 1000
)

// queue bounds the notices that are on their way.
type queue struct {
	waiting atomic.Int64
	going   chan struct{}
}

func newQueue() *queue { return &queue{going: make(chan struct{}, notifyAtOnce)} }

// run runs f soon, in a goroutine, and reports whether there was room.
func (q *queue) run(f func()) bool {
	if q.waiting.Add(1) > notifyRoom {
		q.waiting.Add(-1)
		return false
	}
	go func() {
		defer q.waiting.Add(-1)
		q.going <- struct{}{}
		defer func() { <-q.going }()
		f()
	}()
	return true
}

// notify tells the operator's webhook what happened to an account's second
// factor, so that the shop can write to its owner.
func (h *Handler) notify(name string, all []factor.Notice) {
	if h.second.hook == nil || len(all) == 0 {
		return
	}
	going := h.second.notices.run(func() {
		ctx, cancel := context.WithTimeout(context.Background(), notifyFor)
		defer cancel()
		for _, n := range all {
			body, err := json.Marshal(notice{Type: "notice", ID: n.ID, Site: h.name, Event: n.Event.String(), Method: methodName(n.Class),
				Account: name, At: n.At.UTC(), Browser: n.From.Client, Country: n.From.Place, Count: n.Count})
			if err == nil {
				err = h.second.hook.Post(ctx, h.now(), body)
			}
			if err != nil {
				h.app.logger.Warn("a notice did not reach the webhook", zap.String("event", n.Event.String()), zapError(err))
			}
		}
	})
	if !going {
		h.app.logger.Warn("a notice did not reach the webhook, as too many wait for it", zap.String("event", all[0].Event.String()))
	}
}

func methodName(c factor.Class) string {
	if c == factor.ClassNone {
		return ""
	}
	return c.String()
}

// sentFrom is the host that a code is for, as its message says: phones offer it
// there and nowhere else. Where a site answers to any name, a fake one that
// passes a login on could have its own written; there it is the site's.
func (h *Handler) sentFrom(r *http.Request) string {
	host := r.Host
	if u, err := url.Parse("//" + r.Host); err == nil {
		host = u.Hostname()
	}
	if _, err := netip.ParseAddr(host); h.anyHost && err != nil && host != "localhost" && strings.Contains(h.name, ".") {
		return h.name
	}
	return host
}

// deliver sends one code.
func (h *Handler) deliver(ctx context.Context, r *http.Request, how send.Sender, m factor.Message) error {
	host := h.sentFrom(r)
	subject, text, lang := h.pages.CodeMessage(r, host, m.Code)
	var id [8]byte
	if _, err := h.random.Read(id[:]); err != nil {
		return err
	}
	return how.Send(ctx, h.now(), send.Message{
		ID: hex.EncodeToString(id[:]), Kind: m.Kind.String(), To: m.To, Code: m.Code, Site: host, Lang: lang,
		Subject: subject, Text: send.Text(m.Kind.String(), text, host, m.Code),
	})
}
