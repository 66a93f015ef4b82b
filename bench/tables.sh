#!/bin/sh
# Builds the library and compares what its classifier learns from CSV files with traps with what scikit-learn's learns,
# in about two minutes (bench/tables.py). The last line says which bars are met. Exit status 77: python3 cannot import
# scikit-learn.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
# shellcheck source=bench/build.sh
. "$root/bench/build.sh"

compare_with_sklearn tables "$@"
