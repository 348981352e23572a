package faults_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

var second = "second_factor optional"

// step posts a step of the second factor's or the account's form.
func (v *visitor) step(page answer, to string, pairs ...string) answer {
	v.t.Helper()
	f := url.Values{}
	for _, tag := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(page.body, -1) {
		name := regexp.MustCompile(`name="(login_guard_(?:token|ticket))"`).FindStringSubmatch(tag)
		value := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(tag)
		if name != nil && value != nil {
			f.Set(name[1], html.UnescapeString(value[1]))
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set("login_guard_"+pairs[i], pairs[i+1])
	}
	return v.send(http.MethodPost, to, f.Encode())
}

// past is an app's code of the step before the present one. That is not good
// any more after the next step: with less than two seconds left it may come
// too late, so that it waits for the next.
func past(secret []byte) string {
	if left := totp.Period - time.Duration(time.Now().UnixNano())%totp.Period; left < 2*time.Second {
		time.Sleep(left)
	}
	return totp.Code(secret, totp.Step(time.Now())-1)
}

// enrol gives an account an authenticator app and returns its secret and the
// recovery codes.
func (v *visitor) enrol(who shoptest.Account) (secret []byte, codes []string) {
	v.t.Helper()
	const account = "/.login-guard/account"
	v.signedIn(v.send(http.MethodPost, "/login", form(who.Email, who.Password)))
	a := v.step(v.send(http.MethodGet, account, ""), account, "step", "add", "method", "app")
	u, err := url.Parse(html.UnescapeString(regexp.MustCompile(`otpauth://totp/[^"]*`).FindString(a.body)))
	if err != nil || u.Query().Get("secret") == "" {
		v.t.Fatalf("no secret on the page: %v\n%.1500s", err, a.body)
	}
	if secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret")); err != nil {
		v.t.Fatal(err)
	}
	a = v.step(a, account, "step", "app", "code", past(secret))
	if codes = regexp.MustCompile(`[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}`).FindAllString(a.body, -1); len(codes) < 10 {
		v.t.Fatalf("%d recovery codes:\n%.1500s", len(codes), a.body)
	}
	a = v.step(a, account, "step", "saved")
	if a = v.step(a, account, "step", "typed", "code", codes[0]); a.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("typing a code back: %d\n%.1500s", a.StatusCode, a.body)
	}
	return secret, codes
}

// has gives the browser a session of the shop.
func (v *visitor) has(session string) *visitor {
	u, _ := url.Parse(v.base)
	v.client.Jar.SetCookies(u, []*http.Cookie{{Name: "PHPSESSID", Value: session, Path: "/"}})
	return v
}

// asked fails the test unless the answer is the page of the second factor.
func (v *visitor) asked(what string, a answer) {
	v.t.Helper()
	if a.guard() != "second-factor" {
		v.t.Errorf("%s: %d, Login-Guard %q", what, a.StatusCode, a.guard())
	}
}

// Nobody who has a second factor gets in without it because something is
// down, and nobody else waits for that.
func TestASecondFactorHoldsWhenRedisIsAwayCutOffOrEmptied(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	w := newWire(t, r.Addr)
	f := newFleet(t, []string{"redis://" + r.Addr + "?timeout=5s", whose(w.addr)}, second)
	f.await(true, f.gates...)
	alice, bob := shoptest.Alice(), shoptest.Bob()
	secret, codes := f.visitor(0).enrol(alice)

	login := func(v *visitor, who shoptest.Account) answer {
		return v.send(http.MethodPost, "/login", form(who.Email, who.Password))
	}
	thief := f.visitor(0).has("pre-login-0123456789")
	thief.asked("the login at the first gateway", login(thief, alice))
	thief.asked("the session at the first gateway", thief.send(http.MethodGet, "/account", ""))
	other := thief.at(f.gates[1].URL)
	other.asked("the session at the other gateway", other.send(http.MethodGet, "/account", ""))
	bare := f.visitor(1).has("PRE-login-0123456789")
	bare.asked("the bare session, in capitals, at the other gateway", bare.send(http.MethodGet, "/account", ""))
	third := f.visitor(1)
	third.asked("the login at the other gateway", login(third, alice))
	eventually(t, "the other gateway knows by itself", func() bool { return known(t, f.gates[1]) >= 2 })

	outage := func(name string, gate int) {
		t.Helper()
		v := f.visitor(gate)
		if a := login(v, alice); a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: Alice's password alone: %d %q", name, a.StatusCode, a.guard())
		}
		u := f.visitor(gate).has("a-guest-of-the-shop")
		if a := u.send(http.MethodGet, "/", ""); a.StatusCode != http.StatusOK || a.guard() != "" {
			t.Errorf("%s: a guest: %d %q", name, a.StatusCode, a.guard())
		}
		u.signedIn(login(u, bob))
		bare.at(f.gates[gate].URL).asked(name+": the session that is shut", bare.at(f.gates[gate].URL).send(http.MethodGet, "/account", ""))
	}
	w.set(refuses)
	f.await(false, f.gates[1])
	outage("cut off", 1)
	w.set(whole)
	f.await(true, f.gates...)
	r.Pause()
	f.await(false, f.gates...)
	outage("Redis stands still", 0)
	outage("Redis stands still, at the other", 1)
	r.Resume()
	f.await(true, f.gates...)

	// What is in Redis says nothing of anybody.
	dump, err := r.Client().Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, key := range dump {
		all.WriteString(key)
		raw, err := r.Client().Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(raw)
	}
	for name, canary := range map[string]string{"secret": string(secret), "secret in base32": base32.StdEncoding.EncodeToString(secret), "secret in base64": base64.StdEncoding.EncodeToString(secret),
		"secret in hexadecimal": hex.EncodeToString(secret), "recovery code": codes[3], "recovery code without hyphens": strings.ReplaceAll(codes[3], "-", ""),
		"account": alice.Email, "password": alice.Password, "session": "pre-login"} {
		if strings.Contains(strings.ToLower(all.String()), strings.ToLower(canary)) {
			t.Errorf("Redis holds the %s", name)
		}
	}

	if err := r.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for i := range f.gates {
		v := f.visitor(i)
		if a := login(v, alice); a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("Redis was emptied: Alice's password alone: %d %q at gateway %d", a.StatusCode, a.guard(), i)
		}
		bare.at(f.gates[i].URL).asked("Redis was emptied: the session that is shut", bare.at(f.gates[i].URL).send(http.MethodGet, "/account", ""))
		u := f.visitor(i)
		u.signedIn(login(u, bob))
	}
	command(t, f.gates[0], "factor", "accept-loss", "--by", "anna")
	eventually(t, "after the operator gave them up Alice signs in with the password", func() bool {
		v := f.visitor(0)
		a := login(v, alice)
		return a.guard() == "" && a.StatusCode == http.StatusSeeOther
	})
}

// known is how many durable rows a gateway knows of.
func known(t testing.TB, g *guardtest.Gateway) int {
	t.Helper()
	return status(t, g).Rows
}
