package page

import (
	"net/http/httptest"
	"testing"
)

// speakers are pages in all documented languages, without their texts.
func speakers(t *testing.T, standard string) *Pages {
	t.Helper()
	var all []*Language
	for _, tag := range documented(t) {
		l, err := newLanguage(tag, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
		if tag == standard {
			all[0], all[len(all)-1] = l, all[0]
		}
	}
	return &Pages{languages: newLanguages(all)}
}

func TestTagsOfOneLanguage(t *testing.T) {
	ls := speakers(t, "en").languages
	for tag, want := range map[string]string{
		// Codes that were given up, and those of a language's parts.
		"iw": "he", "in": "id", "mo": "ro", "no": "nb", "nn": "nb", "nn-NO": "nb", "no-bok": "nb", "cmn": "zh-Hans", "cmn-TW": "zh-Hant", "arb": "ar", "pes": "fa",
		// A region tells which form.
		"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-SG": "zh-Hans", "zh-HK": "zh-Hant", "zh-TW": "zh-Hant", "zh-MO": "zh-Hant",
		"zh-Hant-CN": "zh-Hant", "zh-Hans-HK": "zh-Hans", "zh-TW-u-nu-hanidec": "zh-Hant",
		"pt": "pt-BR", "pt-BR": "pt-BR", "pt-PT": "pt-PT", "pt-AO": "pt-PT", "pt-MZ": "pt-PT",
		"es-419": "es", "es-MX": "es", "en-GB": "en", "fr-CA": "fr", "de-CH-1901": "de", "nl-BE": "nl", "ar-EG": "ar", "fa-AF": "fa", "ro-MD": "ro", "sv-FI": "sv",
		"ur": "ur", "ur-IN": "ur", "uk": "uk", "ko-KP": "ko",
		// Nobody is taken to read a neighbour's language, or an empire's.
		"be": "", "kk": "", "uz": "", "az": "", "ky": "", "ta": "", "mi": "", "sd": "", "ps": "", "yi": "", "ckb": "", "ku": "",
		"ca": "", "eu": "", "br": "", "fy": "", "af": "", "fo": "", "lb": "", "gsw": "", "ms": "", "jv": "", "sk": "", "sr": "", "ug": "",
		// Another script is another text.
		"ru-Latn": "", "hi-Latn": "", "ja-Latn": "", "ur-Deva": "", "zh-Latn": "", "uk-Latn": "",
		// No language.
		"und": "", "und-BR": "", "und-Hant": "", "mul": "", "x-klingon": "", "i-klingon": "", "jp": "", "cz": "", "ua": "", "": "", "*": "",
	} {
		got := ""
		if l := ls.parsed(tag); l != nil {
			got = l.Tag
		}
		if got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
}

func TestAddressesThatLeaveItOpen(t *testing.T) {
	tests := map[string]struct{ standard, url, accept, want string }{
		"the browser says which Portuguese":         {"en", "/pt/login", "en, pt-PT;q=0.5", "pt-BR"},
		"that is, the one it wants most":            {"en", "/pt/login", "pt-PT, en;q=0.5", "pt-PT"},
		"and which Chinese, of a query too":         {"en", "/login?lang=zh", "zh-TW, zh;q=0.9, en;q=0.8", "zh-Hant"},
		"else the shop does":                        {"pt-PT", "/pt/login", "de", "pt-PT"},
		"to a browser too":                          {"zh-Hant", "/login", "zh", "zh-Hant"},
		"whoever says more gets that":               {"pt-PT", "/pt-br/login", "pt-PT", "pt-BR"},
		"a browser that says more too":              {"pt-PT", "/login", "pt-BR", "pt-BR"},
		"the United Kingdom":                        {"en", "/uk/login", "en-GB,en;q=0.9", "en"},
		"Ukrainian":                                 {"en", "/uk/login", "ru, uk;q=0.9", "uk"},
		"Ukrainian, to whoever says nothing":        {"en", "/uk/login", "", "uk"},
		"Ukrainian in so many words":                {"en", "/uk-ua/login", "en", "uk"},
		"Ukrainian asked for":                       {"en", "/login?lang=uk", "en", "uk"},
		"Argentina":                                 {"en", "/ar/login", "es-AR,es;q=0.9", "es"},
		"Arabic":                                    {"en", "/ar/login", "en-AE,en;q=0.9", "ar"},
		"El Salvador":                               {"en", "/SV/login", "es-SV", "es"},
		"Swedish":                                   {"en", "/sv/login", "en", "sv"},
		"India":                                     {"en", "/in/login", "hi, en;q=0.9", "hi"},
		"nobody's land":                             {"de", "/in/login", "", "de"},
		"identities":                                {"en", "/id/login", "fr", "fr"},
		"Indonesian":                                {"en", "/id/login", "id-ID, en;q=0.9", "id"},
		"Indonesian by its old name":                {"en", "/in/login", "id", "id"},
		"what is open in the path, the query tells": {"en", "/id/login?hl=id", "fr", "id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "https://shop.example"+test.url, nil)
			if test.accept != "" {
				r.Header.Set("Accept-Language", test.accept)
			}
			p := speakers(t, test.standard)
			for range 2 { // found, then remembered
				if got := p.Language(r).Tag; got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
			}
		})
	}
}
