#!/usr/bin/env bash
# Faults of several gateways and their store, at length: what `make test` runs,
# with gateways killed fifty times under load, five minutes of mixed load with
# outages, a cluster that loses a node, clocks that jump, and the version
# before on the same keys. About twenty minutes.
#
#   bash test/faults/run.sh [go test's flags, such as -run NAME]
#
# Environment:
#   FAULTS_KILLS    how often gateways are killed. Default: 50
#   FAULTS_SECONDS  how long the mixed load lasts. Default: 300
#   FAULTS_OLD      the version before, a commit or tag. Default: the newest
#                   tag; before the first release, the last commit that gave
#                   counters other names: they start anew with those
#
# Needs what test/run.sh needs, and the history of the source.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
say() { printf '%s\n' "$*" >&2; }
die() {
	say "faults: $*"
	exit 1
}
bash test/run.sh needs

TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/login-guard-faults.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

old=${FAULTS_OLD:-$(git describe --tags --abbrev=0 2>/dev/null || echo 76d0e90)}
git rev-parse --verify --quiet "$old^{commit}" >/dev/null || die "there is no $old in the history; set FAULTS_OLD"
say "Building the version before, $old"
mkdir "$TMPDIR/old"
git archive "$old" | tar -x -C "$TMPDIR/old"
(cd "$TMPDIR/old" && go build -o "$TMPDIR/login-guard-before" ./cmd/login-guard)

export FAULTS_OLD=$TMPDIR/login-guard-before
export FAULTS_KILLS=${FAULTS_KILLS:-50} FAULTS_SECONDS=${FAULTS_SECONDS:-300}
go vet -tags faults ./test/faults
go test -tags faults -count=1 -timeout 90m -v ./test/faults "$@"
