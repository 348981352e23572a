package page

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inFrames are all pages that are shown in frames.
func inFrames() []View {
	out := []View{view(Slider)}
	out[0].Frame = Inline
	for _, kind := range []Kind{Slider, Picture, Sound, Slow, Deny, Gone, OnceMore, Unreadable, Foreign} {
		v := view(kind)
		v.Frame = Dialog
		out = append(out, v)
	}
	return out
}

func TestFramesAreWhatTheTemplatesMake(t *testing.T) {
	p := newPages(t, Theme{Name: `Käse & <Co>`, Support: "mailto:help@shop.example?a&b", Reset: "/reset?a=1&b='", Prefix: "/g/"})
	for _, v := range inFrames() {
		for _, lang := range []*Language{p.languages.named("en", nil), p.languages.named("ar", nil)} {
			for _, value := range hostile {
				for _, scheme := range []Scheme{"", Light, Dark, "other"} {
					v.Hold, v.Action, v.Scheme, v.Task.Token = value, "/"+value, scheme, value+"t"
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					r.TLS = &tls.ConnectionState{}
					d, err := p.document(r, lang, "nonce", v)
					if err != nil {
						t.Fatal(err)
					}
					got, err := p.render(nil, &d)
					if err != nil {
						t.Fatal(err)
					}
					want, err := p.execute(d)
					if err != nil || string(got) != string(want) {
						t.Fatalf("%s %s %s: %v\n%s", v.Frame, v.Kind, lang.Tag, err, cmp.Diff(string(want), string(got)))
					}
				}
			}
		}
	}
	for form, s := range p.pages.made {
		if s == nil {
			t.Errorf("%+v is made in full each time", form)
		}
	}
}

// Every page in a frame says that it works, and keeps nothing in the tab nor
// its address: those belong to the shop's page.
func TestFramesSayThatTheyWork(t *testing.T) {
	p := newPages(t, Theme{})
	for _, v := range inFrames() {
		answer := get(t, p, "de", v)
		page := body(t, answer)
		name := string(v.Frame) + " " + string(v.Kind)
		for _, part := range []string{`data-frame="` + string(v.Frame) + `"`, `data-close="Schließen"`, `"ready"`, "postMessage"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s has no %s", name, part)
			}
		}
		for _, part := range []string{"sessionStorage", "history.", "<header", "lg-back\" href", "<main"} {
			if strings.Contains(page, part) {
				t.Errorf("%s has %s", name, part)
			}
		}
		for field, want := range map[string]string{"X-Frame-Options": "SAMEORIGIN", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := answer.Header.Get(field); got != want {
				t.Errorf("%s: %s %q, want %q", name, field, got, want)
			}
		}
	}
	if got := get(t, p, "de", view(Slider)).Header.Get("X-Frame-Options"); got != "" {
		t.Errorf("a page of its own has X-Frame-Options %q", got)
	}
}

// What leads out of the dialog leads the whole page.
func TestLinksInFramesLeadTheWholePage(t *testing.T) {
	p := newPages(t, Theme{Support: "https://shop.example/contact", Reset: "/reset"})
	link := regexp.MustCompile(`<a [^>]*>`)
	for _, v := range inFrames() {
		for _, a := range link.FindAllString(body(t, get(t, p, "en", v)), -1) {
			if !strings.Contains(a, ` target="_top"`) && !strings.Contains(a, ` target="_blank"`) {
				t.Errorf("%s %s: %s", v.Frame, v.Kind, a)
			}
		}
	}
}

// The scripts of one kind say different texts in a frame and in a page of its
// own; each gets its own letters.
func TestTextsOfFramesAreTheirOwn(t *testing.T) {
	p := newPages(t, Theme{})
	data := regexp.MustCompile(`(?s)id="lg-data">(.*?)</script>`)
	for _, v := range inFrames() {
		words := p.frames.words[shown{v.Kind, v.Frame}]
		m := data.FindStringSubmatch(body(t, get(t, p, "en", v)))
		if m == nil {
			if words != nil {
				t.Errorf("%s %s has no data", v.Frame, v.Kind)
			}
			continue
		}
		var d struct{ Text map[string]string }
		if err := json.Unmarshal([]byte(m[1]), &d); err != nil {
			t.Fatal(err)
		}
		for i, key := range words {
			if got, want := d.Text[letter(i)], p.languages.named("en", nil).Text(key); got != want {
				t.Errorf("%s %s: %s is %q, want %q", v.Frame, v.Kind, key, got, want)
			}
		}
	}
}

func TestAFrameHasTheColoursOfThePageAroundIt(t *testing.T) {
	p := newPages(t, Theme{})
	for scheme, want := range map[Scheme][]string{Light: {"color-scheme:light", "#1a1f26"}, Dark: {"color-scheme:dark", "#e9ecf0"}, "": {"prefers-color-scheme:dark", "#1a1f26", "#e9ecf0"}} {
		v := view(Slider)
		v.Frame, v.Scheme = Inline, scheme
		page := body(t, get(t, p, "en", v))
		for _, part := range want {
			if !strings.Contains(page, part) {
				t.Errorf("%q: no %s", scheme, part)
			}
		}
		if scheme != "" && strings.Contains(page, "prefers-color-scheme") {
			t.Errorf("%s: the browser's wish has a say", scheme)
		}
	}
}

func TestTheScriptForTheShopsPagesKnowsItsForms(t *testing.T) {
	one, err := NewGuard("/own/", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewGuard("/own/", []string{"b"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewGuard("/own/", []string{"b"})
	if err != nil {
		t.Fatal(err)
	}
	if one.Tag == other.Tag || other.Tag != again.Tag || string(other.Code) != string(again.Code) {
		t.Errorf("tags %s, %s, %s", one.Tag, other.Tag, again.Tag)
	}
	if !strings.Contains(string(one.Code), `"/own/"`) || !strings.Contains(string(one.Code), `["a"]`) {
		t.Errorf("%.300s", one.Code)
	}
	if _, err := NewGuard("/", func() {}); err == nil {
		t.Error("what is no JSON is no error")
	}
}
