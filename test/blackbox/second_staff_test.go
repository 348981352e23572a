package blackbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// twoDoors is an EverShop in small: staff sign in at a door of their own, into
// a cookie of their own, and its page that says who is signed in tells of
// customers alone.
func twoDoors(t *testing.T) string {
	var mu sync.Mutex
	in := map[string]string{} // who, by cookie and session
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		staff := strings.HasPrefix(r.URL.Path, "/admin")
		cookie := "sid"
		if staff {
			cookie = "asid"
		}
		c, err := r.Cookie(cookie)
		if err != nil {
			c = &http.Cookie{Name: cookie, Value: fmt.Sprintf("%s-%026d", cookie, len(in)), Path: "/"}
			in[cookie+c.Value] = ""
			http.SetCookie(w, c)
		}
		who := in[cookie+c.Value]
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/login"):
			var said struct{ Email, Password string }
			body, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(body, &said)
			w.Header().Set("Content-Type", "application/json")
			for _, a := range []shoptest.Account{shoptest.Alice(), shoptest.Bob()} {
				// Alice is staff, Bob a customer.
				if a.Email == said.Email && a.Password == said.Password && staff == (a.Name == shoptest.Alice().Name) {
					in[cookie+c.Value] = a.Email
					fmt.Fprintf(w, `{"data":{"sid":%q}}`, c.Value)
					return
				}
			}
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"error":{"status":500,"message":"Invalid email or password"}}`)
		case r.URL.Query().Get("ajax") == "true":
			w.Header().Set("Content-Type", "application/json")
			email, _ := json.Marshal(who)
			fmt.Fprintf(w, `{"success":true,"eContext":{"graphqlResponse":{"e1":{"email":%s}}}}`, email)
		default:
			fmt.Fprintf(w, "<p>Signed in: <strong>%s</strong></p>", who)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Whoever has a factor of their own as a customer must not give it for somebody
// of the staff whose password they know.
func TestTheFactorOfACustomerOpensNoSessionOfStaff(t *testing.T) {
	t.Parallel()
	g := guardtest.Start(t, guardtest.Site(twoDoors(t), "evershop", unlimited, "second_factor optional", "ladder slider off picture off"))
	alice, bob := shoptest.Alice(), shoptest.Bob()
	enter := func(p *person, door string, a shoptest.Account) reply {
		return p.do(p.request("POST", door, "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, a.Email, a.Password), "Sec-Fetch-Mode", "cors"))
	}
	const staff, customers = "/admin/user/login", "/customer/login"
	app := func(address, door, page string, a shoptest.Account) *phone {
		p := visitor(t, g.URL, address)
		p.get(page)
		enter(p, door, a)
		if r := p.get(page); !strings.Contains(r.body, a.Email) {
			t.Fatalf("without a second factor %s is not in: %d %s", a.Email, r.StatusCode, cut(r.body))
		}
		return p.enrols()
	}
	alices, bobs := app("198.51.100.7", staff, "/admin", alice), app("198.51.100.8", customers, "/account", bob)
	gives := func(p *person, app *phone, ahead int) reply {
		page := p.get("/.login-guard/challenge/second")
		if !strings.Contains(page.body, "login_guard_code") {
			return page
		}
		return p.sends(page, "step", "second", "method", "app", "code", app.code(ahead))
	}

	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/account")
	thief.get("/admin")
	enter(thief, customers, bob)
	gives(thief, bobs, 0)
	if r := thief.get("/account"); !strings.Contains(r.body, bob.Email) {
		t.Fatalf("Bob is not in with his factor: %d %s", r.StatusCode, cut(r.body))
	}
	plain := thief.client.Transport
	thief.spied("Signed in: <strong>" + alice.Email)
	enter(thief, staff, alice)
	gives(thief, bobs, 1)
	thief.get("/admin")

	// Who is both gets in too: signed out as a customer.
	thief.client.Transport = plain
	thief.follows(thief.post("/.login-guard/challenge/second", "login_guard_step=cancel"))
	thief.get("/admin")
	enter(thief, staff, alice)
	gives(thief, alices, 0)
	if r := thief.get("/admin"); !strings.Contains(r.body, alice.Email) {
		t.Errorf("with her own factor Alice is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
}
