package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (p Page) check() (errs []error) {
	add := func(option, what, works string) { errs = append(errs, wrong("page "+option, what, option+" "+works)) }
	if utf8.RuneCountInString(p.Name) > 80 || strings.ContainsFunc(p.Name, unicode.IsControl) || !utf8.ValidString(p.Name) {
		add("name", "it is longer than 80 characters or not plain text", `"Shop Example"`)
	}
	if placeholder.MatchString(p.Name) {
		add("name", unreplaced(p.Name), `"Shop Example"`)
	}
	errs = append(errs, p.checkLook()...)
	for _, link := range []struct{ option, url, works string }{
		{"support", p.Support, "https://shop.example/contact"},
		{"reset", p.Reset, "https://shop.example/lost-password"},
	} {
		if link.url != "" && !isLink(link.url) {
			add(link.option, fmt.Sprintf("%q is neither an http(s) URL nor a path that starts with /", link.url), link.works)
		}
	}
	if p.Language != "" && !languageTag.MatchString(p.Language) {
		add("language", fmt.Sprintf("%q is no language tag", p.Language), "de")
	}
	if p.Languages != "" {
		errs = append(errs, checkFile("page languages", p.Languages, "languages /etc/caddy/languages")...)
	}
	if p.Picture != "" && p.Picture != PictureLetters && p.Picture != PictureDigits {
		add("picture", fmt.Sprintf("there is no %q: a picture shows letters or digits", p.Picture), PictureLetters)
	}
	return errs
}

// isLink reports whether s may be a link on our page: no script, no other
// scheme, no address that merely looks like a path.
func isLink(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || strings.ContainsAny(s, "\\{} \t\r\n") {
		return false
	}
	if u.Scheme == "" {
		return u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
