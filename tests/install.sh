#!/bin/sh
# Installs into a temporary folder and builds a program against it as a user does, with pkg-config: install.sh BUILD
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson install -C "$build" --destdir "$work" --no-rebuild --quiet >/dev/null
pc=$(find "$work" -name gradtape.pc)
[ -n "$pc" ] || { echo "gradtape.pc was not installed"; exit 1; }
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$work"
library=${pc%/pkgconfig/*}

cat >"$work/program.c" <<'END'
#include <gradtape/gradtape.h>
#include <stdio.h>
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    const double three = 3;
    ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &three, "x");
    ad_backward(ad_mul(ad_add(x, x), x));
    printf("%g %s\n", ad_item(ad_gradient(x)), ad_version());
    ad_tape_close(t);
    return 0;
}
END
# Flags that stand for words.
# shellcheck disable=SC2046
"${CC:-cc}" "$work/program.c" $(pkg-config --cflags --libs gradtape) -o "$work/program"
result=$(LD_LIBRARY_PATH="$library" "$work/program")
version=$(pkg-config --modversion gradtape)
[ "$result" = "12 $version" ] || { echo "the program says $result, not 12 $version"; exit 1; }

# Linked statically it has all operators too. Without gfortran, which OpenBLAS's own list of libraries asks for.
cat >"$work/count.c" <<'END'
#include <gradtape/gradtape.h>
#include <stdio.h>
int main(void)
{
    printf("%zu\n", ad_operator_count());
    return 0;
}
END
static=$(pkg-config --static --libs gradtape | sed 's/-lgfortran//g; s/-lgradtape//g')
# shellcheck disable=SC2046,SC2086
"${CC:-cc}" "$work/count.c" $(pkg-config --cflags gradtape) "$library/libgradtape.a" $static -o "$work/static"
# shellcheck disable=SC2046
"${CC:-cc}" "$work/count.c" $(pkg-config --cflags --libs gradtape) -o "$work/shared"
shared=$(LD_LIBRARY_PATH="$library" "$work/shared")
[ "$shared" = "$("$work/static")" ] || { echo "the static library has not all $shared operators"; exit 1; }

# The command runs without a path to the library. Its page is there, and bash completes its words.
command=$(find "$work" -path '*/bin/gradtape')
page=$(find "$work" -path '*/man1/gradtape.1')
completion=$(find "$work" -path '*/bash-completion/completions/gradtape.bash')
[ -n "$command" ] || { echo "the command was not installed"; exit 1; }
[ -n "$page" ] || { echo "the page of the manual was not installed"; exit 1; }
[ -n "$completion" ] || { echo "the completion of bash was not installed"; exit 1; }
result=$(unset LD_LIBRARY_PATH; "$command" --version)
[ "$result" = "gradtape $version" ] || { echo "the command says $result, not gradtape $version"; exit 1; }
grep -q '^\.B \\-\\-hidden\\-units' "$page" || { echo "the page does not explain --hidden-units"; exit 1; }
if command -v groff >/dev/null; then
    warnings=$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || { echo "groff warns of the page: $warnings"; exit 1; }
fi

# completes WORDS -> REPLY: what bash makes of the last of the words.
completes() {
    wanted=$2
    # shellcheck disable=SC2016
    got=$(CDPATH='' cd -- "$work" && bash -c '. "$1"; COMP_WORDS=($2); [ "${2% }" = "$2" ] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _gradtape; echo "${COMPREPLY[*]}"' bash "$completion" "$1")
    [ "$got" = "$wanted" ] || { echo "bash completes '$1' as '$got', not '$wanted'"; exit 1; }
}
if command -v bash >/dev/null; then
    : >"$work/table.csv"
    completes 'gradtape tr' train
    completes 'gradtape --ver' --version
    completes 'gradtape train --hid' --hidden-units
    completes 'gradtape evaluate --hid' ''
    completes 'gradtape train --data tab' table.csv
    completes 'gradtape train --validation tab' table.csv
    completes 'gradtape train --steps tab' ''
    completes 'gradtape train --task ' 'classes labels regression'
    completes 'gradtape train --task = reg' regression
    completes 'gradtape train --task =' 'classes labels regression'
    completes 'gradtape train --resume --mod' --model
    completes 'gradtape inspect --json tab' table.csv
    completes 'gradtape info --json --da' --data
fi
echo "installed, found and used"
