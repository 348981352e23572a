//go:build shops

package shops

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
)

// Paths on which WordPress answers a login, as nginx and Caddy hand them on.
var paths = []string{
	"/wp-login.php", "//wp-login.php", "///wp-login.php", "/./wp-login.php", "/x/../wp-login.php",
	"/wp-admin/../wp-login.php", "/wp%2Dlogin.php", "/%77p-login.php", "/wp-login%2Ephp", "/wp-login.ph%70",
	"/x/%2e%2e/wp-login.php", "/%2e/wp-login.php", "/wp-login.php/", "/wp-login.php/x", "/wp-login.php/x/y.png",
	"/wp-login.php//", "/wp-login.php/wp-login.php", "/wp-login.php/.", "/wp-login.php/index.php", "/wp-content/../wp-login.php",
	"/wp-login.php/%20", "/wp-includes/../wp-login.php",
}

// Queries with which wp-login.php is still a login.
var queries = []string{
	"", "action=login", "action=", "action=no-such-action", "action=LOSTPASSWORD", "%61ction=login", "+action=login",
	"action=lostpassword&action=login", "redirect_to=%2F", "reauth=1", "interim-login=1", "loggedout=true",
	"action[]=lostpassword", "x=1&&y", ";action=lostpassword", "wp_lang=de_DE", "instance=1&_wpnonce=x",
}

// counted checks that WordPress never checks a password that no decision
// counts, and returns how many it checked.
func (v *visitor) counted() int {
	v.t.Helper()
	ran := v.seen("login")
	decisions := v.decided(len(ran))
	n := 0
	for _, d := range decisions {
		switch d.Outcome {
		case "failure", "success":
			n++
		}
	}
	if len(ran) > n {
		v.t.Errorf("WordPress checked %d passwords, %d were counted: %+v", len(ran), n, decisions)
	}
	return len(ran)
}

// spelled sends one wrong login with an unused account, to the guarded site
// and past the guard, and says whether WordPress checked a password.
func spelled(t *testing.T, site string, send func(v *visitor, account string) answer) (guarded, unguarded bool) {
	t.Helper()
	plain := visit(t, bare[site])
	send(plain, "nobody-"+plain.id)
	v := visit(t, site)
	send(v, "nobody-"+v.id)
	return v.counted() > 0, len(plain.seen("login")) > 0
}

func TestEveryPathOfTheSameLoginIsCounted(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		works := 0
		for _, path := range paths {
			t.Run(path, func(t *testing.T) {
				guarded, unguarded := spelled(t, site, func(v *visitor, account string) answer {
					return v.post(path, login(account, "wrong"))
				})
				if guarded != unguarded {
					t.Errorf("WordPress checks a password behind the guard: %v, without it: %v", guarded, unguarded)
				}
				if unguarded {
					works++
				}
			})
		}
		if works < 16 {
			t.Errorf("only %d of the paths are logins here", works)
		}
	})
}

func TestEveryQueryOfTheSameLoginIsCounted(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		works := 0
		for _, query := range queries {
			t.Run(query, func(t *testing.T) {
				guarded, unguarded := spelled(t, site, func(v *visitor, account string) answer {
					return v.post("/wp-login.php?"+query, login(account, "wrong"))
				})
				if guarded != unguarded {
					t.Errorf("WordPress checks a password behind the guard: %v, without it: %v", guarded, unguarded)
				}
				if unguarded {
					works++
				}
			})
		}
		if works < 10 {
			t.Errorf("only %d of the queries are logins here", works)
		}
	})
}

// chunked hides a body's length, so that it goes out in chunks.
func chunked(body string) io.Reader { return struct{ io.Reader }{strings.NewReader(body)} }

// part is one part of a multipart body, as odd as its disposition.
func part(disposition, value string) string {
	return "--XX\r\nContent-Disposition: " + disposition + "\r\n\r\n" + value + "\r\n"
}

// bodies are logins, and what could be taken for one, as PHP reads them;
// ACCOUNT stands for the account. A guard may count or refuse them.
var bodies = []struct{ name, uri, contentType, body string }{
	{"plain", "/wp-login.php", formType, "log=ACCOUNT&pwd=wrong"},
	{"other order", "/wp-login.php", formType, "pwd=wrong&wp-submit=Log+In&log=ACCOUNT"},
	{"charset", "/wp-login.php", formType + "; charset=UTF-8", "log=ACCOUNT&pwd=wrong"},
	{"upper case type", "/wp-login.php", "APPLICATION/X-WWW-FORM-URLENCODED", "log=ACCOUNT&pwd=wrong"},
	{"type with a comma", "/wp-login.php", formType + ", text/plain", "log=ACCOUNT&pwd=wrong"},
	{"type with a blank", "/wp-login.php", formType + " ", "log=ACCOUNT&pwd=wrong"},
	{"no type", "/wp-login.php", "", "log=ACCOUNT&pwd=wrong"},
	{"plain text", "/wp-login.php", "text/plain", "log=ACCOUNT&pwd=wrong"},
	{"escaped names", "/wp-login.php", formType, "l%6Fg=ACCOUNT&p%77d=wrong"},
	{"leading blank", "/wp-login.php", formType, "+log=ACCOUNT&%20pwd=wrong"},
	{"NUL in a name", "/wp-login.php", formType, "log%00x=ACCOUNT&pwd%00=wrong"},
	{"twice", "/wp-login.php", formType, "log=victim&log=ACCOUNT&pwd=a&pwd=wrong"},
	{"second spelled with a blank", "/wp-login.php", formType, "log=victim&pwd=a&+log=ACCOUNT&+pwd=wrong"},
	{"brackets", "/wp-login.php", formType, "log[]=ACCOUNT&pwd[]=wrong"},
	{"brackets after", "/wp-login.php", formType, "log=ACCOUNT&pwd=wrong&pwd[x]=1"},
	{"account without a value", "/wp-login.php", formType, "log&pwd=wrong"},
	{"in the query", "/wp-login.php?log=ACCOUNT&pwd=wrong", formType, "x=1"},
	{"half in the query", "/wp-login.php?log=ACCOUNT", formType, "pwd=wrong"},
	{"another in the query", "/wp-login.php?log=victim", formType, "log=ACCOUNT&pwd=wrong"},
	{"action in the body", "/wp-login.php?action=lostpassword", formType, "log=ACCOUNT&pwd=wrong&action=login"},
	{"exempt action in the query, other in the body", "/wp-login.php?action=register", formType, "user_login=x&log=ACCOUNT&pwd=wrong&action=x"},
	{"fields of a registration", "/wp-login.php", formType, "log=ACCOUNT&pwd=wrong&pass1=a&pass2=a&register=1&user_email=x"},
	{"fields of a WooCommerce registration", "/wp-login.php", formType, "log=ACCOUNT&pwd=wrong&register=Register&email=a%40b.example&woocommerce-register-nonce=x"},
	{"fields of ours", "/wp-login.php", formType, "log=ACCOUNT&pwd=wrong&login_guard_hold=x&login_guard_clearance=x"},
	{"separated by semicolons", "/wp-login.php", formType, "log=ACCOUNT;pwd=wrong"},
	{"semicolon in a value", "/wp-login.php", formType, "a=1;b=2&log=ACCOUNT&pwd=wrong"},
	{"empty pairs", "/wp-login.php", formType, "&&log=ACCOUNT&&pwd=wrong&"},
	{"broken escape", "/wp-login.php", formType, "x=%zz&log=ACCOUNT&pwd=wrong%"},
	{"byte order mark", "/wp-login.php", formType, "\ufefflog=ACCOUNT&log=ACCOUNT&pwd=wrong"},
	{"multipart", "/wp-login.php", "multipart/form-data; boundary=XX", part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart without its end", "/wp-login.php", "multipart/form-data; boundary=XX", part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong")},
	{"multipart with LF", "/wp-login.php", "multipart/form-data; boundary=XX", strings.ReplaceAll(part(`form-data; name="log"`, "ACCOUNT")+part(`form-data; name="pwd"`, "wrong")+"--XX--\r\n", "\r\n", "\n")},
	{"multipart, no quotes", "/wp-login.php", "multipart/form-data; boundary=XX", part(`form-data; name=log`, "ACCOUNT") + part(`form-data; name=pwd`, "wrong") + "--XX--\r\n"},
	{"multipart, single quotes", "/wp-login.php", "multipart/form-data; boundary=XX", part(`form-data; name='log'`, "ACCOUNT") + part(`form-data; name='pwd'`, "wrong") + "--XX--\r\n"},
	{"multipart, two names", "/wp-login.php", "multipart/form-data; boundary=XX", part(`form-data; name="a"; name="log"`, "ACCOUNT") + part(`form-data; name="b"; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, no form-data", "/wp-login.php", "multipart/form-data; boundary=XX", part(`x; name="log"`, "ACCOUNT") + part(`y; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, epilogue", "/wp-login.php", "multipart/form-data; boundary=XX", "--XX--\r\n" + part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong")},
	{"multipart, preamble", "/wp-login.php", "multipart/form-data; boundary=XX", "hello\r\n" + part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, two boundaries", "/wp-login.php", "multipart/form-data; boundary=XX; boundary=YY", part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, quoted boundary", "/wp-login.php", `multipart/form-data; boundary="XX"`, part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, boundary with a comma", "/wp-login.php", `multipart/form-data; boundary=XX,YY`, part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, boundary key misspelt", "/wp-login.php", `multipart/form-data; xboundary=XX`, part(`form-data; name="log"`, "ACCOUNT") + part(`form-data; name="pwd"`, "wrong") + "--XX--\r\n"},
	{"multipart, base64", "/wp-login.php", `multipart/form-data; boundary=XX`, part(`form-data; name="log"`, "ACCOUNT") + part("form-data; name=\"pwd\"\r\nContent-Transfer-Encoding: base64", "wrong") + "--XX--\r\n"},
	{"XML-RPC", "/xmlrpc.php", "text/xml", call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC at another path", "//xmlrpc.php/x", "text/xml", call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC, second parameter", "/xmlrpc.php", "text/xml", call("wp.getProfile", "1", "ACCOUNT", "wrong")},
	{"XML-RPC, blogger", "/xmlrpc.php", "text/xml", call("blogger.getUsersBlogs", "key", "ACCOUNT", "wrong")},
	{"XML-RPC, no type", "/xmlrpc.php", "", call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC as a form", "/xmlrpc.php", formType, call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC as JSON", "/xmlrpc.php", "application/json", call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC, CDATA", "/xmlrpc.php", "text/xml", strings.ReplaceAll(call("wp.getUsersBlogs", "ACCOUNT", "WRONG"), "WRONG", "<![CDATA[wrong]]>")},
	{"XML-RPC, entities", "/xmlrpc.php", "text/xml", call("wp.getUsersBlogs", "ACCOUNT", "&#119;rong")},
	{"XML-RPC, entities in the method", "/xmlrpc.php", "text/xml", call("wp.get&#85;sersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC, no string element", "/xmlrpc.php", "text/xml", strings.NewReplacer("<string>", "", "</string>", "").Replace(call("wp.getUsersBlogs", "ACCOUNT", "wrong"))},
	{"XML-RPC, blanks before", "/xmlrpc.php", "text/xml", "\n \n" + call("wp.getUsersBlogs", "ACCOUNT", "wrong")},
	{"XML-RPC, Latin-1", "/xmlrpc.php", "text/xml", strings.Replace(call("wp.getUsersBlogs", "ACCOUNT", "wrong"), `"1.0"`, `"1.0" encoding="ISO-8859-1"`, 1)},
	{"XML-RPC, multicall", "/xmlrpc.php", "text/xml", `<?xml version="1.0"?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>` +
		strings.Repeat(`<value><struct><member><name>methodName</name><value><string>wp.getUsersBlogs</string></value></member><member><name>params</name><value><array><data><value><string>ACCOUNT</string></value><value><string>wrong</string></value></data></array></value></member></struct></value>`, 5) +
		`</data></array></value></param></params></methodCall>`},
}

func TestNoBodyThatWordPressReadsAsALoginGoesUncounted(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		for _, body := range bodies {
			t.Run(body.name, func(t *testing.T) {
				guarded, unguarded := spelled(t, site, func(v *visitor, account string) answer {
					fill := strings.NewReplacer("ACCOUNT", account)
					return v.send("POST", fill.Replace(body.uri), body.contentType, strings.NewReader(fill.Replace(body.body)))
				})
				if guarded && !unguarded {
					t.Error("WordPress checks a password behind the guard only")
				}
			})
		}
		t.Run("sent in chunks", func(t *testing.T) {
			spelled(t, site, func(v *visitor, account string) answer {
				return v.send("POST", "/wp-login.php", formType, chunked("log="+account+"&pwd=wrong"))
			})
		})
	})
}

// The forms that browsers make are never refused.
func TestBrowsersFormsAreForwarded(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, value := range map[string]string{"log": "nobody", "pwd": "wrong ü + % &", "redirect_to": "/"} {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, form := range []struct{ name, contentType, body string }{
			{"urlencoded", formType, url.Values{"log": {"nobody"}, "pwd": {"wrong ü + % & ="}, "rememberme": {"forever"}, "testcookie": {"1"}}.Encode()},
			{"multipart", w.FormDataContentType(), b.String()},
		} {
			t.Run(form.name, func(t *testing.T) {
				v := visit(t, site)
				v.send("POST", "/wp-login.php", form.contentType, strings.NewReader(form.body))
				if n := v.counted(); n != 1 {
					t.Errorf("WordPress checked %d passwords", n)
				}
				v.outcomes("failure")
			})
		}
	})
}
