package docs

import (
	"testing"

	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestEveryReasonHasASentence(t *testing.T) {
	for _, code := range risk.Codes() {
		s := Reason(code)
		if len(s) < 10 || len(s) > 220 {
			t.Errorf("%s: %q is no short sentence", code, s)
		}
	}
	for _, code := range []string{"store.down", login.ReasonField, login.ReasonTwoAccounts, login.ReasonTwoPasswords, login.ReasonTwoLogins, login.ReasonEscape,
		login.ReasonDuplicate, login.ReasonUnreadable, login.ReasonHidden, login.ReasonTooLarge, login.ReasonLongQuery, login.ReasonTimeout, login.ReasonRead,
		login.ReasonType, login.ReasonCharset, login.ReasonEncoding, login.ReasonEarly, login.ReasonUpgrade, login.ReasonMethod, login.ReasonMulticall,
		login.ReasonXML, login.ReasonGraphQL, login.ReasonGraphQLMany, login.ReasonPersisted, login.ReasonBasic} {
		if len(Reason(code)) < 10 {
			t.Errorf("%s has no words", code)
		}
	}
	if Reason("no.such") != "" {
		t.Error("a code that is not there has a sentence")
	}
}
