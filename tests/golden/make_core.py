#!/usr/bin/env python3
"""Makes core.txt and core_special.txt: the operators that every other family is built on."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from golden import (EDGES, F32, F64, I32, PAIRED, RANGE, TYPE_NAMES, Draw, all_pairs, case, family, in_double, make,
                    values_only)

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "softplus": "F.softplus is x above a threshold of 20, which is off by 2e-9 there; ours is ln(1 + e^x) everywhere",
    "elu": "F.elu'' at 0 is 0; ours is the limit from the left, as for elu' there (x > 0 ? x : e^x - 1)",
    "step": "torch.heaviside(NaN) is 0, and it has no gradient; ours passes NaN, and its gradient is 0",
    "times_sign": "torch.sign(NaN) is 0, ours is NaN; v is selected, never multiplied by 0",
    "pow_constant": "torch.pow(x, 0.5) is sqrt, -0 at -0 and NaN at -inf; IEEE 754 says 0 and inf",
    "logsumexp": "over nothing but -inf the gradient of torch.logsumexp is NaN; ours is 0",
    "logistic_cross_entropy": "F.binary_cross_entropy_with_logits has 7 digits at z = -20, t = 0; ours has all",
}

INF, NAN = math.inf, math.nan
CORE, SPECIAL = family("core")


# ---- The operators, in PyTorch --------------------------------------------------------------------------------------

def step(x):
    return torch.where(torch.isnan(x), x, (x >= 0).to(x.dtype))


def softplus_of_minus_abs(x):
    """ln(1 + e^-|x|), selected so that it is differentiable at 0 too when what is added is selected likewise."""
    return torch.log1p(torch.exp(torch.where(x > 0, -x, x)))


def softplus(x):
    return torch.where(x > 0, x, 0.0) + softplus_of_minus_abs(x)


def elu(x):
    positive = x > 0
    return torch.where(positive, x, torch.expm1(torch.where(positive, torch.zeros_like(x), x)))


def pow_exactly(c):
    """x^c by the C library's pow, which knows IEEE 754's special cases."""
    def function(x):
        with np.errstate(all="ignore"):
            return torch.tensor(np.power(x.numpy(), np.full(x.shape, c)))
    return function


def logistic_cross_entropy(z, t):
    """softplus(z) - t z, which for z > 0 is softplus(-z) + (1 - t) z: nothing cancels."""
    return torch.where(z > 0, (1 - t) * z, -t * z) + softplus_of_minus_abs(z)


def beside_largest(x):
    """Of rows: the largest x, x minus that, and log1p of the other exponentials, so that no 1 - p of a p near 1 is
    needed."""
    top = x.argmax(1, keepdim=True)
    is_top, largest = torch.arange(x.shape[1]) == top, x.gather(1, top)
    below = torch.where(is_top, 0.0, x - largest)
    return largest, below, torch.log1p(torch.where(is_top, 0.0, torch.exp(below)).sum(1, keepdim=True))


def logsumexp_of_rows(x):
    largest, _, rest = beside_largest(x)
    return largest + rest


def log_softmax_of_rows(x):
    _, below, rest = beside_largest(x)
    return below - rest


def softmax_of_rows(x):
    return torch.exp(log_softmax_of_rows(x))


def weighted_deviation(axis):
    return lambda v, y: v - (v * y).sum(axis, keepdim=True)


def log_softmax_backward(axis):
    return lambda v, y: v - y.exp() * v.sum(axis, keepdim=True)


def logistic_cross_entropy_backward(v, z, t):
    return ((1 - t) * torch.sigmoid(z) - t * torch.sigmoid(-z)) * v


def softmax_cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels.long(), reduction="none")


def softmax_cross_entropy_backward(dy, logits, labels):
    one_hot = F.one_hot(labels.long(), logits.shape[1]).to(logits.dtype)
    return (torch.softmax(logits, 1) - one_hot) * dy[:, None]


def logsumexp(axes, keep):
    """torch.logsumexp, with the gradient 0 instead of NaN where every element is -inf."""
    def function(x):
        dims = axes or tuple(range(x.dim()))
        if x.numel() == 0:
            return torch.logsumexp(x, dims, keep)
        nothing = torch.isneginf(torch.amax(x, dims, keepdim=True))
        y = torch.where(nothing, -INF, torch.logsumexp(torch.where(nothing, 0.0, x), dims, keepdim=True))
        return y if keep else y.reshape(torch.logsumexp(x, dims).shape)
    return function


def elu_backward(dy, y):
    return torch.where(y > 0, dy, (y + 1) * dy)


def where_positive(v, x):
    return torch.ops.aten.threshold_backward(v, x, 0)


def where_not_positive(v, x):
    return torch.where(x > 0, 0.0, v)


def times_sign(v, x):
    selected = torch.where(x > 0, v, torch.where(x < 0, -v, 0.0))
    return torch.where(torch.isnan(x), NAN, selected)


def share_greater(v, a, b):
    """The rule of torch.maximum, taken by autograd with v for dy: independent of how ours is written."""
    v, a, b = torch.broadcast_tensors(v, a, b)
    a = a.detach().requires_grad_()
    return torch.autograd.grad(torch.maximum(a, b.detach()), a, v, create_graph=True)[0]


def logistic_backward(dy, y):
    """Beyond what a logistic can be the order of the factors shows."""
    return torch.where((y >= 0) & (y <= 1), torch.ops.aten.sigmoid_backward(dy, y), (1 - y) * y * dy)


def spread_ties(axes):
    """The rule of torch.amax, taken in the same way."""
    def function(v, x, _):
        x = x.detach().requires_grad_()
        dims = axes or tuple(range(x.dim()))
        return torch.autograd.grad(torch.amax(x, dims, keepdim=True), x, v, create_graph=True)[0]
    return function


def mean_ties(axes):
    def function(u, x, y):
        dims = axes or tuple(range(x.dim()))
        tied = (x == y).to(u.dtype)
        return torch.where(tied > 0, u, 0.0).sum(dims, keepdim=True) / tied.sum(dims, keepdim=True)
    return function


def softmax_backward(axis):
    return lambda dy, y: y * (dy - (y * dy).sum(axis, keepdim=True))


def gather_rows(x, rows):
    return x[rows.long()]


def scatter_add_rows(n):
    def function(v, rows):
        rest = v.shape[rows.dim():]
        start = torch.zeros((n, *rest), dtype=v.dtype)
        return start.index_add(0, rows.long().reshape(-1), v.reshape(-1, *rest))
    return function


def sum_to(shape):
    return lambda x: x.sum_to_size(shape)


UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs,
    "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "softplus": softplus, "elu": elu, "step": step,
}
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
    "maximum": torch.maximum, "minimum": torch.minimum, "logistic_cross_entropy": logistic_cross_entropy,
}
MATMUL = {
    "matmul": torch.matmul,
    "matmul_nt": lambda a, b: torch.matmul(a, b.mT),
    "matmul_tn": lambda a, b: torch.matmul(a.mT, b),
}


def check_against_fused_operators():
    """The definitions above agree with PyTorch's fused operators where these mean the same."""
    x = torch.linspace(-5, 5, 98, dtype=F64)
    dy = torch.cos(7 * x)
    pairs = [
        (softplus(x), F.softplus(x)), (elu(x), F.elu(x)),
        (logistic_cross_entropy(x, dy.abs()), F.binary_cross_entropy_with_logits(x, dy.abs(), reduction="none")),
        (elu_backward(dy, elu(x)), torch.ops.aten.elu_backward(dy, 1, 1, 1, True, elu(x))),
        (softmax_backward(0)(dy, x.softmax(0)), torch.ops.aten._softmax_backward_data(dy, x.softmax(0), 0, F64)),
    ]
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-14)


# ---- Cases of core.txt ----------------------------------------------------------------------------------------------

def elementwise_cases():
    for name, function in UNARY.items():
        low, high = (0.25, 4.0) if name in ("log", "sqrt") else (-3.0, 3.0)
        case(CORE, name, "vector", function, [Draw(name, "vector").uniform([13], low, high)])
        case(CORE, name, "cube", function, [Draw(name, "cube").uniform([2, 1, 3], low, high)])
        case(CORE, name, "scalar", function, [Draw(name, "scalar").uniform([], low, high)])
    kinks = torch.tensor([-1.5, 0.0, 2.0, -0.0, 0.25, 0.0, -0.25], dtype=F64)
    for name in ("abs", "relu", "elu", "step", "square"):
        case(CORE, name, "at_zero", UNARY[name], [kinks])
    tails = torch.tensor([-30, -12.5, 0.5, 12.5, 25, -100, 100], dtype=F64)
    for name in ("logistic", "tanh", "softplus", "elu"):
        case(CORE, name, "tails", UNARY[name], [tails])
    for c in (-0.75, 0.0, 3.0):
        case(CORE, "shift", f"by_{c:g}", lambda x: x + c, [Draw("shift", str(c)).uniform([7])], [c])
        case(CORE, "scale", f"by_{c:g}", lambda x: x * c, [Draw("scale", str(c)).uniform([2, 4])], [c])
    for c in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0):
        x = Draw("pow_constant", str(c)).uniform([9], 0.5, 2.5) * torch.tensor([1.0, -1.0] * 4 + [1.0], dtype=F64)
        case(CORE, "pow_constant", f"to_{c:g}", lambda x: torch.pow(x, c), [x], [c])
    for c in (0.5, 2.5, -1.5, 1 / 3):
        x = Draw("pow_constant", str(c)).uniform([2, 4], 0.25, 4)
        case(CORE, "pow_constant", f"to_{c:.3g}", lambda x: torch.pow(x, c), [x], [c])
    for c in (0.0, 1.0, 2.0, 3.0):
        case(CORE, "pow_constant", f"of_zero_to_{c:g}", lambda x: torch.pow(x, c), [kinks], [c])


def binary_cases():
    shapes = {
        "same": ([3, 5], [3, 5]), "rows": ([3, 4], [4]), "columns": ([3, 1], [3, 4]), "outer": ([4, 1], [1, 3]),
        "scalar": ([], [2, 3]), "deep": ([2, 3, 1], [4, 1, 1, 2]), "scalars": ([], []),
    }
    for name, function in BINARY.items():
        for label, (a, b) in shapes.items():
            draw = Draw(name, label)
            x = [draw.uniform(a), draw.uniform(b)]
            if name == "div":
                x[1] = x[1].sign().where(x[1] != 0, torch.ones((), dtype=F64)) * (x[1].abs() / 2 + 0.5)
            if name == "logistic_cross_entropy":
                x = [draw.uniform(a, -4, 4), draw.uniform(b, 0, 1)]
            case(CORE, name, label, function, x)
    for name in ("maximum", "minimum"):
        draw = Draw(name, "ties")
        case(CORE, name, "ties", BINARY[name], [draw.whole([3, 6], -1, 1), draw.whole([6], -1, 1)])
    z = torch.tensor([[-300, -40, -3, 0], [3, 40, 300, 1e4]], dtype=F64)
    case(CORE, "logistic_cross_entropy", "tails", logistic_cross_entropy, [z, torch.tensor([[0], [1]], dtype=F64)])


def reduction(name, axes, keep):
    """`axes` () means all of them."""
    def function(x):
        dims = axes or tuple(range(x.dim()))
        return {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[name](x, dims, keepdim=keep)
    return logsumexp(axes, keep) if name == "logsumexp" else function


def reduction_cases():
    choices = {
        "last": ([3, 5], (-1,), False), "first_kept": ([3, 5], (0,), True), "middle": ([2, 4, 3], (1,), False),
        "outer_two": ([2, 4, 3], (0, 2), False), "outer_two_kept": ([2, 4, 3], (0, -1), True),
        "last_two": ([2, 2, 3, 2], (3, 2), False), "all_kept": ([2, 3], (), True), "one_element": ([3, 1], (1,), False),
        "long": ([2, 37], (1,), False),
    }
    for name in ("sum", "mean", "max", "logsumexp"):
        for label, (shape, axes, keep) in choices.items():
            x = Draw(name, label).uniform(shape)
            case(CORE, name, label, reduction(name, axes, keep), [x], [int(keep), *axes])
        case(CORE, name, "all", reduction(name, (), False), [Draw(name, "all").uniform([3, 4])])
        of_one = lambda x: reduction(name, (), False)(x.reshape(1))
        case(CORE, name, "scalar", of_one, [Draw(name, "scalar").uniform([])])
    for label, axes, keep in (("ties_last", (1,), False), ("ties_first_kept", (0,), True), ("ties_all", (), False)):
        x = Draw("max", label).whole([4, 6], -1, 1)
        case(CORE, "max", label, reduction("max", axes, keep), [x], [int(keep), *axes])
    for name in ("sum", "logsumexp"):
        case(CORE, name, "of_nothing", reduction(name, (1,), False), [torch.zeros([2, 0], dtype=F64)], [0, 1])
    masked = torch.tensor([[0.5, -INF, 1.25], [-INF, -INF, -INF], [-INF, -2, -INF]], dtype=F64)
    case(CORE, "logsumexp", "minus_infinity", reduction("logsumexp", (1,), False), [masked], [0, 1])
    far = Draw("logsumexp", "far_apart").uniform([2, 5], -900, 900)
    case(CORE, "logsumexp", "far_apart", logsumexp_of_rows, [far], [1, 1])


def shape_cases():
    for label, shape, target in (("fold", [2, 6], [3, 4]), ("inferred", [2, 3, 2], [4, -1]), ("to_scalar", [1, 1], []),
                                 ("from_scalar", [], [1, 1])):
        case(CORE, "reshape", label, lambda x: x.reshape(target), [Draw("reshape", label).uniform(shape)], target)
    for label, shape in (("matrix", [3, 5]), ("row", [1, 4]), ("batched", [2, 3, 4]), ("deep", [2, 1, 3, 2])):
        case(CORE, "transpose", label, lambda x: x.mT, [Draw("transpose", label).uniform(shape)])
    pairs = (("rows", [4], [3, 4]), ("columns", [3, 1], [3, 4]), ("scalar", [], [2, 3]), ("same", [2, 3], [2, 3]),
             ("deep", [3, 1, 2], [2, 3, 4, 2]), ("ones", [1, 1], [3, 3]))
    for label, small, large in pairs:
        x = Draw("broadcast_to", label).uniform(small)
        case(CORE, "broadcast_to", label, lambda x: x.expand(large), [x], large)
        case(CORE, "sum_to", label, sum_to(small), [Draw("sum_to", label).uniform(large)], small)
    for of, to in ((F64, F64), (F64, F32), (F32, F64)):
        label = f"{TYPE_NAMES[of]}_to_{TYPE_NAMES[to]}"
        case(CORE, "cast", label, lambda x: x.to(to), [Draw("cast", label).uniform([2, 5]).to(of)])
    real = torch.tensor([2.75, -2.75, 0.5, -1e9, 7], dtype=F64)
    whole = torch.tensor([2, -3, 0, -(2**31), 2**31 - 1], dtype=I32)
    values_only(CORE, "cast", "f64_to_i32", lambda x: x.to(I32), [real])
    values_only(CORE, "cast", "i32_to_f64", lambda x: x.to(F64), [whole])


def row_cases():
    choices = {
        "some": ([5, 3], [4]), "grid": ([4, 2], [2, 3]), "one": ([3, 4], []), "vector": ([6], [5]),
        "deep": ([3, 2, 2], [4]),
    }
    for label, (shape, of_rows) in choices.items():
        draw = Draw("gather_rows", label)
        rows = draw.whole(of_rows, 0, shape[0] - 1, I32)
        case(CORE, "gather_rows", label, gather_rows, [draw.uniform(shape), rows])
        v = draw.uniform(of_rows + shape[1:])
        case(CORE, "scatter_add_rows", label, scatter_add_rows(shape[0]), [v, rows], [shape[0]])
    repeated = torch.tensor([1, 1, 1, 0, 1], dtype=I32)
    draw = Draw("gather_rows", "repeated")
    case(CORE, "gather_rows", "repeated", gather_rows, [draw.uniform([2, 3]), repeated])
    case(CORE, "scatter_add_rows", "repeated", scatter_add_rows(3), [draw.uniform([5, 3]), repeated], [3])


def matmul_cases():
    """Batches and [m,k] x [k,n]; the operand that the name says is transposed."""
    choices = {
        "plain": ([], [], 3, 4, 5), "inner_one": ([], [], 3, 1, 2), "row_by_column": ([], [], 1, 5, 1),
        "batched": ([2], [2], 2, 3, 4), "left_batched": ([3], [], 2, 3, 2), "right_batched": ([], [2], 2, 3, 2),
        "both_broadcast": ([2, 1], [3], 2, 2, 3), "one_batch": ([1], [2], 3, 2, 2),
    }
    for name, function in MATMUL.items():
        for label, (left, right, m, k, n) in choices.items():
            draw = Draw(name, label)
            a = left + ([k, m] if name == "matmul_tn" else [m, k])
            b = right + ([n, k] if name == "matmul_nt" else [k, n])
            case(CORE, name, label, function, [draw.uniform(a), draw.uniform(b)])


def softmax_cases():
    choices = {
        "last": ([3, 5], -1), "first": ([4, 3], 0), "middle": ([2, 3, 2], 1), "vector": ([7], 0), "one": ([3, 1], 1),
    }
    for label, (shape, axis) in choices.items():
        for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
            case(CORE, name, label, lambda x: function(x, axis), [Draw(name, label).uniform(shape, -3, 3)], [axis])
        draw = Draw("softmax_backward", label)
        operands = [draw.uniform(shape), draw.uniform(shape, 0, 1)]
        case(CORE, "softmax_backward", label, softmax_backward(axis), operands, [axis])
        for name, function in (("weighted_deviation", weighted_deviation),
                               ("log_softmax_backward", log_softmax_backward)):
            draw = Draw(name, label)
            case(CORE, name, label, function(axis), [draw.uniform(shape), draw.uniform(shape, -1, 1)], [axis])
    masked = torch.tensor([[0.5, -INF, 1.25], [3, -2, -INF], [-INF, -2, -INF]], dtype=F64)
    for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
        far = softmax_of_rows if name == "softmax" else log_softmax_of_rows
        case(CORE, name, "far_apart", far, [Draw(name, "far").uniform([3, 5], -900, 900)], [1])
        case(CORE, name, "minus_infinity", lambda x: function(x, 1), [masked], [1])


def logistic_cross_entropy_backward_cases():
    shapes = {"same": ([3, 5],) * 3, "outer": ([4, 1], [1, 3], [4, 3]), "scalars": ([],) * 3}
    for label, (v, z, t) in shapes.items():
        draw = Draw("logistic_cross_entropy_backward", label)
        operands = [draw.uniform(v), draw.uniform(z, -3, 3), draw.uniform(t, 0, 1)]
        case(CORE, "logistic_cross_entropy_backward", label, logistic_cross_entropy_backward, operands)


def softmax_cross_entropy_cases():
    for label, (n, c) in (("some", (4, 5)), ("two_classes", (3, 2)), ("one_class", (2, 1)), ("wide", (2, 21))):
        draw = Draw("softmax_cross_entropy", label)
        logits, labels = draw.uniform([n, c], -3, 3), draw.whole([n], 0, c - 1, I32)
        case(CORE, "softmax_cross_entropy", label, softmax_cross_entropy, [logits, labels])
        operands = [draw.uniform([n]), logits, labels]
        case(CORE, "softmax_cross_entropy_backward", label, softmax_cross_entropy_backward, operands)
    gaps = torch.tensor([1.0, 10, 100, 1000, 10000], dtype=F64)
    logits = torch.stack([gaps, torch.zeros(5, dtype=F64), -gaps], 1)
    for c in range(3):
        labels = torch.full([5], c, dtype=I32)
        case(CORE, "softmax_cross_entropy", f"gaps_label_{c}", softmax_cross_entropy, [logits, labels])
    masked = torch.tensor([[0.5, -INF, 1.25], [3, -2, -INF]], dtype=F64)
    labels = torch.tensor([2, 1], dtype=I32)
    case(CORE, "softmax_cross_entropy", "minus_infinity", softmax_cross_entropy, [masked, labels])


# Rows that have the operand of the activation beside its result y. It is a hint: the result is a function of y.
HINTED = ("tanh_backward", "logistic_backward", "elu_backward")


def backward_operator_cases():
    shapes = {"vector": ([11], [11]), "rows": ([3, 4], [4]), "columns": ([3, 1], [3, 4]), "scalar": ([2, 3], [])}
    of_y = {
        "tanh_backward": (torch.ops.aten.tanh_backward, -1, 1),
        "logistic_backward": (logistic_backward, 0, 1),
        "elu_backward": (elu_backward, -1, 3), "where_positive": (where_positive, -2, 2),
        "where_not_positive": (where_not_positive, -2, 2), "times_sign": (times_sign, -2, 2),
    }
    for name, (function, low, high) in of_y.items():
        hints = 1 if name in HINTED else 0
        for label, (a, b) in shapes.items():
            draw = Draw(name, label)
            spread = lambda v, y, *hint: function(*torch.broadcast_tensors(v, y))
            case(CORE, name, label, spread, [draw.uniform(a), draw.uniform(b, low, high), *[draw.uniform(b)] * hints])
        kinks = torch.tensor([-0.5, 0.0, 0.75, -0.0], dtype=F64)
        case(CORE, name, "at_zero", lambda v, y, *hint: function(v, y),
             [Draw(name, "at_zero").uniform([4]), kinks, *[kinks] * hints])
    choices = {"vector": ([8], [8], [8]), "mixed": ([2, 1], [4], [2, 4]), "scalar": ([], [3], [2, 1])}
    for label, (a, b, c) in choices.items():
        draw = Draw("share_greater", label)
        operands = [draw.uniform(a), draw.whole(b, -1, 1), draw.whole(c, -1, 1)]
        case(CORE, "share_greater", label, share_greater, operands)


def ties_cases():
    choices = {"last": ([3, 6], (1,)), "first": ([5, 3], (0,)), "all": ([2, 4], ()), "outer_two": ([3, 2, 4], (0, -1)),
               "no_ties": ([2, 5], (1,))}
    for label, (shape, axes) in choices.items():
        draw = Draw("spread_ties", label)
        x = draw.uniform(shape) if label == "no_ties" else draw.whole(shape, -1, 1)
        y = torch.amax(x, axes or tuple(range(x.dim())), keepdim=True)
        case(CORE, "spread_ties", label, spread_ties(axes), [draw.uniform(y.shape), x, y], [1, *axes])
        case(CORE, "mean_ties", label, mean_ties(axes), [draw.uniform(x.shape), x, y], [1, *axes])


# ---- Cases of core_special.txt --------------------------------------------------------------------------------------

def special_unary_cases():
    for dtype in (F64, F32):
        x = torch.tensor(EDGES[dtype] + RANGE[dtype], dtype=dtype)
        for name, function in UNARY.items():
            signed = name not in ("relu", "elu")
            values_only(SPECIAL, name, TYPE_NAMES[dtype], in_double(function, dtype), [x], signed_zeros=signed)
        for c in (0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, -0.5, 2.5):
            function = in_double(pow_exactly(c), dtype)
            values_only(SPECIAL, "pow_constant", f"{TYPE_NAMES[dtype]}_to_{c:g}", function, [x], [c])
        for c in (0.0, -2.0):
            values_only(SPECIAL, "scale", f"{TYPE_NAMES[dtype]}_by_{c:g}", in_double(lambda x: x * c, dtype), [x], [c])
            values_only(SPECIAL, "shift", f"{TYPE_NAMES[dtype]}_by_{c:g}", in_double(lambda x: x + c, dtype), [x], [c])


def special_binary_cases():
    for dtype in (F64, F32):
        pairs = all_pairs(PAIRED[dtype], PAIRED[dtype], dtype)
        for name in ("add", "sub", "mul", "div", "maximum", "minimum"):
            signed = name not in ("maximum", "minimum")
            values_only(SPECIAL, name, TYPE_NAMES[dtype], in_double(BINARY[name], dtype), pairs, signed_zeros=signed)
    edges = PAIRED[F64]
    for name, function in (("where_positive", where_positive), ("where_not_positive", where_not_positive),
                           ("times_sign", times_sign)):
        values_only(SPECIAL, name, "f64", function, all_pairs(edges, edges, F64), signed_zeros=False)
    for name, function, y in (("tanh_backward", torch.ops.aten.tanh_backward, [0.0, -0.0, 5e-324, 0.5, 1.0, -1.0, NAN]),
                              ("logistic_backward", logistic_backward, [0.0, 1e-300, 0.5, 1.0, NAN]),
                              ("elu_backward", elu_backward, [-1.0, -0.5, -0.0, 0.0, 2.0, INF, NAN])):
        v, y = all_pairs(edges, y, F64)
        values_only(SPECIAL, name, "f64", lambda v, y, _: function(v, y), [v, y, torch.ones_like(y)], signed_zeros=False)
    z = [0.0, -0.0, 1e-300, 20.0, -20.0, 40.0, -40.0, 1e4, -1e4, 1e300, -1e300, NAN]
    pairs = all_pairs(z, [0.0, 1.0, 0.5, NAN], F64)
    values_only(SPECIAL, "logistic_cross_entropy", "f64", logistic_cross_entropy, pairs, signed_zeros=False)
    a, b = all_pairs([0.0, -0.0, 1.0, INF, -INF, NAN], [0.0, 1.0, 2.0, INF, -INF, NAN], F64)
    values_only(SPECIAL, "share_greater", "f64", share_greater, [torch.full_like(a, 3.0), a, b], signed_zeros=False)


def special_tie_cases():
    """v is selected where there is a tie, never multiplied by 0; NaN ties with NaN."""
    x = torch.stack(all_pairs(PAIRED[F64], PAIRED[F64], F64), 1)
    y = torch.amax(x, 1, keepdim=True)
    v = torch.tensor(PAIRED[F64], dtype=F64).repeat(len(PAIRED[F64]))[:, None]
    tied = (x == y) | (torch.isnan(x) & torch.isnan(y))
    values_only(SPECIAL, "spread_ties", "pairs", lambda v, x, y: torch.where(tied, v / tied.sum(1, keepdim=True), 0.0),
                [v, x, y], [1, 1], signed_zeros=False)


def special_reduction_cases():
    """Rows of 11, with what is special at the front, inside and at the end: whole vectors and a loop's rest see it."""
    ordinary = Draw("special", "rows").whole([11], 2, 16) / 8
    rows = [ordinary] + [torch.full([11], value, dtype=F64) for value in (-INF, INF, 2.0**-1074)]
    for value in (NAN, INF, -INF, 1e300):
        for place in (0, 5, 10):
            rows.append(torch.where(torch.arange(11) == place, value, ordinary))
    both = ordinary.clone()
    both[3], both[9] = INF, -INF
    x = torch.stack(rows + [both])
    for name in ("sum", "mean", "max", "logsumexp"):
        values_only(SPECIAL, name, "rows", reduction(name, (1,), False), [x], [0, 1])
        values_only(SPECIAL, name, "columns", reduction(name, (0,), False), [x.T.contiguous()], [0, 0])
    empty = torch.zeros([2, 0], dtype=F64)
    for name in ("sum", "mean", "logsumexp"):
        values_only(SPECIAL, name, "of_nothing", reduction(name, (1,), False), [empty], [0, 1])
    values_only(SPECIAL, "softmax", "rows", lambda x: torch.softmax(x, 1), [x], [1])
    values_only(SPECIAL, "log_softmax", "rows", lambda x: torch.log_softmax(x, 1), [x], [1])


def special_loss_cases():
    rows = [[1e300, -1e300, 0], [1e300, -1e300, 0], [1e4, 0, -1e4], [-INF, 0, 1], [-INF, 0, 1], [NAN, 0, 1],
            [0, 1, NAN]]
    logits = torch.tensor(rows, dtype=F64)
    labels = torch.tensor([0, 1, 2, 2, 0, 1, 2], dtype=I32)
    values_only(SPECIAL, "softmax_cross_entropy", "f64", softmax_cross_entropy, [logits, labels], signed_zeros=False)


def special_shape_cases():
    x = torch.tensor(EDGES[F64], dtype=F64)
    values_only(SPECIAL, "reshape", "f64", lambda x: x.reshape(2, 7), [x], [2, 7])
    values_only(SPECIAL, "transpose", "f64", lambda x: x.mT, [x.reshape(2, 7)])
    values_only(SPECIAL, "broadcast_to", "f64", lambda x: x.expand(2, 14), [x], [2, 14])
    values_only(SPECIAL, "gather_rows", "f64", gather_rows, [x, torch.arange(13, -1, -1, dtype=I32)])
    values_only(SPECIAL, "detach", "f64", lambda x: x, [x])
    values_only(SPECIAL, "cast", "f64_to_f32", lambda x: x.to(F32), [x])
    values_only(SPECIAL, "cast", "f32_to_f64", lambda x: x.to(F64), [torch.tensor(EDGES[F32], dtype=F32)])
    a = torch.tensor([[0, NAN, 0], [1, 2, 3], [INF, 0, 1], [1e300, 1, 1]], dtype=F64)
    b = torch.tensor([[1, 0, 0], [2, 1, NAN], [0, -INF, 1]], dtype=F64)
    for name, function in MATMUL.items():
        x = [a.T.contiguous() if name == "matmul_tn" else a, b.T.contiguous() if name == "matmul_nt" else b]
        values_only(SPECIAL, name, "f64", function, x, signed_zeros=False)


if __name__ == "__main__":
    check_against_fused_operators()
    make([CORE, SPECIAL], elementwise_cases, binary_cases, reduction_cases, shape_cases, row_cases, matmul_cases,
         softmax_cases, logistic_cross_entropy_backward_cases, softmax_cross_entropy_cases, backward_operator_cases,
         ties_cases, special_unary_cases, special_binary_cases, special_tie_cases, special_reduction_cases,
         special_loss_cases, special_shape_cases)
