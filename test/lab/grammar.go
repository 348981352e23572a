package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Grammar makes requests: logins that are odd in one way or in several,
// plain logins, and what is no login. What it makes depends on its seed and
// on nothing else.
type Grammar struct {
	// JSON: whether bodies of JSON are made.
	JSON bool

	rng  *rand.Rand
	seed uint64
	n    int
	// turn goes through every oddity of a dimension before it starts again.
	turn map[string]int
	all  map[string][]oddity
}

// NewGrammar makes a grammar.
func NewGrammar(seed uint64, stream uint64) *Grammar {
	return &Grammar{JSON: true, rng: rand.New(rand.NewPCG(seed, stream)), seed: seed ^ stream<<40, turn: map[string]int{}, all: map[string][]oddity{}}
}

// draft is a request in the making. Texts in templates stand for what the
// login has: {a} the account, {p} the password, {d} and {q} decoys for them.
type draft struct {
	g    *Grammar
	b    *Backend
	kind string // form, multipart, json, graphql, text, basic
	req  *Request
	// query parameters that are added, as sent
	query []string
	vars  *strings.Replacer

	account, password string
	marks             []string
}

// oddity is one way of being odd.
type oddity struct {
	mark  string
	apply func(d *draft)
}

// say fills in a template.
func (d *draft) say(template string) string { return d.vars.Replace(template) }

func (d *draft) do(o oddity) {
	d.marks = append(d.marks, o.mark)
	o.apply(d)
}

// next takes the next oddity of a dimension, in an order of the seed's own.
func (g *Grammar) next(dimension string, make func() []oddity) oddity {
	from := g.all[dimension]
	if from == nil {
		from = make()
		g.all[dimension] = from
	}
	at := g.turn[dimension]
	if at == 0 {
		at = 1 + g.rng.IntN(len(from))
	}
	// A step without common divisor goes through all of them.
	step := 7919 % len(from)
	for step == 0 || gcd(step, len(from)) != 1 {
		step++
	}
	g.turn[dimension] = 1 + (at-1+step)%len(from)
	return from[at-1]
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Oddities is how many ways of being odd have been made so far.
func (g *Grammar) Oddities() (n int) {
	for _, list := range g.all {
		n += len(list)
	}
	return n
}

// Next makes the next request for a backend.
func (g *Grammar) Next(b *Backend) *Case {
	g.n++
	d := &draft{g: g, b: b}
	tag := fmt.Sprintf("%x%05x", g.seed&0xffff, g.n)
	d.account, d.password = "a"+tag, "p"+tag
	class := Odd
	switch n := g.rng.IntN(100); {
	case n < 8:
		class = Plain
		d.account, d.password = g.person(tag)
	case n < 14:
		class = Innocent
	}
	d.vars = strings.NewReplacer("{a}", d.account, "{p}", d.password, "{d}", "b"+tag, "{q}", "q"+tag)
	d.req = &Request{Method: "POST", Target: b.Target, Framing: Length}
	kinds := []string{"form", "form", "multipart", "multipart", "json", "json", "text"}
	d.kind = pick(g.rng, kinds)
	if b.GraphQL {
		d.kind = "graphql"
	} else if b.Basic != "" && g.rng.IntN(10) == 0 {
		d.kind = "basic"
	} else if !g.JSON && d.kind == "json" || class == Plain && d.kind == "text" {
		d.kind = pick(g.rng, kinds[:4])
	}
	switch class {
	case Plain:
		d.plain()
		d.marks = append(d.marks, "plain "+d.kind)
	case Innocent:
		d.do(g.next("innocent", func() []oddity { return innocents(g.JSON) }))
	default:
		d.odd()
	}
	if len(d.query) > 0 {
		sep := "?"
		if strings.Contains(d.req.Target, "?") {
			sep = "&"
		}
		d.req.Target += sep + strings.Join(d.query, "&")
	}
	if d.req.Framing == Length && g.rng.IntN(5) == 0 {
		d.req.Framing = Chunked
		d.req.Chunk = []int{0, 1, 7, 4096}[g.rng.IntN(4)]
		if len(d.req.Body) > 8<<10 && d.req.Chunk < 100 {
			d.req.Chunk = 1000
		}
	}
	t := pick(g.rng, []Transport{Raw, Raw, Raw, Raw, H1, H2C, H2, H3})
	return &Case{Backend: b.Name, Request: d.req, Transport: t, Class: class,
		Account: d.account, Password: d.password, Marks: d.marks}
}

// plain makes the body that a browser or a script sends.
func (d *draft) plain() {
	switch d.kind {
	case "form":
		d.req.set("Content-Type", formType)
		d.req.Body = []byte("user=" + escape(d.account) + "&pass=" + escape(d.password) + pick(d.g.rng, []string{"", "&remember=1", "&csrf=x%2By&submit="}))
	case "multipart":
		d.parts([]part{{name: "user", value: d.account}, {name: "pass", value: d.password}})
	case "json":
		d.req.set("Content-Type", pick(d.g.rng, []string{jsonType, jsonType, jsonType + "; charset=utf-8"}))
		d.req.Body = []byte(fmt.Sprintf(`{"user":%s,"pass":%s}`, quoteJSON(d.account), quoteJSON(d.password)))
	case "graphql":
		d.plainGraphQL()
	case "basic":
		d.plainBasic()
	default:
		d.req.set("Content-Type", "text/plain")
		d.req.Body = []byte(d.say("user={a}\r\npass={p}\r\n"))
	}
}

// odd makes a login that is odd in one way, or in more.
func (d *draft) odd() {
	d.plain()
	rng := d.g.rng
	dimensions := []string{"body", "body", "body", "keys", "keys", "keys", "header", "header", "path", "query", "method", "frame"}
	n := 1
	for n < 5 && rng.IntN(5) < 2 {
		n++
	}
	chosen := map[string]bool{}
	for range n {
		chosen[pick(rng, dimensions)] = true
	}
	if (d.kind == "graphql" || d.kind == "basic") && chosen["keys"] {
		chosen["keys"], chosen["body"] = false, true
	}
	if chosen["keys"] {
		d.do(d.g.next("keys "+d.kind, func() []oddity { return oddKeys(d.kind) }))
	}
	if chosen["body"] && !chosen["keys"] {
		d.do(d.g.next("body "+d.kind, func() []oddity { return bodies(d.kind) }))
	}
	for _, dim := range []struct {
		name string
		from func() []oddity
	}{{"header", headers}, {"path", paths}, {"query", queries}, {"method", methods}, {"frame", frames}} {
		if chosen[dim.name] {
			d.do(d.g.next(dim.name, dim.from))
		}
	}
}

func bodies(kind string) []oddity {
	switch kind {
	case "form":
		return forms()
	case "multipart":
		return multiparts()
	case "json":
		return jsons()
	case "graphql":
		return graphQLs()
	case "basic":
		return basics()
	}
	return texts()
}

// person makes an account and a password as people have them.
func (g *Grammar) person(tag string) (account, password string) {
	accounts := []string{"a%s", "a%s@shop.example", "Ann %s", "Änne%s", "A\u0308nne%s", "安%s", "a+%s@shop.example", "o'%s", "A%s", "a.%s"}
	passwords := []string{"p%s", "p %s", "pä%s€", "p😀%s", `p"\%s`, "p&=+%%;%s", " p%s ", "p<b>%s", "p{%s}", "p%s\t", "p%%41%s", "p[]%s"}
	password = fmt.Sprintf(pick(g.rng, passwords), tag)
	if g.rng.IntN(20) == 0 {
		password += strings.Repeat("x", 4096-len(password))
	}
	return fmt.Sprintf(pick(g.rng, accounts), tag), password
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)
