// Package docs gives the program the texts of its documentation that it shows
// itself.
package docs

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed reasons.md
var reasons string

// Reason is the first sentence of what docs/reasons.md says about a code, ""
// for one that it does not know.
func Reason(code string) string { return sentences()[code] }

var sentences = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^### `([^`]+)`\n+((?:[^#\n].*\n?)+)").FindAllStringSubmatch(reasons, -1) {
		text := strings.Join(strings.Fields(m[2]), " ")
		// A full stop that ends a sentence; "Up to +10." says how much, not what.
		text = regexp.MustCompile(`^(?:(?:Up to )?[-+]?[\d.]+ ?(?:each|at most)?(?:, scaled in the same way)?|Below 0|Above 0)[.:] `).ReplaceAllString(text, "")
		if end := regexp.MustCompile(`[.:](?: [A-Z“(]|$)`).FindStringIndex(text); end != nil {
			text = text[:end[0]+1]
		}
		out[m[1]] = capital(strings.TrimRight(text, ".:"))
	}
	// Codes without a score stand in a table, several in a row.
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| ([^|\n]+) \\|$").FindAllStringSubmatch(reasons, -1) {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			out[code[1]] = capital(row[2])
		}
	}
	return out
})

// capital is a sentence that begins with a capital letter.
func capital(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }
