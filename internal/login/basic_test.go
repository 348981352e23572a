package login

import (
	"encoding/base64"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

func basicReader(t testing.TB) *Reader {
	rd, err := NewReader([]config.Endpoint{
		{Name: "api", Basic: true, Paths: []string{"/api/*"}, Success: []config.Mark{{Status: []string{"2xx"}, OnPath: true}}, Failure: []config.Mark{{Status: []string{"401"}}}},
		{Name: "form", AccountFields: []string{"user"}, PasswordFields: []string{"pass"}},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func userPass(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestBasicIsALoginOnAnyPath(t *testing.T) {
	rd := basicReader(t)
	for _, c := range []struct {
		header, account string
	}{
		{"Basic " + userPass("alice:pw"), "alice"}, {"basic " + userPass("alice:pw"), "alice"}, {"BASIC " + userPass("alice:"), "alice"},
		{"Basic " + userPass(":pw"), ""}, {"Basic " + userPass("a@b.c:p:q"), "a@b.c"}, {"Basic " + userPass("жанна:пароль"), "жанна"},
	} {
		for _, path := range []string{"/", "/api/x", "/x?y=1"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", c.header)
			if got := read(rd, r); got.Kind != Attempt || got.Account != c.account || got.Endpoint.Name() != "api" {
				t.Errorf("%s %s: %+v", path, c.header, got)
			}
			r = post(path, "image/png", "\x89PNG")
			r.Header.Set("Authorization", c.header)
			wantAttempt(t, rd, r, "\x89PNG", "api", c.account)
		}
	}
	for _, h := range []string{"Bearer " + userPass("alice:pw"), "Digest x", ""} {
		r := post("/", "text/plain", "x")
		r.Header.Set("Authorization", h)
		wantOther(t, rd, r, "x")
	}
}

func TestBasicThatServersReadDifferentlyIsRefused(t *testing.T) {
	rd := basicReader(t)
	good := userPass("alice:pw")
	for _, h := range []string{
		"Basic", "Basic ", "Basic  " + good, "Basic\t" + good, " Basic " + good, "Basic " + good + " ", "Basic " + good + "x", "Basic " + strings.TrimRight(userPass("alice:p"), "="),
		"Basic " + userPass("alice"), "Basic " + userPass("al\x00ice:pw"), "Basic " + userPass("al\nice:pw"), "Basic " + userPass("\xff:pw"), "Basic YWxpY2U6\ncHc=", "Basic YWxpY2U6_-==",
		"BasicX " + good, ",Basic " + good, "Basic " + good + ", Basic " + good, "Basic YWxpY2U6cHd=" + "x", "Basic realm=x",
	} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header["Authorization"] = []string{h}
		wantRefused(t, rd, r, 400, ReasonBasic)
	}
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header["Authorization"] = []string{"Basic " + good, "Basic " + userPass("victim:guess")}
	wantRefused(t, rd, r, 400, ReasonBasic)
	r = httptest.NewRequest("GET", "/x", nil)
	r.Header["Authorization"] = []string{"Bearer x", "Basic " + good}
	wantRefused(t, rd, r, 400, ReasonBasic)
}

func TestBasicBesideAnotherLogin(t *testing.T) {
	rd := basicReader(t)
	with := func(body string) Reading {
		r := post("/x", urlencoded, body)
		r.Header.Set("Authorization", "Basic "+userPass("alice:pw"))
		return read(rd, r)
	}
	if got := with("user=alice&pass=pw"); got.Kind != Attempt || string(got.Body) != "user=alice&pass=pw" {
		t.Errorf("the same: %+v", got)
	}
	for _, body := range []string{"user=victim&pass=pw", "user=alice&pass=guess"} {
		if got := with(body); got.Kind != Refused || got.Reason != ReasonTwoLogins {
			t.Errorf("%s: %+v", body, got)
		}
	}
	if got := with("user=a&user=b&pass=c"); got.Kind != Refused {
		t.Errorf("unreadable: %+v", got)
	}
	if got := with("login_guard_hold=x"); got.Kind != Answer {
		t.Errorf("an answer to a check: %+v", got)
	}
	r := post("/x", "image/png", strings.Repeat("x", 70000))
	r.Header.Set("Authorization", "Basic "+userPass("alice:pw"))
	wantRefused(t, rd, r, 413, ReasonTooLarge)
	r = post("/x", "image/png", strings.Repeat("x", 70000))
	r.Header.Set("Authorization", "Basic "+userPass("alice:pw"))
	rd, _ = NewReader([]config.Endpoint{{Basic: true, Paths: []string{"/x"}}}, Options{Watch: func() bool { return true }})
	if got := read(rd, r); got.Kind != Refused {
		t.Errorf("watched: %+v", got)
	}
	if b, err := io.ReadAll(r.Body); err != nil || len(b) != 70000 {
		t.Errorf("watched: %d bytes, %v", len(b), err)
	}
}

func TestBasicOutcome(t *testing.T) {
	e := basicReader(t).endpoints[0]
	for _, c := range []struct {
		path   string
		status int
		want   Outcome
	}{
		{"/api/x", 200, Success}, {"//API/./x", 204, Success}, {"/x", 200, Unknown}, {"/api/x", 401, Failure}, {"/x", 401, Failure}, {"/api/x", 403, Unknown}, {"/api/../x", 200, Unknown},
	} {
		if got := e.Outcome(Asked{Path: c.path}, Reply{Status: c.status}); got != c.want {
			t.Errorf("%s %d: %s, want %s", c.path, c.status, got, c.want)
		}
	}
	bare, err := newEndpoint(config.Endpoint{Basic: true, Paths: []string{"/api/*"}})
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]Outcome{200: Unknown, 401: Failure, 429: Retry, 500: Unknown} {
		if got := bare.Outcome(Asked{Path: "/api/x"}, Reply{Status: status}); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestTokensOfOtherSchemesCostNoAllocation(t *testing.T) {
	rd, w := basicReader(t), httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/shop?page=2", nil)
	r.Body = nil
	r.Header.Set("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x")
	if n := testing.AllocsPerRun(100, func() { rd.Read(w, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCredentialsUnderAnotherSchemeAreRefusedWhereBasicIsAsked(t *testing.T) {
	rd := basicReader(t)
	ask := func(path, header string) Reading {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", header)
		return read(rd, r)
	}
	for _, header := range []string{
		"Negotiate " + userPass("ann:pw"), "Bearer " + userPass("ann:pw"), userPass("ann:pw"), "BBasi " + userPass("änn:pw"),
		"Bearer  " + userPass("ann:pw"), "Token " + strings.TrimRight(userPass("ann:pwx"), "="), "x " + userPass("ann:pw")[:4] + "*" + userPass("ann:pw")[4:],
	} {
		if got := ask("/api/orders", header); got.Kind != Refused || got.Reason != ReasonBasic {
			t.Errorf("%q: %v %s", header, got.Kind, got.Reason)
		}
		if got := ask("/elsewhere", header); got.Kind != Other {
			t.Errorf("%q elsewhere: %v %s", header, got.Kind, got.Reason)
		}
	}
	// Said to be Basic, however oddly, it is refused everywhere.
	for _, header := range []string{"Bearer x, Basic " + userPass("ann:pw"), "\ufeffBasic " + userPass("ann:pw"), "x basic\t" + userPass("ann:pw")} {
		if got := ask("/elsewhere", header); got.Kind != Refused || got.Reason != ReasonBasic {
			t.Errorf("%q: %v %s", header, got.Kind, got.Reason)
		}
	}
	for _, header := range []string{
		"Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhOmIifQ.x_-x", "Bearer " + userPass(`{"a":1}`), "Bearer 3q2-7wA6", "Bearer x",
		`Digest username="x", realm="y", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/"`, "Negotiate YIIG", "Token " + userPass("no colon"), "Bearer " + userPass(":x"), "Bearer " + userPass("a\x00:x"), "",
	} {
		if got := ask("/api/orders", header); got.Kind != Other {
			t.Errorf("%q: %v %s", header, got.Kind, got.Reason)
		}
	}
	// Beside it, what the body holds is still a login.
	r := post("/elsewhere", urlencoded, "user=bob&pass=x")
	r.Header.Set("Authorization", "Bearer "+userPass("ann:pw"))
	if got := read(rd, r); got.Kind != Attempt || got.Account != "bob" {
		t.Errorf("a form beside a token: %v %q", got.Kind, got.Account)
	}
}
