package main

import (
	"encoding/json"
	"strings"
)

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

func (d *draft) bigJSON(filler, at string) {
	body := map[string]string{
		"before":  `{"x":"F","user":"{a}","pass":"{p}"}`,
		"behind":  `{"user":"{a}","pass":"{p}","x":"F"}`,
		"between": `{"user":"{a}","x":"F","pass":"{p}"}`,
		"inside":  `{"user":"{a}","pass":"{p}F"}`,
		"odd":     `{"user":"{a}","x":["F",{"pass":"{q}"}],"p\u0061ss":"{p}"}`,
	}[at]
	d.req.Body = []byte(strings.Replace(d.say(body), "F", filler, 1))
}

// jsons are odd bodies of JSON.
func jsons() []oddity {
	out := templates("json", []string{
		`{"user":"{a}","user":"{d}","pass":"{p}"}`, `{"user":"{d}","user":"{a}","pass":"{p}"}`, `{"user":"{a}","pass":"{p}","pass":"{q}"}`, `{"user":"{a}","USER":"{d}","pass":"{p}"}`, `{"User":"{a}","Pass":"{p}"}`, `{"USER":"{d}","user":"{a}","pass":"{p}"}`, `{"user":"{a}","u\u0073er":"{d}","pass":"{p}"}`, `{"u\u0073er":"{a}","p\u0061ss":"{p}"}`, `{"\u0075\u0073\u0065\u0072":"{a}","pass":"{p}"}`,
		`{"uſer":"{d}","user":"{a}","pass":"{p}"}`, `{"uſer":"{a}","paſs":"{p}"}`, `{"u\u017fer":"{d}","user":"{a}","pass":"{p}"}`, `{"user":"{a}","pa\u017fs":"{q}","pass":"{p}"}`, `{"user":"{a}","pass":"{p}","paſſ":"{q}"}`,
		`{"user":"{a}" /* x */,"pass":"{p}"}`, `{/* "user":"{d}", */"user":"{a}","pass":"{p}"}`, "// x\n{\"user\":\"{a}\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\", // x\n\"pass\":\"{p}\"}", "# x\n{\"user\":\"{a}\",\"pass\":\"{p}\"}", `/* x */{"user":"{a}","pass":"{p}"}`, `{"user":"{a}","pass":"{p}"}// x`, `{"user":"{a}","pass":"{p}"}/* x */`,
		"\ufeff{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\xff\xfe{\"user\":\"{a}\",\"pass\":\"{p}\"}", ")]}',\n{\"user\":\"{a}\",\"pass\":\"{p}\"}", "while(1);{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\x00{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\u00a0{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\v{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\f{\"user\":\"{a}\",\"pass\":\"{p}\"}", "\x1e{\"user\":\"{a}\",\"pass\":\"{p}\"}\n", "\u2028{\"user\":\"{a}\",\"pass\":\"{p}\"}",
		`{"user":"{a}","pass":"{p}"} x`, `{"user":"{a}","pass":"{p}"}{"user":"{d}","pass":"{q}"}`, "{\"user\":\"{a}\",\"pass\":\"{p}\"}\n{\"user\":\"{d}\",\"pass\":\"{q}\"}\n", `{"user":"{a}","pass":"{p}"},`, `{"user":"{a}","pass":"{p}"}]`, `{"user":"{a}","pass":"{p}"}}`, "{\"user\":\"{a}\",\"pass\":\"{p}\"}\x00", "{\"user\":\"{a}\",\"pass\":\"{p}\"}\x00x", "{\"user\":\"{a}\",\"pass\":\"{p}\"}\x1a", `{"user":"{a}","pass":"{p}"}&user={d}&pass={q}`, `{}{"user":"{a}","pass":"{p}"}`,
		`{"user":"{a}","pass":"{p}",}`, `{,"user":"{a}","pass":"{p}"}`, `{"user":"{a}",,"pass":"{p}"}`, `{'user':'{a}','pass':'{p}'}`, `{user:"{a}",pass:"{p}"}`, `{"user":"{a}","pass":"{p}"`, `"user":"{a}","pass":"{p}"`, `{"user":"{a}";"pass":"{p}"}`, `{"user"="{a}","pass"="{p}"}`, `{"user":"{a}" "pass":"{p}"}`, `{"user"=>"{a}","pass"=>"{p}"}`, `{"user":"{a}","pass":"{p}","x":NaN}`, `{"user":"{a}","pass":"{p}","x":Infinity}`, `{"user":"{a}","pass":"{p}","x":-Infinity}`, `{"user":"{a}","pass":"{p}","x":01}`, `{"user":"{a}","pass":"{p}","x":0x1}`, `{"user":"{a}","pass":"{p}","x":+1}`, `{"user":"{a}","pass":"{p}","x":.5}`, `{"user":"{a}","pass":"{p}","x":undefined}`, `{"user":"{a}","pass":"{p}","x":TRUE}`, `{"user":"{a}","pass":"{p}","x":"\x41"}`, `{"user":"{a}","pass":"{p}","x":"\'"}`, `{"user":"{a}","pass":"{p}","x":"\u12"}`,
		`[{"user":"{a}","pass":"{p}"}]`, `[{"user":"{a}","pass":"{p}"},{"user":"{d}","pass":"{q}"}]`, `{"user":["{a}"],"pass":["{p}"]}`, `{"user":["{a}","{d}"],"pass":"{p}"}`, `{"user":"{a}","pass":["{p}","{q}"]}`, `{"user":{"x":"{a}"},"pass":"{p}"}`, `{"user":"{a}","pass":{"$ne":"{p}"}}`, `{"user":"{a}","pass":{"$in":["{p}","{q}"]}}`, `{"user":{"$gt":""},"pass":"{p}"}`, `{"user":"{a}","pass":{"toString":"{p}"}}`, `{"user":{"user":"{a}"},"pass":{"pass":"{p}"}}`, `{"login":{"user":"{a}","pass":"{p}"}}`, `{"__proto__":{"user":"{a}","pass":"{p}"}}`, `{"__proto__":{"user":"{d}"},"user":"{a}","pass":"{p}"}`, `{"constructor":{"prototype":{"user":"{d}"}},"user":"{a}","pass":"{p}"}`, `{"user":"{a}","__proto__":{"pass":"{p}"}}`,
		`{"user":123,"pass":"{p}"}`, `{"user":"{a}","pass":123}`, `{"user":"{a}","pass":1e3}`, `{"user":"{a}","pass":123456789012345678901234567890}`, `{"user":"{a}","pass":1.0}`, `{"user":"{a}","pass":true}`, `{"user":"{a}","pass":false}`, `{"user":"{a}","pass":null}`, `{"user":null,"pass":"{p}"}`, `{"user":true,"pass":"{p}"}`, `{"user":1e400,"pass":"{p}"}`, `{"user":-0,"pass":"{p}"}`, `{"user":1.10,"pass":"{p}"}`, `{"user":"{a}","pass":""}`, `{"user":"","pass":"{p}"}`, `{"user":"{a}"}`, `{"pass":"{p}"}`, `{}`, `[]`, `null`, `"user"`, `1`, ``, ` `,
		`{"user":"{a}\u0000","pass":"{p}"}`, `{"user":"{a}\u0000{d}","pass":"{p}"}`, `{"user":"{a}\ud800","pass":"{p}"}`, `{"user":"\ud83d\ude00{a}","pass":"{p}"}`, `{"user":"\udc00\ud800{a}","pass":"{p}"}`, "{\"user\":\"{a}\xff\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\xed\xa0\x80\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\n\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\t\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\x00\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\x7f\",\"pass\":\"{p}\"}", `{"user":"{a}\/","pass":"{p}"}`, `{"user":"{a}\b\f","pass":"{p}"}`, `{"user":"{a}\v","pass":"{p}"}`, "{\"user\":\"{a}\\\n\",\"pass\":\"{p}\"}", "{\"user\":\"{a}\xc0\x80\",\"pass\":\"{p}\"}",
		`{"user ":"{a}","pass":"{p}"}`, `{" user":"{a}"," pass":"{p}"}`, `{"user\u0000":"{a}","pass":"{p}"}`, `{"user\u0000x":"{d}","user":"{a}","pass":"{p}"}`, `{"user[]":"{a}","pass":"{p}"}`, `{"user.x":"{a}","pass":"{p}"}`, `{"/user":"{a}","/pass":"{p}"}`, `{"":{"user":"{a}","pass":"{p}"}}`, `{"user":"{a}","pass ":"{q}","pass":"{p}"}`,
		" \t\r\n{ \"user\" : \"{a}\" ,\r\n\t\"pass\" : \"{p}\" } \r\n", `{"pass":"{p}","user":"{a}"}`, `{"x":{"user":"{d}","pass":"{q}"},"user":"{a}","pass":"{p}"}`, `{"x":[{"user":"{d}"}],"user":"{a}","pass":"{p}"}`, `{"x":"\"user\":\"{d}\"","user":"{a}","pass":"{p}"}`, `user={a}&pass={p}`, `user={a}&pass={p}&x={"`, `{"user":"{a}","pass":"{p}","login_guard_x":"y"}`, `{"user":"{a}","pass":"{p}","x":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}}`, `{"user":"{a}","pass":"{p}","x":[[[[[[[[[[1]]]]]]]]]]}`,
	})
	whole := func(mark string, f func(d *draft) []byte) {
		out = append(out, oddity{"json " + mark, func(d *draft) { d.req.Body = f(d) }})
	}
	const plain = `{"user":"{a}","pass":"{p}"}`
	for _, c := range []string{"", "; charset=utf-16", "; charset=utf-16le", "; charset=utf-16be"} {
		for _, big := range []bool{false, true} {
			for _, mark := range []bool{false, true} {
				whole("utf-16"+c, func(d *draft) []byte {
					d.req.set("Content-Type", jsonType+c)
					return utf16Bytes(d.say(plain), big, mark)
				})
			}
		}
	}
	whole("utf-32", func(d *draft) []byte {
		var b []byte
		for _, r := range d.say(plain) {
			b = append(b, 0, 0, 0, byte(r))
		}
		return b
	})
	whole("deep", func(d *draft) []byte {
		return []byte(d.say(`{"x":`) + strings.Repeat("[", 200) + strings.Repeat("]", 200) + d.say(`,"user":"{a}","pass":"{p}"}`))
	})
	whole("long number", func(d *draft) []byte {
		return []byte(d.say(`{"user":"{a}","pass":"{p}","x":1` + strings.Repeat("0", 400) + `}`))
	})
	whole("many keys", func(d *draft) []byte {
		return []byte("{" + strings.Repeat(`"x":1,`, 3000) + d.say(`"user":"{a}","pass":"{p}"}`))
	})
	whole("gbk", func(d *draft) []byte {
		d.req.set("Content-Type", jsonType+"; charset=gbk")
		return []byte(d.say("{\"user\":\"{a}\x81\x5c\",\"pass\":\"{p}\"}"))
	})
	whole("utf-7", func(d *draft) []byte {
		d.req.set("Content-Type", jsonType+"; charset=utf-7")
		return []byte(d.say(`{+ACI-user+ACI-:"{a}","pass":"{p}"}`))
	})
	for _, ct := range []string{
		"application/json; charset=utf-8", "application/json;charset=UTF-8", "application/json; charset=iso-8859-1", "application/json; charset=utf-16", "application/json; charset=us-ascii", "application/json; charset=x", "application/json; charset=utf-8; charset=utf-16", "Application/JSON", "APPLICATION/JSON", "application/json ", " application/json", "application/json;", "application/json; x", "application/json, text/plain", "text/plain, application/json", "application/json; application/x-www-form-urlencoded", "application/x-www-form-urlencoded, application/json", "application/x-www-form-urlencoded; application/json",
		"text/json", "application/x-json", "application/json5", "application/ld+json", "application/vnd.api+json", "application/problem+json", "application/hal+json", "application/csp-report", "application/jsonp", "application/json-patch+json", "application/x-ndjson", "application/json-seq", "application/reports+json", "application/manifest+json", "application/+json", "x+json", "application/xjson", "text/x-json", "text/javascript", "application/javascript", "application/jsonx", "application/json/x", "application//json", "/json", "json", "multipart/json", "image/json", "text/plain", "text/plain;charset=UTF-8", "text/html", "application/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "", "*/*", "application/*", "image/png", "application/graphql", "application/graphql+json", "application/xml", "application/csp+json;x=\"", "application/json\t", "application/json; boundary=x", "application/json; odata=verbose", "application/vnd.ms-json", "application/json;charset", "application/json;=", "application/json; profile=\"x\"",
	} {
		whole("as "+ct, func(d *draft) []byte {
			d.req.set("Content-Type", ct)
			if d.g.rng.IntN(4) == 0 {
				return []byte(d.say(`{"user":"{a}","pass":"{p}","user":"{d}"}`))
			}
			return d.req.Body
		})
	}
	whole("untyped", func(d *draft) []byte {
		d.req.drop("Content-Type")
		return d.req.Body
	})
	return append(out, sizes("json")...)
}
