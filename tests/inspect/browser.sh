# Looks for what opens pages: sets `node`, CHROMIUM and PLAYWRIGHT_CORE, or ends with status 77, which is "skipped".
# CHROMIUM and NODE say where programs are that PATH has not; PLAYWRIGHT_CORE is the folder whose node_modules has the
# package, build-browser if it is not set, where .ci/run puts it. `inspect` is this folder.
# shellcheck shell=sh
skip() {
    echo "skipped: $1"
    exit 77
}
node=${NODE:-$(command -v node || command -v nodejs || true)}
command -v "$node" >/dev/null || skip 'node is missing (the package nodejs)'
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
command -v "$CHROMIUM" >/dev/null || skip 'Chromium is missing (the package chromium)'
export CHROMIUM PLAYWRIGHT_CORE="${PLAYWRIGHT_CORE:-$inspect/../../build-browser}"
"$node" "$inspect/page.mjs" --look || skip 'playwright-core is missing (npm install playwright-core; PLAYWRIGHT_CORE is its folder)'
