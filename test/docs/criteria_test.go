package docs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryCriterionOfWCAGIsShownByATestOrSaidToBeUntested(t *testing.T) {
	page, err := Read(filepath.Join("..", "..", "docs", "accessibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	n, wrong := page.Criteria()
	for _, err := range wrong {
		t.Error(err)
	}
	if n != 55 { // 31 of level A and 24 of level AA
		t.Errorf("%d criteria, want 55", n)
	}
}

func TestWhatIsWrongWithACriterionIsSeen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	rows := []string{}
	for _, c := range strings.Split(strings.TrimSpace(criteria), "\n") {
		part := strings.SplitN(c, " ", 3)
		rows = append(rows, "| "+part[0]+" "+part[2]+" ("+part[1]+") | Met: so | [TestThere](a_test.go) |")
	}
	for what, c := range map[string]struct {
		change func(rows []string) []string
		want   string
	}{
		"nothing":             {func(r []string) []string { return r }, ""},
		"said to be untested": {func(r []string) []string { r[3] = part(r[3], 0) + "| Met: so | untested |"; return r }, ""},
		"does not apply":      {func(r []string) []string { r[3] = part(r[3], 0) + "| Does not apply: no video | |"; return r }, ""},
		"one is missing":      {func(r []string) []string { return append(r[:7:7], r[8:]...) }, `want "1.3.2 Meaningful Sequence (A)"`},
		"the last is missing": {func(r []string) []string { return r[:54] }, "no row for 4.1.3"},
		"one too many":        {func(r []string) []string { return append(r, "| 4.1.4 More (A) | Met: so | untested |") }, "one row too many"},
		"another level":       {func(r []string) []string { r[0] = strings.Replace(r[0], "(A)", "(AA)", 1); return r }, "1.1.1 Non-text Content (A)"},
		"nothing shows it": {func(r []string) []string {
			r[0] = strings.Replace(r[0], "[TestThere](a_test.go)", "see above", 1)
			return r
		}, "no test shows it"},
		"it does not say whether": {func(r []string) []string { r[0] = strings.Replace(r[0], "Met:", "Fine:", 1); return r }, "begins with none"},
		"a column is missing":     {func(r []string) []string { r[0] = part(r[0], 0) + "| Met: so |"; return r }, "2 columns"},
	} {
		t.Run(what, func(t *testing.T) {
			text := "| criterion | how | shown by |\n|---|---|---|\n" + strings.Join(c.change(slices.Clone(rows)), "\n") + "\n"
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			page, err := Read(name)
			if err != nil {
				t.Fatal(err)
			}
			_, wrong := page.Criteria()
			if len(wrong) > 1 && what == "one is missing" {
				wrong = wrong[:1] // all that follow are out of place
			}
			sees(t, wrong, c.want)
		})
	}
}

// part is a row up to the end of a cell.
func part(row string, cell int) string {
	cells := strings.SplitAfter(row[1:], "|")
	return "|" + strings.TrimSuffix(strings.Join(cells[:cell+1], ""), "|")
}
