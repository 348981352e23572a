package login

import (
	"mime"
	"strings"
	"unicode/utf8"
)

// parseMultipart reads a multipart/form-data body by the strict grammar of
// RFC 7578 and RFC 2046: CRLF only, the boundary at the start of a line and
// nothing before the first or behind the last, one Content-Disposition with
// one quoted name, no transfer encoding. Anything else is broken: servers
// were seen to differ on every one of these.
func (rd *Reader) parseMultipart(text, boundary string) form {
	f := form{text: text}
	broken := form{text: text, broken: true}
	dash := "--" + boundary
	rest, ok := strings.CutPrefix(text, dash)
	if !ok {
		return broken
	}
	for {
		if rest == "--" || rest == "--\r\n" {
			return f
		}
		if rest, ok = strings.CutPrefix(rest, "\r\n"); !ok {
			return broken
		}
		// The boundary anywhere else than at a part's end is read in two
		// ways: some servers look for it alone, some for a line of it.
		end := strings.Index(rest, dash)
		if end < 2 || rest[end-2:end] != "\r\n" {
			return broken
		}
		part := rest[:end-2]
		rest = rest[end+len(dash):]
		head, value, ok := strings.Cut(part, "\r\n\r\n")
		if !ok {
			return broken
		}
		p, ok := partPair(head)
		if !ok {
			return broken
		}
		if p.value = value; !p.odd {
			f.notUTF8 = f.notUTF8 || !utf8.ValidString(value)
		}
		f.notUTF8 = f.notUTF8 || !utf8.ValidString(p.name)
		// Some servers undo the percent escapes that browsers use for
		// quotes in names, some do not.
		if d, _ := unescape(p.name); d != p.name {
			q := pair{name: d, odd: true}
			if rd.interesting(&q) {
				f.pairs = append(f.pairs, q)
			}
		}
		if rd.interesting(&p) {
			f.pairs = append(f.pairs, p)
		}
	}
}

// partPair reads the header of one part.
func partPair(head string) (pair, bool) {
	p := pair{strict: true}
	named := false
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !token(name) || strings.ContainsAny(value, "\r\n\x00") {
			return p, false
		}
		value = strings.Trim(value, " \t")
		switch strings.ToLower(name) {
		case "content-disposition":
			if named {
				return p, false
			}
			if p.name, p.odd, named = disposition(value); !named {
				return p, false
			}
		case "content-type":
			if strings.EqualFold(value, "text/plain") {
				continue
			}
			mt, params, err := mime.ParseMediaType(value)
			if err != nil {
				return p, false
			}
			if c := strings.ToLower(params["charset"]); mt != "text/plain" || c != "utf-8" {
				p.odd = true
			}
		case "content-transfer-encoding":
			return p, false
		}
	}
	return p, named
}

// disposition reads `form-data; name="…"` and an optional filename, which
// makes the part a file and no field.
func disposition(v string) (name string, file, ok bool) {
	rest, ok := strings.CutPrefix(v, "form-data")
	if !ok {
		return "", false, false
	}
	named := false
	for rest != "" {
		rest = strings.TrimLeft(rest, " \t")
		if rest, ok = strings.CutPrefix(rest, ";"); !ok {
			return "", false, false
		}
		rest = strings.TrimLeft(rest, " \t")
		var key, value string
		if key, rest, ok = strings.Cut(rest, "="); !ok {
			return "", false, false
		}
		switch key {
		case "name", "filename":
			if rest, ok = strings.CutPrefix(rest, `"`); !ok {
				return "", false, false
			}
			if value, rest, ok = strings.Cut(rest, `"`); !ok || strings.HasSuffix(value, `\`) {
				return "", false, false
			}
			if key == "filename" {
				file = true
			} else if named {
				return "", false, false
			} else {
				name, named = value, true
			}
		case "filename*":
			// RFC 7578 §4.2 forbids it, yet some clients send it; it only
			// says that this is a file.
			file = true
			if i := strings.IndexByte(rest, ';'); i >= 0 {
				rest = rest[i:]
			} else {
				rest = ""
			}
		default:
			return "", false, false
		}
	}
	return name, file, named
}
