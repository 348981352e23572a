package page

import (
	"regexp"
	"strings"
)

// The committed files are written to be read; these functions take out what
// a browser does not need. They are no general minifiers: they rely on our
// files having no template literals, no regular expression after a name or a
// closing bracket, no empty statement as a loop's body, and a semicolon after
// each statement that needs one.

// compactJS drops comments, and white space where it separates nothing.
func compactJS(code string) string {
	out := make([]byte, 0, len(code))
	last := func() byte {
		if len(out) == 0 {
			return '\n'
		}
		return out[len(out)-1]
	}
	gap := false
	for i := 0; i < len(code); {
		c := code[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			gap = true
			i++
			continue
		case strings.HasPrefix(code[i:], "//"):
			gap = true
			i += strings.IndexByte(code[i:]+"\n", '\n')
			continue
		}
		// Two signs in a row would become one of another meaning.
		if gap && (isWord(last()) && isWord(c) || (c == '+' || c == '-') && last() == c) {
			out = append(out, ' ')
		}
		gap = false
		end := i + 1
		switch {
		case c == '\'' || c == '/' && strings.IndexByte("(,=:", last()) >= 0:
			end = literalEnd(code, i)
		case c == '}' && last() == ';':
			out = out[:len(out)-1]
		}
		out = append(out, code[i:end]...)
		i = end
	}
	return string(out)
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

// literalEnd returns the index after a string or regular expression that
// begins at from.
func literalEnd(code string, from int) int {
	class := false
	for i := from + 1; i < len(code); i++ {
		switch c := code[i]; {
		case c == '\\':
			i++
		case code[from] == '/' && c == '[':
			class = true
		case c == ']':
			class = false
		case c == code[from] && !class:
			return i + 1
		}
	}
	return len(code)
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssAround  = regexp.MustCompile(`\s*([{};,>])\s*`)
	cssColon   = regexp.MustCompile(`([{;(][a-z-]+): `)
)

// compactCSS drops comments, and white space where it separates nothing.
func compactCSS(style string) string {
	style = cssComment.ReplaceAllString(style, "")
	style = cssAround.ReplaceAllString(strings.TrimSpace(style), "$1")
	style = cssColon.ReplaceAllString(style, "$1:")
	style = strings.ReplaceAll(style, "@media (", "@media(")
	return strings.ReplaceAll(style, ";}", "}")
}

// compactHTML drops indentation and empty lines.
func compactHTML(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return out.String()
}
