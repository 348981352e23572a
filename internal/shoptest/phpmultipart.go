package shoptest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// File is an upload as PHP's $_FILES has it.
type File struct {
	Name   string
	Size   int
	SHA256 string
}

// ParsePHPMultipart reads a multipart/form-data body as PHP does
// (main/rfc1867.c, checked against PHP 8.2 by the goldens beside): lines may
// end in LF alone, a value ends at the next line that begins with the
// boundary or where the body ends, and names are mangled as in ParsePHP. A
// part with a file name is a file, one without a name is nothing.
func ParsePHPMultipart(contentType string, body []byte) (Array, map[string]File) {
	post, files := Array{}, map[string]File{}
	boundary, ok := phpBoundary(contentType)
	if !ok {
		return post, files
	}
	delimiter := []byte("--" + boundary)
	n := 0
	for {
		if body, ok = afterDelimiter(body, delimiter); !ok {
			return post, files
		}
		var disposition string
		disposition, body = partHeader(body)
		var value []byte
		value, body = partValue(body, delimiter)
		params := dispositionParams(disposition)
		name, named := params["name"]
		filename, isFile := params["filename"]
		switch {
		case isFile:
			sum := sha256.Sum256(value)
			files[name] = File{Name: filename, Size: len(value), SHA256: hex.EncodeToString(sum[:])}
		case named:
			if n++; n > maxInputVars {
				return post, files
			}
			post.register(name, string(value))
		}
	}
}

// partValue cuts at the line end before the next delimiter. Where there is
// none the body was cut, and PHP takes what there is, less what could be the
// start of one.
func partValue(body, delimiter []byte) (value, rest []byte) {
	mark := append([]byte("\n"), delimiter...)
	if at := bytes.Index(body, mark); at >= 0 {
		return bytes.TrimSuffix(body[:at], []byte("\r")), body[at+1:]
	}
	for n := min(len(mark)-1, len(body)); n > 0; n-- {
		if bytes.HasSuffix(body, mark[:n]) {
			return bytes.TrimSuffix(body[:len(body)-n], []byte("\r")), nil
		}
	}
	return body, nil
}

// phpBoundary finds the boundary as loosely as PHP does: the first
// `boundary`, wherever it stands, up to a quote, comma or semicolon.
func phpBoundary(contentType string) (string, bool) {
	at := strings.Index(strings.ToLower(contentType), "boundary")
	if at < 0 {
		return "", false
	}
	_, b, found := strings.Cut(contentType[at:], "=")
	if !found {
		return "", false
	}
	if rest, quoted := strings.CutPrefix(b, `"`); quoted {
		b, _, found = strings.Cut(rest, `"`)
		return b, found
	}
	if end := strings.IndexAny(b, ",;"); end >= 0 {
		b = b[:end]
	}
	return b, true
}

// afterDelimiter skips lines up to and including one that is the delimiter
// and nothing else; the closing one is not.
func afterDelimiter(body, delimiter []byte) ([]byte, bool) {
	for len(body) > 0 {
		var line []byte
		line, body = cutLine(body)
		if bytes.Equal(line, delimiter) {
			return body, true
		}
	}
	return nil, false
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// partHeader reads a part's header fields up to the empty line, or to where
// the body was cut, and returns the first Content-Disposition; folded lines
// belong to the one before.
func partHeader(body []byte) (disposition string, rest []byte) {
	var fields [][2]string
	for len(body) > 0 {
		var line []byte
		if line, body = cutLine(body); len(line) == 0 {
			break
		}
		name, value, colon := strings.Cut(string(line), ":")
		if blank := line[0] == ' ' || line[0] == '\t'; blank || !colon {
			if len(fields) > 0 {
				fields[len(fields)-1][1] += string(line)
			}
			continue
		}
		fields = append(fields, [2]string{name, strings.TrimLeft(value, " \t")})
	}
	for _, f := range fields {
		if strings.EqualFold(f[0], "Content-Disposition") {
			return f[1], body
		}
	}
	return "", body
}

// dispositionParams splits `form-data; name="a"; filename="b"`.
func dispositionParams(disposition string) map[string]string {
	params := map[string]string{}
	for rest := disposition; rest != ""; {
		var pair string
		pair, rest = cutQuoted(rest, ';')
		key, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
		if ok {
			params[strings.ToLower(key)] = unquote(value)
		}
	}
	return params
}

// cutQuoted cuts at the first sep outside of quotes.
func cutQuoted(s string, sep byte) (before, after string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case sep:
			return s[:i], strings.TrimLeft(s[i:], string(sep))
		case '"', '\'':
			for i++; i < len(s) && s[i] != c; i++ {
				if s[i] == '\\' && i+1 < len(s) && s[i+1] == c {
					i++
				}
			}
		}
	}
	return s, ""
}

// unquote takes a quoted text, or what there is up to a blank.
func unquote(s string) string {
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return ""
	}
	quote := s[0]
	if quote != '"' && quote != '\'' {
		if end := strings.IndexAny(s, " \t"); end >= 0 {
			s = s[:end]
		}
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != quote; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == quote || s[i+1] == '\\') {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
