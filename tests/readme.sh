#!/bin/sh
# Compiles and runs every C snippet of the README and the documents, and runs the blocks of shell that print what stands
# behind them, as a user would type them: readme.sh LIBRARY COMMAND
# A snippet without main stands in a function in which the names that it uses are declared. Where a block of text follows a
# snippet, without a line between, the snippet prints this text. Numbers may differ: they depend on the processor. The shell's
# blocks of a page run one after the other in one folder, with the command in PATH; its lines of progress do not count. In
# the tutorial each block has a text.
set -eu
library=$1 folder_of_command=$(CDPATH='' cd -- "$(dirname -- "$2")" && pwd)
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root"/examples/*.csv "$work" # tables that snippets read

# Writes the snippets of all documents to $work/1.snippet, ..., and the texts behind them to $work/1.text, ...
awk -v work="$work" '
    /^```c$/ { ending = "snippet"; n++; next }
    /^```text$/ && after { ending = "text"; next }
    /^```$/ { after = ending == "snippet"; ending = ""; next }
    { after = 0 }
    ending { print > (work "/" n "." ending) }
' "$root/README.md" "$root/CONTRIBUTING.md" $(find "$root/docs" -name '*.md' 2>/dev/null | sort)

# Thousands have commas.
without_numbers() {
    sed -E ':a; s/([0-9]),([0-9]{3}([^0-9]|$))/\1\2/; ta; s/-?[0-9]+([.][0-9]+)?(e[-+][0-9]+)?/0/g; s/ +/ /g' "$1"
}

# compare WANTED: with what was printed.
compare() {
    without_numbers "$1" >"$work/wanted"
    without_numbers "$work/printed" | diff "$work/wanted" - || { echo "this is not what the page says"; exit 1; }
}

count=0
for snippet in "$work"/*.snippet; do
    count=$((count + 1))
    source=${snippet%.snippet}.c
    if grep -q 'int main' "$snippet"; then
        cp "$snippet" "$source"
    else
        {
            printf '#include <gradtape/gradtape.h>\n#include <stdint.h>\n#include <stdio.h>\n'
            grep '^#' "$snippet" || true
            printf 'enum { n = 4, d = 2 };\n'
            printf 'static float X[n][d] = {{0, 1}, {1, 0}, {2, 3}, {3, 2}}, Y[n][1] = {{0}, {1}, {0}, {1}};\n'
            printf 'static int32_t labels[n] = {0, 1, 0, 1};\n'
            printf 'int main(void)\n{\n    (void)X; (void)Y; (void)labels;\n'
            printf '    nn_data train = {.features = X, .rows = n, .columns = d, .labels = labels}, test = train;\n'
            printf '    (void)train; (void)test;\n'
            grep -v '^#' "$snippet"
            printf '    return 0;\n}\n'
        } >"$source"
    fi
    echo "snippet $count:"
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -I"$root/include" "$source" -o "$work/program" "$library" -lm \
        -Wl,-rpath,"$(dirname "$library")" || { cat "$source"; exit 1; }
    (CDPATH='' cd -- "$work" && ./program) >"$work/printed" || { cat "$work/printed"; exit 1; }
    cat "$work/printed"
    [ ! -e "${snippet%.snippet}.text" ] || compare "${snippet%.snippet}.text"
done

# run_page PAGE: its blocks of shell to $work/blocks/1.sh, ..., and the texts behind them to $work/blocks/1.text, ...
blocks=0
run_page() {
    rm -rf "$work/blocks" "$work/folder"
    mkdir "$work/blocks" "$work/folder"
    cp "$root"/examples/*.csv "$work/folder"
    awk -v work="$work/blocks" '
        /^```sh$/ { ending = "sh"; n++; next }
        /^```text$/ && after { ending = "text"; next }
        /^```/ { after = ending == "sh"; ending = ""; next }
        { after = 0 }
        ending { print > (work "/" n "." ending) }
    ' "$1"
    n=0
    while n=$((n + 1)) && [ -e "$work/blocks/$n.sh" ]; do
        [ -e "$work/blocks/$n.text" ] || { [ "$1" = "$root/README.md" ] && continue; }
        blocks=$((blocks + 1))
        echo "block $n of $1:"
        (CDPATH='' cd -- "$work/folder" && PATH=$folder_of_command:$PATH sh "$work/blocks/$n.sh") >"$work/all" 2>&1 || :
        grep -vE '^(fold [0-9]+ of [0-9]+  )?step ' "$work/all" >"$work/printed" || :
        cat "$work/printed"
        compare "$work/blocks/$n.text"
    done
}
run_page "$root/README.md"
run_page "$root/docs/tutorial.md"
[ "$count" -gt 0 ] && [ "$blocks" -gt 10 ] && echo "$count snippets compiled and ran, and $blocks blocks of shell"
