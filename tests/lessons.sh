#!/bin/sh
# Opens the lessons and their inspection pages in headless Chromium, beside what the programs print. Exit status 77, which
# is "skipped", where it is missing (browser.sh). PICTURES is a folder for screenshots.
# Usage: lessons.sh FOLDER PROGRAM..
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
inspect=$here/inspect
lessons=${1:?usage: lessons.sh FOLDER PROGRAM..}
shift
# shellcheck source=tests/inspect/browser.sh
. "$inspect/browser.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for program; do
    "$program" >"$work/$(basename -- "$program").txt"
done
status=0
"$node" "$here/lessons.mjs" "$lessons" "$work" ${PICTURES:+"$PICTURES"} || status=1
mkdir "$work/tapes"
cp "$lessons"/*-tape.html "$work/tapes"
"$node" "$inspect/page.mjs" "$work/tapes" ${PICTURES:+"$PICTURES"} || status=1
exit "$status"
