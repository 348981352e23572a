package browser_test

import (
	"net/http"
	"strings"
	"testing"
)

// Who asks for help loses nothing: it opens beside the check, in the check's
// language, without a script, and names the shop and how to reach it.
func TestHelpOpensBesideTheCheck(t *testing.T) {
	t.Parallel()
	at := start(t, sliderOnly...)
	p := shopper(t, from(t, "ar"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	link := eval[string](p, "(a => a.href + '|' + a.target + '|' + a.rel)(document.querySelector('footer a'))")
	if want := at.url + "/.login-guard/help?lang=ar|_blank|noopener"; link != want {
		t.Fatalf("the help is at %s, want %s", link, want)
	}

	help := p.another(from(t, "en")) // the browser asks for English by now
	help.script(false)
	help.visit(at.url + "/.login-guard/help?lang=ar")
	help.script(true)
	if got := eval[string](help, "document.querySelector('#lg-title').textContent"); got != words(t, "ar", "help_title") {
		t.Errorf("the help is called %q", got)
	}
	if got := eval[string](help, "document.querySelector('bdi').textContent + '|' + document.querySelector('#lg-support').href"); got != "Demo Shop|https://shop.example/contact" {
		t.Errorf("the help leads to %s", got)
	}
	// Mirrored where one reads from the right.
	if got := eval[bool](help, `(box => box(1) > box(0))(i => {
		const parts = document.querySelectorAll('.bars svg:first-child .goal, .bars svg:first-child .knob');
		return parts[i].getBoundingClientRect().left;
	})`); !got {
		t.Error("the bar in the picture begins on the left")
	}
	at.saw()
}

func TestHelpIsOnlyRead(t *testing.T) {
	t.Parallel()
	at := start(t, sliderOnly...)
	reply, err := http.Post(at.url+"/.login-guard/help", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusMethodNotAllowed || reply.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%s, Allow %q", reply.Status, reply.Header.Get("Allow"))
	}
}
