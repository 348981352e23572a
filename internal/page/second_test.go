package page

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// stepPages renders each page of the second factor in a language, by name.
func stepPages(t *testing.T, p *Pages, tag string, each func(name string, answer *http.Response, page string)) {
	t.Helper()
	write := func(name string, send func(w http.ResponseWriter, r *http.Request) error) {
		r := httptest.NewRequest(http.MethodPost, "https://shop.example/login?lang="+tag, nil)
		w := httptest.NewRecorder()
		if err := send(w, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		each(name, w.Result(), w.Body.String())
	}
	second, account := secondViews(), accountViews()
	for _, name := range slices.Sorted(maps.Keys(second)) {
		write("second, "+name, func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteSecond(w, r, http.StatusOK, second[name])
		})
	}
	for _, name := range slices.Sorted(maps.Keys(account)) {
		write("account, "+name, func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteAccount(w, r, http.StatusOK, account[name])
		})
	}
}

// void are the elements that have no end.
var void = strings.Fields("area base br col embed hr img input link meta source track wbr")

// optional are the elements whose end HTML lets be left out.
var optional = strings.Fields("html head body p li dt dd")

// implied closes what the start of an element ends (HTML §13.1.2.4).
func implied(open []string, start string) []string {
	ends := map[string]string{"li": "p li", "dt": "p dt dd", "dd": "p dt dd", "body": "head"}[start]
	if slices.Contains(strings.Fields("p form ul ol div dl details h2 h3 footer main"), start) {
		ends = "p"
	}
	for len(open) > 0 && slices.Contains(strings.Fields(ends), open[len(open)-1]) {
		open = open[:len(open)-1]
	}
	return open
}

// broken says what is wrong with the markup of a page: elements that are not
// closed in their order, ids that are there twice, references to none,
// handlers within the markup.
func broken(page string) (faults []string) {
	var open, refs []string
	ids := map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				faults = append(faults, z.Err().Error())
			}
			break
		}
		tok := z.Token()
		switch kind {
		case html.StartTagToken:
			seen := map[string]bool{}
			for _, a := range tok.Attr {
				if seen[a.Key] {
					faults = append(faults, tok.String()+" has "+a.Key+" twice")
				}
				seen[a.Key] = true
				switch {
				case strings.HasPrefix(a.Key, "on") || a.Key == "style":
					faults = append(faults, tok.String()+" has "+a.Key)
				case a.Key == "id" && ids[a.Val]:
					faults = append(faults, a.Val+" is there twice")
				case a.Key == "id":
					ids[a.Val] = true
				case a.Key == "for":
					refs = append(refs, a.Val)
				case strings.HasPrefix(a.Key, "aria-describedby"), a.Key == "aria-labelledby":
					refs = append(refs, strings.Fields(a.Val)...)
				}
			}
			if slices.Contains([]string{"input", "label", "button"}, tok.Data) && slices.Contains(open, "p") {
				faults = append(faults, tok.String()+" within a paragraph that nothing ended")
			}
			open = implied(open, tok.Data)
			if !slices.Contains(void, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			if tok.Data != "p" && tok.Data != "li" && tok.Data != "dd" && tok.Data != "dt" {
				for len(open) > 0 && slices.Contains(optional, open[len(open)-1]) {
					open = open[:len(open)-1]
				}
			}
			if n := len(open); n == 0 || open[n-1] != tok.Data {
				faults = append(faults, tok.String()+" closes another")
			} else {
				open = open[:n-1]
			}
		}
	}
	for _, ref := range refs {
		if !ids[ref] {
			faults = append(faults, "no "+ref)
		}
	}
	// What HTML lets stay open.
	open = slices.DeleteFunc(open, func(name string) bool {
		return slices.Contains([]string{"html", "head", "body", "p", "li", "dt", "dd"}, name)
	})
	if len(open) > 0 {
		faults = append(faults, "left open: "+strings.Join(open, " "))
	}
	return faults
}

func TestEveryPageOfTheSecondFactorInEveryLanguage(t *testing.T) {
	p := newPages(t, Theme{Name: "A Shop With a Long Name", Support: "mailto:help@shop.example"})
	largest, largestName := 0, ""
	for _, tag := range tags {
		stepPages(t, p, tag, func(name string, answer *http.Response, page string) {
			name = tag + " " + name
			for _, fault := range broken(page) {
				t.Errorf("%s: %s", name, fault)
			}
			for _, bad := range []string{"{", "ZgotmplZ", "<no value>", "_title", "#ZgotmplZ", "second_", "method_", "account_"} {
				if text := visible(page); strings.Contains(text, bad) {
					t.Errorf("%s: it says %q", name, bad)
				}
			}
			for _, field := range regexp.MustCompile(` name="([^"]*)"`).FindAllStringSubmatch(page, -1) {
				if field[1] != "viewport" && !strings.HasPrefix(field[1], "login_guard_") {
					t.Errorf("%s: a field called %q would reach the shop", name, field[1])
				}
			}
			if !strings.Contains(page, "\u2068shop.example\u2069") {
				t.Errorf("%s: it does not say where it is", name)
			}
			if outside := regexp.MustCompile(`(src|srcset)=|@import|\burl\(`).FindString(page); outside != "" {
				t.Errorf("%s: it loads something else: %q", name, outside)
			}
			if got := strings.Count(page, "<h1"); got != 1 {
				t.Errorf("%s: %d main headings", name, got)
			}
			if answer.Header.Get("Content-Language") != tag || answer.Header.Get("Cache-Control") != "no-store" || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "require-trusted-types-for") {
				t.Errorf("%s: header %v", name, answer.Header)
			}
			if len(page) > largest {
				largest, largestName = len(page), name
			}
		})
	}
	t.Logf("largest: %s, %d bytes", largestName, largest)
	if largest > 20<<10 {
		t.Errorf("%s has %d bytes, more than 20 kB", largestName, largest)
	}
}

// visible is what a page says: its text and its attributes, without scripts
// and styles.
func visible(page string) string {
	page = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(` (name|action|href|id|for|aria-describedby|value)="[^"]*"`).ReplaceAllString(page, "")
	return page
}

func TestWhatComesFromOutsideIsEscapedOnPagesOfTheSecondFactor(t *testing.T) {
	const evil = `"></script><script>alert(1)</script><img src=x onerror='x'>`
	p := newPages(t, Theme{})
	way := Way{Method: MethodSMS, Value: evil, Contact: evil}
	pages := map[string]func(w http.ResponseWriter, r *http.Request) error{}
	for _, state := range slices.Collect(maps.Keys(secondTitles)) {
		for _, sent := range []bool{true, false} {
			v := Second{State: state, Action: "/" + evil, Method: way, Methods: []Way{way, {Method: MethodEmail, Value: evil + "2", Contact: evil}}, Sent: sent, Account: evil, Error: evil, Token: evil, Ticket: evil, Back: "/" + evil, Ref: evil, Clearance: evil}
			if state == SecondCleared {
				v.Frame = Dialog
			}
			pages["second "+string(state)] = func(w http.ResponseWriter, r *http.Request) error { return p.WriteSecond(w, r, 200, v) }
		}
	}
	for state := range accountTitles {
		v := Account{State: state, Action: "/" + evil, Token: evil, Ticket: evil, Name: evil, Error: evil, Ask: Second{Method: way}, Key: evil, URI: "javascript:" + evil, Issuer: evil,
			Items: []Item{{Method: MethodApp, ID: evil, Name: evil}}, Devices: []Device{{ID: evil, Name: evil}}, Notices: []Notice{{ID: evil, Event: EventAdded, Name: evil, From: evil, Undo: true}},
			Method: MethodEmail, Contact: evil, Codes: []string{evil}, Item: Item{Method: MethodApp, ID: evil, Name: evil}, Back: "/" + evil, Ref: evil}
		pages["account "+string(state)] = func(w http.ResponseWriter, r *http.Request) error { return p.WriteAccount(w, r, 200, v) }
	}
	for name, write := range pages {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = evil
		w := httptest.NewRecorder()
		if err := write(w, r); err != nil {
			t.Fatal(err)
		}
		page := w.Body.String()
		if strings.Contains(page, "<script>") || strings.Contains(page, "<img") || strings.Count(page, "</script>") != strings.Count(page, "<script ") || strings.Contains(page, `href="javascript`) {
			t.Errorf("%s: not escaped", name)
		}
		for _, fault := range broken(page) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestWhatThePageCannotShowIsRefused(t *testing.T) {
	p := newPages(t, Theme{})
	for name, write := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"second, no such state": func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteSecond(w, r, 200, Second{State: "other"})
		},
		"second, no method": func(w http.ResponseWriter, r *http.Request) error { return p.WriteSecond(w, r, 200, Second{}) },
		"second, a clearance outside a dialog": func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteSecond(w, r, 200, Second{State: SecondCleared, Clearance: "x"})
		},
		"account, no state": func(w http.ResponseWriter, r *http.Request) error { return p.WriteAccount(w, r, 200, Account{}) },
		"confirm, no method": func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteAccount(w, r, 200, Account{State: AccountConfirm})
		},
		"contact that is an app": func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteAccount(w, r, 200, Account{State: AccountContact, Method: MethodApp})
		},
		"sent to nothing at all": func(w http.ResponseWriter, r *http.Request) error {
			return p.WriteAccount(w, r, 200, Account{State: AccountSent})
		},
	} {
		w := httptest.NewRecorder()
		if err := write(w, httptest.NewRequest(http.MethodGet, "/", nil)); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: error %v, %d bytes sent", name, err, w.Body.Len())
		}
	}
}

func TestWhatWentWrongWithTheSecondFactorIsSaidInPlace(t *testing.T) {
	want := map[string]string{
		"second, app":                  "",
		"second, app wrong":            "That code is not right. Please try again. Tries left: 3",
		"second, recovery locked":      "Too many wrong codes. You can try again in 15 minutes.",
		"second, error never heard of": "That did not work. Please try once more.",
		"account, test, clock ahead":   "The clock of your phone is about 95 s ahead. Turn on automatic time, then type a new code. Tries left: 4",
		"account, add app, behind":     "The clock of your phone is about 90 s behind. Turn on automatic time, then type a new code.",
		"account, confirm":             "That code is not right. Please try again. Tries left: 2",
		"account, add phone, country":  "We cannot send messages to this country.",
		"account, add e-mail, bad":     "Please check the address.",
		"account, add passkey, there":  "This device is set up already.",
		"account, type one back":       "That code is not right. Please try again.",
	}
	stepPages(t, newPages(t, Theme{}), "en", func(name string, _ *http.Response, page string) {
		words, known := want[name]
		if !known {
			return
		}
		delete(want, name)
		got := regexp.MustCompile(`<p id="lg-status" role="status"([^>]*)>([^<]*)`).FindStringSubmatch(page)
		if len(got) != 3 || got[2] != words || (got[1] != "") != (words != "") {
			t.Errorf("%s: %q, want %q", name, got, words)
		}
		if field := regexp.MustCompile(`<input [^>]*lg-status[^>]*>`).FindString(page); field != "" && strings.Contains(field, `aria-invalid="true"`) != (words != "") {
			t.Errorf("%s: %s", name, field)
		}
	})
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}

func TestFieldsOfTheSecondFactorSayWhatTheyAreFor(t *testing.T) {
	want := map[string]string{
		"second, app":          `name="login_guard_code" inputmode="numeric" autocomplete="one-time-code"`,
		"second, sms":          `name="login_guard_code" inputmode="numeric" autocomplete="one-time-code"`,
		"second, recovery":     `name="login_guard_code" autocomplete="off" autocapitalize="characters"`,
		"account, add phone":   `name="login_guard_contact" type="tel" autocomplete="tel"`,
		"account, add e-mail":  `name="login_guard_contact" type="email" autocomplete="email"`,
		"account, add passkey": `name="login_guard_name" maxlength="40" autocomplete="off"`,
	}
	stepPages(t, newPages(t, Theme{}), "en", func(name string, _ *http.Response, page string) {
		if part, known := want[name]; known && !strings.Contains(page, part) {
			t.Errorf("%s: no field %s", name, part)
		} else if known {
			delete(want, name)
		}
	})
	for name := range want {
		t.Errorf("%s was not seen, or lacks its field", name)
	}
}

// Nobody is remembered, and no passkey asked for, who did not say so.
func TestThePageOfTheSecondFactorPresumesNothing(t *testing.T) {
	p := newPages(t, Theme{})
	stepPages(t, p, "en", func(name string, _ *http.Response, page string) {
		if regexp.MustCompile(`<input[^>]* checked`).MatchString(page) {
			t.Errorf("%s: a box is ticked", name)
		}
		if box := strings.Contains(page, `name="login_guard_trust"`); box && (strings.HasPrefix(name, "account") || name == "second, app alone") {
			t.Errorf("%s: it offers to remember the browser", name)
		}
		if n := strings.Count(page, `value="cancel"`); name == "second, app" && n != 1 {
			t.Errorf("%s: %d ways to cancel", name, n)
		}
		for _, form := range regexp.MustCompile(`(?s)<form.*?</form>`).FindAllString(page, -1) {
			if strings.HasPrefix(name, "account") && !strings.Contains(form, `name="login_guard_token" value="ttt`) {
				t.Errorf("%s: a form without the token: %s", name, form)
			}
			if !strings.Contains(form, `method="post"`) || !strings.Contains(form, `name="login_guard_step"`) {
				t.Errorf("%s: a form that says no step: %s", name, form)
			}
		}
	})
}

func TestMarkupInAShopsOwnWordsIsText(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "en.json"), []byte(`{"account_added": "<b>{date}<i>", "notice_failed": "<u>", "second_host": "<s>{host}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	stepPages(t, newPages(t, Theme{Languages: folder}), "en", func(name string, _ *http.Response, page string) {
		for _, markup := range []string{"<b>", "<i>", "<u>", "<s>"} {
			if strings.Contains(page, markup) {
				t.Errorf("%s: has %s", name, markup)
			}
		}
		if name == "account, overview" && !strings.Contains(page, `&lt;b&gt;<time datetime="2026-03-01">2026-03-01</time>&lt;i&gt;`) {
			t.Errorf("%s: not the shop's words", name)
		}
	})
}
