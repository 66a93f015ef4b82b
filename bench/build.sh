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
