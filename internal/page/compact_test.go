package page

import "testing"

func TestCompact(t *testing.T) {
	tests := map[string]struct {
		compact  func(string) string
		in, want string
	}{
		"script: comments and white space": {compactJS, "// why\nlet a = 1; // so\nif (a) {\n\tb();\n}\n", "let a=1;if(a){b()}"},
		"script: words stay apart":         {compactJS, "return new  X\nconst a", "return new X const a"},
		"script: signs stay apart":         {compactJS, "a + +b - -c + -d", "a+ +b- -c+-d"},
		"script: strings are kept":         {compactJS, `say('a  // b', 'it\'s ; }')`, `say('a  // b','it\'s ; }')`},
		"script: expressions are kept":     {compactJS, `x.replace(/[/ ]  a/g, y) / 2`, `x.replace(/[/ ]  a/g,y)/2`},
		"script: a comment at the end":     {compactJS, "a(); // end", "a();"},
		"style":                            {compactCSS, "/* why */\na > b, c {\n\tcolor: red;\n\tmargin: 0 1px;\n}\n@media (x: y) {\n\ta {\n\t\tb: c;\n\t}\n}\n", "a>b,c{color:red;margin:0 1px}@media(x:y){a{b:c}}"},
		"style: sums keep their spaces":    {compactCSS, "a { width: calc(1 - var(--p) * (100% - 5px)) }", "a{width:calc(1 - var(--p) * (100% - 5px))}"},
		"page":                             {compactHTML, "<p>\n\t\ta\n\n</p>", "<p>\na\n</p>\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.compact(test.in); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
