// Package identity reads from a shop's own answers who is signed in: the
// value of an input on a page, or a value of JSON. It also makes what the
// page is asked for with: the cookies as the browser would have them after
// the login, and the token that the login was answered with.
package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// maxName is how long a name may be, in bytes. An e-mail address has 254 at
// most (RFC 5321 §4.5.3.1.3, with RFC 3696 erratum 1690).
const maxName = 320

// ErrAmbiguous: different names stand where one is looked for.
var ErrAmbiguous = errors.New("several names stand there")

// Field is the value of the input of that name on a page. Inputs without a
// value do not count: pages have empty ones of the same name for newsletters.
// found is "" where there is none.
func Field(page []byte, name string) (found string, err error) {
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF {
				return "", err
			}
			return found, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			if string(tag) != "input" {
				continue
			}
			if found, err = one(found, inputValue(z, more, name)); err != nil {
				return "", err
			}
		}
	}
}

// inputValue is the value of the input that z stands at, "" if it has another
// name. Of attributes that are given twice the first counts (HTML §13.2.5.33).
func inputValue(z *html.Tokenizer, more bool, name string) string {
	var is, value *string
	for more {
		var key, val []byte
		key, val, more = z.TagAttr()
		text := string(val)
		switch {
		case string(key) == "name" && is == nil:
			is = &text
		case string(key) == "value" && value == nil:
			value = &text
		}
	}
	if is == nil || value == nil || *is != name {
		return ""
	}
	return *value
}

// JSON is the text or number at a pointer (RFC 6901); `*` is any member or
// element. found is "" where there is none.
func JSON(answer []byte, pointer string) (found string, err error) {
	at, err := decoded(answer)
	if err != nil {
		return "", err
	}
	var walk func(at any, parts []string)
	walk = func(at any, parts []string) {
		if len(parts) == 0 {
			if err == nil {
				found, err = one(found, text(at))
			}
			return
		}
		part := strings.ReplaceAll(strings.ReplaceAll(parts[0], "~1", "/"), "~0", "~")
		switch x := at.(type) {
		case map[string]any:
			for name, item := range x {
				if part == "*" || part == name {
					walk(item, parts[1:])
				}
			}
		case []any:
			i, bad := strconv.Atoi(part)
			for n, item := range x {
				if part == "*" || bad == nil && i == n {
					walk(item, parts[1:])
				}
			}
		}
	}
	walk(at, strings.Split(strings.TrimPrefix(pointer, "/"), "/"))
	if err != nil {
		return "", err
	}
	return found, nil
}

// decoded is JSON with its numbers as they are written.
func decoded(answer []byte) (at any, err error) {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&at); err != nil {
		return nil, err
	}
	return at, nil
}

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

// one takes a further name beside the one that was found.
func one(found, another string) (string, error) {
	another = strings.TrimSpace(another)
	if len(another) > maxName || !utf8.ValidString(another) || strings.ContainsFunc(another, unicode.IsControl) {
		return found, nil // no name
	}
	if found != "" && another != "" && !strings.EqualFold(found, another) {
		return "", ErrAmbiguous
	}
	if another != "" {
		return another, nil
	}
	return found, nil
}
