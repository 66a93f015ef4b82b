#!/bin/sh
# Compiles and runs every C snippet of the README and the documents, as a user would type it: readme.sh LIBRARY
# A snippet without main stands in a function in which the names that it uses are declared. Where a block of text follows a
# snippet, without a line between, the snippet prints this text. Numbers may differ: they depend on the processor.
set -eu
library=$1
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

without_numbers() { sed -E 's/-?[0-9]+([.][0-9]+)?(e[-+][0-9]+)?/0/g; s/ +/ /g' "$1"; }

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
    [ ! -e "${snippet%.snippet}.text" ] || {
        without_numbers "${snippet%.snippet}.text" >"$work/wanted"
        without_numbers "$work/printed" | diff "$work/wanted" - || { echo "this is not what the page says"; exit 1; }
    }
done
[ "$count" -gt 0 ] && echo "$count snippets compiled and ran"
