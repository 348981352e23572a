package page

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// Caps on what a client may make us parse.
const (
	maxTag   = 35 // characters of a tag; RFC 5646 §4.4.1
	maxItems = 20 // of Accept-Language
)

// Language returns the language to answer a request in: the one the shop
// speaks with this shopper where its addresses say so (query parameter, then
// first part of the path, each of the request and then of the page it came
// from), else the browser's, else the default.
func (p *Pages) Language(r *http.Request) *Language {
	addresses, browser := [...]*url.URL{r.URL, referer(r)}, r.Header["Accept-Language"]
	for _, u := range addresses {
		if l := p.languages.fromQuery(u, browser); l != nil {
			return l
		}
	}
	for _, u := range addresses {
		if l := p.languages.fromPath(u, browser); l != nil {
			return l
		}
	}
	if l := p.languages.fromHeaders(browser); l != nil {
		return l
	}
	return p.languages.all[0]
}

// referer returns the page of our own origin that a request came from, where
// its address could say a language.
func referer(r *http.Request) *url.URL {
	values := r.Header["Referer"]
	if len(values) == 0 || !addressNames(values[0]) {
		return nil
	}
	u, err := url.Parse(values[0])
	if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
		return nil
	}
	return u
}

// addressNames reports whether an address may hold a language. It saves
// parsing those that hold none, and is wrong in the other direction only.
func addressNames(address string) bool {
	_, rest, ok := strings.Cut(address, "//")
	if !ok {
		return false // without a host
	}
	if strings.IndexByte(rest, '%') >= 0 || strings.IndexByte(rest, '#') >= 0 {
		return true // to be read by who knows how
	}
	rest, query, _ := strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	return pathNames(path) || queryNames(query)
}

// queryParameters are those that shops name the language in.
var queryParameters = [...]string{"lang", "language", "locale", "hl"}

// queryNames reports whether a query may hold a language.
func queryNames(query string) bool {
	if query == "" {
		return false
	}
	if strings.IndexByte(query, '%') >= 0 {
		return true
	}
	for _, name := range queryParameters {
		if strings.Contains(query, name) {
			return true
		}
	}
	return false
}

// pathNames reports whether a path, without its first slash, may begin with
// a language.
func pathNames(path string) bool {
	return len(path) == 2 || len(path) > 2 && (path[2] == '/' || path[2] == '-' || path[2] == '_')
}

func (ls *languages) fromQuery(u *url.URL, browser []string) *Language {
	if u == nil || !queryNames(u.RawQuery) {
		return nil
	}
	values := u.Query()
	for _, name := range queryParameters {
		if l := ls.named(values.Get(name), browser); l != nil {
			return l
		}
	}
	return nil
}

// otherwise are first parts of paths that are often no language, and what
// tells: a browser in that language means the country of that code (United
// Kingdom, Argentina, El Salvador). India's and the one that may stand for an
// identity are Indonesian only to a browser in Indonesian.
var otherwise = map[string]string{"uk": "en", "ar": "es", "sv": "es", "in": "", "id": ""}

// fromPath looks at /de/… and /pt-br/…. A longer first part, such as
// /my-account/, is no language.
func (ls *languages) fromPath(u *url.URL, browser []string) *Language {
	if u == nil {
		return nil
	}
	path := strings.TrimPrefix(u.Path, "/")
	if !pathNames(path) {
		return nil
	}
	first, _, _ := strings.Cut(path, "/")
	base, region, _ := strings.Cut(strings.ReplaceAll(first, "_", "-"), "-")
	if len(base) != 2 || len(region) != 0 && len(region) != 2 && len(region) != 4 {
		return nil
	}
	l := ls.named(first, browser)
	if reads, ambiguous := otherwise[strings.ToLower(first)]; ambiguous && l != nil {
		switch wished := ls.fromHeaders(browser); {
		case wished == l:
		case reads == "", wished != nil && wished.written == reads:
			return nil
		}
	}
	return l
}

// fromHeaders is fromHeader with a memory.
func (ls *languages) fromHeaders(values []string) *Language {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return ls.headers.Of(values[0], func(value string) *Language { return ls.fromHeader([]string{value}) })
	}
	return ls.fromHeader(values)
}

// fromHeader takes the first wanted language that there is. Each item is
// parsed by itself: a bad one must not cost the good ones.
func (ls *languages) fromHeader(values []string) *Language {
	type item struct {
		tag     string
		quality float64
	}
	var items []item
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if len(items) == maxItems {
				break
			}
			tag, parameter, _ := strings.Cut(part, ";")
			quality := 1.0
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
				var err error
				if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality <= 1) {
					continue
				}
			}
			if quality > 0 {
				items = append(items, item{tag, quality})
			}
		}
	}
	slices.SortStableFunc(items, func(a, b item) int {
		switch {
		case a.quality > b.quality:
			return -1
		case a.quality < b.quality:
			return 1
		}
		return 0
	})
	for _, it := range items {
		if l := ls.parsed(it.tag); l != nil {
			return l
		}
	}
	return nil
}

// named returns the language of a tag as people write it (de, pt_br, de-AT),
// or nil. Where the tag leaves open which form of the language (pt, zh), a
// browser that wants one of them gets that.
func (ls *languages) named(tag string, browser []string) *Language {
	tag = strings.TrimSpace(tag)
	if tag == "" || len(tag) > maxTag {
		return nil
	}
	l := ls.tags.Of(tag, ls.parsed)
	if l != nil && len(tag) == 2 {
		if wished := ls.fromHeaders(browser); wished != nil && wished != l && wished.written == l.written {
			return wished
		}
	}
	return l
}

// parsed is named without a memory.
func (ls *languages) parsed(tag string) *Language {
	tag = strings.TrimSpace(tag)
	if tag == "" || len(tag) > maxTag {
		return nil
	}
	wanted, err := language.Parse(tag)
	if err != nil {
		return nil
	}
	return ls.match(wanted)
}
