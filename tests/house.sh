#!/bin/sh
# Prints the figures of the house: lengths of functions and files, comments, lines of each floor, members of the tape,
# circles of files. Fails if an arrow goes up (floors.sh), or if a public function has no contract.
# Usage: house.sh libgradtape.a [TREE]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
library=${1:?usage: house.sh libgradtape.a [TREE]}
tree=${2:-$here/..}

status=0
python3 "$here/figures.py" "$tree" || status=1
facts=$(python3 "$here/calls.py" "$library" "$tree")
printf '%s\n' "$facts" | awk '$1 == "circle" && NF - 1 > largest { largest = NF - 1 }
    END { printf "%-44s%d files\n", "largest circle by calls", largest }'
echo
sh "$here/floors.sh" "$library" "$tree" || status=1
exit "$status"
