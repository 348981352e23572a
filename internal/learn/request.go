package learn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// maxFields bounds how many fields of one request are looked at.
const maxFields = 512

// field is one text that a request carries.
type field struct {
	name  string // as an endpoint names it: a form's name or a JSON pointer
	value string
	group string // what else stands beside it: the same form, the same object
	kind  string // how it came, for the operator: form, multipart, JSON, …
	query bool
	list  bool                 // an element of a list, which has no name
	gql   *config.GraphQLLogin // with Field and Account set to where it is
}

// carries reports whether the request holds the word in any place that
// fieldsOf looks at. It is cheap: nearly all requests hold none.
func carries(r *http.Request, body []byte, word string) bool {
	return bytes.Contains(body, []byte(word)) || strings.Contains(r.URL.RawQuery, word) ||
		login.CarriesBasic(r.Header) && strings.Contains(basicText(r.Header), word)
}

func basicText(h http.Header) string {
	_, token, _ := strings.Cut(h.Get("Authorization"), " ")
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil {
		return ""
	}
	return string(text)
}

// fieldsOf lists the texts of a request: those of the query, of the body by
// its type, and of HTTP Basic. It reads more loosely than the guard does; what
// is made of it is tried with the guard's own reader afterwards.
func fieldsOf(r *http.Request, body []byte) (all []field) {
	all = formFields(r.URL.RawQuery, "query")
	for i := range all {
		all[i].query = true
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
	case kind == "multipart/form-data":
		all = append(all, partFields(body, params["boundary"])...)
	case kind == "application/graphql":
		all = append(all, graphQLFields(string(body), "")...)
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		all = append(all, jsonFields(body)...)
	case kind == "application/x-www-form-urlencoded":
		all = append(all, formFields(string(body), "form")...)
	default:
		// Scripts send JSON and forms under no type, or as text.
		if json.Valid(body) {
			all = append(all, jsonFields(body)...)
		} else {
			all = append(all, formFields(string(body), "form")...)
		}
	}
	for _, f := range all {
		if f.name == "query" && strings.Contains(f.value, "{") {
			all = append(all, graphQLFields(f.value, valueOf(all, "variables"))...)
		}
	}
	if account, password, ok := strings.Cut(basicText(r.Header), ":"); ok && login.CarriesBasic(r.Header) {
		all = append(all, field{name: "account", value: account, group: "basic", kind: "basic"},
			field{name: "password", value: password, group: "basic", kind: "basic"})
	}
	return all[:min(len(all), maxFields)]
}

func valueOf(all []field, name string) string {
	for _, f := range all {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func formFields(s, kind string) (all []field) {
	for pair := range strings.SplitSeq(s, "&") {
		if len(all) == maxFields {
			break
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || name == "" {
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			value = rawValue // a broken escape stands for itself
		}
		all = append(all, field{name: name, value: value, group: kind, kind: kind})
	}
	return all
}

func partFields(body []byte, boundary string) (all []field) {
	if boundary == "" {
		return nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for len(all) < maxFields {
		part, err := parts.NextRawPart()
		if err != nil {
			break
		}
		value, err := io.ReadAll(part)
		if err != nil {
			break
		}
		if part.FormName() != "" && part.FileName() == "" {
			all = append(all, field{name: part.FormName(), value: string(value), group: "multipart", kind: "multipart form"})
		}
	}
	return all
}

// jsonFields lists the texts of a JSON body by pointers (RFC 6901), or where
// it is GraphQL by fields and arguments.
func jsonFields(body []byte) (all []field) {
	if text, variables, ok := login.GraphQLRequest(body); ok {
		return graphQLFields(text, variables)
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var walk func(v any, at string, depth int, list bool)
	walk = func(v any, at string, depth int, list bool) {
		if depth > 8 || len(all) >= maxFields {
			return
		}
		switch x := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(x)) {
				if s, ok := x[key].(string); ok {
					all = append(all, field{name: at + "/" + escapePointer(key), value: s, group: "json" + at, kind: "JSON", list: list})
					continue
				}
				walk(x[key], at+"/"+escapePointer(key), depth+1, list)
			}
		case []any:
			for _, item := range x {
				walk(item, at+"/-", depth+1, true)
			}
		case string:
			all = append(all, field{name: at, value: x, group: "json" + at, kind: "JSON", list: true})
		}
	}
	walk(v, "", 0, false)
	return all
}

func escapePointer(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

func graphQLFields(text, variables string) (all []field) {
	values, err := login.GraphQLValues(text, variables)
	if err != nil {
		return nil
	}
	for _, v := range values {
		all = append(all, field{name: v.Argument, value: v.Value, group: "graphql " + v.Field, kind: "GraphQL",
			gql: &config.GraphQLLogin{Field: v.Field, Account: v.Argument}})
	}
	return all
}

// Names that accounts are sent under, and names of what is sent beside them.
var (
	accountName = regexp.MustCompile(`(?i)mail|user|login|account|customer|member|phone|mobile|ident|nick|^log$|^id$`)
	otherName   = regexp.MustCompile(`(?i)pass|pwd|token|csrf|xsrf|nonce|redirect|return|referer|next|remember|submit|button|action|url|lang|locale|captcha|code|session|grant|client|scope|device|secret`)
	emailName   = regexp.MustCompile(`(?i)mail`)
)

// accountBeside picks the field that carries the account, beside the one that
// carries the password: the one that same says is the account, else the one
// that looks most like one. guessed says that others look like one too.
func accountBeside(all []field, password int, same func(string) bool) (at int, guessed bool) {
	if same != nil {
		for i := range all {
			if i != password && !all[i].list && all[i].value != "" && same(all[i].value) && together(all[i], all[password]) {
				return i, false
			}
		}
	}
	best, at, rivals := 0, -1, 0
	plain, lone := -1, 0 // those that do not look like one, nor like anything else
	for i := range all {
		f := &all[i]
		if i == password || f.list || f.value == "" || len(f.value) > 254 || !together(*f, all[password]) {
			continue
		}
		score := looksLikeAccount(f, all[password].group)
		if score > 0 {
			rivals++
		}
		if score > best {
			best, at = score, i
		}
		if name := f.name[strings.LastIndexAny(f.name, "/.")+1:]; f.group == all[password].group && !f.query && !otherName.MatchString(name) {
			plain = i
			lone++
		}
	}
	if at < 0 && lone == 1 {
		return plain, true
	}
	return at, rivals > 1
}

// together reports whether two fields may be one login's: Basic's and
// GraphQL's are never parted.
func together(a, b field) bool {
	return a.group == b.group || a.gql == nil && b.gql == nil && a.kind != "basic" && b.kind != "basic"
}

func looksLikeAccount(f *field, group string) (score int) {
	name := f.name[strings.LastIndexAny(f.name, "/.")+1:]
	switch mail := strings.Count(f.value, "@") == 1 && !strings.ContainsAny(f.value, " /"); {
	case f.kind == "basic":
		return 100
	case mail && !otherName.MatchString(name):
		score = 20
	case mail:
		score = 4
	case otherName.MatchString(name):
		return 0
	}
	if emailName.MatchString(name) {
		score += 6
	} else if accountName.MatchString(name) {
		score += 5
	}
	if score > 0 && f.group == group {
		score += 3
	}
	return score
}
