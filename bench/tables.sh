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

if [ $# -gt 0 ]; then
    say "$*: bench/tables.sh takes no arguments. Others: python3 bench/tables.py --help"
    exit 2
fi
if ! python3 -c 'import sklearn' 2>/dev/null; then
    say "python3 cannot import sklearn, which bench/tables.sh compares with. It comes with: pip install scikit-learn"
    exit 77
fi
# shellcheck disable=SC2119 # The benchmarks need nothing beyond the library.
require_to_build
make_build "$root/build"
build_benches bench/tables
python3 "$root/bench/tables.py" "$root/build/bench/tables"
