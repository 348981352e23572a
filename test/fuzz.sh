#!/usr/bin/env bash
# Fuzzes every parser, one target after the other, as `make fuzz` does. The
# targets are those that `go test -list` finds, so a new one is never left
# out. The last line says how many ran and how many failed.
#
#   bash test/fuzz.sh
#
# Environment:
#   FUZZTIME      how long each target runs. Default: 10m
#   FUZZ_ONLY     a regular expression of names, to run no others. Default: all
#   FUZZ_WORKERS  workers at once. Default: 1
#
# What is found stays in Go's cache and is where the next run begins. A failing
# input is written to the package's testdata/fuzz and fails `make test` from
# then on: mend the code, rename the file to say what it was, keep it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${FUZZTIME:-10m} only=${FUZZ_ONLY:-.} workers=${FUZZ_WORKERS:-1}

log=$(mktemp "${TMPDIR:-/tmp}/login-guard-fuzz.XXXXXX")
trap 'rm -f "$log"' EXIT

# `go test -list` prints the names in a package, then a line with the package.
list=$(go test -list '^Fuzz' ./...)
targets=$(awk '/^Fuzz/ { names[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }' <<<"$list" | grep -E -- "$only" || true)
[ -n "$targets" ] || { echo "fuzz: FUZZ_ONLY=$only leaves no target" >&2 && exit 2; }

ran=0 failed=0 all=0 new=0
while read -r package target; do
	status=0
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -parallel "$workers" "$package" >"$log" 2>&1 </dev/null || status=$?
	last=$(grep '^fuzz: elapsed' "$log" | tail -n 1 || true)
	execs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' <<<"$last")
	fresh=$(sed -n 's/.*new interesting: \([0-9]*\).*/\1/p' <<<"$last")
	ran=$((ran + 1)) all=$((all + ${execs:-0})) new=$((new + ${fresh:-0}))
	printf '%s %s: %d executions, %d new inputs\n' "${package##*/login-guard/}" "$target" "${execs:-0}" "${fresh:-0}"
	if [ "$status" -ne 0 ]; then
		failed=$((failed + 1))
		echo "FAILED $package $target"
		grep -v '^fuzz: elapsed' "$log" || true
	elif [ "${execs:-0}" -eq 0 ]; then
		failed=$((failed + 1))
		echo "FAILED $package $target: nothing ran beyond what is kept, $time is too short"
	fi
done <<<"$targets"

echo "$ran targets ran for $time each: $all executions, $new new inputs, $failed failed"
[ "$failed" -eq 0 ]
