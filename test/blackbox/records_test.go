package blackbox_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// loud is a site whose every output is on: access log with placeholders, a
// header from a placeholder, metrics, events on the log.
func loud(shop *shoptest.Shop, options ...string) string {
	return fmt.Sprintf(`{
	$GLOBAL
	metrics {
		per_host
	}
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	log {
		output stderr
		format json
	}
	log_append guard_action {http.login_guard.action}
	log_append guard_score {http.login_guard.score}
	log_append guard_reasons {http.login_guard.reasons}
	log_append guard_ref {http.login_guard.ref}
	log_append guard_outcome {http.login_guard.outcome}
	header >X-Guard "{http.login_guard.action} {http.login_guard.outcome} {http.login_guard.ref}"
	login_guard {
		site shop
		%s
	}
	reverse_proxy %s
}
`, strings.Join(options, "\n\t\t"), strings.TrimPrefix(shop.URL, "http://"))
}

// metrics is the text of the metrics endpoint.
func metrics(t *testing.T, g *guardtest.Gateway) string {
	t.Helper()
	status, text := g.Admin(http.MethodGet, "/metrics", "")
	if status != http.StatusOK {
		t.Fatal(text)
	}
	return text
}

// canaries are secrets that must not turn up in any output.
type canaries map[string]string

func (c canaries) add(what, value string) {
	if len(value) >= 8 {
		c[value] = what
	}
}

// find reports every secret that is in text, in any of the spellings in
// which it could be.
func (c canaries) find(t *testing.T, where, text string) {
	t.Helper()
	for value, what := range c {
		for _, spelled := range []string{value, url.QueryEscape(value), url.PathEscape(value), strings.ReplaceAll(value, "&", `\u0026`)} {
			if i := strings.Index(text, spelled); i >= 0 {
				t.Errorf("%s has the %s: …%.200q", where, what, text[max(0, i-80):])
				break
			}
		}
	}
}

func TestNoOutputHasAPasswordAnAccountOrAToken(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, loud(shop, "ask_after 3d", "limit attempts 40 per 10m"))
	secrets := canaries{}
	account, password := "Canary.Account@shop.example", "Canary-Passw0rd&x"
	shop.AddAccount(shoptest.Account{Name: "canary-name", Email: account, Password: password})
	secrets.add("account", account)
	secrets.add("account", strings.ToLower(account))
	secrets.add("password", password)
	secrets.add("wrong password", "Canary-Wr0ng")

	var headers strings.Builder
	seen := func(r reply) reply {
		fmt.Fprintf(&headers, "%s %s\n", r.Request.URL, r.Status)
		for name, values := range r.Header {
			if name != "Set-Cookie" {
				fmt.Fprintf(&headers, "%s: %s\n", name, values)
			}
		}
		for _, c := range r.Cookies() {
			if strings.Contains(c.Name, "login_guard") {
				secrets.add(c.Name, c.Value)
			}
		}
		return r
	}
	check := func(p *person, r reply, kind string) *shoptest.Check {
		c := p.check(seen(r), kind)
		secrets.add("page's half", c.Hold)
		secrets.add("token", c.Task.Token)
		if kind == "picture" && c.Task.Floor < 60000 {
			secrets.add("picture's digits", "picture "+p.readOff(c))
		}
		return c
	}
	p := visitor(t, g.URL, "203.0.113.1")
	// Wrong, asked, passed by slider.
	c := check(p, p.login(account, "Canary-Wr0ng"), "slider")
	clearance := p.clearance(c, "pointer", "")
	secrets.add("clearance", clearance)
	seen(p.goOn(c, clearance))
	seen(p.goOn(c, clearance)) // gone
	seen(p.login(account, "Canary-Wr0ng"))
	// Right, by picture, first wrong.
	q := visitor(t, g.URL, "198.51.100.1")
	c = check(q, q.submit(check(q, q.login(account, password), "slider"), "step", "picture"), "picture")
	q.get(c.Task.Picture)
	time.Sleep(time.Duration(c.Task.Floor) * time.Millisecond)
	c = check(q, q.submit(c, "challenge", c.Task.Token, "answer", "Canary-Answer"), "picture")
	secrets.add("typed answer", "Canary-Answer")
	seen(q.typeIn(c))
	seen(q.login(account, password))
	check(q, q.login("canary-other@shop.example", password), "slider")
	secrets.add("other account", "canary-other")
	// The slow way, a forged post, unreadable, by query, by script, too large.
	s := visitor(t, g.URL, "198.51.101.1")
	check(s, s.submit(check(s, s.login(account, password), "slider"), "step", "slow"), "picture")
	seen(s.post(c.Action, "login_guard_hold="+url.QueryEscape(c.Hold), "Sec-Fetch-Site", "cross-site"))
	seen(s.post("/login", "email="+url.QueryEscape(account)+"&email=b&password="+url.QueryEscape(password)))
	seen(s.login(account, password, "Sec-Fetch-Mode", "cors", "Accept", "application/json"))
	seen(s.post("/login", credentials(account, password)+"&x="+strings.Repeat("y", 100<<10)))
	// The shop is down while a login waits.
	c = check(s, s.login(account, password), "slider")
	shop.Down()
	page := seen(s.slide(c))
	if field := clearanceField.FindStringSubmatch(page.body); field != nil {
		secrets.add("clearance of the button", field[1])
	}
	if err := shop.Up(); err != nil {
		t.Fatal(err)
	}
	// Denied.
	for range 12 {
		seen(visitor(t, g.URL, "203.0.113.9").login(account, "Canary-Wr0ng"))
	}
	for _, verbs := range [][]string{{"status"}, {"release", "--account", account}, {"revoke", "--account", account}} {
		secrets.find(t, "the verb "+verbs[0], verb(t, g, verbs...))
	}
	reload(g, loud(shop, "ask_after 4d"))
	time.Sleep(1100 * time.Millisecond) // folded lines

	secrets.find(t, "the log", g.Log())
	secrets.find(t, "the metrics", metrics(t, g))
	secrets.find(t, "an answer's header or URL", headers.String())
	for _, file := range []string{"status"} {
		_, text := g.Admin(http.MethodGet, "/login_guard/"+file, "")
		secrets.find(t, "the admin API", text)
	}
	files := 0
	err := filepath.WalkDir(filepath.Dir(g.Storage()), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		secrets.find(t, "the file "+path, string(b))
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files read: %v", files, err)
	}
	if len(secrets) < 20 || !strings.Contains(g.Log(), `"level":"debug"`) || !strings.Contains(g.Log(), `"guard_action":"slider"`) {
		t.Errorf("the canary is blind: %d secrets, debug %v", len(secrets), strings.Contains(g.Log(), `"level":"debug"`))
	}
}

func TestPlaceholdersAreThereForTheAccessLogAndHeader(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, loud(shop, "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.1")
	held := p.alice()
	if got := held.Header.Get("X-Guard"); got != "slider none "+held.ref() {
		t.Errorf("at the check: %q", got)
	}
	r := p.slide(p.check(held, "slider"))
	if got := r.Header.Get("X-Guard"); got != "allow success "+held.ref() {
		t.Errorf("at the end: %q", got)
	}
	eventually(t, "line of the access log", func() bool { return strings.Contains(g.Log(), `"guard_outcome":"success"`) })
	for _, want := range []string{`"guard_action":"slider"`, `"guard_outcome":"success"`, `"guard_reasons":"floor.ask_after"`, `"guard_ref":"` + held.ref() + `"`, `"guard_score":0`} {
		if !strings.Contains(g.Log(), want) {
			t.Errorf("the access log has no %s", want)
		}
	}
}

func TestMetricsHaveTheNamesOfTheContract(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, loud(shop, "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.wrong(p.login(shoptest.Alice().Email, "x"))
	p.check(p.login(shoptest.Bob().Email, "x"), "slider")
	p.wants(p.post("/login", "email=a&email=b&password=c"), http.StatusBadRequest, "unreadable")
	eventually(t, "gauge of held logins", func() bool { // it is refreshed every second
		return strings.Contains(metrics(t, g), "caddy_login_guard_held_logins 1\n")
	})
	text := metrics(t, g)
	for _, want := range []string{
		`caddy_login_guard_decisions_total{action="allow",mode="enforce",site="shop"} 2`,
		`caddy_login_guard_decisions_total{action="slider",mode="enforce",site="shop"} 2`,
		`caddy_login_guard_decisions_total{action="unreadable",mode="enforce",site="shop"} 1`,
		`caddy_login_guard_challenges_total{kind="slider",outcome="shown"} 2`,
		`caddy_login_guard_challenges_total{kind="slider",outcome="passed"} 1`,
		`caddy_login_guard_logins_total{outcome="success"} 1`,
		`caddy_login_guard_logins_total{outcome="failure"} 1`,
		`caddy_login_guard_challenge_duration_seconds_count 1`,
		`caddy_login_guard_score_count 4`,
		`caddy_login_guard_held_logins 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(text, "# TYPE caddy_login_guard_score histogram") {
		t.Error("the score is no histogram")
	}
	// Values survive a reload, and nothing is registered twice.
	if why := reload(g, loud(shop, "ask_after 4d")); why != "" {
		t.Fatal(why)
	}
	if again := metrics(t, g); !strings.Contains(again, `caddy_login_guard_logins_total{outcome="success"} 1`+"\n") {
		t.Error("a reload loses the counts")
	}
}

func TestEachDecisionIsAnEvent(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.alice()
	p.check(r, "slider")
	g.LastDecision(1)
	// Caddy logs every event at debug level.
	eventually(t, "an event login_guard.decision in the log", func() bool {
		for line := range strings.SplitSeq(g.Log(), "\n") {
			if strings.Contains(line, `"name":"login_guard.decision"`) && strings.Contains(line, r.ref()) && strings.Contains(line, `"action":"slider"`) {
				return true
			}
		}
		return false
	})
}

// eventually waits for what is to come soon.
func eventually(t testing.TB, what string, came func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !came(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still no %s", what)
		}
	}
}

func TestADecisionHasTheFieldsOfTheContract(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.77")
	p.check(p.alice(), "slider")
	d := g.LastDecision(1)
	if d.Endpoint != "generic" || d.Site != "shop" || d.Action != "slider" || d.Would != "slider" || d.Mode != "enforce" || d.Outcome != "none" ||
		d.Address != "203.0.113.0/24" || len(d.Account) < 8 || len(d.Reasons) != 1 || d.Reasons[0] != "floor.ask_after" || len(d.Ref) != 9 {
		t.Errorf("%+v", d)
	}
	v6 := visitor(t, g.URL, "2001:db8:1:2::3")
	v6.check(v6.login("ALICE@shop.example", "x"), "slider")
	if e := g.LastDecision(2); e.Address != "2001:db8:1::/48" || e.Account != d.Account {
		t.Errorf("%+v after %+v", e, d)
	}
}
