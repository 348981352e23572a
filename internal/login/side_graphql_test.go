package login

import (
	"testing"

	"github.com/login-guard/login-guard/config"
)

func graphQLSides(t *testing.T) *Reader {
	t.Helper()
	vendure, _ := config.Preset("vendure")
	rd, err := NewReader(append([]config.Endpoint{
		{Kind: config.KindRegister, Name: "register", Paths: []string{"*/shop-api"},
			GraphQL: []config.GraphQLLogin{{Field: "registerCustomerAccount", Account: "input.emailAddress", Password: "input.password"}}},
		{Kind: config.KindReset, Name: "reset", GraphQL: []config.GraphQLLogin{{Field: "requestPasswordReset", Account: "emailAddress"}},
			Persisted: []string{"AskReset"}},
		{Kind: config.KindCode, Name: "verify", GraphQL: []config.GraphQLLogin{{Field: "verifyCustomerAccount", Account: "token", Password: "password"}}},
	}, vendure...), Options{Sides: true})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func TestGraphQLSideWaysAreSeen(t *testing.T) {
	rd := graphQLSides(t)
	for _, c := range []struct {
		name, path, body, endpoint, account string
		password                            bool
	}{
		{"registration", "/shop-api", gql(`mutation { registerCustomerAccount(input: {emailAddress: "a@b.c", password: "p"}) { __typename } }`, ""), "register", "a@b.c", true},
		{"registration without a password", "/shop-api", gql(`mutation { registerCustomerAccount(input: {emailAddress: "a@b.c"}) { __typename } }`, ""), "register", "a@b.c", false},
		{"registration by variables", "/shop-api", gql(`mutation R($i: I!) { registerCustomerAccount(input: $i) { __typename } }`, `{"i": {"emailAddress": "a@b.c", "password": "p"}}`), "register", "a@b.c", true},
		{"registration with arguments of another name", "/shop-api", gql(`mutation { registerCustomerAccount(data: {mail: "a@b.c"}) { __typename } }`, ""), "register", "", false},
		{"registration beside something else", "/shop-api", gql(`mutation { registerCustomerAccount(input: {emailAddress: "a@b.c"}) { __typename } addItem(id: 1) { id } }`, ""), "register", "", false},
		{"reset", "/any", gql(`mutation { requestPasswordReset(emailAddress: "a@b.c") { __typename } }`, ""), "reset", "a@b.c", false},
		{"reset by its persisted name", "/any", `{"operationName": "AskReset", "variables": {"emailAddress": "a@b.c", "": "x"}}`, "reset", "a@b.c", false},
		{"code", "/any", gql(`mutation { verifyCustomerAccount(token: "t", password: "p") { __typename } }`, ""), "verify", "t", true},
	} {
		got := read(rd, post(c.path, jsonType, c.body))
		if got.Kind != Side || got.Endpoint.Name() != c.endpoint || got.Account != c.account || got.Password != c.password || string(got.Body) != c.body {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	query := gql(`{ products { id } }`, "")
	wantOther(t, rd, post("/shop-api", jsonType, query), query)
	elsewhere := gql(`mutation { registerCustomerAccount(input: {emailAddress: "a@b.c"}) { id } }`, "")
	wantOther(t, rd, post("/other", jsonType, elsewhere), elsewhere)
	login := gql(`mutation { login(username: "a@b.c", password: "p") { __typename } }`, "")
	if got := read(rd, post("/shop-api", jsonType, login)); got.Kind != Attempt || got.Endpoint.Name() != "vendure" || got.Account != "a@b.c" {
		t.Errorf("a login is one no more: %+v", got)
	}
}

func TestSeveralGraphQLSideWaysInOneAreRefused(t *testing.T) {
	rd := graphQLSides(t)
	one := `requestPasswordReset(emailAddress: "a@b.c") { __typename }`
	for name, body := range map[string]string{
		"aliases":        gql(`mutation { a: `+one+` b: `+one+` }`, ""),
		"batch":          `[` + gql(`mutation { `+one+` }`, "") + `,` + gql(`mutation { `+one+` }`, "") + `]`,
		"with a login":   gql(`mutation { `+one+` login(username: "a@b.c", password: "p") { __typename } }`, ""),
		"batch of login": `[` + gql(`mutation { `+one+` }`, "") + `,` + gql(`mutation { login(username: "a", password: "p") { id } }`, "") + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, rd, post("/shop-api", jsonType, body), 400, ReasonGraphQLMany)
		})
	}
	// Where guesses count, what is read in two ways is refused.
	wantRefused(t, rd, post("/any", jsonType, gql(`mutation { verifyCustomerAccount(token: "t", password: "p") { id } addItem(id: 1) { id } }`, "")), 400, ReasonGraphQL)
}
