#!/bin/sh
# Builds the library, runs all benchmarks in about two minutes and prints one table: ours, and beside them the training
# steps of other frameworks that python3 can import (bench/mnist_peer.py). bench/quality.sh compares not times but what
# is learnt.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
# shellcheck source=bench/build.sh
. "$root/bench/build.sh"
bench=$root/build/bench

if [ $# -gt 0 ]; then
    say "$*: bench/run.sh takes no arguments, because it runs every benchmark. One alone: build/bench/mlp_step --help"
    exit 2
fi

# ---- Reading results ----------------------------------------------------------------------------------------------

# run PROGRAM OPTION...: its last line, which is JSON; all of its output goes to the log.
run() {
    say "running $*"
    program=$1
    shift
    printf '\n== %s %s\n' "$program" "$*" >>"$log"
    "$bench/$program" "$@" >"$log.part" 2>&1 || {
        cat "$log.part" >&2
        return 1
    }
    cat "$log.part" >>"$log"
    tail -n 1 "$log.part"
}

# field NAME JSON: one number or text of a line of JSON that has no nested objects.
field() { printf '%s\n' "$2" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^,}\"]*\).*/\1/p"; }

line() { printf '%-56s %12s  %-10s %s\n' "$@" | sed 's/ *$//'; }

# ---- The table ----------------------------------------------------------------------------------------------------

print_machine() {
    printf 'Gradtape benchmarks, %s, sh bench/run.sh\n' "$(date +%Y-%m-%d)"
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    printf '%s, %s processors\n' "${model:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)"
    grep -m 1 '^OpenBLAS [^ ]*, kernels' "$log"
    # What the environment sets holds for both sides of each ratio, but it is not what OpenBLAS would choose.
    [ -z "${OPENBLAS_CORETYPE:-}" ] || printf 'OPENBLAS_CORETYPE=%s is set in the environment\n' "$OPENBLAS_CORETYPE"
    printf '%s\n\n' "G: the step's bare matrix products with OpenBLAS on one thread; ratios are those of minima."
    line "" measured unit goal
}

# print_steps THREADS JSON TABLE GOAL
print_steps() {
    line "training step, 784-300-100-10, batch 50, threads: $1" "$(field us_step_min "$2")" us ""
    line "    the same" "$(field ratio "$2")" G "$4"
    for key in batch_1 batch_10 batch_50 batch_256 wide_256; do
        line "    $key" "$(field "$key" "$3")" G ""
    done
}

print_operators() {
    line "an operator on scalars" "$(field ns_operator "$scalars")" ns "40"
    line "    a call on a tape in error" "$(field ns_in_error "$scalars")" ns "10"
    line "cheap operators on 30,000,000 elements, the slowest" "$(field worst_cheap_x_memcpy "$vectors")" memcpy "1.3"
    line "broadcast, sums, transpose on 1000 x 1000, the slowest" "$(field worst_matrix_x_memcpy "$vectors")" memcpy "2"
    for name in exp log tanh logistic; do
        goal=5
        [ "$name" != log ] || goal=4
        line "$name in f32, times faster than libm" "$(field "${name}_f32" "$vectors")" x "$goal"
        line "$name in f64, times faster than libm" "$(field "${name}_f64" "$vectors")" x 3
    done
}

# print_adbench NAME JSON GOAL GOAL: gradients in units of the objective in plain C.
print_adbench() {
    line "$1: objective in plain C" "$(field objective_us "$2")" us ""
    line "    gradient, recorded each time" "$(field ratio_record "$2")" objective "$3"
    line "    gradient, replayed" "$(field ratio_replay "$2")" objective "$4"
}

print_rest() {
    line "predict 10,000 rows, 1 thread" "$(field ratio "$predict1")" products "1.2"
    line "predict 10,000 rows, 2 threads" "$(field ratio "$predict2")" products ""
    line "predict one row, 1 thread" "$(field one_row_ratio "$predict1")" products "1.3"
    line "growth: exponent of time over that of arithmetic" "$(field worst_ratio "$growth")" "" "1.05"
    line "memory of training over what it must hold" "$(field memory_ratio "$growth")" x ""
    line "1,000 layers in segments of 32: memory of values" "$(field memory_share_32 "$segments")" x ""
    line "    time of a step" "$(field time_ratio_32 "$segments")" x ""
    line "open a tape, tiny gradient, close" "$(field us_median "$startup")" us "20"
    line "reading files of MNIST's size" "$(field ms_read "$startup")" ms ""
    line "    then to the end of the first step" "$(field ms_first_step_scaled "$startup")" ms ""
}

# ---- Peers --------------------------------------------------------------------------------------------------------

peer() { python3 "$root/bench/mnist_peer.py" "$@"; }

# print_peer PEER THREADS GEMM: its step in microseconds and in G.
print_peer() {
    say "running $1, threads: $2"
    if ! result=$(peer "$1" --data "$data" --steps 2000 --threads "$2" 2>>"$log" | tail -n 1) || [ -z "$result" ]; then
        line "$1, threads: $2" failed "" "see $log"
        return
    fi
    us=$(field us_step_min "$result")
    line "$1, threads: $2" "$us" us ""
    line "    the same" "$(awk "BEGIN { printf \"%.3f\", $us / $3 }")" G ""
}

# The data are fetched for peers only, since our own benchmarks make theirs.
print_peers() {
    command -v python3 >/dev/null || return 0
    data=
    for name in torch torch-compile jax sklearn estimator; do
        if ! peer "$name" --check 2>/dev/null; then
            line "$name" "not installed" "" ""
            continue
        fi
        [ -n "$data" ] || data=$(sh "$root/examples/fetch_mnist.sh") || return 0
        print_peer "$name" 1 "$(field gemm_us "$step1")"
        print_peer "$name" 2 "$(field gemm_us "$step1")"
    done
}

# shellcheck disable=SC2119 # The benchmarks need nothing beyond the library.
require_to_build
make_build "$root/build"
build_benches bench/adbench bench/growth bench/mlp_step bench/predict bench/scalar_ops bench/segments bench/startup \
    bench/vector_ops
log=$root/build/bench.log
: >"$log"

step1=$(run mlp_step --threads 1 --steps 4000)
step2=$(run mlp_step --threads 2 --steps 4000)
table1=$(run mlp_step --threads 1 --table)
table2=$(run mlp_step --threads 2 --table)
scalars=$(run scalar_ops)
vectors=$(run vector_ops)
predict1=$(run predict --threads 1)
predict2=$(run predict --threads 2)
growth=$(run growth)
gmm10=$(run adbench gmm "$root/examples/adbench/gmm_d10_K25.txt")
gmm20=$(run adbench gmm "$root/examples/adbench/gmm_d20_K50.txt")
lstm=$(run adbench lstm "$root/examples/adbench/lstm_l2_c1024.txt")
segments=$(run segments)
startup=$(run startup)

print_machine
print_steps 1 "$step1" "$table1" 1.00
print_steps 2 "$step2" "$table2" 0.62
print_operators
print_adbench "ADBench, mixture, d 10, K 25" "$gmm10" 1.55 1.45
print_adbench "ADBench, mixture, d 20, K 50" "$gmm20" 1.55 1.45
print_adbench "ADBench, LSTM, l 2, c 1024" "$lstm" 3.4 2.4
print_rest
print_peers
rm -f "$log.part"
printf '\nAll that the benchmarks printed is in %s\n' "$log"
