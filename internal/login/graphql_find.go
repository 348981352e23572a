package login

import (
	"strings"

	"github.com/login-guard/login-guard/config"
)

// graphQLLogin is a login field of one endpoint, or one of a side way, ready
// for looking up.
type graphQLLogin struct {
	e                        *Endpoint
	field, account, password []string // password is nil where there is none
}

func newGraphQLLogin(e *Endpoint, c config.GraphQLLogin) graphQLLogin {
	g := graphQLLogin{e: e, field: strings.Split(c.Field, "."), account: strings.Split(c.Account, ".")}
	if c.Password != "" {
		g.password = strings.Split(c.Password, ".")
	}
	return g
}

// last is the field's own name.
func (g *graphQLLogin) last() string { return g.field[len(g.field)-1] }

// graphQLHit is one use of a login field with a password.
type graphQLHit struct {
	e                 *Endpoint
	account, password string
	bad               bool // shops may read it in other ways
}

// mentions reports whether a text holds one of the login fields' names as a
// word. Names have no escapes in GraphQL, so a document that does not
// mention one uses none.
func (rd *Reader) mentions(text string) bool {
	for i := range rd.graphql {
		name := rd.graphql[i].last()
		for at := 0; ; {
			j := strings.Index(text[at:], name)
			if j < 0 {
				break
			}
			j += at
			at = j + len(name)
			if (j == 0 || !namePart(text[j-1])) && (at == len(text) || !namePart(text[at])) {
				return true
			}
		}
	}
	return false
}

// finder looks for logins in one document.
type finder struct {
	rd      *Reader
	doc     *document
	req     *graphQLRequest
	hits    []graphQLHit
	visited map[string]bool // fragments with the path that led to them
	walking map[string]bool
	cycle   bool

	undeclared bool // a variable was given that the operation does not have
}

// logins finds the logins that a request would try, over all operations of
// its document, whichever the shop runs. Two say as much as a hundred.
func (rd *Reader) logins(s *subject, req *graphQLRequest) (hits []graphQLHit, ok bool) {
	if !rd.mentions(req.query) || strings.IndexByte(req.query, '{') < 0 {
		return nil, true
	}
	doc, err := parseGraphQL(req.query)
	if err != nil {
		return nil, false
	}
	f := &finder{rd: rd, doc: doc, req: req, visited: map[string]bool{}, walking: map[string]bool{}}
	alone := len(doc.operations) == 1
	for i := range doc.operations {
		f.walk(&doc.operations[i], doc.operations[i].fields, nil, !alone)
		clear(f.visited)
	}
	for _, h := range f.hits {
		if h.e.applies(s) && (!h.e.isSide() || len(h.e.paths) == 0 || h.e.onPath(s)) {
			hits = append(hits, h)
		}
	}
	return hits, !f.cycle
}

// walk goes through the fields under a path of fields. via says that the
// login would not stand for itself: a fragment led here, or there is another
// operation, and the shop might run that one and answer as if it had let
// somebody in.
func (f *finder) walk(op *operation, fields []selection, path []string, via bool) {
	for i := range fields {
		s := &fields[i]
		if len(f.hits) > 1 {
			return
		}
		switch {
		case s.spread != "":
			key := strings.Join(path, ".") + " " + s.spread
			if f.walking[key] {
				f.cycle = true
				continue
			}
			if f.visited[key] {
				continue // nothing was found in it
			}
			n := len(f.hits)
			f.walking[key] = true
			f.walk(op, f.doc.fragments[s.spread], path, true)
			delete(f.walking, key)
			f.visited[key] = len(f.hits) == n
		case s.name == "":
			f.walk(op, s.fields, path, true)
		default:
			f.field(op, s, append(path[:len(path):len(path)], s.name), via || s.directed || !onlyField(fields, i))
		}
	}
}

// onlyField reports whether nothing but the type's name is asked for beside
// a field: what else there is could set a session of its own, which would
// look like the login's success.
func onlyField(fields []selection, i int) bool {
	for j := range fields {
		if j != i && (fields[j].name != "__typename" || fields[j].directed) {
			return false
		}
	}
	return true
}

func (f *finder) field(op *operation, s *selection, path []string, via bool) {
	deeper := false
	hit := graphQLHit{bad: via}
	for i := range f.rd.graphql {
		g := &f.rd.graphql[i]
		if !startsWith(g.field, path) {
			continue
		}
		if len(g.field) > len(path) {
			deeper = true
			continue
		}
		account, password := f.lookUp(op, s.arguments, g.account), f.lookUp(op, s.arguments, g.password)
		if account == nil && password == nil && !g.e.isSide() {
			continue // another way to log in: a provider's token
		}
		hit.e = firstOf(hit.e, g.e)
		hit.add(account, password)
		hit.bad = hit.bad || f.undeclared
	}
	if hit.e != nil {
		f.hits = append(f.hits, hit)
	}
	if deeper {
		f.walk(op, s.fields, path, via)
	}
}

// add notes what one way of writing the arguments holds.
func (h *graphQLHit) add(account, password *value) {
	if account != nil && account.kind != kindNull {
		h.bad = h.bad || account.kind != kindString || h.account != "" && h.account != account.text
		h.account = account.text
	}
	if password != nil {
		h.bad = h.bad || password.kind == kindArray || password.kind == kindObject || h.password != "" && h.password != password.text
		h.password = password.text
	}
}

// lookUp follows a path into arguments, through variables and their
// defaults.
func (f *finder) lookUp(op *operation, arguments *value, path []string) *value {
	if len(path) == 0 {
		return nil
	}
	v := arguments
	for _, name := range path {
		v = f.resolve(op, v.member(name))
	}
	return v
}

func (f *finder) resolve(op *operation, v *value) *value {
	if v == nil || v.kind != kindVariable {
		return v
	}
	byDefault, declared := op.defaults[v.text]
	if given := f.req.variables.member(v.text); given != nil {
		f.undeclared = f.undeclared || !declared
		return given
	}
	if byDefault == nil {
		// The argument is there all the same, and the login runs.
		return &value{kind: kindNull}
	}
	return byDefault
}

func startsWith(list, head []string) bool {
	if len(list) < len(head) {
		return false
	}
	for i := range head {
		if list[i] != head[i] {
			return false
		}
	}
	return true
}

func firstOf(a, b *Endpoint) *Endpoint {
	if a != nil {
		return a
	}
	return b
}
