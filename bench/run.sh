#!/usr/bin/env bash
# What `make bench` runs: measures what Login Guard costs beside bare Caddy and
# caddy-ratelimit, and prints one table.
#
#   bash bench/run.sh           everything, up to a quarter of an hour
#   bash bench/run.sh -quick    less of everything, about three minutes
#   bash bench/run.sh -json     for machines
#
# Needs: Go, and Debian's valgrind and redis-server, which it installs where
# they are missing and it may. Counts are those of x86-64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}
command -v go >/dev/null || die "Go is not installed; see go.mod for the version"
[ "$(go env GOARCH)" = amd64 ] || die "instructions are counted on amd64 only"
missing=()
command -v valgrind >/dev/null || missing+=(valgrind libc6-dbg)
command -v redis-server >/dev/null || missing+=(redis-server)
if [ ${#missing[@]} -gt 0 ]; then
	apt=(apt-get)
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "install ${missing[*]}, or run this as root"
		apt=(sudo apt-get)
	fi
	command -v apt-get >/dev/null || die "install ${missing[*]}: there is no apt-get to do it with"
	echo "Installing ${missing[*]}" >&2
	# RUNLEVEL keeps packages from starting their services.
	export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
	"${apt[@]}" update -qq
	"${apt[@]}" -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# What is built and written meanwhile goes here and away again.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-bench.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
go build -o "$TMPDIR/table" ./cmd/table
"$TMPDIR/table" "$@"
