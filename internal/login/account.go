package login

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldAccount gives the form under which an account is counted: what shops
// and their databases were seen to take for one account is one here. Blanks
// at the ends, case, compatibility forms (full width, the Kelvin sign),
// accents, control and invisible characters make no difference, `ß` is `ss`,
// `ð` is `d` and `٣` is `3`, as in the collations of MySQL and MariaDB; tags, `%hh` and
// `&entities;` go, because WordPress drops them from a user name before it
// looks it up, so that `al<b>ice` opens alice's account, and so do backslashes,
// which Zen Cart drops.
//
// It may take two accounts for one (`josé` and `jose` in a shop that tells
// them apart): they then share their counts, which is the safe side. What
// folds to nothing, such as a single accent, stays as typed instead, so that
// only an account without any text is "".
func FoldAccount(typed string) string {
	if plainAccount(typed) {
		return strings.ToLower(typed)
	}
	s := typed
	if !ascii(s) {
		// What databases compare are the characters as they were typed.
		s = norm.NFKC.String(foldEqual(strings.ToValidUTF8(s, "\uFFFD")))
	}
	s = strings.ReplaceAll(stripMarkup(s), `\`, "")
	if ascii(s) {
		s = strings.ToLower(s)
	} else {
		s = foldEqual(norm.NFD.String(cases.Fold().String(s)))
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	// WordPress looks for octets and entities when the accents are gone.
	s = stripMarkup(foldBeyond(norm.NFKC.String(letters.Replace(s))))
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return strings.TrimSpace(typed)
	}
	return s
}

// plainAccount reports whether folding an account is no more than to take
// small letters: visible ASCII, and nothing that markup is made of.
func plainAccount(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '%' || c == '&' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// FoldAccount folds an account as FoldAccount does, and where an endpoint
// says so (config.Endpoint.GmailDots) without the dots and the tag that make
// no difference at Gmail: `a.lice+shop@googlemail.com` is
// `alice@gmail.com`.
func (rd *Reader) FoldAccount(typed string) string {
	s := FoldAccount(typed)
	if !rd.gmail {
		return s
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || domain != "gmail.com" && domain != "googlemail.com" {
		return s
	}
	local, _, _ = strings.Cut(local, "+")
	if local = strings.ReplaceAll(local, ".", ""); local == "" {
		return s
	}
	return local + "@gmail.com"
}

// letters are those that the default collation (DUCET) files under their
// base letters, without a decomposition in Unicode itself, and what WordPress'
// remove_accents makes of others before it looks a name up: it takes the sign
// of the pound away.
var letters = strings.NewReplacer("æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ħ", "h", "ŧ", "t",
	"þ", "th", "ŋ", "n", "ĸ", "k", "ʼ", "", "ɑ", "a", "€", "e", "£", "")

// oddMarkup reports whether a name has tags that not everybody ends at the same
// place: PHP's strip_tags knows quotes, comments, scripts and blanks, so that
// `alice<a ">1">` is alice there, and there are as many spellings of her as
// anybody likes. No account's name has any.
func oddMarkup(s string) bool {
	for {
		_, after, ok := strings.Cut(s, "<")
		if !ok || after == "" {
			return false
		}
		tag, rest, closed := strings.Cut(after, ">")
		name := strings.ToLower(tag)
		if strings.ContainsAny(after[:1], "!? \t\n\v\f\r") || strings.ContainsAny(tag, "<\"'\x00") ||
			strings.HasPrefix(name, "script") || strings.HasPrefix(name, "style") {
			return true
		}
		if !closed {
			return false
		}
		s = rest
	}
}

// stripMarkup does what WordPress' sanitize_user does: tags, percent octets
// and entities go.
func stripMarkup(s string) string {
	if !strings.ContainsAny(s, "<%&") {
		return s
	}
	// Three passes, as there: what one pass joins the next may take.
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			s = s[:i]
			break
		}
		s = s[:i] + s[i+j+1:]
	}
	if strings.IndexByte(s, '%') >= 0 {
		b := make([]byte, 0, len(s))
		for i := 0; i < len(s); i++ {
			if s[i] == '%' && i+2 < len(s) && ishex(s[i+1]) && ishex(s[i+2]) {
				i += 2
				continue
			}
			b = append(b, s[i])
		}
		s = string(b)
	}
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 || i+2 > len(s) {
			break
		}
		j := strings.IndexByte(s[i+2:], ';')
		if j < 0 {
			break
		}
		s = s[:i] + s[i+2+j+1:]
	}
	return s
}
