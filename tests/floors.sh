#!/bin/sh
# Holds the tower: what is included or called lies on the same floor or on one below, and no files call each other in a
# circle. Prints each arrow that goes up, with what to do about it. Usage: floors.sh libgradtape.a [TREE]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
library=${1:?usage: floors.sh libgradtape.a [TREE]}
tree=${2:-$here/..}

# The floors of autodiff/ from the ground up, and the folders above it.
floors='base kernels tape forward reverse operators derivatives'
folders='nn inspect cli examples bench'

facts=$(python3 "$here/calls.py" "$library" "$tree")
nn_headers=$(CDPATH='' cd -- "$tree" && grep -rlE '^[A-Z]+_API .*[^a-z_]nn_[a-z_]+\(' include || true)

printf '%s\n' "$facts" | awk -v floors="$floors" -v folders="$folders" -v nn_headers="$nn_headers" '
function floor_of(file,    part) {
    split(file, part, "/")
    return part[1] == "autodiff" ? part[2] : part[1]
}
function is_private(file) { return file ~ /^(autodiff|nn|inspect|cli)\// }
# What the command shares with nn: options as text, messages, JSON.
function is_shared(file) { return file ~ /^nn\/options\/[a-z_]+\.h$/ || file ~ /^nn\/files\/(json|utf8)\.h$/ || file == "nn/store.h" }
function way_up() { return "up from " from " to " to }
function show(text) { print text; bad++ }

BEGIN {
    count = split(floors, list, " ")
    for (i = 1; i <= count; i++) rank[list[i]] = i
    top = split(folders, list, " ")
    for (i = 1; i <= top; i++) rank[list[i]] = count + i
    for (i = split(nn_headers, list); i > 0; i--) is_of_nn[list[i]] = 1
}

# Every file of the library has a floor; public headers have none.
function has_floor(file) {
    if (floor_of(file) in rank) return 1
    if (!(file in homeless)) show(file " lies on no floor. Move it to one of: " floors ".")
    homeless[file] = 1
    return 0
}
$1 != "circle" && $1 != "round" {
    if (!has_floor($2) || ($3 && $3 !~ /^include\// && !has_floor($3))) next
    from = floor_of($2)
    to = floor_of($3)
}

$1 == "file" { files++ }

# Includes.
$1 == "include" && is_private($3) && from != to {
    arrow = $2 " includes " $3
    if (from == "cli" && is_shared($3))
        next
    if (from == "cli" && to != "examples" && to != "bench")
        show(arrow ": of what is private cli includes nn/options/*.h, nn/files/{json,utf8}.h and nn/store.h only.")
    else if (rank[from] > count)
        show(arrow ": " from " uses public headers only. Give the engine a public function for what is needed.")
    else if (rank[to] > rank[from])
        show(arrow ", " way_up() ". Move what is needed down to " from ", or what uses it up to " to ".")
}
$1 == "include" && $3 ~ /^include\// && rank[from] <= count && !(($2, $4 ? $4 : $3) in told) {
    bad_before = bad
    arrow = $2 " includes " ($4 ? $4 ", and that " : "") $3
    if (rank[from] < rank["operators"] && $3 ~ /^include\/gradtape\/operators(\.h|\/)/)
        show(arrow ", up from " from " to operators. Apply a row by its address instead of calling an operator.")
    if ($3 in is_of_nn)
        show(arrow ", up from " from " to nn. The engine knows no networks.")
    if (bad > bad_before) told[$2, $4 ? $4 : $3] = 1 # once for each header, not again for all that it leads to
}

# Calls, and data that is named. Lower floors may name rows of the table and the symbols by which the table finds files.
($1 == "call" || $1 == "data") && rank[to] > rank[from] {
    names = "," $4
    if ($1 == "data") gsub(/,ad_(operator|family)_[a-z0-9_]+/, "", names)
    names = substr(names, 2)
    arrow = $2 ($1 == "call" ? " calls " : " names ") names " of " $3
    if (names != "")
        show(arrow ", " way_up() ". Move it down to " from ", or what uses it up to " to ".")
}

$1 == "circle" { size = NF - 1; members = $0; sub(/^circle /, "", members) }
$1 == "round" {
    way = $2
    for (i = 3; i < NF; i += 2) way = way " -> " $i " in " $(i + 1)
    show("A circle of " size " files: " members)
    show("  The shortest way around: " way ". Move one of these functions to the file below.")
}

END {
    if (!bad) print files " files: nothing is included or called from above, and no files call each other in a circle"
    exit bad != 0
}'
