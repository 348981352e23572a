package docs

import (
	"testing"

	"github.com/login-guard/login-guard/internal/risk"
)

func TestEveryReasonHasASentence(t *testing.T) {
	for _, code := range risk.Codes() {
		s := Reason(code)
		if len(s) < 10 || len(s) > 220 {
			t.Errorf("%s: %q is no short sentence", code, s)
		}
	}
	if Reason("no.such") != "" {
		t.Error("a code that is not there has a sentence")
	}
}
