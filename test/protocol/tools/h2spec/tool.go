//go:build tools

// Package tool names the version of h2spec that test/protocol/run.sh builds,
// in a module of its own: what it needs is nothing that the gateway needs.
package tool

import _ "github.com/summerwind/h2spec/cmd/h2spec"
