#!/usr/bin/env python3
"""Makes reductions.txt and reductions_special.txt: the reductions that core.txt has not, and their backward operators."""
import math
import warnings

import numpy as np
import torch

from golden import (EDGES, F32, F64, INF, NAN, PAIRED, Draw, all_pairs, axes_attribute, case, family, make,
                    values_only)

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "prod": "torch.prod's second gradient is that of a masked quotient; here the factors are multiplied one by one",
    "std": "the second gradient of torch.std is NaN where the deviation is 0; ours is 0 there, as the first is; "
           "torch.std overflows at 1e200, ours does not",
    "norm": "the same of torch.linalg.vector_norm at 0; of order 2 it overflows at 1e200, ours does not; of order inf "
            "it is an error over nothing, ours is 0",
    "argmax": "torch.argmax takes one axis or all; ours takes any, and counts in their row-major order",
}

CASES, SPECIAL = family("reductions")

SHAPES = {
    "last": ([3, 5], (-1,), False), "first_kept": ([3, 5], (0,), True), "middle": ([2, 4, 3], (1,), False),
    "outer_two": ([2, 4, 3], (0, 2), False), "outer_two_kept": ([2, 4, 3], (0, -1), True),
    "last_two": ([2, 2, 3, 2], (3, 2), False), "all_kept": ([2, 3], (), True), "one_element": ([3, 1], (1,), False),
    "all": ([3, 4], (), False), "scalar": ([], (), False),
}
# What goes through other loops, for a few of them.
LARGE = {"many_rows": ([19, 3], (1,), False), "narrow": ([67, 2], (0,), False), "long": ([203], (0,), False)}


# ---- The operators, in PyTorch --------------------------------------------------------------------------------------

def over(axes, keep, of_columns):
    """A reduction of the first axis made to one of any axes."""
    def function(x):
        dims = sorted(d % x.dim() for d in axes) or list(range(x.dim()))
        rest = [d for d in range(x.dim()) if d not in dims]
        y = of_columns(x.permute(dims + rest).reshape(math.prod(x.shape[d] for d in dims), *[x.shape[d] for d in rest]))
        return y.reshape([1 if d in dims else x.shape[d] for d in range(x.dim())]) if keep else y
    return function


def prod(x):
    y = torch.ones(x.shape[1:], dtype=x.dtype)
    for row in x:
        y = y * row
    return y


def selected(y, x, function):
    """The function where y is not 0, and 0 with all its derivatives where it is."""
    return torch.where(y == 0, 0.0, function(torch.where(y == 0, torch.linspace(1, 2, x.shape[0], dtype=x.dtype)
                                                         .reshape(-1, *[1] * (x.dim() - 1)), x)))


def std(correction):
    def function(x):
        scale = 2.0**-600 if x.numel() and x.detach().abs().max() > 2.0**500 else 1
        return torch.std(x * scale, 0, correction=correction) / scale
    return lambda x: selected(function(x.detach()), x, function)


def norm(order):
    function = lambda x: torch.linalg.vector_norm(x, order, 0)
    return lambda x: selected(function(x.detach()), x, function)


REDUCTIONS = {
    "min": (lambda x: torch.amin(x, 0), []),
    "prod": (prod, []),
    "sum_squares": (lambda x: (x * x).sum(0), []),
    "var": (lambda x: torch.var(x, 0, correction=1), [1]),
    "std": (std(1), [1]),
    "norm": (norm(2), [2]),
}


def trace(x):
    return torch.diagonal(x, 0, -2, -1).sum(-1)


def logsumexp_backward(v, x, parts):
    """softmax(x) v over the axes where v has size 1, 0 where x is -inf; parts change nothing."""
    below = torch.where(torch.isneginf(x), 0.0, x)
    axes = [i for i, size in enumerate(v.shape) if size == 1]
    e = torch.where(torch.isneginf(x), 0.0, torch.exp(below - (x.amax(axes, keepdim=True).detach() if axes else below)))
    total = e.sum(axes, keepdim=True) if axes else e
    return torch.where(e == 0, 0.0, e / torch.where(total == 0, 1.0, total)) * v + 0 * torch.nan_to_num(parts, 0, 0, 0).sum()


# ---- Cases ----------------------------------------------------------------------------------------------------------

def reduction_cases():
    for name, (function, more) in REDUCTIONS.items():
        large = LARGE if name in ("min", "prod") else {}
        for label, (shape, axes, keep) in {**SHAPES, **large}.items():
            if name in ("var", "std", "norm") and label in ("one_element", "scalar"):
                continue
            x = Draw(name, label).uniform(shape)
            if name == "prod" and label in ("long", "narrow"):
                x = x / 8 + 1
            case(CASES, name, label, over(axes, keep, function), [x], [*axes_attribute(*axes, keep=keep), *more])


def choice_cases():
    for label, (shape, axes, keep) in SHAPES.items():
        draw = Draw("norm", label + " of other orders")
        x = draw.uniform(shape)
        for name, order in (("1", 1), ("inf", INF)) if label in ("last", "outer_two_kept", "scalar") else ():
            case(CASES, "norm", f"{label}_{name}", over(axes, keep, norm(order)), [x],
                 [*axes_attribute(*axes, keep=keep), "inf" if order == INF else order])
        x = draw.whole(shape, -2, 2)
        attributes = axes_attribute(*axes, keep=keep)
        values_only(CASES, "argmax", label, over(axes, keep, lambda x: torch.argmax(x, 0)), [x], attributes)
        values_only(CASES, "argmin", label, over(axes, keep, lambda x: torch.argmin(x, 0)), [x], attributes)
    for label, correction in (("whole", 0), ("half", 0.5)):
        x = Draw("var", label).uniform([3, 4])
        attributes = [*axes_attribute(1), correction]
        case(CASES, "var", label, over((1,), False, lambda x: torch.var(x, 0, correction=correction)), [x], attributes)
        case(CASES, "std", label, over((1,), False, std(correction)), [x], attributes)
    ties = Draw("min", "ties").whole([4, 6], -1, 1)
    case(CASES, "min", "ties", over((1,), False, lambda x: torch.amin(x, 0)), [ties], axes_attribute(1))
    case(CASES, "norm", "ties", over((1,), False, norm(INF)), [ties], [*axes_attribute(1), "inf"])


def zero_cases():
    """Groups with one zero, with two, and of nothing but zeros."""
    x = Draw("prod", "zeros").uniform([5, 4])
    for row, columns in ((0, [1]), (1, [0, 3]), (2, [0, 1, 2]), (3, [0, 1, 2, 3])):
        x[row, columns] = 0
    case(CASES, "prod", "zeros", over((1,), False, prod), [x], axes_attribute(1))
    case(CASES, "prod", "zeros_in_columns", over((0,), True, prod), [x.T.contiguous()], axes_attribute(0, keep=True))
    deep = Draw("prod", "deep zeros").whole([3, 2, 2, 3], -1, 2)
    case(CASES, "prod", "zeros_deep", over((0, 2), False, prod), [deep], axes_attribute(0, 2))
    case(CASES, "prod", "zeros_in_all", over((), False, prod), [deep[0].contiguous()], axes_attribute())
    x = torch.where(torch.arange(5)[:, None] == 3, 0.0, Draw("norm", "zeros").uniform([5, 4]))
    for name, order in (("1", 1), ("2", 2), ("inf", INF)):
        case(CASES, "norm", f"zeros_{name}", over((1,), False, norm(order)), [x],
             [*axes_attribute(1), "inf" if order == INF else order])
    x[1] = 1.25
    case(CASES, "std", "zeros", over((1,), False, std(1)), [x], [*axes_attribute(1), 1])


def matrix_cases():
    for label, shape in (("square", [3, 3]), ("wide", [2, 2, 4]), ("tall", [2, 1, 4, 3])):
        case(CASES, "trace", label, trace, [Draw("trace", label).uniform(shape)])


def backward_operator_cases():
    pairs = {"same": ([3, 5], [3, 5]), "rows": ([3, 5], [3, 1]), "columns": ([3, 5], [1, 5]), "outer": ([4, 1], [1, 3]),
             "middle": ([2, 3, 4], [2, 1, 4]), "narrow": ([67, 2], [1, 2]), "vector": ([2, 3], [3]), "scalars": ([], [])}
    for label, (a, b) in pairs.items():
        draw = Draw("twice_product", label)
        case(CASES, "twice_product", label, lambda a, b: 2 * a * b, [draw.uniform(a), draw.uniform(b)])
    for label in ("same", "rows", "columns", "middle", "narrow", "scalars"):
        x, y = pairs[label]
        draw = Draw("logsumexp_backward", label)
        case(CASES, "logsumexp_backward", label, logsumexp_backward,
             [draw.uniform(y), draw.uniform(x), draw.uniform([2, math.prod(y)], 0.5, 2)])
    masked = torch.tensor([[0.5, -INF, 1.25], [-INF, -INF, -2]], dtype=F64)
    case(CASES, "logsumexp_backward", "minus_infinity", logsumexp_backward,
         [torch.tensor([[1.5], [-1]], dtype=F64), masked, torch.tensor([[1.25, -2], [1.5, 1]], dtype=F64)])


def special_cases():
    ordinary = Draw("special", "rows").whole([11], 2, 16) / 8
    rows = [ordinary] + [torch.full([11], value, dtype=F64) for value in (-INF, INF, 2.0**-1074)]
    for value in (NAN, INF, -INF, 1e300):
        for place in (0, 5, 10):
            rows.append(torch.where(torch.arange(11) == place, value, ordinary))
    x = torch.stack(rows)
    for name in ("min", "prod", "sum_squares", "argmax", "argmin"):
        function = REDUCTIONS[name][0] if name in REDUCTIONS else lambda x: getattr(torch, name)(x, 0)
        values_only(SPECIAL, name, "rows", over((1,), False, function), [x], axes_attribute(1))
        values_only(SPECIAL, name, "columns", over((0,), False, function), [x.T.contiguous()], axes_attribute(0))
    for name in ("var", "std"):
        values_only(SPECIAL, name, "rows", over((1,), False, lambda x: getattr(torch, name)(x, 0)), [x[4:-3]],
                    [*axes_attribute(1), 1])
        values_only(SPECIAL, name, "of_one", over((1,), False, lambda x: getattr(torch, name)(x, 0)), [x[:3, :1]],
                    [*axes_attribute(1), 1])
    for name, function, more in (("prod", prod, []), ("sum_squares", lambda x: (x * x).sum(0), []),
                                 ("norm", lambda x: torch.sqrt((x * x).sum(0)), [2]),
                                 ("var", lambda x: torch.var(x, 0), [1]), ("std", lambda x: torch.std(x, 0), [1])):
        values_only(SPECIAL, name, "of_nothing", over((1,), False, function), [torch.zeros([2, 0], dtype=F64)],
                    [*axes_attribute(1), *more])


def wide_norm(a, b):
    """Of order 2, in numbers of a wider range."""
    with np.errstate(all="ignore"):
        wide = np.sqrt(a.numpy().astype(np.longdouble) ** 2 + b.numpy().astype(np.longdouble) ** 2)
        return torch.tensor(wide.astype(a.numpy().dtype))


def special_pairs():
    for dtype, name in ((F64, "f64"), (F32, "f32")):
        a, b = all_pairs(PAIRED[dtype], PAIRED[dtype], dtype)
        x = torch.stack([a, b], 1)
        values_only(SPECIAL, "prod", f"pairs_{name}", lambda x: x[:, 0] * x[:, 1], [x], axes_attribute(1))
        values_only(SPECIAL, "norm", f"pairs_{name}", lambda x: wide_norm(x[:, 0], x[:, 1]), [x],
                    [*axes_attribute(1), 2])
        values_only(SPECIAL, "norm", f"pairs_inf_{name}", lambda x: torch.amax(x.abs(), 1), [x],
                    [*axes_attribute(1), "inf"])
        values_only(SPECIAL, "twice_product", f"pairs_{name}", lambda a, b: 2 * a * b, [a, b])
    edges = torch.tensor(EDGES[F64], dtype=F64)
    values_only(SPECIAL, "trace", "f64", trace, [edges.reshape(14, 1, 1)])


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "(var|std).*degrees of freedom")
    make([CASES, SPECIAL], reduction_cases, choice_cases, zero_cases, matrix_cases, backward_operator_cases,
         special_cases, special_pairs)
