package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
)

// escape encodes a value as browsers do.
func escape(s string) string { return url.QueryEscape(s) }

// unescape decodes what can be decoded, and keeps the rest.
func unescape(s string) string {
	if t, err := url.QueryUnescape(s); err == nil {
		return t
	}
	return s
}

// templates makes oddities that replace the body.
func templates(mark string, bodies []string) []oddity {
	var out []oddity
	for _, t := range bodies {
		out = append(out, oddity{mark + " " + short(t), func(d *draft) { d.req.Body = []byte(d.say(t)) }})
	}
	return out
}

// short is a template as it stands in marks.
func short(t string) string {
	t = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, t)
	return t[:min(len(t), 60)]
}

// forms are odd urlencoded bodies.
func forms() []oddity {
	out := templates("form", []string{
		"user={a}&user={d}&pass={p}", "user={d}&user={a}&pass={p}", "user={a}&pass={p}&pass={q}", "user={a}&pass={p}&user={d}&pass={q}", "user={a}&user={a}&pass={p}",
		"user={a};pass={p}", "user={a};user={d}&pass={p}", "user={a}&amp;pass={p}", "user={a}&pass={p};user={d}", "x;user={a}&pass={p}", "x=1;user={d}&user={a}&pass={p}",
		"&&user={a}&&pass={p}&&", "&user={a}&pass={p}", "user={a}&pass={p}&", "user={a}\r\npass={p}\r\n", "user={a}\npass={p}", "user={a}&pass={p}\r\n", "\r\nuser={a}&pass={p}", "user={a}&\r\npass={p}", "user={a}\r\n&pass={p}",
		"user={a},pass={p}", "user={a}|pass={p}", "user:{a}&pass:{p}", "user={a}&pass", "user&pass={p}", "user={a}&pass=", "user=&pass={p}", "user==&pass={p}", "user={a}={d}&pass={p}", "user={a}&pass={p}=x", "=user&user={a}&pass={p}",
		"user={a}%&pass={p}", "user={a}%zz&pass={p}", "user={a}%4&pass={p}", "user=%u0061&pass={p}", "user={a}%00{d}&pass={p}", "user={a}%00&pass={p}", "user=%00{a}&pass={p}", "user={a}%ff&pass={p}", "user=%c1%a1{a}&pass={p}", "user={a}%ed%a0%80&pass={p}",
		"user={a}%0d%0a&pass={p}", "user=+{a}+&pass={p}", "user={a}%c2%a0&pass={p}", "user=%ef%bb%bf{a}&pass={p}", "user={a}&pass={p}%00x", "user={a}&pass=%ff{p}", "user={a}\x00&pass={p}", "user={a}\xff&pass={p}", "user=\xc3\xa4{a}&pass={p}", "user=\xe4{a}&pass={p}",
		"\ufeffuser={a}&pass={p}", "?user={a}&pass={p}", "#user={a}&pass={p}", " user={a}&pass={p}", "user ={a}&pass ={p}", "user= {a}&pass= {p}", "user={a} &pass={p}", "user\t={a}&pass={p}",
		"_charset_=utf-16&user={a}&pass={p}", "_charset_=iso-8859-1&user=%e4{a}&pass={p}", "utf8=%E2%9C%93&user={a}&pass={p}", "isindex={d}&user={a}&pass={p}", "user={a}&pass={p}&__proto__[user]={d}",
		"user[]={a}&user[]={d}&pass={p}", "user={a}&user[]={d}&pass={p}", "user[]={d}&user={a}&pass={p}", "user[a]={a}&user[b]={d}&pass[a]={p}", "pass[]={p}&pass[]={q}&user={a}", "pass={p}&pass[]={q}&user={a}", "pass[$ne]=x&user={a}", "user={a}&pass[0]={p}&pass[1]={q}",
		"user.x={a}&user.y={d}&pass={p}", "user={a}&PASS={p}", "USER={a}&PASS={p}", "user={a}&Pass={q}&pass={p}", `{"user":"{a}","pass":"{p}"}`, `{"user":"{a}","pass":"{p}","x":"="}`, `x={"user":"{a}","pass":"{p}"}`, "json=%7B%22user%22%3A%22{a}%22%2C%22pass%22%3A%22{p}%22%7D",
		"<user>{a}</user><pass>{p}</pass>", "pass={p}&user={a}", "pass={p}", "user={a}", "", "&", "=", "user={a}&pass={p}&login_guard_x=1", "login_guard_answer=1&user={a}&pass={p}", "login_guard_token=x&login_guard_token=y", "login_guard_token=x",
		"user[username]={a}&user[password]={p}&user={a}&pass={p}", "user={a}&pass={p}\x00", "user={a}\x00pass={p}", "user={a}&pass={p}&user", "user={a}&pass={p}&pass", "user&user={a}&pass={p}", "user={a}&pass={p}&%75ser={d}", "user={a}&pass={p}&user%5b%5d={d}",
	})
	whole := func(mark string, f func(d *draft) []byte) {
		out = append(out, oddity{"form " + mark, func(d *draft) { d.req.Body = f(d) }})
	}
	plain := func(d *draft) string { return d.say("user={a}&pass={p}") }
	whole("utf-16le", func(d *draft) []byte { return utf16Bytes(plain(d), false, false) })
	whole("utf-16be", func(d *draft) []byte { return utf16Bytes(plain(d), true, false) })
	whole("utf-16 mark", func(d *draft) []byte { return utf16Bytes(plain(d), false, true) })
	whole("base64", func(d *draft) []byte { return []byte(base64.StdEncoding.EncodeToString([]byte(plain(d)))) })
	whole("ebcdic", func(d *draft) []byte { return ebcdic(plain(d)) })
	whole("escaped separators", func(d *draft) []byte { return []byte(d.say("user%3d{a}%26pass%3d{p}")) })
	whole("escaped twice", func(d *draft) []byte {
		return []byte("user=" + escape(escape("ä"+d.account)) + "&pass=" + d.password)
	})
	for _, n := range []int{19, 20, 21, 100, 999, 1000, 1001, 5000} {
		whole(fmt.Sprintf("behind %d pairs", n), func(d *draft) []byte {
			return []byte(strings.Repeat("x=1&", n) + plain(d))
		})
		whole(fmt.Sprintf("around %d pairs", n), func(d *draft) []byte {
			return []byte(plain(d) + strings.Repeat("&x=1", n) + d.say("&user={d}"))
		})
	}
	for _, n := range []int{5, 64, 100} {
		whole(fmt.Sprintf("%d deep", n), func(d *draft) []byte {
			return []byte("user" + strings.Repeat("[a]", n) + d.say("={a}&pass={p}"))
		})
	}
	return append(out, sizes("form")...)
}

// sizes are logins below and above what a login may have.
func sizes(kind string) []oddity {
	var out []oddity
	for _, n := range []int{60 << 10, 65<<10 + 500, 70 << 10, 150 << 10, 300 << 10} {
		for _, at := range []string{"before", "behind", "between", "inside", "odd"} {
			out = append(out, oddity{fmt.Sprintf("%s %d KiB %s", kind, n>>10, at), func(d *draft) {
				filler := strings.Repeat("x", n)
				switch {
				case kind == "multipart":
					d.bigParts(filler, at)
				case kind == "json":
					d.bigJSON(filler, at)
				case at == "before":
					d.req.Body = []byte("x=" + filler + d.say("&user={a}&pass={p}"))
				case at == "behind":
					d.req.Body = []byte(d.say("user={a}&pass={p}&x=") + filler)
				case at == "between":
					d.req.Body = []byte(d.say("user={a}&x=") + filler + d.say("&pass={p}"))
				case at == "inside":
					d.req.Body = []byte(d.say("user={a}&pass={p}") + filler)
				default:
					key := pick(d.g.rng, keyTemplates)
					d.req.Body = []byte(d.say("user={a}&x=") + filler + d.say("&"+strings.ReplaceAll(key, "K", "pass")+"={p}"))
				}
			}})
		}
	}
	return out
}

// texts are bodies of no type, or of text/plain.
func texts() []oddity {
	out := append(forms(), templates("text", []string{
		"user={a}\r\npass={p}\r\n", "user={a}\npass={p}", "user={a}&pass={p}", "user: {a}\npass: {p}", "user\t{a}\npass\t{p}", "[user]\n{a}", `{"user":"{a}","pass":"{p}"}`, ` {"user":"{a}","pass":"{p}"}=`,
		"--x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\n{a}\r\n--x\r\nContent-Disposition: form-data; name=\"pass\"\r\n\r\n{p}\r\n--x--\r\n",
		"<?xml version=\"1.0\"?><methodCall><methodName>login</methodName><params><param><value>{a}</value></param></params></methodCall>", "user%3D{a}%26pass%3D{p}", "user={a}&pass={p}\x00", "\x00user={a}&pass={p}",
	})...)
	return out
}

func utf16Bytes(s string, big, mark bool) []byte {
	if mark {
		s = "\ufeff" + s
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

// ebcdic is code page 037 of letters, digits, `=` and `&`.
func ebcdic(s string) []byte {
	b := make([]byte, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'i':
			b[i] = 0x81 + c - 'a'
		case c >= 'j' && c <= 'r':
			b[i] = 0x91 + c - 'j'
		case c >= 's' && c <= 'z':
			b[i] = 0xa2 + c - 's'
		case c >= '0' && c <= '9':
			b[i] = 0xf0 + c - '0'
		case c == '=':
			b[i] = 0x7e
		default:
			b[i] = 0x50
		}
	}
	return b
}
