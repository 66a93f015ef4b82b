#!/bin/sh
# The bits of a training are the same whatever OPENBLAS_NUM_THREADS says: openblas_threads.sh TEST_PARALLEL
set -eu
first=$(OPENBLAS_NUM_THREADS=1 "$1" --hash)
for threads in 2 3 64; do
    hash=$(OPENBLAS_NUM_THREADS=$threads "$1" --hash)
    [ "$hash" = "$first" ] || { echo "OPENBLAS_NUM_THREADS=$threads gives $hash, 1 gives $first"; exit 1; }
done
echo "all give $first"
