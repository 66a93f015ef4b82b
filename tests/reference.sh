#!/bin/sh
# Pages that are printed from tables are what the tables say today. Usage: reference.sh PROGRAM PAGE [PROGRAM PAGE ...]
set -eu
failed=0
while [ $# -gt 0 ]; do
    if "$1" | diff -u "$2" -; then
        echo "$2 is what its tables say"
    else
        echo "$2 is out of date: ninja -C build docs"
        failed=1
    fi
    shift 2
done
exit "$failed"
