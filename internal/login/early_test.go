package login

import (
	"crypto/tls"
	"net/http"
	"testing"
)

func TestFieldsInEarlyDataAreRefused(t *testing.T) {
	rd := readerFor(t, "generic")
	for _, test := range []struct {
		what   string
		header []string
		tls    *tls.ConnectionState
		early  bool
	}{
		{"early here", nil, &tls.ConnectionState{}, true},
		{"early at a proxy", []string{"1"}, nil, true},
		{"early at a proxy, then over TLS", []string{"1"}, &tls.ConnectionState{HandshakeComplete: true}, true},
		{"an odd value", []string{"0"}, nil, true},
		{"an empty value", []string{""}, nil, true},
		{"two values", []string{"1", "1"}, nil, true},
		{"not early", nil, &tls.ConnectionState{HandshakeComplete: true}, false},
		{"plain", nil, nil, false},
	} {
		for _, target := range []string{"/", "/?email=a&password=b"} {
			body := "email=a&password=b"
			if target != "/" {
				body = ""
			}
			r := post(target, urlencoded, body)
			r.TLS = test.tls
			if test.header != nil {
				r.Header["Early-Data"] = test.header
			}
			out := read(rd, r)
			if test.early && (out.Kind != Refused || out.Status != 425 || out.Reason != ReasonEarly) || !test.early && out.Kind != Attempt {
				t.Errorf("%s, %s: %+v", test.what, target, out)
			}
		}
		r := post("/cart?x=1", "", "")
		r.TLS = test.tls
		r.Header["Early-Data"] = test.header
		wantOther(t, rd, r, "")
	}
}

func TestABodyOfUnknownLengthThatIsEmptyIsNone(t *testing.T) {
	rd := readerFor(t, "generic")
	get := func(target, body string, early bool) *http.Request {
		r := post(target, "", body)
		r.Method, r.ContentLength = http.MethodGet, -1
		r.TLS = &tls.ConnectionState{HandshakeComplete: !early}
		return r
	}
	for _, early := range []bool{false, true} {
		wantOther(t, rd, get("/login", "", early), "")
		wantOther(t, rd, get("/search?q=x", "", early), "")
	}
	wantAttempt(t, rd, get("/login?email=a&password=b", "", false), "", "generic", "a")
	wantRefused(t, rd, get("/login?email=a&password=b", "", true), 425, ReasonEarly)
	wantRefused(t, rd, get("/login", "email=a&password=b", true), 425, ReasonEarly)
}

func TestABodyThatEndsBeforeItsLengthIsRefused(t *testing.T) {
	rd := readerFor(t, "generic")
	r := post("/login", urlencoded, "email=a&password=b")
	r.ContentLength = 99 // quic-go ends such a body without an error
	wantRefused(t, rd, r, 400, ReasonRead)
}

func TestAnAddressWithASpaceCountsAsCutThere(t *testing.T) {
	rd := readerFor(t, "generic")
	for _, query := range []string{"password=b&email=a x", "password=b&email=alice HTTP/1.1", "email=a&password=b x", "email=a&password=b &email=c"} {
		r := post("/", "", "")
		r.URL.RawQuery = query // as HTTP/2 and HTTP/3 can carry it
		wantRefused(t, rd, r, 400, ReasonField)
	}
	r := post("/", "", "")
	r.URL.RawQuery = "q=two words"
	wantOther(t, rd, r, "")
	r = post("/", urlencoded, "email=a&password=b")
	r.URL.RawQuery = "q=two words"
	wantRefused(t, rd, r, 400, ReasonUnreadable)
}
