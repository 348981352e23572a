package login

// Bounds that no client's document comes near: how deep selections and
// values nest, and how many arguments or input fields stand side by side.
const (
	maxGraphQLDepth   = 64
	maxGraphQLMembers = 256
)

// document is an executable GraphQL document as far as logins go.
type document struct {
	operations []operation
	fragments  map[string][]selection
}

type operation struct {
	name     string
	defaults map[string]*value // of its variables; nil where it has none
	fields   []selection
}

// selection is a field or, without a name, a fragment: spread by name or in
// place.
type selection struct {
	name      string
	arguments *value // an object; nil without any
	directed  bool   // it has directives, which may leave it out
	spread    string
	fields    []selection
}

// parseGraphQL reads an executable document (§2.2): operations and
// fragments, each name once. Definitions of types are an error, and so are
// arguments, variables and input fields that are given twice.
func parseGraphQL(text string) (*document, error) {
	p := &gqlParser{lex: gqlLexer{s: text}}
	p.advance()
	d := &document{fragments: map[string][]selection{}}
	for p.err == nil && p.tok.kind != gqlEnd {
		p.definition(d)
	}
	if p.err == nil && len(d.operations) == 0 {
		p.fail()
	}
	return d, p.err
}

type gqlParser struct {
	lex   gqlLexer
	tok   gqlToken
	depth int
	err   error
}

// advance reads the next token; after an error there is none.
func (p *gqlParser) advance() {
	if p.err == nil {
		p.tok, p.err = p.lex.next()
	}
	if p.err != nil {
		p.tok = gqlToken{}
	}
}

func (p *gqlParser) fail() {
	if p.err == nil {
		p.err = errGraphQL
	}
	p.tok = gqlToken{}
}

func (p *gqlParser) is(punct string) bool { return p.tok.kind == gqlPunct && p.tok.text == punct }

// take passes over a punctuator if it is there.
func (p *gqlParser) take(punct string) bool {
	if !p.is(punct) {
		return false
	}
	p.advance()
	return true
}

func (p *gqlParser) expect(punct string) {
	if !p.take(punct) {
		p.fail()
	}
}

func (p *gqlParser) name() string {
	if p.tok.kind != gqlName {
		p.fail()
		return ""
	}
	s := p.tok.text
	p.advance()
	return s
}

// until calls f until the closing punctuator, at least once.
func (p *gqlParser) until(end string, f func()) {
	if p.depth++; p.depth > maxGraphQLDepth || p.is(end) {
		p.fail()
	}
	for p.err == nil && !p.take(end) {
		f()
	}
	p.depth--
}

func (p *gqlParser) definition(d *document) {
	if p.is("{") {
		d.operations = append(d.operations, operation{fields: p.selections()})
		return
	}
	switch p.name() {
	case "query", "mutation", "subscription":
		op := operation{}
		if p.tok.kind == gqlName {
			op.name = p.name()
		}
		if p.take("(") {
			op.defaults = map[string]*value{}
			p.until(")", func() { p.variable(op.defaults) })
		}
		p.directives()
		op.fields = p.selections()
		for i := range d.operations {
			if d.operations[i].name == op.name {
				p.fail()
			}
		}
		d.operations = append(d.operations, op)
	case "fragment":
		name := p.name()
		if name == "on" || p.name() != "on" {
			p.fail()
		}
		p.name()
		p.directives()
		fields := p.selections()
		if _, twice := d.fragments[name]; twice {
			p.fail()
		}
		d.fragments[name] = fields
	default:
		p.fail()
	}
}

// variable reads `$name: Type = default @directives`.
func (p *gqlParser) variable(defaults map[string]*value) {
	p.expect("$")
	name := p.name()
	if _, twice := defaults[name]; twice {
		p.fail()
	}
	defaults[name] = nil
	p.expect(":")
	p.typeName()
	if p.take("=") {
		defaults[name] = p.value()
	}
	p.directives()
}

func (p *gqlParser) typeName() {
	if p.take("[") {
		if p.depth++; p.depth > maxGraphQLDepth {
			p.fail()
		}
		p.typeName()
		p.depth--
		p.expect("]")
	} else {
		p.name()
	}
	p.take("!")
}

// directives passes over directives and reports whether there were any.
func (p *gqlParser) directives() (any bool) {
	for p.take("@") {
		p.name()
		p.arguments()
		any = true
	}
	return any
}

// arguments reads `(name: value …)`; nil if there are none.
func (p *gqlParser) arguments() *value {
	if !p.take("(") {
		return nil
	}
	v := &value{kind: kindObject}
	p.until(")", func() { p.member(v) })
	return v
}

func (p *gqlParser) member(to *value) {
	name := p.name()
	if len(to.keys) == maxGraphQLMembers || to.member(name) != nil {
		p.fail()
	}
	p.expect(":")
	to.keys, to.items = append(to.keys, name), append(to.items, p.value())
}

func (p *gqlParser) selections() (list []selection) {
	p.expect("{")
	p.until("}", func() {
		if p.take("...") {
			list = append(list, p.fragment())
			return
		}
		s := selection{name: p.name()}
		if p.take(":") {
			s.name = p.name() // what came before was an alias
		}
		s.arguments = p.arguments()
		s.directed = p.directives()
		if p.is("{") {
			s.fields = p.selections()
		}
		list = append(list, s)
	})
	return list
}

// fragment reads what follows the dots.
func (p *gqlParser) fragment() (s selection) {
	if p.tok.kind == gqlName {
		if name := p.name(); name != "on" {
			p.directives()
			return selection{spread: name}
		}
		p.name()
	}
	p.directives()
	s.fields = p.selections()
	return s
}

func (p *gqlParser) value() *value {
	v := &value{text: p.tok.text}
	switch {
	case p.take("$"):
		return &value{kind: kindVariable, text: p.name()}
	case p.take("["):
		v.kind = kindArray
		if p.take("]") {
			return v
		}
		p.until("]", func() { v.items = append(v.items, p.value()) })
		return v
	case p.take("{"):
		v.kind = kindObject
		if p.take("}") {
			return v
		}
		p.until("}", func() { p.member(v) })
		return v
	case p.tok.kind == gqlString:
		v.kind = kindString
	case p.tok.kind == gqlNumber:
		v.kind = kindNumber
	case p.tok.kind == gqlName:
		switch p.tok.text {
		case "true", "false":
			v.kind = kindBool
		case "null":
			v.kind = kindNull
		default:
			v.kind = kindEnum
		}
	default:
		p.fail()
		return v
	}
	p.advance()
	return v
}
