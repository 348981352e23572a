package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// The login that the GraphQL app knows by its hash and as signin, as the
// gateway is told.
const (
	listedDoc  = "mutation SignIn($user:String,$pass:String){login(user:$user,pass:$pass)}"
	listedUP   = `{"user":"{a}","pass":"{p}"}`
	listedVars = `"variables":` + listedUP
)

var listedHash = hashOf(listedDoc)

func hashOf(doc string) string {
	sum := sha256.Sum256([]byte(doc))
	return hex.EncodeToString(sum[:])
}

// extensions name a document by its hash; byHash is the member of a request
// that does.
func extensions(hash string) string {
	return `{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
}

func byHash(hash string) string { return `"extensions":` + extensions(hash) }

// plainPersisted is a login by hash or name, as clients send it.
func (d *draft) plainPersisted() {
	name := `"operationName":"SignIn",` + byHash(listedHash)
	if d.g.rng.IntN(2) == 0 {
		name = `"id":"signin"`
	}
	d.req.Body = []byte(`{` + name + `,"variables":{"user":` + quoteJSON(d.account) + `,"pass":` + quoteJSON(d.password) + `}}`)
}

// persisted are odd logins by the hash or the name of a document, and requests
// that would make the app learn another.
func persisted() []oddity {
	learnt, learn, me := hashOf(gqlVars), byHash(hashOf(gqlVars)), byHash(hashOf("{me}"))
	listed, vars, upVars := byHash(listedHash), listedVars, `"variables":`+gqlUP
	bodies := []string{
		"{" + vars + "," + listed + "}", "[{" + listed + "," + vars + "}]", "[{" + listed + "," + vars + "},{" + listed + `,"variables":{"user":"{a}","pass":"{q}"}}]`,
		`[{"query":` + quoteJSON(gqlVars) + "," + learn + "},{" + learn + "," + upVars + "}]",
		`{"extensions":` + quoteJSON(extensions(listedHash)) + "," + vars + "}", `{"extensions":[` + extensions(listedHash) + "]," + vars + "}", `{"Extensions":` + extensions(listedHash) + "," + vars + "}",
		`{"extensions":{"persistedquery":{"sha256Hash":"` + listedHash + `"}},` + vars + "}", `{"extensions":{"persistedQuery":{"sha256Hash":["` + listedHash + `"]}},` + vars + "}", `{"extensions":{"x":1},"id":"signin",` + vars + "}",
	}
	for _, text := range []string{"", `"query":null,`, `"query":"",`, `"query":" ",`, `"query":0,`, `"query":"{me}",`, `"query":` + quoteJSON(listedDoc) + ",", `"query":` + quoteJSON(gqlVars) + ",", `"query":` + quoteJSON(gqlDoc) + ","} {
		bodies = append(bodies, "{"+text+listed+","+vars+"}", "{"+text+learn+","+upVars+"}", "{"+text+learn+"}", "{"+text+me+"}",
			"{"+text+byHash(hashOf(gqlDoc))+"}", "{"+text+listed+","+learn+","+vars+"}", "{"+text+byHash(strings.ToUpper(listedHash))+","+vars+"}", "{"+text+byHash(" "+listedHash)+","+vars+"}")
	}
	for _, name := range []string{
		`"id":"signin"`, `"documentId":"signin"`, `"doc_id":"signin"`, `"queryId":"signin"`, `"hash":"` + listedHash + `"`, `"id":"` + listedHash + `"`, `"documentId":"` + listedHash + `"`, `"ID":"signin"`, `"id":"SIGNIN"`, `"id":"signin "`, `"id":["signin"]`, `"i\u0064":"sign\u0069n"`,
		`"id":"x","documentId":"signin"`, `"id":"signin","id":"x"`, `"id":"x","id":"signin"`, `"id":"signin","documentId":"signin"`, `"documentId":"signin","doc_id":"x"`, `"id":null,"documentId":"signin"`,
	} {
		bodies = append(bodies, "{"+name+","+vars+"}")
	}
	for _, v := range []string{
		`{"user":"{a}"}`, `{"pass":"{p}"}`, `{"user":["{a}"],"pass":"{p}"}`, `{"user":"{a}","pass":["{p}"]}`, `{"user":"{a}","user":"{d}","pass":"{p}"}`, `{"user":"{a}","User":"{d}","pass":"{p}"}`, `{"x":{"user":"{d}"},"user":"{a}","pass":"{p}"}`, `{"user":{"user":"{a}"},"pass":"{p}"}`, `{"user":null,"pass":"{p}"}`, `{"user":5,"pass":"{p}"}`, `{"user":"{a}","pass":5}`, `"{\"user\":\"{a}\",\"pass\":\"{p}\"}"`, `[]`, `null`, `{"user":"{a}\u0000","pass":"{p}"}`, `{"u\u0073er":"{a}","pass":"{p}"}`,
	} {
		bodies = append(bodies, "{"+listed+`,"variables":`+v+"}", `{"id":"signin","variables":`+v+"}")
	}
	out := templates("graphql persisted", bodies)
	inQuery := func(mark string, q map[string]string, body string) {
		out = append(out, oddity{"graphql persisted, query has " + mark, func(d *draft) {
			sent := url.Values{}
			for name, value := range q {
				sent.Set(name, d.say(value))
			}
			d.query, d.req.Body = append(d.query, sent.Encode()), []byte(d.say(body))
			if body == "" {
				d.req.Method = pick(d.g.rng, []string{"GET", "POST"})
			}
		}})
	}
	ext, other := extensions(listedHash), extensions(learnt)
	inQuery("all", map[string]string{"extensions": ext, "variables": listedUP}, "")
	inQuery("the hash", map[string]string{"extensions": ext}, "{"+vars+"}")
	inQuery("the variables", map[string]string{"variables": listedUP}, "{"+listed+"}")
	inQuery("the name", map[string]string{"id": "signin"}, "{"+vars+"}")
	inQuery("name and variables", map[string]string{"id": "signin", "variables": listedUP}, "")
	inQuery("variables of a name", map[string]string{"variables": listedUP}, `{"id":"signin"}`)
	inQuery("other variables", map[string]string{"variables": `{"user":"{d}","pass":"{q}"}`}, "{"+listed+","+vars+"}")
	inQuery("the text", map[string]string{"query": gqlVars}, "{"+learn+","+upVars+"}")
	inQuery("text and hash", map[string]string{"query": gqlVars, "extensions": other}, "{"+upVars+"}")
	inQuery("what was learnt", map[string]string{"extensions": other, "variables": gqlUP}, "")
	inQuery("the hash of a text", map[string]string{"extensions": other}, document(gqlVars, gqlUP, ""))
	inQuery("another name", map[string]string{"id": "x"}, "{"+listed+","+vars+"}")
	inQuery("hash beside a name", map[string]string{"extensions": ext}, `{"id":"signin",`+vars+"}")
	return out
}
