package login

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// form is what was read from a whole body.
type form struct {
	text  string
	pairs []pair // those that could matter

	notUTF8 bool
	broken  bool   // against its own grammar
	hidden  bool   // read more loosely than its type allows
	json    *value // of a JSON body
	unclear bool   // holds a name that parsers read in many ways

	ours   bool // every name starts with FieldPrefix
	fields map[string]string
	double bool // one of our fields twice
}

// parseForm reads urlencoded data. There is nothing it cannot read: pairs
// end at `&` only, and broken escapes stand for themselves. Perl's CGI, Python
// before 3.9.2 and PHP with another arg_separator.input end pairs at semicolons
// too; what stands behind one is never exact. Browsers escape it in values.
func (rd *Reader) parseForm(text string) form {
	f := form{text: text}
	n, ours := 0, 0
	eachPair(text, func(rawName, rawValue string) {
		n++
		name, _ := unescape(rawName)
		value, strict := unescape(rawValue)
		f.notUTF8 = f.notUTF8 || !utf8.ValidString(name) || !utf8.ValidString(value)
		if strings.HasPrefix(name, FieldPrefix) {
			ours++
			if ours == n {
				if f.fields == nil {
					f.fields = map[string]string{}
				}
				_, there := f.fields[name]
				f.double = f.double || there
				f.fields[name] = value
			}
		}
		p := pair{name: name, value: value, strict: strict && strings.IndexByte(rawValue, ';') < 0}
		if rd.interesting(&p) {
			f.pairs = append(f.pairs, p)
		}
		for i, part := range behindSemicolons(rawName, rawValue) {
			if i == 0 && strings.IndexByte(rawName, ';') < 0 {
				continue // p itself, or its value cut short
			}
			rawName, rawValue, _ := strings.Cut(part, "=")
			name, _ := unescape(rawName)
			value, _ := unescape(rawValue)
			if p := (pair{name: name, value: value, odd: true}); rd.interesting(&p) {
				f.pairs = append(f.pairs, p)
			}
		}
	})
	f.ours = n > 0 && n == ours
	return f
}

// behindSemicolons splits a pair at its semicolons; nil if it has none.
func behindSemicolons(name, value string) []string {
	if strings.IndexByte(name, ';') < 0 && strings.IndexByte(value, ';') < 0 {
		return nil
	}
	return strings.Split(name+"="+value, ";")
}

// answer makes an Answer of a form that has only our fields.
func (f *form) answer() Reading {
	if f.double {
		return refuse(nil, http.StatusBadRequest, ReasonDuplicate)
	}
	if f.notUTF8 {
		return refuse(nil, http.StatusBadRequest, ReasonUTF8)
	}
	return Reading{Kind: Answer, Fields: f.fields}
}

// parseText looks for fields as loosely as any server might, in a body whose
// type says that there are none, or that breaks its own grammar: pairs end
// at `&`, `;` and line ends, and whatever looks like a part's name is one.
// What it finds is only good for suspicion.
func (rd *Reader) parseText(text string) form {
	f := form{text: text, hidden: true}
	add := func(name, value string) {
		p := pair{name: name, value: value, odd: true}
		if rd.interesting(&p) {
			f.pairs = append(f.pairs, p)
		}
	}
	look := func(text string) {
		for _, part := range strings.FieldsFunc(text, isSeparator) {
			rawName, rawValue, _ := strings.Cut(part, "=")
			name, _ := unescape(rawName)
			value, _ := unescape(rawValue)
			add(name, value)
		}
		names, unclear := looseNames(text)
		for _, name := range names {
			add(name, "")
		}
		f.unclear = f.unclear || unclear && indexFold(text, "form-data") >= 0
	}
	look(text)
	if strings.IndexByte(text, 0) >= 0 {
		// ASCII in 16 bits has a NUL beside every letter.
		look(strings.ReplaceAll(text, "\x00", ""))
	}
	return f
}

func isSeparator(r rune) bool {
	return r == '&' || r == ';' || r == '\n' || r == '\r'
}

// couldUnclear reports whether a name that cannot be read could be a
// password's at all.
func (rd *Reader) couldUnclear() bool {
	for _, e := range rd.endpoints {
		if len(e.password) > 0 {
			return true
		}
	}
	return false
}

// looseNames finds every `name=value` of a multipart header, quoted or not,
// however parameters are cut. unclear reports an extended parameter
// (`name*=`, `name*0=` of RFC 2231), whose value servers piece together in
// ways of their own; browsers never send one.
func looseNames(block string) (names []string, unclear bool) {
	for i := 0; ; {
		j := indexFold(block[i:], "name")
		if j < 0 {
			return names, unclear
		}
		at := i + j
		i = at + len("name")
		rest := strings.TrimLeft(block[i:], " \t\r\n")
		file := at >= 4 && strings.EqualFold(block[at-4:at], "file")
		if !file && strings.HasPrefix(rest, "*") && len(rest) > 1 && (rest[1] == '=' || rest[1] >= '0' && rest[1] <= '9') {
			unclear = true
		}
		if file || !strings.HasPrefix(rest, "=") {
			continue
		}
		v := strings.TrimLeft(rest[1:], " \t\r\n")
		if v == "" {
			continue
		}
		// Up to the end of the line or the part of a header; quoted up to
		// the quote; and up to the next parameter.
		line := v
		if k := strings.IndexAny(line, "\r\n"); k >= 0 {
			line = line[:k]
		}
		if len(line) > maxKey {
			line = line[:maxKey]
		}
		if q := line[:min(1, len(line))]; q == `"` || q == "'" || q == "`" {
			quoted := line[1:]
			if k := strings.Index(quoted, q); k >= 0 {
				quoted = quoted[:k]
			}
			names = appendName(names, quoted)
		}
		if k := strings.IndexAny(line, ";, \t"); k >= 0 {
			names = appendName(names, line[:k])
		}
		names = appendName(names, line)
	}
}

// appendName adds a name both as it stands and percent-decoded, as servers
// differ.
func appendName(names []string, s string) []string {
	s = strings.Trim(s, "\"'` \t;,")
	if s == "" {
		return names
	}
	names = append(names, s)
	if d, _ := unescape(s); d != s {
		names = append(names, d)
	}
	return names
}

// indexFold is strings.Index for an ASCII needle in any case.
func indexFold(s, needle string) int {
	for i := 0; i+len(needle) <= len(s); i++ {
		if s[i]|0x20 == needle[0] && strings.EqualFold(s[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}
