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
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# require_to_build PACKAGE...: what every build of the library needs, and more packages if they are named.
require_to_build() {
    require gcc libc6-dev meson ninja-build pkg-config libopenblas-dev zlib1g-dev libsleef-dev "$@"
}

is_configured() { [ -f "$1/build.ninja" ]; }

# configure DIRECTORY OPTION...: sets up a build directory of this tree, or gives an existing one these options.
# It expects the top folder in $root.
configure() {
    directory=$1
    shift
    if is_configured "$directory"; then set -- --reconfigure "$@"; fi
    # shellcheck disable=SC2154
    meson setup "$@" "$directory" "$root" </dev/null >&2
}
