package login

import "strings"

// jsonPath is where a walk through a JSON text stands. A field of JSON
// compares like a form's: `{"user":{"email":…}}` is `user[email]`, which is
// also how the frameworks that read both see it.
type jsonPath []jsonStep

type jsonStep struct {
	key   string
	toks  tokens // of the key, loosely
	index bool   // an array's element instead
	odd   bool   // a key that is no plain name: `user[email]` as one key
}

func keyStep(key string) jsonStep {
	toks, _ := looseTokens(key)
	return jsonStep{key: key, toks: toks, odd: key == "" || strings.ContainsAny(key, "[]\x00")}
}

var indexStep = jsonStep{index: true, toks: tokens{"0"}}

// tokens gives the path as a loosely compared name: with the elements of
// arrays as levels of their own (not the outermost: a batch of logins is
// not to hide behind it), and without any.
func (p jsonPath) tokens() (usual, flat tokens) {
	for _, s := range p {
		if !s.index || len(usual) > 0 {
			usual = append(usual, s.toks...)
		}
		if !s.index {
			flat = append(flat, s.toks...)
		}
	}
	if len(flat) == len(usual) {
		flat = nil
	}
	return usual, flat
}

// name writes the path as the name of a form field.
func (p jsonPath) name() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('[')
		}
		b.WriteString(s.key)
		if i > 0 {
			b.WriteByte(']')
		}
	}
	return b.String()
}

// jsonPairs gives the fields of a JSON text that an endpoint could care for.
func (rd *Reader) jsonPairs(v *value) []pair {
	var pairs []pair
	var walk func(v *value, path jsonPath)
	walk = func(v *value, path jsonPath) {
		switch {
		case v.kind == kindObject && len(v.keys) > 0:
			for i, key := range v.keys {
				walk(v.items[i], append(path, keyStep(key)))
			}
			return
		case v.kind == kindArray && len(v.items) > 0:
			for _, item := range v.items {
				walk(item, append(path, indexStep))
			}
			return
		}
		p := pair{value: v.text, strict: true, json: true, kind: v.kind}
		p.toks, p.flat = path.tokens()
		if !rd.interestingTokens(p.toks) && !rd.interestingTokens(p.flat) {
			return
		}
		p.name = path.name()
		for _, s := range path {
			p.odd = p.odd || s.odd
			p.listed = p.listed || s.index
		}
		pairs = append(pairs, p)
	}
	walk(v, make(jsonPath, 0, maxJSONDepth))
	return pairs
}

// parseJSONBody reads a JSON body; an empty one holds nothing.
func (rd *Reader) parseJSONBody(text string) form {
	f := form{text: text}
	if text == "" {
		return f
	}
	v, err := parseJSON(text)
	if err != nil {
		f.broken = true
		return f
	}
	f.json, f.pairs = v, rd.jsonPairs(v)
	return f
}

// startsJSON reports whether a text may be a JSON object or list.
func startsJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n\x00\ufeff\xfe\xff")
	return text != "" && (text[0] == '{' || text[0] == '[' || text[0] == '/')
}

// hidesJSON reports whether a body that does not say that it is JSON, or
// that is not strict JSON, could hold a login for a server that reads it as
// such all the same.
func (rd *Reader) hidesJSON(s *subject, text string) bool {
	if len(rd.graphql) > 0 && strings.IndexByte(text, '%') >= 0 {
		// To who reads it as a form all the same, it is escaped.
		if plain, _ := unescape(text); rd.suspectGraphQL(plain) {
			return true
		}
	}
	if s.media.graphql && strings.IndexByte(text, '{') >= 0 && rd.mentions(text) {
		return true // as it stands, to who goes by that type
	}
	if !rd.json && len(rd.graphql) == 0 || strings.IndexByte(text, '{') < 0 {
		return false
	}
	if v, err := parseJSON(text); err == nil {
		f := form{text: text, json: v, pairs: rd.jsonPairs(v)}
		return rd.could(s, append(s.query[:len(s.query):len(s.query)], f.pairs...)) || rd.decideGraphQL(s, &f).Kind != Other
	}
	if rd.suspectGraphQL(text) {
		return true
	}
	keys := map[string]bool{}
	note := func(t tokens) {
		if len(t) > 0 {
			keys[t[len(t)-1]] = true
		}
	}
	eachKey(text, func(key string) {
		t, _ := looseTokens(key)
		note(t)
	})
	for i := range s.query {
		note(s.query[i].toks)
	}
	for _, e := range rd.endpoints {
		if e.cfg.Body == bodyForm && !e.cfg.FormOnly && len(e.password) > 0 && e.applies(s) && e.couldKeys(keys) {
			return true
		}
	}
	return false
}

// couldKeys reports whether keys of unknown places could be a login's.
func (e *Endpoint) couldKeys(keys map[string]bool) bool {
	any := func(lists ...[]credential) bool {
		for _, l := range lists {
			for i := range l {
				if keys[l[i].toks[len(l[i].toks)-1]] {
					return true
				}
			}
		}
		return false
	}
	for i := range e.requires {
		if !any(e.requires[i : i+1]) {
			return false
		}
	}
	return any(e.account, e.fallback) && any(e.password)
}

// pointerName gives the form field's name that a JSON pointer stands for.
func pointerName(pointer string) string {
	var path jsonPath
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		path = append(path, jsonStep{key: part})
	}
	return path.name()
}

// eachKey finds what any parser, however forgiving, could take for a key of
// an object: words with a colon (for some an equals sign) or a comment
// behind them, in quotes of any sort or none. It is only good for suspicion.
func eachKey(text string, f func(key string)) {
	if strings.IndexByte(text, 0) >= 0 {
		// ASCII in 16 or 32 bits has NULs beside every letter.
		text = strings.ReplaceAll(text, "\x00", "")
	}
	for i := 0; i < len(text); {
		if keyDelimiter(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && !keyDelimiter(text[i]) {
			i++
		}
		end := i
		for i < len(text) && (text[i] == '"' || text[i] == '\'' || text[i] == '`' || text[i] <= ' ') {
			i++
		}
		if i < len(text) && strings.IndexByte(":=/#", text[i]) >= 0 {
			f(plainKey(text[start:end]))
		}
	}
}

// keyDelimiter reports whether a byte ends a word outside of quotes.
func keyDelimiter(c byte) bool {
	return c <= ' ' || strings.IndexByte("\"'`{}[](),:;=/#", c) >= 0
}

// plainKey undoes escapes in a key as forgivingly as can be.
func plainKey(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	p := jsonParser{}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) {
			break
		}
		if s[i+1] == 'u' || s[i+1] == 'U' {
			p.s, p.i = s, i+2
			if r, ok := p.hex4(); ok {
				b.WriteRune(r)
				i += 5
			}
		} else if c := unescapeByte(s[i+1]); c != 0 {
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}
