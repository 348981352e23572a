package page

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeaderFieldsAreEachOnTheirOwn(t *testing.T) {
	p := newPages(t, Theme{})
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for name, answer := range map[string]func(w http.ResponseWriter) error{
		"page": func(w http.ResponseWriter) error { return p.Write(w, r, http.StatusOK, view(Deny)) },
		"problem": func(w http.ResponseWriter) error {
			return p.Problem(w, r, http.StatusOK, Problem{Kind: Deny, RetryAfter: 5})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", "Origin"} {
				first, second := httptest.NewRecorder(), httptest.NewRecorder()
				for _, w := range []*httptest.ResponseRecorder{first, second} {
					if before != "" {
						w.Header().Set("Vary", before)
					}
					if err := answer(w); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := strings.Join(first.Header().Values("Vary"), " "), strings.TrimSpace(before+" Accept-Language"); got != want {
					t.Errorf("Vary: %q, want %q", got, want)
				}
				// What comes after us adds to fields and replaces in place.
				sent, untouched := first.Header().Clone(), second.Header().Clone()
				for name, values := range first.Header() {
					if http.CanonicalHeaderKey(name) != name {
						t.Errorf("%s is not spelled as net/http does", name)
					}
					first.Header()[name] = append(values, "added")
				}
				for name := range sent {
					if got, want := first.Header().Get(name), sent.Get(name); got != want {
						t.Errorf("%s: %q, want %q still after others were added to", name, got, want)
					}
					first.Header()[name][0] = "replaced"
				}
				if diff := cmp.Diff(untouched, second.Header()); diff != "" {
					t.Errorf("a change of one answer changed another:\n%s", diff)
				}
			}
		})
	}
}

func TestAnswersAtTheSameTimeHaveTheirOwnValues(t *testing.T) {
	p := newPages(t, Theme{})
	var all sync.WaitGroup
	var nonces sync.Map
	for worker := range 8 {
		all.Go(func() {
			for i := range 40 {
				own := fmt.Sprintf("-%d-%d-", worker, i)
				v := view(kinds[i%len(kinds)])
				v.Ref, v.Hold = "ref"+own, "hold"+own
				r := httptest.NewRequest(http.MethodPost, "/?lang="+tags[i%len(tags)], nil)
				r.Header.Set("Accept-Language", own)
				w := httptest.NewRecorder()
				if err := p.Write(w, r, http.StatusOK, v); err != nil {
					t.Error(err)
					return
				}
				page := w.Body.String()
				if strings.Count(page, "ref-") != 1 || !strings.Contains(page, v.Ref) || strings.Contains(page, "hold-") && !strings.Contains(page, v.Hold) {
					t.Errorf("%s: the page has another's values", own)
				}
				_, nonce, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "'nonce-")
				nonce, _, _ = strings.Cut(nonce, "'")
				if _, used := nonces.LoadOrStore(nonce, true); used || len(nonce) != nonceLength || strings.Count(page, " nonce=") != strings.Count(page, ` nonce="`+nonce+`"`) {
					t.Errorf("%s: nonce %q is not the page's own", own, nonce)
				}
				if v.Kind == Resume || v.Kind == Help {
					continue // only a browser comes there
				}
				w = httptest.NewRecorder()
				if err := p.Problem(w, r, http.StatusForbidden, Problem{Kind: v.Kind, Ref: v.Ref}); err != nil || !strings.Contains(w.Body.String(), `"ref":"`+v.Ref+`"`) {
					t.Errorf("%s: %v: problem %s", own, err, w.Body)
				}
			}
		})
	}
	all.Wait()
}
