package blackbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestMonitoringRefusesHoldsAndChangesNothing(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "mode monitor", "ask_after 3d"))
	good := credentials(shoptest.Bob().Email, shoptest.Bob().Password)
	for i, test := range []struct {
		what, contentType, body, would string
	}{
		{"a login that would be asked", formType, good, "slider"},
		{"a field twice", formType, "email=a&email=b&password=c", "unreadable"},
		{"an odd spelling", formType, "email=a&pass%00=x&password.=c&Password[]=d", "unreadable"},
		{"not UTF-8", formType, "email=a%ff&password=%fe", "unreadable"},
		{"text", "text/plain", "email=a&password=c", "unreadable"},
		{"no type", "", "email=a&password=c", "unreadable"},
		{"broken multipart", "multipart/form-data; boundary=x", "--x\nContent-Disposition: form-data; name=email\n\na\n--x\nContent-Disposition: form-data; name=password\n\nb\n--x--", "unreadable"},
		{"oversized, the password first", formType, good + "&x=" + strings.Repeat("y", 200<<10), "unreadable"},
		{"oversized, the password last", formType, "x=" + strings.Repeat("y", 200<<10) + "&" + good, "unreadable"},
		{"oversized multipart", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n" + strings.Repeat("y", 200<<10) +
			"\r\n--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nb\r\n--x--\r\n", "unreadable"},
	} {
		t.Run(test.what, func(t *testing.T) {
			shop.Reset()
			before := len(g.Decisions())
			p := visitor(t, g.URL, fmt.Sprintf("203.0.%d.1", 113+i)).withoutCookies()
			r := p.request(http.MethodPost, "/login", test.contentType, test.body, "Accept-Encoding", "gzip, br", "Cookie", "a=1; b=2", "X-Odd", "y")
			answer := p.do(r)
			if answer.guard() != "" || answer.StatusCode >= 400 {
				t.Fatalf("%s, Login-Guard %q", answer.Status, answer.Header.Get("Login-Guard"))
			}
			for _, line := range answer.Header["Set-Cookie"] {
				if strings.Contains(line, "login_guard") && !strings.HasPrefix(line, deviceCookie+"=") {
					t.Errorf("a cookie of ours: %s", line)
				}
			}
			all := shop.Requests()
			if len(all) != 1 || all[0].Truncated {
				t.Fatalf("%d requests reached the shop: %.300v", len(all), all)
			}
			got := all[0]
			if string(got.Body) != test.body || got.URI != "/login" {
				t.Fatalf("%d bytes at the shop, want %d", len(got.Body), len(test.body))
			}
			want := r.Header.Clone()
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Via", "Content-Length", "Transfer-Encoding", "Accept-Encoding"} {
				want.Del(name) // the proxy's, the framing, and the one that may change
				got.Header.Del(name)
			}
			if diff := cmp.Diff(want, got.Header); diff != "" {
				t.Errorf("header changed:\n%s", diff)
			}
			if d := g.LastDecision(before + 1); d.Mode != "monitor" || d.Action != "allow" || d.Would != test.would {
				t.Errorf("recorded: %+v", d)
			}
			if n := len(g.Decisions()); n != before+1 {
				t.Errorf("%d decisions", n-before)
			}
		})
	}
}

func TestMonitoringRecordsWhatLimitsWouldDo(t *testing.T) {
	t.Parallel()
	shop, g := limited(t, append(but("pair"), "mode monitor")...)
	p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	for i := range 12 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("guess", i)))
	}
	p.signedIn(p.alice())
	ran(t, shop, 13)
	would := map[string]int{}
	for _, d := range decided(t, g, 13) {
		would[d.Would]++
		if d.Action != "allow" || d.Mode != "monitor" {
			t.Errorf("%+v", d)
		}
	}
	if would["deny"] < 7 || would["allow"] != 5 {
		t.Errorf("%v", would)
	}
}

func TestAnEndpointPathWithoutCredentialsIsUntouchedWhileMonitoring(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "mode monitor"))
	p := visitor(t, g.URL, "").withoutCookies()
	for _, body := range []string{"", "x=1", "%zz=%", "email=a", "\x00\xff"} {
		shop.Reset()
		p.post("/login", body, "Accept-Encoding", "gzip")
		all := shop.Requests()
		if len(all) != 1 || string(all[0].Body) != body || all[0].Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("%q: %+v", body, all)
		}
	}
	if d := g.Decisions(); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}
