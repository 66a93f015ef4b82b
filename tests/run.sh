#!/bin/sh
# Installs what the tests need, builds, runs every suite and ends with the line `N passed, N failed`.
# Options go to `meson test`, for instance `--suite NAME`. On a slow or busy machine, `--timeout-multiplier 10` lengthens
# every time limit of the tests.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
CDPATH='' cd -- "$root"
build=$root/build

# check_options OPTION...: ends the script if `meson test` does not take them, before anything is built. Meson would take
# 0 for no limit; it also takes the beginning of a long option, and a value that follows its letter without a space.
check_options() {
    before=
    for option; do
        case $before in
        --*=*) ;;
        -t | -[qv]*t | --ti*) check_times "$option" ;;
        esac
        case $option in
        --ti*=*) check_times "${option#*=}" ;;
        -t?* | -[qv]*t?*) # as in -t10 and -vt10; flags stand before the letter
            times=${option#*t}
            check_times "${times#=}"
            ;;
        esac
        before=$option
    done
    require_to_build check
    # Status 2 says that options are wrong. With right ones it finds no tests in a folder that is not there.
    said=$(meson test "$@" -C "$build/none" 2>&1 >/dev/null) || [ $? -ne 2 ] || {
        say "run.sh hands its options to 'meson test', which does not take them: ${said##*error: }"
        say "'meson test --help' lists what it takes."
        exit 2
    }
}

check_options "$@"
# Results of an earlier run must not be counted if this one stops before its tests.
rm -f "$build"/meson-logs/testlog*.json 2>/dev/null || : # a folder that cannot be used has its message below
export CK_VERBOSITY="${CK_VERBOSITY:-normal}"
status=0
{ configure "$build" -Dtests=true && build "$build" && run_tests "$build" "$@"; } || status=$?
python3 "$root/tests/count.py" "$build" || status=1
exit "$status"
