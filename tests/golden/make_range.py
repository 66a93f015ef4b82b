#!/usr/bin/env python3
"""Makes range.txt, which tests/every_operator/range.c reads: values and gradients of every row at operands of 1e+-20
and 1e+-38 (f32), 1e+-150 and 1e+-300 (f64), from mpmath alone.

    pip install mpmath gmpy2
    python3 make_range.py            all rows
    python3 make_range.py ROW...     only these; the others keep their lines

range_rows.py has the formulas. They are computed with 2,000 digits (380 for f32). A gradient is a central difference,
with steps below the smallest number of f64. Nothing is taken from the code under test.

    case ROW LABEL
    attributes COUNT NUMBERS...
    x LETTER RANK SIZES... NUMBERS...   an operand: i and indices, or mantissas: v of what stands where an upstream
                                        gradient was, r of any other
    v RANK SIZES... NUMBERS...          for each real result, the mantissas of its upstream gradient
    at TYPE EXPONENTS...                each operand is its mantissas times 10^exponent, rounded to the type; with a ~
                                        the exponent of every other element is the opposite one
    y NUMBERS...                        each result
    dx NUMBERS...                       the gradient of each real operand at upstream gradients of these mantissas
    end

A number is MANTISSAeEXPONENT, of any size. ~SIZE behind it is what rounding of the operands, or terms that cancel, may
change. `?` is not compared.
"""
import pathlib
import struct
import sys

from mpmath import mp, mpf, mpc, inf

from range_rows import CASES, EXPONENTS, make_rows, size

# What a type has: digits to compute with, the exponents of steps and of disturbances, its rounding, digits to write,
# and what is not worth a remark.
TYPES = {"f32": (380, 60, 50, 2.0**-24, 7, 1e-5), "f64": (2000, 330, 320, 2.0**-53, 11, 1e-10)}


# ---- Computing -------------------------------------------------------------------------------------------------------

def rounded(number, type_):
    return struct.unpack("f", struct.pack("f", number))[0] if type_ == "f32" else number


def power(exponent, k):
    """float("1e20"), as C has it."""
    text = str(exponent)
    e = int(text.lstrip("~"))
    return float(f"1e{-e if text[0] == '~' and k % 2 else e}")


def values_of(case, exponents, type_):
    at = dict(zip(case.reals, exponents))
    return [[mpf(rounded(m * power(at[i], k), type_)) if i in at else m for k, m in enumerate(ms)]
            for i, (_, _, ms) in enumerate(case.operands)]


def upstream(case, j):
    """Mantissas of the gradient of result j."""
    return [case.upstream[(k + 3 * j) % len(case.upstream)] for k in range(size(case.results[j]))]


def number(y):
    """A real number, or None where the formula has none. A tuple has terms: their sum."""
    if isinstance(y, tuple):
        return sum(map(number, y))
    if y is None:
        return None
    if isinstance(y, mpc):
        return mp.re(y) if mp.im(y) == 0 else None
    return mpf(y)


def evaluate(case, xs):
    if not case.elementwise:
        return [[number(y) for y in ys] for ys in case.f(*xs)]
    return [[number(case.f(*x)) for x in zip(*xs)]]


def derivative(f, x, step):
    """Of each of a list of numbers; None where there is none."""
    h = abs(x) * mpf(10)**-step
    return [None if p is None or q is None else (p - q) / (2 * h) for p, q in zip(f(x + h), f(x - h))]


def gradients(case, xs, vs, step):
    """By each element of each real operand: the sum over the elements of all results that have a derivative."""
    smooth = [j for j in range(len(case.results)) if j not in case.exact and j not in case.whole]

    def results(i, k, z):
        if case.elementwise:
            args = [x[k] for x in xs]
            y = case.f(*args[:i], z, *args[i + 1:])
            return list(map(number, y if isinstance(y, tuple) else [y]))
        ys = evaluate(case, [*xs[:i], [*xs[i][:k], z, *xs[i][k + 1:]], *xs[i + 1:]])
        return [y for j in smooth for y in ys[j]]

    def by(i, k):
        if i in case.constant:
            return mpf(0)
        ds = derivative(lambda z: results(i, k, z), xs[i][k], step)
        v = [vs[0][k]] * len(ds) if case.elementwise else [v for j in smooth for v in vs[j]]
        return None if None in ds else sum(a * d for a, d in zip(v, ds))
    return [[by(i, k) for k in range(len(xs[i]))] for i in case.reals]


def disturbed(lists, movable, d, turn):
    """Each number moved by d of itself, up or down."""
    out, n = [], 0
    for i, numbers in enumerate(lists):
        moved = []
        for x in numbers:
            n += 1
            sign = 1 if (n * (5 + 2 * turn) + n * n // 3 + turn) % 4 < 2 else -1
            moved.append(x * (1 + sign * d) if movable(i) else x)
        out.append(moved)
    return out


def sensitive(a, b, d):
    return [[None if p is None or q is None else abs(p - q) / d for p, q in zip(x, y)] for x, y in zip(a, b)]


def largest(many):
    return [[None if None in few else max(few) for few in zip(*lists)] for lists in zip(*many)]


def text_of(x, slack, type_, unknown):
    if x is None:
        return unknown
    _, _, _, rounding, digits, remark = TYPES[type_]
    text = written(x, digits)
    slack = mpf(0) if slack is None else 16 * rounding * slack
    return text + (f"~{written(slack, 2)}" if slack > remark * abs(x) and text not in ("inf", "-inf") else "")


def written(x, digits):
    """MANTISSAeEXPONENT; 0 and inf where no upstream gradient could bring it back."""
    if x == 0:
        return "0"
    if abs(x) == inf or mp.mag(x) > 7000:
        return "inf" if x > 0 else "-inf"
    if mp.mag(x) < -7000:
        return "0"
    with mp.workdps(40):
        text = mp.nstr(+x, digits, min_fixed=1, max_fixed=0, strip_zeros=True)
    return text.replace(".0e", "e").replace("e+", "e").removesuffix("e0")


def lines_at(case, exponents, type_):
    dps, step, disturbance = (case.deep * n for n in TYPES[type_][:3])
    with mp.workdps(dps):
        vs = [[mpf(v) for v in upstream(case, j)] for j in range(len(case.results))]
        xs, d = values_of(case, exponents, type_), mpf(10)**-disturbance
        moves = lambda i: i in case.reals and i not in case.constant and len(case.operands[i][2]) > 0
        others = [disturbed(xs, moves, d, turn) for turn in (0, 1)]
        ys = evaluate(case, xs)
        slack = largest([sensitive(ys, evaluate(case, o), d) for o in others])
        for j, row in enumerate(ys):
            if j in case.exact or j in case.whole or case.deep > 1:
                slack[j] = [mpf(0)] * len(row)
        text = "".join("y " + " ".join(text_of(y, s, type_, "nan") for y, s in zip(*p)) + "\n" for p in zip(ys, slack))
        if not case.gradient:
            return text
        dxs = gradients(case, xs, vs, step)
        slack = largest([sensitive(dxs, gradients(case, o, disturbed(vs, lambda i: True, d, turn + 2), step), d)
                         for turn, o in enumerate(others)])
        if case.cancels:
            size_of_terms = mp.fprod(max(map(abs, xs[i])) for i in case.velocities)
            slack = [[None if a is None else max(a, size_of_terms) for a in few] for few in slack]
        return text + "".join("dx " + " ".join(text_of(x, s, type_, "?") for x, s in zip(*p)) + "\n"
                              for p in zip(dxs, slack))


def combinations(case, type_):
    """The exponents of each group of operands."""
    def has(group, operands):
        return any(i in operands for i in group)

    def is_tried(es):
        large = [(group, str(e)) for group, e in zip(case.groups, es) if e != 0]
        return (not any(has(group, case.bounded) and e[0] not in "~-" for group, e in large) and
                sum(has(group, case.factors) for group, _ in large) <= 1)
    return list(filter(is_tried, all_combinations(case, type_)))


def all_combinations(case, type_):
    es, n = EXPONENTS[type_], len(case.groups)
    if n == 0:
        return [()]
    if n == 1:
        tokens = [(e,) for e in es]
        return tokens + ([(f"~{es[1]}",), (f"~{es[3]}",)] if case.mixed else [])
    if n == 2:
        return [(a, b) for a in es for b in es]
    alone = [tuple(e if i == j else 0 for j in range(n)) for i in range(n) for e in es[1:]]
    together = [(e,) * n for e in es]
    return together + alone + [tuple(-e if j % 2 else e for j in range(n)) for e in es[1:]]


def flat(numbers):
    return "".join(f" {x!r}" if isinstance(x, float) else f" {x}" for x in numbers)


def head(case):
    out = [f"case {case.row} {case.label}", f"attributes {len(case.attributes)}{flat(case.attributes)}"]
    for i, (letter, shape, numbers) in enumerate(case.operands):
        out.append(f"x {'v' if i in case.velocities else letter} {len(shape)}{flat(shape)}{flat(numbers)}")
    for j, r in enumerate(case.results):
        if j not in case.whole:
            out.append(f"v {len(r)}{flat(r)}{flat(upstream(case, j))}")
    return "\n".join(out) + "\n"


def points(case):
    """The type and the exponent of each real operand."""
    for type_ in case.types:
        for of_groups in combinations(case, type_):
            by = {i: e for e, group in zip(of_groups, case.groups) for i in group}
            yield type_, [by[i] for i in case.reals]


def body(case):
    return head(case) + "".join(f"at {type_}{flat(es)}\n{lines_at(case, es, type_)}" for type_, es in points(case)) + \
        "end\n"


# ---- The file --------------------------------------------------------------------------------------------------------

HEAD = "# Values and gradients at the ends of the range.\n# Made by make_range.py; it says what the lines are.\n"


def kept(path):
    """The lines that a file has for each row."""
    rows = {}
    if path.exists():
        for part in path.read_text(encoding="ascii").split("\ncase ")[1:]:
            row = part.split(" ", 1)[0]
            rows[row] = rows.get(row, "") + "case " + part.split("\nend")[0] + "\nend\n"
    return rows


def main(names):
    make_rows()
    path = pathlib.Path(__file__).with_name("range.txt")
    texts = kept(path) if names else {}
    for row in names or CASES:
        texts[row] = "".join(map(body, CASES[row]))
    text = HEAD + "".join(texts[row] for row in sorted(texts) if row in CASES)
    path.write_text(text + f"cases {sum(len(CASES[row]) for row in texts if row in CASES)}\n", encoding="ascii")
    print(f"{path.name}: {len(texts)} rows, {len(text)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
