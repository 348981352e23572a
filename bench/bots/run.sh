#!/usr/bin/env bash
# What `make bench-bots` runs: adversaries of every kind against the gateway,
# and prints who passes the check, how often and at what price.
#
#   bash bench/bots/run.sh                 everything, meant for 45 minutes
#   bash bench/bots/run.sh -quick          less of everything, meant for six
#   bash bench/bots/run.sh -only 'http'    only the parts that match: people,
#                                          http, browser, pictures, sound, hours
#   bash bench/bots/run.sh -only browser -who stock
#                                          of those, only some adversaries
#
# Needs Go and npm, and Debian's packages chromium, tesseract-ocr and
# python3-torch, which it installs where they are missing and it may. What npm
# installs (playwright-core and ghost-cursor, by exact version and sum) stays
# in .cache/. Everything runs on loopback, in a folder that goes away.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

say() { printf 'bots: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}
command -v go >/dev/null || die "Go is not installed; see go.mod for the version"
missing=()
command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v tesseract >/dev/null || missing+=(tesseract-ocr)
/usr/bin/python3 -c 'import numpy, torch' 2>/dev/null || missing+=(python3-torch python3-numpy)
if [ ${#missing[@]} -gt 0 ]; then
	apt=(apt-get)
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "install ${missing[*]}, or run this as root"
		apt=(sudo apt-get)
	fi
	command -v apt-get >/dev/null || die "install ${missing[*]}: there is no apt-get to do it with"
	say "installing ${missing[*]}"
	# RUNLEVEL keeps packages from starting their services.
	export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
	"${apt[@]}" update -qq
	"${apt[@]}" -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The driver and what it needs, by its lock file, in a folder of that name.
drive=$root/.cache/bots-$(sha256sum bench/bots/chromium/drive/package-lock.json | cut -c1-16)
if [ ! -d "$drive/node_modules" ]; then
	rm -rf "$drive" "$drive.new"
	mkdir -p "$drive.new"
	printf '*\n' >.cache/.gitignore
	cp bench/bots/chromium/drive/package.json bench/bots/chromium/drive/package-lock.json "$drive.new"
	(cd "$drive.new" && npm ci --ignore-scripts --omit=optional --no-audit --no-fund --silent)
	mv "$drive.new" "$drive"
fi
cp bench/bots/chromium/drive/*.mjs "$drive"

# What is built and written meanwhile goes here and away again.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-bots.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
say "building the gateway"
go build -o "$TMPDIR/login-guard" ./cmd/login-guard
go -C bench build -o "$TMPDIR/bots" ./cmd/bots
"$TMPDIR/bots" -gateway "$TMPDIR/login-guard" -drive "$drive" -chromium "$(command -v chromium)" \
	-network "$root/bench/bots/letters/net.py" -folder "$TMPDIR" "$@"
