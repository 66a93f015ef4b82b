#!/bin/sh
# Trains the book's network on MNIST and tests it, by the command gradtape: installs what is missing, builds, fetches the
# data. It takes all options of `gradtape train`; what none of them says is in examples/mnist.conf.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
gradtape=$root/build/cli/gradtape

# Everything up to the test talks on stderr, so that stdout holds its results alone.
build_command() (
    CDPATH='' cd -- "$root"
    flock 9 # Two starts at once take turns, because ninja does not lock its directory.
    # The command does not need Check; tests/run.sh turns the tests on.
    is_configured "$root/build" || configure "$root/build" -Dtests=false
    # A dry run first, because even ninja --quiet says that there is nothing to do.
    ninja -C "$root/build" -n cli/gradtape | grep -q 'no work to do' || build "$root/build" cli/gradtape
) 9>>"$root/build/.lock"

# check_options OPTION...: ends the script if the command does not take them, before data are fetched for nothing. The
# command looks at its options before it misses --data.
check_options() {
    said=$("$gradtape" train "$@" 2>&1 >/dev/null </dev/null) || :
    case $said in *'--data is missing'*) return ;; esac
    say "$said"
    exit 2
}

# train OPTION...: as a job, because the shell then answers a signal at once. The job does not get the SIGINT of a
# terminal. SIGTERM stops it: it saves the model, and says how to go on.
train() {
    stopped=
    "$gradtape" train "$@" &
    job=$!
    trap 'stopped=129; kill "$job" || :' HUP
    trap 'stopped=130; kill "$job" || :' INT
    trap 'stopped=143; kill "$job" || :' TERM
    status=0
    wait "$job" || status=$?
    [ -z "$stopped" ] || wait "$job" || :
    trap - HUP INT TERM
    status=${stopped:-$status}
    [ "$status" -eq 0 ] || exit "$status"
}

# shellcheck disable=SC2119 # The example needs nothing beyond the library.
require_to_build
make_build "$root/build"
build_command

model= data= config=yes fetch=yes before=
for argument; do
    case $argument in
    --help)
        echo "examples/mnist.sh takes the options of gradtape train. If they are not given, it fetches the data, saves the"
        echo "model as build/mnist.safetensors, and takes --config examples/mnist.conf."
        echo
        exec "$gradtape" train --help
        ;;
    --data) fetch=no ;;
    --data=*) fetch=no data=${argument#*=} ;;
    --config | --config=*) config=no ;;
    --resume) config=no fetch=no ;; # the model has its options and knows its data
    --model=*) model=${argument#*=} ;;
    esac
    [ "$before" != --model ] || model=$argument
    [ "$before" != --data ] || data=$argument
    before=$argument
done
if [ -z "$model" ] && [ "$before" != --model ]; then
    model=$root/build/mnist.safetensors
    set -- "$@" --model "$model"
fi
[ "$config" = no ] || set -- "$@" --config "$root/examples/mnist.conf"
if [ "$fetch" = yes ]; then
    check_options "$@"
    data=$(sh "$root/examples/fetch_mnist.sh")
    set -- "$@" --data "$data"
fi
train "$@"

# quoted TEXT: as the shell takes it.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# The folder of the training has the test's data as well.
use="To use it: $(quoted "$gradtape") predict --model $(quoted "$model") --data"
if [ -n "$data" ]; then
    say "$use $(quoted "$data")"
    exec "$gradtape" evaluate --model "$model" --data "$data"
fi
# After --resume the model knows its data. It says them as a config file has them.
data=$("$gradtape" info --model "$model" | sed -n 's/^  data = //p')
say "$use $data"
printf 'data = %s\n' "$data" | "$gradtape" evaluate --model "$model" --config -
