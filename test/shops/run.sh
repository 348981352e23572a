#!/usr/bin/env bash
# Runs the checks of this folder against a real WordPress and a real Django:
# installs Debian's packages where they are missing, starts MariaDB, php-fpm,
# nginx, gunicorn and the gateway on loopback ports out of a temporary folder,
# and runs
# `go test -tags shops`. Ends what it started, and nothing else.
#
#   bash test/shops/run.sh            all checks
#   bash test/shops/run.sh -run Held  arguments go to `go test`
#
# Environment:
#   LOGIN_GUARD_BINARY  gateway to test. Default: built from ./cmd/login-guard
#   SHOPS_KEEP=1        keep the temporary folder (logs, database) afterwards
#   SHOPS_HOLD=1        start everything, print the addresses, wait for Ctrl-C
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
began=$SECONDS
step_began=$SECONDS
pids=()
made_policy=
root=() # how to become root

say() { printf '%s\n' "$*" >&2; }
step() { # step NAME: how long the step before it took
	[ -z "${step_name:-}" ] || say "   ${step_name}: $((SECONDS - step_began)) s"
	step_name=$1 step_began=$SECONDS
}
die() { say "shops: $*"; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-shops.XXXXXX")
# A Unix socket's path has at most 107 bytes.
[ "${#work}" -le 90 ] || { rmdir "$work"; work=$(mktemp -d /tmp/login-guard-shops.XXXXXX); }

finish() {
	local status=$? pid
	trap - EXIT INT TERM
	[ -z "$made_policy" ] || "${root[@]}" rm -f /usr/sbin/policy-rc.d
	if [ "$status" -ne 0 ] && [ "${step_name:-}" != checks ]; then
		for log in "$work"/log/*.err; do
			[ -s "$log" ] && { say "--- ${log##*/}"; tail -n 20 "$log" >&2; }
		done
	fi
	# Newest first: the gateway before the shop, the shop before its database.
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		pid=${pids[i]}
		kill -TERM "$pid" 2>/dev/null || continue
		for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
		kill -KILL "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	if [ -n "${SHOPS_KEEP:-}" ]; then say "shops: kept $work"; else rm -rf "$work"; fi
	say "shops: $((SECONDS - began)) s in all"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# start NAME COMMAND…: in the background, its output in log/NAME.err.
start() {
	local name=$1
	shift
	"$@" >"$work/log/$name.err" 2>&1 </dev/null &
	pids+=($!)
}

# await WHAT COMMAND…: until COMMAND succeeds, at most 30 s.
await() {
	local what=$1
	shift
	for _ in $(seq 300); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	die "$what did not come up within 30 s"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: one that nothing listens on, outside the kernel's own range for
# outgoing connections (32768 and up).
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		listening "$port" || { echo "$port"; return; }
	done
}

# have: everything that the packages bring is there.
have() {
	local f modules
	for f in /usr/share/wordpress/wp-login.php /usr/sbin/mariadbd /usr/sbin/nginx /usr/bin/gunicorn /usr/bin/python3; do
		[ -e "$f" ] || return 1
	done
	compgen -G '/usr/sbin/php-fpm*' >/dev/null || return 1
	command -v php curl mariadb mariadb-install-db redis-server >/dev/null || return 1
	# Debian's own: another Python on the path has not its packages.
	/usr/bin/python3 -c 'import django, MySQLdb' 2>/dev/null || return 1
	modules=$(php -m) # not in a pipe: `grep -q` would end php early, and pipefail call that a failure
	for f in mysqli gd xml mbstring; do
		grep -qx "$f" <<<"$modules" || return 1
	done
}

step 'packages'
if ! have; then
	command -v apt-get >/dev/null || die "needs WordPress, Django, gunicorn, php-fpm, MariaDB, Redis, nginx and curl; there is no apt-get here to install them"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "needs root to install wordpress, python3-django, gunicorn, php-fpm, mariadb-server-core, redis-server and nginx"
		root=(sudo)
	fi
	# What is installed must not start as a service: it would take port 80.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		made_policy=1
		printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
		"${root[@]}" chmod 755 /usr/sbin/policy-rc.d
	fi
	"${root[@]}" apt-get update -qq
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		php-fpm php-cli php wordpress php-mysql php-gd php-xml php-mbstring \
		mariadb-server-core mariadb-client-core nginx curl \
		python3-django python3-mysqldb gunicorn redis-server >"$work/apt.log" 2>&1 ||
		{ tail -n 20 "$work/apt.log" >&2; die "apt-get install failed"; }
	have || die "the packages are installed and still something is missing"
fi
command -v go >/dev/null || die "needs the Go toolchain"

step 'gateway built'
mkdir -p "$work"/{log,db,tmp,nginx,caddy,wp}
if [ -z "${LOGIN_GUARD_BINARY:-}" ]; then
	LOGIN_GUARD_BINARY=$work/login-guard
	(cd "$repo" && go build -o "$LOGIN_GUARD_BINARY" ./cmd/login-guard)
fi

step 'database'
as_root=()
[ "$(id -u)" -ne 0 ] || as_root=(--user=root)
mariadb-install-db --no-defaults "${as_root[@]}" --datadir="$work/db" --auth-root-authentication-method=normal \
	--skip-test-db >"$work/log/install-db.err" 2>&1
# Durability is for databases that are wanted tomorrow.
start mariadb /usr/sbin/mariadbd --no-defaults "${as_root[@]}" --datadir="$work/db" --socket="$work/db.sock" \
	--pid-file="$work/db.pid" --skip-networking --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
	--skip-log-bin --max-allowed-packet=64M
sql=(mariadb --no-defaults --socket="$work/db.sock" --user=root)
await MariaDB "${sql[@]}" -e 'SELECT 1'
"${sql[@]}" -e "CREATE DATABASE wordpress CHARACTER SET utf8mb4;
	CREATE DATABASE django CHARACTER SET utf8mb4;
	CREATE USER shop@localhost IDENTIFIED BY 'shop'; GRANT ALL ON wordpress.* TO shop@localhost;
	GRANT ALL ON django.* TO shop@localhost;"

step 'WordPress, php-fpm, nginx'
# Debian links some libraries into the tree; the copy has the files.
cp -rL /usr/share/wordpress/. "$work/wp/"
mkdir -p "$work"/wp/wp-content/{uploads,mu-plugins,themes/plain}
cp "$here/conf/wp-config.php" "$work/wp/wp-config.php"
cp "$here/conf/watch-login.php" "$work/wp/wp-content/mu-plugins/"
cp "$here/conf/theme/"* "$work/wp/wp-content/themes/plain/"
export SHOPS_DB_SOCKET=$work/db.sock SHOPS_WATCH=$work/watch.log SHOPS_WORK=$work
export SHOPS_WP=$work/wp SHOPS_PREPEND=$here/conf/watch-request.php
SHOPS_FPM_PORT=$(free_port) && export SHOPS_FPM_PORT
SHOPS_NGINX_PORT=$(free_port) && export SHOPS_NGINX_PORT
SHOPS_GATEWAY_PORT=$(free_port) && export SHOPS_GATEWAY_PORT
: >"$SHOPS_WATCH"

as_root=()
[ "$(id -u)" -ne 0 ] || as_root=(--allow-to-run-as-root)
fpm=$(compgen -G '/usr/sbin/php-fpm*' | sort -V | tail -n 1)
start php-fpm "$fpm" --nodaemonize "${as_root[@]}" --fpm-config "$here/conf/php-fpm.conf"

account=$(id -un)
sed -e "s|@WORK@|$work|g; s|@WP@|$work/wp|g; s|@PORT@|$SHOPS_NGINX_PORT|g; s|@FPM@|$SHOPS_FPM_PORT|g" \
	-e "s|@USER@|$account|g" "$here/conf/nginx.conf" >"$work/nginx.conf"
[ "$(id -u)" -eq 0 ] || sed -i '/^user /d' "$work/nginx.conf"
start nginx /usr/sbin/nginx -p "$work/nginx" -c "$work/nginx.conf" -e "$work/log/nginx-error.err"
await php-fpm listening "$SHOPS_FPM_PORT"
await nginx listening "$SHOPS_NGINX_PORT"

step 'WordPress installed'
# Random, so that nothing but this run can know them; letters only, so that
# tests may look for them in raw bodies.
word() { head -c 512 /dev/urandom | LC_ALL=C tr -dc 'a-zA-Z' | cut -c "1-$1"; }
SHOPS_ADMIN_PASSWORD=$(word 24) && export SHOPS_ADMIN_PASSWORD
SHOPS_PASSWORD=$(word 24) && export SHOPS_PASSWORD
export SHOPS_CUSTOMERS="alice bob carol dave erin frank grace heidi ivan judy"
shop=http://127.0.0.1:$SHOPS_NGINX_PORT
page=$(curl -sS --fail -o - "$shop/wp-admin/install.php?step=2" \
	--data-urlencode weblog_title='Shop Example' --data-urlencode user_name=admin \
	--data-urlencode admin_password="$SHOPS_ADMIN_PASSWORD" --data-urlencode admin_password2="$SHOPS_ADMIN_PASSWORD" \
	--data-urlencode pw_weak=1 --data-urlencode admin_email=admin@shop.example \
	--data-urlencode blog_public=0 --data-urlencode Submit=Install) || die "wp-admin/install.php failed"
grep -q '<h1>Success!</h1>' <<<"$page" || { say "$page"; die "wp-admin/install.php did not say Success"; }
php -d display_errors=1 "$here/conf/setup.php" || die "customer and settings could not be made"

step 'Django'
SHOPS_DJANGO_SECRET=$(word 50) && export SHOPS_DJANGO_SECRET
SHOPS_DJANGO_PORT=$(free_port) && export SHOPS_DJANGO_PORT
export PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 "$here/conf/django/setup.py" || die "Django's tables and customers could not be made"
start gunicorn /usr/bin/gunicorn --bind "127.0.0.1:$SHOPS_DJANGO_PORT" --worker-class gthread --threads 16 \
	--worker-tmp-dir "$work/tmp" --chdir "$here/conf/django" shop.wsgi
await Django curl -sS --fail "http://127.0.0.1:$SHOPS_DJANGO_PORT/accounts/login/"

step 'gateway started'
SHOPS_BINARY=$(realpath "$LOGIN_GUARD_BINARY") && export SHOPS_BINARY
export SHOPS_DECISIONS=$work/decisions.log
: >"$SHOPS_DECISIONS"
export XDG_DATA_HOME=$work/caddy XDG_CONFIG_HOME=$work/caddy
start gateway "$LOGIN_GUARD_BINARY" run --adapter caddyfile --config "$here/conf/Caddyfile"
await "the gateway" listening "$SHOPS_GATEWAY_PORT"

if [ -n "${SHOPS_HOLD:-}" ]; then
	step ''
	env | grep '^SHOPS_' >&2
	say "shops: http://127.0.0.1:$SHOPS_GATEWAY_PORT (Host: proxied.example, fastcgi.example, …), WordPress itself $shop"
	while :; do sleep 1; done
fi

step 'checks'
(cd "$repo" && go test -tags shops -count=1 -v "$@" ./test/shops) 2>&1 |
	tee "$work/log/checks" | { grep -avE '^=== |^ +--- PASS' || true; }
step ''
