#!/usr/bin/env python3
"""Makes functions.txt and functions_special.txt: elementary and special functions. golden.py says how.

mpmath comes with torch."""
import mpmath
import numpy as np
import torch

from golden import (EDGES, F32, F64, INF, NAN, PAIRED, RANGE, TYPE_NAMES, Draw, all_pairs, case, family, in_double,
                    make, values_only)

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "pow": "torch.pow(x, 0.5) is sqrt; ours is the C library's, by IEEE 754. The second gradient of torch.pow by x and "
           "p is 0 at p = 0; ours is 1 / x. That by p is NaN at x = 0; ours is the limit "
           "(tests/operators/functions.c)",
    "hypot": "torch.hypot has gradient NaN at (0, 0); ours is 0",
    "fmod": "the gradient of torch.fmod by b rounds a / b before it truncates; ours is of the exact quotient",
    "mul_trunc_quotient": "torch.trunc(a / b) is infinite where a is, and at b = 0; ours is NaN, as fmod is, whose gradient "
                          "it is",
    "logaddexp": "torch.logaddexp has gradients NaN where both are -inf or +inf; ours are 0, and dy / 2",
    "expm1": "the gradient of torch.expm1 is (y + 1) dy, which loses its digits below 0; ours is e^x dy",
    "polygamma": "torch.polygamma has 9 digits for n = 1, is -inf at all poles for even n, and not inf there for n = 1",
    "lgamma, digamma": "their gradients are torch.polygamma(1): so all three come from mpmath here",
}

CASES, SPECIAL = family("functions")

UNARY = {
    "sin": (torch.sin, -6, 6), "cos": (torch.cos, -6, 6), "tan": (torch.tan, -1.25, 1.25),
    "asin": (torch.asin, -0.875, 0.875), "acos": (torch.acos, -0.875, 0.875), "atan": (torch.atan, -3, 3),
    "sinh": (torch.sinh, -3, 3), "cosh": (torch.cosh, -3, 3), "asinh": (torch.asinh, -3, 3),
    "acosh": (torch.acosh, 1.25, 5), "atanh": (torch.atanh, -0.875, 0.875),
    "expm1": (torch.expm1, -3, 3), "exp2": (torch.exp2, -3, 3), "log1p": (torch.log1p, -0.75, 3),
    "log2": (torch.log2, 0.25, 4), "log10": (torch.log10, 0.25, 4),
    "reciprocal": (torch.reciprocal, 0.25, 4), "rsqrt": (torch.rsqrt, 0.25, 4),
    "cbrt": (lambda x: x.sign() * x.abs() ** (1 / 3), 0.25, 4),
    "erf": (torch.erf, -2, 2), "erfc": (torch.erfc, -2, 2), }
OF_NUMPY = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "expm1": np.expm1, "exp2": np.exp2, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
    "reciprocal": np.reciprocal, "rsqrt": lambda x: 1 / np.sqrt(x), "cbrt": np.cbrt,
}
OF_TORCH = {"erf": torch.erf, "erfc": torch.erfc, "lgamma": torch.lgamma, "digamma": torch.digamma}


def log_gamma(a):
    """ln |gamma(a)|, infinite at the poles and beyond all."""
    if mpmath.isinf(a) or (a <= 0 and (a == mpmath.floor(a) or a < -1e15)):
        return mpmath.inf
    return mpmath.loggamma(a).real


class Polygamma(torch.autograd.Function):
    """The n-th derivative of digamma; n = -1 is lgamma."""

    @staticmethod
    def forward(context, x, n):
        context.save_for_backward(x)
        context.n = n
        of = log_gamma if n < 0 else (lambda a: mpmath.polygamma(n, a))
        with mpmath.workdps(40):
            return torch.tensor([float(of(mpmath.mpf(a))) for a in x.flatten().tolist()], dtype=F64).reshape(x.shape)

    @staticmethod
    def backward(context, dy):
        return dy * Polygamma.apply(context.saved_tensors[0], context.n + 1), None


def polygamma(n):
    return lambda x: Polygamma.apply(x, n)


UNARY |= {"lgamma": (polygamma(-1), 0.25, 5), "digamma": (polygamma(0), 0.25, 6)}


def logaddexp(a, b):
    """Whose second gradients do not cancel."""
    return torch.maximum(a, b) + torch.log1p(torch.exp(-torch.abs(a - b)))


BINARY = {
    "atan2": (torch.atan2, -2, 2), "pow": (torch.pow, 0.25, 3), "hypot": (torch.hypot, -2, 2),
    "logaddexp": (logaddexp, -3, 3),
}


def numpy_function(function):
    def of_tensors(*xs):
        with np.errstate(all="ignore"):
            return torch.as_tensor(np.asarray(function(*[x.numpy() for x in xs])))
    return of_tensors


def divide_or_zero(a, b):
    a, b = torch.broadcast_tensors(a, b)
    zero = b == 0
    return torch.where(zero, 0.0, a / torch.where(zero, 1.0, b))


def sub_logs(a, b):
    """-inf where a is, the logarithm of 0; and 0 where both are +inf, as between equals."""
    return torch.where((a == -INF) | (a == b), torch.where(a == -INF, a, 0.0), a - b)


def mul_trunc_quotient(v, a, b):
    """Exact for the operands that it is asked for; with a path to both, so that the gradients are zeros."""
    whole = torch.trunc(a / b)
    with np.errstate(invalid="ignore"): # torch.fmod is NaN for a denormal b
        return v * torch.where(torch.tensor(np.isnan(np.fmod(a.detach().numpy(), b.detach().numpy()))), NAN, whole)


def mul_pow_derivative(j, k):
    """By the rules of school, where x > 0."""
    function = {
        (0, 0): lambda x, p: x ** p,
        (1, 0): lambda x, p: p * x ** (p - 1),
        (0, 1): lambda x, p: x ** p * torch.log(x),
        (2, 0): lambda x, p: p * (p - 1) * x ** (p - 2),
        (1, 1): lambda x, p: x ** (p - 1) * (1 + p * torch.log(x)),
        (0, 2): lambda x, p: x ** p * torch.log(x) ** 2,
        (2, 1): lambda x, p: x ** (p - 2) * (2 * p - 1 + p * (p - 1) * torch.log(x)),
        (3, 0): lambda x, p: p * (p - 1) * (p - 2) * x ** (p - 3),
    }[j, k]
    return lambda v, x, p: v * function(x, p)


# ---- Cases with gradients -------------------------------------------------------------------------------------------

def unary_cases():
    for name, (function, low, high) in UNARY.items():
        for label, shape in {"vector": [9], "scalar": []}.items():
            case(CASES, name, label, function, [Draw(name, label).uniform(shape, low, high)])
    for name in ("reciprocal", "cbrt"):
        case(CASES, name, "negative", UNARY[name][0], [Draw(name, "negative").uniform([7], -4, -0.25)])
    negative = torch.tensor([-0.25, -0.75, -1.25, -1.75, -2.375, -3.625, -10.125], dtype=F64)
    case(CASES, "lgamma", "negative", polygamma(-1), [negative])
    case(CASES, "digamma", "negative", polygamma(0), [negative])
    large = torch.tensor([20.0, 100.5, 1000.25, 12345.0, 1e10], dtype=F64)
    for name in ("lgamma", "digamma", "asinh", "acosh", "log1p"):
        case(CASES, name, "large", UNARY[name][0], [large])
    tails = torch.tensor([-20.0, -8.5, 8.5, 20.0], dtype=F64)
    for name in ("sinh", "cosh", "exp2", "atan", "sin", "cos", "erf", "erfc"):
        case(CASES, name, "tails", UNARY[name][0], [tails])
    zero = torch.tensor([0.0, 0.5, -0.0], dtype=F64)
    for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh", "expm1", "exp2",
                 "log1p", "erf", "erfc"):
        case(CASES, name, "at_zero", UNARY[name][0], [zero])


def polygamma_cases():
    for n in range(6):
        x = Draw("polygamma", str(n)).uniform([7], 0.25, 6)
        case(CASES, "polygamma", f"order_{n}", polygamma(n), [x], [n])
    for n in (10, 20):
        case(CASES, "polygamma", f"order_{n}", polygamma(n),
             [torch.tensor([0.75, 1.5, 4.25, 20.5, 60.0], dtype=F64)], [n])
    negative = torch.tensor([[-0.25, -0.75], [-1.25, -2.375]], dtype=F64)
    for n in (1, 2, 3):
        case(CASES, "polygamma", f"order_{n}_negative", polygamma(n), [negative], [n])


SHAPES = {
    "same": ([2, 5], [2, 5]), "rows": ([2, 4], [4]), "columns": ([2, 1], [2, 5]), "deep": ([2, 1], [3, 1, 2]),
    "scalars": ([], []),
}


def binary_cases():
    for name, (function, low, high) in BINARY.items():
        for label, (a, b) in SHAPES.items():
            draw = Draw(name, label)
            case(CASES, name, label, function, [draw.uniform(a, low, high), draw.uniform(b, low, high)])
    for label, (a, b) in SHAPES.items():
        draw = Draw("divide_or_zero", label)
        case(CASES, "divide_or_zero", label, divide_or_zero, [draw.uniform(a), draw.uniform(b, 0.5, 2)])
        draw = Draw("sub_logs", label)
        case(CASES, "sub_logs", label, sub_logs, [draw.uniform(a), draw.uniform(b)])
        draw = Draw("fmod", label)
        case(CASES, "fmod", label, torch.fmod, [draw.uniform(a, -9, 9), draw.uniform(b, 0.5, 2) * (-1) ** len(b)])
        draw = Draw("mul_trunc_quotient", label)
        case(CASES, "mul_trunc_quotient", label, mul_trunc_quotient,
             [draw.uniform(a), draw.uniform(a, -9, 9), draw.uniform(b, 0.5, 2) * (-1) ** len(b)])
    draw = Draw("divide_or_zero", "at_zero")
    zeros = torch.tensor([0.0, 2.0, -0.0, -3.0], dtype=F64)
    case(CASES, "divide_or_zero", "at_zero", divide_or_zero, [draw.uniform([3, 4]), zeros])


def pow_cases():
    whole = torch.tensor([[0.0, 1.0], [2.0, 3.0], [-1.0, -2.0]], dtype=F64)
    x = Draw("pow", "whole").uniform([3, 2], 0.5, 3)
    case(CASES, "pow", "whole", lambda x, p: torch.exp(p * torch.log(x)), [x, whole])
    for j, k in ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1), (3, 0)):
        for label in ("rows", "same") if j + k == 1 else ("columns",):
            draw = Draw("mul_pow_derivative", f"{j}_{k}_{label}")
            a, b = SHAPES[label]
            x = [draw.uniform(b), draw.uniform(a, 0.25, 3), draw.uniform(b, -2, 3)]
            case(CASES, "mul_pow_derivative", f"{j}_{k}_{label}", mul_pow_derivative(j, k), x, [j, k])


# ---- Special values -------------------------------------------------------------------------------------------------

def special_unary_cases():
    turns = {F64: [1e22, -1e15, 0.75, 710.25, -710.25, 1e200, -1e200, 1.5e308],
             F32: [1e22, -1e15, 0.75, 89.25, -89.25, 1e30, -1e30, 3e38]}
    for dtype in (F64, F32):
        x = torch.tensor(EDGES[dtype] + RANGE[dtype] + turns[dtype], dtype=dtype)
        for name, function in OF_NUMPY.items():
            values_only(SPECIAL, name, TYPE_NAMES[dtype], in_double(numpy_function(function), dtype), [x])
        for name, function in OF_TORCH.items():
            values_only(SPECIAL, name, TYPE_NAMES[dtype], in_double(function, dtype), [x])
    x = torch.tensor([1e300, 1e-20, 1e-300, 1.0, 1e10, 400.0, 3e-5], dtype=F64)
    for n in (1, 2, 3, 20, 60, 170):
        values_only(SPECIAL, "polygamma", f"order_{n}", polygamma(n), [x], [n], signed_zeros=False)


def special_binary_cases():
    functions = {"pow": np.power, "atan2": np.arctan2, "hypot": np.hypot, "fmod": np.fmod, "logaddexp": np.logaddexp}
    for dtype in (F64, F32):
        more = [3.0, -2.5, 1.0 - 2.0**-20]
        pairs = all_pairs(PAIRED[dtype] + more, PAIRED[dtype] + more, dtype)
        for name, function in functions.items():
            values_only(SPECIAL, name, TYPE_NAMES[dtype], in_double(numpy_function(function), dtype), pairs,
                        signed_zeros=name != "logaddexp")
    edges = PAIRED[F64]
    values_only(SPECIAL, "divide_or_zero", "f64", divide_or_zero, all_pairs(edges, edges, F64), signed_zeros=False)
    a, b = all_pairs([0.0, -0.0, 1.0, 1e300, -INF, NAN], [0.0, 1.0, 1e-300, INF, NAN], F64)
    values_only(SPECIAL, "sub_logs", "f64", sub_logs, [a, b], signed_zeros=False)
    a, b = all_pairs([0.0, -7.0, 1e300, 2.0**52 + 1, NAN], [1.0, -2.0, 0.5, INF, NAN], F64)
    one = torch.ones([], dtype=F64)
    values_only(SPECIAL, "mul_trunc_quotient", "f64", lambda v, a, b: v * torch.trunc(a / b), [one, a, b],
                signed_zeros=False)
    x, p = all_pairs([0.0, 1.0, 2.0, -2.0, 0.5, INF, NAN], [0.0, 1.0, 2.0, 3.0, -1.0, 0.5], F64)
    values_only(SPECIAL, "mul_pow_derivative", "by_x", gradient_of_pow(0), [one, x, p], [1, 0], signed_zeros=False)
    x, p = all_pairs([0.0, 1.0, 2.0, -2.0, 0.5, NAN], [0.0, 1.0, 2.0, 3.0, -1.0, 0.5], F64)
    values_only(SPECIAL, "mul_pow_derivative", "by_p", gradient_of_pow(1), [one, x, p], [0, 1], signed_zeros=False)


def gradient_of_pow(i):
    def function(v, x, p):
        operands = [x.clone().requires_grad_(), p.clone().requires_grad_()]
        return v * torch.autograd.grad(torch.pow(*operands).sum(), operands[i])[0]
    return function


if __name__ == "__main__":
    make([CASES, SPECIAL], unary_cases, polygamma_cases, binary_cases, pow_cases, special_unary_cases,
         special_binary_cases, exempt=("polygamma",))
