package login

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

func TestFoldAccountTakesOneAccountForOne(t *testing.T) {
	for want, spellings := range map[string][]string{
		"alice": {
			"alice", "ALICE", " alice ", "alicé", "\uff41lice", "alice  ", "ali\u200bce", "alice\x00", "ali\u00adce", "alice\u0301",
			"al<b>ice", `al\ice`, `\alice\\`, "al£ice", "££alice", "alice%éa", "ali%41ce", "alice&amp;", "alice<x", "ali&x;ce",
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

func TestMarkupThatEndsInTwoPlacesIsRefused(t *testing.T) {
	endpoints, _ := config.Preset("woocommerce")
	rd, err := NewReader(endpoints, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]Kind{
		"alice": Attempt, "al<b>ice": Attempt, "alice<b": Attempt, "alice<": Attempt, "a>b": Attempt, `"alice"`: Attempt,
		"Alice <alice@shop.example>": Attempt, "<b>alice</b>": Attempt,
		`alice<a ">1">`: Refused, "alice<a '>1'>": Refused, "alice<script>1</script>": Refused, "alice<STYLE >1</style>": Refused, "alice<!-- > -->": Refused,
		"alice<?x>": Refused, "al< b>ice": Refused, "al<b<c>>ice": Refused, "al<b>ice<c\t'>'>": Refused,
	} {
		body := url.Values{"log": {typed}, "pwd": {"x"}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "/wp-login.php", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := rd.Read(httptest.NewRecorder(), r); got.Kind != want {
			t.Errorf("%s: %v %s, want %v", typed, got.Kind, got.Reason, want)
		}
	}
}

// The accounts that MariaDB's general_ci and unicode_ci collations were
// measured to take for one, each with what it was compared to.
func TestCollationsOneAccountIsOne(t *testing.T) {
	for typed, stored := range map[string]string{
		"ALICE": "alice", "alicé": "alice", "ａｌｉｃｅ": "alice", "alice  ": "alice", "ali\u200bce": "alice", "alice\x00": "alice",
		"strasse": "straße", "\u212aelly": "kelly", "a\u0308lice": "älice", "ÁLICE@X.DE": "alice@x.de", "alice@x。de": "alice@x。de",
		"\u0131ris": "iris", "ðave": "dave", "\u0363lice": "alice", "user٣": "user3", "user߃": "user3", "a\u0640lice": "alice", "ʣ": "dz", "らハ": "ラは",
		"bob😀": "bob😎", "x≮y": "x<y", "ꭰ": "Ꭰ", "ﬁona": "fiona", "Ⅷ": "viii", "ali\u2060ce": "alice", "ali\ufe0fce": "alice", "œuvre": "oeuvre", "İris": "iris",
	} {
		if a, b := FoldAccount(typed), FoldAccount(stored); a != b {
			t.Errorf("%q folds to %q, %q to %q", typed, a, stored, b)
		}
	}
}

// `ß` is two letters in one database and one in another.
func TestANameWithASharpSIsOfBothAccountsThatItMayOpen(t *testing.T) {
	endpoints, _ := config.Preset("generic")
	rd, err := NewReader(endpoints, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string][]string{
		"boß@shop.example":   {"boß@shop.example", "bos@shop.example"},
		"ßuße@shop.example":  {"ßuße@shop.example", "suse@shop.example"},
		"boss@shop.example":  nil,
		"an<na@shop.example": {"an<na@shop.example", "an_na@shop.example"},
	} {
		body := url.Values{"email": {typed}, "password": {"x"}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got := rd.Read(httptest.NewRecorder(), r)
		if got.Kind != Attempt || got.Account != typed || !slices.Equal(got.Accounts, want) {
			t.Errorf("%s: %v of %q, accounts %q, want %q", typed, got.Kind, got.Account, got.Accounts, want)
		}
	}
}

func TestTheTableOfEqualCharactersIsReadWholeAndBadOnesAreNot(t *testing.T) {
	of, err := parseEqual(equalText)
	if err != nil || len(of) < 1500 {
		t.Fatalf("%d characters, %v", len(of), err)
	}
	for r := range of {
		if r < 0x80 {
			t.Errorf("%q is ASCII", r)
		}
	}
	for _, bad := range []string{"a xyz", "a 20-10", "a 110000", "a 10-"} {
		if _, err := parseEqual(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// What shops keep apart stays apart.
func TestDifferentAccountsStayDifferent(t *testing.T) {
	names := []string{
		"alice", "аlice", "alice1", "alice.b", "aliceb", "alice-b", "alice_b", "alice+b", "alice+c", "a lice", "al1ce",
		"alice@x.de", "alice@x.com", "alice@y.de", "a.lice@gmail.com", "alice@gmail.com", "alice+a@gmail.com", "'alice'", "alice\"",
		"1", "01", "1.0", "0", "", "名前", "名", "алиса", "алисо", "جميل", "جمل", "o'hara", "ohara", "#alice", "alice#", "*", "%", "_",
	}
	seen := map[string]string{}
	for _, n := range names {
		f := FoldAccount(n)
		if other, ok := seen[f]; ok {
			t.Errorf("%q and %q both fold to %q", n, other, f)
		}
		seen[f] = n
		if again := FoldAccount(f); again != f {
			t.Errorf("%q folds to %q, that to %q", n, f, again)
		}
	}
}

func TestCanonicalPath(t *testing.T) {
	for p, want := range map[string]string{
		"/account/login/": "/account/login", "/account/login//": "/account/login", "/ACCOUNT/Login": "/account/login",
		"///account/login": "/account/login", "/%2faccount/login": "/account/login", "/account%2flogin": "/account/login",
		"/%61ccount/%6cogin": "/account/login", "/x/../account/login": "/account/login", "/account;x=1/login": "/account/login",
		`/account\login`: "/account/login", "/account%5clogin": "/account/login",
		"/account/login.": "/account/login", "/account/login%20": "/account/login", "/account/%256cogin": "/account/login",
		"/account/./login": "/account/login", "": "/", "/..": "/", "*": "/*",
		"/index.php/x/./../account/login/": "/index.php/account/login", "/a b/../c": "/c",
	} {
		if got, ok := CanonicalPath(p); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", p, got, ok, want)
		}
	}
	for _, p := range []string{
		"/%25252561", "/a\x00b", "/a%00",
		// Servers differ on what is taken away for the dots.
		"/x/..;/account/login", "/account/;/../login", "/account/x/..;/../../login", "/account/%2e%2e/../login", "/account/x%2fy/../../login",
		"/account/ /../login", "/account/.../../login", "/account/. /../login", `/account/x\y/../login`, "/account//../login", "/account/login/..;",
		// And on where parameters end.
		"/account/login;%2fx", `/account/login;\x`, "/account/login%3b%2fx", "/account/login;x=1;y=%25",
	} {
		if got, ok := CanonicalPath(p); ok {
			t.Errorf("%q: %q, want none", p, got)
		}
	}
}
