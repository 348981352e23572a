package login

import "testing"

func TestFoldAccountTakesOneAccountForOne(t *testing.T) {
	for want, spellings := range map[string][]string{
		"alice": {
			"alice", "ALICE", " alice ", "alicé", "\uff41lice", "alice  ", "ali\u200bce", "alice\x00", "ali\u00adce", "alice\u0301",
			"al<b>ice", "ali%41ce", "alice&amp;", "alice<x", "ali&x;ce",
		},
		"strasse":         {"straße", "STRASSE", "STRAẞE"},
		"kelly":           {"kelly", "\u212aelly"},
		"alice@shop.test": {" ALICE@shop.test ", "alicé@shop.test"},
		"soren":           {"Søren", "SØREN"},
		"a b":             {"a b", "A\u00a0b", "a \t b"},
		"":                {""},
	} {
		for _, s := range spellings {
			if got := FoldAccount(s); got != want {
				t.Errorf("%q folds to %q, want %q", s, got, want)
			}
		}
	}
	for _, s := range []string{"\u0301", "\u200b", "<b>", "%41"} {
		if FoldAccount(s) == "" {
			t.Errorf("%q folds to nothing", s)
		}
	}
	if FoldAccount("аlice") == "alice" {
		t.Error("a Cyrillic letter is not a Latin one")
	}
}

func TestCanonicalPath(t *testing.T) {
	for p, want := range map[string]string{
		"/account/login/": "/account/login", "/account/login//": "/account/login", "/ACCOUNT/Login": "/account/login",
		"///account/login": "/account/login", "/%2faccount/login": "/account/login", "/account%2flogin": "/account/login",
		"/%61ccount/%6cogin": "/account/login", "/x/../account/login": "/account/login", "/account;x=1/login": "/account/login",
		"/x/..;/account/login": "/account/login", `/account\login`: "/account/login", "/account%5clogin": "/account/login",
		"/account/login.": "/account/login", "/account/login%20": "/account/login", "/account/%256cogin": "/account/login",
		"/account/./login": "/account/login", "": "/", "/..": "/", "*": "/*",
	} {
		if got, ok := CanonicalPath(p); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", p, got, ok, want)
		}
	}
	for _, p := range []string{"/%25252561", "/a\x00b", "/a%00"} {
		if got, ok := CanonicalPath(p); ok {
			t.Errorf("%q: %q, want none", p, got)
		}
	}
}
