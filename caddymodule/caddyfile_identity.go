package caddymodule

import (
	"fmt"

	"github.com/login-guard/login-guard/config"
)

const exampleIdentity = "identity /account/edit field email"

// parseIdentity parses where the shop tells who is signed in:
//
//	identity PATH field NAME
//	identity PATH json POINTER
//
// and, at the end of the line, what the shop wants to see beside its cookies:
//
//	token header NAME     of a header of the answer to the login
//	token json   POINTER  in that answer's JSON
//	token query  NAME     in the address that it leads to
func parseIdentity(args []string) (*config.Identity, error) {
	i := &config.Identity{Path: args[0]}
	switch args[1] {
	case "field":
		i.Field = args[2]
	case "json":
		i.JSON = args[2]
	default:
		return nil, fmt.Errorf("%q is neither field, the name of an input, nor json, a pointer", args[1])
	}
	if args[2] == "" {
		return nil, fmt.Errorf("%s has an empty value", args[1])
	}
	if len(args) == 3 {
		return i, nil
	}
	if args[3] != "token" || len(args) != 6 {
		return nil, fmt.Errorf("after it comes nothing, or token with header, json or query and a name, as in: token header Auth-Token")
	}
	if args[5] == "" {
		return nil, fmt.Errorf("token %s has an empty value", args[4])
	}
	switch args[4] {
	case "header":
		i.TokenHeader = args[5]
	case "json":
		i.TokenJSON = args[5]
	case "query":
		i.TokenQuery = args[5]
	default:
		return nil, fmt.Errorf("a token is in a header, json or a query, not in %q", args[4])
	}
	return i, nil
}
