package page

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"

	"github.com/login-guard/login-guard/internal/look"
)

// The committed files are written to be read; these functions take out what a
// browser does not need. New does that once; requests never do.

// compactJS makes a script small: no comments, no white space that separates
// nothing, short names for everything declared within a function.
func compactJS(code string) (string, error) {
	return compact("script", code, &js.Minifier{})
}

// compactCSS makes a style small. Its rules stay as many and in their order;
// the colours of the palette get names of one letter.
func compactCSS(style string) (string, error) {
	small, err := compact("style", style, &css.Minifier{})
	if err != nil {
		return "", err
	}
	return property.ReplaceAllStringFunc(small, func(name string) string {
		if i := slices.Index(look.Names, name[2:]); i >= 0 {
			return "--" + string(rune('A'+i))
		}
		return name
	}), nil
}

// property matches the name of a custom property.
var property = regexp.MustCompile(`--[a-z]+`)

// letters gives the texts that a script says one letter each, and returns
// their keys in the order of the letters: a script names a text by text.KEY
// and in no other way.
func letters(code string) (string, []string) {
	var keys []string
	code = said.ReplaceAllStringFunc(code, func(name string) string {
		key := name[len("text."):]
		i := slices.Index(keys, key)
		if i < 0 {
			i = len(keys)
			keys = append(keys, key)
		}
		return "text." + letter(i)
	})
	return code, keys
}

var said = regexp.MustCompile(`\btext\.[a-z_]+`)

// letter is the short name of the text with an index: a to z, then aA to zZ.
func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letter(i/26-1) + string(rune('A'+i%26))
}

// compactHTML makes a template small. Attributes keep their quotes: without
// them html/template would escape more than our stencils know.
func compactHTML(text string) (string, error) {
	return compact("page", text, &html.Minifier{KeepQuotes: true, TemplateDelims: html.GoTemplateDelims})
}

func compact(what, text string, with minify.Minifier) (string, error) {
	var out bytes.Buffer
	if err := with.Minify(minify.New(), &out, strings.NewReader(text), nil); err != nil {
		return "", fmt.Errorf("making an embedded %s small: %w", what, err)
	}
	return out.String(), nil
}
