#!/bin/sh
# Files, programs and functions that the docs name in backticks exist: a path is in the tree, a program has a source of
# its name, and a name with an underscore is a word of a source.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."
pages="README.md CONTRIBUTING.md $(echo docs/*.md docs/teaching/*.md)"
folders='autodiff nn inspect cli include examples bench tests tools docs'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All in backticks but listings, and but the tables that programs print from those of the library (reference.sh looks after
# them; some of their names are put together by macros). NAME and FOLDER stand for something else.
printed='^docs/(operators|networks-reference)[.]md$'
# shellcheck disable=SC2086
awk -v printed="$printed" 'FNR == 1 { inside = 0 } /^```/ { inside = !inside; next }
    !inside && !(FILENAME ~ printed && /^[|]/)' $pages | grep -oE '`[^`]+`' | grep -oE '[.A-Za-z0-9_][A-Za-z0-9_./-]*' |
    grep -vE 'NAME|FOLDER' | sort -u >"$work/named"
# shellcheck disable=SC2086
find $folders .ci meson* -print >"$work/paths"
# shellcheck disable=SC2086
find $folders meson* -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name 'meson*' \) -exec cat {} + |
    grep -oE '[A-Za-z_][A-Za-z0-9_]*' | sort -u >"$work/words"

is_path() { grep -qE "(^|/)${1%/}\$" "$work/paths"; }
is_word() { grep -qx "$1" "$work/words"; }
# build/tests/test_NAME is made from tests/FOLDER/NAME.c, other programs from a source of their own name.
has_source() { is_path "$(basename "$1").c" || is_path "tests/[a-z_]*/${1##*test_}.c"; }

failed=0
while read -r name; do
    case $name in
        build/*) has_source "$name" ;;
        *.c | *.h | *.sh | *.py) is_path "$name" ;;
        autodiff/* | nn/* | inspect/* | cli/* | include/* | examples/* | bench/* | tests/* | tools/* | docs/*)
            is_path "$name" || has_source "$name" ;;
        test_*) has_source "$name" ;;
        ad_* | nn_*) is_word "$name" ;;
        */* | *.* | *-* | [A-Z]*) ;;
        ?_* | *_? | *_[a-z][a-z]) ;; # an element, not a function: dy_ij
        *_*) is_word "$name" ;;
    esac || {
        # shellcheck disable=SC2086
        echo "there is no $name, which these name: $(grep -lwF -- "$name" $pages | tr '\n' ' ')"
        failed=1
    }
done <"$work/named"
[ "$failed" = 1 ] || echo "the docs name no file, program or function that is not there"
exit "$failed"
