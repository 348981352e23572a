package learn

import (
	"regexp"
	"strings"
)

// secrets are texts that nothing that is kept may contain: the account and
// its parts, and the word.
type secrets []string

// wordParts parts an account into names: `alice.smith@shop.example` has
// `alice` and `smith`.
var wordParts = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// newSecrets takes them from texts. Parts of fewer than three letters are in
// everything and say nothing of anybody.
func newSecrets(texts ...string) (all secrets) {
	for _, t := range texts {
		t = strings.ToLower(strings.TrimSpace(t))
		local, _, mail := strings.Cut(t, "@")
		parts := append(wordParts.Split(local, -1), local)
		if mail {
			parts = append(parts, t)
		}
		for _, p := range parts {
			if len(p) >= 3 && !everyday[p] {
				all = append(all, p)
			}
		}
	}
	return all
}

// everyday are words that test accounts are made of and that shops' pages
// use for other things.
var everyday = map[string]bool{
	"test": true, "user": true, "customer": true, "account": true, "info": true, "mail": true, "email": true,
	"login": true, "shop": true, "demo": true, "admin": true, "learn": true, "wrong": true,
}

// in reports whether a text holds one of them.
func (s secrets) in(text string) bool {
	text = strings.ToLower(text)
	for _, p := range s {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
