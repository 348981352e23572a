package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// sender is where codes go: somebody's service that takes them all.
func sender(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(s.Close)
	return s.URL
}

// touring are the options of a gateway whose pages of the second factor are
// all to be seen.
func touring(t testing.TB) []string {
	block := fmt.Sprintf("second_factor optional {\n\t\t\tcode sms %[1]s {\n\t\t\t\tsecret 0123456789abcdef0123456789abcdef\n\t\t\t\tcountries +49\n\t\t\t}\n\t\t\tcode email %[1]s {\n\t\t\t\tsecret 0123456789abcdef0123456789abcdef\n\t\t\t}\n\t\t}", sender(t))
	return []string{block, "ladder slider off picture off"}
}

// tour goes through all pages of the second factor, and calls look at each.
func (p *tab) tour(at *place, look func(name, title string)) {
	p.t.Helper()
	p.authenticator()
	at.greets(p)
	p.visit(at.url + accountPage)
	look("overview-none", "account_title")
	p.next("button[value=app]")
	look("app", "app_title")
	a := p.readsKey()
	p.confirms("000000")
	look("app-wrong", "app_title")
	p.confirms(a.code(p.t))
	look("codes", "codes_title")
	codes := eval[[]string](p, "[...document.querySelectorAll('#lg-codes code')].map(e => e.textContent)")
	p.next("button[value=saved]")
	p.next("#lg-send")
	look("typed-empty", "typed_title")
	p.confirms(codes[0])
	p.next("button[value=passkey]")
	look("passkey", "passkey_title")
	p.write("#lg-name", "My phone")
	p.next("#lg-passkey")
	p.next("button[value=sms]")
	p.write("#lg-contact", "0151 12345678")
	p.next("#lg-send")
	look("phone-bad", "phone_title")
	p.write("#lg-contact", "+49 151 12345678")
	p.next("#lg-send")
	look("phone-sent", "sent_title")
	p.visit(at.url + accountPage)
	p.next("button[value=email]")
	look("mail", "mail_title")
	p.visit(at.url + accountPage)
	look("overview", "account_title")
	p.next("li:not(:has(bdi)) button[value=edit]") // the app: the passkey is on trial
	look("edit", "edit_title")
	p.next("button[value=remove]")
	look("remove", "remove_title")
	p.visit(at.url + accountPage)
	p.next("button[value=test]")
	look("test", "test_title")

	p.visit(at.url + "/logout")
	p.alice(at)
	p.until("it is asked", "document.querySelector('#lg-passkey, #lg-code')")
	look("second-passkey", "second_title")
	p.chooses("recovery")
	look("second-recovery", "second_title")
	p.chooses("app")
	look("second-app", "second_title")
	p.confirms("000000")
	look("second-wrong", "second_title")
	p.press("#lg-trust")
	p.write("#lg-code", a.code(p.t))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + "/logout")
	p.alice(at) // not asked, so that the account page asks
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + accountPage)
	look("confirm", "second_title")
	p.chooses("app")
	p.confirms(a.code(p.t))
	look("overview-remembered", "account_title")
}

// greets signs Alice in, who has no second factor yet.
func (at *place) greets(p *tab) {
	p.t.Helper()
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
}

// Every page of the second factor, for everybody: as TestEveryPageCanBeUsedByEverybody
// has it for the checks.
func TestTheSecondFactorOnItsWayCanBeUsedByEverybody(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			at := start(t, touring(t)...)
			p := shopper(t, from(t, language))
			p.visit(at.url + accountPage)
			p.audit(language, true) // to sign in first
			p.tour(at, func(name, title string) {
				t.Helper()
				p.until(name+" is there", fmt.Sprintf("document.querySelector('#lg-title')?.textContent === %q", words(t, language, title)))
				failed := t.Failed()
				p.audit(language, true)
				if t.Failed() && !failed {
					t.Logf("the first page with a fault is %s", name)
				}
			})
		})
	}
}
