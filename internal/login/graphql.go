package login

import (
	"net/http"
	"strings"
)

// graphQLRequest is one request to a GraphQL API, however it came.
type graphQLRequest struct {
	query     string
	variables *value
	hash      string   // of a persisted query
	names     []string // under which a persisted query may be known
	messy     bool     // servers may take it in different ways
	unread    bool     // its variables are no strict JSON
}

// Names of the parts of a GraphQL request, loosely compared.
const (
	partQuery      = "query"
	partVariables  = "variables"
	partOperation  = "operationname"
	partExtensions = "extensions"
	partOperations = "operations"
)

// graphQLParts are the exact names behind them.
var graphQLParts = map[string]string{
	partQuery: "query", partVariables: "variables", partOperation: "operationName",
	partExtensions: "extensions", partOperations: "operations",
	// Under these clients send what names a persisted query.
	"id": "id", "hash": "hash", "documentid": "documentId", "queryid": "queryId", "doc_id": "doc_id",
}

// decideGraphQL reads a request as a GraphQL API would: one login with a
// password in all of it is an attempt, one side way a side way. Several of
// either are refused: they would count as one.
func (rd *Reader) decideGraphQL(s *subject, f *form) Reading {
	if len(rd.graphql) == 0 {
		return other
	}
	inQuery := rd.graphQLForm(s.query)
	requests := inQuery
	if f != nil {
		var inBody []graphQLRequest
		switch {
		case f.json != nil:
			inBody = rd.graphQLJSON(f.json)
		case s.media.kind == mediaGraphQL:
			inBody = []graphQLRequest{{query: f.text}}
		default:
			inBody = rd.graphQLForm(f.pairs)
		}
		requests = append(inQuery[:len(inQuery):len(inQuery)], inBody...)
		if rd.substantial(s, inQuery) && len(inBody) > 0 {
			// Which of two documents or sets of variables counts differs.
			for i := range requests {
				requests[i].messy = true
				for j := range inQuery {
					if requests[i].variables == nil {
						requests[i].variables = inQuery[j].variables
					}
				}
			}
		}
	}
	var hit *graphQLHit
	for i := range requests {
		req := &requests[i]
		hits, ok := rd.logins(s, req)
		if req.query == "" {
			hits = rd.persisted(s, req)
		}
		if !ok {
			return refuse(rd.graphql[0].e, http.StatusBadRequest, ReasonGraphQL)
		}
		for j := range hits {
			if hit != nil || len(hits) > 1 {
				return refuse(hits[j].e, http.StatusBadRequest, ReasonGraphQLMany)
			}
			hit = &hits[j]
			if len(requests) > 1 && !(len(requests) == 2 && len(inQuery) == 1 && !rd.substantial(s, inQuery)) {
				// Another request's session would look like this one's.
				return refuse(hit.e, http.StatusBadRequest, ReasonGraphQLMany)
			}
			if (hit.bad || req.messy) && hit.e.isSide() && !hit.e.guesses() {
				// Read in two ways it makes an account or sends a mail all
				// the same; it counts, under no account.
				hit.account = ""
				continue
			}
			if hit.bad || req.messy {
				return refuse(hit.e, http.StatusBadRequest, ReasonGraphQL)
			}
			if req.query != "" && req.hash != "" && !contains(hit.e.cfg.Persisted, req.hash) {
				// The shop would learn the hash, and later guesses would
				// come under it without a text.
				return refuse(hit.e, http.StatusBadRequest, ReasonPersisted)
			}
		}
	}
	if hit == nil {
		return other
	}
	if hit.e.isSide() {
		return Reading{Kind: Side, Endpoint: hit.e, Account: hit.account, Password: hit.password != "", password: hit.password}
	}
	return Reading{Kind: Attempt, Endpoint: hit.e, Account: hit.account, password: hit.password}
}

// substantial reports whether requests of a query are more than a name that
// somebody put in an address: `?id=5` is none, a login's listed name is one.
func (rd *Reader) substantial(s *subject, requests []graphQLRequest) bool {
	for i := range requests {
		r := &requests[i]
		if strings.IndexByte(r.query, '{') >= 0 || r.variables != nil || r.unread || r.hash != "" || len(rd.persisted(s, r)) > 0 {
			return true
		}
	}
	return false
}

// graphQLJSON takes the requests from a JSON body: one, or a batch.
func (rd *Reader) graphQLJSON(v *value) (requests []graphQLRequest) {
	if v.kind == kindArray {
		for _, item := range v.items {
			if item.kind == kindObject {
				requests = append(requests, rd.graphQLJSON(item)...)
			}
		}
		return requests
	}
	if v.kind != kindObject {
		return nil
	}
	b := requestBuilder{}
	for i, key := range v.keys {
		toks, alt := looseTokens(key)
		if len(toks) == 0 {
			continue
		}
		part, known := graphQLParts[toks[0]]
		item := v.items[i]
		switch {
		case !known || toks[0] == partOperations:
			continue
		case toks[0] == partVariables:
			b.variables = append(b.variables, item)
		case toks[0] == partExtensions:
			b.extensions(item)
		case toks[0] == partQuery:
			if item.kind != kindString {
				b.messy = b.messy || item.kind == kindArray || item.kind == kindObject
				continue
			}
			b.queries = append(b.queries, item.text)
		case item.kind == kindString || item.kind == kindNumber:
			b.names = append(b.names, item.text)
		}
		b.messy = b.messy || key != part || alt != nil
	}
	return b.requests()
}

// graphQLForm takes the requests from a query or a form.
func (rd *Reader) graphQLForm(pairs []pair) (requests []graphQLRequest) {
	b := requestBuilder{}
	for i := range pairs {
		p := &pairs[i]
		if p.json || len(p.toks) == 0 {
			continue
		}
		part, known := graphQLParts[p.toks[0]]
		if !known {
			continue
		}
		b.messy = b.messy || p.name != part || p.odd
		switch p.toks[0] {
		case partQuery:
			b.queries = append(b.queries, p.value)
		case partVariables:
			b.variables = append(b.variables, &value{kind: kindString, text: p.value})
		case partExtensions:
			b.extensions(&value{kind: kindString, text: p.value})
		case partOperations:
			v, err := parseJSON(p.value)
			if err != nil {
				// Nobody can say what it holds; if it holds a login, the
				// text alone must decide.
				b.queries = append(b.queries, plainKey(p.value))
				b.messy = true
				continue
			}
			requests = append(requests, rd.graphQLJSON(v)...)
		default:
			b.names = append(b.names, p.value)
		}
	}
	if own := b.requests(); len(own) > 0 {
		requests = append(requests, own...)
	}
	if b.messy {
		for i := range requests {
			requests[i].messy = true
		}
	}
	return requests
}

// requestBuilder collects the parts of one request, each perhaps given more
// than once.
type requestBuilder struct {
	queries   []string
	variables []*value
	names     []string
	hash      string
	messy     bool
}

// extensions notes the hash of a persisted query.
func (b *requestBuilder) extensions(v *value) {
	if v = unwrapJSON(v); v == nil {
		return
	}
	if h := v.at([]string{"persistedQuery", "sha256Hash"}); h != nil && h.text != "" {
		b.messy = b.messy || b.hash != ""
		b.hash = h.text
		b.names = append(b.names, h.text)
	}
}

// requests gives one request for each text, or one without a text where
// something else names it.
func (b *requestBuilder) requests() (list []graphQLRequest) {
	req := graphQLRequest{hash: b.hash, names: b.names, messy: b.messy}
	if len(b.variables) > 0 {
		v := unwrapJSON(b.variables[0])
		req.variables, req.unread = v, v == nil
		req.messy = req.messy || len(b.variables) > 1 || v == nil || v.kind != kindObject && v.kind != kindNull
	}
	for _, q := range b.queries {
		if strings.TrimSpace(q) == "" {
			continue
		}
		req.query = q
		list = append(list, req)
	}
	if len(list) > 1 {
		for i := range list {
			list[i].messy = true
		}
	}
	if len(list) == 0 && (len(b.names) > 0 || len(b.variables) > 0) {
		return []graphQLRequest{req}
	}
	return list
}

// unwrapJSON takes JSON out of a string, as forms and some clients send it;
// nil if it is not strict. An empty one is null.
func unwrapJSON(v *value) *value {
	if v.kind != kindString {
		return v
	}
	if strings.TrimSpace(v.text) == "" {
		return &value{kind: kindNull}
	}
	in, err := parseJSON(v.text)
	if err != nil {
		return nil
	}
	return in
}

// persisted finds the login behind a request without a text, among those
// that the operator named.
func (rd *Reader) persisted(s *subject, req *graphQLRequest) []graphQLHit {
	for i := range rd.graphql {
		g := &rd.graphql[i]
		if !g.e.applies(s) {
			continue
		}
		for _, name := range req.names {
			if !contains(g.e.cfg.Persisted, name) {
				continue
			}
			hit := graphQLHit{e: g.e}
			for j := range rd.graphql {
				if g := &rd.graphql[j]; g.e == hit.e {
					hit.search(req.variables, lastOf(g.account), lastOf(g.password))
				}
			}
			return []graphQLHit{hit}
		}
	}
	return nil
}

// lastOf is the last part of a path, "" if there is none.
func lastOf(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return path[len(path)-1]
}

// search looks for the account and the password among variables, wherever
// the document's own names put them.
func (h *graphQLHit) search(v *value, account, password string) {
	if v == nil {
		return
	}
	for i, item := range v.items {
		switch {
		case i < len(v.keys) && v.keys[i] == account:
			h.add(item, nil)
		case i < len(v.keys) && password != "" && v.keys[i] == password:
			h.add(nil, item)
		default:
			h.search(item, account, password)
		}
	}
}

// suspectGraphQL reports whether a text that cannot be read without doubt
// could be a GraphQL request with a login.
func (rd *Reader) suspectGraphQL(text string) bool {
	if len(rd.graphql) == 0 {
		return false
	}
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	plain := plainKey(text)
	for i := range rd.graphql {
		for _, name := range rd.graphql[i].e.cfg.Persisted {
			if strings.Contains(plain, name) {
				return true
			}
		}
	}
	low := strings.ToLower(text)
	return (strings.Contains(low, partQuery) || strings.Contains(low, partOperations) || strings.IndexByte(text, '\\') >= 0) &&
		strings.IndexByte(text, '{') >= 0 && rd.mentions(plain)
}
