package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// bad is a connection between the browser and the gateway that loses answers:
// the gateway gets every request and replies, but the browser does not hear of
// it.
type bad struct {
	gate string
	// Which replies are lost: those of a path that have something in them. cut:
	// they break off in the middle instead of not coming at all.
	path, with string
	cut        bool
	// How many are still to be lost.
	left atomic.Int32
}

func (b *bad) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", b.gate
	reply, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	lost := strings.Contains(r.URL.Path, b.path) && strings.Contains(string(body), b.with) && b.left.Add(-1) >= 0
	for name, values := range reply.Header {
		w.Header()[name] = values
	}
	if lost && !b.cut {
		panic(http.ErrAbortHandler)
	}
	if lost {
		body = body[:len(body)/2] // Content-Length says that there is more
	}
	w.WriteHeader(reply.StatusCode)
	_, _ = w.Write(body)
	if lost {
		panic(http.ErrAbortHandler)
	}
}

// behind puts a bad connection in front of the place.
func (at *place) behind(b *bad) {
	b.gate = fmt.Sprintf("127.0.0.1:%d", at.gate.Port)
	front := httptest.NewServer(b)
	at.t.Cleanup(front.Close)
	at.url = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
}

// counted is how many checks of a kind had an outcome, by the metrics.
func (at *place) counted(kind, outcome string) string {
	at.t.Helper()
	_, body := at.gate.Admin(http.MethodGet, "/metrics", "")
	m := regexp.MustCompile(fmt.Sprintf(`caddy_login_guard_challenges_total\{kind="%s",outcome="%s"\} (\d+)`, kind, outcome)).FindStringSubmatch(body)
	if m == nil {
		return "0"
	}
	return m[1]
}

// once fails unless just so many checks of a kind were shown, and one passed.
func (at *place) once(kind, shown string) {
	at.t.Helper()
	if s, p := at.counted(kind, "shown"), at.counted(kind, "passed"); s != shown || p != "1" {
		at.t.Errorf("of the kind %s %s checks were shown and %s passed, want %s and 1", kind, s, p, shown)
	}
}

// A train enters a tunnel between the answer and the reply: the gateway has
// judged, the page has not heard. It asks again and goes on, with no second
// check counted and nothing to do for the shopper.
func TestAReplyThatIsLostIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times int32
		cut   bool
		slide func(p *tab)
	}{
		"after a drag":                       {1, false, func(p *tab) { p.drag(unhurried) }},
		"after a drag, and it breaks off":    {1, true, func(p *tab) { p.drag(unhurried) }},
		"twice, after a press":               {2, false, func(p *tab) { p.press("#lg-press") }},
		"by the keyboard, and it breaks off": {1, true, func(p *tab) { p.slideByKeys() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// One check may be shown to an address, no more.
			at := start(t, append(slides, "limit challenges 1 per 10m")...)
			b := &bad{path: "/verify", with: `"checked"`, cut: c.cut}
			b.left.Store(c.times)
			at.behind(b)
			p := shopper(t, from(t, "en"))
			p.allow("net::ERR_")
			p.alice(at)
			p.meets(at, "#lg-bar")
			c.slide(p)
			p.until("the check is passed", passedMark+" || location.pathname === '/account'")
			if !strings.Contains(name, "drag") {
				p.press("#lg-send")
			}
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
			at.once("slider", "1")
			if n := b.left.Load(); n > 0 {
				t.Errorf("%d replies fewer than wanted were lost", n)
			}
		})
	}
}

// Likewise a picture's: a wrong answer counts as one, and the new picture is
// the one that the lost reply had.
func TestALostReplyToAPictureIsSentAgain(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	b := &bad{path: "/verify", cut: true}
	at.behind(b)
	p := shopper(t, from(t, "en"))
	p.allow("net::ERR_")
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	p.picture()
	b.left.Store(1)
	p.write("#lg-answer", not(p.solution("self.token")))
	p.press("#lg-send")
	p.says(words(t, "en", "wrong"))
	b.left.Store(1)
	p.write("#lg-answer", p.solution("self.token"))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
	at.once("picture", "2")
}

// The page is lost on its way to the shopper: loading it again shows a check
// for the same login.
func TestALostPageIsShownAgain(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	b := &bad{path: "/login", with: "lg-bar"}
	at.behind(b)
	p := shopper(t, from(t, "en"))
	p.allow("net::ERR_")
	b.left.Store(1)
	p.visit(at.url + "/login")
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", shoptest.Alice().Password)
	p.press("form[action='/login'] button")
	p.until("the browser says that nothing came, or asks again by itself", "location.protocol === 'chrome-error:' || document.querySelector('#lg-bar')")
	if eval[bool](p, "location.protocol === 'chrome-error:'") {
		p.reload()
	}
	p.meets(at, "#lg-bar")
	p.slideByKeys()
	p.enters()
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
	if n := b.left.Load(); n > 0 {
		t.Error("no page was lost")
	}
}
