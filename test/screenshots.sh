#!/usr/bin/env bash
# Draws the pictures of README and docs out of a real gateway in a real
# browser: the slider, "Checked" and the picture, on a phone and on a desktop,
# light, dark and in Arabic; the second factor and the account page on a phone.
#
#   bash test/screenshots.sh             into docs/images
#   bash test/screenshots.sh all FOLDER  every page in every language, for
#                                        translators and designers; in some:
#                                        LOGIN_GUARD_LANGUAGES="th ar"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what='TestScreenshots(OfTheSecondFactor)?' folder=docs/images
if [ "${1:-}" = all ]; then
	what=TestEveryPageToLookAt folder=${2:?where to? bash test/screenshots.sh all FOLDER}
fi
bash test/run.sh needs
mkdir -p "$folder"
LOGIN_GUARD_IMAGES=$(cd "$folder" && pwd)
export LOGIN_GUARD_IMAGES
go test -tags screenshots -count=1 -run "^$what\$" ./test/browser
ls -l "$LOGIN_GUARD_IMAGES"
