#!/usr/bin/env bash
# The differential lab: odd logins through the real gateway to small login
# apps in PHP, Node, Python, Ruby, Java and Go. Gets what it needs, builds,
# starts everything on loopback out of a temporary folder, and ends what it
# started. The last line says how many requests kept every promise.
#
#   bash test/lab/run.sh
#
# Environment:
#   LAB_COUNT  how many requests. Default: 20000
#   LAB_SEED   what they are made from. Default: another each time; printed
#   LAB_INPUTS how many requests more, made of what the fuzz targets found.
#              Default: a quarter of LAB_COUNT
#   LAB_CORPUS a folder with more inputs than are kept, one folder a target;
#              `cache`: those that `make fuzz` found here. Default: none
#   LAB_JSON   0: no bodies of JSON. Default: 1
#   LAB_ONLY   names of apps, to have no others. Default: all
#   LAB_KEEP   1: keep the temporary folder (logs) afterwards
#
# Needs Go and npm; Debian's packages are installed where they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
say() { printf '%s\n' "$*" >&2; }
die() {
	say "lab: $*"
	exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-lab.XXXXXX")
made_policy=
root=()
pid=
finish() {
	local status=$?
	trap - EXIT INT TERM
	[ -z "$made_policy" ] || "${root[@]}" rm -f /usr/sbin/policy-rc.d
	[ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
	if [ -n "${LAB_KEEP:-}" ]; then say "lab: kept $work"; else rm -rf "$work"; fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

have() {
	local f
	for f in /usr/sbin/nginx /usr/bin/puma /usr/share/tomcat10/bin/bootstrap.jar /usr/share/java/eclipse-jdt-core.jar /usr/share/java/jackson-databind.jar; do
		[ -e "$f" ] || return 1
	done
	compgen -G '/usr/sbin/php-fpm*' >/dev/null || return 1
	command -v php java ruby node npm >/dev/null || return 1
	/usr/bin/python3 -c 'import django, flask, gunicorn' 2>/dev/null || return 1
	ruby -e 'require "rack"; require "sinatra/base"' 2>/dev/null || return 1
}

if ! have; then
	command -v apt-get >/dev/null || die "PHP, nginx, Python, Ruby or Tomcat is missing, and there is no apt-get to install it with"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "needs root to install packages"
		root=(sudo)
	fi
	# What is installed must not start as a service: it would take port 80.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		made_policy=1
		printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
		"${root[@]}" chmod 755 /usr/sbin/policy-rc.d
	fi
	say "Installing Debian's packages"
	"${root[@]}" apt-get update -qq
	packages=(php-cli php-fpm nginx python3-django python3-flask python3-gunicorn ruby-sinatra ruby-rack puma tomcat10-common libjackson2-databind-java default-jre-headless)
	command -v npm >/dev/null || packages+=(nodejs npm)
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends \
		"${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; die "apt-get install failed"; }
	have || die "the packages are installed and still something is missing"
fi
command -v go >/dev/null || die "Go is not installed; see go.mod for the version"

# Node's modules, in the versions that the lock file names, with their sums.
lock=$here/backends/node/package-lock.json
cache=$repo/.cache/lab/node-$(sha256sum "$lock" | cut -c1-12)
if [ ! -d "$cache/node_modules" ]; then
	say "Getting Node's modules"
	mkdir -p "$repo/.cache" "$cache.new"
	[ -e "$repo/.cache/.gitignore" ] || printf '*\n' >"$repo/.cache/.gitignore"
	cp "$here/backends/node/package.json" "$lock" "$here/backends/node/.npmrc" "$cache.new/"
	(cd "$cache.new" && npm ci --silent --no-audit --no-fund --ignore-scripts) || die "npm ci failed"
	rm -rf "$cache" && mv "$cache.new" "$cache"
fi

if [ "${LAB_CORPUS:-}" = cache ]; then
	LAB_CORPUS=$(cd "$repo" && go env GOCACHE)/fuzz/$(cd "$repo" && go list -m)/internal/login
fi
export LAB_CORPUS=${LAB_CORPUS:-}

say "Building the gateway and the lab"
(cd "$repo" && go build -o "$work/" ./cmd/login-guard ./test/lab && go build -o "$work/goapp" ./test/lab/backends/go)

"$work/lab" -here "$here" -work "$work" -gateway "$work/login-guard" -modules "$cache/node_modules" -goapp "$work/goapp" &
pid=$!
status=0
wait "$pid" || status=$?
pid=
exit "$status"
