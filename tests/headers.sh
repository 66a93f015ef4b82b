#!/bin/sh
# Compiles each public header alone, as C11 and as C++17, and checks that C++ finds the functions under their C names.
# Compilers: $CC (cc) and $CXX (c++, g++ or clang++); without one for C++, exit status 77 says that it was skipped.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wundef -Werror'
failed=0 count=0

# compile WHAT COMMAND...: says what failed, and why.
compile() {
    what=$1
    shift
    if ! "$@" >"$work/log" 2>&1; then
        echo "$what:"
        sed 's/^/  /' "$work/log"
        failed=1
    fi
}

find_cxx() {
    for candidate in ${CXX:-} c++ g++ clang++; do
        if command -v "$candidate" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

cc=${CC:-cc}
cxx=$(find_cxx)
for header in "$root"/include/gradtape/*.h "$root"/include/gradtape/*/*.h; do
    name=${header#"$root"/include/}
    count=$((count + 1))
    # Twice: the guard must hold. A declaration follows, since ISO C forbids an empty unit.
    printf '#include <%s>\n#include <%s>\nextern int used;\n' "$name" "$name" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cc"
    # shellcheck disable=SC2086
    compile "$name as C11" $cc -std=c11 $warnings -Wstrict-prototypes -I"$root/include" -fsyntax-only "$work/alone.c"
    [ -n "$cxx" ] || continue
    # shellcheck disable=SC2086
    compile "$name as C++17" "$cxx" -std=c++17 $warnings -I"$root/include" -fsyntax-only "$work/alone.cc"
done
[ "$count" -gt 0 ] || { echo "headers.sh: there are no headers in $root/include/gradtape"; exit 1; }

# Backward operators are declared in operators/backward.h alone. A call of a function that is not declared is an error.
printf '#include <gradtape/gradtape.h>\nad_tensor f(ad_tensor dy, ad_tensor y);\n' >"$work/without.c"
printf 'ad_tensor f(ad_tensor dy, ad_tensor y) { return ad_tanh_backward(dy, y, y); }\n' >>"$work/without.c"
{ echo '#include <gradtape/operators/backward.h>'; cat "$work/without.c"; } >"$work/with.c"
undeclared='-Werror=implicit-function-declaration'
compile 'a call of ad_tanh_backward after operators/backward.h' \
    $cc -std=c11 $undeclared -I"$root/include" -fsyntax-only "$work/with.c"
if $cc -std=c11 $undeclared -I"$root/include" -fsyntax-only "$work/without.c" 2>"$work/log"; then
    echo 'gradtape.h declares ad_tanh_backward, which belongs to operators/backward.h alone'
    failed=1
elif ! grep -q ad_tanh_backward "$work/log"; then
    echo 'a program that calls ad_tanh_backward does not compile, for another reason:'
    sed 's/^/  /' "$work/log"
    failed=1
fi

# Without extern "C" a C++ program compiles, but does not link.
if [ -n "$cxx" ] && [ "$failed" -eq 0 ]; then
    cat >"$work/link.cc" <<'END'
#include <gradtape/gradtape.h>
int main() { return ad_status_of(nullptr) == AD_BAD_HANDLE ? 0 : 1; }
END
    compile 'a C++17 program' "$cxx" -std=c++17 -I"$root/include" -c "$work/link.cc" -o "$work/link.o"
    if ! nm "$work/link.o" | grep -q ' U ad_status_of$'; then
        echo 'C++ looks for ad_status_of under a mangled name: the headers need extern "C"'
        failed=1
    fi
fi

[ "$failed" -eq 0 ] || exit 1
[ -n "$cxx" ] || { echo "$count headers compile as C11; there is no C++ compiler"; exit 77; }
echo "$count headers compile alone, as C11 and as C++17"
