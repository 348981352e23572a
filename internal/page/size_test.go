package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// maxSlider is what a slider page has in bytes at most: what a server sends
// before it waits for the first acknowledgement (RFC 6928: ten segments).
const maxSlider = 14000

// maxSliderTexts is what the texts of a slider page have in bytes together at
// most, some that stand there twice counted twice. Of 32 languages English has
// 748 and Hindi, of three bytes a letter, the most: 1964.
const maxSliderTexts = 2100

func TestSliderPageIsOneSmallResponse(t *testing.T) {
	p := newPages(t, Theme{Name: "A Shop With a Long Name"})
	keys := append(p.words[Slider], strings.Fields("slider_title slider_title slider_lead slider_lead_plain slider_label slider_hint help checked continue press why why_text ref")...)
	for _, l := range p.languages.all {
		page := body(t, get(t, p, l.Tag, view(Slider)))
		if len(page) > maxSlider {
			t.Errorf("%s: %d bytes, more than %d", l.Tag, len(page), maxSlider)
		}
		texts := 0
		for _, key := range keys {
			if text := l.Text(key); !strings.Contains(page, text) {
				t.Errorf("%s: the page has no %s", l.Tag, key)
			} else {
				texts += len(text)
			}
		}
		if texts > maxSliderTexts {
			t.Errorf("%s: the texts of the slider page have %d bytes, more than %d: shorten them", l.Tag, texts, maxSliderTexts)
		}
		if longest := len(page) - texts + maxSliderTexts; longest > maxSlider {
			t.Errorf("%s: with the longest texts the page would have %d bytes, more than %d", l.Tag, longest, maxSlider)
		}
		if outside := regexp.MustCompile(`(?i)\b(src|srcset|@import|url\()\b?[=( ]`).FindString(page); outside != "" {
			t.Errorf("%s: the page loads something else: %q", l.Tag, outside)
		}
	}
}

func TestTheHelpPageIsOneSmallResponseWithoutAScript(t *testing.T) {
	p := newPages(t, Theme{Name: "A Shop With a Long Name", Support: "https://shop.example/contact"})
	for _, l := range p.languages.all {
		page := body(t, get(t, p, l.Tag, View{Kind: Help}))
		if len(page) > maxSlider {
			t.Errorf("%s: %d bytes, more than %d", l.Tag, len(page), maxSlider)
		}
		if strings.Contains(page, "<script") || strings.Count(page, "<svg") != 5 || !strings.Contains(page, `href="https://shop.example/contact"`) {
			t.Errorf("%s: the page has a script, or lacks a picture or the way to the shop", l.Tag)
		}
	}
}

func TestEveryPageOfACheckLeadsToTheHelpInItsLanguage(t *testing.T) {
	p := newPages(t, Theme{Prefix: "/guard/"})
	for _, kind := range []Kind{Slider, Picture, Slow, Deny} {
		if page := body(t, get(t, p, "pt-BR", view(kind))); !strings.Contains(page, `<a href="/guard/help?lang=pt-BR" target="_blank" rel="noopener">`) {
			t.Errorf("%s: the page does not lead to the help", kind)
		}
	}
}

func TestThePageFromThisMachineHasNoSlowProofOfWork(t *testing.T) {
	p := newPages(t, Theme{})
	for host, small := range map[string]bool{"localhost:8080": true, "127.0.0.1": true, "[::1]:80": true, "shop.localhost": true, "shop.example": false} {
		r := httptest.NewRequest(http.MethodPost, "http://"+host+"/login", nil)
		w := httptest.NewRecorder()
		if err := p.Write(w, r, http.StatusOK, View{Kind: Slider, Action: "/login"}); err != nil {
			t.Fatal(err)
		}
		if got := !strings.Contains(w.Body.String(), "Math.cbrt"); got != small {
			t.Errorf("%s: without the slow way %v, want %v", host, got, small)
		}
	}
}
