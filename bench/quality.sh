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

compare_with_sklearn quality "$@"
