#!/usr/bin/env bash
# What takes longer of the tests of how people with all abilities use the
# pages: every page in every state in every language, with axe-core in light
# and in dark, and the slow way to its end. About half an hour on two cores;
# `make test` has the short form.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash test/run.sh needs
go test -tags a11y -count=1 -timeout 3h -v -run '^TestLong' ./test/browser | grep -v -e '^=== ' -e '^ *--- PASS: .*/.*/'
