#!/bin/sh
# Builds the library, runs all benchmarks in about three minutes and prints one table: what was measured, and the goal
# for the kernels that are in use. With --peers other frameworks and libraries follow. bench/quality.sh compares not times
# but what is learnt.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
# shellcheck source=bench/build.sh
. "$root/bench/build.sh"
bench=$root/build/bench

usage() {
    cat <<'END'
Usage: sh bench/run.sh [--peers]

Builds the library, runs all benchmarks in about three minutes and prints one table.

  --peers  also times what does the same work, where it is there: PyTorch, JAX, scikit-learn and TensorFlow's estimator,
           which python3 or /usr/bin/python3 imports; KANN, whose sources are in the folder KANN_DIR; ADOL-C
  --help   prints this

In the environment:
  AD_PROCESSOR        baseline or avx2 chooses kernels of this library for a lesser processor
  OPENBLAS_CORETYPE   Zen, for instance, chooses OpenBLAS's kernels
  KANN_DIR            a folder with kann.c, kann.h, kautodiff.c and kautodiff.h

One benchmark alone: build/bench/mlp_step --help
END
}

with_peers=
for option; do
    case $option in
    --peers) with_peers=yes ;;
    --help) usage && exit ;;
    *)
        say "$option: bench/run.sh has no such option, only --peers and --help. One alone: build/bench/mlp_step --help"
        exit 2
        ;;
    esac
done

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
field() {
    printf '%s\n' "$2" | sed -n -e "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" -e "s/.*\"$1\": *\([^\",}][^,}]*\).*/\1/p"
}

# line WHAT MEASURED UNIT GOAL
line() { printf '%-60s %12s  %-12s %s\n' "$1" "${2:-missing}" "$3" "$4" | sed 's/ *$//'; }

# ---- Goals --------------------------------------------------------------------------------------------------------

# set_goals KERNELS: those that differ between processors. There are none for a processor without AVX2.
set_goals() {
    goal_step1='' goal_step2='' goal_small='' goal_scalar=''
    case $1 in
    avx2) goal_step1=0.95 goal_step2=0.53 goal_small=0.8 goal_scalar=40 ;;
    avx512) goal_step1=0.975 goal_step2=0.55 goal_small=1.0 goal_scalar=30 ;;
    esac
}

# ---- The table ----------------------------------------------------------------------------------------------------

print_machine() {
    printf 'Gradtape benchmarks, %s, sh bench/run.sh%s\n' "$(date +%Y-%m-%d)" "${with_peers:+ --peers}"
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    printf '%s, %s processors\n' "${model:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)"
    grep -m 1 '^OpenBLAS [^ ]*, kernels' "$log"
    printf 'Gradtape, kernels for %s; multiply-adds in registers: %s Gflop/s a core in f32, %s in f64\n' "$kernels" \
        "$(field gflops_f32 "$matmul")" "$(field gflops_f64 "$matmul")"
    # Kernels that the environment chooses are not those that this machine would have.
    [ -z "${AD_PROCESSOR:-}" ] || printf 'AD_PROCESSOR=%s is set in the environment\n' "$AD_PROCESSOR"
    [ -z "${OPENBLAS_CORETYPE:-}" ] || printf 'OPENBLAS_CORETYPE=%s is set in the environment\n' "$OPENBLAS_CORETYPE"
    printf '%s\n\n' "G: the step's bare matrix products with OpenBLAS on one thread; ratios are those of minima."
}

# print_steps THREADS JSON TABLE GOAL
print_steps() {
    line "training step, 784-300-100-10, batch 50, threads: $1" "$(field us_step_min "$2")" us ""
    line "    over its products" "$(field ratio "$2")" G "$4"
    line "    batch 1" "$(field batch_1_x_bytes "$3")" "its bytes" 1.3
    line "    batch 1" "$(field batch_1 "$3")" G ""
    line "    batch 10" "$(field batch_10 "$3")" G 1.03
    line "    batch 256" "$(field batch_256 "$3")" G 1.03
    line "    784-1024-1024-10, batch 256" "$(field wide_256 "$3")" G 1.03
}

# The parts of a step on one thread.
print_parts() {
    i=0
    while [ "$i" -lt "$(field products "$parts")" ]; do
        line "product $(field "product_$i" "$parts")" "$(field "percent_$i" "$parts")" "% of peak" ""
        i=$((i + 1))
    done
    line "    all products of a step" "$(field percent_of_peak "$parts")" "% of peak" ""
    line "    the rest of the step" "$(field us_rest "$parts")" us ""
}

print_products() {
    line "24 shapes, the slowest: $(field worst_shape "$matmul")" "$(field worst "$matmul")" OpenBLAS 1.02
    line "    up to 128: $(field worst_small_shape "$matmul")" "$(field worst_small "$matmul")" OpenBLAS "$goal_small"
    line "64 x [16,16] x [16,16], times faster than 64 calls" "$(field batch_16_times_faster "$matmul")" x 3
}

print_busy() {
    line "step beside $(field loads "$busy") processes that compute, 1 thread" "$(field us_busy_1 "$busy")" us ""
    line "    2 threads, medians" "$(field ratio_busy "$busy")" "1 thread" 1.15
    line "    on a quiet host" "$(field ratio_quiet "$busy")" "1 thread" ""
}

print_operators() {
    line "an operator on scalars, recorded" "$(field ns_operator "$scalars")" ns "$goal_scalar"
    line "    replayed" "$(field ns_replayed "$scalars")" ns ""
    line "    a call on a tape in error" "$(field ns_in_error "$scalars")" ns 10
    line "cheap operators on 30,000,000 elements, the slowest" "$(field worst_cheap_x_memcpy "$vectors")" memcpy 1.3
    line "broadcast, sums, transpose on 1000 x 1000, the slowest" "$(field worst_matrix_x_memcpy "$vectors")" memcpy 2
    for name in exp log tanh logistic; do
        goal=5
        [ "$name" != log ] || goal=4
        line "$name in f32, times faster than libm" "$(field "${name}_f32" "$vectors")" x "$goal"
        line "$name in f64, times faster than libm" "$(field "${name}_f64" "$vectors")" x 3
    done
}

# print_adbench NAME JSON GOAL GOAL: gradients in units of the objective in plain C. The second goal is that of replays.
print_adbench() {
    line "$1: objective in plain C" "$(field objective_us "$2")" us ""
    line "    gradient, recorded each time" "$(field ratio_record "$2")" objective "$3"
    line "    gradient, the value replayed" "$(field ratio_replay "$2")" objective "$4"
    line "    gradient, replayed as it was recorded" "$(field ratio_gradient_replay "$2")" objective "$4"
}

print_rest() {
    line "predict 10,000 rows, 1 thread" "$(field ratio "$predict1")" products 1.2
    line "predict 10,000 rows, 2 threads" "$(field ratio "$predict2")" products ""
    line "predict one row, 1 thread" "$(field one_row_ratio "$predict1")" products 1.3
    line "growth: exponent of time over that of arithmetic" "$(field worst_ratio "$growth")" "" 1.05
    line "memory of training over what it must hold" "$(field memory_ratio "$growth")" x ""
    line "1,000 layers in segments of 32: memory of values" "$(field memory_share_32 "$segments")" x ""
    line "    time of a step" "$(field time_ratio_32 "$segments")" x ""
    line "open a tape, tiny gradient, close" "$(field us_median "$startup")" us 2
    line "    the first of the process" "$(field us_first "$startup")" us ""
    line "reading files of MNIST's size" "$(field ms_read "$startup")" ms ""
    line "    then to the end of the first step" "$(field ms_first_step_scaled "$startup")" ms ""
}

# ---- Peers --------------------------------------------------------------------------------------------------------

# missing PEER WHAT: a line that says what installs it.
missing() { line "$1" "not installed" "" "$2"; }

# peer_step NAME JSON: a step in microseconds and in G; no JSON: it failed.
peer_step() {
    us=$(field us_step_min "$2")
    if [ -z "$us" ]; then
        line "$1" failed "" "see $log"
        return
    fi
    line "$1" "$us" us ""
    line "    the same" "$(awk "BEGIN { printf \"%.3f\", $us / $(field gemm_us "$step1") }")" G ""
}

# peer COMMAND...: the last line of what it prints; errors go to the log.
peer() {
    say "running $*"
    "$@" 2>>"$log" | tail -n 1 || :
}

# python_with PEER: the first Python that has what this peer needs. Debian's packages are for Debian's.
python_with() {
    for python in python3 /usr/bin/python3; do
        if "$python" "$root/bench/mnist_peer.py" "$1" --check >/dev/null 2>&1; then
            printf '%s\n' "$python"
            return
        fi
    done
}

how_to_install() {
    case $1 in
    torch) echo "pip install torch, or apt-get install python3-torch" ;;
    torch-compile) echo "pip install torch" ;;
    jax) echo "pip install jax" ;;
    sklearn) echo "pip install scikit-learn" ;;
    estimator) echo "pip install tensorflow==2.15.1, for Python up to 3.11" ;;
    esac
}

# The data are fetched for these peers only, since our own benchmarks make theirs.
print_python_peers() {
    data=
    for name in torch torch-compile jax sklearn estimator; do
        python=$(python_with "$name")
        if [ -z "$python" ]; then
            missing "$name" "$(how_to_install "$name")"
            continue
        fi
        [ -n "$data" ] || data=$(sh "$root/examples/fetch_mnist.sh") || return 0
        for threads in 1 2; do
            peer_step "$name, threads: $threads" \
                "$(peer "$python" "$root/bench/mnist_peer.py" "$name" --data "$data" --steps 2000 --threads "$threads")"
        done
    done
}

# compile_kann OUTPUT OPTION...: bench/kann_peer.c and KANN's sources.
compile_kann() {
    output=$1
    shift
    cc -O3 -march=native -D_GNU_SOURCE -I"$KANN_DIR" -o "$output" "$root/bench/kann_peer.c" "$root/bench/arguments.c" \
        "$root/bench/timing.c" "$KANN_DIR/kann.c" "$KANN_DIR/kautodiff.c" "$@" -lm 2>>"$log"
}

# print_kann NAME PROGRAM OPTION...
print_kann() {
    name=$1 program=$2
    shift 2
    rm -f "$program"
    compile_kann "$program" "$@" || say "$name cannot be compiled: see $log"
    peer_step "$name, threads: 1" "$(peer env OPENBLAS_NUM_THREADS=1 "$program" --steps 1000)"
}

print_kanns() {
    if ! [ -f "${KANN_DIR:-}/kann.c" ]; then
        missing kann "git clone https://github.com/attractivechaos/kann, and KANN_DIR=its folder"
        return
    fi
    print_kann "kann" "$bench/kann_peer"
    # shellcheck disable=SC2046 # options without blanks
    print_kann "kann with OpenBLAS" "$bench/kann_peer_blas" -DHAVE_CBLAS $(pkg-config --cflags --libs openblas)
}

# The chain of scalars by ADOL-C.
print_adolc() {
    if ! echo '#include <adolc/adolc.h>' | c++ -x c++ -fsyntax-only - 2>/dev/null; then
        missing adolc "apt-get install libadolc-dev g++"
        return
    fi
    rm -f "$bench/adolc_peer"
    { cc -O3 -D_GNU_SOURCE -c -o "$bench/adolc_timing.o" "$root/bench/timing.c" &&
        c++ -O3 -march=native -o "$bench/adolc_peer" "$root/bench/adolc_peer.cpp" "$bench/adolc_timing.o" -ladolc; } \
        2>>"$log" || say "bench/adolc_peer.cpp cannot be compiled: see $log"
    ns=$(field ns_operator "$(peer "$bench/adolc_peer")")
    if [ -n "$ns" ]; then line "adolc, an operator on scalars" "$ns" ns ""; else line adolc failed "" "see $log"; fi
}

print_peers() {
    printf '\n'
    print_python_peers
    print_kanns
    print_adolc
}

# ---- The run ------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2119 # The benchmarks need nothing beyond the library.
require_to_build
make_build "$root/build"
build_benches bench/adbench bench/busy bench/growth bench/matmul bench/mlp_step bench/predict bench/scalar_ops \
    bench/segments bench/startup bench/vector_ops
log=$root/build/bench.log
: >"$log"

step1=$(run mlp_step --threads 1 --steps 4000)
step2=$(run mlp_step --threads 2 --steps 4000)
table1=$(run mlp_step --threads 1 --table)
table2=$(run mlp_step --threads 2 --table)
parts=$(run mlp_step --threads 1 --parts --steps 3000)
matmul=$(run matmul --milliseconds 800)
busy=$(run busy)
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

kernels=$(field kernels "$matmul")
set_goals "$kernels"
print_machine
print_steps 1 "$step1" "$table1" "$goal_step1"
print_parts
print_steps 2 "$step2" "$table2" "$goal_step2"
print_products
print_busy
print_operators
print_adbench "ADBench, mixture, d 10, K 25" "$gmm10" 1.01 1.01
print_adbench "ADBench, mixture, d 20, K 50" "$gmm20" 1.01 1.01
print_adbench "ADBench, LSTM, l 2, c 1024" "$lstm" 2.2 1.7
print_rest
[ -z "$with_peers" ] || print_peers
rm -f "$log.part"
printf '\nAll that the benchmarks printed is in %s\n' "$log"
