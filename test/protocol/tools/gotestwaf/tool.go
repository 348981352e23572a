//go:build tools

// Package tool names the version of GoTestWAF that test/protocol/run.sh
// builds, in a module of its own: what it needs is nothing that the gateway
// needs.
package tool

import _ "github.com/wallarm/gotestwaf/cmd/gotestwaf"
