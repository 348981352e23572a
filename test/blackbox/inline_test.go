package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// beside opens the slider that stands beside a login form.
func (p *person) beside() *shoptest.Check {
	p.t.Helper()
	return p.check(p.get("/.login-guard/inline?frame=inline"), "slider")
}

// earns slides it; the browser then has a voucher.
func (p *person) earns() {
	p.t.Helper()
	p.clearance(p.beside(), "pointer", "")
	if !p.has(passCookie) {
		p.t.Fatal("there is no cookie")
	}
}

// wouldBeAsked is what the shop's page learns before anybody types.
func (p *person) wouldBeAsked() bool {
	p.t.Helper()
	r := p.get("/.login-guard/inline", "Sec-Fetch-Mode", "cors", "Accept", "*/*")
	var said struct{ Ask *bool }
	if err := json.Unmarshal([]byte(r.body), &said); err != nil || said.Ask == nil || r.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %q: %v", r.Status, r.body, err)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		p.t.Errorf("Cache-Control %q", got)
	}
	return *said.Ask
}

func TestTheScriptForTheShopsPagesIsSmallAndTheSameForAll(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	for _, preset := range append(config.PresetNames(), "") {
		t.Run(preset, func(t *testing.T) {
			g := guardtest.Start(t, guardtest.Site(shop.URL, preset, "path_prefix /own/"))
			get := func(more ...string) reply {
				return visitor(t, g.URL, "203.0.113.1").get("/own/guard.js", append(more, "Sec-Fetch-Mode", "no-cors")...)
			}
			r := get()
			for name, want := range map[string]string{
				"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff",
				"Cross-Origin-Resource-Policy": "same-origin", "Set-Cookie": "",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s %q, want %q", name, got, want)
				}
			}
			t.Logf("%d bytes", len(r.body))
			if r.StatusCode != http.StatusOK || len(r.body) > 12000 || !strings.Contains(r.body, `"/own/"`) {
				t.Errorf("%s, %d bytes, want at most 12000 and our own prefix in them", r.Status, len(r.body))
			}
			for _, bad := range []string{"eval(", "Function(", "innerHTML", "document.write", "http://", "https://", "setAttribute('style'", `setAttribute("style"`} {
				if strings.Contains(r.body, bad) {
					t.Errorf("it has %s", bad)
				}
			}
			if again := get("Cookie", "session=other", "Accept-Language", "ar"); again.body != r.body || again.Header.Get("Etag") != r.Header.Get("Etag") {
				t.Error("somebody else gets another")
			}
			if cached := get("If-None-Match", r.Header.Get("Etag")); cached.StatusCode != http.StatusNotModified || cached.body != "" {
				t.Errorf("asked again: %s, %d bytes", cached.Status, len(cached.body))
			}
		})
	}
}

func TestTheScriptTakesNoOtherMethod(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	for path, allow := range map[string]string{"guard.js": "GET, HEAD", "inline": "GET"} {
		if r := p.post("/.login-guard/"+path, "email=a&password=b"); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != allow {
			t.Errorf("%s: %s, Allow %q", path, r.Status, r.Header.Get("Allow"))
		}
	}
	if r := p.do(p.request(http.MethodHead, "/.login-guard/guard.js", "", "")); r.StatusCode != http.StatusOK || r.ContentLength < 1000 || r.body != "" {
		t.Errorf("HEAD: %s, %d bytes", r.Status, r.ContentLength)
	}
}

// Only who would be asked after sending is asked before.
func TestWhoWouldBeAskedIsToldBeforehand(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "blocked.txt")
	if err := os.WriteFile(list, []byte("198.51.100.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shop := shoptest.Generic().Start(t)
	for name, test := range map[string]struct {
		options []string
		address string
		want    bool
	}{
		"every new device is asked":            {[]string{"ask_after 3d"}, "203.0.113.1", true},
		"nobody is asked":                      {nil, "203.0.113.1", false},
		"monitoring":                           {[]string{"ask_after 3d", "mode monitor"}, "203.0.113.1", false},
		"an address that is enough":            {[]string{"ladder slider 5 picture 20"}, "198.51.100.1", true},
		"another address":                      {[]string{"ladder slider 5 picture 20"}, "203.0.113.1", false},
		"one that would be asked for more":     {[]string{"ladder slider 2 picture 5"}, "198.51.100.1", false},
		"one that would be asked for nothing":  {[]string{"ladder slider off picture off"}, "198.51.100.1", false},
		"one that would be asked more besides": {[]string{"ask_after 3d", "ladder slider 2 picture 5"}, "198.51.100.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := guardtest.Site(shop.URL, "", test.options...)
			g := guardtest.Start(t, strings.Replace(site, "key $KEY", "key $KEY\n\t\tlist blocked "+list, 1))
			p := visitor(t, g.URL, test.address)
			if got := p.wouldBeAsked(); got != test.want {
				t.Errorf("asked beforehand: %v, want %v", got, test.want)
			}
			// It is a question, no attempt.
			for range 30 {
				p.wouldBeAsked()
			}
			if n := len(g.Decisions()); n != 0 {
				t.Errorf("%d decisions", n)
			}
		})
	}
}

func TestWhoIsKnownIsNotAskedBeforehand(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	if !p.wouldBeAsked() {
		t.Fatal("a new browser is not asked")
	}
	p.earns()
	if p.wouldBeAsked() {
		t.Error("who slid is asked again")
	}
	p.wrong(p.login(shoptest.Alice().Email, "typo"))
	if p.wouldBeAsked() {
		t.Error("whose check is still good is asked again")
	}
	p.signedIn(p.alice())
	p.forget(passCookie)
	if p.wouldBeAsked() {
		t.Error("a device that logged in is asked again")
	}
	p.forget(deviceCookie)
	if !p.wouldBeAsked() {
		t.Error("without cookies it is a new browser")
	}
}

func TestWhoSlidBeforeSendingIsNotAskedAfter(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.earns()
	r := p.alice()
	p.signedIn(r)
	if c := r.cookie(passCookie); c == nil || c.MaxAge != 24*60*60 {
		t.Errorf("it did not become the account's own pass: %q", r.Header["Set-Cookie"])
	}
	p.forget(deviceCookie)
	p.signedIn(p.alice()) // by the pass
	p.check(p.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")
	ran(t, shop, 2)
}

func TestAVoucherIsWorthWhatASliderAfterSendingIs(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, quiet)
	p := visitor(t, g.URL, "203.0.113.1")
	p.earns()
	p.wrong(p.login(shoptest.Alice().Email, "typo"))
	for i := range 3 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("typo", i)))
	}
	p.check(p.alice(), "slider")
	ran(t, shop, 4)
}

func TestAVoucherIsGoodForOneAttempt(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.earns()
	u, _ := url.Parse(p.base)
	var voucher string
	for _, c := range p.client.Jar.Cookies(u) {
		if c.Name == passCookie {
			voucher = c.Name + "=" + c.Value
		}
	}
	other := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	for what, cookie := range map[string]string{
		"cut": voucher[:len(voucher)-1], "changed": flip(voucher), "longer": voucher + "AAAA", "under the other name": "__Host-" + voucher,
	} {
		if r := other.alice("Cookie", cookie); r.guard() != "slider" {
			t.Errorf("%s: %s, Login-Guard %q", what, r.Status, r.guard())
		}
	}
	browser := other.header.Clone()
	other.header.Set("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15")
	other.check(other.alice("Cookie", voucher), "slider") // another kind of browser
	other.header = browser
	// A link on another website must not use it up.
	other.check(other.alice("Cookie", voucher, "Sec-Fetch-Site", "cross-site"), "slider")
	ran(t, shop, 0)

	other.signedIn(other.alice("Cookie", voucher))
	ran(t, shop, 1)
	other.check(other.alice("Cookie", voucher), "slider")
	other.check(other.login(shoptest.Bob().Email, "guess", "Cookie", voucher), "slider")
	p.check(p.login(shoptest.Bob().Email, "guess"), "slider")
	ran(t, shop, 1)
}

func TestAVoucherOfOneSiteIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, twoSites(shop, ""))
	p := visitor(t, g.URL, "203.0.113.1")
	p.earns()
	q := visitor(t, g.Expand("http://localhost:$PORT2"), "203.0.113.1")
	q.client.Jar = p.client.Jar
	q.check(q.alice(), "slider")
}

// Slider, picture and press pass twelve times an hour for an address and
// account, wherever they stand.
func TestVouchersCountLikeAnyCheckThatIsPassed(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, append(but(), "remember 10m")...)
	p := visitor(t, g.URL, "203.0.113.1")
	for i := range 13 {
		for _, name := range []string{passCookie, deviceCookie} {
			p.forget(name)
		}
		p.earns()
		if i < 12 {
			p.signedIn(p.alice())
			continue
		}
		c := p.check(p.alice(), "slider")
		if v := p.verify(c, "pointer", ""); v.Status != "picture" {
			t.Errorf("the slider after sending says %+v", v)
		}
	}
	ran(t, shop, 12)
	p.earns()
	p.signedIn(p.login(shoptest.Bob().Email, shoptest.Bob().Password))
}

// A login page that an office looks at is no attack; answers count.
func TestSlidersBesideFormsCountWhenTheyAreAnswered(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, but("challenges 3 per 10m")...)
	p := visitor(t, g.URL, "203.0.113.1")
	var all []*shoptest.Check
	for range 30 {
		all = append(all, p.beside())
	}
	for range 3 {
		p.clearance(all[0], "pointer", "")
		all = all[1:]
	}
	if v := p.verify(all[0], "pointer", ""); v.Status != "gone" {
		t.Errorf("over the limit: %+v", v)
	}
	// Nor is one that was earned elsewhere free of this address' limit.
	q := visitor(t, g.URL, "198.51.100.1")
	q.earns()
	q = q.moved("203.0.113.1")
	if r := q.alice(); r.guard() == "" {
		t.Error("a voucher from another address went past the limit of this one")
	}
	ran(t, shop, 0)
	q = visitor(t, g.URL, "198.51.100.2")
	q.earns()
	q = q.moved("198.51.100.3")
	q.signedIn(q.alice())
}

// What a slider beside a form earns is no more than that: it is no held login
// and opens neither picture nor wait.
func TestASliderBesideAFormLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.beside()
	for _, fields := range [][]string{{}, {"step", "picture"}, {"step", "new"}, {"step", "slow"}, {"step", "waited", "challenge", c.Task.Token}, {"challenge", c.Task.Token, "answer", "123456"}} {
		form := url.Values{"login_guard_hold": {c.Hold}}
		for i := 0; i+1 < len(fields); i += 2 {
			form.Set("login_guard_"+fields[i], fields[i+1])
		}
		p.shows(p.post("/login", form.Encode()), http.StatusOK, "gone_title")
	}
	body, _ := json.Marshal(map[string]string{"hold": c.Hold, "challenge": c.Task.Token})
	for _, what := range []string{"slow", "sound"} {
		r := p.do(p.request(http.MethodPost, "/.login-guard/"+what, "application/json", string(body)))
		if strings.Contains(r.body, "token") {
			t.Errorf("%s: %s %s", what, r.Status, r.body)
		}
	}
	for _, way := range []string{"picture", "slow"} {
		if v := p.verify(c, way, "x"); v.Status == "checked" || v.Task.Picture != "" {
			t.Errorf("by %s: %+v", way, v)
		}
	}
	bad := *p.beside()
	bad.Task.Token += "x"
	if v := p.verify(&bad, "picture", "x"); v.Task.Picture != "" || v.Task.Token == "" {
		t.Errorf("without a check: %+v, want another slider", v)
	}
	// The token of a held login's check earns no voucher, nor the other way.
	held := p.check(p.alice(), "slider")
	mixed := *held
	mixed.Hold = c.Hold
	if v := p.verify(&mixed, "pointer", ""); v.Status == "checked" {
		t.Errorf("a held login's check with the slip of a form's: %+v", v)
	}
	mixed = *p.beside()
	mixed.Hold = held.Hold
	if v := p.verify(&mixed, "pointer", ""); v.Status == "checked" {
		t.Errorf("a form's check with the slip of a held login: %+v", v)
	}
	ran(t, shop, 0)
}

func TestAVoucherDoesNotPassForAPicture(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, "ladder slider 2 picture 5", "limit address 100 refill 1/m", "limit pair off", "limit account off", "limit accounts off")
	p := visitor(t, g.URL, "203.0.113.1")
	p.earns()
	// Meanwhile this address guesses.
	for i := range 4 {
		q := visitor(t, g.URL, "203.0.113.1")
		q.earns()
		q.wrong(q.login(fmt.Sprintf("someone%d@shop.example", i), "guess"))
	}
	p.wants(p.alice(), http.StatusOK, "picture")
	ran(t, shop, 4)
}

func TestMonitoringShowsNoSlider(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.beside()
	verb(t, g, "mode", "monitor")
	if r := p.get("/.login-guard/inline?frame=inline"); r.StatusCode != http.StatusNotFound {
		t.Errorf("the slider: %s", r.Status)
	}
	if v := p.verify(c, "pointer", ""); v.Status != "gone" || p.has(passCookie) {
		t.Errorf("one that was open: %+v", v)
	}
	p.signedIn(p.alice())
}

// Only pages of the shop itself may frame what is made for that, and nothing
// else may be framed by a header of ours.
func TestFramesAreForTheShopsOwnPages(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.wants(p.login(shoptest.Alice().Email, "x", scripted...), http.StatusForbidden, "slider")
	for path, framed := range map[string]bool{
		"/.login-guard/inline?frame=inline":                                 true,
		"/.login-guard/inline?frame=inline&scheme=dark":                     true,
		"/.login-guard/challenge/" + r.ref() + "?frame=dialog&scheme=light": true,
		"/.login-guard/challenge/" + r.ref() + "?frame=dialog&step=picture": true,
		"/.login-guard/challenge/none?frame=dialog":                         true,
		"/.login-guard/challenge/" + r.ref():                                false,
		"/.login-guard/challenge/" + r.ref() + "?frame=other":               false,
	} {
		r := p.get(path)
		policy := r.Header.Get("Content-Security-Policy")
		if r.StatusCode != http.StatusOK || !strings.Contains(policy, "frame-ancestors 'self'") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: %s, policy %q", path, r.Status, policy)
		}
		if got := r.Header.Get("X-Frame-Options") == "SAMEORIGIN"; got != framed {
			t.Errorf("%s: X-Frame-Options %q", path, r.Header.Get("X-Frame-Options"))
		}
		if got := strings.Contains(r.body, "data-frame="); got != framed {
			t.Errorf("%s: made for a frame %v, want %v", path, got, framed)
		}
	}
	// The query of a shop's own address is the shop's.
	if page := p.post("/login?frame=dialog", credentials(shoptest.Bob().Email, "x")); page.guard() != "slider" || strings.Contains(page.body, "data-frame") {
		t.Errorf("%s:\n%.300s", page.Status, page.body)
	}
	if r := p.get("/.login-guard/inline?frame=dialog"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a dialog beside a form: %s", r.Status)
	}
}

// What a script's check earns in a frame is for the very request that asked.
func TestACheckInAFrameClearsTheScriptsOwnRequest(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	mine := credentials(shoptest.Alice().Email, shoptest.Alice().Password)
	earn := func() string {
		r := p.wants(p.post("/login", mine, scripted...), http.StatusForbidden, "slider")
		c := p.check(p.get("/.login-guard/challenge/"+r.ref()+"?frame=dialog"), "slider")
		return p.clearance(c, "pointer", "")
	}
	with := func(clearance string) []string {
		return append([]string{"Login-Guard-Clearance", clearance}, scripted...)
	}
	p.wants(p.post("/login", credentials(shoptest.Alice().Email, "guess"), with(earn())...), http.StatusForbidden, "slider")
	clearance := earn()
	p.signedIn(p.post("/login", mine, with(clearance)...))
	for _, name := range []string{passCookie, deviceCookie} {
		p.forget(name)
	}
	p.wants(p.post("/login", mine, with(clearance)...), http.StatusForbidden, "slider")
	ran(t, shop, 1)
}

// Without a script the frame's own form leads on, still as a frame.
func TestACheckInAFrameStaysOneFromStepToStep(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.wants(p.login(shoptest.Alice().Email, shoptest.Alice().Password, scripted...), http.StatusForbidden, "slider")
	c := p.check(p.get("/.login-guard/challenge/"+r.ref()+"?frame=dialog&scheme=dark", "Accept-Language", "de"), "slider")
	for _, part := range []string{"frame=dialog", "scheme=dark", "lang=de"} {
		if !strings.Contains(c.Action, part) {
			t.Errorf("the form posts to %s, without %s", c.Action, part)
		}
	}
	next := p.submit(c, "step", "picture")
	c = p.check(next, "picture")
	if !strings.Contains(next.body, `data-frame="dialog"`) || !strings.Contains(next.body, `lang="de"`) {
		t.Errorf("the picture is no frame in German:\n%.300s", next.body)
	}
	done := p.typeIn(c)
	if !strings.Contains(done.body, `data-frame="dialog"`) || strings.Contains(done.body, "lg-back") {
		t.Errorf("%s\n%.1000s", done.Status, done.body)
	}
	p.signedIn(p.alice())
}
