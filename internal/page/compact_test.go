package page

import (
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/look"
)

func TestCompact(t *testing.T) {
	tests := map[string]struct {
		compact  func(string) (string, error)
		in, want string
	}{
		"script: names of a function are short":  {compactJS, "(() => {\n\tconst longer = 1; // why\n\tuse(longer, longer);\n})();\n", "(()=>{const e=1;use(e,e)})()"},
		"script: what others see keeps its name": {compactJS, "(() => {\n\tself.renewed = reply => reply.task;\n})();\n", "(()=>{self.renewed=e=>e.task})()"},
		"style: no comments":                     {compactCSS, "/* why */\na > b, c {\n\tcolor: red;\n\tmargin: 0 1px;\n}\n", "a>b,c{color:red;margin:0 1px}"},
		"style: sums keep their spaces":          {compactCSS, "a { width: calc(1 - var(--p) * (100% - 5px)) }", "a{width:calc(1 - var(--p) * (100% - 5px))}"},
		"style: colours have short names":        {compactCSS, ":root{--on:#123;--ok:#456}a{color:var(--on,var(--accent));width:var(--once)}", ":root{--I:#123;--G:#456}a{color:var(--I,var(--J));width:var(--once)}"},
		"page: quotes stay":                      {compactHTML, "<p class=\"a\">\n\t\t{{if .X}}<a href=\"{{.X}}\">a</a>{{end}}\n\n</p>\n", `<p class="a">{{if .X}}<a href="{{.X}}">a</a>{{end}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := test.compact(test.in)
			if err != nil || got != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestWhatIsNoScriptIsAnError(t *testing.T) {
	if _, err := compactJS("(()=>{"); err == nil || !strings.Contains(err.Error(), "script") {
		t.Errorf("error %v", err)
	}
}

func TestColoursHaveNamesOfTheirOwn(t *testing.T) {
	p, err := look.New(look.Colours{})
	if err != nil {
		t.Fatal(err)
	}
	small, err := compactCSS(p.CSS())
	if err != nil {
		t.Fatal(err)
	}
	light, _, _ := strings.Cut(small, "@media")
	seen := map[string]bool{}
	for _, name := range property.FindAllString(light, -1) {
		t.Errorf("%s has no short name", name)
	}
	for part := range strings.SplitSeq(light, "--") {
		if name, _, ok := strings.Cut(part, ":"); ok && len(name) == 1 {
			if seen[name] {
				t.Errorf("two colours are called %s", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != len(p.Light) {
		t.Errorf("%d names for %d colours", len(seen), len(p.Light))
	}
}
