package blackbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestACustomerWhoNeedsASecondFactorSetsItUpBeforeTheLoginGoesOn(t *testing.T) {
	t.Parallel()
	shop := shoptest.OpenCart3().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "opencart3", "second_factor required {\n\t\t\tgrace off\n\t\t}", "ladder slider off picture off"))
	alice, d := shoptest.Alice(), doors[0]
	p := visitor(t, g.URL, "198.51.100.7")
	p.get("/index.php?route=account/login")
	r := d.login(p, alice.Email, alice.Password)
	if r.guard() != "second-factor" {
		t.Fatalf("the login met %q", r.guard())
	}
	if in := p.get(d.private); strings.Contains(in.body, d.inside) {
		t.Fatal("signed in before the set-up")
	}
	r = p.sends(r, "step", "add", "method", "app")
	p.enrolsApp(r)
	if in := p.get(d.private); !strings.Contains(in.body, d.inside) {
		t.Errorf("not signed in after the set-up: %d %s", in.StatusCode, cut(in.body))
	}
	// From now on it is asked for.
	q := visitor(t, g.URL, "198.51.100.8")
	if r := d.login(q, alice.Email, alice.Password); r.guard() != "second-factor" || strings.Contains(r.body, "otpauth") {
		t.Errorf("the next login met %q", r.guard())
	}
}

func TestCustomersHaveTimeToSetASecondFactorUp(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "second_factor required", "ladder slider off picture off"))
	p := visitor(t, g.URL, "198.51.100.7")
	if r := p.login(shoptest.Alice().Email, shoptest.Alice().Password); r.guard() != "" {
		t.Errorf("within the grace period the login met %q", r.guard())
	}
}

// hooks is a server that gets codes and notices.
type hooks struct {
	mu  sync.Mutex
	got []map[string]any
}

const hookSecret = "a secret of the shop's own"

func (h *hooks) start(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var at, sum string
		for part := range strings.SplitSeq(r.Header.Get("Login-Guard-Signature"), ",") {
			if v, ok := strings.CutPrefix(part, "t="); ok {
				at = v
			}
			if v, ok := strings.CutPrefix(part, "v1="); ok {
				sum = v
			}
		}
		mac := hmac.New(sha256.New, []byte(hookSecret))
		mac.Write([]byte(at + "." + string(body)))
		if want := hex.EncodeToString(mac.Sum(nil)); sum != want {
			t.Errorf("signature %q, want %q", sum, want)
		}
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, m)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// wait returns the first message with a value, when it has come.
func (h *hooks) wait(t testing.TB, key, value string) map[string]any {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		h.mu.Lock()
		for _, m := range h.got {
			if m[key] == value {
				h.mu.Unlock()
				return m
			}
		}
		h.mu.Unlock()
	}
	t.Fatalf("nothing came with %s %s: %v", key, value, h.got)
	return nil
}

func TestACodeIsSentToThePhoneAndOpensTheAccount(t *testing.T) {
	t.Parallel()
	codes, notices := new(hooks), new(hooks)
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ladder slider off picture off", `second_factor optional {
			code sms `+codes.start(t)+` {
				secret "`+hookSecret+`"
				countries +49
			}
			notify `+notices.start(t)+` {
				secret "`+hookSecret+`"
			}
		}`))
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "198.51.100.7")
	p.login(alice.Email, alice.Password)
	app := p.enrols()
	r := p.get("/.login-guard/account")
	r = p.sends(r, "step", "add", "method", "sms")
	if bad := p.sends(r, "step", "contact", "method", "sms", "contact", "+43 664 1234567"); !strings.Contains(bad.body, "countr") {
		t.Errorf("a number of another country: %s", cut(bad.body))
	}
	r = p.sends(r, "step", "contact", "method", "sms", "contact", "0049 151 23456789")
	sent := codes.wait(t, "to", "+4915123456789")
	if text := sent["text"].(string); !strings.HasSuffix(text, "\n\n@localhost #"+sent["code"].(string)) {
		t.Errorf("the message is %q", text)
	}
	if wrong := p.sends(r, "step", "sent", "code", "000001"); wrong.StatusCode != http.StatusOK {
		t.Errorf("a wrong code: %d", wrong.StatusCode)
	}
	p.sends(r, "step", "sent", "code", sent["code"].(string))
	if r = p.get("/.login-guard/account"); !strings.Contains(r.body, "•••") {
		t.Errorf("the number is not on the account page: %s", cut(r.body))
	}
	if n := notices.wait(t, "method", "code"); n["event"] != "added" || n["account"] != alice.Email || n["site"] == "" {
		t.Errorf("the notice is %v", n)
	}

	q := visitor(t, g.URL, "198.51.100.8")
	r = q.login(alice.Email, alice.Password)
	m := regexp.MustCompile(`value="(to:[A-Z0-9]+)"`).FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("the phone is not offered: %s", r.body)
	}
	codes.mu.Lock()
	codes.got = nil
	codes.mu.Unlock()
	// The account page has just sent one: the next waits half a minute.
	r = q.sends(r, "step", "resend", "method", m[1])
	if len(codes.got) != 0 {
		t.Error("a second code was sent at once")
	}
	r = q.sends(r, "step", "second", "method", "app", "code", app.code(0))
	if r = q.follows(r); r.guard() != "" {
		t.Errorf("the app: %q", r.guard())
	}
}

func TestAnOperatorTakesASecondFactorAway(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, secondSite(door{}, shop))
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "198.51.100.7")
	p.login(alice.Email, alice.Password)
	p.enrols()
	say := func(want string, args ...string) {
		t.Helper()
		out, err := g.Command(append(append([]string{"login-guard", "factor"}, args...), "--admin", g.AdminAddr)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("factor %s: %v\n%s\nwant %q", strings.Join(args, " "), err, out, want)
		}
		if strings.Contains(out, alice.Email) {
			t.Errorf("the raw name is in %s", out)
		}
	}
	say("1 accounts with a second factor: 1 apps", "status")
	say("level 2; 1 apps", "status", alice.Email)
	say("sealed anew", "rekey")
	file := filepath.Join(t.TempDir(), "factors")
	say("opens with the same list of keys", "export", file)
	if raw, err := os.ReadFile(file); err != nil || len(raw) < 200 || strings.Contains(string(raw), alice.Email) {
		t.Errorf("the export has %d bytes: %v", len(raw), err)
	}
	say("0 added, 0 replaced, 1 were there", "import", file)
	for want, args := range map[string][]string{
		"--delay: 90d is more than 30d; write --delay 24h": {"reset", alice.Email, "--delay", "90d", "--admin", g.AdminAddr},
		"no gateway answers at 127.0.0.1:1: start it":      {"status", "--admin", "127.0.0.1:1"},
	} {
		if out, err := g.Command(append([]string{"login-guard", "factor"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v\n%s\nwant %q", args, err, out, want)
		}
	}
	say("the second factor goes at", "reset", alice.Email, "--delay", "24h")
	asked := visitor(t, g.URL, "198.51.100.8").login(alice.Email, alice.Password)
	if asked.guard() != "second-factor" {
		t.Errorf("before the reset is due the login met %q", asked.guard())
	}
	out, err := g.Command("login-guard", "explain", asked.ref(), "--admin", g.AdminAddr)
	for _, want := range []string{"asked for a second factor", "the password was right, and the account has a second factor", ": the same", "factor reset"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("explain does not say %q (%v):\n%s", want, err, out)
		}
	}
	say("withdraw done", "withdraw", alice.Email)
	say("reset done", "reset", alice.Email, "--delay", "0s")
	if r := visitor(t, g.URL, "198.51.100.9").login(alice.Email, alice.Password); r.guard() != "" {
		t.Errorf("after the reset the login met %q", r.guard())
	}
	say("1 replaced", "import", file, "--replace")
	if r := visitor(t, g.URL, "198.51.100.10").login(alice.Email, alice.Password); r.guard() != "second-factor" {
		t.Errorf("after the import the login met %q", r.guard())
	}
	if out, err := g.Command("login-guard", "factor", "reset", "nobody@shop.example", "--admin", g.AdminAddr); err == nil {
		t.Errorf("a reset of nobody: %s", out)
	}
	for _, line := range strings.Split(g.Log(), "\n") {
		if strings.Contains(line, alice.Email) {
			t.Errorf("the raw name is in the log: %s", line)
		}
	}
}

func TestARecoveryCodeLeadsToSettingUpAgain(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, secondSite(door{}, shop))
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "198.51.100.7")
	p.login(alice.Email, alice.Password)
	old := p.enrols()
	for _, way := range []string{"later", "now"} {
		q := visitor(t, g.URL, "198.51.100.8")
		r := q.login(alice.Email, alice.Password)
		code := old.recovery[0]
		old.recovery = old.recovery[1:]
		r = q.sends(r, "step", "second", "method", "recovery", "code", strings.ToLower(code))
		if in := q.get("/account"); strings.Contains(in.body, "Signed in") || !strings.Contains(r.body, `value="later"`) {
			t.Fatalf("%s: a recovery code met %q\n%s", way, r.guard(), cut(r.body))
		}
		if way == "later" {
			r = q.sends(r, "step", "later")
		} else {
			r = q.sends(r, "step", "add", "method", "app")
			m := regexp.MustCompile(`otpauth://totp/[^"]*`).FindString(r.body)
			r = q.sends(r, "step", "app", "code", phoneOf(t, m).code(-1))
		}
		if r.guard() != "" {
			t.Fatalf("%s: then it met %q\n%s", way, r.guard(), cut(r.body))
		}
		if in := q.get("/account"); !strings.Contains(in.body, "Signed in") {
			t.Errorf("%s: not signed in", way)
		}
		if again := visitor(t, g.URL, "198.51.100.9"); true {
			r := again.login(alice.Email, alice.Password)
			if r = again.sends(r, "step", "second", "method", "recovery", "code", code); r.guard() == "" {
				t.Errorf("%s: a recovery code is good twice", way)
			}
		}
	}
}

func TestAnotherKeyOpensNoAccountWithASecondFactor(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	site := secondSite(door{}, shop)
	g := guardtest.Start(t, site)
	alice, bob := shoptest.Alice(), shoptest.Bob()
	p := visitor(t, g.URL, "198.51.100.7")
	p.login(alice.Email, alice.Password)
	p.enrols()
	key := strings.Replace(site, "key $KEY", "key "+strings.Repeat("0123456789abcdef", 4), 1)
	if problem := reload(g, key); problem != "" {
		t.Fatal(problem)
	}
	for _, who := range []shoptest.Account{alice, bob} {
		if r := visitor(t, g.URL, "198.51.100.8").login(who.Email, who.Password); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %q", who.Name, r.StatusCode, r.guard())
		}
	}
	if r := visitor(t, g.URL, "198.51.100.8").get("/"); r.StatusCode != http.StatusOK {
		t.Errorf("the shop itself: %d", r.StatusCode)
	}
	if !strings.Contains(g.Log(), "made with another key") {
		t.Error("the log does not say why")
	}
	if out, err := g.Command("login-guard", "factor", "forget-key", "--admin", g.AdminAddr); err != nil {
		t.Fatal(err, out)
	}
	if r := visitor(t, g.URL, "198.51.100.8").login(bob.Email, bob.Password); r.guard() != "" {
		t.Errorf("after the operator gave them up: %d %q", r.StatusCode, r.guard())
	}
}

// Whoever gives the factor is the owner, whatever others did from his network
// in between.
func TestGuessingFromTheSameAddressDoesNotKeepASecondFactorFromCounting(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, secondSite(door{}, shop, "limit address 5 refill 1/h"))
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "198.51.100.7")
	p.login(alice.Email, alice.Password)
	app := p.enrols()
	q := visitor(t, g.URL, "203.0.113.8")
	page := q.login(alice.Email, alice.Password)
	for i := range 5 {
		visitor(t, g.URL, "203.0.113.8").login(fmt.Sprintf("customer-%d@shop.example", i%3), "a guess")
	}
	if r := visitor(t, g.URL, "203.0.113.8").login(alice.Email, "a guess"); r.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("the next guess: %d", r.StatusCode)
	}
	if r := q.sends(page, "step", "second", "method", "app", "code", app.code(0)); r.guard() != "" {
		t.Errorf("the owner's code: %d %q", r.StatusCode, r.guard())
	}
	if in := q.get("/account"); !strings.Contains(in.body, "Signed in") {
		t.Error("the owner is not in")
	}
}
