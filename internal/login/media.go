package login

import (
	"mime"
	"net/http"
	"strings"
)

// media is what the Content-Type says of a body.
type media struct {
	kind     mediaKind
	clean    bool   // exactly one header that every parser reads alike
	charset  string // lower case; empty if absent
	boundary string // of a clean multipart
	mixed    bool   // several types, one of them multipart
	graphql  bool   // a type has the word in it
}

type mediaKind int

// Kinds of bodies.
const (
	mediaForeign mediaKind = iota // no shop reads fields from it
	mediaForm
	mediaMultipart
	mediaText // none, unparsable or text/plain: some shops read it as a form
	mediaJSON
	mediaGraphQL
	mediaGRPC
)

// readable reports whether fields may be read from bodies of this kind.
func (k mediaKind) readable() bool {
	return k == mediaForm || k == mediaMultipart || k == mediaText || k == mediaJSON || k == mediaGraphQL
}

// reads reports whether we look into a request's body: into JSON only where
// an endpoint's shop does.
func (rd *Reader) reads(s *subject) bool {
	switch s.media.kind {
	case mediaJSON:
		return rd.json || len(rd.graphql) > 0
	case mediaGraphQL:
		return len(rd.graphql) > 0
	case mediaForeign:
		return false
	}
	return s.media.kind.readable()
}

// perHop reports whether the request's Connection names a header: proxies
// take such a header away, and the shop reads the request without it
// (RFC 9110 §7.6.1).
func perHop(h http.Header, name string) bool {
	for _, line := range h["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), name) {
				return true
			}
		}
	}
	return false
}

func readMedia(h http.Header) media {
	m := mediaOf(h)
	for _, v := range h["Content-Type"] {
		m.graphql = m.graphql || indexFold(v, "graphql") >= 0
	}
	return m
}

func mediaOf(h http.Header) media {
	all := h["Content-Type"]
	if len(all) == 0 || perHop(h, "Content-Type") {
		return media{kind: mediaText}
	}
	if len(all) > 1 {
		// Which of them counts differs; text means that any credentials in
		// it are refused.
		mixed := false
		for _, v := range all {
			mixed = mixed || kindOf(v) == mediaMultipart
		}
		for _, v := range all {
			if k := kindOf(v); k.readable() {
				return media{kind: mediaText, mixed: mixed}
			}
		}
		return media{kind: kindOf(all[0])}
	}
	if all[0] == "application/x-www-form-urlencoded" {
		return media{kind: mediaForm, clean: true}
	}
	m := media{kind: kindOf(all[0])}
	if !m.kind.readable() {
		return m
	}
	_, params, err := mime.ParseMediaType(all[0])
	m.charset = strings.ToLower(params["charset"])
	if i := strings.Index(strings.ToLower(all[0]), "charset"); i >= 0 && m.charset == "" {
		m.charset = "unclear"
	}
	m.clean = err == nil
	if m.kind == mediaMultipart {
		b := params["boundary"]
		// One parameter of that name, in no other spelling either; Chromium's
		// own boundaries have the word in them.
		m.clean = m.clean && validBoundary(b) && oneBoundary(all[0], b)
		m.boundary = b
	}
	return m
}

// kindOf looks at the type itself. A value that no grammar allows, such as
// two types with a comma, counts as text: PHP and Rack take the first of
// them, others none.
func kindOf(v string) mediaKind {
	mt, _, _ := strings.Cut(v, ";")
	mt = strings.ToLower(strings.TrimSpace(mt))
	switch {
	case mt == "application/x-www-form-urlencoded":
		return mediaForm
	case mt == "multipart/form-data":
		return mediaMultipart
	case mt == "application/json" || strings.HasSuffix(mt, "+json"):
		return mediaJSON
	case mt == "application/graphql":
		return mediaGraphQL
	case strings.HasPrefix(mt, "application/grpc"):
		return mediaGRPC
	case mt == "text/json", mt == "text/x-json", mt == "application/x-json", mt == "application/jsonrequest":
		// Some frameworks take these for JSON (Rails the latter three), most
		// do not.
		return mediaText
	case mt == "", mt == "text/plain", !validType(mt):
		return mediaText
	case strings.HasPrefix(mt, "multipart/"):
		// Rack reads multipart/mixed and multipart/related as forms too.
		return mediaText
	}
	return mediaForeign
}

func validType(mt string) bool {
	t, sub, ok := strings.Cut(mt, "/")
	return ok && token(t) && token(sub)
}

// token reports whether s is a token of RFC 9110 §5.6.2.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// oneBoundary reports whether a content type names a boundary once, by no
// extended name (boundary*), apart from the word in its value.
func oneBoundary(contentType, value string) bool {
	rest := contentType
	if i := strings.LastIndex(rest, value); i >= 0 {
		rest = rest[:i] + rest[i+len(value):]
	}
	_, after, ok := strings.Cut(strings.ToLower(rest), "boundary")
	return ok && !strings.Contains(after, "boundary") && strings.HasPrefix(after, "=")
}

// validBoundary is the grammar of RFC 2046 §5.1.1.
func validBoundary(b string) bool {
	if b == "" || len(b) > 70 || b[len(b)-1] == ' ' {
		return false
	}
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			continue
		}
		if strings.IndexByte("'()+_,-./:=? ", c) < 0 {
			return false
		}
	}
	return true
}

// utf8Charset reports whether a login may come in this charset.
func (m media) utf8Charset() bool {
	return m.charset == "" || m.charset == "utf-8" || m.charset == "utf8"
}

// asciiCharset reports whether names in ASCII are still those names in this
// charset. In others (UTF-16, EBCDIC) we could not see them.
func (m media) asciiCharset() bool {
	if m.kind == mediaJSON && (strings.HasPrefix(m.charset, "utf-16") || strings.HasPrefix(m.charset, "utf-32")) {
		return true // letters with NULs beside them, which are looked through
	}
	switch m.charset {
	case "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252":
		return true
	}
	return m.utf8Charset()
}
