#!/bin/sh
# Trains the book's network on MNIST: installs what is missing, builds, fetches the data, runs examples/mnist.c.
# All options go to the program; --help lists them.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"

# Everything up to the program itself talks on stderr, so that stdout holds the program's results alone.
build_example() (
    CDPATH='' cd -- "$root"
    flock 9 # Two starts at once take turns, because ninja does not lock its directory.
    # The example does not need Check; tests/run.sh turns the tests on.
    is_configured "$root/build" || configure "$root/build" -Dtests=false
    # A dry run first, because even ninja --quiet says that there is nothing to do.
    ninja -C "$root/build" -n examples/mnist | grep -q 'no work to do' || build "$root/build" examples/mnist
) 9>>"$root/build/.lock"

# check_options OPTION...: ends the script if the program does not take them, before it fetches data for nothing. The
# program looks at every option before it misses --data.
check_options() {
    said=$("$root/build/examples/mnist" "$@" 2>&1 >/dev/null </dev/null) || :
    case $said in *'--data DIR is missing'*) return ;; esac
    say "$said"
    exit 2
}

# shellcheck disable=SC2119 # The example needs nothing beyond the library.
require_to_build
make_build "$root/build"
build_example

fetch=yes
for argument; do
    case $argument in
    -d* | --d* | --h* | --u* | '-?') fetch=no ;;
    esac
done
if [ "$fetch" = yes ]; then
    check_options "$@"
    data=$(sh "$root/examples/fetch_mnist.sh")
    set -- --data "$data" "$@"
fi
exec "$root/build/examples/mnist" "$@"
