package learn

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// byProvenCookie takes a cookie that the right answer sets and that the wrong
// one did not set although the browser had none: nobody gets it for nothing.
func byProvenCookie(_ *Found, wrong, right *facts, m *marks) bool {
	best := provenCookie(wrong, right)
	if best == "" || cookieRank(best) == 0 {
		return false
	}
	return m.add(config.Mark{NewCookie: best}, Strong, "the cookie "+best+" is set for the right password only", true)
}

// byOtherCookie takes one whose name does not speak of a login.
func byOtherCookie(_ *Found, wrong, right *facts, m *marks) bool {
	best := provenCookie(wrong, right)
	if best == "" {
		return false
	}
	return m.add(config.Mark{NewCookie: best}, Fair, "the cookie "+best+" is set for the right password only", false)
}

func provenCookie(wrong, right *facts) (best string) {
	for _, name := range slices.Sorted(maps.Keys(right.cookies)) {
		if right.cookies[name] != fresh || wrong.carried[name] || wrong.cookies[name] == fresh || wrong.cookies[name] == repeated || login.IdleCookie(name) {
			continue
		}
		if strings.HasSuffix(name, "*") && alsoFits(name, wrong) {
			continue
		}
		if best == "" || cookieRank(name) > cookieRank(best) {
			best = name
		}
	}
	return best
}

// alsoFits reports whether a pattern fits another cookie of the wrong answer.
func alsoFits(pattern string, wrong *facts) bool {
	for name := range wrong.cookies {
		if strings.HasPrefix(name, strings.TrimSuffix(pattern, "*")) {
			return true
		}
	}
	return false
}

func cookieRank(name string) int {
	switch {
	case loggedName.MatchString(name):
		return 2
	case sessionName.MatchString(name) && !login.IdleCookie(name):
		return 1
	}
	return 0
}

// byRenewedSession takes a session's cookie that was there before and is new
// in the right answer only. A visitor without cookies is given one as well,
// so where the answer leads has to say so too.
func byRenewedSession(f *Found, wrong, right *facts, m *marks) bool {
	for _, name := range renewed(wrong, right) {
		mark := config.Mark{NewCookie: name}
		strength := Weak
		if right.redirect {
			if r, ok := leadsElsewhere(f, wrong, right); ok {
				r.NewCookie, mark, strength = name, r, Fair
			}
		}
		if mark.NewCookie = name; strength == Weak && right.status != wrong.status {
			mark.Status, strength = []string{strconv.Itoa(right.status)}, Fair
		}
		if strength == Weak {
			m.warnings = append(m.warnings, "a visitor without cookies may be given "+name+" whatever the password: learn again in a browser window that has none of the shop's cookies (a private one, opened on the login page by a first wrong login)")
		}
		return m.add(mark, strength, "the session's cookie "+name+" is renewed for the right password only", false)
	}
	return false
}

// renewed are cookies that both requests had and only the right answer
// changed, those that are named like a session first.
func renewed(wrong, right *facts) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(right.cookies)) {
		if right.cookies[name] == fresh && right.carried[name] && wrong.carried[name] && stays(name, wrong) && !login.IdleCookie(name) {
			all = append(all, name)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cookieRank(b) - cookieRank(a) })
	return all
}

// stays reports whether an answer leaves a cookie as it was, or repeats it.
func stays(name string, a *facts) bool {
	return a.cookies[name] != fresh && a.cookies[name] != deleted
}

// sessionCookies are the session's cookies that stay the same from answer to
// answer, which a held login may rely on.
func sessionCookies(wrong, right *facts) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(right.carried)) {
		// Given at the wrong login and left alone at the right one counts too.
		begun := !wrong.carried[name] && wrong.cookies[name] == fresh && stays(name, right)
		if cookieRank(name) > 0 && (begun || wrong.carried[name] && stays(name, wrong)) {
			all = append(all, name)
		}
	}
	for _, name := range renewed(wrong, right) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// inPlace reports whether the shop logs in to the session that the browser
// has: the login came in one and nothing new came back.
func inPlace(sessions []string, right *facts, m *marks) bool {
	if m.proven || m.bearer || len(sessions) == 0 {
		return false
	}
	for _, name := range sessions {
		if right.cookies[name] == fresh {
			return false
		}
	}
	return true
}
