#!/bin/sh
# The reference of the operators is what their table prints today. Usage: reference.sh MAKE_OPERATORS PAGE
set -eu
if "$1" | diff -u "$2" -; then
    echo "$2 is what the table of operators says"
else
    echo "$2 is out of date: ninja -C build docs"
    exit 1
fi
