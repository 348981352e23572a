package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

func (r *relay) sender(t *testing.T, scheme, login string) *SMTP {
	t.Helper()
	s, err := NewSMTP(scheme+"://"+login+r.ln.Addr().String(), "Bäcker & Söhne <no-reply@shop.example>", &tls.Config{RootCAs: r.pool})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var letter = Message{ID: "m1", Kind: "email", To: "anna@example.org", Subject: "Ihr Code: 123456 für " + strings.Repeat("größere ", 12), Code: "123456", Lang: "de",
	Text: "Ihr Code ist 123456.\n.\n" + strings.Repeat("Grüße ", 40)}

func TestMailArrivesAsItWasWrittenOverTLS(t *testing.T) {
	for name, test := range map[string]struct {
		scheme             string
		implicit, starttls bool
		auth               string
	}{
		"STARTTLS and PLAIN":     {"smtp", false, true, "PLAIN"},
		"STARTTLS and LOGIN":     {"smtp", false, true, "LOGIN"},
		"TLS from the first on":  {"smtps", true, false, "PLAIN LOGIN"},
		"nearby and without TLS": {"smtp", false, false, "PLAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, test.implicit, test.starttls)
			r.auth = test.auth
			if err := r.sender(t, test.scheme, "user%40shop:p%3Aw@").Send(context.Background(), now, letter); err != nil {
				t.Fatal(err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if want := test.implicit || test.starttls; r.secure != want {
				t.Errorf("over TLS: %v, want %v", r.secure, want)
			}
			if r.login != " user@shop p:w" {
				t.Errorf("login %q", r.login)
			}
			if !strings.HasPrefix(r.from, "MAIL FROM:<no-reply@shop.example>") || r.to != "RCPT TO:<anna@example.org>" {
				t.Errorf("%q %q", r.from, r.to)
			}
			m, err := mail.ReadMessage(strings.NewReader(r.data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject != letter.Subject {
				t.Errorf("subject %q %v", subject, err)
			}
			from, err := mail.ParseAddress(m.Header.Get("From"))
			if err != nil || from.Name != "Bäcker & Söhne" {
				t.Errorf("from %v %v", from, err)
			}
			if at, err := m.Header.Date(); err != nil || !at.Equal(now) {
				t.Errorf("date %v %v", at, err)
			}
			if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Message-ID") != "<m1@shop.example>" {
				t.Errorf("header %v", m.Header)
			}
			body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			if err != nil || strings.TrimRight(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n") != letter.Text {
				t.Errorf("body %q %v", body, err)
			}
		})
	}
}

func TestNothingInAMessageBecomesAHeaderOrCommand(t *testing.T) {
	r := newRelay(t, false, true)
	s := r.sender(t, "smtp", "")
	for name, change := range map[string]func(*Message){
		"to":        func(m *Message) { m.To = "anna@example.org\r\nRCPT TO:<x@evil.example>" },
		"two":       func(m *Message) { m.To = "anna@example.org, x@evil.example" },
		"to a name": func(m *Message) { m.To = "Anna <anna@example.org>" },
		"command":   func(m *Message) { m.To = "anna@example.org> SIZE=1" },
		"no to":     func(m *Message) { m.To = "" },
		"subject":   func(m *Message) { m.Subject = "x\r\nBcc: x@evil.example" },
		"bare LF":   func(m *Message) { m.Subject = "x\nBcc: x@evil.example" },
		"language":  func(m *Message) { m.Lang = "de\r\nBcc: x@evil.example" },
	} {
		m := letter
		change(&m)
		if err := s.Send(context.Background(), now, m); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v, want ErrMessage", name, err)
		}
	}
	m := letter
	m.ID = "x>\r\nBcc: x@evil.example"
	m.Text = "x\r\n.\r\nMAIL FROM:<x@evil.example>\r\n"
	if err := s.Send(context.Background(), now, m); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.HasPrefix(r.from, "MAIL FROM:<no-reply@") || strings.Contains(r.data, "Bcc") || !strings.Contains(r.data, "MAIL FROM:<x@evil.example>") {
		t.Errorf("from %q, data %q", r.from, r.data)
	}
}

func TestARelayThatDoesNotTakeItIsAnErrorThatTellsNoSecret(t *testing.T) {
	for _, command := range []string{"EHLO", "AUTH", "MAIL", "RCPT", "DATA"} {
		r := newRelay(t, false, true)
		r.refuse = command
		err := r.sender(t, "smtp", "user:s3cret@").Send(context.Background(), now, letter)
		if err == nil || command != "EHLO" && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", command, err)
		}
		tells(t, err)
	}
	r := newRelay(t, false, true)
	r.auth = "CRAM-MD5"
	if err := r.sender(t, "smtp", "user:s3cret@").Send(context.Background(), now, letter); !errors.Is(err, ErrRefused) {
		t.Errorf("no way to log in: %v", err)
	}
	r = newRelay(t, false, false)
	r.auth = "LOGIN"
	if err := r.sender(t, "smtp", "user:s3cret@").Send(context.Background(), now, letter); err == nil || r.login != "" {
		t.Errorf("a password went out without TLS: %v", err)
	}
	// A certificate of nobody.
	r = newRelay(t, true, false)
	r.pool = x509.NewCertPool()
	if err := r.sender(t, "smtps", "user:s3cret@").Send(context.Background(), now, letter); err == nil {
		t.Error("a certificate that nobody vouches for was accepted")
	}
}

func TestARelayThatSaysNothingIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	s, err := NewSMTP("smtp://"+ln.Addr().String(), "no-reply@shop.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, now, letter); err == nil {
		t.Error("no error")
	}
}

func TestAddressesOfRelaysAreChecked(t *testing.T) {
	for address, ok := range map[string]bool{
		"smtp://user:pw@mail.example:587": true, "smtps://mail.example": true, "smtp://localhost": true,
		"": false, "mail.example:587": false, "http://mail.example": false, "smtp://mail.example/x": false, "smtp://mail.example?x": false, "smtp://": false,
	} {
		if _, err := NewSMTP(address, "no-reply@shop.example", nil); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, from := range []string{"", "shop", "a@b.example\r\nBcc: x@evil.example"} {
		if _, err := NewSMTP("smtps://mail.example", from, nil); err == nil {
			t.Errorf("from %q: no error", from)
		}
	}
}

// A relay out on the internet has to offer TLS. Its name has a dot, which is
// all that tells it from one nearby.
func TestARelayFarAwayHasToOfferTLS(t *testing.T) {
	r := newRelay(t, false, false)
	s := r.sender(t, "smtp", "")
	conn, err := net.Dial("tcp", r.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mail.example")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.host = "mail.example"
	if err := s.prepare(c); !errors.Is(err, ErrRefused) {
		t.Errorf("%v, want ErrRefused", err)
	}
}
