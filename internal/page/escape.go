package page

import (
	"encoding/json"
	"unicode/utf8"
)

// These functions write what html/template and encoding/json write in the
// places where our values stand. stencil.go holds them against both.

// textEscapes are the characters that are escaped in HTML text and in quoted
// attributes.
var textEscapes = [...]string{0: "\uFFFD", '"': "&#34;", '&': "&amp;", '\'': "&#39;", '+': "&#43;", '<': "&lt;", '>': "&gt;"}

var notInText = charset("\x00\"&'+<>")

// appendText appends a text for HTML text or a quoted attribute.
func appendText(dst []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		if c := s[i]; notInText[c] {
			dst = append(append(dst, s[from:i]...), textEscapes[c]...)
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// inAddress are the characters that stay as they are in an address: those of
// RFC 3986 §2.2 and §2.3 without quote and brackets. & and + are escaped for
// HTML, % where it begins no escape.
var inAddress = charset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!#$*,/:;=?@[]")

// appendAddress appends a path and query, made safe by ownPath, for a quoted
// attribute.
func appendAddress(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := range len(s) {
		c := s[i]
		if inAddress[c] || c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if c == '&' || c == '+' {
			dst = append(dst, textEscapes[c]...)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[from:]...)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// inJSON are the characters that stay as they are in a JSON string that may
// stand in HTML.
var inJSON = charset(" !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f")

// appendJSON appends what stands between the quotes of a JSON string.
func appendJSON(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if inJSON[s[i]] {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < utf8.RuneSelf || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return appendRareJSON(dst, s)
		}
		i += n
	}
	return append(dst, s...)
}

// appendRareJSON leaves to the encoder what none of our own values has.
func appendRareJSON(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		return dst // there is no string without a form
	}
	return append(dst, quoted[1:len(quoted)-1]...)
}

func charset(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}
