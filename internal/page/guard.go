package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Guard is the script that a shop adds to its own pages, see docs/inline.md.
// It is the same for every visitor and holds nothing that is secret.
type Guard struct {
	Code []byte
	// Tag is its entity tag: another one when Code is another.
	Tag string
}

// guardScripts are its parts, in order.
const guardScripts = "guard guard-bar guard-dialog guard-fetch guard-xhr"

// NewGuard makes the script. forms are what it knows the login forms by, as
// JSON; prefix is the start of our own paths.
func NewGuard(prefix string, forms any) (Guard, error) {
	site, err := json.Marshal(map[string]any{"prefix": prefix, "forms": forms})
	if err != nil {
		return Guard{}, fmt.Errorf("making the script for the shop's pages: %w", err)
	}
	code, err := join("script/%s.js", guardScripts)
	if err != nil {
		return Guard{}, err
	}
	// JSON is JavaScript (ECMA-262 from 2019 on).
	code, err = compactJS(function("const site=" + string(site) + ";" + code))
	if err != nil {
		return Guard{}, err
	}
	sum := sha256.Sum256([]byte(code))
	return Guard{Code: []byte(code), Tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}
