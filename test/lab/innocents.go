package main

import (
	"fmt"
	"strings"
)

// innocents are requests that are no login, as browsers and scripts send
// them: none may be refused or counted.
func innocents(jsonToo bool) []oddity {
	var out []oddity
	add := func(mark, method, target, contentType, body string) {
		out = append(out, oddity{"innocent " + mark, func(d *draft) {
			d.req.Method, d.req.Target, d.req.Body = method, target, []byte(d.say(body))
			if d.req.Header = nil; contentType != "" {
				d.req.set("Content-Type", contentType)
			}
			if body == "" {
				d.req.Framing = NoBody
			}
		}})
	}
	form := func(mark, target, body string) { add(mark, "POST", target, formType, body) }
	add("page", "GET", "/", "", "")
	for _, given := range []string{"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", `Digest username="x", realm="y"`, "Token abc", "Negotiate YII="} {
		out = append(out, oddity{"innocent " + given, func(d *draft) {
			d.req.Method, d.req.Target, d.req.Body, d.req.Header, d.req.Framing = "GET", "/api/orders", nil, nil, NoBody
			d.req.set("Authorization", given)
		}})
	}
	add("search", "GET", "/search?q=user+pass&page=2", "", "")
	add("prefilled", "GET", "/account?user=x%40y.example", "", "")
	add("failed", "GET", "/account?login=failed", "", "")
	add("static", "GET", "/assets/app.js?v=1.2", "", "")
	form("cart", "/cart/add", "product=1&qty=2")
	form("cart arrays", "/cart/add", "items[0][id]=1&items[0][qty]=2&items[1][id]=7")
	form("profile", "/account/edit", "user={a}&first=Ann&last=B%C3%B6hm")
	form("names alike", "/checkout", "passenger=2&compass=n&user_note=x&bypass=1&user_id=7&password_hint=x&passport=1")
	form("comment", "/blog/1/comment", "text=my+user%3Dx+and+pass%3Dy+%26+more;+user=z&name=Ann")
	form("empty", "/newsletter", "")
	form("legacy", "/search", "q=%E4%F6%FC%zz&x=%")
	form("semicolons", "/search", "q=a;b;c=d&x=1;2")
	form("long", "/blog/1/comment", "text="+strings.Repeat("lorem+ipsum+", 8000))
	add("text", "POST", "/beacon", "text/plain;charset=UTF-8", "page=/x time=12\nuser agent: y")
	add("beacon", "POST", "/beacon", "", "t=1&x=2")
	add("image", "POST", "/upload", "image/png", "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\xff", 500))
	add("bytes", "POST", "/upload/1", "application/octet-stream", strings.Repeat("\x00\x01user=x&pass=", 10000))
	multi := "multipart/form-data; boundary=" + boundary
	add("upload", "POST", "/upload", multi, joinParts([]part{{name: "title", value: "x"}, {header: "Content-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n", value: strings.Repeat("\x00\xffuser=x&pass=y\r\n", 20)}}, boundary, "\r\n"))
	add("large upload", "POST", "/upload", multi, joinParts([]part{{name: "title", value: "x"}, {header: "Content-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n", value: strings.Repeat("\x00\xff name=pass \r\n", 20000)}}, boundary, "\r\n"))
	add("form data", "POST", "/cart/add", multi, joinParts([]part{{name: "product", value: "1"}, {name: "note", value: "ä€😀"}, {name: "empty", value: ""}}, boundary, "\r\n"))
	add("other path", "POST", "/api/items", formType, "name=x&value=y")
	if !jsonToo {
		return out
	}
	for i, body := range []string{
		`{"product":1,"qty":2}`, `[1,2,3]`, `{"text":"my \"user\": x and \"pass\": y"}`, `{"user":"{a}"}`, `{"items":[{"id":1,"name":"x"},{"id":2,"name":"y"}]}`, `{"filter":{"user":{"name":"x"}},"page":{"size":10}}`, `null`, `"x"`, `12`, `{"query":"{ products { name } }","variables":{}}`, `{}`, ` { "a" : [ ] } `, `{"passenger":"x","compass":"n"}`,
	} {
		add(fmt.Sprintf("json %d", i), "POST", "/api/items", jsonType, body)
	}
	add("long json", "POST", "/api/items", jsonType, `{"items":[`+strings.TrimSuffix(strings.Repeat(`{"id":1,"name":"lorem ipsum"},`, 2500), ",")+`]}`)
	return out
}
