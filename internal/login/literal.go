package login

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Some shops look an account up by SQL's LIKE, in whose patterns `_` stands
// for any one character: `a_ice@shop.example` opens the account of alice
// there, or of whoever is found first. Each account would have thousands of
// names, every one with limits of its own and none with its second factor.
// Such a shop is given the name with `\_` in place of `_`, which stands for
// nothing but itself.

// literal makes an attempt's account stand for itself where its shop looks it
// up as a pattern (config.Endpoint.AccountPattern), and refuses what cannot be
// made so. A backslash is in nobody's address, and would be half an escape.
func (rd *Reader) literal(s *subject, f *form, out Reading) Reading {
	names := append([]string{out.Account}, out.Accounts...)
	has := func(chars string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.ContainsAny(n, chars) })
	}
	switch {
	case !has(`_\`):
		return out
	case has(`\`) || f == nil:
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonField)
	}
	is := func(key string) bool {
		key = strings.TrimPrefix(key, "/")
		return slices.ContainsFunc(out.Endpoint.cfg.AccountFields, func(n string) bool { return strings.TrimPrefix(n, "/") == key })
	}
	ok := false
	switch s.media.kind {
	case mediaJSON:
		out.Literal, ok = literalJSON([]byte(f.text), is)
	case mediaForm:
		out.Literal, ok = literalForm(f.text, is)
	}
	if !ok {
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonField)
	}
	return out
}

// literalForm escapes the fields of urlencoded data that is says are
// accounts, and reports whether there was one.
func literalForm(text string, is func(key string) bool) (out []byte, found bool) {
	pairs := strings.Split(text, "&")
	for i, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		if plain, _ := unescape(name); is(plain) {
			found = true
			pairs[i] = name + "=" + strings.NewReplacer("_", "%5C_", "%5f", "%5C_", "%5F", "%5C_").Replace(value)
		}
	}
	return []byte(strings.Join(pairs, "&")), found
}

// literalJSON escapes the members of a JSON object that is says are accounts,
// and reports whether there was one. All other bytes stay as they are.
func literalJSON(text []byte, is func(key string) bool) (out []byte, found bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	copied := 0
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, false
		}
		after := dec.InputOffset()
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, false
		}
		name, _ := key.(string)
		var account string
		if !is(name) || json.Unmarshal(value, &account) != nil {
			continue
		}
		escaped, err := json.Marshal(strings.ReplaceAll(account, "_", `\_`))
		if err != nil {
			return nil, false
		}
		end := int(dec.InputOffset())
		start := end - len(value)
		if start < int(after) || !bytes.Equal(text[start:end], value) {
			return nil, false
		}
		out = append(append(out, text[copied:start]...), escaped...)
		copied, found = end, true
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	return append(out, text[copied:]...), found
}
