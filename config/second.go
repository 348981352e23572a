package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Whether accounts may, or must, have a second factor.
const (
	SecondOff      = "off"
	SecondOptional = "optional"
	SecondRequired = "required"
)

// Ways to send a code.
const (
	SendSMS   = "sms"
	SendEmail = "email"
)

// SecondFactor says what a login needs beside the password: a code of an app,
// a passkey, a code that is sent. Customers set it up themselves, on a page
// below the path prefix.
type SecondFactor struct {
	// `off`, `optional` (customers choose) or `required`. Default: off
	Mode string `json:"mode,omitempty"`

	// With `required`: how long customers may still sign in without one,
	// counted from the first login that the site saw under `required`.
	// From 1h to 365d, or off: at once. Default: 14d
	Grace    Duration `json:"grace,omitempty"`
	GraceOff bool     `json:"grace_off,omitempty"`

	// How long a browser may be remembered by whom so wants, and is not asked
	// again. From 1h to 90d, or off. Default: 30d
	Trust    Duration `json:"trust,omitempty"`
	TrustOff bool     `json:"trust_off,omitempty"`

	// How long after a customer was offered a second factor he is offered one
	// again: on a page after a login, on a device that has been his for a week.
	// From 1d to 365d, or off. Default: 90d
	Offer    Duration `json:"offer,omitempty"`
	OfferOff bool     `json:"offer_off,omitempty"`

	// How long an operator's reset of an account's factors waits, so that its
	// owner can object. Up to 30d. Default: at once
	ResetDelay Duration `json:"reset_delay,omitempty"`

	// Ways to send codes. Default: none
	Codes []CodeSender `json:"codes,omitempty"`

	// Where notices go: a factor was added, a second factor failed after a
	// right password. Default: only to the account's page
	Notify *Hook `json:"notify,omitempty"`
}

// Hook is an address that gets JSON, signed with HMAC-SHA-256.
type Hook struct {
	URL string `json:"url"`
	// Secret of the signature, at least 16 characters; without one anybody
	// could speak in the shop's name.
	Secret string `json:"secret,omitempty"`
	// More fields of the request's header, such as a provider's Authorization.
	// Default: none
	Header map[string]string `json:"header,omitempty"`
}

// CodeSender is one way to send codes.
type CodeSender struct {
	// `sms` or `email`.
	Kind string `json:"kind"`
	// `https://…` (a request with JSON), or `smtp://` or `smtps://` with user
	// and password for e-mail.
	Hook
	// The sender's address of e-mail.
	From string `json:"from,omitempty"`
	// The request's body, in which {to}, {text} and {code} stand for what is
	// sent. Default: {"to": …, "text": …, "code": …, "site": …}
	Body string `json:"body,omitempty"`
	// Countries that numbers may be of, as +49. Needed with `sms`: whoever
	// sends to any country pays for messages that fraudsters ask for.
	Countries []string `json:"countries,omitempty"`
}

// On reports whether accounts may have a second factor.
func (s *SecondFactor) On() bool {
	return s != nil && (s.Mode == SecondOptional || s.Mode == SecondRequired)
}

// GraceTime is how long customers may go without; zero where there is none.
func (s *SecondFactor) GraceTime() time.Duration { return orDefault(s.Grace, s.GraceOff, DefaultGrace) }

// TrustTime is how long a browser is remembered; zero where none is.
func (s *SecondFactor) TrustTime() time.Duration { return orDefault(s.Trust, s.TrustOff, DefaultTrust) }

// OfferTime is after how long a second factor is offered again; zero where it
// is not offered.
func (s *SecondFactor) OfferTime() time.Duration { return orDefault(s.Offer, s.OfferOff, DefaultOffer) }

func orDefault(d Duration, off bool, standard time.Duration) time.Duration {
	switch {
	case off:
		return 0
	case d == 0:
		return standard
	}
	return time.Duration(d)
}

// Defaults of a second factor.
const (
	DefaultGrace = 14 * 24 * time.Hour
	DefaultTrust = 30 * 24 * time.Hour
	DefaultOffer = 90 * 24 * time.Hour
)

const (
	day = 24 * time.Hour
	// MaxResetDelay is the longest that a reset may wait.
	MaxResetDelay = Duration(30 * day)

	minSecret     = 16
	exampleSender = `code sms https://sms.example/send { secret {$HOOK_SECRET}; countries +49 }`
)

var dialCode = regexp.MustCompile(`^\+[1-9][0-9]{0,6}$`)

func (s *SecondFactor) check() (errs []error) {
	if s == nil {
		return nil
	}
	add := func(e ...error) { errs = append(errs, e...) }
	add(oneOf("second_factor", s.Mode, SecondOff, SecondOptional, SecondRequired)...)
	add(within("second_factor grace", s.Grace, Duration(time.Hour), Duration(365*day), "14d")...)
	add(within("second_factor trust", s.Trust, Duration(time.Hour), Duration(90*day), "30d")...)
	add(within("second_factor offer", s.Offer, Duration(day), Duration(365*day), "90d")...)
	if s.ResetDelay < 0 || s.ResetDelay > MaxResetDelay {
		add(wrong("second_factor reset_delay", fmt.Sprintf("%s is not between nothing and %s", s.ResetDelay, MaxResetDelay), "reset_delay 24h"))
	}
	if (s.Grace != 0 || s.GraceOff) && s.Mode != SecondRequired {
		add(wrong("second_factor grace", "only customers who need a second factor have time to set one up", "second_factor required { grace 14d }"))
	}
	if s.Notify != nil {
		add(s.Notify.check("second_factor notify", "notify https://shop.example/notices", "https", "http")...)
	}
	for i, c := range s.Codes {
		add(c.check()...)
		if slices.ContainsFunc(s.Codes[:i], func(o CodeSender) bool { return o.Kind == c.Kind }) {
			add(wrong("second_factor code", fmt.Sprintf("%s is given twice", c.Kind), exampleSender))
		}
	}
	return errs
}

func (c CodeSender) check() (errs []error) {
	const option = "second_factor code"
	switch c.Kind {
	case SendSMS:
		errs = c.Hook.check(option, exampleSender, "https", "http")
		if len(c.Countries) == 0 {
			errs = append(errs, wrong(option, "sms needs the countries that numbers may be of", exampleSender))
		}
	case SendEmail:
		errs = c.Hook.check(option, "code email smtps://user:password@mail.example { from shop@shop.example }", "https", "http", "smtp", "smtps")
		if strings.HasPrefix(c.URL, "smtp") && !strings.Contains(c.From, "@") {
			errs = append(errs, wrong(option, "e-mail by SMTP needs the sender's address", "from shop@shop.example"))
		}
	default:
		errs = append(errs, wrong(option, unknownValue(c.Kind, SendSMS, SendEmail), exampleSender))
	}
	if strings.ContainsAny(c.From, "\r\n") {
		errs = append(errs, wrong(option, "the sender's address has a line break", "from shop@shop.example"))
	}
	for _, country := range c.Countries {
		if !dialCode.MatchString(country) {
			errs = append(errs, wrong(option, fmt.Sprintf("%q is no country's dialling code", country), "countries +49 +43"))
		}
	}
	if c.Body != "" && !strings.Contains(c.Body, "{code}") && !strings.Contains(c.Body, "{text}") {
		errs = append(errs, wrong(option, "the body has neither {code} nor {text}, so nobody would get a code", `body "{\"to\": \"{to}\", \"text\": \"{text}\"}"`))
	}
	return errs
}

// check refuses an address that nothing can be sent to. The error repeats
// neither: both may hold a password.
func (h Hook) check(option, works string, schemes ...string) (errs []error) {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		errs = append(errs, wrong(option, "it is no address of "+strings.Join(schemes, ", "), works))
	}
	if u != nil && strings.HasPrefix(u.Scheme, "http") && len(h.Secret) < minSecret {
		errs = append(errs, wrong(option, fmt.Sprintf("it needs a secret of at least %d characters, as `openssl rand -base64 32` prints", minSecret), "secret {$HOOK_SECRET}"))
	}
	return errs
}
