package blackbox_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// like is PostgreSQL's `name ILIKE pattern` as EverShop asks it, with nothing
// but the percent sign escaped.
func like(pattern, name string) bool {
	pattern = strings.ReplaceAll(pattern, "%", `\%`)
	var re strings.Builder
	for rest := []rune(pattern); len(rest) > 0; rest = rest[1:] {
		switch c := rest[0]; {
		case c == '\\' && len(rest) > 1:
			rest = rest[1:]
			re.WriteString(regexp.QuoteMeta(string(rest[0])))
		case c == '_':
			re.WriteString(".")
		case c == '%':
			re.WriteString(".*")
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.MustCompile("(?is)^" + re.String() + "$").MatchString(name)
}

// A shop that looks accounts up by pattern has thousands of names for each.
func TestAPatternIsNoOtherNameOfAnAccount(t *testing.T) {
	_, g, app := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	for i, name := range []string{
		"a_ice@shop.example", "_____@shop.example", "alice_shop_example", "ALIC_@SHOP.EXAMPLE", strings.Repeat("_", len(alice.Email)),
		`al\ice@shop.example`, `\a\l\i\c\e@shop.example`, `a\_ice@shop.example`, `a\\_ice@shop.example`,
	} {
		thief := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", i+1))
		thief.get("/")
		thief.spied(canary)
		thief.jsonLogin(name, alice.Password)
		thief.get("/account")
		thief.jsonLogin(strings.ReplaceAll(name, "_", "＿"), alice.Password)
		form := url.Values{"email": {name}, "password": {alice.Password}}
		thief.post("/customer/login", form.Encode())
		thief.post("/customer/login", strings.ReplaceAll(form.Encode(), "_", "%5F"))
		thief.do(thief.request("POST", "/customer/login", "application/json", strings.ReplaceAll(fmt.Sprintf(`{"email":%q,"password":%q}`, name, alice.Password), "_", `\u005f`)))
		thief.get("/account")
	}
	owner := visitor(t, g.URL, "198.51.100.9")
	owner.get("/")
	owner.jsonLogin(alice.Email, alice.Password)
	if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
		t.Errorf("with the second factor the owner is not in: %d %s", r.StatusCode, cut(r.body))
	}
}

// Staff of an EverShop sign in at another door, into another cookie.
func TestTheSessionOfStaffIsShutToo(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.spied(canary)
	const session = "asid=staffs-session-of-before-0001"
	r := thief.request("POST", "/admin/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors")
	r.Header.Set("Cookie", session)
	thief.tries(r)
	thief.sendsCookies("GET", "/admin", session)
	thief.sendsCookies("GET", "/account", session)
}
