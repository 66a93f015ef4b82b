#!/bin/sh
# Runs every suite with AddressSanitizer and UndefinedBehaviorSanitizer, the suite `threads` with ThreadSanitizer, the
# suite `examples` of the release build under valgrind, and a minute and a half of fuzzing. Ends with the line
# `N passed, N failed` for the four. The kernels are those for any x86-64; tests/long.sh has the others.
# Usage: sanitize.sh [--timeout-multiplier N]; as for run.sh, N lengthens every time limit on a slow or busy machine.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
CDPATH='' cd -- "$root"
read_times "$@"
address=$root/build-asan thread=$root/build-tsan fuzz=$root/build-fuzz
release=$root/build memcheck=$root/build/meson-logs/valgrind.json

require_to_build check clang libclang-rt-dev llvm valgrind libc6-dbg
# Results of an earlier run must not be counted if this one stops before its tests.
rm -f "$address"/meson-logs/testlog*.json "$thread"/meson-logs/testlog*.json "$fuzz"/meson-logs/testlog*.json \
    "$memcheck" 2>/dev/null || : # a folder that cannot be used has its message below
status=0

# clang 14's ThreadSanitizer does not start on kernels that randomize addresses more widely than it knows. Where this
# cannot be turned off, as in some containers, it has to do without.
at_fixed_addresses() { if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi; }

set_sanitizers
say "== AddressSanitizer and UndefinedBehaviorSanitizer"
{
    configure_for_sanitizers "$address" address,undefined -Dx86_kernels=false &&
        build "$address" && run_tests_within 5 "$address"
} || status=1

say "== ThreadSanitizer"
{
    configure_for_sanitizers "$thread" thread -Dx86_kernels=false &&
        at_fixed_addresses meson test -C "$thread" --print-errorlogs --timeout-multiplier $((10 * times)) --suite threads
} || status=1

say "== valgrind"
# The scripts that run the examples put this before each program.
memory_check='valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible'
{
    configure "$release" -Dtests=true &&
        EXAMPLE_WRAPPER=$memory_check run_tests_within 30 "$release" --suite examples --logbase valgrind
} || status=1

say "== libFuzzer"
{ sh "$root/tests/fuzz.sh" build && run_tests_within 1 "$fuzz" --no-rebuild --suite fuzz; } || status=1

python3 "$root/tests/count.py" "$address" "$thread" "$memcheck" "$fuzz" || status=1
exit "$status"
