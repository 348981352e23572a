#!/usr/bin/env bash
# Runs checks against a real Vendure and a real EverShop from npm: installs
# them into .cache/shops-npm where they are not there, starts them on Debian's
# PostgreSQL on loopback ports, and runs `go test -tags shops,npm`. Ends what
# it started, and nothing else. Not part of continuous integration: the first
# time takes four minutes and half a gigabyte.
#
#   bash test/shops/npm.sh               all checks
#   bash test/shops/npm.sh -run Vendure  arguments go to `go test`
#
# Needs Go, npm, Node 20, and as root Debian's postgresql (without root an own
# one is started as who runs this).
#
# Environment:
#   LOGIN_GUARD_BINARY  gateway to test. Default: built from ./cmd/login-guard
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=$repo/.cache/shops-npm
began=$SECONDS
pids=() # each leads a group of processes: EverShop starts others that outlive it
as_postgres=()

say() { printf '%s\n' "$*" >&2; }
step() { say "   $((SECONDS - began)) s: $*"; }
die() {
	say "shops-npm: $*"
	exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-npm.XXXXXX")
finish() {
	local status=$? pid
	trap - EXIT INT TERM
	set +m
	if [ "$status" -ne 0 ]; then
		for log in "$work"/*.err; do
			[ -s "$log" ] && { say "--- ${log##*/}"; tail -n 15 "$log" >&2; }
		done
	fi
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		pid=${pids[i]}
		kill -TERM -- "-$pid" 2>/dev/null || continue
		for _ in $(seq 50); do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.1; done
		kill -KILL -- "-$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	rm -rf "$work"
	say "shops-npm: $((SECONDS - began)) s in all"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		listening "$port" || { echo "$port"; return; }
	done
}
await() { # await WHAT COMMAND…: at most two minutes
	local what=$1
	shift
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.2
	done
	die "$what did not come up within two minutes"
}
word() { head -c 2048 /dev/urandom | LC_ALL=C tr -dc 'a-zA-Z' | cut -c "1-$1"; }

for tool in go npm node curl; do command -v "$tool" >/dev/null || die "needs $tool"; done
bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1 || true)
if [ -z "$bin" ]; then
	[ "$(id -u)" -eq 0 ] || die "needs Debian's package postgresql"
	step 'PostgreSQL installed'
	apt-get update -qq
	# RUNLEVEL keeps the package from starting its service.
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
	bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
fi

mkdir -p "$cache"
printf '*\n' >"$repo/.cache/.gitignore"
# Scripts of packages stay off: these shops need none of them.
fetch() { # fetch NAME: the shop of conf/npm/NAME, once for each package.json
	local to=$cache/$1
	if ! cmp -s "$here/conf/npm/$1/package.json" "$to/done.json"; then
		rm -rf "$to" && mkdir -p "$to"
		cp -r "$here/conf/npm/$1/." "$to/"
		step "$1 from npm"
		(cd "$to" && npm install --silent --no-audit --no-fund --ignore-scripts >"$work/npm-$1.err" 2>&1) || die "npm install of $1 failed"
		if [ "$1" = evershop ]; then
			step 'EverShop built'
			(evershop build >"$work/build.err" 2>&1) || die "EverShop could not be built"
		fi
		cp "$to/package.json" "$to/done.json"
	fi
	cp -r "$here/conf/npm/$1/." "$to/"
}
SHOPS_PG_PORT=$(free_port) && export SHOPS_PG_PORT
evershop() { # evershop COMMAND…: in place of the subshell that it is called in
	cd "$cache/evershop"
	export DB_HOST=127.0.0.1 DB_PORT="$SHOPS_PG_PORT" DB_NAME=evershop DB_USER=postgres DB_PASSWORD=none DB_SSLMODE=disable
	export JWT_ADMIN_SECRET=$SHOPS_SECRET-1 JWT_ADMIN_REFRESH_SECRET=$SHOPS_SECRET-2
	export JWT_CUSTOMER_SECRET=$SHOPS_SECRET-3 JWT_CUSTOMER_REFRESH_SECRET=$SHOPS_SECRET-4
	# The checks say in X-Forwarded-For where they come from: two hops.
	export TRUST_PROXY_HOPS=2 PORT=$SHOPS_EVERSHOP_PORT
	exec node node_modules/.bin/evershop "$@"
}

step 'PostgreSQL'
set -m # what runs in the background has a group of its own
# It refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
	as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
	chmod 711 "$work"
	mkdir "$work/pg" && chown postgres "$work/pg"
else
	mkdir "$work/pg"
fi
(cd "$work/pg" && "${as_postgres[@]}" "$bin/initdb" -D "$work/pg/data" -A trust -U postgres --no-sync >/dev/null)
(cd "$work/pg" && exec "${as_postgres[@]}" "$bin/postgres" -D "$work/pg/data" -p "$SHOPS_PG_PORT" -c listen_addresses=127.0.0.1 \
	-c unix_socket_directories="$work/pg" -c fsync=off >"$work/postgres.err" 2>&1 </dev/null) &
pids+=($!)
sql=("$bin/psql" -q -h 127.0.0.1 -p "$SHOPS_PG_PORT" -U postgres)
await PostgreSQL "${sql[@]}" -c 'SELECT 1'
"${sql[@]}" -c 'CREATE DATABASE vendure' -c 'CREATE DATABASE evershop'

# Letters and a digit: EverShop wants both.
SHOPS_PASSWORD=$(word 24)7 SHOPS_SECRET=$(word 40)
SHOPS_VENDURE_PORT=$(free_port) SHOPS_EVERSHOP_PORT=$(free_port)
export SHOPS_PASSWORD SHOPS_SECRET SHOPS_VENDURE_PORT SHOPS_EVERSHOP_PORT
fetch vendure
fetch evershop

step 'gateway built'
if [ -z "${LOGIN_GUARD_BINARY:-}" ]; then
	LOGIN_GUARD_BINARY=$work/login-guard
	(cd "$repo" && go build -o "$LOGIN_GUARD_BINARY" ./cmd/login-guard)
fi
SHOPS_BINARY=$(realpath "$LOGIN_GUARD_BINARY") && export SHOPS_BINARY

step 'shops started'
(cd "$cache/vendure" && PORT=$SHOPS_VENDURE_PORT exec node shop.mjs >"$work/vendure.err" 2>&1 </dev/null) &
pids+=($!)
(evershop start >"$work/evershop.err" 2>&1 </dev/null) &
pids+=($!)
vendure=http://127.0.0.1:$SHOPS_VENDURE_PORT/shop-api evershop=http://localhost:$SHOPS_EVERSHOP_PORT
await Vendure curl -sS --fail "$vendure" -H 'Content-Type: application/json' -d '{"query":"{activeChannel{id}}"}'
await EverShop curl -sS --fail "$evershop/account/login"

step 'customers made'
json() { curl -sS --fail -o /dev/null -H 'Content-Type: application/json' -H "X-Forwarded-For: 192.0.2.$((RANDOM % 250 + 1)), 127.0.0.1" "$@"; }
for name in alice bob john_doe; do
	json "$vendure" -d "{\"query\":\"mutation{registerCustomerAccount(input:{emailAddress:\\\"$name@shop.example\\\",password:\\\"$SHOPS_PASSWORD\\\"}){__typename}}\"}"
	json "$evershop/api/customers" -d "{\"full_name\":\"$name\",\"email\":\"$name@shop.example\",\"password\":\"$SHOPS_PASSWORD\"}"
done
for name in alice bob john_doe; do
	(evershop user:create --email "$name@shop.example" --password "$SHOPS_PASSWORD" --name "$name" >>"$work/user.err" 2>&1)
done

step 'checks'
(cd "$repo" && go test -tags shops,npm -count=1 -v -run 'NPM' "$@" ./test/shops) 2>&1 | { grep -avE '^=== |^ +--- PASS' || true; }
