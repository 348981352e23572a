package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

// SMTP sends e-mail through a relay (RFC 5321, RFC 6409).
type SMTP struct {
	host, port     string
	user, password string
	from           *mail.Address
	implicit       bool // TLS from the first byte (RFC 8314)
	conf           *tls.Config
}

// NewSMTP makes a sender of an address: smtp://USER:PASSWORD@HOST:587 with
// STARTTLS, which is required but for hosts nearby, or smtps://…:465 with TLS
// from the start. from is who it comes from, with or without a name. conf
// is for certificates; nil: the system's.
func NewSMTP(address, from string, conf *tls.Config) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return nil, errors.New("smtp: want smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")
	}
	s := &SMTP{host: u.Hostname(), port: u.Port(), user: u.User.Username()}
	s.password, _ = u.User.Password()
	port := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.implicit, port = true, "465"
	default:
		return nil, fmt.Errorf("smtp at %s: want smtp:// or smtps://", u.Host)
	}
	if s.port == "" {
		s.port = port
	}
	if s.from, err = mail.ParseAddress(from); err != nil || broken(from) {
		return nil, fmt.Errorf("smtp at %s: from has to be an address, such as Shop <no-reply@shop.example>", u.Host)
	}
	if conf == nil {
		conf = &tls.Config{}
	}
	s.conf = conf.Clone()
	s.conf.ServerName = s.host
	s.conf.MinVersion = max(s.conf.MinVersion, tls.VersionTLS12)
	return s, nil
}

// broken reports whether s would end a header line or an SMTP command.
func broken(s string) bool { return strings.ContainsAny(s, "\r\n\x00") }

// Send delivers an e-mail.
func (s *SMTP) Send(ctx context.Context, now time.Time, m Message) error {
	body, err := s.write(now, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.deliver(ctx, m.To, body); err != nil {
		return fmt.Errorf("smtp at %s: %w", s.host, err)
	}
	return nil
}

func (s *SMTP) deliver(ctx context.Context, to string, body []byte) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail(s.from.Address); err != nil {
		return step("sender", err)
	}
	if err := c.Rcpt(to); err != nil {
		return step("recipient", err)
	}
	w, err := c.Data()
	if err != nil {
		return step("data", err)
	}
	if _, err := w.Write(body); err != nil {
		return step("data", err)
	}
	if err := w.Close(); err != nil {
		return step("data", err)
	}
	// It was accepted, whatever becomes of the good-bye.
	_ = c.Quit()
	return nil
}

// connect dials, secures the connection and logs in.
func (s *SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		return nil, err
	}
	// The deadline is for all that is said on this connection.
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			conn.Close()
			return nil, err
		}
	}
	if s.implicit {
		secure := tls.Client(conn, s.conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	c, err := smtp.NewClient(conn, s.host)
	if err != nil {
		conn.Close()
		return nil, step("greeting", err)
	}
	if err := s.prepare(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (s *SMTP) prepare(c *smtp.Client) error {
	if err := c.Hello("localhost"); err != nil {
		return step("greeting", err)
	}
	if !s.implicit {
		ok, _ := c.Extension("STARTTLS")
		switch {
		case ok:
			if err := c.StartTLS(s.conf); err != nil {
				return step("starttls", err)
			}
		case !near(s.host):
			return fmt.Errorf("%w: it offers no STARTTLS", ErrRefused)
		}
	}
	if s.user == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	var auth smtp.Auth
	switch all := strings.Fields(strings.ToUpper(offered)); {
	case slices.Contains(all, "PLAIN"):
		// It says nothing without TLS, but to this machine.
		auth = smtp.PlainAuth("", s.user, s.password, s.host)
	case slices.Contains(all, "LOGIN"):
		auth = &loginAuth{user: s.user, password: s.password}
	default:
		return fmt.Errorf("%w: it offers neither AUTH PLAIN nor LOGIN", ErrRefused)
	}
	if err := c.Auth(auth); err != nil {
		return step("auth", err)
	}
	return nil
}

// step says where a delivery failed, without what the other side said: that
// may repeat the address.
func step(what string, err error) error {
	var p *textproto.Error
	if errors.As(err, &p) {
		return fmt.Errorf("%w: %s: status %d", ErrRefused, what, p.Code)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// loginAuth is AUTH LOGIN, which has no RFC and is all that some relays
// offer.
type loginAuth struct {
	user, password string
	asked          int
}

func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errors.New("no password without TLS")
	}
	return "LOGIN", nil, nil
}

func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	a.asked++
	switch a.asked {
	case 1:
		return []byte(a.user), nil
	case 2:
		return []byte(a.password), nil
	default:
		return nil, errors.New("asked for more than user and password")
	}
}
