#!/bin/sh
# What takes too long for .ci/run. It is run before an issue is closed and before a release. Its parts:
#     kernels    every suite with AddressSanitizer and UndefinedBehaviorSanitizer, and with the kernels for AVX2 and
#                AVX-512, which tests/sanitize.sh leaves out
#     fuzz       ten minutes of fuzzing (tests/fuzz.sh)
#     kills      a training that saves after each step, killed 1,000 times
#     steps      a training of a million steps, which takes no more memory than one of ten thousand
#     feeds      a training from a file of 4 GB, in 200 MB of memory
#     decimals   ten million decimal numbers, each read as the C library reads it
#     mutants    gradient rules and the lines of optimisers made wrong, one place at a time (tests/mutate.py)
#     valgrind   the suites of the tape, of both sweeps and of random programs under valgrind, which sees values that
#                were never set; the sanitizers do not
# Each part prints its figures, and how long it took. Ends with the line `N passed, N failed` for all parts.
# Usage: long.sh [--timeout-multiplier N] [PART...]; without a part, all are run.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
CDPATH='' cd -- "$root"
kernels=$root/build-kernels release=$root/build memcheck=$root/build/meson-logs/memcheck-valgrind.json

if [ "${1-}" = --timeout-multiplier ] && [ $# -ge 2 ]; then
    read_times "$1" "$2"
    shift 2
else
    times=1
fi
for part; do
    case $part in kernels | fuzz | kills | steps | decimals | feeds | mutants | valgrind) continue ;; esac
    say "$part: long.sh has no such part. Its parts are kernels, fuzz, kills, steps, decimals, feeds, mutants and valgrind."
    say "Without one it runs all. The only option is --timeout-multiplier N, before the parts, which lengthens every time"
    say "limit N times."
    exit 2
done
[ $# -gt 0 ] || set -- kernels fuzz kills steps decimals feeds mutants valgrind

require_to_build check clang libclang-rt-dev llvm valgrind libc6-dbg
# Results of an earlier run must not be counted if this one stops before its tests.
rm -f "$kernels"/meson-logs/testlog*.json "$memcheck" 2>/dev/null || : # an unusable folder has its message below
set_sanitizers

run_kernels() {
    configure_for_sanitizers "$kernels" address,undefined && build "$kernels" && run_tests_within 5 "$kernels"
}

run_fuzz() { sh "$root/tests/fuzz.sh" 600; }

run_kills() {
    configure "$release" -Dtests=true && build "$release" &&
        GRADTAPE_KILLS=1000 run_tests_within 20 "$release" --suite unit model_kill
}

run_steps() {
    configure "$release" -Dtests=true && build "$release" &&
        GRADTAPE_LONG_STEPS=1000000 run_tests_within 20 "$release" --suite unit training
}

run_decimals() {
    configure "$release" -Dtests=true && build "$release" &&
        GRADTAPE_LONG_DECIMALS=10000000 run_tests_within 10 "$release" --suite unit --verbose decimal
}

run_feeds() {
    configure "$release" -Dtests=true && build "$release" &&
        sh "$root/tests/feed_large.sh" "$release/tests/train_feed" 4096
}

run_mutants() { python3 "$root/tests/mutate.py" --timeout-multiplier "$times"; }

# Meson adds the wrapper's name to that of the log. Leaks are looked for by AddressSanitizer, which does
# not take Check's own for ours.
run_valgrind() {
    configure "$release" -Dtests=true && build "$release" || return
    run_tests_within 50 "$release" --suite unit --logbase memcheck --wrapper 'valgrind --quiet --error-exitcode=99 --leak-check=no' \
        accumulate apply backward check copies entries finite generations gradients guards handles leaves look names \
        parts position replay scopes segments status update versions watch 'fuzz corpus'
}

failed=0
for part; do # The list of parts is fixed here; the loop turns "$@" into what is counted.
    shift
    say "== $part"
    begin=$(date +%s) status=0
    "run_$part" || status=$?
    [ "$status" -eq 0 ] || failed=1
    say "$part: $(($(date +%s) - begin)) seconds"
    case $part in
    kernels) set -- "$@" "$kernels" ;;
    valgrind) set -- "$@" "$memcheck" ;;
    *) set -- "$@" "$part=$status" ;;
    esac
done
python3 "$root/tests/count.py" "$@" || failed=1
exit "$failed"
