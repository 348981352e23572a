package picture

import (
	"strings"
	"testing"
	"unicode"
)

func TestFoldTakesWhatPeopleType(t *testing.T) {
	for name, test := range map[string]struct{ typed, want string }{
		"as drawn":                     {"KX7RM", "KX7RM"},
		"small":                        {"kx7rm", "KX7RM"},
		"mixed":                        {"Kx7rM", "KX7RM"},
		"the whole alphabet":           {"acdefghjkmnprtvw", "ACDEFGHJKMNPRTVW"},
		"its rest":                     {"xy3679", "XY3679"},
		"full width":                   {"ＫＸ７ＲＭ", "KX7RM"},
		"small full width":             {"ｋｘ７ｒｍ", "KX7RM"},
		"mathematical":                 {"𝐊𝐗𝟕𝐑𝐌", "KX7RM"},
		"circled":                      {"Ⓚⓧ⑦ⓡⓜ", "KX7RM"},
		"Arabic-Indic digits":          {"A٣٦٧٩", "A3679"},
		"Persian digits":               {"A۳۶۷۹", "A3679"},
		"Devanagari digits":            {"A३६७९", "A3679"},
		"Bengali digits":               {"A৩৬৭৯", "A3679"},
		"Thai digits":                  {"A๓๖๗๙", "A3679"},
		"Lao digits":                   {"A໓໖໗໙", "A3679"},
		"Khmer digits":                 {"A៣៦៧៩", "A3679"},
		"Myanmar digits":               {"A၃၆၇၉", "A3679"},
		"Tibetan digits":               {"A༣༦༧༩", "A3679"},
		"Adlam digits, of four bytes":  {"A𞥓𞥖𞥗𞥙", "A3679"},
		"Cyrillic capitals":            {"АЕКМН", "AEKMH"},
		"more Cyrillic capitals":       {"РСТУХ", "PCTYX"},
		"Cyrillic small letters":       {"аекмн", "AEKMH"},
		"more Cyrillic small letters":  {"рстух", "PCTYX"},
		"Serbian, Kurdish, Kazakh":     {"ЈԜԀҮҺ", "JWDYH"},
		"Cyrillic that looks like a 3": {"ЗзААА", "33AAA"},
		"Cyrillic like small n and r":  {"пгAAA", "NRAAA"},
		"Greek capitals":               {"ΑΕΗΚΜ", "AEHKM"},
		"more Greek capitals":          {"ΝΡΤΥΧ", "NPTYX"},
		"Greek small letters":          {"αεηκμ", "AEHKM"},
		"the micro sign":               {"µ3677", "M3677"},
		"Cyrillic and Latin in one":    {"Кx7Рm", "KX7PM"},
		"spaces":                       {"  KX 7R M\t", "KX7RM"},
		"no-break, thin, full width":   {"K\u00a0X\u20097\u3000R\u202fM", "KX7RM"},
		"a line break":                 {"KX7RM\r\n", "KX7RM"},
		"hyphens":                      {"K-X‐7–R—M", "KX7RM"},
		"a soft hyphen":                {"KX\u00ad7RM", "KX7RM"},
		"direction marks":              {"\u200fKX7RM\u200e", "KX7RM"},
		"isolates and a zero width":    {"\u2068KX7\u200bRM\u2069", "KX7RM"},
		"a byte order mark":            {"\ufeffKX7RM", "KX7RM"},
		"nothing":                      {"", ""},
		"spaces alone":                 {" \u3000 ", ""},

		"a letter we do not draw":     {"KX7RB", ""},
		"a digit we do not draw":      {"KX7R8", ""},
		"Cyrillic we do not draw":     {"KX7RВ", ""},
		"a capital Pe is no N":        {"ПAAAA", ""},
		"another shape":               {"KX7RЖ", ""},
		"an accent":                   {"KX7RÉ", ""},
		"a mark of its own":           {"KX7RE\u0301", ""},
		"a full stop":                 {"KX7RM.", ""},
		"Chinese":                     {"七", ""},
		"a fraction":                  {"¾AAA", ""},
		"a superscript":               {"³7679", "37679"},
		"control characters":          {"KX7\x00RM", ""},
		"what is no UTF-8":            {"KX7\xffRM", ""},
		"an emoji":                    {"KX7R😀", ""},
		"sixteen characters":          {strings.Repeat("A", 16), strings.Repeat("A", 16)},
		"seventeen characters":        {strings.Repeat("A", 17), ""},
		"as many bytes as are read":   {"KX7RM" + strings.Repeat(" ", 123), "KX7RM"},
		"one byte more":               {"KX7RM" + strings.Repeat(" ", 124), ""},
		"one sign of eighteen others": {"\ufdfa", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Fold(test.typed); got != test.want {
				t.Errorf("%q is folded to %q, want %q", test.typed, got, test.want)
			}
		})
	}
}

func TestFoldDigitsTakesDigitsOfEveryScript(t *testing.T) {
	for name, test := range map[string]struct{ typed, want string }{
		"as spoken":    {"01234567", "01234567"},
		"in pairs":     {"01 23-45 67", "01234567"},
		"Arabic-Indic": {"٠١٢٣٤٥٦٧٨٩", "0123456789"},
		"full width":   {"０１２３", "0123"},
		"a letter O":   {"O123", ""},
		"a letter":     {"123A", ""},
		"Ze like 3":    {"12З", "123"},
	} {
		if got := FoldDigits(test.typed); got != test.want {
			t.Errorf("%s: %q is folded to %q, want %q", name, test.typed, got, test.want)
		}
	}
	// Of every script that Unicode has, zero to nine in a row.
	scripts := 0
	for r := rune(1); r < unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		var ten []rune
		for i := range rune(10) {
			ten = append(ten, r+i)
		}
		if got := FoldDigits(string(ten)); got != "0123456789" {
			t.Errorf("from %U on ten digits are folded to %q", r, got)
		}
		scripts++
		r += 9
	}
	if scripts < 60 {
		t.Errorf("there are only %d rows of digits", scripts)
	}
}

func TestTheAlphabetHasNoLookAlikes(t *testing.T) {
	if strings.ContainsAny(Alphabet, "0OQ1IL5S2Z8BU4") {
		t.Errorf("%s has characters that people take for one another", Alphabet)
	}
	for i, c := range Alphabet {
		if strings.ContainsRune(Alphabet[i+1:], c) {
			t.Errorf("%q is in it twice", c)
		}
		if got := Fold(string(c)); got != string(c) {
			t.Errorf("%q is folded to %q", c, got)
		}
	}
	for r, c := range alike {
		if unicode.ToUpper(r) != r || strings.IndexByte(Alphabet, c) < 0 {
			t.Errorf("%q → %q: want a capital, and one of the alphabet", r, c)
		}
	}
}

func TestLettersThatALineMakesOneAreOne(t *testing.T) {
	if Alike(Fold("cfgek")) != Alike(Fold("GECFK")) {
		t.Error("C is not G, or E not F")
	}
	if Alike(Fold("KX7RM")) == Alike(Fold("KX7RN")) {
		t.Error("M is N")
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"KX7RM", "ｋｘ７", "АЕК-МН", "٣٤٦٧٩", "\u200fK X", "㎪㍱", "ǅ", "ﬃ", strings.Repeat("\ufdfa", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for _, kind := range []struct {
			fold     func(string) string
			alphabet string
		}{{Fold, Alphabet}, {FoldDigits, "0123456789"}} {
			once := kind.fold(typed)
			if len(once) > maxFolded || strings.Trim(once, kind.alphabet) != "" {
				t.Fatalf("%q is folded to %q", typed, once)
			}
			if twice := kind.fold(once); twice != once {
				t.Fatalf("%q is folded to %q, and that to %q", typed, once, twice)
			}
		}
	})
}
