package learn

import (
	"slices"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// Caddyfile writes endpoints as they stand in a login_guard block.
func Caddyfile(endpoints []config.Endpoint) string {
	var b strings.Builder
	for _, e := range endpoints {
		b.WriteString("endpoint " + e.Kind)
		if e.Name != "" {
			b.WriteString(" " + quote(e.Name))
		}
		b.WriteString(" {\n")
		line := func(name string, values ...string) {
			b.WriteString("\t" + name)
			for _, v := range values {
				b.WriteString(" " + quote(v))
			}
			b.WriteString("\n")
		}
		list := func(name string, values []string) {
			if len(values) > 0 {
				line(name, values...)
			}
		}
		list("path", e.Paths)
		for _, key := range names(e.Query, nil) {
			line("query", append([]string{key}, e.Query[key]...)...)
		}
		list("account_field", e.AccountFields)
		list("password_field", e.PasswordFields)
		for _, g := range e.GraphQL {
			line("graphql", g.Field, g.Account, g.Password)
		}
		if e.Basic {
			line("basic")
		}
		list("session_cookies", e.SessionCookies)
		if e.InPlace {
			line("in_place")
		}
		if e.Script != "" {
			line("script", e.Script)
		}
		for _, l := range []struct {
			name  string
			marks []config.Mark
		}{{"success", e.Success}, {"failure", e.Failure}, {"retry", e.Retry}, {"unknown_account", e.UnknownAccount}} {
			for i := range l.marks {
				b.WriteString("\t" + l.name + markWords(&l.marks[i]) + "\n")
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// markWords writes a mark's conditions.
func markWords(m *config.Mark) string {
	var b strings.Builder
	add := func(name string, values ...string) {
		b.WriteString(" " + name)
		for i, v := range values {
			if i > 0 && slices.Contains(conditionWords, v) {
				v = `"` + v + `"` // else the next condition would begin
			} else {
				v = quote(v)
			}
			b.WriteString(" " + v)
		}
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			add(name, values...)
		}
	}
	one := func(name, value string) {
		if value != "" {
			add(name, value)
		}
	}
	list("status", m.Status)
	one("cookie", m.NewCookie)
	one("header", m.Header)
	list("location", m.Location)
	list("not_location", m.NotLocation)
	for _, key := range names(m.Route, nil) {
		add("route", append([]string{key}, m.Route[key]...)...)
	}
	for _, key := range names(m.NotRoute, nil) {
		add("not_route", append([]string{key}, m.NotRoute[key]...)...)
	}
	if m.Back {
		add("back")
	}
	if m.Elsewhere {
		add("elsewhere")
	}
	list("body", m.Body)
	one("json", m.JSON)
	one("contains", m.JSONContains)
	if m.OnPath {
		add("on_path")
	}
	return b.String()
}

// conditionWords are words that a second value is told from by quotes.
var conditionWords = []string{"status", "cookie", "header", "location", "not_location", "route", "not_route",
	"back", "elsewhere", "on_path", "body", "json", "contains"}

// bare are the characters of a word that needs no quotes.
const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./*~:@$+-=&"

// quote writes a value as one token of a Caddyfile. What cannot stand in any
// quotes was not taken for a mark; the rest is left out here once more, so
// that no answer of a shop writes a line of its own.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '`' || r == '{' || r == '}' || r == '\\' {
			return -1
		}
		return r
	}, s)
	if s != "" && strings.Trim(s, bare) == "" {
		return s
	}
	if strings.Contains(s, `"`) {
		return "`" + s + "`"
	}
	return `"` + s + `"`
}
