package learn

import (
	"hash/maphash"
	"net/http"
	"regexp"
	"strings"

	"github.com/login-guard/login-guard/internal/login"
)

// pageFacts are the marks of an HTML answer: attributes as they stand in it.
//
// Marks are taken from the bare text and not from parsed HTML: whatever the
// text holds of the form `class="…"` is one, wherever it stands. So a mark of
// one page that is not among those of the other is certain not to occur in
// the other's text, which is what the condition `body` looks for.
type pageFacts struct {
	password bool
	// texts are those that name nobody, in the order of the page; all is
	// every mark's hash, those too that are not kept.
	texts []string
	all   map[uint64]bool
	full  bool // there were more than maxMarks
}

// maxMarks is how many marks of a page are looked at. The largest captured
// answer of a login has about 1,500.
const maxMarks = 8192

// seed is of this process only: hashes of marks are compared and not kept.
var seed = maphash.MakeSeed()

var (
	pageAttribute = regexp.MustCompile(`(?:class|id|name|href|action)=(?:"[^"'<>\n]{1,80}"|'[^"'<>\n]{1,80}')`)
	// quietValue is a value that is part of the page's form: words, no ids,
	// no random letters.
	quietValue = regexp.MustCompile(`^[A-Za-z][A-Za-z _-]{1,60}$`)
	leaveLink  = regexp.MustCompile(`(?i)^[A-Za-z0-9/?=_.&;:-]*(log[-_/]?(out|off)|sign[-_]?(out|off))[/]?$`)
	troubled   = regexp.MustCompile(`(?i)error|alert|danger|invalid|incorrect|fail|warning|denied`)
	// inside are words of pages that only somebody who is logged in gets.
	inside = regexp.MustCompile(`(?i)log-?_?(out|off)|sign-?_?(out|off)|logged-?_?in|dashboard|my-?_?account`)
)

func looksLikeHTML(h http.Header, body string) bool {
	if kind := h.Get("Content-Type"); kind != "" {
		return strings.Contains(strings.ToLower(kind), "html")
	}
	return strings.HasPrefix(strings.TrimSpace(body), "<")
}

func pageFactsOf(text string, hidden secrets) *pageFacts {
	p := &pageFacts{password: login.HasPasswordInput(text), all: map[uint64]bool{}}
	for at := 0; at < len(text); {
		m := pageAttribute.FindStringIndex(text[at:])
		if m == nil {
			break
		}
		mark := text[at+m[0] : at+m[1]]
		// The next may begin within this one: `id="a" class="b"` in quotes.
		at += m[0] + 1
		sum := maphash.String(seed, mark)
		if p.all[sum] {
			continue
		}
		if len(p.all) == maxMarks {
			p.full = true
			break
		}
		p.all[sum] = true
		if quietMark(mark) && !hidden.in(mark) && len(p.texts) < 1024 {
			p.texts = append(p.texts, mark)
		}
	}
	return p
}

// quietMark reports whether a mark is worth keeping: it speaks of trouble or
// of being inside, and names nobody.
func quietMark(mark string) bool {
	name, value, _ := strings.Cut(mark, "=")
	value = value[1 : len(value)-1]
	if name == "href" || name == "action" {
		return leaveLink.MatchString(value)
	}
	return quietValue.MatchString(value) && (troubled.MatchString(value) || inside.MatchString(value))
}

// only gives the first mark of p that other has not, of those that like says.
func (p *pageFacts) only(other *pageFacts, like *regexp.Regexp) string {
	if p == nil {
		return ""
	}
	best := ""
	for _, mark := range p.texts {
		if other != nil && (other.full || other.all[maphash.String(seed, mark)]) || !like.MatchString(mark) {
			continue
		}
		// A link out is the surest sign of being inside.
		if best == "" || strings.HasPrefix(mark, "href=") && !strings.HasPrefix(best, "href=") {
			best = mark
		}
	}
	return best
}
