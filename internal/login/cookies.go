package login

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SetCookie is what matters of one Set-Cookie line.
type SetCookie struct {
	Name, Value string
	Gone        bool // it deletes the cookie
	HTTPOnly    bool // scripts cannot read it
}

// SetCookies reads an answer's Set-Cookie lines (RFC 6265 §5.2). A cookie
// is deleted by an age of zero or less, by an expiry before the answer's own
// Date (else before 2000, as most delete with 1970), or by a blank value or
// PHP's `deleted`.
func SetCookies(answer http.Header) []SetCookie {
	var all []SetCookie
	date, err := http.ParseTime(answer.Get("Date"))
	if err != nil {
		date = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	for _, line := range answer["Set-Cookie"] {
		first, attributes, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(first, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		c := SetCookie{Name: name, Value: strings.Trim(strings.TrimSpace(value), `"`)}
		blank, _ := unescape(c.Value)
		c.Gone = strings.TrimSpace(blank) == "" || c.Value == "deleted"
		age := false
		for a := range strings.SplitSeq(attributes, ";") {
			key, val, _ := strings.Cut(a, "=")
			val = strings.TrimSpace(val)
			switch strings.ToLower(strings.TrimSpace(key)) {
			case "httponly":
				c.HTTPOnly = true
			case "max-age":
				// It counts before Expires does.
				if n, err := strconv.Atoi(val); err == nil {
					age = true
					c.Gone = c.Gone || n <= 0
				}
			case "expires":
				t, err := parseExpires(val)
				c.Gone = c.Gone || !age && err == nil && !t.After(date)
			}
		}
		all = append(all, c)
	}
	return all
}

// parseExpires takes the dates of RFC 9110 and the dashed one of Netscape.
func parseExpires(s string) (time.Time, error) {
	if t, err := http.ParseTime(s); err == nil {
		return t, nil
	}
	return time.Parse("Mon, 02-Jan-2006 15:04:05 MST", s)
}

// newCookie reports whether the answer sets a cookie of that name (`*` at
// the end for any rest) with a value that the request did not have.
func (v *view) newCookie(name string) bool {
	prefix, open := strings.CutSuffix(name, "*")
	for _, c := range SetCookies(v.a.Header) {
		if c.Gone || c.Name != name && !(open && strings.HasPrefix(c.Name, prefix)) {
			continue
		}
		if !v.had(c) {
			return true
		}
	}
	return false
}

// had reports whether the request came with that cookie and value.
func (v *view) had(c SetCookie) bool {
	for _, have := range v.q.Cookies {
		if have.Name == c.Name && strings.Trim(have.Value, `"`) == c.Value {
			return true
		}
	}
	return false
}
