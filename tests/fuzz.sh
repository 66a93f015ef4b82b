#!/bin/sh
# Fuzzes for SECONDS (600): random programs on tapes, right and wrong ones, with clang's libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer (tests/fuzz/program.h). Programs that reach something new go to build-fuzz/found;
#     build-fuzz/tests/fuzz/fuzz_tape -merge=1 tests/fuzz/corpus build-fuzz/found
# takes those that the corpus lacks into it. A finding stays in build-fuzz/tests/fuzz, and is run again by
#     build/tests/fuzz/run_programs build-fuzz/tests/fuzz/finding-...
# Usage: fuzz.sh [SECONDS]; with `build` in place of a number it is only built.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
CDPATH='' cd -- "$root"
fuzz=$root/build-fuzz seconds=${1-600}
if [ $# -gt 1 ] || { [ "$seconds" != build ] && ! is_count "$seconds"; }; then
    say "usage: fuzz.sh [SECONDS], a whole number from 1 to 99999, or fuzz.sh build; not: $*"
    exit 2
fi

require_to_build check clang libclang-rt-dev llvm
configure_for_sanitizers "$fuzz" address,undefined -Dfuzz=true -Dx86_kernels=false
build "$fuzz" tests/fuzz/fuzz_tape
[ "$seconds" = build ] || {
    mkdir -p "$fuzz/found"
    sh "$root/tests/fuzz/run.sh" "$fuzz/tests/fuzz/fuzz_tape" "$seconds" "$fuzz/found"
}
