package totp

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
)

var rfcSecret = []byte("12345678901234567890")

func TestNumbersAreThoseOfRFC4226AppendixD(t *testing.T) {
	for counter, want := range []uint32{1284755224, 1094287082, 137359152, 1726969429, 1640338314, 868254676, 1918287922, 82162583, 673399871, 645520489} {
		if got := hotp(rfcSecret, uint64(counter)); got != want {
			t.Errorf("counter %d: %d, want %d", counter, got, want)
		}
	}
}

// RFC 6238 appendix B, SHA-1. Its codes have eight digits; ours are their
// last six.
func TestCodesAreThoseOfRFC6238AppendixB(t *testing.T) {
	for seconds, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		now := time.Unix(seconds, 0)
		if got := fmt.Sprintf("%08d", hotp(rfcSecret, uint64(Step(now)))%100_000_000); got != want {
			t.Errorf("%d: %s, want %s", seconds, got, want)
		}
		if got := Code(rfcSecret, Step(now)); got != want[2:] {
			t.Errorf("%d: %s, want %s", seconds, got, want[2:])
		}
	}
}

func TestCodesAreThoseOfOathtool(t *testing.T) {
	for i := range 12 {
		secret := make([]byte, SecretSize)
		for j := range secret {
			secret[j] = byte(i*31 + j*j*7)
		}
		now := time.Unix(1_700_000_000+int64(i)*86_413, 0)
		out, err := exec.Command("oathtool", "--totp", "--base32", "--now", now.UTC().Format("2006-01-02 15:04:05 UTC"), strings.ReplaceAll(Key(secret), " ", "")).Output()
		if err != nil {
			t.Fatal("oathtool (bash test/run.sh needs):", err)
		}
		if got, want := Code(secret, Step(now)), strings.TrimSpace(string(out)); got != want {
			t.Errorf("%v: %s, oathtool says %s", now, got, want)
		}
	}
}

func TestAcceptedStepsOnlyRise(t *testing.T) {
	now := time.Unix(1_700_000_010, 0)
	at := Step(now)
	for _, test := range []struct {
		name     string
		step     int64
		drift    int
		last     int64
		ok, used bool
	}{
		{"now", at, 0, 0, true, false},
		{"one behind", at - 1, 0, 0, true, false},
		{"one ahead", at + 1, 0, 0, true, false},
		{"two behind", at - 2, 0, 0, false, false},
		{"two ahead", at + 2, 0, 0, false, false},
		{"two ahead by a clock two ahead", at + 2, 2, 0, true, false},
		{"now by a clock two ahead", at, 2, 0, false, false},
		{"beyond the cap", at + 6, 6, 0, false, false},
		{"at the cap", at + 5, 6, 0, true, false},
		{"the last again", at, 0, at, false, true},
		{"before the last", at - 1, 0, at, false, true},
		{"after the last", at + 1, 0, at, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			step, ok, used := Match(rfcSecret, Code(rfcSecret, test.step), now, test.drift, test.last)
			if ok != test.ok || used != test.used || ok && step != test.step {
				t.Fatalf("step %d ok %v used %v, want %d %v %v", step, ok, used, test.step, test.ok, test.used)
			}
		})
	}
	if _, ok, used := Match(rfcSecret, "000000", now, 0, 0); ok || used {
		t.Error("a wrong code is accepted or called used")
	}
}

func TestDriftMovesByTwoCodesInARowAndNoFurtherThanTheCap(t *testing.T) {
	now := time.Unix(1_700_000_010, 0)
	drift, lean := 0, 0
	use := func(off int64) {
		drift, lean = Learn(drift, lean, Step(now)+int64(drift)+off, now)
	}
	use(1)
	if drift != 0 {
		t.Fatal("one code moved the drift")
	}
	use(0)
	use(1)
	if drift != 0 {
		t.Fatal("two codes with another between moved the drift")
	}
	use(1)
	if drift != 1 {
		t.Fatalf("drift %d after two codes one ahead, want 1", drift)
	}
	use(1)
	use(-1)
	if drift != 1 {
		t.Fatal("two codes that disagree moved the drift")
	}
	for range 20 {
		use(1)
	}
	if drift != MaxDrift {
		t.Fatalf("drift %d, want the cap %d", drift, MaxDrift)
	}
	for range 40 {
		use(-1)
	}
	if drift != -MaxDrift {
		t.Fatalf("drift %d, want the cap %d", drift, -MaxDrift)
	}
}

func TestSkewSaysHowFarAClockIsOff(t *testing.T) {
	now := time.Unix(1_700_000_010, 0)
	for _, off := range []time.Duration{0, 30 * time.Second, -90 * time.Second, 10 * time.Minute, -10 * time.Minute} {
		got, ok := Skew(rfcSecret, Code(rfcSecret, Step(now.Add(off))), now)
		if !ok || got != off {
			t.Errorf("%v: %v %v", off, got, ok)
		}
	}
	if _, ok := Skew(rfcSecret, Code(rfcSecret, Step(now.Add(11*time.Minute))), now); ok {
		t.Error("a clock 11 minutes off is found")
	}
}

func TestURISaysWhatItWasMadeOf(t *testing.T) {
	for _, test := range []struct{ issuer, account, wantIssuer, wantAccount string }{
		{"Shop", "anna@example.org", "Shop", "anna@example.org"},
		{"Shop: A&B", "a+b@example.org", "Shop A&B", "a+b@example.org"},
		{"Bäckerei Ö", "名前?x=1#y", "Bäckerei Ö", "名前?x=1#y"},
		{"a/b%2F", "x\r\nY", "a/b%2F", "x Y"},
		{"", "anna", "", "anna"},
		{strings.Repeat("ä", 60), "x", strings.Repeat("ä", 32), "x"},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			uri := URI(test.issuer, test.account, rfcSecret)
			for _, bad := range []string{"+", " ", "\n"} {
				if strings.Contains(uri, bad) {
					t.Errorf("%q in %s", bad, uri)
				}
			}
			u, err := url.Parse(uri)
			if err != nil {
				t.Fatal(err)
			}
			want := "/" + test.wantAccount
			if test.wantIssuer != "" {
				want = "/" + test.wantIssuer + ":" + test.wantAccount
			}
			if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != want || u.Fragment != "" {
				t.Errorf("%s: path %q fragment %q, want path %q", uri, u.Path, u.Fragment, want)
			}
			q := u.Query()
			if q.Get("issuer") != test.wantIssuer || q.Get("digits") != "6" || q.Get("period") != "30" || q.Get("algorithm") != "SHA1" {
				t.Errorf("parameters %v", q)
			}
			secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(q.Get("secret"))
			if err != nil || string(secret) != string(rfcSecret) {
				t.Errorf("secret %q %v", secret, err)
			}
		})
	}
}

func TestTypedCodesAreReadInAllDigits(t *testing.T) {
	for typed, want := range map[string]string{
		"123456": "123456", " 123 456 ": "123456", "123-456": "123456", "１２３４５６": "123456",
		"١٢٣٤٥٦": "123456", "۱۲۳ ۴۵۶": "123456", "१२३४५६": "123456", "๑๒๓๔๕๖": "123456", "\u200f123\u00a0456": "123456", "𝟏𝟐𝟑𝟒𝟓𝟔": "123456", "𝟗𝟖𝟘𝟙𝟬𝟶": "980100",
	} {
		if got, err := Parse(typed); err != nil || got != want {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
	for _, typed := range []string{"", "12345", "1234567", "12345a", "١٢٣٤٥", "²²²²²²", strings.Repeat(" ", 70) + "123456"} {
		if got, err := Parse(typed); err != ErrCode {
			t.Errorf("%q: %q %v, want ErrCode", typed, got, err)
		}
	}
}

func TestEveryDecimalDigitOfUnicodeIsADigit(t *testing.T) {
	for _, r16 := range unicode.Nd.R16 {
		if (r16.Hi-r16.Lo+1)%10 != 0 || r16.Stride != 1 {
			t.Errorf("range %x-%x does not hold whole tens", r16.Lo, r16.Hi)
		}
	}
	for _, r32 := range unicode.Nd.R32 {
		if (r32.Hi-r32.Lo+1)%10 != 0 || r32.Stride != 1 {
			t.Errorf("range %x-%x does not hold whole tens", r32.Lo, r32.Hi)
		}
	}
}

func TestASecretThatCannotBeDrawnIsAnError(t *testing.T) {
	if _, err := NewSecret(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Fatal("no error")
	}
}

func TestKeyIsInGroupsOfFour(t *testing.T) {
	if got, want := Key(rfcSecret), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}
