package browser_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logs is a script that sends a login by XMLHttpRequest, listening in every
// way before and after it opens, and keeps what it heard in self.log.
const logs = `new Promise(done => {
	const x = new XMLHttpRequest();
	self.log = [];
	const hears = e => self.log.push(e.type + ' ' + x.readyState + ' ' + x.status);
	x.onreadystatechange = hears;
	x.addEventListener('load', hears);
	x.open('POST', '/api/login');
	x.onloadend = e => { hears(e); done(new Response(x.responseType === 'json' ? JSON.stringify(x.response) : x.response, {status: x.status})); };
	x.addEventListener('progress', hears, true);
	for (const type of ['error', 'abort', 'timeout']) x.addEventListener(type, hears);
	x.setRequestHeader('Content-Type', 'application/json');
	x.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
	x.responseType = '%s';
	x.send(JSON.stringify(alice));
})`

func TestXHRListenersHearTheLastAnswerOnly(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "text", "json", "arraybuffer", "blob"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, _, p := apps(t, sliderOnly...)
			p.does("out", fmt.Sprintf(logs, kind))
			p.slides(theDialog)
			p.comesOut("out", `200 {"token":"t-alice"}`)
			p.closed()
			want := []string{"readystatechange 1 0", "readystatechange 2 200", "readystatechange 3 200", "progress 3 200", "readystatechange 4 200", "load 4 200", "loadend 4 200"}
			if diff := cmp.Diff(want, eval[[]string](p, "self.log")); diff != "" {
				t.Errorf("the shop's listeners heard (-want +got):\n%s", diff)
			}
			if got := s.got(); len(got) != 1 || got[0].Type != "application/json" {
				t.Errorf("logins at the shop: %+v", got)
			}
			if leaked := eval[bool](p, "new XMLHttpRequest() instanceof XMLHttpRequest && XMLHttpRequest.DONE === 4 && new XMLHttpRequest().constructor === XMLHttpRequest"); !leaked {
				t.Error("XMLHttpRequest is no longer what it was")
			}
		})
	}
}

func TestXHRListenersHearTheRefusalWhenTheDialogIsClosed(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	p.does("out", fmt.Sprintf(logs, "json"))
	p.in(theDialog, "#lg-bar")
	eval[bool](p, fmt.Sprintf("(%s.contentWindow.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'})), true)", theDialog))
	p.comesOut("out", `403 {"type":`)
	if diff := cmp.Diff([]string{"readystatechange 1 0", "readystatechange 4 403", "load 4 403", "loadend 4 403"}, eval[[]string](p, "self.log")); diff != "" {
		t.Errorf("the shop's listeners heard (-want +got):\n%s", diff)
	}
	// What needs no check is not touched.
	p.allow("status of 401")
	p.does("out", `new Promise(done => { const x = new XMLHttpRequest(); self.log = []; x.onreadystatechange = () => self.log.push(x.readyState); x.open('POST', '/api/login'); x.onload = () => done(new Response(x.response, {status: x.status})); x.send('hello'); })`)
	p.comesOut("out", "401")
	if diff := cmp.Diff([]int{1, 2, 3, 4}, eval[[]int](p, "self.log")); diff != "" {
		t.Errorf("the shop's listeners heard (-want +got):\n%s", diff)
	}
	if n := len(s.got()); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// One request object is used again and again by some shops.
func TestAnXHRCanBeUsedAgain(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	p.allow("status of 401")
	eval[bool](p, `(self.x = new XMLHttpRequest(), self.goes = who => new Promise(done => {
		x.open('POST', '/api/login');
		x.onload = () => done(new Response(x.responseText, {status: x.status}));
		x.send(new URLSearchParams(who));
	}), true)`)
	p.does("out", "goes(alice)")
	p.slides(theDialog)
	p.comesOut("out", `200 {"token":"t-alice"}`)
	p.does("out", "goes({...alice, password: 'x'})")
	p.comesOut("out", "401")
	p.does("out", "goes(bob)")
	p.slides(theDialog)
	p.comesOut("out", `200 {"token":"t-bob"}`)
	if n := len(s.got()); n != 3 {
		t.Errorf("%d logins", n)
	}
}
