package login

import (
	"strings"

	"github.com/login-guard/login-guard/config"
)

// FormNames are the names of the fields by which a form in a page can be told
// to send an endpoint's login. A name that begins with `*` stands for any
// before its bracket.
type FormNames struct {
	Account  []string `json:"a"` // one of these
	Password []string `json:"p"` // one of these
	Requires []string `json:"r,omitempty"`
	Never    []string `json:"n,omitempty"` // of other forms: registration, change of password
	// Query parameters of its action, with the values that lead to the login;
	// Optional: or none of them.
	Query    map[string][]string `json:"q,omitempty"`
	Optional bool                `json:"o,omitempty"`
}

// FormNamesOf returns the names of the forms of all endpoints that have one,
// in order.
func FormNamesOf(endpoints []config.Endpoint) (out []FormNames, err error) {
	for _, c := range endpoints {
		e, err := newEndpoint(c)
		if err != nil {
			return nil, err
		}
		if f, ok := e.formNames(); ok {
			out = append(out, f)
		}
	}
	return out, nil
}

// formNames returns the names of an endpoint's form; ok is false when it has
// none: its fields have no names, or no form sends it.
func (e *Endpoint) formNames() (f FormNames, ok bool) {
	if e.isSide() || e.cfg.Always {
		return FormNames{}, false
	}
	if e.cfg.Body == bodyGraphQL {
		// A script reads the form; its fields are mostly called as the
		// arguments are.
		for _, g := range e.cfg.GraphQL {
			f.Account = append(f.Account, last(g.Account), "email", "username")
			f.Password = append(f.Password, last(g.Password))
		}
		f.Account, f.Password = unique(f.Account), unique(f.Password)
		f.Never = registers
		return f, true
	}
	if e.cfg.Body != bodyForm {
		return FormNames{}, false
	}
	f.Account, f.Password, f.Requires = append(written(e.account), written(e.fallback)...), written(e.password), written(e.requires)
	f.Never = append(written(e.exempt), written(e.conflicts)...)
	f.Query, f.Optional = e.query, e.cfg.QueryOptional
	return f, true
}

// registers are fields of forms that make an account.
var registers = []string{"firstName", "first_name", "firstname", "full_name", "name"}

func written(fields []credential) []string {
	var out []string
	for _, f := range fields {
		if f.wild {
			out = append(out, "*"+f.name)
		} else {
			out = append(out, f.name)
		}
	}
	return out
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if n != "" && !contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
