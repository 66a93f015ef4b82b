# shellcheck shell=sh
# Sourced by the scripts, not run: installs the packages that a script needs and configures build directories.

say() { printf '%s\n' "$*" >&2; }

is_installed() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# require PACKAGE...: installs those of the Debian packages that are missing, and does nothing if none is.
# GRADTAPE_NO_INSTALL=1 skips it, for people whose compiler and libraries do not come from Debian.
require() {
    [ -z "${GRADTAPE_NO_INSTALL:-}" ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "This system has no apt-get. Install what these Debian packages contain:"
        say "    $*"
        say "and start again with GRADTAPE_NO_INSTALL=1 in the environment."
        return 1
    fi
    for package; do # The list is fixed here; the loop turns "$@" into what is missing.
        shift
        is_installed "$package" || set -- "$@" "$package"
    done
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        say "Some packages are missing, and there is no sudo to install them with. Run as root:"
        say "    apt-get install $*"
        return 1
    fi
    say "Installing $*"
    # A failed update is not fatal: the packages may be known already, and if not, the installation says so.
    as_root apt-get update </dev/null >&2 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2 || {
        say "The packages were not installed. What stopped apt-get is said above; mend that and start again."
        return 1
    }
}

# require_to_build PACKAGE...: what every build of the library needs, and more packages if they are named.
require_to_build() {
    require gcc libc6-dev meson ninja-build pkg-config libopenblas-dev zlib1g-dev libsleef-dev "$@"
}

# require_browser FOLDER: what the tests of the pages need: node, Chromium, and playwright-core in FOLDER/node_modules. A
# program that is there is taken from wherever it comes. This playwright-core runs with the node and the Chromium of
# Debian 12.
require_browser() {
    playwright='playwright-core@1.60.0' folder=$1
    shift
    command -v node >/dev/null || set -- "$@" nodejs
    command -v npm >/dev/null || set -- "$@" npm
    command -v chromium >/dev/null || set -- "$@" chromium
    [ $# -eq 0 ] || require "$@" || return 1
    [ -z "${GRADTAPE_NO_INSTALL:-}" ] || return 0
    why=$(make_folder "$folder")
    if [ -n "$why" ]; then
        say "$playwright has no place to be kept: $why. Mend that and start again."
        return 1
    fi
    ! grep -qs "\"version\": \"${playwright#*@}\"" "$folder/node_modules/playwright-core/package.json" || return 0
    say "Installing $playwright"
    timeout 300 npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "$playwright" \
        </dev/null >&2 || {
        say "$playwright was not installed. What stopped npm is said above; mend that and start again."
        return 1
    }
}

# Debian's packages are for Debian's Python, and PATH may have another one.
debian_python() { /usr/bin/python3 "$@"; }

# require_python FOLDER: what the tests need that read our models by Python: NumPy and PyTorch of Debian, and, in FOLDER,
# an environment of Python with safetensors, which Debian 12 has not. Its python3 is the first in PATH from here on.
require_python() {
    safetensors='safetensors==0.8.0' folder=$1
    [ -z "${GRADTAPE_NO_INSTALL:-}" ] || return 0
    require python3-venv python3-numpy python3-torch || return 1
    why=$(make_folder "$folder")
    if [ -n "$why" ]; then
        say "$safetensors has no place to be kept: $why. Mend that and start again."
        return 1
    fi
    version="import safetensors; exit(safetensors.__version__ != '${safetensors#*==}')"
    if ! "$folder/bin/python3" -c "$version" 2>/dev/null; then
        say "Installing $safetensors"
        { debian_python -m venv --system-site-packages "$folder" &&
            timeout 300 "$folder/bin/python3" -m pip install --no-input "$safetensors"; } </dev/null >&2 || {
            say "$safetensors was not installed. What stopped venv or pip is said above; mend that and start again."
            return 1
        }
    fi
    PATH=$folder/bin:$PATH
    export PATH
}

# ---- Arguments ----------------------------------------------------------------------------------------------------

# is_count TEXT: it is a whole number that a limit of time can have.
is_count() { case $1 in '' | 0* | *[!0-9]* | ??????*) return 1 ;; esac; }

# check_times N: ends the script if N cannot lengthen the limits of tests.
check_times() {
    is_count "$1" && return
    say "--timeout-multiplier $1: it must be a whole number from 1 to 99999, 10 for a slow or busy machine."
    exit 2
}

# read_times OPTION...: sets $times to the N of --timeout-multiplier N, the only option of a script, or to 1.
read_times() {
    times=1
    [ $# -gt 0 ] || return 0
    if [ $# -ne 2 ] || [ "$1" != --timeout-multiplier ]; then
        say "$*: the only option is --timeout-multiplier N, which lengthens every time limit of the tests N times."
        exit 2
    fi
    check_times "$2"
    # shellcheck disable=SC2034
    times=$2
}

# ---- Folders ------------------------------------------------------------------------------------------------------

# nearest PATH: prints it, or what is above it, whichever is there first.
nearest() {
    at=$1
    while ! [ -e "$at" ] && ! [ -L "$at" ]; do at=$(dirname -- "$at"); done
    printf '%s\n' "$at"
}

# has_long_name PATH: a name in it is longer than file systems take, or the path has no room for files below it.
has_long_name() {
    [ "$(printf '%s' "$1" | wc -c)" -le 4000 ] || return 0
    printf '%s\n' "$1" | tr / '\n' | LC_ALL=C awk 'length > 255 { found = 1 } END { exit !found }'
}

# obstacle FOLDER: prints why it cannot be made, or no file put into it. Prints nothing if there is no reason.
obstacle() {
    at=$(nearest "$1")
    if has_long_name "$1"; then
        printf '%s\n' "a name in it has more than 255 bytes, or all of it more than 4000"
    elif [ -d "$at" ]; then
        { [ -w "$at" ] && [ -x "$at" ]; } || printf '%s\n' "$at cannot be written to"
    elif [ -e "$at" ]; then
        printf '%s\n' "$at is not a folder"
    else
        printf '%s\n' "$at is a symbolic link to $(readlink -- "$at"), which leads to no folder that can be opened"
    fi
}

# make_folder FOLDER: makes it, and those above it. Prints why it cannot, or nothing.
make_folder() {
    reason=$(obstacle "$1")
    if [ -z "$reason" ] && ! said=$(LC_ALL=C mkdir -p -- "$1" 2>&1); then
        case $said in
        *'No space left'* | *'quota exceeded'*) reason="the disk of $(nearest "$1") is full" ;;
        *) reason="no folder can be made in $(nearest "$1")" ;;
        esac
    fi
    [ -z "$reason" ] || printf '%s\n' "$reason"
}

# make_lock FILE: makes the file that starts of a script lock. Prints why it cannot, or nothing.
make_lock() {
    if [ -L "$1" ]; then # Opening it would write where it leads.
        printf '%s\n' "$1 is a symbolic link, in the place of a file of the script's own"
    elif [ -e "$1" ] && ! [ -f "$1" ]; then # Opening a fifo would wait for ever.
        printf '%s\n' "$1 is not a file"
    elif ! { true >>"$1"; } 2>/dev/null; then
        printf '%s\n' "$1 cannot be written to"
    fi
}

# has_room FOLDER BYTES: so many more can be written there. They are random, because some file systems compress.
has_room() {
    probe=$1/room.$$
    { head -c "$2" /dev/urandom >"$probe"; } 2>/dev/null && room=yes || room=no
    rm -f -- "$probe" 2>/dev/null
    [ "$room" = yes ]
}

# ---- Building -----------------------------------------------------------------------------------------------------

is_configured() { [ -f "$1/build.ninja" ]; }

# make_build DIRECTORY: makes a build directory of this tree unless it is there. It expects the top folder in $root.
make_build() {
    why=$(make_folder "$1")
    [ -n "$why" ] || why=$(make_lock "$1/.lock")
    [ -n "$why" ] || return 0
    say "The build needs the folder $1, but $why."
    say "Mend that, or copy the tree to a folder COPY that can be written to, and start again there:"
    # shellcheck disable=SC2154
    say "    cp -r '$root' COPY && rm -rf COPY/build*"
    return 1
}

# say_if_full DIRECTORY: names what is full after a tool has failed, the disk of the build or that of temporary files.
say_if_full() {
    for folder in "$1" "${TMPDIR:-/tmp}"; do
        { ! [ -w "$folder" ] || has_room "$folder" 20000000; } && continue
        say "No more can be written to $folder: free some room on its disk and start again. What is built is kept."
        return 0
    done
    return 1
}

say_unfinished() {
    say_if_full "$1" || say "The build in $1 did not finish. What stopped it is said above; mend that and start again."
    return 1
}

# configure DIRECTORY OPTION...: sets up a build directory of this tree, or gives an existing one these options.
configure() {
    directory=$1
    shift
    make_build "$directory" || return 1
    if is_configured "$directory"; then set -- --reconfigure "$@"; fi
    meson setup "$@" "$directory" "$root" </dev/null >&2 || say_unfinished "$directory"
}

# configure_for_sanitizers DIRECTORY SANITIZERS OPTION...: the same for a build by clang with these. clang links a
# sanitizer's symbols only into programs, hence b_lundef. Reports need the lines alone, which are compiled faster than all
# that a debugger reads.
configure_for_sanitizers() {
    sanitized=$1 sanitizers=$2
    shift 2
    CC=clang configure "$sanitized" -Dtests=true -Dbuildtype=debugoptimized -Dc_args=-gline-tables-only \
        -Db_lundef=false -Db_sanitize="$sanitizers" "$@"
}

# build DIRECTORY TARGET...: builds the targets, or all.
build() {
    directory=$1
    shift
    ninja -C "$directory" "$@" >&2 || say_unfinished "$directory"
}

# run_tests DIRECTORY OPTION...: runs tests; options go to `meson test`. Its --timeout-multiplier reaches every limit of
# the tests, because no test has a limit beside Meson's.
run_tests() {
    directory=$1
    shift
    meson test -C "$directory" --print-errorlogs "$@" && return
    result=$?
    say_if_full "$directory" || :
    return "$result"
}

# run_tests_within FACTOR DIRECTORY OPTION...: the same for programs that are so many times slower; $times is from
# read_times.
run_tests_within() {
    factor=$1
    shift
    run_tests "$@" --timeout-multiplier $((factor * times))
}

# set_sanitizers: what reports stop, and what the tests need of the sanitizers.
set_sanitizers() {
    export CK_VERBOSITY=normal
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    # A refused allocation has to reach the library as NULL, because its tests ask for sizes that no machine has.
    # Every fork copies what the parent holds back of freed memory, so that is little.
    export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:quarantine_size_mb=16
    # Check forks for each test, and the parent may have had threads before.
    export TSAN_OPTIONS=halt_on_error=1:die_after_fork=0
}
