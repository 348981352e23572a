package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestAWrongPictureBringsAFreshOneForTheSameLogin(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	t.Run("without script", func(t *testing.T) {
		p := visitor(t, g.URL, "203.0.113.1")
		c := p.check(p.submit(p.check(p.alice(), "slider"), "step", "picture"), "picture")
		time.Sleep(time.Duration(c.Task.Floor) * time.Millisecond)
		p.shows(p.submit(c, "challenge", c.Task.Token, "answer", ""), http.StatusOK, "empty")
		wrong := p.submit(c, "challenge", c.Task.Token, "answer", "not "+p.readOff(c))
		p.shows(wrong, http.StatusOK, "wrong")
		fresh := p.check(wrong, "picture")
		if fresh.Task.Token == c.Task.Token || p.readOff(fresh) == p.readOff(c) {
			t.Error("the same picture again")
		}
		time.Sleep(time.Duration(fresh.Task.Floor) * time.Millisecond)
		// The right answer to the spent picture is none either.
		late := p.check(p.submit(c, "challenge", c.Task.Token, "answer", p.readOff(c)), "picture")
		p.signedIn(p.typeIn(late))
		p.shows(p.typeIn(fresh), http.StatusOK, "gone_title")
	})
	t.Run("with script", func(t *testing.T) {
		p := visitor(t, g.URL, "203.0.113.2")
		c := p.check(p.submit(p.check(p.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider"), "step", "picture"), "picture")
		v := p.verify(c, "picture", "000000x")
		if v.Status != "again" || v.Task.Token == "" || v.Task.Token == c.Task.Token || v.Clearance != "" {
			t.Fatalf("a wrong picture: %+v", v)
		}
		c.Task = v.Task
		p.signedIn(p.goOn(c, p.clearance(c, "picture", p.readOff(c))))
	})
	ran(t, shop, 2)
}

func TestThePictureShownIsAPictureAndTellsNobodyItsDigits(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	page := p.submit(p.check(p.alice(), "slider"), "step", "picture")
	c := p.check(page, "picture")
	png := p.get(c.Task.Picture)
	if png.StatusCode != http.StatusOK || png.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(png.body, "\x89PNG") ||
		png.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", png.Status, png.Header)
	}
	if strings.Contains(page.body, p.readOff(c)) || strings.Contains(fmt.Sprint(page.Header), p.readOff(c)) {
		t.Error("the page says what the picture shows")
	}
	if r := p.get(c.Task.Picture + "x"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a picture that nobody issued: %s", r.Status)
	}
}

func TestASliderCannotBeAnsweredWithoutItsProof(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	time.Sleep(time.Duration(c.Task.Floor+10) * time.Millisecond)
	ask := func(body string, more ...string) reply {
		more = append([]string{"Sec-Fetch-Mode", "cors"}, more...)
		return p.do(p.request(http.MethodPost, c.Prefix+"verify", "application/json", body, more...))
	}
	with := func(token string) string {
		return fmt.Sprintf(`{"hold":%q,"challenge":%q,"pow":4294967295,"way":"pointer","track":[]}`, c.Hold, token)
	}
	for what, r := range map[string]reply{
		"a proof that is none":      ask(with(c.Task.Token)),
		"the same answer once more": ask(with(c.Task.Token)),
		"a check of one's own":      ask(with("AAAA")),
		"nothing":                   ask(`{}`),
		"no JSON":                   ask(`pow=1`),
		"another site's page":       ask(with(c.Task.Token), "Sec-Fetch-Site", "cross-site"),
		"a form of another site":    ask(with(c.Task.Token), "Sec-Fetch-Site", "", "Origin", "https://evil.example"),
	} {
		if strings.Contains(r.body, "clearance") || strings.Contains(r.body, "checked") {
			t.Errorf("%s: %s %s", what, r.Status, r.body)
		}
	}
	p.check(p.submit(c, "clearance", "AAAAAAAAAAAAAAAAAAAAAA"), "slider")
	p.check(p.submit(c, "challenge", c.Task.Token, "answer", "123456"), "picture")
	ran(t, shop, 0)
}

func TestTheSlowWayTakesItsMinute(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	picture := p.check(p.submit(p.check(p.alice(), "slider"), "step", "picture"), "picture")
	page := p.submit(picture, "step", "slow")
	p.shows(page, http.StatusOK, "slow_title")
	c := p.check(page, "picture")
	if c.Task.Floor != 60000 {
		t.Errorf("the page is told %d ms, want 60000", c.Task.Floor)
	}
	r := p.do(p.request(http.MethodPost, c.Prefix+"verify", "application/json",
		fmt.Sprintf(`{"hold":%q,"challenge":%q,"pow":0,"way":"slow","track":[]}`, c.Hold, c.Task.Token), "Sec-Fetch-Mode", "cors"))
	var v shoptest.Verdict
	if err := json.Unmarshal([]byte(r.body), &v); err != nil || v.Status != "wait" || v.Seconds < 50 || v.Clearance != "" {
		t.Errorf("before the minute is over: %s %s", r.Status, r.body)
	}
	early := p.check(p.submit(c, "challenge", c.Task.Token, "step", "waited"), "picture")
	if early.Task.Token != c.Task.Token {
		t.Error("who comes early has to wait from the start again")
	}
	// One after the other in a network.
	other := visitor(t, g.URL, "203.0.113.99")
	next := other.check(other.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")
	second := other.do(other.request(http.MethodPost, next.Prefix+"slow", "application/json",
		fmt.Sprintf(`{"hold":%q}`, next.Hold), "Sec-Fetch-Mode", "cors"))
	if second.StatusCode != http.StatusOK || !strings.Contains(second.body, `"seconds":120`) {
		t.Errorf("a second one of that network: %s %s", second.Status, second.body)
	}
	again := p.check(p.submit(c, "step", "slow"), "picture")
	if again.Task.Floor >= c.Task.Floor {
		t.Errorf("who loads the page again has to wait %d ms once more", again.Task.Floor)
	}
	ran(t, shop, 0)
}
