// Package send delivers codes and notices: to a webhook that the shop's
// operator names, and by SMTP.
//
// A message is tried once. Whoever does not get a code asks for another, and
// that is counted; a second try of ours would be a second SMS to pay for. No
// error holds a code, a number, an address, a secret or a URL's query.
package send

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Message is something to deliver to one person.
type Message struct {
	ID      string // of this message; a receiver may drop one it has seen
	Kind    string // "sms" or "email"
	To      string // E.164 number or address
	Subject string // of e-mail
	Text    string
	Code    string // as in Text
	Site    string // host name of the shop
	Lang    string // tag of the language of Text
}

// Sender delivers messages. now is the time to sign and date with.
type Sender interface {
	Send(ctx context.Context, now time.Time, m Message) error
}

// Errors of a sender; test them with errors.Is.
var (
	// ErrRefused: the other side does not take it; later it may.
	ErrRefused = errors.New("not accepted")
	// ErrMessage: the message cannot be sent at all.
	ErrMessage = errors.New("not a message that can be sent")
)

// timeout of one delivery, beside that of the context: a person waits for it.
const timeout = 15 * time.Second

// Text is a sentence with the code, and for SMS the line by which browsers
// offer it on the shop's host only ("Origin-bound one-time codes delivered
// via SMS", WICG). That line has to be the last one, and no other may look
// like it.
func Text(kind, sentence, host, code string) string {
	var lines []string
	for _, l := range strings.FieldsFunc(sentence, func(r rune) bool { return r == '\r' || r == '\n' || r == '\u2028' || r == '\u2029' }) {
		if l = strings.TrimSpace(clean(l)); l != "" && l[0] != '@' {
			lines = append(lines, l)
		}
	}
	text := strings.Join(lines, "\n")
	if !strings.Contains(text, code) {
		text = strings.TrimSpace(text + " " + code)
	}
	if kind != "sms" {
		return text
	}
	return text + "\n\n@" + host + " #" + code
}

// clean leaves out what does not show.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// near reports whether a host is this machine or in a network of its own,
// where what is not encrypted is not read by others: a loopback or private
// address, or a name without a dot.
func near(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return host != "" && !strings.Contains(host, ".")
}

// bare is an error without the URL that net/http puts before it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
