package main

import (
	"encoding/base64"
	"math/rand/v2"
	"regexp"
	"strings"
)

// inputBoundary is the one that multipart inputs have.
const inputBoundary = "bnd"

// change is one way of changing an input.
type change struct {
	mark string
	make func(d *draft, text string) string
}

// mutate changes an input in up to three ways, or puts a piece of it into a
// plain login. Fuzz targets look for what is new to our reader; what the
// changes add are the names of credentials, so that many inputs are logins to
// somebody.
func (d *draft) mutate(kind, text string, more []Input) string {
	if d.g.rng.IntN(2) == 0 {
		d.marks = append(d.marks, "in a login")
		from, to := span(d.g.rng, text)
		login := d.say(pick(d.g.rng, logins[kind]))
		at := d.g.rng.IntN(len(login) + 1)
		if d.g.rng.IntN(3) == 0 { // over what stands there
			_, end := span(d.g.rng, login[at:])
			return login[:at] + text[from:to] + login[at+min(end, to-from):]
		}
		return login[:at] + text[from:to] + login[at:]
	}
	changes := append(common(more), ways[kind]...)
	for range 1 + d.g.rng.IntN(3) {
		c := pick(d.g.rng, changes)
		d.marks = append(d.marks, c.mark)
		text = c.make(d, text)
	}
	return text
}

// logins of each kind of input, as clients send them. The path of the login is
// the app's own, see feed.
var logins = map[string][]string{
	formInput:      {"user={a}&pass={p}", "csrf=x&user={a}&pass={p}&remember=1", "pass={p}&user={a}"},
	multipartInput: {strings.ReplaceAll(`--bnd|Content-Disposition: form-data; name="user"||{a}|--bnd|Content-Disposition: form-data; name="pass"||{p}|--bnd--|`, "|", "\r\n")},
	jsonInput:      {`{"user":"{a}","pass":"{p}"}`, ` {"x":{"y":[1,"z"]}, "pass" : "{p}", "user" : "{a}" }`},
	graphQLInput:   {gqlDoc, `mutation L { x: ` + gqlOne + ` __typename }`, `mutation{auth{` + gqlOne + `}}`, `mutation{...F} fragment F on Mutation{` + gqlOne + `}`},
	basicInput:     {"Basic {b}"},
	pathInput:      {"{t}"},
}

// common are changes of any text; more are inputs of the same kind.
func common(more []Input) []change {
	return []change{
		{"byte", func(d *draft, text string) string {
			at := d.g.rng.IntN(len(text) + 1)
			return text[:at] + pick(d.g.rng, strings.Split(" ,\t,\r\n,\n,\x00,%,&,=,;,[,],{,},\",',\\,:,.,+,/,#,?,<,>,-,\xff,\u00a0,ſ", ",")) + text[at:]
		}},
		{"cut", func(d *draft, text string) string {
			from, to := span(d.g.rng, text)
			return text[:from] + text[to:]
		}},
		{"double", func(d *draft, text string) string {
			from, to := span(d.g.rng, text)
			return text[:to] + text[from:]
		}},
		{"splice", func(d *draft, text string) string {
			other := pick(d.g.rng, more).Text
			return text[:d.g.rng.IntN(len(text)+1)] + other[d.g.rng.IntN(len(other)+1):]
		}},
	}
}

func span(rng *rand.Rand, text string) (from, to int) {
	from = rng.IntN(len(text) + 1)
	return from, from + rng.IntN(min(16, len(text)-from)+1)
}

// field picks a field of a login: mostly its name, sometimes an odd spelling
// of it, with its value or another.
func (d *draft) field() (name, value string) {
	name, value = "user", pick(d.g.rng, []string{"{a}", "{a}", "{a}", "{d}"})
	if d.g.rng.IntN(2) == 0 {
		name, value = "pass", pick(d.g.rng, []string{"{p}", "{p}", "{p}", "{q}"})
	}
	if d.g.rng.IntN(5) == 0 {
		name = strings.ReplaceAll(pick(d.g.rng, keyTemplates), "K", name)
	}
	return name, d.say(value)
}

var (
	jsonKey   = regexp.MustCompile(`"[^"]{0,40}"\s*:`)
	partNames = regexp.MustCompile(`(?i)name\s*=\s*"?[^";\r\n]{0,40}"?`)
	gqlCalls  = regexp.MustCompile(`[A-Za-z_]\w*\s*\(`)
	xmlMethod = regexp.MustCompile(`(methodName</name>\s*<value>\s*(<string>)?|<methodName>)[^<]*`)
)

// ways are the changes of each kind of input.
var ways = map[string][]change{
	formInput: {
		{"pair", func(d *draft, text string) string {
			pairs := strings.Split(text, "&")
			at := d.g.rng.IntN(len(pairs) + 1)
			name, value := d.field()
			return strings.Join(append(append(pairs[:at:at], name+"="+value), pairs[at:]...), "&")
		}},
		{"pair's name", func(d *draft, text string) string {
			pairs := strings.Split(text, "&")
			at := d.g.rng.IntN(len(pairs))
			_, value, _ := strings.Cut(pairs[at], "=")
			name, _ := d.field()
			pairs[at] = name + "=" + value
			return strings.Join(pairs, "&")
		}},
		{"login", func(d *draft, text string) string {
			login := d.say("user={a}&pass={p}")
			return pick(d.g.rng, []string{login + "&" + text, text + "&" + login})
		}},
	},
	multipartInput: {
		{"part", func(d *draft, text string) string {
			name, value := d.field()
			return insert(d.g.rng, text, "--"+inputBoundary, "--"+inputBoundary+"\r\nContent-Disposition: form-data; name=\""+unescape(name)+"\"\r\n\r\n"+value+"\r\n--"+inputBoundary)
		}},
		{"part's name", func(d *draft, text string) string {
			name, _ := d.field()
			return swap(d.g.rng, text, partNames, `name="`+unescape(name)+`"`)
		}},
		{"login", func(d *draft, text string) string {
			login := joinParts([]part{{name: "user", value: d.account}, {name: "pass", value: d.password}}, inputBoundary, "\r\n")
			return insert(d.g.rng, text, "--"+inputBoundary, strings.TrimSuffix(login, "--\r\n"))
		}},
	},
	jsonInput: {
		{"member", func(d *draft, text string) string {
			name, value := d.field()
			return insert(d.g.rng, text, "{", "{"+quoteJSON(unescape(name))+":"+quoteJSON(value)+",")
		}},
		{"member's name", func(d *draft, text string) string {
			name, _ := d.field()
			return swap(d.g.rng, text, jsonKey, quoteJSON(unescape(name))+":")
		}},
		{"login", func(d *draft, text string) string {
			return strings.Replace(text, "{", d.say(`{"user":"{a}","pass":"{p}",`), 1)
		}},
	},
	graphQLInput: {
		{"call", func(d *draft, text string) string {
			call := pick(d.g.rng, []string{gqlOne, gqlTwo, "x:" + gqlOne, "auth{" + gqlOne + "}", "...{" + gqlTwo + "}", "...on Mutation{" + gqlOne + "}", `authenticate(input:{native:{user:"{a}",pass:"{p}"}})`})
			return insert(d.g.rng, text, "{", "{"+d.say(call)+" ")
		}},
		{"call's name", func(d *draft, text string) string { return swap(d.g.rng, text, gqlCalls, "login(") }},
		{"mutation", func(d *draft, text string) string { return "mutation" + strings.TrimPrefix(text, "mutation") }},
		{"wrapped", func(d *draft, text string) string { return "mutation{" + d.say(gqlOne) + " " + text + "}" }},
		{"fragment", func(d *draft, text string) string {
			return text + " mutation{...F} fragment F on Mutation{" + d.say(gqlOne) + "}"
		}},
	},
	basicInput: {
		{"credentials", func(d *draft, text string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(d.say(pick(d.g.rng, []string{"{a}:{p}", "{a}:{p}:{q}", "{a}\x00:{p}", " {a}:{p}", "ä{a}:{p}", "{a}:{p}\n", "{a}:\xff{p}", "{a}", ":{p}"}))))
		}},
		{"scheme", func(d *draft, text string) string {
			_, token, _ := strings.Cut(text, " ")
			return pick(d.g.rng, []string{"basic ", "BASIC ", "Basic  ", "Basic\t", " Basic ", "Basic", "Basic,", "Bearer x, Basic ", "x Basic ", "Basic Basic "}) + token
		}},
	},
	xmlrpcInput: {
		{"call", func(d *draft, text string) string {
			return insert(d.g.rng, text, "</data>", d.say("<value><struct><member><name>methodName</name><value>wp.getUsersBlogs</value></member><member><name>params</name><value><array><data><value>{a}</value><value>{p}</value></data></array></value></member></struct></value></data>"))
		}},
		{"method", func(d *draft, text string) string {
			return swap(d.g.rng, text, xmlMethod, pick(d.g.rng, []string{"<methodName>", "methodName</name><value>", "methodName</name><value><string>"})+pick(d.g.rng, []string{"wp.getUsersBlogs", "demo.sayHello", "system.multicall"}))
		}},
		{"element", func(d *draft, text string) string {
			return insert(d.g.rng, text, "<", pick(d.g.rng, []string{"<value>x</value>", "<param>", "</param>", "<data>", "<struct>", "<!-- -->", "<string>", "<name>methodName</name>", "<?xml version=\"1.0\"?>", "&amp;", "<x/>"})+"<")
		}},
	},
	pathInput: {
		{"segment", func(d *draft, text string) string {
			return insert(d.g.rng, text, "/", "/"+pick(d.g.rng, append(segments(), "account", "login", "account/login", "index.php", "..", "."))+"/")
		}},
		{"behind the login", func(d *draft, text string) string { return d.b.Target + text }},
		{"before the login", func(d *draft, text string) string { return "/" + strings.TrimPrefix(text, "/") + d.b.Target }},
		{"in the login", func(d *draft, text string) string {
			return strings.Replace(d.b.Target, "account/", "account/"+strings.TrimPrefix(text, "/")+"/", 1)
		}},
		{"away again", func(d *draft, text string) string {
			up := strings.Repeat("/..", 1+d.g.rng.IntN(3))
			from, to := span(d.g.rng, text)
			return strings.Replace(d.b.Target, "account/", "account/"+text[from:to]+up+"/", 1)
		}},
	},
}

// insert puts in what stands for one of the places where at is found, or
// behind the text where it is not found.
func insert(rng *rand.Rand, text, at, in string) string {
	n := strings.Count(text, at)
	if n == 0 {
		return text + in
	}
	i := strings.Index(text, at)
	for range rng.IntN(n) {
		i += len(at)
		i += strings.Index(text[i:], at)
	}
	return text[:i] + in + text[i+len(at):]
}

// swap puts in one of what the pattern finds.
func swap(rng *rand.Rand, text string, pattern *regexp.Regexp, in string) string {
	found := pattern.FindAllStringIndex(text, -1)
	if len(found) == 0 {
		return text
	}
	at := pick(rng, found)
	return text[:at[0]] + in + text[at[1]:]
}
