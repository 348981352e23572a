package main

import (
	"strings"
)

// paths are other spellings of the way to the login.
func paths() []oddity {
	var out []oddity
	add := func(mark string, f func(path string) string) {
		out = append(out, oddity{"path " + mark, func(d *draft) {
			path, query, _ := strings.Cut(d.req.Target, "?")
			if d.req.Target = f(path); query != "" && !strings.Contains(d.req.Target, "?") {
				d.req.Target += "?" + query
			}
		}})
	}
	for _, tail := range []string{"/", "//", "/.", "/./", "/..;/login", ";x", ";jsessionid=1", ";/", "%20", "%09", ".", "..", "%2e", "%2f", "%3b", "%00", "%0a", "%ff",
		".json", ".html", ".php", "/index", "/x/..", "/x/../", "/%2e", "/%2e%2e/login", "%5c", `\`, "?", "?x=1", "?;", "#x", "&x", ":", "~", "*", "::$DATA", "/index.php"} {
		add("tail "+tail, func(p string) string { return p + tail })
	}
	for _, head := range []string{"/", "//", "/.", "/./", "/x/..", "/%2e/", "/%2e%2e", "/x/%2e%2e", "/;", "/;x", "/index.php", "/login.php", "/index.php/", "/en", "/shop", "/%2f", `/\`, "/%5c", "/%20", "/..;", "/x/..;"} {
		add("head "+head, func(p string) string { return head + p })
	}
	for _, from := range []string{"http://localhost", "http://evil.example", "https://localhost", "HTTP://LOCALHOST", "http://user:pw@localhost"} {
		add("absolute "+from, func(p string) string { return from + p })
	}
	swap := func(mark, old, new string) {
		add(mark, func(p string) string { return strings.Replace(p, old, new, 1) })
	}
	swap("upper", "account/login", "ACCOUNT/LOGIN")
	swap("title", "account/login", "account/Login")
	for _, slash := range []string{"//", "/./", "/x/../", "%2f", "%2F", "%252f", "%25252f", "%5c", `\`, "/;/", ";/", ";a=b/", "%3b/", "%2e/", "/%2e/", ".//", "%20/", "/%20", "%00/", "%c0%af", "%ef%bc%8f", "\t/"} {
		swap("slash "+slash, "account/login", "account"+slash+"login")
	}
	for _, name := range []string{"%6cogin", "%6Cogin", "%256cogin", "%25256cogin", "%4cogin", "%4C%4F%47%49%4E", "l%6fgin", "logi%6e", "log%0ain", "log%69n%00", "lo\u0131gin", "lo%C4%B1gin", "%ef%bd%8cogin", "log in", "log%2bin", "log+in", "login'", "login%", "login%2", "login%zz", "log-in", "log_in", "login "} {
		swap("name "+name, "login", name)
	}
	for _, name := range []string{"%61ccount", "%2561ccount", "Account", "accounts", "%41ccount", "acc%6funt"} {
		swap("first "+name, "account", name)
	}
	for _, whole := range []string{"/", "*", "", "/index.php", "/?route=account/login", "/index.php?route=account%2Flogin", "/?route=account%2flogin", "/x?route=account/login",
		"/index.php/x?route=account/login", "/?r%6Fute=account/login", "/?+route=account/login", "/?route=%20account/login", "/?route=Account/Login", "/?route=common/home&route=account/login",
		"/?route=account/login&route=common/home", "/?route[]=account/login", "/?route=account/login%00", "/?route=account/./login", "/?route=account/login.", "/?ROUTE=account/login",
		"/?route%00=account/login", "/?route%00x=account/login", "/?x=1;route=account/login", "/?route=account|login", "/?route=acc%0aount/login", "/??route=account/login", "/?&&route=account/login",
		"/?route=a%63count/login", "/?route=%61%63%63%6f%75%6e%74/login", "/?_route_=account/login", "/?route=account/login#x", "/?.route=account/login", "/?route[=account/login", "/?route=account/login&", "/?route=-account/login",
		"/index.php/account/login", "/index.php//account/login", "/index.php/account/login/", "/index.php%2faccount/login", "/index.php/x/../account/login", "/index.php/account%2flogin", "/INDEX.PHP/account/login", "//index.php/account/login", "/index.php/%61ccount/login"} {
		add("whole "+whole, func(string) string { return whole })
	}
	// What `..` takes away differs with what a segment is.
	for _, seg := range segments() {
		for _, dots := range []string{"SEG/..", "SEG/../..", "x/SEG/../.."} {
			swap("dots "+strings.Replace(dots, "SEG", seg, 1), "account/login", "account/"+strings.Replace(dots, "SEG", seg, 1)+"/login")
		}
	}
	// A path matters most where the body's type says nothing of a login: only
	// on a login's own path is such a body read.
	for _, o := range out {
		out = append(out, oddity{o.mark + ", JSON of another type", func(d *draft) {
			o.apply(d)
			d.req.set("Content-Type", pick(d.g.rng, []string{"image/png", "application/octet-stream", "x"}))
			d.req.Body = []byte(d.say(`{"user":"{a}","pass":"{p}"}`))
		}})
	}
	return out
}

// segments of a path that are none, one or two, from server to server.
func segments() []string {
	return []string{"", ";", ";x", "x;y", "x;%2fy", "..;", "%2e%2e", "%252e%252e", "%20", "...", ".%20", ".;", `x\y`, "x%5cy", "x%2fy", "x%252fy", "%3b", "%09"}
}

// queries are credentials, or what looks like them, in the query.
func queries() []oddity {
	var out []oddity
	for _, q := range []string{
		"user={a}", "pass={p}", "user={a}&pass={p}", "user={d}", "pass={q}", "user={d}&pass={q}", "user={d}&user={a}", "user[]={d}", "pass[]={q}", "USER={d}", "User={d}", "%75ser={d}", "+user={d}",
		"user%00={d}", "user;x={d}", "x;user={d}", "x=1;user={d}", "x=1;user={d};pass={q}", "user=%ff", "user={d}%", "user.={d}", "user%20={d}", "user[x]={d}", "user", "user=", "pass=", "?user={d}",
		"_method=PUT", "_method=GET", "_method=post", "login=failed", "email=x%40y.example", "user[=x", "__proto__[user]={d}", "user={d}#", "a=b&pass[$ne]=", "user={d}&amp;pass={q}", "%3Fuser={d}", "user%5B%5D={d}",
		"user={a}&pass={p}&user={d}&pass={q}", "callback=x", "XDEBUG_SESSION_START=1", "user={d}&pass={p}", "user={a}&pass={q}", "charset=utf-16", "_charset_=utf-16",
	} {
		out = append(out, oddity{"query " + q, func(d *draft) { d.query = append(d.query, d.say(q)) }})
		out = append(out, oddity{"query only " + q, func(d *draft) {
			d.query = append(d.query, d.say(q))
			d.req.Body = pick(d.g.rng, [][]byte{nil, []byte("x=1"), []byte(d.say("user={a}")), []byte(d.say("pass={p}"))})
			if d.g.rng.IntN(2) == 0 {
				d.req.set("Content-Type", formType)
			}
			if d.g.rng.IntN(3) == 0 {
				d.req.Method = "GET"
			}
		}})
	}
	return out
}

// methods are other methods, with and without a body.
func methods() []oddity {
	var out []oddity
	for _, m := range []string{"post", "Post", "pOST", "PUT", "PATCH", "DELETE", "GET", "get", "HEAD", "OPTIONS", "QUERY", "SEARCH", "PROPFIND", "TRACE", "FOO", "POSTX", "LINK", "COPY", "LOCK", "REPORT", "MKCOL", "NOTIFY", "PURGE"} {
		out = append(out, oddity{"method " + m, func(d *draft) { d.req.Method = m }})
	}
	for _, f := range []Field{{"X-HTTP-Method-Override", "PUT"}, {"X-HTTP-Method-Override", "GET"}, {"X-HTTP-Method-Override", "POST"}, {"X-Method-Override", "PATCH"}, {"X-HTTP-Method", "POST"}} {
		for _, m := range []string{"POST", "GET", "PUT"} {
			out = append(out, oddity{"method " + m + " " + f.Name + " " + f.Value, func(d *draft) {
				d.req.Method = m
				d.req.add(f.Name, f.Value)
			}})
		}
	}
	for _, value := range []string{"PUT", "GET", "DELETE", "POST", "put"} {
		out = append(out, oddity{"method field " + value, func(d *draft) {
			if d.kind == "form" {
				d.req.Body = append([]byte("_method="+value+"&"), d.req.Body...)
			} else {
				d.query = append(d.query, "_method="+value)
			}
		}})
	}
	return out
}
