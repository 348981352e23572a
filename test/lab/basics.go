package main

import (
	"encoding/base64"
	"strings"
)

// plainBasic is a login by HTTP Basic as browsers and scripts send it: without
// a body, or with one that is no login.
func (d *draft) plainBasic() {
	d.req.Target, d.req.Header, d.req.Body = d.b.Basic, nil, nil
	d.req.Method, d.req.Framing = "GET", NoBody
	d.req.set("Authorization", "Basic "+basicToken(d.account+":"+d.password))
	if d.g.rng.IntN(3) == 0 {
		d.req.Method, d.req.Framing = "POST", Length
		d.plainForm("qty=1")
	}
}

func basicToken(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// basics are odd logins by HTTP Basic. In templates {b} is the credentials in
// base64, {e} those of the decoys.
func basics() []oddity {
	var out []oddity
	add := func(mark string, f func(d *draft)) { out = append(out, oddity{"basic " + mark, f}) }
	say := func(d *draft, template string) string {
		return strings.NewReplacer("{b}", basicToken(d.account+":"+d.password), "{e}", basicToken(d.say("{d}:{q}"))).Replace(template)
	}
	for _, t := range []string{
		"basic {b}", "BASIC {b}", "bAsIc {b}", "Basic  {b}", "Basic\t{b}", "Basic \t{b}", " Basic {b}", "\tBasic {b}", "Basic {b} ", "Basic {b}\t", "Basic{b}", "Basic={b}", "Basic:{b}", "Basic,{b}", "Basic {b},", "Basic {b};", "Basic {b} x", "Basic {b}, Basic {e}", "Basic {e}, Basic {b}", "Basic {e} {b}", "Basic {b}{e}", "Basic Basic {b}", ",Basic {b}", ", Basic {b}", "Bearer x, Basic {b}", "Basic {b}, Bearer x", "Bearer {b}", "Digest {b}", "Negotiate {b}", "Token {b}", "{b}", "Basic", "Basic ", "Basic =", `Basic "{b}"`, "Basic '{b}'", "Basic <{b}>", "Basic realm=x {b}", "Basic credentials={b}", "Basic\u00a0{b}", "Basic\v{b}", "Basic\f{b}", "Basic\x00 {b}", "Basic {b}\x00", "\ufeffBasic {b}", "Basic-{b}", "Basic_{b}", "BasicX {b}", "XBasic {b}",
	} {
		add("header "+short(t), func(d *draft) { d.req.set("Authorization", say(d, t)) })
	}
	// The text within, and how it is written in base64.
	for _, t := range []string{
		"{a}:{p}:{q}", "{a}", "{a}:", ":{p}", ":", "", "{a};{p}", "{a} :{p}", " {a}:{p}", "{a}: {p}", "{a}\x00:{p}", "{a}\x00{d}:{p}", "{a}:{p}\x00{q}", "{a}\n:{p}", "{a}:{p}\n", "{a}\r\n{d}:{p}", "\ufeff{a}:{p}", "ä{a}:{p}", "\xe4{a}:{p}", "{a}\xff:{p}", "{a}:\xff{p}", "{a}%3a{p}", "{a}%00:{p}", "SHOP\\{a}:{p}", "{a}@shop.example:{p}", "{a}\u00a0:{p}", "{a}\t:{p}", "Basic {a}:{p}", "{a}:{p}@shop", "\"{a}\":\"{p}\"", "\xff\xfe{a}:{p}", "{a}\u2028:{p}", "\x7f{a}:{p}", "{a}：{p}",
	} {
		add("text "+short(t), func(d *draft) { d.req.set("Authorization", "Basic "+basicToken(d.say(t))) })
	}
	for _, w := range []struct {
		mark  string
		write func(text string) string
	}{
		{"without padding", func(s string) string { return strings.TrimRight(basicToken(s), "=") }},
		{"padded twice", func(s string) string { return basicToken(s) + "==" }},
		{"of URLs", func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s + "\u00ff\u00fe?>")) }},
		{"with blanks", func(s string) string { t := basicToken(s); return t[:4] + " " + t[4:] }},
		{"with a tab", func(s string) string { t := basicToken(s); return t[:4] + "\t" + t[4:] }},
		{"with dashes", func(s string) string { t := basicToken(s); return t[:4] + "-" + t[4:] }},
		{"with a star", func(s string) string { t := basicToken(s); return t[:4] + "*" + t[4:] }},
		{"ended within", func(s string) string { t := basicToken(s); return t[:8] + "=" + t[8:] }},
		{"two in one", func(s string) string { return basicToken(s) + "=" + basicToken(s) }},
		{"escaped", func(s string) string { return "%59" + basicToken(s)[1:] }},
		{"loose bits", func(s string) string {
			t := basicToken(s + "x")
			if at := strings.IndexByte(t, '='); at > 0 {
				t = t[:at-1] + string(t[at-1]+1) + t[at:]
			}
			return t
		}},
		{"twice", func(s string) string { return basicToken(basicToken(s)) }},
		{"hex", func(s string) string { return strings.ToUpper(basicToken(s)) }},
	} {
		add("base64 "+w.mark, func(d *draft) { d.req.set("Authorization", "Basic "+w.write(d.account+":"+d.password)) })
	}
	// More than one, and elsewhere.
	for _, second := range []string{"Basic {e}", "Bearer x", "", "Basic {b}"} {
		add("and then "+second, func(d *draft) { d.req.add("Authorization", say(d, second)) })
		add("behind "+second, func(d *draft) {
			d.req.Header = append([]Field{{"Authorization", say(d, second)}}, d.req.Header...)
		})
	}
	for _, name := range []string{"authorization", "AUTHORIZATION", "Authorization_", "Proxy-Authorization", "X-Authorization", "Authorisation", "Php-Auth-User", "Redirect-Http-Authorization", "X-Http-Authorization"} {
		add("in "+name, func(d *draft) { d.rename("Authorization", name) })
	}
	add("hidden", func(d *draft) { d.req.add("Connection", "Authorization") })
	add("folded", func(d *draft) { d.req.set("Authorization", say(d, "Basic\r\n {b}")) })
	for _, from := range []string{"http://{a}:{p}@localhost", "//{a}:{p}@localhost"} {
		add("in the target "+from, func(d *draft) { d.req.Target = d.say(from) + d.req.Target })
	}
	for _, body := range []string{"user={a}&pass={p}", "user={a}&pass={q}", "user={d}&pass={p}", "user={d}&pass={q}", "pass={q}", "user={d}"} {
		for _, path := range []string{"basic", "login"} {
			add("beside "+body+" on "+path, func(d *draft) {
				d.req.Method, d.req.Framing = "POST", Length
				if d.plainForm(body); path == "login" {
					d.req.Target = d.b.Target
				}
			})
		}
		add("beside query "+body, func(d *draft) { d.query = append(d.query, d.say(body)) })
	}
	return out
}
