# shellcheck shell=sh
# Sourced by the scripts of this folder after tools/require.sh, not run.

# build_benches TARGET...: builds benchmarks in $root/build, as a release: timings mean something in no other, whatever
# the directory was used for before.
build_benches() (
    targets=$*
    flock 9 # Two starts at once take turns, because ninja does not lock its directory.
    # The benchmarks do not need Check; a directory that has the tests keeps them.
    set --
    # shellcheck disable=SC2154 # of the script that sources this
    is_configured "$root/build" || set -- -Dtests=false
    configure "$root/build" --buildtype=release -Db_sanitize=none "$@"
    # shellcheck disable=SC2086 # names without blanks
    build "$root/build" $targets
) 9>"$root/build/.lock"

# compare_with_sklearn NAME OPTION...: builds bench/NAME and runs bench/NAME.py on it. There are no options. Exit status
# 77: python3 cannot import scikit-learn.
compare_with_sklearn() {
    name=$1
    shift
    if [ $# -gt 0 ]; then
        say "$*: bench/$name.sh takes no arguments. Others: python3 bench/$name.py --help"
        exit 2
    fi
    if ! python3 -c 'import sklearn' 2>/dev/null; then
        say "python3 cannot import sklearn, which bench/$name.sh compares with. It comes with: pip install scikit-learn"
        exit 77
    fi
    # shellcheck disable=SC2119 # The benchmarks need nothing beyond the library.
    require_to_build
    make_build "$root/build"
    build_benches "bench/$name"
    python3 "$root/bench/$name.py" "$root/build/bench/$name"
}
