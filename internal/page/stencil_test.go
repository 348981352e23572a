package page

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hostile are values with what any place in a page must escape.
var hostile = []string{
	"", "plain", `"></script><script>alert('x')</script>&amp;+&`, "a\u2028b\u2029c\\d\ne\rf\tg\x00h\x7fi\x08\x0c\x1b",
	"\xff\xfe\xc3(é€😀\xed\xa0\x80\uFFFD", "%41%zz%%2", `/\evil//x:(y)[z]{a}|~^` + "` =;,!@#$*", "javascript:alert(1)//<!--]]>{{.}}%s{in}",
	"a\u2028", "b\u2029", "c\xff", "d\xe2\x80", "+", "é€😀",
}

// documents are pages of a kind with each value in every place: in all forms
// with the first value, with the others in the smallest and the fullest.
func documents(t *testing.T, p *Pages, kind Kind, lang *Language, values []string, each func(d document)) {
	t.Helper()
	for i, value := range values {
		for _, secs := range []int{0, -5, 60, 5000} {
			for _, err := range []string{"", "wait", value} {
				for parts := range 16 {
					if i > 0 && parts > 0 && parts < 15 {
						continue
					}
					v := View{Kind: kind, Action: "/" + value, Hold: value, Error: err, Seconds: secs, Clearance: value + "c",
						Task: Task{Token: value + "t", Salt: "s" + value, Cost: 3 * secs, Target: uint32(7777 * secs), Floor: -secs}}
					if parts&1 != 0 {
						v.Ref = value + "r"
					}
					if parts&2 != 0 {
						v.Back = value + "b"
					}
					if parts&4 != 0 {
						v.Task.Picture, v.Task.Sound = "p"+value, "s"+value
					}
					r := httptest.NewRequest(http.MethodPost, "/", nil)
					r.Host = value
					if parts&8 != 0 {
						r.TLS = &tls.ConnectionState{}
					}
					d, problem := p.document(r, lang, "nonce", v)
					if problem != nil {
						t.Fatal(problem)
					}
					each(d)
				}
			}
		}
	}
}

func TestPagesAreWhatTheTemplatesMake(t *testing.T) {
	for name, theme := range map[string]Theme{
		"bare": {},
		"full": {Name: `Käse & <Co> "+'`, Support: "mailto:help@shop.example?subject=a&b", Reset: "/reset?a=1&b='", Prefix: "/g<&>/", Logo: "/l.svg?a=1&b=2", LogoDark: "/d.svg"},
	} {
		for _, kind := range kinds {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				p := newPages(t, theme)
				for i, lang := range p.languages.all {
					if i > 4 && (name == "full" || i%6 > 0) {
						continue // of the others every text is like one of these
					}
					values := hostile
					if i > 0 || name == "full" {
						values = hostile[2:3] // what differs is fixed text
					}
					documents(t, p, kind, lang, values, func(d document) {
						got, err := p.render(nil, &d)
						if err != nil {
							t.Fatal(err)
						}
						want, err := p.execute(d)
						if err != nil {
							t.Fatal(err)
						}
						if string(got) != string(want) {
							t.Fatalf("%s, %+v:\n%s", lang.Tag, d.View, cmp.Diff(string(want), string(got)))
						}
					})
				}
				for form, s := range p.pages.made {
					if s == nil {
						t.Errorf("%+v is made in full each time", form)
					}
				}
			})
		}
	}
}

func TestEveryFormOfAPageIsKept(t *testing.T) {
	p := newPages(t, Theme{})
	const some = 4 // languages; each has as many forms
	for _, kind := range kinds {
		for _, lang := range p.languages.all[:some] {
			documents(t, p, kind, lang, []string{"x"}, func(d document) {
				if _, err := p.render(nil, &d); err != nil {
					t.Fatal(err)
				}
				if p.pages.made[d.form()] == nil {
					t.Fatalf("%+v is not kept", d.form())
				}
			})
		}
	}
	if n := len(p.pages.made) / some * len(p.languages.all); n < 200 || n >= maxStencils {
		t.Errorf("%d forms, of at most %d", n, maxStencils)
	}
}

func TestAFullCollectionStillMakesPages(t *testing.T) {
	p := newPages(t, Theme{})
	for i := range maxStencils + 3 {
		p.pages.put(form{kind: Kind(fmt.Sprint(i))}, nil)
		p.problems.put(problemForm{kind: Kind(fmt.Sprint(i))}, nil)
	}
	if page := body(t, get(t, p, "de", view(Deny))); !strings.Contains(page, "Bitte später noch einmal") {
		t.Errorf("page %q", page)
	}
	w := httptest.NewRecorder()
	if err := p.Problem(w, httptest.NewRequest(http.MethodPost, "/", nil), http.StatusForbidden, Problem{Kind: Gone, Ref: "REF"}); err != nil || !strings.Contains(w.Body.String(), `"ref":"REF"`) {
		t.Errorf("%v: problem %q", err, w.Body)
	}
	if len(p.pages.made) != maxStencils || len(p.problems.made) != maxStencils {
		t.Errorf("%d pages and %d problems are kept, want %d", len(p.pages.made), len(p.problems.made), maxStencils)
	}
}

// Who edits a template may put a value where it is escaped in another way.
func TestAValueInAnotherPlaceIsStillEscaped(t *testing.T) {
	for name, place := range map[string]string{
		"script":      `<script>a = {{.View.Ref}}</script>`,
		"query":       `<a href="/?ref={{.View.Ref}}">a</a>`,
		"bare in tag": `<p title={{.View.Ref}}>a</p>`,
		"style":       `<p style="color: {{.View.Ref}}">a</p>`,
		"event":       `<p onclick="a({{.View.Ref}})">a</p>`,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPages(t, Theme{})
			if _, err := p.templates.New("deny").Parse(place); err != nil {
				t.Fatal(err)
			}
			documents(t, p, Deny, p.languages.all[0], hostile, func(d document) {
				got, err := p.render(nil, &d)
				if err != nil {
					t.Fatal(err)
				}
				if want, err := p.execute(d); err != nil || string(got) != string(want) {
					t.Fatalf("%v\n%s", err, cmp.Diff(string(want), string(got)))
				}
			})
		})
	}
}

func TestAValueThatLooksLikeAMarkIsAValue(t *testing.T) {
	m := marks()
	s := cut("<p>"+m.text[gapRef]+"</p>"+m.text[gapHold]+m.text[gapCost], m)
	d := document{View: View{Ref: m.text[gapHold], Hold: m.text[gapRef] + m.text[gapCost]}}
	if got, want := string(d.fill(nil, s)), "<p>"+m.text[gapHold]+"</p>"+m.text[gapRef]+m.text[gapCost]+"0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if other := marks(); other.text[gapRef] == m.text[gapRef] || other.text[gapCost] == m.text[gapCost] {
		t.Error("marks can be foreseen")
	}
}

func TestProblemsAreWhatTheEncoderMakes(t *testing.T) {
	p := newPages(t, Theme{})
	for _, kind := range kinds {
		for _, lang := range p.languages.all {
			for _, value := range hostile {
				for parts := range 8 {
					d := problemDocument{lang: lang, status: 400 + parts, Problem: Problem{Kind: kind, RetryAfter: 70 * (parts & 1)}}
					if parts&1 != 0 && kind == Deny {
						d.when = lang.denyWhen[1] + value
					}
					if parts&2 != 0 {
						d.Ref = value
					}
					if parts&4 != 0 {
						d.Challenge = "/" + value
					}
					got, err := p.renderProblem(nil, &d)
					want, errSlow := d.encode()
					if err != nil || errSlow != nil || string(got) != string(want) {
						t.Fatalf("%v %v\n%s", err, errSlow, cmp.Diff(string(want), string(got)))
					}
				}
			}
		}
	}
	if n := len(p.problems.made); n >= maxStencils {
		t.Errorf("%d forms, of at most %d", n, maxStencils)
	}
	for form, s := range p.problems.made {
		if s == nil {
			t.Errorf("%+v is made in full each time", form)
		}
	}
}

func FuzzPagesAreWhatTheTemplatesMake(f *testing.F) {
	for _, value := range hostile {
		f.Add(value, 60, value)
	}
	p, err := New(Theme{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, value string, secs int, other string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = other
		for _, kind := range kinds {
			v := View{Kind: kind, Action: value, Hold: other, Ref: value, Error: other, Seconds: secs, Clearance: value, Back: other,
				Task: Task{Token: value, Salt: other, Cost: secs, Target: uint32(secs), Floor: -secs, Picture: value}}
			d, err := p.document(r, p.languages.all[0], "nonce", v)
			if err != nil {
				t.Fatal(err)
			}
			got, errFast := p.render(nil, &d)
			want, err := p.execute(d)
			if errFast != nil || err != nil || string(got) != string(want) {
				t.Fatalf("%v %v\n%s", errFast, err, cmp.Diff(string(want), string(got)))
			}
			pr := problemDocument{lang: p.languages.all[0], status: secs, when: other, Problem: Problem{Kind: kind, Ref: value, Challenge: other, RetryAfter: secs}}
			got, errFast = p.renderProblem(nil, &pr)
			want, err = pr.encode()
			if errFast != nil || err != nil || string(got) != string(want) {
				t.Fatalf("%v %v\n%s", errFast, err, cmp.Diff(string(want), string(got)))
			}
		}
	})
}
