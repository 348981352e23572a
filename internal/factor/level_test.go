package factor

import (
	"testing"
	"time"
)

func TestLevelIsThatOfTheWeakestWayIn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	app := App{Factor: Factor{ID: "a"}}
	key := Passkey{Factor: Factor{ID: "k"}}
	tested := key
	tested.Tested = now.Add(-TestedFor + time.Hour)
	old := key
	old.Tested = now.Add(-TestedFor)
	sms := Contact{Factor: Factor{ID: "s"}, Kind: SMS}
	codes := func(n int) [][]byte { return make([][]byte, n) }
	for name, test := range map[string]struct {
		a    *Account
		want Level
	}{
		"nothing":                   {nil, Level{0, false, NextAdd}},
		"recovery codes alone":      {&Account{Recovery: codes(10)}, Level{0, false, NextAdd}},
		"contact alone":             {&Account{Contacts: []Contact{sms}, Recovery: codes(9)}, Level{1, false, NextAdd}},
		"pending contact":           {&Account{Contacts: []Contact{{Pending: true}}, Recovery: codes(9)}, Level{0, false, NextAdd}},
		"app":                       {&Account{Apps: []App{app}}, Level{2, false, NextSaveRecovery}},
		"app and codes":             {&Account{Apps: []App{app}, Recovery: codes(10)}, Level{2, false, NextAddPasskey}},
		"passkey":                   {&Account{Passkeys: []Passkey{key}, Recovery: codes(10)}, Level{3, false, NextSecond}},
		"few codes":                 {&Account{Passkeys: []Passkey{key, key}, Recovery: codes(3)}, Level{3, false, NextRenewRecovery}},
		"untested":                  {&Account{Passkeys: []Passkey{key, old}, Recovery: codes(10)}, Level{3, false, NextTest}},
		"all there is":              {&Account{Passkeys: []Passkey{key, tested}, Recovery: codes(10)}, Level{3, true, NextNothing}},
		"three codes are enough":    {&Account{Passkeys: []Passkey{key, tested}, Recovery: codes(3)}, Level{3, true, NextRenewRecovery}},
		"two codes are not":         {&Account{Passkeys: []Passkey{key, tested}, Recovery: codes(2)}, Level{3, false, NextRenewRecovery}},
		"sms beside a key":          {&Account{Passkeys: []Passkey{tested}, Contacts: []Contact{sms}, Recovery: codes(10)}, Level{1, true, NextDropContact}},
		"app beside a key":          {&Account{Passkeys: []Passkey{tested}, Apps: []App{app}, Recovery: codes(10)}, Level{2, true, NextKeysOnly}},
		"keys only":                 {&Account{Passkeys: []Passkey{tested}, Apps: []App{app}, Contacts: []Contact{sms}, Recovery: codes(10), KeysOnly: true}, Level{3, true, NextNothing}},
		"keys only without any key": {&Account{Apps: []App{app}, Recovery: codes(10), KeysOnly: true}, Level{2, false, NextAddPasskey}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.a.Level(now); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}
