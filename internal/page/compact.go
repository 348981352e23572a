package page

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"
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
	short := map[string]string{"--accent": "--Y", "--trail": "--Z"}
	for i, f := range fixed {
		short["--"+f.name] = "--" + string(rune('A'+i))
	}
	return property.ReplaceAllStringFunc(small, func(name string) string {
		if letter, ok := short[name]; ok {
			return letter
		}
		return name
	}), nil
}

// property matches the name of a custom property.
var property = regexp.MustCompile(`--[a-z]+`)

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
