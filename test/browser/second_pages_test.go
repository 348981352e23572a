package browser_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/page"
)

// ways are all second factors that a page can offer.
var ways = []page.Way{
	{Method: page.MethodApp}, {Method: page.MethodPasskey}, {Method: page.MethodSMS, Contact: "•••• 42"},
	{Method: page.MethodEmail, Contact: "a•••@e•••.example"}, {Method: page.MethodRecovery},
}

// stepPages are pages of the second factor, by the path that they are shown
// at. Their forms post to /posted, which answers with what was posted.
func stepPages() map[string]any {
	ask := func(way int, sent bool, fault string) page.Second {
		return page.Second{Action: "/posted", Method: ways[way], Methods: ways, Account: "a•••@e•••.example", Sent: sent, Error: fault, Seconds: 120, Left: 3, TrustDays: 30, Ref: "7KQ2-M4XD",
			Options: json.RawMessage(`{"publicKey":{"challenge":"Y2hhbGxlbmdl","rpId":"localhost","userVerification":"preferred"}}`)}
	}
	waits := ask(2, true, "")
	waits.ResendIn = 2
	day := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	item := page.Item{Method: page.MethodPasskey, ID: "i2", Name: "A key with a long name: onmykeyringinthekitchen", Added: day, Provisional: day}
	every := []page.Method{page.MethodApp, page.MethodPasskey, page.MethodSMS, page.MethodEmail}
	codes := make([]string, 10)
	for i := range codes {
		codes[i] = fmt.Sprintf("3F7K-Q2MD-9XAB-H4T%d", i)
	}
	account := func(v page.Account) page.Account {
		v.Action, v.Token, v.Name, v.Ref = "/posted", "a-token", "a•••@e•••.example", "7KQ2-M4XD"
		return v
	}
	return map[string]any{
		"app": ask(0, false, page.SecondWrong), "passkey": ask(1, false, ""), "send": ask(2, false, ""), "sms": waits, "recovery": ask(4, false, page.SecondSlow),
		"replaced": page.Second{State: page.SecondReplaced, Back: "/"}, "expired": page.Second{State: page.SecondExpired, Back: "/"},
		"tab": page.Second{State: page.SecondTab, Action: "/posted", Cancel: true}, "wait": page.Second{State: page.SecondWait, Action: "/posted", Back: "/", Seconds: 60},
		"signin":  account(page.Account{State: page.AccountSignIn, Back: "/"}),
		"confirm": account(page.Account{State: page.AccountConfirm, Ask: page.Second{Method: ways[0], Methods: ways}}),
		"overview": account(page.Account{State: page.AccountOverview, Level: 3, Plus: true, Next: page.NextTest, Items: []page.Item{{Method: page.MethodApp, ID: "i1", Name: "Phone", Added: day, Used: day}, item}, Offered: every, CodesLeft: 3,
			Devices: []page.Device{{ID: "d", Name: "Firefox, Linux", Added: day, This: true}}, Notices: []page.Notice{{ID: "n", Event: page.EventFailed, At: day, From: "Chrome, Windows", Undo: true}}, Said: page.SaidAdded, Back: "/"}),
		"empty":  account(page.Account{State: page.AccountOverview, Next: page.NextSetup, Offered: every, CodesLeft: -1, Required: day}),
		"addapp": account(page.Account{State: page.AccountApp, QR: template.HTML(`<svg viewBox="0 0 3 3"><path d="M0 0h1v1h-1z"/></svg>`), Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", URI: "otpauth://totp/a?secret=JBSWY3DP", Issuer: "Shop", Error: page.AccountClock, ClockOff: 90}),
		"addpasskey": account(page.Account{State: page.AccountPasskey, Options: json.RawMessage(`{"publicKey":{"rp":{"name":"Shop","id":"localhost"},"user":{"id":"dXNlcg","name":"a","displayName":"a"},"challenge":"Y2hhbGxlbmdl",` +
			`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"authenticatorSelection":{"residentKey":"required"},"excludeCredentials":[{"type":"public-key","id":"b3RoZXI"}]}}`)}),
		"phone": account(page.Account{State: page.AccountContact, Method: page.MethodSMS, Error: page.AccountPhone}), "sent": account(page.Account{State: page.AccountSent, Method: page.MethodEmail, Contact: "a•••@e•••.example"}),
		"codes": account(page.Account{State: page.AccountCodes, Codes: codes, Void: true, Step: 2, Of: 3}), "typed": account(page.Account{State: page.AccountTyped, Step: 3, Of: 3}),
		"edit": account(page.Account{State: page.AccountEdit, Item: item}), "remove": account(page.Account{State: page.AccountRemove, Item: item, Last: true}), "done": account(page.Account{State: page.AccountDone, Said: page.SaidTested}),
		"forced": account(page.Account{State: page.AccountSetup, Forced: true, Later: true, Required: day, Offered: every}), "offer": account(page.Account{State: page.AccountOffer}), "away": account(page.Account{State: page.AccountAway, Seconds: 60}),
	}
}

// showsSteps serves the pages of the second factor and returns where.
func showsSteps(t *testing.T) string {
	t.Helper()
	pages, err := page.New(page.Theme{Name: "Demo Shop", Support: "mailto:help@shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	all := stepPages()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch v := all[strings.TrimPrefix(r.URL.Path, "/")].(type) {
		case page.Second:
			err = pages.WriteSecond(w, r, http.StatusOK, v)
		case page.Account:
			err = pages.WriteAccount(w, r, http.StatusOK, v)
		default:
			if err = r.ParseForm(); err == nil && r.Method == http.MethodPost {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, "<link rel=icon href=data:,><title>posted</title><pre>%s</pre>", template.HTMLEscapeString(r.PostForm.Encode()))
			}
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // a passkey needs a name
}

// posts presses a button and returns what the page posted.
func (p *tab) posts(selector string) url.Values {
	p.t.Helper()
	p.press(selector)
	p.until("the form was posted", "document.title === 'posted'")
	posted, err := url.ParseQuery(eval[string](p, "document.querySelector('pre').textContent"))
	if err != nil {
		p.t.Fatal(err)
	}
	return posted
}

func TestEveryPageOfTheSecondFactorCanBeUsedByEverybody(t *testing.T) {
	t.Parallel()
	base := showsSteps(t)
	for _, language := range []string{"en", "ar"} {
		p := shopper(t, map[string]string{"Accept-Language": language})
		for _, name := range slices.Sorted(maps.Keys(stepPages())) {
			t.Run(language+" "+name, func(t *testing.T) {
				p.within(t)
				p.visit(base + "/" + name)
				if got := eval[string](p, "document.documentElement.lang + ' ' + document.dir"); got != language+" "+direction(language) {
					t.Errorf("language and direction are %s, want %s %s", got, language, direction(language))
				}
				if text := eval[string](p, "document.body.innerText"); !strings.Contains(text, "localhost") {
					t.Errorf("it does not say where it is: %s", text)
				}
				eval[bool](p, "(document.querySelectorAll('details').forEach(d => d.open = true), true)")
				p.size(320, 640)
				p.fits("on a phone 320 px wide")
				small := eval[[]string](p, `[...document.querySelectorAll('a, button, summary, .tick, input:not([type=hidden], [type=checkbox])')]
					.filter(e => e.checkVisibility() && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)).map(e => e.outerHTML)`)
				if len(small) > 0 {
					t.Errorf("targets are too small: %s", small)
				}
				if tiny := eval[[]string](p, `[...document.querySelectorAll('input')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML)`); len(tiny) > 0 && language == "en" {
					for _, field := range tiny {
						if !strings.Contains(field, `type="hidden"`) && !strings.Contains(field, `type="checkbox"`) {
							t.Errorf("a phone zooms into %s", field)
						}
					}
				}
				p.spaced()
				p.size(640, 800)
				eval[bool](p, "(document.documentElement.style.fontSize = '200%', true)")
				p.fits("with text twice as large")
				eval[bool](p, "(document.documentElement.style.fontSize = '', true)")
				p.size(1000, 800)
				if language == "en" {
					p.walk320()
					p.axe()
				}
				p.media(map[string]string{"forced-colors": "active"})
				p.forced()
				p.media(nil)
			})
		}
	}
}

func TestFormsOfTheSecondFactorWorkWithoutAScript(t *testing.T) {
	t.Parallel()
	base := showsSteps(t)
	p := shopper(t, from(t, "en"))
	p.script(false)
	for _, test := range []struct{ at, field, words, press, want string }{
		{"app", "#lg-code", "123 456", "#lg-send", "login_guard_code=123+456&login_guard_method=app&login_guard_step=second"},
		{"app", "", "", "summary", ""},
		{"app", "", "", "#lg-cancel", "login_guard_step=cancel"},
		{"send", "", "", "#lg-resend", "login_guard_method=sms&login_guard_step=resend"},
		{"recovery", "#lg-code", "3f7k q2md", "#lg-send", "login_guard_code=3f7k+q2md&login_guard_method=recovery&login_guard_step=second"},
		{"addapp", "#lg-code", "123456", "#lg-send", "login_guard_code=123456&login_guard_step=app&login_guard_token=a-token"},
		{"phone", "#lg-contact", "+49 1", "#lg-send", "login_guard_contact=%2B49+1&login_guard_method=sms&login_guard_step=contact&login_guard_token=a-token"},
		{"codes", "", "", ".primary", "login_guard_step=saved&login_guard_token=a-token"},
		{"edit", "#lg-name", "Red key", "#lg-send", "login_guard_id=i2&login_guard_name=Red+key&login_guard_step=rename&login_guard_token=a-token"},
		{"remove", "", "", ".danger", "login_guard_id=i2&login_guard_step=delete&login_guard_token=a-token"},
		{"overview", "", "", "li button", "login_guard_id=i1&login_guard_step=edit&login_guard_token=a-token"},
		{"overview", "", "", "[value=undo]", "login_guard_id=n&login_guard_step=undo&login_guard_token=a-token"},
		{"overview", "", "", "[name=login_guard_method][value=sms]", "login_guard_method=sms&login_guard_step=add&login_guard_token=a-token"},
		{"offer", "", "", "[value=later]", "login_guard_step=later&login_guard_token=a-token"},
	} {
		p.visit(base + "/" + test.at)
		if test.field != "" {
			p.write(test.field, test.words)
		}
		if test.want == "" {
			p.press(test.press)
			if !eval[bool](p, "document.querySelector('details').open") {
				t.Error("the other methods do not show")
			}
			test.press, test.want = "[name=login_guard_method][value=email]", "login_guard_method=email&login_guard_step=method"
		}
		if got := p.posts(test.press).Encode(); got != test.want {
			t.Errorf("%s %s posts %s, want %s", test.at, test.press, got, test.want)
		}
	}
	p.visit(base + "/passkey")
	if text := eval[string](p, "document.body.innerText"); !strings.Contains(text, "Passkeys need JavaScript") || !strings.Contains(text, "Recovery code") {
		t.Errorf("without a script the page of the passkey says %s", text)
	}
	if eval[bool](p, "document.querySelector('#lg-passkey').checkVisibility()") {
		t.Error("without a script there is a button that does nothing")
	}
}
