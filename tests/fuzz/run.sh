#!/bin/sh
# Runs a fuzz target, fuzz_tape or fuzz_files, for some seconds, always from the same seed, and fails on a finding,
# which it leaves beside the program. Inputs that reach something new go to FOLDER (none: they are forgotten).
# Usage: run.sh PROGRAM SECONDS [FOLDER]
set -eu
program=${1:?usage: run.sh PROGRAM SECONDS [FOLDER]} seconds=${2:?} found=${3:-}
corpus=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/corpus most=480
[ "$(basename -- "$program")" != fuzz_files ] || corpus=${corpus}_files most=4096
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"

if [ -z "$found" ]; then
    found=$(mktemp -d)
    trap 'rm -rf "$found"' EXIT
fi
# -timeout: a program that takes as long as the whole run is a finding. A shorter limit fails on a slow machine.
# -error_exitcode: libFuzzer's own, 77, means to Meson that the test was left out.
# -entropic=0: with as many features as a program of many operators has, keeping count of the rare ones would take three
# quarters of the time.
"$program" -entropic=0 -seed=1 -error_exitcode=1 -max_total_time="$seconds" -max_len="$most" -timeout="$seconds" \
    -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$(dirname "$program")/finding-" "$found" "$corpus"
