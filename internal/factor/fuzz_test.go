package factor

import (
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

// What people type is read as what it means or not at all.
func FuzzTyped(f *testing.F) {
	for _, s := range []string{"123 456", "１２３４５６", "abcd-efgh-jkmn-pqrs", "+49 151 23456789", "anna@example.org", "a@b.c\r\nBcc: x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if code, err := totp.Parse(typed); err == nil && (len(code) != totp.Digits || strings.Trim(code, "0123456789") != "") {
			t.Errorf("code %q", code)
		}
		if code, ok := readRecovery(typed); ok && (len(code) != recoveryLen || strings.Trim(code, recoveryLetters) != "") {
			t.Errorf("recovery code %q", code)
		}
		if n, err := Number(typed, []string{"+4"}); err == nil {
			if len(n) > 16 || n[:2] != "+4" || strings.Trim(n[1:], "0123456789") != "" {
				t.Errorf("number %q", n)
			}
			if again, err := Number(n, []string{"+4"}); err != nil || again != n {
				t.Errorf("%q is read as %q: %v", n, again, err)
			}
		}
		if a, err := Address(typed); err == nil && strings.ContainsAny(a, "\r\n <>,") {
			t.Errorf("address %q", a)
		}
		if n := name(typed); len([]rune(n)) > maxName || strings.ContainsAny(n, "\r\n\x00\u202e") {
			t.Errorf("name %q", n)
		}
		_ = Hint(SMS, typed)
		_ = Hint(Email, typed)
	})
}

// A row and a file of an export are judged without a panic, whatever is in
// them.
func FuzzSealed(f *testing.F) {
	b := newBench(f)
	b.addApp(owner)
	f.Add(b.rows.rows[b.id].Value)
	b.id = ID{9} // whatever is made of that row, it is not of this account
	f.Add([]byte(fileHead + "00\nAAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := b.open(b.id, data); err == nil {
			t.Errorf("%q opens as %+v", data, a)
		}
		if err := b.lines(strings.NewReader(string(data)), func(ID, []byte) error { return nil }); err == nil {
			t.Errorf("%q is taken for an export", data)
		}
		for _, what := range []string{"app", "passkey", "recovery", "assertion"} {
			if _, err := b.get(b.now, b.id, "s", what, data); err == nil {
				t.Errorf("%q is taken for what was begun", data)
			}
		}
	})
}
