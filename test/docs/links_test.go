package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryLinkOfTheDocumentationLeadsSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		page, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		n, wrong := page.Links()
		links += n
		for _, err := range wrong {
			t.Error(err)
		}
	}
	if links == 0 {
		t.Error("no links found: is the documentation where this test looks?")
	}
}

func TestEveryRowOfTheThreatModelIsShownByATestOrSaysThatItIsOpen(t *testing.T) {
	rowsAreShown(t, "threat-model.md")
}

func TestEveryFaultIsShownByATest(t *testing.T) { rowsAreShown(t, "reliability.md") }

func rowsAreShown(t *testing.T, name string) {
	t.Helper()
	page, err := Read(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	n, wrong := page.Rows()
	for _, err := range wrong {
		t.Error(err)
	}
	if n == 0 {
		t.Error("the page has no rows")
	}
}

func TestWhatIsWrongWithAPageIsSeen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a_test.go", "package a\n\ntype s int\n\n// TestSaid is only named here.\nfunc TestThere() {}\nfunc (s) TestMethod() {}\n")
	write("a.go", "package a\n\nfunc TestThere() {}\n")
	write("other.md", "# A `heading`, and more\n\n```\n# no heading\n```\n")
	const head = "| attack | defence | shown by |\n|---|---|---|\n"
	for what, c := range map[string]struct {
		text        string
		links, rows string // part of the error, "" for none
	}{
		"a test that is there":      {"[TestThere](a_test.go)", "", ""},
		"in code style":             {"[`TestThere`](a_test.go)", "", ""},
		"a renamed test":            {"[TestHere](a_test.go)", "no function TestHere", ""},
		"a method":                  {"[TestMethod](a_test.go)", "no function", ""},
		"a comment":                 {"[TestSaid](a_test.go)", "no function", ""},
		"another file's test":       {"[TestThere](a.go)", "ends in _test.go", ""},
		"a missing file":            {"see\n[that](no.md)", ":2: [that](no.md): there is no such file", ""},
		"a picture that is missing": {"![a picture](no.png)", "no such file", ""},
		"a heading":                 {"[x](other.md#a-heading-and-more)", "", ""},
		"a missing heading":         {"[x](other.md#no-heading)", "no such heading", ""},
		"its own heading":           {"# Here\n[x](#here) [y](#there)", "[y](#there): there is no such heading", ""},
		"outside":                   {"[x](https://example.com/no) [y](mailto:a@b.example)", "", ""},
		"a fenced block":            {"```\n[x](no.md)\n| a | b | c |\n```\n", "", ""},
		"a row that is shown":       {head + "| a | b | [TestThere](a_test.go) |", "", ""},
		"a row that is open":        {head + "| a | Open: none yet | |", "", ""},
		"a row that shows nothing":  {head + "| a | b | `make lab` |", "", ":3: no test shows it"},
		"a link to no test":         {head + "| a | b | [code](a.go) |", "", "no test shows it"},
		"a row that is cut":         {head + "| a | [TestThere](a_test.go) |", "", "2 columns"},
		"a row without a defence":   {head + "| a | | [TestThere](a_test.go) |", "", "missing"},
	} {
		t.Run(what, func(t *testing.T) {
			page, err := Read(write("page.md", c.text))
			if err != nil {
				t.Fatal(err)
			}
			_, links := page.Links()
			_, rows := page.Rows()
			sees(t, links, c.links)
			sees(t, rows, c.rows)
		})
	}
}

// sees fails the test unless there is just the error that is wanted.
func sees(t *testing.T, got []error, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("sees something wrong: %v", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0].Error(), want)):
		t.Errorf("sees %v, want %q", got, want)
	}
}
