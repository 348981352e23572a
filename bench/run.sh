#!/usr/bin/env bash
# What `make bench` runs: measures what Login Guard costs beside bare Caddy and
# caddy-ratelimit, and prints one table.
#
#   bash bench/run.sh           everything, up to a quarter of an hour
#   bash bench/run.sh -quick    less of everything, about three minutes
#   bash bench/run.sh -json     for machines
#
# Needs: Go, and Debian's valgrind, which it installs where it is missing and
# it may. Counts are those of x86-64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}
command -v go >/dev/null || die "Go is not installed; see go.mod for the version"
[ "$(go env GOARCH)" = amd64 ] || die "instructions are counted on amd64 only"
if ! command -v valgrind >/dev/null; then
	apt=(apt-get)
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "install valgrind, or run this as root"
		apt=(sudo apt-get)
	fi
	command -v apt-get >/dev/null || die "install valgrind: there is no apt-get to do it with"
	echo "Installing valgrind" >&2
	export DEBIAN_FRONTEND=noninteractive
	"${apt[@]}" update -qq
	"${apt[@]}" -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends valgrind libc6-dbg >/dev/null
fi

# What is built and written meanwhile goes here and away again.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-bench.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
go build -o "$TMPDIR/table" ./cmd/table
"$TMPDIR/table" "$@"
