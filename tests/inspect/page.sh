#!/bin/sh
# Opens pages in headless Chromium (page.mjs). Exit status 77, which is "skipped", where it is missing (browser.sh).
# Usage: page.sh page_fixtures [FOLDER for screenshots]
set -eu
inspect=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
fixtures=${1:?usage: page.sh page_fixtures [FOLDER]}
# shellcheck source=tests/inspect/browser.sh
. "$inspect/browser.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$fixtures" "$work"
"$node" "$inspect/page.mjs" "$work" ${2:+"$2"}
