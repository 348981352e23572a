package login

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

func TestAConnectIsReadAndItsBodyRefused(t *testing.T) {
	rd := readerFor(t, config.GenericPreset)
	connect := func(proto, target, body string, major int) *http.Request {
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
		r.Method, r.Proto, r.ProtoMajor, r.ContentLength = http.MethodConnect, proto, major, -1
		if body == "" {
			r.Body, r.ContentLength = http.NoBody, 0
		}
		return r
	}
	h2 := connect("HTTP/2.0", "/socket", "frames", 2)
	h2.Header.Set(":protocol", "websocket")
	other := connect("HTTP/2.0", "/socket", "frames", 2)
	other.Header.Set(":protocol", "foo")
	for _, test := range []struct {
		what   string
		r      *http.Request
		kind   Kind
		status int
	}{
		{"a tunnel without a body", connect("HTTP/1.1", "/", "", 1), Other, 0},
		{"a login in the address", connect("HTTP/1.1", "/?email=a&password=b", "", 1), Refused, 400},
		{"a body", connect("HTTP/1.1", "/", "GET /", 1), Refused, 405},
		{"a WebSocket by HTTP/3", connect("websocket", "/socket", "frames", 3), Other, 0},
		{"a WebSocket by HTTP/2", h2, Other, 0},
		{"a login in a WebSocket's address", connect("websocket", "/socket?email=a&password=b", "frames", 3), Refused, 400},
		{"another protocol by HTTP/3", connect("foo", "/socket", "frames", 3), Refused, 405},
		{"another protocol by HTTP/2", other, Refused, 405},
		{"a WebSocket's name in HTTP/1", connect("websocket", "/socket", "frames", 1), Refused, 405},
	} {
		t.Run(test.what, func(t *testing.T) {
			out := rd.Read(httptest.NewRecorder(), test.r)
			if out.Kind != test.kind || out.Status != test.status || test.kind == Refused && out.Reason != ReasonUpgrade {
				t.Errorf("%+v", out)
			}
		})
	}
}

func TestOffersOfAnotherHTTPAreDropped(t *testing.T) {
	for _, test := range []struct {
		offers  []string
		dropped bool
	}{
		{[]string{"h2c"}, true},
		{[]string{"H2C"}, true},
		{[]string{"websocket, h2c"}, true},
		{[]string{"websocket", " h2c "}, true},
		{[]string{"HTTP/2.0"}, true},
		{[]string{"TLS/1.2, HTTP/1.1"}, true},
		{[]string{"websocket"}, false},
		{[]string{"SPDY/3.1"}, false},
		{[]string{"h2cx"}, false},
		{nil, false},
	} {
		h := http.Header{"Http2-Settings": {"AAMAAABkAAQAAP__"}, "X": {"y"}}
		if test.offers != nil {
			h["Upgrade"] = test.offers
		}
		want := h.Clone()
		if test.dropped {
			want = http.Header{"X": {"y"}}
		}
		DropHTTPUpgrade(h)
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("%q:\n%s", test.offers, diff)
		}
	}
}
