#!/bin/sh
# Fuzzes for SECONDS (600), half of them each: random programs on tapes, right and wrong ones (tests/fuzz/program.h),
# and files of the formats that the library reads (tests/fuzz/file_readers.h), with clang's libFuzzer, AddressSanitizer
# and UndefinedBehaviorSanitizer. Inputs that reach something new go to build-fuzz/found and build-fuzz/found_files;
#     build-fuzz/tests/fuzz/fuzz_tape -merge=1 tests/fuzz/corpus build-fuzz/found
#     build-fuzz/tests/fuzz/fuzz_files -merge=1 tests/fuzz/corpus_files build-fuzz/found_files
# takes those that the corpus lacks into it. A finding stays in build-fuzz/tests/fuzz, and is run again by
#     build/tests/fuzz/run_programs build-fuzz/tests/fuzz/finding-...     build/tests/fuzz/read_files (of files)
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
build "$fuzz" tests/fuzz/fuzz_tape tests/fuzz/fuzz_files
[ "$seconds" = build ] || {
    mkdir -p "$fuzz/found" "$fuzz/found_files"
    half=$(((seconds + 1) / 2))
    sh "$root/tests/fuzz/run.sh" "$fuzz/tests/fuzz/fuzz_tape" "$half" "$fuzz/found"
    sh "$root/tests/fuzz/run.sh" "$fuzz/tests/fuzz/fuzz_files" "$half" "$fuzz/found_files"
}
