package shoptest

import (
	"strconv"
	"strings"
)

// Array is PHP's array as far as forms make one: values are string or
// Array, keys are written as PHP writes them (`0` for the first `a[]`).
type Array map[string]any

// Limits of PHP's defaults (php.ini): max_input_vars and
// max_input_nesting_level. What is over is dropped, not refused.
const (
	maxInputVars    = 1000
	maxInputNesting = 64
)

// Text returns the value under key; false where there is none or where it
// is an array.
func (a Array) Text(key string) (string, bool) {
	s, ok := a[key].(string)
	return s, ok
}

// Has is PHP's isset: the key is there, whatever its value.
func (a Array) Has(key string) bool { _, ok := a[key]; return ok }

// ParsePHP reads a query string or an urlencoded body as PHP does
// (main/php_variables.c, checked against PHP 8.2 by the goldens beside):
// pairs split on `&`, a missing `=` is an empty value, a broken percent
// escape stays as it is, the last of several equal names wins.
func ParsePHP(raw string) Array {
	out := Array{}
	n := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxInputVars {
			break
		}
		name, value, _ := strings.Cut(pair, "=")
		out.register(unescape(name), unescape(value))
	}
	return out
}

// unescape is PHP's urldecode (and Python's unquote_plus, on bytes).
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s):
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				b.WriteByte('%')
				continue
			}
			b.WriteByte(byte(n))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// mangle turns blanks and dots into underscores.
var mangle = strings.NewReplacer(" ", "_", ".", "_")

// mangleUnclosed is mangle for names with a bracket that never closes.
var mangleUnclosed = strings.NewReplacer(" ", "_", ".", "_", "[", "_")

// register is php_register_variable_ex: leading blanks go, a NUL ends the
// name, blanks and dots before the first bracket become underscores, and so
// does a bracket that never closes; text after the last `]` is ignored.
func (a Array) register(name, value string) {
	name = strings.TrimLeft(name, " ")
	name, _, _ = strings.Cut(name, "\x00")
	open := strings.IndexByte(name, '[')
	if open < 0 {
		if name = mangle.Replace(name); name != "" {
			a[name] = value
		}
		return
	}
	root := mangle.Replace(name[:open])
	if root == "" {
		return // "empty variable name"
	}
	type step struct {
		key  string
		next bool // `[]`: the next free index
	}
	path := []step{{key: root}}
	for rest := name[open:]; strings.HasPrefix(rest, "["); {
		if len(path) > maxInputNesting {
			return
		}
		inner := rest[1:]
		skipped := inner
		if inner != "" && strings.IndexByte(" \t\n\v\f\r", inner[0]) >= 0 {
			skipped = inner[1:] // PHP looks past one blank for `]` only
		}
		if strings.HasPrefix(skipped, "]") {
			path = append(path, step{next: true})
			rest = skipped[1:]
			continue
		}
		// The search for `]` starts after that blank, the key does not.
		end := strings.IndexByte(inner, ']')
		if end < 0 {
			last := &path[len(path)-1]
			if !last.next && len(path) == 1 {
				last.key = mangleUnclosed.Replace(last.key + "[" + inner)
			}
			break
		}
		path = append(path, step{key: inner[:end]})
		rest = inner[end+1:]
	}
	at := a
	for i, s := range path {
		key := s.key
		if s.next {
			key = at.nextIndex()
		}
		if i == len(path)-1 {
			at[key] = value
			return
		}
		below, ok := at[key].(Array)
		if !ok {
			below = Array{}
			at[key] = below
		}
		at = below
	}
}

// nextIndex is the index that PHP gives to `a[]`: one more than the greatest
// so far, 0 at first.
func (a Array) nextIndex() string {
	next, found := 0, false
	for key := range a {
		n, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(n) != key { // `01` is text to PHP
			continue
		}
		if !found || n >= next {
			next, found = n+1, true
		}
	}
	return strconv.Itoa(next)
}

// merged is $_REQUEST with PHP's default request_order "GP": the body's
// values over the query's.
func merged(get, post Array) Array {
	out := make(Array, len(get)+len(post))
	for k, v := range get {
		out[k] = v
	}
	for k, v := range post {
		out[k] = v
	}
	return out
}
