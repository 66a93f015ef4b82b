"""Golden files: numbers from PyTorch that tests/every_operator/golden.c compares with. The scripts of the families
import this.

A family of operators, NAME, has a script make_NAME.py that writes NAME.txt (values, gradients and second gradients) and
NAME_special.txt (values at 0, infinities, NaN and the like). To add a family:

    1. Write make_NAME.py beside this file. This is a whole one:

           import torch
           from golden import EDGES, F64, Draw, case, family, make, values_only

           CASES, SPECIAL = family("waves")

           def sine_cases():
               case(CASES, "sin", "vector", torch.sin, [Draw("sin", "vector").uniform([13])])
               values_only(SPECIAL, "sin", "f64", torch.sin, [torch.tensor(EDGES[F64], dtype=F64)])

           if __name__ == "__main__":
               make([CASES, SPECIAL], sine_cases)

    2. Run it, with `pip install torch numpy`. Both files are kept in the repository: building and testing need neither.
    3. Add the line "NAME", to families[] in tests/every_operator/golden.c. It calls each operator by its row in the
       table.

To add a case, add a call of case() or values_only() to the script of its family. Inputs are drawn from a generator
seeded by the name of the operator and the label of the case: another case changes no number of the others. A function
of several results returns a tuple. Attributes are given flat, in the order of the row: a number as itself, else
[*axes_attribute(0, 2, keep=True), *list_attribute(3, 4), type_attribute(F32)]. Only the operators in calls[] of
tests/every_operator/golden.c have a shorter layout: axes are 1 if kept, then the axes, none for all; a shape is its
sizes.

A row without any case is a gap, which the suite lists. At special points the suite demands of each other row every
class of numbers in each real operand, and all pairs of what is element-wise in two. What values_only() does not bring,
make() adds: of the row's smallest case of f64 the same call with one special number, and all pairs for the names in
PAIRWISE. A row that cannot have them is named to make() as exempt, and in exemptions[] of
tests/every_operator/golden.c with the reason.

A case of NAME.txt, y_0, y_1, ... = operator(x_0, x_1, ...), is

    case OPERATOR LABEL
    attributes COUNT NUMBER...
    x TYPE RANK SIZES... VALUES...   an operand; the lines below it have its shape
    u VALUES...                      a random direction
    dx VALUES...                     gradient of L = sum over the results of sum(v y) by x
    d2x VALUES...                    gradient of S = sum over the operands of sum(u dx) by x
    y TYPE RANK SIZES... VALUES...   a result; the lines below it have its shape
    v VALUES...                      a random upstream gradient
    d2v VALUES...                    gradient of S by v
    end

Operands of type i32 have no u, dx and d2x, and results of type i32 no v and d2v; a case of values only has none of
these. Cases of NAME_special.txt are of values only. There `zeros_of_any_sign` says that the sign of a result that is
zero is not fixed. The last line of a file is `cases COUNT`. Numbers are the shortest decimals that read back as the
same number of their type; those of inputs are short, because they are multiples of 1/256.
"""
import math
import pathlib
import zlib

import numpy as np
import torch

F64, F32, I32 = torch.float64, torch.float32, torch.int32
TYPE_NAMES = {F64: "f64", F32: "f32", I32: "i32"}
INF, NAN = math.inf, math.nan


# ---- Writing --------------------------------------------------------------------------------------------------------

def numbers(tensor):
    """The values as text: -0, inf, -inf, nan, 3, 0.25, 1e-310."""
    texts = map(str, tensor.detach().flatten().numpy())
    return [text.removesuffix(".0").replace("e+", "e") for text in texts]


def line(keyword, *words):
    return " ".join([keyword, *map(str, words)]) + "\n"


def described(keyword, tensor):
    return line(keyword, TYPE_NAMES[tensor.dtype], tensor.dim(), *tensor.shape, *numbers(tensor))


class GoldenFile:
    """Collects cases, and refuses two of one name."""

    def __init__(self, name, script, purpose):
        self.path = pathlib.Path(__file__).with_name(name)
        version = torch.__version__.split("+")[0]
        self.head = f"# {purpose}\n# Made by {script} with PyTorch {version}; golden.py says what the lines are.\n"
        self.cases = {}
        self.pairs = {}     # of each operator in PAIRWISE: a case of all pairs
        self.operands = {}  # of all cases of each operator
        self.spares = {}    # of each operator: the size of its smallest case, and the same call with special numbers

    def add(self, operator, label, body):
        assert (operator, label) not in self.cases, (operator, label)
        self.cases[operator, label] = line("case", operator, label) + body + "end\n"

    def write(self):
        text = self.head + "".join(self.cases.values()) + line("cases", len(self.cases))
        self.path.write_text(text, encoding="ascii")
        print(f"{self.path.name}: {len(self.cases)} cases, {len(text)} bytes")


def family(name):
    """The two files of a family: for cases with gradients, and for values at special points."""
    script = f"make_{name}.py"
    return (GoldenFile(f"{name}.txt", script, "Values, gradients and second gradients of operators in f64."),
            GoldenFile(f"{name}_special.txt", script,
                       "Values of operators at 0, -0, denormal and huge numbers, infinities and NaN."))


def make(files, *makers, exempt=()):
    """Calls the functions that add cases, on one thread so that sums have one order, adds what is missing at special
    points (not for operators that are exempt), and writes the files."""
    torch.set_num_threads(1)
    for add_cases in makers:
        add_cases()
    add_missing(*files, exempt)
    for file in files:
        file.write()


# ---- Attributes, for operators that are called by their row ---------------------------------------------------------

def axes_attribute(*axes, keep=False):
    """No axes are all of them."""
    return [len(axes), int(keep), *axes]


def list_attribute(*sizes):
    """A shape, or a list of integers."""
    return [len(sizes), *sizes]


def type_attribute(dtype):
    """The number of the type in the enum ad_type."""
    return [F32, F64, I32].index(dtype)


# ---- Drawing inputs -------------------------------------------------------------------------------------------------

class Draw:
    """Random inputs of one case: multiples of 1/256."""

    def __init__(self, operator, label):
        self.generator = np.random.default_rng(zlib.crc32(f"{operator} {label}".encode()))

    def uniform(self, shape, low=-2.0, high=2.0):
        whole = self.generator.integers(round(low * 256), round(high * 256), size=tuple(shape), endpoint=True)
        return torch.tensor(whole / 256.0, dtype=F64)

    def whole(self, shape, low, high, dtype=F64):
        return torch.tensor(self.generator.integers(low, high, size=tuple(shape), endpoint=True), dtype=dtype)


# ---- Cases ----------------------------------------------------------------------------------------------------------

def gradients(scalar, leaves, **options):
    """The gradients of `scalar` by the leaves; zeros where there is no path."""
    if not scalar.requires_grad:
        return [torch.zeros_like(x) for x in leaves]
    found = torch.autograd.grad(scalar, leaves, allow_unused=True, **options)
    return [torch.zeros_like(x) if g is None or g._is_zerotensor() else g for x, g in zip(leaves, found)]


def results(function, operands):
    """What the function returns, as a list; results that are not real, like indices and masks, become i32."""
    y = function(*operands)
    return [y_j if y_j.is_floating_point() else y_j.to(I32) for y_j in (y if isinstance(y, tuple) else (y,))]


def attributes_line(attributes):
    return line("attributes", len(attributes), *attributes) if attributes else ""


def described_with(keyword, tensors, names, arrays):
    """The lines of the operands or the results: below each that is real, its arrays under their names."""
    text, of_real = "", iter(zip(*arrays))
    for x in tensors:
        text += described(keyword, x)
        if x.is_floating_point():
            text += "".join(line(name, *numbers(array)) for name, array in zip(names, next(of_real)))
    return text


def case(file, operator, label, function, operands, attributes=()):
    """Adds a case with gradients of first and second order to a file."""
    draw = Draw(operator, label + " directions")
    xs = [x.clone().requires_grad_(x.is_floating_point()) for x in operands]
    real = [x for x in xs if x.requires_grad]
    us = [draw.uniform(x.shape, -1, 1).to(x.dtype) for x in real]
    ys = results(function, xs)
    real_ys = [y for y in ys if y.is_floating_point()]
    assert real and real_ys, (operator, label, "has no gradients: use values_only")
    vs = [draw.uniform(y.shape, -1, 1).to(y.dtype).requires_grad_() for y in real_ys]
    dxs = gradients(sum((v * y).sum() for v, y in zip(vs, real_ys)), real, create_graph=True)
    second = gradients(sum((u * dx).sum() for u, dx in zip(us, dxs)), real + vs)
    assert not any(torch.isnan(g).any() for g in [*ys, *dxs, *second]), (operator, label)

    keep_spares(file, operator, function, operands, attributes)
    file.add(operator, label, attributes_line(attributes)
             + described_with("x", xs, ("u", "dx", "d2x"), (us, dxs, second[:len(real)]))
             + described_with("y", ys, ("v", "d2v"), (vs, second[len(real):])))


def body_of_values(function, operands, attributes, signed_zeros):
    return (attributes_line(attributes) + ("" if signed_zeros else "zeros_of_any_sign\n")
            + "".join(described("x", x) for x in operands)
            + "".join(described("y", y) for y in results(function, operands)))


def values_only(file, operator, label, function, operands, attributes=(), signed_zeros=True):
    """Adds a case without gradients to a file."""
    keep_spares(file, operator, function, operands, attributes)
    file.add(operator, label, body_of_values(function, operands, attributes, signed_zeros))


# ---- Special values -------------------------------------------------------------------------------------------------

# Zero, the smallest denormal, the smallest normal, the largest number, and what lies between, of each type.
EDGES = {
    F64: [0.0, -0.0, 2.0**-1074, -(2.0**-1074), 2.0**-1022, -1e-310, 0.5, -1.0, 2.0, 1e300,
          -(2.0 - 2.0**-52) * 2.0**1023, INF, -INF, NAN],
    F32: [0.0, -0.0, 2.0**-149, -(2.0**-149), 2.0**-126, -(2.0**-130), 0.5, -1.0, 2.0, 2.0**120,
          -(2.0 - 2.0**-23) * 2.0**127, INF, -INF, NAN],
}
# What pairs are made of.
PAIRED = {dtype: [x for x in edges if x != 0.5 and not -1e-30 < x < 0] for dtype, edges in EDGES.items()}
# Where a function leaves the range of its type, away from results that are denormal.
RANGE = {
    F64: [-800.0, -708.0, 709.5, 710.0, 20.0, -20.0, 1e-8, -1e-8],
    F32: [-200.0, -87.0, 88.5, 89.0, 9.0, -9.0, 2.0**-20, -(2.0**-20)],
}


def all_pairs(a, b, dtype):
    """Every value of a beside every value of b, as two vectors: vectorised kernels take their ordinary path."""
    grid = torch.meshgrid(torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype), indexing="ij")
    return [x.reshape(-1) for x in grid]


# One number of each class, and the numbers that a class consists of.
CLASSES = {"zero": 0.0, "minus_zero": -0.0, "denormal": 2.0**-1074, "huge": 1e300, "inf": INF, "minus_inf": -INF,
           "nan": NAN}


# Element-wise operators of two operands whose pairs no family writes out.
PAIRWISE = ("clamp_backward", "gelu_backward", "huber", "kl_divergence", "leaky_relu_backward",
            "logistic_cross_entropy", "mul_exp", "poisson_nll", "silu_backward", "sub_logs")


def class_of(x, dtype):
    """The name of the class, or None for ordinary numbers."""
    smallest, large = (2.0**-1022, 1e299) if dtype == F64 else (2.0**-126, 1e35)
    if x == 0:
        return "minus_zero" if math.copysign(1, x) < 0 else "zero"
    if math.isnan(x) or math.isinf(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "minus_inf"
    return "denormal" if abs(x) < smallest else "huge" if abs(x) > large else None


def classes_seen(file, operator, k):
    """The classes that operand k has in any case of the file."""
    operands = [operands[k] for operands in file.operands.get(operator, []) if k < len(operands)]
    return {class_of(x, tensor.dtype) for tensor in operands for x in tensor.flatten().tolist()}


def keep_spares(file, operator, function, operands, attributes):
    """Remembers a call, and of the smallest what it would be with one number of each class in each real operand. That
    is computed now: functions may depend on what a loop goes on to change."""
    file.operands.setdefault(operator, []).append([x.detach().clone() for x in operands])
    if operator in PAIRWISE and operator not in file.pairs:
        pairs = all_pairs(PAIRED[F64], PAIRED[F64], F64)
        file.pairs[operator] = body_of_values(function, pairs, attributes, False)
    size = sum(x.numel() for x in operands)
    if any(x.numel() == 0 or x.dtype == F32 for x in operands) or file.spares.get(operator, (size + 1,))[0] <= size:
        return
    spares = {}
    for k, x in enumerate(operands):
        for name, value in CLASSES.items() if x.dtype == F64 else ():
            changed = x.detach().clone()
            changed.view(-1)[x.numel() // 2] = value
            try:
                spares[k, name] = body_of_values(function, [*operands[:k], changed, *operands[k + 1:]], attributes, False)
            except (RuntimeError, ZeroDivisionError, ValueError) as why:
                spares[k, name] = why
    file.spares[operator] = size, spares


def add_missing(cases, special, exempt):
    """What no case at special points has: for each class that a real operand lacks a small call with one such number."""
    for operator, body in cases.pairs.items():
        special.add(operator, "all_pairs", body)
        special.operands.setdefault(operator, []).append(all_pairs(PAIRED[F64], PAIRED[F64], F64))
    for operator in {**cases.spares, **special.spares}:
        if operator in exempt:
            continue
        _, spares = (cases if operator in cases.spares else special).spares[operator]
        for (k, name), body in spares.items():
            if name not in classes_seen(special, operator, k):
                assert isinstance(body, str), (operator, k, name, body)
                special.add(operator, f"x{k}_{name}", body)


def in_double(function, dtype):
    """The function of operands of `dtype` computed in f64, each real result rounded once: the nearest f32 there is."""
    def rounded(*xs):
        ys = results(function, [x.to(F64) if x.is_floating_point() else x for x in xs])
        return tuple(y.to(dtype) if y.is_floating_point() else y for y in ys)
    return rounded
