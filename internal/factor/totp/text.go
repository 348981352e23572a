package totp

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// ErrCode: what was typed is not a code of Digits digits.
var ErrCode = errors.New("not a code")

// NewSecret draws a secret of SecretSize bytes.
func NewSecret(random io.Reader) ([]byte, error) {
	b := make([]byte, SecretSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("drawing a secret: %w", err)
	}
	return b, nil
}

// base32 of RFC 4648 §6 without padding, as authenticator apps read it.
var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Key is the secret in base32, in groups of four to type.
func Key(secret []byte) string {
	s := encoding.EncodeToString(secret)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// URI is what the QR code says, the otpauth format that Google Authenticator
// began and all apps read. The issuer stands before the account and again as
// a parameter: apps read one or the other. Both are escaped byte for byte, as
// a space written as + shows as + in some of them; a colon parts the two, so
// that it is dropped from either.
func URI(issuer, account string, secret []byte) string {
	issuer, account = label(issuer), label(account)
	path := escape(account)
	query := "secret=" + encoding.EncodeToString(secret)
	if issuer != "" {
		path = escape(issuer) + ":" + path
		query += "&issuer=" + escape(issuer)
	}
	return "otpauth://totp/" + path + "?" + query + "&algorithm=SHA1&digits=6&period=30"
}

// maxLabel bounds issuer and account in bytes: a longer text makes a QR code
// that a small camera cannot read.
const maxLabel = 64

// label is s without what would end or break it: control characters and
// colons, cut at a character's end.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == ':' || r == utf8.RuneError || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > maxLabel {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

// escape is percent-encoding of all that RFC 3986 §2.3 does not call
// unreserved.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Parse reads a code as people type it: with spaces and hyphens, in full-width
// digits or in the digits of their script.
func Parse(typed string) (string, error) {
	if len(typed) > 64 {
		return "", ErrCode
	}
	var b strings.Builder
	for _, r := range typed {
		switch {
		case unicode.IsSpace(r), r == '-', r == '‐', r == '‑', r == '–', r == '\u200b', r == '\u200e', r == '\u200f', r == '\ufeff':
			continue
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(digit(r))
		default:
			return "", ErrCode
		}
	}
	if b.Len() != Digits {
		return "", ErrCode
	}
	return b.String(), nil
}

// digit is the ASCII digit for a decimal digit of any script. Unicode
// promises that each script's ten stand in a row from zero to nine (UAX #44,
// General_Category Nd), and every range of the table starts at a zero.
func digit(r rune) byte {
	if f := width.LookupRune(r).Folded(); f != 0 {
		r = f
	}
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	return '?'
}
