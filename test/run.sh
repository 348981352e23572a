#!/usr/bin/env bash
# All tests, as `make test` runs them: gets what they need, then gofmt, go vet
# and every Go test. A skipped test counts as failed. The last line says how
# many passed and failed.
#
#   bash test/run.sh          everything
#   bash test/run.sh needs    only get what the tests need
#
# Needs: Go, npm, curl, and Debian's packages chromium, redis-server, oathtool,
# zbar-tools and fonts for 32 languages, which it installs where they are missing
# and it may. axe-core
# comes from npm and stays in .cache/.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
axe=4.14.1 # exact: a new one may find more, and that should be a choice
axe_sum=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c

say() { printf '%s\n' "$*" >&2; }
die() {
	say "test: $*"
	exit 1
}

needs() {
	local missing=()
	command -v go >/dev/null || die "Go is not installed; see go.mod for the version"
	command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
	# Glyphs for all languages: boxes in their place are narrower, and hide what
	# is too wide. あ is Japanese, Chinese and Korean; ก Thai and Hindi.
	command -v fc-list >/dev/null || missing+=(fontconfig)
	[ -n "$(fc-list :charset=3042 2>/dev/null)" ] || missing+=(fonts-droid-fallback)
	[ -n "$(fc-list :charset=0e01 2>/dev/null)" ] || missing+=(fonts-noto-core)
	command -v redis-server >/dev/null || missing+=(redis-server)
	command -v oathtool >/dev/null || missing+=(oathtool)
	command -v zbarimg >/dev/null || missing+=(zbar-tools)
	command -v npm >/dev/null || missing+=(npm)
	command -v curl >/dev/null || missing+=(curl)
	if [ ${#missing[@]} -gt 0 ]; then
		local apt=(apt-get)
		if [ "$(id -u)" -ne 0 ]; then
			command -v sudo >/dev/null || die "install ${missing[*]}, or run this as root"
			apt=(sudo apt-get)
		fi
		command -v apt-get >/dev/null || die "install ${missing[*]}: there is no apt-get to do it with"
		say "Installing ${missing[*]}"
		"${apt[@]}" update -qq
		# RUNLEVEL keeps packages from starting their services: tests start
		# their own, on ports of their own.
		"${apt[@]}" -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	fi
	export LOGIN_GUARD_CHROMIUM
	LOGIN_GUARD_CHROMIUM=$(command -v chromium)

	local to=.cache/axe-core-$axe
	if [ ! -f "$to/axe.min.js" ]; then
		mkdir -p "$to.new"
		printf '*\n' >.cache/.gitignore
		(cd "$to.new" && npm pack --silent "axe-core@$axe" >/dev/null && tar -xzf "axe-core-$axe.tgz" --strip-components=1 package/axe.min.js package/LICENSE)
		rm -f "$to.new/axe-core-$axe.tgz"
		rm -rf "$to" && mv "$to.new" "$to"
	fi
	printf '%s  %s\n' "$axe_sum" "$to/axe.min.js" | sha256sum --check --status || die "$to/axe.min.js is not axe-core $axe; delete $to and try again"
	export LOGIN_GUARD_AXE=$PWD/$to/axe.min.js
}

export RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
needs
[ "${1:-}" != needs ] || exit 0

# Gateways, browser profiles and test binaries go here and away again.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-test.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

passed=0 failed=0
check() { # check NAME COMMAND…: one check that is no Go test
	local name=$1
	shift
	if "$@"; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		say "FAILED $name"
	fi
}
formatted() {
	local odd
	odd=$(gofmt -l .)
	[ -z "$odd" ] || { say "gofmt would change:" && say "$odd" && return 1; }
}
check gofmt formatted
check 'go vet' go vet ./...
check 'go vet, with tags' go vet -tags shops,npm,screenshots,protocol,a11y ./test/...
# bench is a module of its own; if this says that its go.sum lacks something,
# run go mod tidy there.
check 'go vet, bench' go -C bench vet ./...

# -count=1: the gateway that many tests run is built by themselves, where
# Go's test cache does not see that it changed.
go build -o "$TMPDIR/tally" ./test/tally
{
	ended=0
	# The longest first: the others run beside it. go vet was asked above.
	go test -json -count=1 -vet=off -timeout 15m ./test/browser ./... || ended=$?
	go -C bench test -json -count=1 -vet=off ./... || ended=$?
	exit "$ended"
} | "$TMPDIR/tally" -passed "$passed" -failed "$failed"
