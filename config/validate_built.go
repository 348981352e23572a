package config

import (
	"fmt"
	"slices"
)

// part is an option whose syntax is fixed and whose work is not done yet.
// It is refused, so that nobody relies on a protection that is not there.
// When a part is built, its row goes.
type part[T any] struct {
	option string
	// what is missing, after "is not built yet:".
	what string
	// works is what can be written today.
	works string
	used  func(*T) bool
}

var appParts []part[App]

var siteParts []part[Site]

// missingParts refuses what the settings use and no part serves yet.
func missingParts[T any](parts []part[T], settings *T) (errs []error) {
	for _, p := range parts {
		if p.used(settings) {
			errs = append(errs, wrong(p.option, fmt.Sprintf("it is not built yet: %s", p.what), p.works))
		}
	}
	return errs
}

// isPointer reports whether a field's name is a JSON pointer (RFC 6901).
func isPointer(field string) bool { return len(field) > 0 && field[0] == '/' }

// fields are all field names of an endpoint.
func (e Endpoint) fields() []string {
	return slices.Concat(e.AccountFields, e.AccountFallback, e.PasswordFields, e.Requires)
}
