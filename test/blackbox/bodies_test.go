package blackbox_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// odd is a login that no browser's form would write so, and that every shop
// reads alike.
type odd struct {
	what, contentType, body string
}

// oddLogins are valid logins in odd dress, the same on every run. account is
// the n-th's own, so that none meets another's limits.
func oddLogins(n int) []odd {
	random := rand.New(rand.NewPCG(1847, 1861))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	values := []string{
		"", "%00", "a%00b", "+", "%2B", "%20", "++a++", "%C3%A4%C3%B6%C3%BC", "%e2%82%ac", "ä€", "%F0%9F%94%91", "%D9%85%D8%B1%D8%AD%D8%A8%D8%A7",
		"%25", "%26%3D%23", "a%3Db", "=", "==", "%0D%0A", "%09", "%5B%5D", "%C2%AD", "e%CC%81", "%EF%BB%BF", "'%22%3Cscript%3E", "%7F", "%E2%80%AE",
		"null", "0", "true", "{}", "%5C", strings.Repeat("x", 300), strings.Repeat("%F0%9F%90%99", 60),
	}
	foreign := []string{"x", "x", "_token", "redirect", "a%5B%5D", "a[]", "a%5Bb%5D%5Bc%5D", "utf8", "remember", "%E2%9C%93", "", "%00", "x.y", "x+y", "csrf-token", "email_x", "q[", "passworde"}
	var out []odd
	for i := range n {
		account := fmt.Sprintf("p%d%s", i, pick("@shop.example", "%40shop.example", "+tag%40b.c", "%C3%A4%40b.c", ".x%40b.c", ""))
		pairs := []string{"email=" + account, "password=" + pick(values...)}
		if random.IntN(2) == 0 {
			pairs[0], pairs[1] = pairs[1], pairs[0]
		}
		for range random.IntN(6) {
			at := random.IntN(len(pairs) + 1)
			extra := pick(foreign...)
			if random.IntN(8) > 0 {
				extra += "=" + pick(values...)
			}
			pairs = append(pairs[:at:at], append([]string{extra}, pairs[at:]...)...)
		}
		body := strings.Join(pairs, "&")
		switch random.IntN(6) {
		case 0:
			body = "&" + body
		case 1:
			body += "&"
		case 2:
			body = strings.Replace(body, "&", "&&", 1)
		}
		out = append(out, odd{fmt.Sprintf("form %d", i), pick(formType, formType, formType+"; charset=UTF-8", "Application/X-WWW-Form-Urlencoded", formType+";charset=utf-8"), body})
	}
	for i := range n / 6 {
		out = append(out, oddMultipart(random, i))
	}
	const large = 60 << 10
	return append(out,
		odd{"60 KiB before", formType, "note=" + strings.Repeat("%20+", large/4) + "&email=l1%40b.c&password=x"},
		odd{"60 KiB behind", formType, "email=l2%40b.c&password=x&note=" + strings.Repeat("ä", large/2)},
		odd{"60 KiB of password", formType, "email=l3%40b.c&password=" + strings.Repeat("%61", large/3)},
		odd{"a thousand fields", formType, strings.Repeat("a=1&", 1000) + "email=l4%40b.c&password=x"},
	)
}

// oddMultipart is a multipart login by the grammar of RFC 7578, with files
// and foreign fields of any bytes.
func oddMultipart(random *rand.Rand, i int) odd {
	boundary := []string{"x", "----WebKitFormBoundaryAb09", "'()+_,-./:=?", strings.Repeat("b", 70)}[random.IntN(4)]
	var b bytes.Buffer
	part := func(head, value string) {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", boundary, head, value)
	}
	file := func() {
		if random.IntN(2) == 0 {
			return
		}
		raw := make([]byte, random.IntN(3000))
		for j := range raw {
			raw[j] = byte(random.UintN(256))
		}
		part(`name="picture"; filename="a b.png"`+"\r\nContent-Type: image/png", string(raw))
	}
	file()
	part(`name="email"`, fmt.Sprintf("m%d@shop.example", i))
	for range random.IntN(3) {
		part(`name="note"`, "äöü\r\n--\r\n\x00"+strings.Repeat("-", random.IntN(9)))
	}
	part(`name="password"`, []string{"", "a\x00b", " x ", "p&q=r+s%20t", "\r\nlines\r\n", "🔑"}[random.IntN(6)])
	file()
	fmt.Fprintf(&b, "--%s--%s", boundary, []string{"", "\r\n"}[random.IntN(2)])
	quoted := boundary
	if strings.ContainsAny(boundary, "'()+_,/:=?") {
		quoted = `"` + boundary + `"`
	}
	return odd{fmt.Sprintf("multipart %d", i), "multipart/form-data; boundary=" + quoted, b.String()}
}

func TestHundredsOfOddButValidLoginsArriveByteForByteAfterTheCheck(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	all := oddLogins(300)
	const batches = 12 // the first of each by the slider's proof of work, the others type the picture
	for b := range batches {
		t.Run(fmt.Sprintf("batch %d", b), func(t *testing.T) {
			t.Parallel()
			for i := b; i < len(all); i += batches {
				oddLogin(t, shop, g.URL, i, i == b, all[i])
			}
		})
	}
}

func oddLogin(t *testing.T, shop *shoptest.Shop, base string, i int, bySlider bool, l odd) {
	t.Helper()
	p := visitor(t, base, fmt.Sprintf("198.%d.%d.7", 18+i/250, i%250)).withoutCookies()
	p.header.Set("X-Who", fmt.Sprint(i))
	r := p.request(http.MethodPost, p.base+"/login", l.contentType, l.body)
	held := p.do(r)
	if held.guard() != "slider" {
		t.Errorf("%s: %s, Login-Guard %q for %s\n%.300q", l.what, held.Status, held.guard(), l.contentType, l.body)
		return
	}
	c := p.check(held, "slider")
	if bySlider {
		p.slide(c)
	} else {
		p.typeIn(c)
	}
	var got []shoptest.Request
	for _, one := range shop.Requests() {
		if one.Header.Get("X-Who") == fmt.Sprint(i) {
			got = append(got, one)
		}
	}
	if len(got) != 1 {
		t.Errorf("%s: %d requests at the shop", l.what, len(got))
		return
	}
	switch one := got[0]; {
	case string(one.Body) != l.body:
		t.Errorf("%s: %d bytes became %d\n%.300q\n%.300q", l.what, len(l.body), len(one.Body), l.body, one.Body)
	case one.Header.Get("Content-Type") != l.contentType, one.Method != http.MethodPost, one.URI != "/login",
		one.Header.Get("Origin") != r.Header.Get("Origin"), one.Header.Get("Referer") != r.Header.Get("Referer"),
		one.Header.Get("Content-Length") != fmt.Sprint(len(l.body)), one.Header.Get("Transfer-Encoding") != "":
		t.Errorf("%s: arrives as %s %s with %v", l.what, one.Method, one.URI, one.Header)
	}
}
