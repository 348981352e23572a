package backtest

import (
	"slices"
	"strings"
)

// People's labels: the ones of peopleWords may go on after a sign that is
// neither letter nor digit ("legit_office"), those of shortWords only after a
// colon or a slash, as they begin names of attacks too ("user_enumeration").
var (
	peopleWords = []string{"legit", "legitimate", "benign", "genuine", "normal", "human"}
	shortWords  = []string{"good", "owner", "user", "customer", "shopper", "ok", "no", "none", "false", "0", "-"}
)

// Legitimate reports whether a label is one of people; extra are further
// labels that are. Every other label names an attack.
func Legitimate(label string, extra []string) bool {
	label = strings.ToLower(strings.TrimSpace(label))
	if slices.ContainsFunc(extra, func(x string) bool { return strings.EqualFold(strings.TrimSpace(x), label) }) {
		return true
	}
	return begins(label, peopleWords, func(c byte) bool {
		return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80)
	}) || begins(label, shortWords, func(c byte) bool { return c == ':' || c == '/' })
}

// begins reports whether a label is one of words, or goes on after it with a
// sign that ends a word.
func begins(label string, words []string, ends func(byte) bool) bool {
	for _, word := range words {
		if rest, ok := strings.CutPrefix(label, word); ok && (rest == "" || ends(rest[0])) {
			return true
		}
	}
	return false
}
