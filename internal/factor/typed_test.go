package factor

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

func TestNumbersAreStrictAndOfListedCountries(t *testing.T) {
	list := []string{"+49", "+43", "+1242"}
	for typed, want := range map[string]string{
		"+49 151 23456789": "+4915123456789", "0049 (151) 234-567/89": "+4915123456789", "+43.660.1234567": "+436601234567", "+12425550100": "+12425550100",
		"": "", "+49": "", "0151 23456789": "", "+12025550100": "", "+049151234567": "", "+49151234567890123": "", "+49 151 23456789 ext 5": "",
		"49+15123456789": "", "+49151\n23456789": "", "+٤٩١٥١٢٣٤٥٦٧٨٩": "", "++4915123456789": "",
	} {
		got, err := Number(typed, list)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", typed, got, err, want)
		}
	}
	if _, err := Number("+4915123456789", nil); err == nil {
		t.Error("without a list every country is allowed")
	}
}

func TestAddressesAreOneWithoutAName(t *testing.T) {
	for typed, ok := range map[string]bool{
		"anna@example.org": true, "a.b+c@mail.example.org": true, "jürgen@bäckerei.example": true,
		"": false, "anna": false, "anna@localhost": false, "Anna <anna@example.org>": false, "a@example.org, b@example.org": false,
		"anna@example.org\r\nBcc: x@example.org": false, "\"a b\"@example.org": false, "anna@[127.0.0.1]": false, "a@b@example.org": false,
		strings.Repeat("a", 250) + "@example.org": false,
	} {
		if _, err := Address(typed); (err == nil) != ok {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestHintsShowNoMoreThanTheOwnerNeeds(t *testing.T) {
	for _, test := range []struct {
		kind     Kind
		to, want string
	}{
		{SMS, "+4915123456789", "+49 ••• 89"}, {SMS, "", "•••"}, {Email, "anna@example.org", "a•••@e•••.org"},
		{Email, "ärger@mail.bäcker.example", "ä•••@m•••.example"}, {Email, "broken", "•••"}, {Email, "@", "•••@•••"},
	} {
		if got := Hint(test.kind, test.to); got != test.want {
			t.Errorf("%s: %q, want %q", test.to, got, test.want)
		}
	}
}

func TestCodesAreEvenlyLikely(t *testing.T) {
	v := &Vault{}
	// 4 294 967 295 would make low codes likelier: it is drawn again.
	v.Random = bytes.NewReader([]byte{255, 255, 255, 255, 0, 0, 0, 7})
	if code, err := v.newCode(); err != nil || code != "000007" {
		t.Fatalf("%q %v", code, err)
	}
	// 4 293 999 999 is the last that is kept, 4 294 000 000 the first that
	// is not.
	v.Random = bytes.NewReader([]byte{0xff, 0xf1, 0x3d, 0x7f})
	if code, err := v.newCode(); err != nil || code != "999999" {
		t.Fatalf("%q %v", code, err)
	}
	v.Random = bytes.NewReader([]byte{0xff, 0xf1, 0x3d, 0x80})
	if _, err := v.newCode(); err == nil {
		t.Fatal("a draw beyond the last whole million was kept")
	}
	v.Random = iotest.ErrReader(iotest.ErrTimeout)
	if _, err := v.newCode(); err == nil {
		t.Fatal("no error without randomness")
	}
	v.Random = nil
	var digits [10]int
	for range 2000 {
		code, err := v.newCode()
		if err != nil || len(code) != totp.Digits {
			t.Fatal(code, err)
		}
		for _, d := range code {
			digits[d-'0']++
		}
	}
	// 1 200 each on average; 33 is the standard deviation, 6 of them 200.
	for d, n := range digits {
		if n < 1000 || n > 1400 {
			t.Errorf("%d digits %d of 12 000", n, d)
		}
	}
}
