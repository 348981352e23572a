package login

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// No body below the cap takes long to read, whatever it holds: what costs
// most for its size, by each reader.
func TestTheWorstBodiesAreReadQuickly(t *testing.T) {
	rd := presetReader(t, Options{Sides: true, CountsAll: true}, "generic", "vendure", "woocommerce")
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (64000-len(head)-len(tail))/len(unit)) + tail
	}
	var tree strings.Builder
	for i := range 900 {
		fmt.Fprintf(&tree, "fragment F%d on M{...F%d ...F%d} ", i, i+1, i+1)
	}
	for name, c := range map[string]struct{ target, ct, body string }{
		"a list":          {"/x", jsonType, fill(`{"password":1,"email":[`, "1,", "1]}")},
		"empty lists":     {"/x", jsonType, fill("[", "[],", "[]]")},
		"many keys":       {"/x", jsonType, fill(`{"email":{`, `"\u0061`+"x"+`":1,`, `"b":1}}`)},
		"many documents":  {"/x", jsonType, fill("[", `{"query":"{login(a:1)}"},`, "{}]")},
		"fragments":       {"/x", "application/graphql", fill("{...F login}", "fragment F on M{...F ...F login}", "")},
		"fragment tree":   {"/x", "application/graphql", "{login(a:1) ...F0} " + tree.String() + "fragment F900 on M{a}"},
		"many spreads":    {"/x", "application/graphql", fill("{login(password:1){a} ", "...F ", "} fragment F on M{a}")},
		"arguments":       {"/x", "application/graphql", fill("{login(", "a:1 ", ")}")},
		"operations":      {"/x", "application/graphql", fill("", "query a{login}", "")},
		"names":           {"/x", "application/graphql", fill("{", "login ", "}")},
		"strings":         {"/x", "application/graphql", fill(`{login(a:"`, `\u{61}`, `")}`)},
		"words":           {"/x", "text/plain", fill("{", "email:password:", "")},
		"escapes":         {"/x", jsonType, fill(`{"query":"login {`, `\u0061`, "x")},
		"multicall":       {"/xmlrpc.php", "text/xml", fill("<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>", "<value></value>", "")},
		"form":            {"/x", urlencoded, fill("", "email[]=&query=&", "password=1")},
		"form of queries": {"/x", urlencoded, fill("", "query=%7Blogin&", "")},
	} {
		start := time.Now()
		read(rd, post(c.target, c.ct, c.body))
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: %v", name, took)
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
}
