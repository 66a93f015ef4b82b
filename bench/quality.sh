#!/bin/sh
# Builds the library and compares what its classifier and its regressor learn with what scikit-learn's multi-layer
# perceptron learns on five small data sets, in about two minutes (bench/quality.py). The last line says which bars are
# met. Exit status 77: python3 cannot import scikit-learn.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tools/require.sh
. "$root/tools/require.sh"
# shellcheck source=bench/build.sh
. "$root/bench/build.sh"

if [ $# -gt 0 ]; then
    say "$*: bench/quality.sh takes no arguments. Others: python3 bench/quality.py --help"
    exit 2
fi
if ! python3 -c 'import sklearn' 2>/dev/null; then
    say "python3 cannot import sklearn, which bench/quality.sh compares with. It comes with: pip install scikit-learn"
    exit 77
fi
# shellcheck disable=SC2119 # The benchmarks need nothing beyond the library.
require_to_build
make_build "$root/build"
build_benches bench/quality
python3 "$root/bench/quality.py" "$root/build/bench/quality"
