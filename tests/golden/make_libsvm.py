#!/usr/bin/env python3
"""Makes libsvm.txt: files of LIBSVM's text and what scikit-learn reads from them, for tests/nn/libsvm.c.

    file ROWS COLUMNS MANY
    the bytes of the file in hexadecimal, and a point
    the labels
    MANY lines of features that are not 0: row, column from 0, value in f32
"""
import io
import pathlib
import random

import numpy as np
import sklearn
from sklearn.datasets import load_svmlight_file

FILES = 120


def number(draw):
    x = draw.choice([draw.uniform(-10, 10), draw.randint(-3, 12), draw.uniform(-1, 1) * 10 ** draw.randint(-50, 37)])
    form = draw.choice(["{:g}", "{:.3f}", "{:e}", "{:.17g}", "{:+g}", "{:.0f}"])
    return form.format(x)


def label(draw, kind):
    return number(draw) if kind == "target" else draw.choice(["1", "-1", "+1", "0", "3.0", "17"])


def make_file(draw):
    blank = lambda: draw.choice([" ", " ", " ", "  ", "\t", " \t "])
    kind, end, lines = draw.choice(["target", "label"]), draw.choice(["\n", "\n", "\r\n"]), []
    most = draw.choice([3, 20, 500])
    for _ in range(draw.randint(1, 12)):
        if draw.random() < 0.15:
            lines.append(draw.choice(["", " ", "\t", "# 1 1:2", "   # words: 3", "#"]))
        indices = sorted(draw.sample(range(1, most + 1), draw.randint(0 if lines else 1, min(most, 6))))
        words = [label(draw, kind)] + [f"{i}:{number(draw)}" for i in indices]
        text = words[0] + "".join(blank() + word for word in words[1:])
        if draw.random() < 0.2:
            text += draw.choice([" ", "\t", " # 9999:1", "#x"])
        lines.append(draw.choice(["", "", "", " "]) + text)
    if not any(":" in line.split("#")[0] for line in lines):
        lines.append("1 1:1")
    return (end.join(lines) + draw.choice([end, end, ""])).encode()


def main():
    draw = random.Random(18)
    path = pathlib.Path(__file__).with_name("libsvm.txt")
    text = [f"# scikit-learn {sklearn.__version__}; made by make_libsvm.py"]
    for _ in range(FILES):
        content = make_file(draw)
        x, y = load_svmlight_file(io.BytesIO(content), dtype=np.float32, zero_based=False)
        dense, labels = x.toarray(), load_svmlight_file(io.BytesIO(content), dtype=np.float64, zero_based=False)[1]
        rows, columns = np.nonzero(dense)
        text += [f"file {dense.shape[0]} {dense.shape[1]} {len(rows)}", content.hex() + " .",
                 " ".join(float(each).hex() for each in labels)]
        text += [f"{i} {j} {float(dense[i, j]).hex()}" for i, j in zip(rows, columns)]
    path.write_text("\n".join(text) + "\n")


main()
