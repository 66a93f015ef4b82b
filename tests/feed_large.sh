#!/bin/sh
# Trains from a table that is larger than memory: feed_large.sh TRAIN_FEED MEGABYTES
# The process has 200 MB of address space for everything. The table is removed at the end.
set -eu
program=$1 megabytes=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$program" write "$work/large.csv" "$megabytes"
[ "$(wc -c <"$work/large.csv")" -ge $((megabytes * 1048576)) ] || { echo "the table is too small"; exit 1; }
# Libraries take 53 MB, and OpenBLAS a buffer of 128 MB, which leaves 19 MB for the window and all else.
(
    ulimit -v 204800
    OPENBLAS_NUM_THREADS=1 "$program" train "$work/large.csv"
)
echo "trained from $megabytes MB"
