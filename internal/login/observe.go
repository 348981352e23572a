package login

import (
	"encoding/json"
	"net/http"
	"strings"
)

// What follows is for those who look at a login from outside and want to see
// in it just what the reader and the outcome see.

// AnswerText is the body of an answer as marks are tried on it: decompressed
// where that is possible. It reports false where it is not.
func AnswerText(a Reply) (string, bool) {
	if a.Truncated {
		return "", false
	}
	return decodeAnswer(a)
}

// AnswerCookie is what one Set-Cookie line does.
type AnswerCookie struct {
	Name string
	// Fresh: it sets a value that the request did not have. Gone: it deletes
	// the cookie. Neither: it repeats the value.
	Fresh, Gone bool
}

// AnswerCookies reads the cookies of an answer as the condition `cookie` does.
func AnswerCookies(q Asked, a Reply) (all []AnswerCookie) {
	v := &view{q: q, a: a}
	for _, c := range SetCookies(a.Header) {
		all = append(all, AnswerCookie{Name: c.Name, Fresh: !c.Gone && !v.had(c), Gone: c.Gone})
	}
	return all
}

// IdleCookie reports whether shops set a cookie of this name whatever came of
// a login.
func IdleCookie(name string) bool { return idleCookie(name) }

// HasPasswordInput reports whether HTML holds an input of type password.
func HasPasswordInput(html string) bool { return hasPasswordInput(html) }

// CarriesBasic reports whether a request could carry a password by HTTP
// Basic.
func CarriesBasic(h http.Header) bool { return hasBasic(h) }

// GraphQLValue is one text among the arguments of a field.
type GraphQLValue struct {
	// Field and Argument as an endpoint names them, with a dot for each
	// level: `auth.login`, `input.email`.
	Field, Argument string
	Value           string
}

// maxGraphQLValues bounds what GraphQLValues gives; a login has a handful.
const maxGraphQLValues = 256

// GraphQLValues lists the texts that the fields of a document are given,
// through variables (a JSON object, or nothing) and their defaults. Fields
// within fragments are left out: a login in one is refused.
func GraphQLValues(text, variables string) ([]GraphQLValue, error) {
	doc, err := parseGraphQL(text)
	if err != nil {
		return nil, err
	}
	req := &graphQLRequest{query: text}
	if strings.TrimSpace(variables) != "" {
		if req.variables, err = parseJSON(variables); err != nil {
			return nil, err
		}
	}
	f := &finder{req: req}
	var out []GraphQLValue
	budget := 16 * maxGraphQLValues // of values looked at: variables may repeat
	for i := range doc.operations {
		op := &doc.operations[i]
		var fields func(list []selection, path []string)
		fields = func(list []selection, path []string) {
			for j := range list {
				s := &list[j]
				if s.name == "" || len(out) >= maxGraphQLValues {
					continue
				}
				at := append(path[:len(path):len(path)], s.name)
				out = append(out, f.texts(op, s.arguments, strings.Join(at, "."), nil, &budget)...)
				fields(s.fields, at)
			}
		}
		fields(op.fields, nil)
	}
	return out, nil
}

// texts lists the texts below a value.
func (f *finder) texts(op *operation, v *value, field string, path []string, budget *int) (out []GraphQLValue) {
	if v = f.resolve(op, v); v == nil || *budget <= 0 || len(path) > maxJSONDepth {
		return nil
	}
	*budget--
	if v.kind == kindString {
		return []GraphQLValue{{Field: field, Argument: strings.Join(path, "."), Value: v.text}}
	}
	for i, key := range v.keys {
		if v.kind == kindObject {
			out = append(out, f.texts(op, v.items[i], field, append(path[:len(path):len(path)], key), budget)...)
		}
	}
	return out
}

// GraphQLRequest takes the document and the variables out of a JSON body;
// false where it is no single GraphQL request with a text.
func GraphQLRequest(body []byte) (text, variables string, ok bool) {
	var q struct {
		Query     *string         `json:"query"`
		Variables json.RawMessage `json:"variables"`
	}
	if json.Unmarshal(body, &q) != nil || q.Query == nil || !strings.Contains(*q.Query, "{") {
		return "", "", false
	}
	variables = string(q.Variables)
	var quoted string
	if json.Unmarshal(q.Variables, &quoted) == nil {
		variables = quoted
	}
	return *q.Query, variables, true
}

// Outcome is what the first endpoint makes of an answer.
func (rd *Reader) Outcome(q Asked, a Reply) Outcome {
	if len(rd.endpoints) == 0 {
		return Unknown
	}
	return rd.endpoints[0].Outcome(q, a)
}
