#!/bin/sh
# Looks with nm at what the objects of the static library call: memory comes from the allocator's file alone, and
# nothing prints or ends the process but AD_ABORT's lines in status.c. Usage: symbols.sh libgradtape.a
set -eu
library=${1:?usage: symbols.sh libgradtape.a}
symbols=$(${NM:-nm} -A "$library")

# Each object's undefined symbols as `OBJECT SYMBOL`, versions such as @GLIBC_2.2.5 cut off.
calls=$(printf '%s\n' "$symbols" | awk '$(NF - 1) == "U" {
    object = $0
    sub(/:[ \t]*U [^ ]*$/, "", object)
    sub(/\]$/, "", object)
    n = split(object, path, /[\/:\[]/)
    sub(/@.*/, "", $NF)
    print path[n], $NF
}' | sort -u)

memory='malloc|calloc|realloc|reallocarray|free|cfree|strdup|strndup|aligned_alloc|posix_memalign|memalign|valloc'
memory="$memory|pvalloc|asprintf|vasprintf|getline|getdelim|open_memstream|mmap|munmap|sbrk|brk"
endings='abort|exit|_exit|_Exit|quick_exit|at_quick_exit|atexit|raise|kill|longjmp|siglongjmp|err|errx|error'
prints='printf|vprintf|fprintf|vfprintf|dprintf|vdprintf|puts|fputs|putchar|putc|fputc|putchar_unlocked|fwrite|perror'
prints="$prints|psignal|write|syslog|stdout|stderr"
checked='__(printf|vprintf|fprintf|vfprintf|dprintf|vdprintf|asprintf|vasprintf)_chk|__strdup|__strndup|_IO_putc'

# Prints the calls of the symbols $1 (an extended regular expression) outside the object $2, with the reason $3.
found=0
refuse() {
    bad=$(printf '%s\n' "$calls" | grep -E " ($1)\$" | grep -Ev "^[^ ]*$2 " || true)
    if [ -n "$bad" ]; then
        printf '%s:\n%s\n' "$3" "$bad" | sed '2,$s/^/  /'
        found=1
    fi
}

# A look that sees nothing would find nothing, so what must be there is looked for too.
for expected in 'memory\.c\.o malloc' 'memory\.c\.o free' 'status\.c\.o abort'; do
    printf '%s\n' "$calls" | grep -Eq "$expected\$" || {
        echo "symbols.sh: nothing like \"$expected\" is in $library: nm was not understood"
        exit 1
    }
done

refuse "$memory" 'autodiff_base_memory\.c\.o' 'Memory that does not come from the allocator'
refuse "$endings" 'autodiff_tape_status\.c\.o' 'Ends the process'
# inspect/sink.c writes to the FILE or the path that the caller gave, nn/files/descriptor.c to the path,
# nn/estimators/progress.c to the callback's FILE.
refuse "$prints" '(autodiff_tape_status|inspect_sink|nn_estimators_progress|nn_files_descriptor)\.c\.o' 'Prints'
refuse "$checked" '(autodiff_tape_status|inspect_sink)\.c\.o' 'Prints, or takes memory'

# In status.c only what AD_ABORT needs.
tape=$(printf '%s\n' "$calls" | sed -n 's/^autodiff_tape_status\.c\.o //p' | grep -E "^($endings|$prints|$checked)\$" || true)
for symbol in $tape; do
    case $symbol in
    abort | fprintf | __fprintf_chk | stderr) ;;
    *)
        echo "status.c calls $symbol: AD_ABORT needs only fprintf to stderr, and abort"
        found=1
        ;;
    esac
done

objects=$(printf '%s\n' "$calls" | cut -d' ' -f1 | sort -u | wc -l)
[ "$found" -eq 0 ] && echo "$objects objects: memory only in memory.c, AD_ABORT only in status.c"
exit "$found"
