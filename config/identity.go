package config

import (
	"fmt"
	"net/url"
	"strings"
)

// Identity says where a shop tells who is signed in: the address of a page,
// and where in it the customer's e-mail address or number stands. With a
// second factor, the page is asked for once after each right password, in the
// session that the login made, and what stands there decides whose factor it
// is, whatever was typed.
type Identity struct {
	// Address of the page as the shop gets it: a path, with a query or
	// without. It is asked for by GET.
	Path string `json:"path"`

	// Name of the input whose value it is, on a page of HTML. One of Field
	// and JSON is given.
	Field string `json:"field,omitempty"`
	// Where it stands in an answer of JSON, a pointer (RFC 6901). A part that
	// is `*` stands for any; then all that is found has to be the same.
	JSON string `json:"json,omitempty"`

	// What the shop wants to see beside its cookies, and where the answer to
	// the login has it: a header, or a text in its JSON, both sent as
	// `Authorization: Bearer`; or a parameter of the address that it leads to
	// (Location, or an address in its JSON), sent in the query under the same
	// name. One of them at most. Default: none
	TokenHeader string `json:"token_header,omitempty"`
	TokenJSON   string `json:"token_json,omitempty"`
	TokenQuery  string `json:"token_query,omitempty"`
}

const exampleIdentity = "identity /account/edit field email"

// check refuses what could never be found.
func (i *Identity) check(add func(what, works string)) {
	u, err := url.ParseRequestURI(i.Path)
	switch {
	case i.Path == "":
		add("identity lacks the address of the page", exampleIdentity)
	case err != nil || !strings.HasPrefix(i.Path, "/") || strings.HasPrefix(i.Path, "//") || u.Host != "" || strings.ContainsAny(i.Path, "# \\"):
		add(fmt.Sprintf("identity: %q is no address on the shop's own host: a path, with a query or without", i.Path), exampleIdentity)
	}
	if (i.Field == "") == (i.JSON == "") {
		add("identity needs one of field, the name of an input, and json, a pointer", exampleIdentity)
	}
	tokens := 0
	for _, t := range []string{i.TokenHeader, i.TokenJSON, i.TokenQuery} {
		if t != "" {
			tokens++
		}
	}
	if tokens > 1 {
		add("identity has more than one token", "identity /api/me json /email token header Auth-Token")
	}
	if i.TokenHeader != "" && !httpToken.MatchString(i.TokenHeader) {
		add(fmt.Sprintf("identity: %q is no name of a header", i.TokenHeader), "identity /api/me json /email token header Auth-Token")
	}
	for _, p := range []string{i.JSON, i.TokenJSON} {
		if p != "" && !isPointer(p) {
			add(fmt.Sprintf("identity: the pointer %q does not start with /; one to the address in {\"email\":...} is /email", p), "identity /api/me json /email")
		}
	}
}
