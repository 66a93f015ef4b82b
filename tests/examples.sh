#!/bin/sh
# Runs one example and looks at what it prints: examples.sh NAME PROGRAM
# EXAMPLE_WRAPPER in the environment is put before the program, valgrind for instance.
set -eu
name=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$name: $*"
    cat "$work"/out "$work"/err 2>/dev/null || true
    exit 1
}

# expect PATTERN: a line of the output matches.
expect() { grep -Eq -- "$1" "$work/out" || fail "no line matches: $1"; }

# shellcheck disable=SC2086
run() { ${EXAMPLE_WRAPPER:-} "$program" "$@" >"$work/out" 2>"$work/err" || fail "it ended with status $?"; }

# refuses PATTERN OPTION...: the program fails, says why, and is not killed by a signal.
refuses() {
    pattern=$1
    shift
    status=0
    "$program" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -gt 0 ] && [ "$status" -lt 99 ] || fail "status $status for: $*"
    grep -Eq -- "$pattern" "$work/err" || fail "no message that matches '$pattern' for: $*"
}

# write_idx FOLDER SIDE: a hundred images of SIDE x SIDE in two classes that a network can tell apart: the left or the
# right half is light.
write_idx() {
    python3 - "$1" "$2" <<'END'
import gzip, struct, sys
side = int(sys.argv[2])
for part in ("train", "t10k"):
    images, labels = bytearray(), bytearray()
    for i in range(100):
        labels.append(i % 2)
        images += bytes(200 + i % 50 if (column < side // 2) == (i % 2 == 0) else i % 30
                        for _ in range(side) for column in range(side))
    with open(f"{sys.argv[1]}/{part}-images-idx3-ubyte", "wb") as f:
        f.write(struct.pack(">4B3I", 0, 0, 8, 3, 100, side, side) + images)
    # As Debian's data sets are: gzipped.
    with gzip.open(f"{sys.argv[1]}/{part}-labels-idx1-ubyte.gz", "wb") as f:
        f.write(struct.pack(">4BI", 0, 0, 8, 1, 100) + labels)
END
}

case $name in
logistic_regression)
    run
    expect '^step   0  loss 0\.6931$'
    expect '^18[0-9] of 200 points on the right side$'
    ;;
iris)
    table=$(dirname -- "$0")/../examples/iris.csv
    run "$table" "$work/iris.safetensors"
    expect '^accuracy (0\.9[0-9]+|1\.0000) on 30 flowers$'
    expect '^the first is (setosa|versicolor|virginica): '
    refuses 'usage: iris'
    refuses 'nothing\.csv: No such file' nothing.csv "$work/iris.safetensors"
    sed 's/^5\.1,/five,/' "$table" >"$work/table.csv"
    refuses "table\.csv:2:1: 'five' in column \"sepal_length\" is not a number" "$work/table.csv" "$work/x.safetensors"
    refuses 'iris.safetensors: ' "$table" "$work/none/iris.safetensors"
    ;;
gradients)
    run
    # The numbers of the table are those that the comment of the source has by hand.
    expect '^  k0  x +param +\[\] +3 +-0\.297323$'
    expect '^  k1  w +param +\[\] +-2 +0\.222992$'
    expect '^  1 +s +add +x, x +\[\] +6 +-0\.0743307 +1, 1$'
    expect '^  2 +p +mul +s, x +\[\] +18 +-0\.0247769 +3, 6$'
    expect '^  3 +q +mul +p, w +\[\] +-36 +0\.0123885 +-2, 18$'
    expect '^  4 +r +scale 0\.02 +q +\[\] +-0\.72 +0\.619423 +0\.02$'
    expect '^  5 +y +tanh +r +\[\] +-0\.616909 +1 +0\.619423$'
    expect '^y = tanh\(0\.02 \(x \+ x\) x w\) = -0\.616909$'
    expect '^dy/dx = -0\.297323, the sum over 3 places where x is used$'
    expect '^  p = mul\(s, x\), 2nd place:  -0\.0247769 \* 6 = -0\.148661$'
    [ "$(grep -c 's = add(x, x), .* place:  -0.0743307 \* 1 = -0.0743307$' "$work/out")" -eq 2 ] || fail "x + x gives two parts"
    ;;
log_barrier)
    run
    expect '^order 1:  by A right, by b right, by x right$'
    expect '^order 2:  by A right, by b right, by x right$'
    expect '^mu   1e-07  x = \(2\.00000, 2\.50000\)  [0-9] steps$'
    ;;
linear_solve)
    run
    expect '^solve +by A right, by b right$'
    expect '^solve_in_numbers +by A right, by b right$'
    expect '^second order by the rule: off by less than 1e-6: yes$'
    expect '^solve_in_numbers: its gradient is numeric \(backward\) and cannot be differentiated'
    expect '^solve: the matrix is singular: there is no pivot in column 1$'
    ;;
networks)
    run
    expect '^  batch_norm  batch_norm  \[n, 32\] +64 +512$'
    expect '^    dense_1   dense       \[n, 32\] +1,056 +4,224$'
    expect '^  total +2,371 +9,740$'
    expect '^step   0  loss [12]\.[0-9]{4}$'
    expect '^(29[0-9]|300) of 300 other points on the right ring$'
    ;;
mnist)
    write_idx "$work" 4
    if [ -z "${EXAMPLE_WRAPPER:-}" ]; then # all of its 40,000 steps would take a minute
        "$program" "$work" >"$work/out" 2>"$work/err" &
        while ! grep -q '^step [0-9,]* of 40,000  loss [0-9.e-]*  ' "$work/err"; do
            kill -0 $! 2>/dev/null || fail "it does not train"
        done
        kill $!
        wait $! || :
    fi
    refuses 'usage: mnist FOLDER'
    refuses 'usage: mnist FOLDER' "$work" 400
    refuses "$work/none/train-images-idx3-ubyte" "$work/none"
    head -c 700 "$work/t10k-images-idx3-ubyte" >"$work/cut" && mv "$work/cut" "$work/t10k-images-idx3-ubyte"
    refuses 't10k-images-idx3-ubyte.*truncated' "$work"
    ;;
digit.sh)
    # PROGRAM is the command. Images of MNIST's size, of which the fifth of the test becomes digit.idx.
    script=$(dirname -- "$0")/../examples/teaching/digit.sh
    mkdir "$work/mnist" "$work/made"
    write_idx "$work/mnist" 28
    sh "$script" "$program" "$work/mnist" "$work/made" >"$work/out" 2>"$work/err" || fail 'it made no files'
    "$program" info --model "$work/made/digit.safetensors" | sed 1d >"$work/out" # its first line has the path
    expect '^ +hiddenlayer_0.weight F32 \[10, 784\]$'
    if grep -q "$work" "$work/out"; then fail 'the model names a folder'; fi
    tail -c 784 "$work/made/digit.idx" >"$work/image"
    tail -c +$((17 + 4 * 784)) "$work/mnist/t10k-images-idx3-ubyte" | head -c 784 | cmp - "$work/image" || fail 'another image'
    "$program" predict --model "$work/made/digit.safetensors" --data "$work/made/digit.idx" >"$work/out" 2>"$work/err" ||
        fail 'the image is no IDX file'
    expect '^[0-9]+$'
    ;;
mnist.sh)
    # The script in a tree of its own, in which the command is built already.
    tree=$work/tree root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
    mkdir -p "$tree/build/cli" "$work/tools" "$work/the data"
    cp -r "$root/examples" "$root/tools" "$tree"
    cp "$program" "$tree/build/cli/gradtape"
    touch "$tree/build/build.ninja"
    printf '#!/bin/sh\necho no work to do\n' >"$work/tools/ninja"
    chmod 755 "$work/tools/ninja"
    export GRADTAPE_NO_INSTALL=1 PATH="$work/tools:$PATH"
    write_idx "$work/the data" 28
    program=$work/script
    printf '#!/bin/sh\nexec sh "%s/examples/mnist.sh" "$@"\n' "$tree" >"$program"
    chmod 755 "$program"
    unset EXAMPLE_WRAPPER # the command has tests of its own
    # last_is PATTERN: the last line on stdout.
    last_is() { tail -n 1 "$work/out" | grep -Eq -- "$1" || fail "the last line is not $1"; }

    run --data "$work/the data" --steps 60 --batch-size 30 --seed 7
    last_is '^accuracy = 1\.0000, global_step = 60, loss = 0\.0[0-9]{3}$'
    grep -q '^options: --hidden-units 300,100 .* --scaling global .* --seed 7 ' "$work/err" || fail "the settings are not shown"
    grep -Eq '^step 60 of 60  loss 0\.[0-9]{4}  [0-9,.]+ steps/s  in [0-9.]+ s$' "$work/err" || fail "no end is shown"
    # The line that it says predicts. Words stand in it as the shell reads them.
    line=$(sed -n 's/^To use it: //p' "$work/err")
    (eval "$line") >"$work/predicted" 2>"$work/err" || fail "this does not predict: $line"
    [ "$(sort "$work/predicted" | uniq -c | xargs)" = '50 0 50 1 1 label' ] || fail "it predicts something else"
    run --resume --steps 20
    last_is '^accuracy = 1\.0000, global_step = 80, '
    run --data "$work/the data" --epochs 3 --model="$work/a model" --optimizer adam:rate=0.01 --hidden-units 8
    last_is '^accuracy = 1\.0000, global_step = 6, '
    grep -q '^options: --hidden-units 8 .* --optimizer adam:.* --rate 0.01' "$work/err" || fail "options are not taken"
    line=$(sed -n 's/^To use it: //p' "$work/err")
    (eval "$line") >"$work/predicted" 2>"$work/err" || fail "this does not predict: $line"
    run --resume --steps 2 --model "$work/a model"
    last_is ' global_step = 8, '
    run --data "$work/the data" --to-step 5 --model "$work/a model" --quiet
    last_is ' global_step = 5, '
    printf 'hidden-units = 4\nsteps = 7\n' >"$work/own.conf"
    run --data "$work/the data" --config "$work/own.conf" --model "$work/a model"
    last_is ' global_step = 7, '
    grep -q '^options: --hidden-units 4 ' "$work/err" || fail "it does not take a config file"
    run --help
    expect '^examples/mnist\.sh takes the options of gradtape train'
    expect '--batch-size'

    # A signal to the script alone: the command saves, and the script ends as the command would. By Python, because a job
    # of this shell ignores SIGINT.
    mkdir "$work/small"
    write_idx "$work/small" 4
    for number in 2 15; do
        python3 - $number "$program" --data "$work/small" --model "$work/stopped" >"$work/out" 2>"$work/err" <<'END' ||
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
number = int(sys.argv[1])
run = subprocess.Popen(sys.argv[2:])
with open("/dev/stderr") as written:
    while run.poll() is None and "\nstep " not in written.read():
        written.seek(0)
run.send_signal(number)
sys.exit(run.wait() != 128 + number)
END
            fail "it does not end by signal $number"
        grep -q "go on with: .*gradtape train --resume --model $work/stopped" "$work/err" || fail "it does not say how to go on"
        ! [ -s "$work/out" ] || fail "it tests what is half trained"
    done
    "$tree/build/cli/gradtape" info --model "$work/stopped" >"$work/out"
    expect ' of 40000, '
    run --resume --steps 1 --model "$work/stopped"

    # Mistakes are found before data are fetched, which fails here.
    export XDG_CACHE_HOME=/proc/none
    refuses 'MNIST cannot be kept in /proc/none' --steps 5
    refuses "did you mean --steps" --stps 5
    refuses "batch.size.*-3" --batch-size -3
    refuses "steps and --epochs: give one" --steps 3 --epochs 3
    refuses "model needs FILE" --model
    refuses "the folder has no train-images" --data "$work"
    ;;
gmm | lstm)
    # Each line says how far it is from what is known; all lines together are the objective and the blocks of its gradient.
    data=$(dirname "$0")/../examples/adbench
    for file in "$data/$name"_*.txt; do
        case $file in *.gradient.txt) continue ;; esac
        run "$file"
        expect '^objective '
        [ "$(grep -Ec 'difference [0-9.]*e-1[1-9]$|difference 0\.0e\+00$' "$work/out")" -eq "$(wc -l <"$work/out")" ] ||
            fail "$file: a difference is too large"
        [ "$(wc -l <"$work/out")" -eq "$([ "$name" = gmm ] && echo 4 || echo 8)" ] || fail "$file: lines are missing"
    done
    cp "$file" "$work/alone.txt"
    run "$work/alone.txt"
    expect '^objective +-?[0-9.]+$'
    refuses "usage: $name FILE"
    refuses 'it is not a (mixture|predictor) of ADBench' "$data/$([ "$name" = gmm ] && echo lstm_l2_c1024 || echo gmm_test).txt"
    refuses 'is not a finite number' "$data/README.md"
    refuses 'No such file' "$work/none.txt"
    ;;
*) fail "there is no such example" ;;
esac
