#!/bin/sh
# Opens pages in headless Chromium (page.mjs). Exit status 77, which is "skipped", where node, Chromium or playwright-core
# is missing. CHROMIUM and NODE say where programs are that PATH has not; PLAYWRIGHT_CORE is the folder whose
# node_modules has the package, build-browser if it is not set, where .ci/run puts it. Usage: page.sh page_fixtures [FOLDER for screenshots]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
fixtures=${1:?usage: page.sh page_fixtures [FOLDER]}
skip() {
    echo "skipped: $1"
    exit 77
}
node=${NODE:-$(command -v node || command -v nodejs || true)}
command -v "$node" >/dev/null || skip 'node is missing (the package nodejs)'
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
command -v "$CHROMIUM" >/dev/null || skip 'Chromium is missing (the package chromium)'
export CHROMIUM PLAYWRIGHT_CORE="${PLAYWRIGHT_CORE:-$here/../../build-browser}"
"$node" "$here/page.mjs" --look || skip 'playwright-core is missing (npm install playwright-core; PLAYWRIGHT_CORE is its folder)'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$fixtures" "$work"
"$node" "$here/page.mjs" "$work" ${2:+"$2"}
