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
echo "installed, found and used"
