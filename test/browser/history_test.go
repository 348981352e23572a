package browser_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestReloadingTheCheckSixTimesLosesNothing(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	for range 6 {
		p.reload()
		p.meets(at, "#lg-bar")
	}
	at.saw()
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestTabsAreLoginsOfTheirOwn(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	a := shopper(t, from(t, "en"))
	a.comes(at, shoptest.Alice().Email, "a guess")
	a.meets(at, "#lg-bar")
	b := a.another(from(t, "en"))
	b.alice(at)
	b.meets(at, "#lg-bar")
	c := a.another(from(t, "en"))
	c.alice(at) // the same login once more
	c.meets(at, "#lg-bar")

	a.drag(unhurried)
	a.until("the shop says what is wrong", "document.querySelector('[role=alert]')")
	b.drag(unhurried)
	b.arrives(at, shoptest.Alice().Email)
	c.drag(unhurried)
	c.arrives(at, shoptest.Alice().Email)
	at.saw(wrong("a guess"), right(), right())
}

// Back leads to the shop's own sign-in page: neither to a check that was
// passed already nor to the browser's warning that a form is sent again.
func TestBackAndForwardAfterSigningIn(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)

	p.walk(-1)
	p.until("the shop's own page is there", "location.href === '"+at.url+"/login' && document.querySelector('#password')")
	p.walk(1)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())

	// Who signs in from there is not asked again.
	p.walk(-1)
	p.until("the shop's own page is there", "document.readyState === 'complete' && document.querySelector('#password')")
	p.signIn(shoptest.Alice().Email, shoptest.Alice().Password)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right(), right())
}
