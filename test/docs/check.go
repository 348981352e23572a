// Package docs checks what the documentation refers to: every file that is
// linked exists, every heading that is linked stands there, every test that
// is named by a link is in the very file that the link leads to, and every
// row of the threat model either names such a test or says that it is open,
// and every criterion of WCAG has a row that names one or says that it is
// untested.
//
// It reads Markdown as our own pages use it: inline links, pipe tables,
// fenced blocks. It does not look at addresses outside the repository.
package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	fenced   = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	link     = regexp.MustCompile(`!?\[([^\]\[]*)\]\(([^()\s]+)\)`)
	test     = regexp.MustCompile("^`?((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)`?$")
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	noAnchor = regexp.MustCompile("[^a-z0-9 _-]")
	divider  = regexp.MustCompile(`^\|[ :|-]+\|$`)
)

// Page is one page of the documentation.
type Page struct {
	Path string // as it is opened
	text string // without what stands in fenced blocks, lines kept
}

// Read reads a page.
func Read(path string) (*Page, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return &Page{Path: path, text: fenced.ReplaceAllStringFunc(text, func(block string) string {
		return strings.Repeat("\n", strings.Count(block, "\n"))
	})}, nil
}

// Links reports every link of the page that leads nowhere, and how many
// links within the repository there are.
func (p *Page) Links() (n int, wrong []error) {
	for _, m := range link.FindAllStringSubmatchIndex(p.text, -1) {
		label, target := p.text[m[2]:m[3]], p.text[m[4]:m[5]]
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		n++
		if err := p.follow(label, target); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: [%s](%s): %w", p.Path, 1+strings.Count(p.text[:m[0]], "\n"), label, target, err))
		}
	}
	return n, wrong
}

// follow goes where a link leads.
func (p *Page) follow(label, target string) error {
	name, anchor, _ := strings.Cut(target, "#")
	path := p.Path
	if name != "" {
		path = filepath.Join(filepath.Dir(p.Path), filepath.FromSlash(name))
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no such file")
	}
	if m := test.FindStringSubmatch(label); m != nil {
		return declares(path, m[1])
	}
	if anchor == "" || !strings.HasSuffix(path, ".md") {
		return nil
	}
	to, err := Read(path)
	if err != nil {
		return err
	}
	for _, h := range heading.FindAllStringSubmatch(to.text, -1) {
		if slug(h[1]) == anchor {
			return nil
		}
	}
	return fmt.Errorf("there is no such heading")
}

// slug is a heading as GitHub makes an anchor of it.
func slug(text string) string {
	return strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
}

// declares reports whether a Go test file declares a function of that name.
func declares(path, name string) error {
	if !strings.HasSuffix(path, "_test.go") {
		return fmt.Errorf("a test stands in a file that ends in _test.go")
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
			return nil
		}
	}
	return fmt.Errorf("the file has no function %s", name)
}

// open is how a defence begins that is not there, or not whole.
const open = "Open:"

// Rows reports every row of the page's tables that shows nothing: the first
// column is an attack, the second its defence, the last links to the tests
// that show it, at least one unless the defence begins with "Open:".
func (p *Page) Rows() (n int, wrong []error) {
	lines := strings.Split(p.text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		isHead := i+1 < len(lines) && divider.MatchString(strings.TrimSpace(lines[i+1]))
		if !strings.HasPrefix(line, "|") || divider.MatchString(line) || isHead {
			continue
		}
		n++
		if err := row(line); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w: %s", p.Path, i+1, err, line))
		}
	}
	return n, wrong
}

func row(line string) error {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) < 3 {
		return fmt.Errorf("%d columns, want attack, defence and what shows it", len(cells))
	}
	attack, defence, shown := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), cells[len(cells)-1]
	if attack == "" || defence == "" {
		return fmt.Errorf("an attack or a defence is missing")
	}
	if strings.HasPrefix(defence, open) {
		return nil
	}
	for _, m := range link.FindAllStringSubmatch(shown, -1) {
		if test.MatchString(m[1]) {
			return nil
		}
	}
	return fmt.Errorf("no test shows it, and it does not say %q", open)
}
