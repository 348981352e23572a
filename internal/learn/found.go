package learn

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// Found is how the login looked on the wire. It holds names only.
type Found struct {
	Method string `json:"method"`
	// Path as the browser asked for it, "" where it names the account.
	Path string `json:"path,omitempty"`
	// Route is the parameter of the address that chooses the login's page,
	// where one path serves every page of the shop: name and value.
	Route []string `json:"route,omitempty"`
	// Kind says how the password came: form, multipart form, query, JSON,
	// GraphQL or basic. Script: a script sent it.
	Kind   string `json:"kind"`
	Script bool   `json:"script"`
	// Account and Password are the fields' names, empty with GraphQL, which
	// has its own way to name them, and with Basic.
	Account  string               `json:"account_field,omitempty"`
	Password string               `json:"password_field,omitempty"`
	GraphQL  *config.GraphQLLogin `json:"graphql,omitempty"`
	// Guessed says that the account's field was chosen by how it looks, and not
	// without doubt.
	Guessed bool `json:"account_guessed"`
}

var (
	// routeKeys are parameters by which shops with one script choose the
	// page, the telling ones first.
	routeKeys = []string{"route", "main_page", "controller", "page", "module", "option", "view", "task", "do", "act", "action", "p"}
	// routeWord is a value that names a page and no customer.
	routeWord = regexp.MustCompile(`^[A-Za-z][A-Za-z_./|-]{1,59}$`)
	// frontPath is a path that says nothing of the page.
	frontPath = regexp.MustCompile(`^/?$|/index\.(php|html?)$|/index\.(aspx?|jsp|cfm)$`)
	// plainPath is a path that a Caddyfile can have as it stands.
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9._~/+@:=-]*$`)
	// plainName is a field's name that a Caddyfile can have in quotes.
	plainName = regexp.MustCompile(`^[A-Za-z0-9_./\[\]~:@$+ -]{1,100}$`)
)

// find says what login a request with the word is, and whose. It reports a
// problem in words for the operator where the login cannot be described.
func find(r *http.Request, body []byte, word string, same func(string) bool) (f Found, account, problem string) {
	all := fieldsOf(r, body)
	password, again := -1, 0
	for i := range all {
		if all[i].value == word {
			if again++; password < 0 || all[password].query && !all[i].query {
				password = i
			}
		}
	}
	if password < 0 {
		return f, "", "the word came in a place that no field can name (a list of logins, a changed or encrypted value, a persisted query's variables)"
	}
	if again > 1 && !all[password].query && all[password].gql == nil {
		problem = "the word came twice, as in a registration: fill in the login only"
	}
	p := all[password]
	if strings.HasPrefix(p.name, "/variables/") {
		// Another client may send the query's text instead, with the password
		// in it: fields would not see that.
		return f, "", "it is a persisted GraphQL query, whose text says where the account and the password are: write `graphql` with the schema's field and `persisted` with the query's name or hash by hand"
	}
	if p.list {
		return f, "", "the password stands in a list, which no field can name"
	}
	at, guessed := accountBeside(all, password, same)
	if at < 0 {
		return f, "", "no field beside the password looks like an account: name yours with --account"
	}
	a := all[at]
	f = Found{Method: r.Method, Kind: p.kind, Guessed: guessed, Script: scripted(r)}
	switch {
	case p.gql != nil:
		f.GraphQL = &config.GraphQLLogin{Field: p.gql.Field, Account: a.gql.Account, Password: p.gql.Account}
	case p.kind != "basic":
		f.Account, f.Password = a.name, p.name
		if !plainName.MatchString(a.name) || !plainName.MatchString(p.name) {
			problem = "a field's name has characters that a Caddyfile cannot have"
		}
	}
	hidden := newSecrets(a.value, word)
	if path := r.URL.Path; plainPath.MatchString(path) && !hidden.in(path) {
		f.Path = path
	}
	if frontPath.MatchString(r.URL.Path) {
		f.Route = routeOf(r.URL.RawQuery, hidden)
	}
	return f, a.value, problem
}

// scripted reports whether a script sent the request, and no form.
func scripted(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode != "navigate"
	}
	return r.Header.Get("X-Requested-With") == "XMLHttpRequest" || !strings.Contains(r.Header.Get("Accept"), "text/html")
}

func routeOf(query string, hidden secrets) []string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	for _, key := range routeKeys {
		if v := values[key]; len(v) == 1 && routeWord.MatchString(v[0]) && !hidden.in(v[0]) {
			return []string{key, v[0]}
		}
	}
	return nil
}

// front reports whether the path is one that serves every page.
func (f *Found) front() bool { return f.Path == "" || frontPath.MatchString(f.Path) }

// endpoint is the login without marks: what the reader needs.
func (f *Found) endpoint() config.Endpoint {
	e := config.Endpoint{Kind: config.KindLogin}
	if !f.front() {
		e.Paths = []string{f.Path}
	}
	switch {
	case f.GraphQL != nil:
		e.GraphQL = []config.GraphQLLogin{*f.GraphQL}
	case f.Kind == "basic":
		e.Basic = true
	default:
		e.AccountFields, e.PasswordFields = []string{f.Account}, []string{f.Password}
	}
	return e
}

// read reads a request as the guard would with these endpoints.
func read(endpoints []config.Endpoint, r *http.Request, body []byte) (login.Reading, *login.Reader, error) {
	rd, err := login.NewReader(endpoints, login.Options{Sides: true})
	if err != nil {
		return login.Reading{}, nil, fmt.Errorf("trying the endpoint: %w", err)
	}
	c := r.Clone(r.Context())
	c.Body = http.NoBody
	if len(body) > 0 {
		c.Body = io.NopCloser(bytes.NewReader(body))
		c.ContentLength = int64(len(body))
	}
	return rd.Read(nowhere{}, c), rd, nil
}

// nowhere is the writer of a request that nobody answers.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
