#!/usr/bin/env bash
# The long checks of the protocols: h2spec and GoTestWAF against the gateway
# and against the same Caddy without the guard, slowhttptest, and uploads of a
# gibibyte. Gets what it needs, builds, runs everything on loopback out of a
# temporary folder, and ends what it started. The last line says how many
# passed and failed. The short ones run with `make test`.
#
#   bash test/protocol/run.sh
#   bash test/protocol/run.sh H2spec  only tests with this in their name
#
# Needs Go; Debian's package slowhttptest is installed where it is missing.
# h2spec and GoTestWAF are built from the versions and sums that the modules
# in tools/ name.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
say() { printf '%s\n' "$*" >&2; }
die() {
	say "protocol: $*"
	exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-protocol.XXXXXX")
trap 'rm -rf "$work"' EXIT

command -v go >/dev/null || die "Go is not installed; see go.mod for the version"
if ! command -v slowhttptest >/dev/null; then
	apt=(apt-get)
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "install slowhttptest, or run this as root"
		apt=(sudo apt-get)
	fi
	command -v apt-get >/dev/null || die "install slowhttptest: there is no apt-get to do it with"
	say "Installing slowhttptest"
	"${apt[@]}" update -qq
	DEBIAN_FRONTEND=noninteractive "${apt[@]}" -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends slowhttptest >/dev/null
fi

say "Building h2spec and GoTestWAF"
go build -C "$here/tools/h2spec" -o "$work/h2spec" github.com/summerwind/h2spec/cmd/h2spec
go build -C "$here/tools/gotestwaf" -o "$work/gotestwaf" github.com/wallarm/gotestwaf/cmd/gotestwaf
export LOGIN_GUARD_H2SPEC=$work/h2spec LOGIN_GUARD_GOTESTWAF=$work/gotestwaf
LOGIN_GUARD_GOTESTWAF_SOURCE=$(go list -C "$here/tools/gotestwaf" -m -f '{{.Dir}}' github.com/wallarm/gotestwaf)
LOGIN_GUARD_SLOWHTTPTEST=$(command -v slowhttptest)
export LOGIN_GUARD_GOTESTWAF_SOURCE LOGIN_GUARD_SLOWHTTPTEST

cd "$repo"
go build -o "$work/tally" ./test/tally
TMPDIR=$work go test -json -count=1 -timeout 9m -tags protocol -run "TestLong.*${1:-}" ./test/protocol | "$work/tally"
