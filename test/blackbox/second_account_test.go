package blackbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// plainShop is a shop of no known make where Alice has an app; owner is the
// browser that set it up.
func plainShop(t *testing.T, options ...string) (e *prey, owner *person) {
	t.Helper()
	e = &prey{door: doors[len(doors)-1], shop: shoptest.Generic().Start(t)}
	e.g = secondGateway(t, e, options...)
	alice := shoptest.Alice()
	owner = visitor(t, e.g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	e.app = owner.enrols()
	return e, owner
}

// secondGateway is a gateway in front of e's shop.
func secondGateway(t *testing.T, e *prey, options ...string) *guardtest.Gateway {
	t.Helper()
	return guardtest.Start(t, secondSite(e.door, e.shop, append([]string{unlimited}, options...)...))
}

// thief has the password, and meets the page of the second factor.
func (e *prey) thief(t *testing.T, n int) (*person, reply) {
	p := visitor(t, e.g.URL, fmt.Sprintf("203.0.%d.%d", n/250, n%250+1))
	p.get("/")
	p.spied(e.hers())
	return p, e.in(p)
}

// owner signs in on a new browser with a code, recovery or of the app.
func (e *prey) enters(t *testing.T, address, method, code string, more ...string) (*person, reply) {
	p := visitor(t, e.g.URL, address)
	page := e.in(p)
	return p, p.later(p.sends(page, append([]string{"step", "second", "method", method, "code", code}, more...)...))
}

// later goes on without the new set-up that follows a recovery code.
func (p *person) later(r reply) reply {
	p.t.Helper()
	if strings.Contains(r.body, `value="later"`) {
		return p.sends(r, "step", "later")
	}
	return r
}

func (e *prey) isIn(p *person) bool { return strings.Contains(p.get(e.private).body, e.hers()) }

func TestGuessesOfCodesMeetTheClassAndNotTheAccount(t *testing.T) {
	t.Parallel()
	e, owner := plainShop(t)
	// Each with a challenge of its own, far more than a class takes.
	var all sync.WaitGroup
	met := make([]string, 200)
	work := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range work {
				p, page := e.thief(t, i)
				if page.guard() != "second-factor" || !strings.Contains(page.body, "<form") {
					continue // pushed out by another challenge
				}
				r := p.sends(page, "step", "second", "method", "app", "code", fmt.Sprintf("%06d", i))
				if met[i] = r.guard(); met[i] != "second-factor" {
					t.Errorf("guess %d met %q: %d %s", i, met[i], r.StatusCode, cut(r.body))
				}
			}
		})
	}
	for i := range met {
		work <- i
	}
	close(work)
	all.Wait()
	// The class has no tries left for strangers, the right code included.
	p, page := e.thief(t, 300)
	p.sends(page, "step", "second", "method", "app", "code", e.app.code(0))
	p.get(e.private)
	// Another class is as it was.
	p, r := e.enters(t, "198.51.100.30", "recovery", e.app.recovery[0])
	if !e.isIn(p) {
		t.Errorf("a recovery code does not let the owner in: %d %s", r.StatusCode, cut(r.body))
	}
	_ = owner
}

func TestACodeLetsInOnce(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	shown := e.app.code(0) // by and by the app shows another, which is good
	for _, c := range []struct{ method, code string }{{"app", shown}, {"recovery", e.app.recovery[0]}} {
		const n = 50
		people, pages := make([]*person, n), make([]reply, n)
		for i := range people {
			people[i] = visitor(t, e.g.URL, fmt.Sprintf("203.0.113.%d", i+1))
			pages[i] = e.in(people[i])
		}
		var all sync.WaitGroup
		for i := range people {
			all.Go(func() {
				action, form := secondForm(t, pages[i])
				form.Set("login_guard_step", "second")
				form.Set("login_guard_method", c.method)
				form.Set("login_guard_code", c.code)
				if resp, err := people[i].client.Do(people[i].request("POST", action, formType, form.Encode())); err == nil {
					pages[i] = people[i].read(resp)
				}
			})
		}
		all.Wait()
		in := 0
		for i, p := range people {
			if p.later(pages[i]); e.isIn(p) {
				in++
			}
		}
		if in != 1 {
			t.Errorf("one code of class %s let %d in", c.method, in)
		}
	}
	if p, _ := e.enters(t, "198.51.100.31", "recovery", e.app.recovery[0]); e.isIn(p) {
		t.Error("a recovery code is good twice")
	}
	if p, _ := e.enters(t, "198.51.100.32", "app", shown); e.isIn(p) {
		t.Error("a code of the app is good twice")
	}
}

func TestAHeldAnswerIsReleasedOnce(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	p := visitor(t, e.g.URL, "198.51.100.33")
	page := e.in(p)
	ticket := ""
	u, _ := url.Parse(e.g.URL)
	for _, c := range p.client.Jar.Cookies(u) {
		if strings.HasSuffix(c.Name, "login_guard_second") {
			ticket = c.Name + "=" + c.Value
		}
	}
	action, form := secondForm(t, page)
	form.Set("login_guard_step", "second")
	form.Set("login_guard_method", "app")
	form.Set("login_guard_code", e.app.code(0))
	// Two tabs at once: of ten posts one brings the shop's cookie.
	var all sync.WaitGroup
	var mu sync.Mutex
	cookies := 0
	for range 10 {
		all.Go(func() {
			q := visitor(t, e.g.URL, "198.51.100.33")
			r := q.request("POST", action, formType, form.Encode(), "Cookie", ticket)
			resp, err := q.client.Do(r)
			if err != nil {
				return
			}
			resp.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			for _, c := range resp.Cookies() {
				if c.Name == "session" && c.MaxAge >= 0 {
					cookies++
				}
			}
		})
	}
	all.Wait()
	if cookies != 1 {
		t.Errorf("the shop's answer went out %d times", cookies)
	}
	// Afterwards, with a fresh code too.
	form.Set("login_guard_code", e.app.code(1))
	q := visitor(t, e.g.URL, "203.0.113.40")
	q.spied(e.hers())
	for range 3 {
		r := q.post(action, form.Encode(), "Cookie", ticket)
		for _, c := range r.Cookies() {
			if c.Name == "session" && c.MaxAge >= 0 {
				t.Error("a ticket that was used is good again")
			}
		}
	}
}

func TestATicketIsForItsOwnLogin(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	bob := shoptest.Bob()
	b := visitor(t, e.g.URL, "198.51.100.40")
	b.login(bob.Email, bob.Password)
	bobs := b.enrols()
	// Bob knows Alice's password, and has a factor of his own.
	p, page := e.thief(t, 1)
	alices := page
	e.login2(p, bob)
	mine := p.get("/.login-guard/challenge/second")
	p.sends(alices, "step", "second", "method", "app", "code", bobs.code(0))
	p.get(e.private)
	p.sends(mine, "step", "second", "method", "recovery", "code", bobs.recovery[1])
	if r := p.get(e.private); strings.Contains(r.body, e.hers()) {
		t.Error("another's factor opens Alice's account")
	}
	p, page = e.thief(t, 2)
	for _, code := range []string{bobs.recovery[0], bobs.recovery[2]} {
		p.sends(page, "step", "second", "method", "recovery", "code", code)
	}
	p.sends(page, "step", "second", "method", "app", "code", bobs.code(1))
	p.get(e.private)
}

func TestTheAccountPageWantsALoginAndTheFactor(t *testing.T) {
	t.Parallel()
	e, owner := plainShop(t)
	account := "/.login-guard/account"
	steps := []string{"setup", "add", "app", "codes", "again", "saved", "typed", "edit", "rename", "remove", "delete", "test", "forget", "signout", "dismiss", "undo", "resend", "sent", "passkey", "contact", "later"}
	shows := func(r reply) bool {
		return strings.Contains(r.body, "otpauth:") || strings.Contains(r.body, `value="edit"`) || strings.Contains(r.body, `value="signout"`) || len(e.app.recovery) > 0 && strings.Contains(r.body, e.app.recovery[0])
	}
	every := func(p *person, what string, more ...string) {
		t.Helper()
		if r := p.get(account, more...); shows(r) {
			t.Errorf("%s: the account page is open:\n%s", what, cut(r.body))
		}
		for _, s := range steps {
			r := p.post(account, url.Values{"login_guard_step": {s}, "login_guard_method": {"app"}, "login_guard_id": {"x"}, "login_guard_code": {"000000"}}.Encode(), more...)
			if shows(r) || r.StatusCode == http.StatusSeeOther {
				t.Errorf("%s: step %s met %d\n%s", what, s, r.StatusCode, cut(r.body))
			}
		}
	}
	every(visitor(t, e.g.URL, "203.0.113.1"), "nobody")
	p, _ := e.thief(t, 2)
	every(p, "with the password alone")
	// The proof of another, or in another session.
	bob := shoptest.Bob()
	b := visitor(t, e.g.URL, "203.0.113.3")
	b.login(bob.Email, bob.Password)
	u, _ := url.Parse(e.g.URL)
	proof := ""
	for _, c := range owner.client.Jar.Cookies(u) {
		if strings.HasSuffix(c.Name, "login_guard_login") {
			proof = c.Name + "=" + c.Value
		}
	}
	if proof == "" {
		t.Fatal("the owner has no proof of his login")
	}
	for _, line := range []string{proof, proof + "; session=x", proof + "; session=" + strings.Repeat("a", 32)} {
		q := visitor(t, e.g.URL, "203.0.113.4").withoutCookies()
		every(q, "with the proof and another session", "Cookie", line)
	}
	// From another website, or without the form's token.
	page := owner.get(account)
	if !shows(page) {
		t.Fatalf("the owner does not see his page: %s", cut(page.body))
	}
	action, form := secondForm(t, page)
	form.Set("login_guard_step", "signout")
	for _, more := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "", "Origin", "null"}, {"Sec-Fetch-Site", "", "Origin", ""}} {
		if r := owner.post(action, form.Encode(), more...); r.StatusCode != http.StatusForbidden {
			t.Errorf("a form from elsewhere (%v) met %d", more, r.StatusCode)
		}
	}
	for _, token := range []string{"", "x", strings.Repeat("0", 32)} {
		forged := url.Values{"login_guard_step": {"signout"}, "login_guard_token": {token}}
		if r := owner.post(action, forged.Encode()); r.StatusCode == http.StatusSeeOther {
			t.Errorf("a form with the token %q was taken", token)
		}
	}
	for _, m := range []string{"PUT", "DELETE", "PATCH"} {
		if r := owner.do(owner.request(m, account, formType, form.Encode())); r.StatusCode == http.StatusOK {
			t.Errorf("%s met %d", m, r.StatusCode)
		}
	}
}

// On a trusted browser no factor is asked for, so no factor was given there.
func TestATrustedBrowserChangesNothingWithoutTheFactor(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	p, _ := e.enters(t, "198.51.100.50", "app", e.app.code(0), "trust", "1")
	if !e.isIn(p) {
		t.Fatal("the owner is not in")
	}
	p.get("/logout")
	if r := e.in(p); r.guard() != "" {
		t.Fatalf("a trusted browser is asked: %q", r.guard())
	}
	r := p.get("/.login-guard/account")
	if strings.Contains(r.body, `value="edit"`) || strings.Contains(r.body, "otpauth:") {
		t.Error("a trusted browser sees the account page without the factor")
	}
	for _, s := range []string{"signout", "delete", "add", "codes"} {
		if r := p.sends(r, "step", s, "method", "app", "id", "x"); r.StatusCode == http.StatusSeeOther || strings.Contains(r.body, "otpauth:") {
			t.Errorf("step %s met %d", s, r.StatusCode)
		}
	}
	u, _ := url.Parse(e.g.URL)
	trust := ""
	for _, c := range p.client.Jar.Cookies(u) {
		if strings.HasSuffix(c.Name, "login_guard_trust") {
			trust = c.Name + "=" + c.Value
		}
	}
	// What ends trust: a recovery code that is used.
	q, _ := e.enters(t, "198.51.100.51", "recovery", e.app.recovery[0])
	if !e.isIn(q) {
		t.Fatal("the recovery code did not let in")
	}
	thief := visitor(t, e.g.URL, "203.0.113.5").withoutCookies()
	thief.spied(e.hers())
	if r := thief.login(shoptest.Alice().Email, shoptest.Alice().Password, "Cookie", trust); r.guard() != "second-factor" {
		t.Errorf("after a recovery code a browser is still trusted: %q %d", r.guard(), r.StatusCode)
	}
	p.get("/logout")
	if r := e.in(p); r.guard() != "second-factor" {
		t.Errorf("after a recovery code the browser of before is still trusted: %q", r.guard())
	}
}

// Who sets a new password wants nobody else in.
func TestANewPasswordEndsTheTrustOfBrowsers(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	p, _ := e.enters(t, "198.51.100.53", "app", e.app.code(0), "trust", "1")
	for _, form := range []string{"name=Alice&street=Elm", "q=password"} {
		p.post("/settings", form)
	}
	p.get("/logout")
	if r := e.in(p); r.guard() != "" {
		t.Fatalf("a trusted browser is asked: %q", r.guard())
	}
	p.post("/settings", "password=Persuasion-1817&confirm=Persuasion-1817")
	p.get("/logout")
	if r := e.in(p); r.guard() != "second-factor" {
		t.Errorf("after a new password the browser is still trusted: %q", r.guard())
	}
	// Nobody does that to somebody else's account.
	p.sends(p.get("/.login-guard/challenge/second"), "step", "second", "method", "app", "code", e.app.code(1), "trust", "1")
	for _, stranger := range []*person{visitor(t, e.g.URL, "203.0.113.7"), visitor(t, e.g.URL, "203.0.113.8").withoutCookies()} {
		stranger.get("/")
		stranger.post("/settings", "email="+shoptest.Alice().Email+"&new=x&password2=y&confirm=z")
		stranger.post("/settings", "password=Persuasion-1817&confirm=Persuasion-1817")
	}
	p.get("/logout")
	if r := e.in(p); r.guard() != "" {
		t.Errorf("a stranger's form ended the trust: %q", r.guard())
	}
}

// What somebody with the password may have added a moment ago does not end the
// trust of the owner's browsers.
func TestAProvisionalFactorSignsNobodyOut(t *testing.T) {
	t.Parallel()
	e, owner := plainShop(t)
	p, _ := e.enters(t, "198.51.100.52", "app", e.app.code(0), "trust", "1")
	owner.sends(owner.get("/.login-guard/account"), "step", "signout")
	p.get("/logout")
	if r := e.in(p); r.guard() != "" {
		t.Errorf("a trusted browser is asked: %q", r.guard())
	}
}

func TestWhoHasThePasswordDoesNotShutTheOwnerOut(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	trusted, _ := e.enters(t, "198.51.100.60", "app", e.app.code(0), "trust", "1")
	for i := range 30 {
		p, page := e.thief(t, i)
		p.sends(page, "step", "second", "method", "app", "code", fmt.Sprintf("%06d", i))
	}
	trusted.get("/logout")
	if e.in(trusted); !e.isIn(trusted) {
		t.Error("the owner is not in on a trusted browser")
	}
	p, r := e.enters(t, "198.51.100.61", "recovery", e.app.recovery[5])
	if !e.isIn(p) {
		t.Errorf("the owner is not in with a recovery code: %d %s", r.StatusCode, cut(r.body))
	}
	// A session that the thief shares with others shuts nobody else out.
	guest := visitor(t, e.g.URL, "192.0.2.77")
	guest.get("/")
	if r := guest.post("/cart", "product=12"); r.StatusCode != http.StatusSeeOther {
		t.Errorf("a guest's cart met %d", r.StatusCode)
	}
}

// clock sets the clock of a gateway under test.
type clock struct {
	file string
	off  time.Duration
}

// clocked is a shop behind a gateway whose clock can be set, before anybody
// has signed in.
func clocked(t *testing.T, d door) (*prey, *clock) {
	t.Helper()
	binary, err := guardtest.BuildClocked(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{file: filepath.Join(t.TempDir(), "jump")}
	t.Setenv(guardtest.ClockVariable, c.file)
	e := &prey{door: d, shop: d.shop().Start(t)}
	e.g = guardtest.StartWith(t, secondSite(e.door, e.shop, unlimited), guardtest.With{Binary: binary})
	return e, c
}

// goes sets the clock forward, and waits until the gateway has seen it.
func (c *clock) goes(t *testing.T, e *prey, on time.Duration) {
	t.Helper()
	c.off += on
	if err := os.WriteFile(c.file, fmt.Append(nil, int(c.off/time.Second)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := visitor(t, e.g.URL, "192.0.2.250")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		at, err := http.ParseTime(p.get("/.login-guard/account").Header.Get("Date"))
		if err == nil && at.After(time.Now().Add(c.off-30*time.Second)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the gateway's clock does not move")
		}
	}
}

// A proof is good for ten minutes, a ticket too, whatever the cookie says.
func TestProofAndTicketEnd(t *testing.T) {
	e, c := clocked(t, doors[len(doors)-1])
	alice := shoptest.Alice()
	owner := visitor(t, e.g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	e.app = owner.enrols()
	page := owner.get("/.login-guard/account")
	if !strings.Contains(page.body, `value="edit"`) {
		t.Fatalf("the owner does not see his page: %s", cut(page.body))
	}
	waiting := visitor(t, e.g.URL, "198.51.100.8")
	asked := e.in(waiting)
	c.goes(t, e, 11*time.Minute)
	e.app.off = c.off
	if r := owner.get("/.login-guard/account"); strings.Contains(r.body, `value="edit"`) {
		t.Error("eleven minutes after the login the account page is open")
	}
	if r := owner.sends(page, "step", "dismiss", "id", "x"); r.StatusCode == http.StatusSeeOther {
		t.Error("eleven minutes after the login a change is made")
	}
	waiting.spied(e.hers())
	waiting.sends(asked, "step", "second", "method", "app", "code", e.app.code(0))
	waiting.get(e.private)
	// The owner begins anew with the very next code.
	p, r := e.enters(t, "198.51.100.9", "app", e.app.code(1))
	if !e.isIn(p) {
		t.Errorf("after a ticket's end the owner is not in: %d %s", r.StatusCode, cut(r.body))
	}
}

// Somebody with the password sets up a factor of his own before the owner has
// one: the owner undoes it from the device that he has had for a while.
func TestWhatAThiefSetUpIsUndone(t *testing.T) {
	e, c := clocked(t, doors[len(doors)-1])
	alice := shoptest.Alice()
	owner := visitor(t, e.g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	c.goes(t, e, 8*24*time.Hour)
	owner.get("/logout")
	owner.login(alice.Email, alice.Password)
	thief := visitor(t, e.g.URL, "203.0.113.9")
	thief.off, owner.off = c.off, c.off
	thief.login(alice.Email, alice.Password)
	his := thief.enrols()
	owner.get("/logout")
	if r := e.in(owner); r.guard() != "" {
		t.Fatalf("the owner is shut out of what a thief set up: %q", r.guard())
	}
	page := owner.get("/.login-guard/account")
	id := ""
	for _, form := range forms.FindAllString(page.body, -1) {
		if m := regexp.MustCompile(`name="login_guard_id" value="([^"]*)"`).FindStringSubmatch(form); m != nil && strings.Contains(form, `value="undo"`) {
			id = m[1]
		}
	}
	if id == "" {
		t.Fatalf("nothing can be undone:\n%s", page.body[strings.Index(page.body, "<body"):])
	}
	if r := owner.sends(page, "step", "undo", "id", id); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("undoing met %d %s", r.StatusCode, cut(r.body))
	}
	e.app = owner.enrols()
	// The thief's login of a moment ago, with the factor that is gone.
	thief.get("/logout")
	before := thief.get("/.login-guard/account")
	if strings.Contains(before.body, `value="edit"`) || strings.Contains(before.body, `value="signout"`) {
		t.Error("the thief's factor is gone and his page is open")
	}
	next, asked := e.thief(t, 77)
	if asked.guard() != "second-factor" {
		t.Fatalf("the thief's next login met %q", asked.guard())
	}
	for _, answer := range [][]string{{"app", his.code(0)}, {"app", his.code(1)}, {"recovery", his.recovery[0]}, {"recovery", his.recovery[1]}} {
		next.sends(asked, "step", "second", "method", answer[0], "code", answer[1])
		next.get(e.private)
	}
	p, r := e.enters(t, "198.51.100.10", "app", e.app.code(0))
	if !e.isIn(p) {
		t.Errorf("the owner is not in with his own: %d %s", r.StatusCode, cut(r.body))
	}
}
