package main

import (
	"fmt"
	"net/url"
	"strings"
)

// document makes the JSON body of a GraphQL request. More is other members,
// each with a comma behind it.
func document(query, variables, more string) string {
	if variables != "" {
		more += `"variables":` + variables + ","
	}
	return "{" + more + `"query":` + quoteJSON(query) + "}"
}

const (
	gqlOne  = `login(user:"{a}",pass:"{p}")`
	gqlTwo  = `login(user:"{a}",pass:"{q}")`
	gqlDoc  = "mutation{" + gqlOne + "}"
	gqlVars = "mutation L($u:String,$p:String){login(user:$u,pass:$p)}"
	gqlUP   = `{"u":"{a}","p":"{p}"}`
)

// plainGraphQL is a login as clients send it.
func (d *draft) plainGraphQL() {
	u, p := quoteJSON(d.account), quoteJSON(d.password)
	d.req.set("Content-Type", jsonType)
	switch d.g.rng.IntN(5) {
	case 4:
		d.plainPersisted()
	case 0:
		d.req.Body = []byte(document("mutation Login($u: String!, $p: String!) {\n  login(user: $u, pass: $p)\n  __typename\n}\n", `{"u":`+u+`,"p":`+p+`}`, `"operationName":"Login",`))
	case 1:
		d.req.Body = []byte(document("mutation($input: Ways) { authenticate(input: $input) }", `{"input":{"native":{"user":`+u+`,"pass":`+p+`}}}`, ""))
	case 2:
		d.req.Body = []byte(document("mutation { login(user: "+u+", pass: "+p+") }", "", ""))
	default:
		d.req.Body = []byte(document("mutation($u: String, $p: String) { auth { login(user: $u, pass: $p) } }", `{"u":`+u+`,"p":`+p+`}`, ""))
	}
}

// graphQLs are odd requests to a GraphQL API.
func graphQLs() []oddity {
	type doc struct{ query, variables, more string }
	var docs []doc
	for _, q := range []string{
		gqlDoc, "mutation{x:" + gqlOne + " y:" + gqlTwo + "}", "mutation{" + gqlOne + gqlOne + "}", "mutation{x:" + gqlOne + " x:" + gqlTwo + "}", "mutation{" + gqlOne + " authenticate(input:{native:{user:\"{a}\",pass:\"{q}\"}})}", "mutation{" + gqlOne + " auth{" + gqlTwo + "}}", "mutation{auth{x:" + gqlOne + " y:" + gqlTwo + "}}",
		"mutation{...F} fragment F on Mutation{" + gqlOne + "}", "mutation{...F ...G} fragment F on Mutation{x:" + gqlOne + "} fragment G on Mutation{y:" + gqlTwo + "}", "mutation{... on Mutation{" + gqlOne + "}}", "mutation{...{x:" + gqlOne + "}...{y:" + gqlTwo + "}}", "mutation{auth{...F}} fragment F on Session{" + gqlOne + "}", "fragment F on Mutation{" + gqlOne + "} mutation{...F}", "mutation{...F} fragment F on Mutation{...G} fragment G on Mutation{" + gqlOne + "}", "mutation{...F} fragment F on Mutation{...F " + gqlOne + "}",
		"mutation{" + gqlOne + "@skip(if:true)}", "mutation{" + gqlOne + "@skip(if:false)}", "mutation{x:" + gqlOne + "@include(if:false) y:" + gqlTwo + "}", "mutation @x{" + gqlOne + "}", "mutation A{" + gqlOne + "} mutation B{addToCart(product:\"x\")}", "query A{me} mutation B{" + gqlOne + "}", "mutation{" + gqlOne + "} mutation{" + gqlTwo + "}", "subscription{" + gqlOne + "}", "{" + gqlOne + "}", "query{me products(term:\"login pass\")}",
		"mutation{login(pass:\"{p}\",user:\"{a}\")}", "mutation{login(user:\"{a}\"pass:\"{p}\")}", "mutation{login(user:\"\"\"{a}\"\"\",pass:\"\"\"{p}\"\"\")}", "mutation{login(user:\"\"\"\n  {a}\n  \"\"\",pass:\"{p}\")}", "mutation{login(user:\"\\u0061x{a}\",pass:\"{p}\")}", "mutation{login(user:\"\\u{61}{a}\",pass:\"{p}\")}", "mutation{login(user:\"{a}\\n\",pass:\"{p}\")}", "mutation{login(user:{a},pass:\"{p}\")}", "mutation{login(user:[\"{a}\"],pass:\"{p}\")}", "mutation{login(user:\"{a}\",pass:123)}", "mutation{login(user:\"{a}\",pass:null)}", "mutation{login(user:\"{a}\",user:\"{d}\",pass:\"{p}\")}", "mutation{login(user:\"{a}\",pass:\"{p}\",pass:\"{q}\")}",
		"mutation{login(user:\"\"\"{a}\\\"\"\"x\"\"\",pass:\"{p}\")}", "mutation{#login\nlogin(user:\"{a}\",#x\npass:\"{p}\")}", "mutation,{,login,(user:\"{a}\",,pass:\"{p}\"),}", "mutation\r{login\t(user\n:\"{a}\" pass:\"{p}\")}", "\ufeffmutation{" + gqlOne + "}", "mutation\u00a0{" + gqlOne + "}", "mutation\x00{" + gqlOne + "}", "mutation{l\\u006fgin(user:\"{a}\",pass:\"{p}\")}", "mutation{LOGIN(user:\"{a}\",pass:\"{p}\")}", "mutation{login:addToCart(product:\"x\") x:" + gqlOne + "}", "mutation{addToCart(product:\"x\") " + gqlOne + "}", "mutation{" + gqlOne + "{x}}", "mutation{" + gqlOne, "mutation{" + gqlOne + "}}", "mutation{" + gqlOne + "} x", "mutation{" + gqlOne + "__typename}", "mutation{auth{__typename " + gqlOne + "}}",
		"mutation{authenticate(input:{native:{user:\"{a}\",pass:\"{p}\"}})}", "mutation{authenticate(input:{google:\"x\",native:{user:\"{a}\",pass:\"{p}\"}})}", "mutation{authenticate(input:{native:{user:\"{a}\",pass:\"{p}\",user:\"{d}\"}})}", "mutation{authenticate(input:{native:[{user:\"{a}\",pass:\"{p}\"}]})}", "mutation{authenticate(input:{google:\"x\"})}", "mutation{a:auth{" + gqlOne + "} b:auth{" + gqlTwo + "}}", strings.Repeat("{", 30), "mutation{" + strings.Repeat("...{", 40) + gqlOne + strings.Repeat("}", 41), "mutation{" + strings.Repeat("x:"+gqlOne+" ", 50) + "}", "# " + strings.Repeat("x", 3000) + "\nmutation{" + gqlOne + "}", "mutation($login:String){" + gqlOne + "}", "mutation login{" + gqlOne + "}", "mutation{auth{login(user:\"{a}\",pass:\"{p}\")}addToCart(product:\"x\")}",
	} {
		docs = append(docs, doc{q, "", ""})
	}
	for _, v := range []string{
		gqlUP, `{"u":"{a}","p":"{p}","u":"{d}"}`, `{"u":"{a}","P":"{q}","p":"{p}"}`, `{"p":"{p}"}`, `{"u":"{a}","p":null}`, `{"u":null,"p":"{p}"}`, `{"u":["{a}"],"p":"{p}"}`, `{"u":"{a}","p":["{p}"]}`, `{"u":"{a}","p":5}`, `{"u":{"x":"{a}"},"p":"{p}"}`, `"{\"u\":\"{a}\",\"p\":\"{p}\"}"`, `"{u:1}"`, `[]`, `null`, `"x"`, `[{"u":"{a}","p":"{p}"}]`, `{"u":"{a}\u0000","p":"{p}"}`, `{"__proto__":{"u":"{d}"},"p":"{p}"}`, `{"$u":"{d}","u":"{a}","p":"{p}"}`, `{"u":"{a}","p":"{p}","x":{"login":"y"}}`, `{"u":"{a}","p":true}`,
	} {
		docs = append(docs, doc{gqlVars, v, ""}, doc{"mutation($u:String=\"{d}\",$p:String=\"{q}\"){login(user:$u,pass:$p)}", v, ""}, doc{"mutation($u:String,$p:String){x:login(user:$u,pass:$p) y:login(user:$u,pass:\"{q}\")}", v, ""},
			doc{"mutation($u:String,$p:String){authenticate(input:{native:{user:$u,pass:$p}})}", v, ""})
	}
	for _, more := range []string{`"operationName":"L",`, `"operationName":"X",`, `"operationName":null,`, `"operationName":"",`, `"operationName":["L"],`, `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"aa"}},`, `"query":"{me}",`, `"Query":"{me}",`, `"QUERY":"mutation{login(user:\"{d}\",pass:\"{q}\")}",`, `"id":"x",`, `"query ":"{me}",`, `"variables":{"u":"{d}","p":"{q}"},`, `"Variables":{"u":"{d}"},`, `"operations":"x",`, `"map":"x",`, `"__proto__":{"query":"{me}"},`, `"user":"{d}","pass":"{q}",`} {
		docs = append(docs, doc{gqlVars, gqlUP, more}, doc{gqlDoc, "", more})
	}
	// With variables named so that a default, and another operation, count.
	docs = append(docs, doc{"mutation A{" + gqlOne + "} mutation B{" + gqlTwo + "}", "", `"operationName":"B",`}, doc{"query A{me} mutation B{" + gqlOne + "}", "", `"operationName":"B",`},
		doc{"query A{me} mutation B{" + gqlOne + "}", "", `"operationName":"A",`}, doc{"mutation($i:Ways){authenticate(input:$i)}", `{"i":{"native":{"user":"{a}","pass":"{p}"}}}`, ""}, doc{"mutation($n:Native){authenticate(input:{native:$n})}", `{"n":{"user":"{a}","pass":"{p}"}}`, ""},
		doc{"mutation($n:Native={user:\"{a}\",pass:\"{p}\"}){authenticate(input:{native:$n})}", "", ""}, doc{"mutation($y:Boolean!){" + gqlOne + "@include(if:$y)}", `{"y":true}`, ""})

	var out []oddity
	for _, x := range docs {
		mark := "graphql " + short(x.more+x.query+" "+x.variables)
		out = append(out,
			oddity{mark, func(d *draft) { d.req.Body = []byte(d.say(document(x.query, x.variables, x.more))) }},
			oddity{mark + " otherwise", func(d *draft) { d.otherwise(d.say(x.query), d.say(x.variables), d.say(x.more)) }})
	}
	one, two := document(gqlDoc, "", ""), document("mutation{"+gqlTwo+"}", "", "")
	out = append(out, templates("graphql batch", []string{
		"[" + one + "]", "[" + one + "," + two + "]", "[" + one + "," + one + "]", "[[" + one + "]]", "[" + document("{me}", "", "") + "," + one + "]", "[null," + one + "]", "[" + strings.Repeat(one+",", 20) + two + "]", `{"0":` + one + "}", `{"query":[` + quoteJSON(gqlDoc) + "]}", one + two, one + "\n" + two, `{"query":` + quoteJSON(gqlDoc) + `,"query":` + quoteJSON("mutation{"+gqlTwo+"}") + "}", `{"qu\u0065ry":` + quoteJSON(gqlDoc) + "}", `{"query":"mutation{l\u006fgin(user:\"{a}\",pass:\"{p}\")}"}`, "{\"query\":\"mutation{login(user:\\\"{a}\\\"\u2028pass:\\\"{p}\\\")}\"}",
	})...)
	out = append(out, persisted()...)
	for _, ct := range []string{"application/graphql", "application/graphql; charset=utf-16", "application/graphql+json", "application/graphql-response+json", "text/plain", "", "image/png", "application/x-www-form-urlencoded"} {
		out = append(out, oddity{"graphql text as " + ct, func(d *draft) {
			d.req.set("Content-Type", ct)
			d.req.Body = []byte(d.say(pick(d.g.rng, []string{gqlDoc, "mutation{x:" + gqlOne + " y:" + gqlTwo + "}", one, "[" + one + "," + two + "]", "query=" + escape(gqlDoc)})))
		}})
	}
	for _, n := range []int{20, 70, 200} {
		for _, q := range []string{`{"x":"F","query":Q}`, `{"query":Q,"x":"F"}`, `[{"x":"F"},{"query":Q}]`, `{"x":"F","id":"signin","variables":` + listedUP + `}`, `{"x":"F",` + byHash(listedHash) + `,` + listedVars + `}`} {
			out = append(out, oddity{fmt.Sprintf("graphql %d KiB %s", n, q), func(d *draft) {
				d.req.Body = []byte(strings.NewReplacer(":Q", ":"+d.say(quoteJSON(gqlDoc)), `"F"`, `"`+strings.Repeat("x", n<<10)+`"`).Replace(d.say(q)))
			}})
		}
	}
	return out
}

// otherwise sends a document as a form, a multipart body, text or a query.
func (d *draft) otherwise(query, variables, more string) {
	values := url.Values{"query": {query}}
	if variables != "" {
		values.Set("variables", variables)
	}
	switch d.g.rng.IntN(6) {
	case 0:
		d.req.set("Content-Type", formType)
		d.req.Body = []byte(values.Encode())
	case 1:
		d.parts([]part{{name: "query", value: query}, {name: "variables", value: variables}})
	case 2:
		d.parts([]part{{name: "operations", value: document(query, variables, more)}, {name: "map", value: "{}"}})
	case 3:
		d.req.set("Content-Type", "application/graphql")
		d.req.Body = []byte(query)
		values.Del("query")
		if len(values) > 0 {
			d.query = append(d.query, values.Encode())
		}
	case 4:
		d.query = append(d.query, values.Encode())
		d.req.Body = nil
		d.req.Method = pick(d.g.rng, []string{"GET", "POST"})
	default:
		d.query = append(d.query, pick(d.g.rng, []url.Values{{"query": {"{me}"}}, {"variables": {d.say(`{"u":"{d}","p":"{q}"}`)}}, {"operationName": {"B"}}, {"query": {query}}}).Encode())
		d.req.Body = []byte(document(query, variables, more))
	}
}
