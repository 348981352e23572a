package identity

import (
	"html"
	"net/http"
	"net/url"
	"strings"
)

// Cookies are the cookies of a request after an answer, as a browser has
// them: lines are those that it sent, header is the answer's. same says
// whether a shop may take two names of cookies for one. What the answer sets
// replaces what it was sent with, so that the shop reads the session that it
// has just made. It is "" where nothing is left.
func Cookies(lines []string, header http.Header, same func(a, b string) bool) string {
	var set []*http.Cookie
	for _, line := range header["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		c := &http.Cookie{Name: name, Value: strings.TrimSpace(value)}
		if parsed, err := http.ParseSetCookie("x=x;" + attributes); err == nil && (parsed.MaxAge < 0 || !parsed.Expires.IsZero() && parsed.Expires.Year() < 2000) {
			c.MaxAge = -1 // taken away
		}
		set = append(set, c)
	}
	var out []string
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			part = strings.TrimSpace(part)
			name, _, _ := strings.Cut(part, "=")
			replaced := part == ""
			for _, c := range set {
				replaced = replaced || same(name, c.Name)
			}
			if !replaced {
				out = append(out, part)
			}
		}
	}
	for i, c := range set {
		last := c.MaxAge >= 0
		for _, later := range set[i+1:] {
			last = last && later.Name != c.Name
		}
		if last {
			out = append(out, c.Name+"="+c.Value)
		}
	}
	return strings.Join(out, "; ")
}

// Parameter is the value of a parameter of the address that an answer leads
// to: of its Location, or of an address in its JSON. "" if there is none, or
// several that differ.
func Parameter(header http.Header, body []byte, name string) (found string) {
	ok := true
	look := func(address string) {
		u, err := url.Parse(html.UnescapeString(address))
		if err != nil {
			return
		}
		if v := u.Query().Get(name); v != "" {
			ok = ok && (found == "" || found == v)
			found = v
		}
	}
	look(header.Get("Location"))
	if at, err := decoded(body); err == nil {
		eachText(at, look)
	}
	if !ok {
		return ""
	}
	return found
}

// eachText calls with for every text of a value of JSON.
func eachText(at any, with func(string)) {
	switch x := at.(type) {
	case string:
		with(x)
	case []any:
		for _, item := range x {
			eachText(item, with)
		}
	case map[string]any:
		for _, item := range x {
			eachText(item, with)
		}
	}
}
