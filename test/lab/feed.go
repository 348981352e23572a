package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Feed makes requests of what the fuzz targets found: the input as it is, or
// changed so that it is a login to somebody, in the type that it was found
// for or in another. Whatever comes of them, no guess may pass unseen. What it
// makes depends on its inputs and its seed.
type Feed struct {
	g      *Grammar
	byKind map[string][]Input
	turn   map[string]int
	n      int
}

// NewFeed makes a feed of inputs, in an order of the seed's own.
func NewFeed(inputs []Input, seed uint64) *Feed {
	f := &Feed{g: NewGrammar(seed, 1<<20), byKind: map[string][]Input{}, turn: map[string]int{}}
	for _, in := range inputs {
		f.byKind[in.Kind] = append(f.byKind[in.Kind], in)
	}
	for _, kind := range slices.Sorted(maps.Keys(f.byKind)) {
		list := f.byKind[kind]
		f.g.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return f
}

// kinds of inputs that a backend reads.
func (f *Feed) kinds(b *Backend, jsonToo bool) []string {
	kinds := []string{formInput, multipartInput, pathInput}
	switch {
	case b.GraphQL:
		kinds = []string{graphQLInput}
	case jsonToo:
		kinds = append(kinds, jsonInput)
	}
	if b.Basic != "" {
		kinds = append(kinds, basicInput)
	}
	var there []string
	for _, kind := range kinds {
		if len(f.byKind[kind]) > 0 {
			there = append(there, kind)
		}
	}
	return there
}

// Next makes the next request for a backend; nil if there is no input that it
// reads.
func (f *Feed) Next(b *Backend, jsonToo bool) *Case {
	kinds := f.kinds(b, jsonToo)
	if len(kinds) == 0 {
		return nil
	}
	f.n++
	kind := kinds[f.turn[b.Name]%len(kinds)]
	f.turn[b.Name]++
	list := f.byKind[kind]
	in := list[f.turn[kind]%len(list)]
	f.turn[kind]++

	tag := fmt.Sprintf("%x%05x", f.g.seed&0xfff, f.n)
	d := &draft{g: f.g, b: b, kind: kind, account: "f" + tag, password: "p" + tag,
		req: &Request{Method: "POST", Target: b.Target, Framing: Length}, marks: []string{"input " + in.Name}}
	d.vars = strings.NewReplacer("{a}", d.account, "{p}", d.password, "{d}", "b"+tag, "{q}", "q"+tag,
		"{b}", base64.StdEncoding.EncodeToString([]byte(d.account+":"+d.password)), "{t}", b.Target)
	text := in.Text
	if kind == graphQLInput {
		// Found for a shop whose login has other arguments.
		text = strings.NewReplacer("username", "user", "password", "pass").Replace(text)
	}
	if f.g.rng.IntN(4) > 0 {
		text = d.mutate(kind, text, list)
	}
	d.feed(kind, text)
	if len(d.query) > 0 {
		sep := "?"
		if strings.Contains(d.req.Target, "?") {
			sep = "&"
		}
		d.req.Target += sep + strings.Join(d.query, "&")
	}
	if f.g.rng.IntN(6) == 0 {
		dim := pick(f.g.rng, []struct {
			name string
			from func() []oddity
		}{{"header", headers}, {"path", paths}, {"query", queries}, {"method", methods}, {"frame", frames}})
		d.do(f.g.next(dim.name, dim.from))
	}
	return &Case{Backend: b.Name, Request: d.req, Class: Odd, Account: d.account, Password: d.password, Marks: d.marks,
		Transport: pick(f.g.rng, []Transport{Raw, Raw, Raw, H1, H2C, H2, H3})}
}

// feed makes the request that carries the text.
func (d *draft) feed(kind, text string) {
	rng := d.g.rng
	d.req.Body = []byte(text)
	as := func(types ...string) {
		if ct := pick(rng, types); ct != "" {
			d.req.set("Content-Type", ct)
		}
	}
	switch kind {
	case formInput:
		switch rng.IntN(6) {
		case 0:
			d.query, d.req.Body = append(d.query, inTarget(text)), nil
			d.req.Method = pick(rng, []string{"GET", "POST"})
		case 1:
			d.query = append(d.query, inTarget(text))
			d.plainForm(pick(rng, []string{"user={a}&pass={p}", "user={a}", "pass={p}", "x=1"}))
		case 2:
			as("text/plain", "", jsonType, "image/png")
		default:
			as(formType, formType, formType+"; charset=utf-8")
		}
	case multipartInput:
		const ct = "multipart/form-data; boundary="
		as(ct+inputBoundary, ct+inputBoundary, ct+inputBoundary, ct+`"`+inputBoundary+`"`, "multipart/mixed; boundary="+inputBoundary, "text/plain")
	case jsonInput:
		as(jsonType, jsonType, jsonType, jsonType+"; charset=utf-8", "application/x+json", "text/plain", formType, "", "image/png")
	case graphQLInput:
		d.feedGraphQL(text)
	case basicInput:
		d.req.Target = d.b.Basic
		d.req.Method = pick(rng, []string{"GET", "POST"})
		d.req.set("Authorization", text)
		d.req.Body = nil
		if rng.IntN(4) == 0 {
			d.plainForm(pick(rng, []string{"x=1", "user={a}&pass={p}", "user={a}&pass={q}"}))
		}
	case pathInput:
		if d.req.Target = inTarget(text); d.req.Target[0] != '/' && rng.IntN(8) > 0 {
			d.req.Target = "/" + d.req.Target
		}
		switch rng.IntN(4) {
		case 0, 1:
			d.req.Body = []byte(d.say(`{"user":"{a}","pass":"{p}"}`))
			as("image/png", "text/plain", "", jsonType)
		case 2:
			d.req.Body = []byte(d.say("user={a}&pass={p}"))
			as("text/plain", "", formType+"; charset=utf-16")
		default:
			d.plainForm("user={a}&pass={p}")
		}
	}
}

func (d *draft) plainForm(template string) {
	d.req.set("Content-Type", formType)
	d.req.Body = []byte(d.say(template))
}

// feedGraphQL sends a document in one of the ways that a request may come.
func (d *draft) feedGraphQL(doc string) {
	quoted, _ := json.Marshal(doc) // what is not UTF-8 becomes U+FFFD
	one := `{"query":` + string(quoted) + `}`
	switch d.g.rng.IntN(6) {
	case 0:
		d.req.set("Content-Type", "application/graphql")
	case 1:
		d.plainForm("")
		d.req.Body = []byte("query=" + escape(doc))
	case 2:
		d.parts([]part{{name: "operations", value: one}, {name: "map", value: "{}"}})
	case 3:
		d.req.set("Content-Type", jsonType)
		d.req.Body = []byte("[" + one + "]")
	default:
		d.req.set("Content-Type", jsonType)
		d.req.Body = []byte(one)
	}
}

// inTarget escapes what would end a request line before its end.
func inTarget(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == 0x7f {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// Feed sends count requests made of the fuzz targets' inputs, as many to each
// app that reads some.
func (l *Lab) Feed(inputs []Input, count int, seed uint64, jsonToo bool) error {
	if count == 0 || len(inputs) == 0 {
		return nil
	}
	began := time.Now()
	feed := NewFeed(inputs, seed)
	var cases []*Case
	for i := 0; i < count; i++ {
		if c := feed.Next(l.farm.Backends[i%len(l.farm.Backends)], jsonToo); c != nil {
			cases = append(cases, c)
		}
	}
	if err := l.all(cases); err != nil {
		return err
	}
	used, logins, ran := map[string]bool{}, 0, 0
	for _, c := range cases {
		used[c.Marks[0]] = true
		tried := 0
		for _, run := range l.watch.Of(c.Backend, c.ID) {
			if run.tried() {
				tried++
			}
		}
		ran += min(tried, 1)
		if tried > 0 || strings.HasPrefix(c.Answer.Guard, "unreadable") {
			logins++
		}
	}
	fmt.Printf("%d requests made of %d inputs of the fuzz targets, of %d, in %.0f s: %d counted as logins or refused as such, %d of which ran one\n",
		len(cases), len(used), len(inputs), time.Since(began).Seconds(), logins, ran)
	return nil
}
