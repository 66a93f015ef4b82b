#!/bin/sh
# Installs what the tests need, builds, runs every suite and ends with the line `N passed, N failed`.
# Options go to `meson test`, for instance `--suite NAME`. On a slow or busy machine, `--timeout-multiplier 10` lengthens
# every time limit of the tests.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
build=$root/build

require_to_build check
# Results of an earlier run must not be counted if this one stops before its tests.
rm -f "$build"/meson-logs/testlog*.json
export CK_VERBOSITY="${CK_VERBOSITY:-normal}"
status=0
{ configure "$build" -Dtests=true && build "$build" && run_tests "$build" "$@"; } || status=$?
python3 "$root/tests/count.py" "$build" || status=1
exit "$status"
