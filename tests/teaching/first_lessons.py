"""Compares what the first three lessons print with the same calculations in plain Python, by formulas from school.

Usage: first_lessons.py PROGRAM.., activations, backpropagation and chain-rule among them"""
import math
import os
import re
import subprocess
import sys

failures = []


def output_of(program):
    return subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()


def numbers_of(lines):
    """The lines "name = number"."""
    return {m[1]: float(m[2]) for m in (re.fullmatch(r"(.*\S) = (\S+)", line) for line in lines) if m}


def table_of(lines, first):
    """The rows under the header that begins with this name, each a list of texts."""
    split = [re.split(r" {2,}", line.strip()) for line in lines]
    at = next(i for i, cells in enumerate(split) if cells[0] == first)
    rows = []
    for cells in split[at + 1:]:
        if len(cells) != len(split[at]):
            break
        rows.append(cells)
    return rows


def expect(what, found, wanted, digits=6):
    """The number has this many right digits."""
    if not abs(found - wanted) <= 0.51 * 10.0 ** -digits * max(10 * abs(wanted), 10.0 ** -9):
        failures.append(f"{what} is {found}, not {wanted}")


def logistic(z):
    return 1 / (1 + math.exp(-z))


# value, derivative
ACTIVATIONS = {
    "step": (lambda z: float(z >= 0), lambda z: 0.0),
    "logistic": (logistic, lambda z: logistic(z) * logistic(-z)),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "ReLU": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
}


def train(name, w):
    """The weight and the loss before each step, and the first gradient of the weight."""
    value, slope = ACTIVATIONS[name]
    rows, b, first = [], 0.0, None
    for _ in range(11):
        gw = gb = loss = 0.0
        for x, target in zip((-2, -1, 1, 3), (0, 0, 1, 1)):
            z = w * x + b
            e = value(z) - target
            loss += e * e / 4
            gw += 2 * e * slope(z) * x / 4
            gb += 2 * e * slope(z) / 4
        rows.append((w, loss))
        first = gw if first is None else first
        w, b = w - 4 * gw, b - 4 * gb
    return rows, first


def check_activations(lines):
    for which, title in enumerate(("value", "derivative")):
        rows = table_of(lines, title)
        if [row[0] for row in rows] != list(ACTIVATIONS):
            failures.append(f"the table of {title}s has {[row[0] for row in rows]}")
        for name, *cells in rows:
            for z, cell in zip((-2, -1, 0, 1, 2), cells):
                expect(f"{title} of {name} at {z}", float(cell), ACTIVATIONS[name][which](z), 4)
    given = table_of(lines, "x")
    wanted = [[str(x), str(t), str(-x), f"{logistic(-x):.4f}", str(int(-x >= 0))] for x, t in zip((-2, -1, 1, 3), (0, 0, 1, 1))]
    if given != wanted:
        failures.append(f"the four rows are {given}, not {wanted}")
    numbers = numbers_of(lines)
    for name, largest in (("step", 0), ("logistic", 0.25), ("tanh", 1), ("ReLU", 1)):
        expect(f"the largest derivative of {name}", numbers[f"largest derivative of {name}"], largest)
    trained, steps = {name: train(name, -1) for name in ("logistic", "step")}, table_of(lines, "steps")
    for i, row in enumerate(steps):
        wanted = [i] + [trained[name][0][i][k] for k in (0, 1) for name in ("logistic", "step")]
        for cell, number in zip(row, wanted):
            if abs(float(cell) - number) > 0.6e-6:
                failures.append(f"in the row of {i} steps {cell} stands for {number}")
    if len(steps) != 11:
        failures.append(f"{len(steps)} rows of steps")
    for name in ("logistic", "step"):
        expect(f"first gradient of the {name}", numbers[f"first gradient of the {name}"], trained[name][1])
    rows, first = train("logistic", -12)
    expect("first gradient from -12", numbers["first gradient from -12"], first)
    expect("w from -12 after ten steps", numbers["w from -12 after ten steps"], rows[10][0])


def pass_through(n, target):
    """All numbers of the network 2-2-1 by hand: values, and gradients called dL/d.."""
    out = {}
    for j in "12":
        out["z" + j] = n["w1" + j] * n["x1"] + n["w2" + j] * n["x2"] + n["b" + j]
        out["h" + j] = logistic(out["z" + j])
    out["o"] = out["h1"] * n["v1"] + out["h2"] * n["v2"] + n["c"]
    out["L"] = (out["o"] - target) ** 2
    out["dL/do"] = out["dL/dc"] = 2 * (out["o"] - target)
    for j in "12":
        out["dL/dv" + j] = out["dL/do"] * out["h" + j]
        out["dL/dh" + j] = out["dL/do"] * n["v" + j]
        out["dL/dz" + j] = out["dL/db" + j] = out["dL/dh" + j] * out["h" + j] * (1 - out["h" + j])
        for i in "12":
            out[f"dL/dw{i}{j}"] = out["dL/dz" + j] * n["x" + i]
    return out


def check_backpropagation(lines):
    numbers = numbers_of(lines)
    weights = ["w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c"]
    given = {name: numbers[name] for name in [*weights, "x1", "x2"]}
    wanted = {**given, **pass_through(given, 1), "target": 1, "rate": 0.1}
    after = {name: given[name] - 0.1 * wanted["dL/d" + name] for name in weights}
    then = pass_through({**given, **after}, 1)
    wanted.update({"new " + name: x for name, x in after.items()})
    wanted.update({"new " + name: x for name, x in then.items() if not name.startswith("dL/")})
    wanted.update({"with target 0: " + name: x for name, x in pass_through(given, 0).items()})
    if wanted.keys() != numbers.keys():
        failures.append(f"printed or not: {sorted(wanted.keys() ^ numbers.keys())}")
    for name in wanted.keys() & numbers.keys():
        expect(name, numbers[name], wanted[name])
    if not numbers["new L"] < numbers["L"]:
        failures.append("the step makes the loss no smaller")


def check_chain_rule(lines):
    numbers = numbers_of(lines)
    # Parts by hand: from, operand, upstream, local.
    hand = {
        "fan-out": (18, [("y", 2, 1, 6), ("s", 1, 3, 1), ("s", 2, 3, 1)]),
        "two ways": (18, [("b", 2, 9, -1), ("a", 1, 2, 3), ("a", 2, 2, 3)]),
        "exercise": (8, [("y", 2, 1, 4), ("q", 1, 2, 2), ("q", 2, 2, 2)]),
    }
    for title, (y, parts) in hand.items():
        rows, total = [], 0
        for n, (origin, operand, upstream, local) in enumerate(parts, 1):
            total += upstream * local
            rows.append([str(cell) for cell in (n, origin, operand, upstream, local, upstream * local, total)])
        if table_of(lines, title) != rows:
            failures.append(f"the parts of {title} are {table_of(lines, title)}, not {rows}")
        expect(title + " y", numbers[title + " y"], y)
        expect(title + " dy/dx", numbers[title + " dy/dx"], total)
    f, h = (lambda x: x * x * (5 - x)), 1.0
    rows = table_of(lines, "h")
    for row in rows:
        forward, central = (f(3 + h) - f(3)) / h, (f(3 + h) - f(3 - h)) / (2 * h)
        wanted = f"{h:g} {forward:.9f} {central:.9f} {abs(forward - 3):.1e} {abs(central - 3):.1e}"
        if " ".join(row) != wanted:
            failures.append(f"the row of h = {h:g} is {row}, not {wanted}")
        h /= 10
    if len(rows) != 13:
        failures.append(f"{len(rows)} rows of differences")


programs = {os.path.basename(path): path for path in sys.argv[1:]}
check_activations(output_of(programs["activations"]))
check_backpropagation(output_of(programs["backpropagation"]))
check_chain_rule(output_of(programs["chain-rule"]))
for failure in failures:
    print("not so: " + failure)
print(f"{len(failures)} not so")
sys.exit(bool(failures))
