package blackbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestTwoAnswersThatDoNotDifferAreSaidToTellNothing(t *testing.T) {
	t.Parallel()
	same := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Add("Set-Cookie", "visit="+fresh()+"; Path=/")
		_, _ = w.Write([]byte(`<form method="post"><input type="hidden" name="csrf" value="` + fresh() + `">` +
			`<input type="text" name="email" value=""><input type="password" name="password" value=""></form><p class="alert">` + fresh()))
	})
	g := guardtest.Start(t, guardtest.Site(same, "", "mode monitor"))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn()
	p.login(shoptest.Alice().Email, l.Word)
	p.login(shoptest.Alice().Email, shoptest.Alice().Password)
	out := l.End()
	block := l.Block(out)
	for _, want := range []string{"the two answers do not differ, so no outcome can be read", "Did the right password sign you in?", "No sign of a right password"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(block, "success") {
		t.Errorf("a success out of nothing:\n%s", block)
	}
	// The block is no way in: nothing that the shop answers counts as right.
	if why := reload(g, guardtest.Site(same, "", "mode monitor\n"+block)); why != "" {
		t.Fatalf("%s\n%s", why, block)
	}
	p.login(shoptest.Alice().Email, shoptest.Alice().Password)
	if d := g.LastDecision(3); d.Outcome != "unknown" {
		t.Errorf("%+v", d)
	}
}

func TestALoginIsLearntBehindItsCheck(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn("--account", strings.ToUpper(shoptest.Alice().Email))
	c := p.check(p.login(shoptest.Alice().Email, l.Word), "slider")
	l.Waits("wrong") // it has not reached the shop
	if n := len(shop.Logins()); n != 0 {
		t.Fatalf("the word opened the guard: %+v", shop.Logins())
	}
	p.wrong(p.slide(c))
	l.Waits("right")
	p.signedIn(p.alice()) // the check that was passed is good for this one too
	if block := l.Block(l.End()); !strings.Contains(block, "account_field email") {
		t.Errorf("%s", block)
	}
	for i, d := range g.Decisions() {
		if d.Action == "slider" && i > 0 {
			t.Errorf("decision %d: %+v", i, d)
		}
	}
}

func TestLearningOpensNothing(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "limit pair 2 per 10m"))
	alice := shoptest.Alice()
	owner, other := visitor(t, g.URL, "203.0.113.7"), visitor(t, g.URL, "198.51.100.9")
	l := g.Learn()
	owner.wrong(owner.login(alice.Email, l.Word))
	l.Waits("right")
	// Who is not at the operator's address and browser cannot be the second
	// login, and neither can one for another account.
	other.wrong(other.login(alice.Email, "guess"))
	l.Waits("right")
	same := visitor(t, g.URL, "203.0.113.7")
	same.header.Set("User-Agent", "another browser")
	same.wrong(same.login(alice.Email, "guess"))
	l.Waits("right")
	owner.signedIn(owner.login(shoptest.Bob().Email, shoptest.Bob().Password))
	l.Waits("right")
	if s := l.State(); len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "another account") {
		t.Errorf("notes %q", s.Notes)
	}
	// The word is a wrong password like any other: two are spent by now, and
	// the third meets the limit also with the word.
	same.denied(same.login(alice.Email, l.Word))
	l.Waits("right")
	l.Interrupt()
	if out := l.End(); l.Err == nil || !strings.Contains(out, "nothing is being learnt any more") {
		t.Errorf("%v\n%s", l.Err, out)
	}
	if status, body := g.Admin(http.MethodGet, "/login_guard/learn?site=shop", ""); status != http.StatusNotFound {
		t.Errorf("the run goes on: %d %s", status, body)
	}
}

func TestWhatCannotBeLearntIsSaid(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	alice := shoptest.Alice()
	for what, c := range map[string]struct {
		send func(p *person, word string)
		want string
	}{
		"no account beside it": {func(p *person, word string) { p.post("/login", "password="+word) }, "no field beside the password looks like an account"},
		"a registration": {func(p *person, word string) {
			p.post("/register", credentials(alice.Email, word)+"&password2="+word)
		}, "came twice, as in a registration"},
		"a list of logins": {func(p *person, word string) {
			p.do(p.request(http.MethodPost, "/login", "application/json", `{"logins":[{"a":"`+word+`"}]}`))
		}, "stands in a list"},
		"a persisted query": {func(p *person, word string) {
			p.do(p.request(http.MethodPost, "/graphql", "application/json", `{"operationName":"In","variables":{"email":"a@b","password":"`+word+`"},"extensions":{"persistedQuery":{"sha256Hash":"x"}}}`))
		}, "it is a persisted GraphQL query"},
		"part of a value": {func(p *person, word string) { p.login(alice.Email, "x"+word) }, "a place that no field can name"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			g := guardtest.Start(t, guardtest.Site(shop.URL, "", "mode monitor"))
			p := visitor(t, g.URL, "203.0.113.7")
			l := g.Learn()
			c.send(p, l.Word)
			l.Waits("wrong")
			if s := l.State(); len(s.Notes) != 1 || !strings.Contains(s.Notes[0], c.want) {
				t.Errorf("notes %q, want %q", s.Notes, c.want)
			}
		})
	}
}

func TestAShopThatDidNotJudgeIsAskedAgain(t *testing.T) {
	t.Parallel()
	busy := true
	shop := shoptest.Generic()
	front := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if busy && r.Method == http.MethodPost {
			busy = false
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		shop.ServeHTTP(w, r)
	})
	g := guardtest.Start(t, guardtest.Site(front, ""))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn()
	p.login(shoptest.Alice().Email, l.Word)
	l.Waits("wrong")
	p.login(shoptest.Alice().Email, l.Word)
	l.Waits("right")
	p.login(shoptest.Alice().Email, shoptest.Alice().Password)
	out := l.End()
	l.Block(out)
	if !strings.Contains(out, "answered 429 to the login with the wrong password, so it was not judged") {
		t.Errorf("%s", out)
	}
}

func TestLearntAsJSONHasTheBlockAndNoSecret(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn("--json", "--site", "shop", "--minutes", "3")
	if left := time.Until(l.State().Until); left > 3*time.Minute || left < 2*time.Minute {
		t.Errorf("the run ends in %v", left)
	}
	// What came in the address is learnt as well.
	p.get("/login?" + credentials("nobody@shop.example", l.Word))
	l.Waits("right")
	p.login(shoptest.Alice().Email, l.Word)
	// A reload in between does not end it.
	if why := reload(g, guardtest.Site(shop.URL, "", "remember 12h")); why != "" {
		t.Fatal(why)
	}
	p.login(shoptest.Alice().Email, shoptest.Alice().Password)
	out := l.End()
	var s struct {
		Site, Strength, Block string
		Login                 struct{ Path, Kind string }
		Differences           []struct{ What, Wrong, Right, Use string }
		Endpoints             []map[string]any
		Presets, Warnings     []string
	}
	at := strings.Index(out, "{\n")
	if at < 0 {
		t.Fatalf("no JSON in\n%s", out)
	}
	if err := json.Unmarshal([]byte(out[at:]), &s); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if s.Site != "shop" || s.Login.Path != "/login" || s.Login.Kind != "form" || s.Strength != "fair" || len(s.Endpoints) != 1 || !strings.HasPrefix(s.Block, "endpoint login {\n") || len(s.Differences) < 3 {
		t.Errorf("%+v", s)
	}
	for _, secret := range []string{shoptest.Alice().Email, url.QueryEscape(shoptest.Alice().Email), shoptest.Alice().Password, "nobody"} {
		if strings.Contains(out, secret) || strings.Contains(g.Log(), shoptest.Alice().Password) {
			t.Errorf("%q in\n%s", secret, out)
		}
	}
}

func TestLearnRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	for what, args := range map[string][]string{
		"no time": {"--minutes", "-1"}, "no minute": {"--minutes", "0"}, "a day": {"--minutes", "1440"}, "no such site": {"--site", "else"}, "a word too many": {"alice"},
	} {
		if out, err := g.Command(append([]string{"login-guard", "learn", "--admin", g.AdminAddr}, args...)...); err == nil {
			t.Errorf("%s: %s", what, out)
		}
	}
	if status, _ := g.Admin(http.MethodPut, "/login_guard/learn", "{}"); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", status)
	}
	r, err := http.Post("http://"+g.AdminAddr+"/login_guard/learn", formType, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a web page's form may start it: %s", r.Status)
	}
}

func TestWhatIsNoLoginPassesUntouchedWhileLearning(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn()
	p.login(shoptest.Alice().Email, l.Word) // from here on all of this browser's posts are looked at
	l.Waits("right")
	shop.Reset()
	for _, size := range []int{0, 1, 4 << 10, 64 << 10, 64<<10 + 1, 300 << 10} {
		for _, kind := range []string{formType, "application/json", "text/plain", "image/png", ""} {
			for _, known := range []bool{true, false} {
				body := strings.Repeat("a=1&", size/4+1)[:size]
				r := p.request(http.MethodPost, "/admin", kind, body)
				if !known {
					r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(body))
				}
				p.do(r)
				all := shop.Requests()
				if got := all[len(all)-1]; string(got.Body) != body {
					t.Errorf("%d bytes of %q, length known: %v: %d arrived", size, kind, known, len(got.Body))
				}
			}
		}
	}
	l.Waits("right")
}

func TestALoginThatTheShopNeverGotIsPutBackWhileLearning(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn()
	c := p.check(p.login(shoptest.Alice().Email, l.Word), "slider")
	shop.Down()
	if r := p.slide(c); r.StatusCode != http.StatusBadGateway {
		t.Fatalf("%s\n%s", r.Status, r.body)
	}
	if d := g.LastDecision(2); d.Outcome != "retry" {
		t.Errorf("%+v", d)
	}
	l.Waits("wrong")
}

func TestARunThatFindsNothingEndsAndSaysWhy(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.7")
	l := g.Learn()
	p.check(p.login(shoptest.Alice().Email, "not the word"), "slider")
	if status, body := g.Admin(http.MethodPost, "/login_guard/learn", `{}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if out := l.End(); l.Err == nil || !strings.Contains(out, "another run of learn has begun") {
		t.Errorf("%v\n%s", l.Err, out)
	}
	// The run that took its place goes on.
	if s := l.State(); s.Step != "wrong" {
		t.Errorf("%+v", s)
	}
}
