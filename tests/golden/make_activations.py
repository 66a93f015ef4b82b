#!/usr/bin/env python3
"""Makes activations.txt and activations_special.txt: the activations that are not in core.txt."""
import math

import torch
import torch.nn.functional as F

from golden import (EDGES, F32, F64, INF, NAN, RANGE, TYPE_NAMES, Draw, all_pairs, case, family, in_double, make,
                    values_only)

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "gelu": "F.gelu takes 1 + erf, which has no digits below -8, and is NaN at -inf; ours has all, and is 0 there",
    "silu": "F.silu is NaN at -inf; ours is 0",
    "selu": "F.selu'' at 0 is 0; ours is the limit from the left, as for selu' there",
    "hardtanh": "F.hardtanh' is 0 at -1 and 1; ours passes dy there, as clamp does",
    "leaky_relu_backward": "aten::leaky_relu_backward is slope v where x is NaN; ours is NaN",
}

ACTIVATIONS, SPECIAL = family("activations")
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def slope_to_infinity(slope, x):
    """1 at inf and 0 at -inf, as it tends to, where the formula is infinity times 0."""
    return torch.where(torch.isinf(x), (x > 0).to(x.dtype), slope(torch.where(torch.isinf(x), 0.0, x)))


def no_less(x, low):
    """x, but where it is below `low`, `low` without a gradient: so that nothing is 0 times infinity there."""
    return torch.where(x < low, torch.full_like(x, low), x)


def normal(x):
    """The normal distribution, with no cancellation in its tail."""
    return torch.special.erfc(-x / math.sqrt(2)) / 2


def gelu(x):
    x = no_less(x, -40.0)
    return x * normal(x)


def gelu_slope(x):
    return normal(x) + x * torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def silu(x):
    x = no_less(x, -800.0)
    return x * torch.sigmoid(x)


def silu_slope(x):
    return torch.sigmoid(x) * (1 + x * torch.sigmoid(-x))


def selu(x):
    positive = x > 0
    below = torch.expm1(torch.where(positive, torch.zeros_like(x), x))
    return torch.where(positive, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * below)


def selu_backward(v, y, hint=None):
    return torch.where(y > 0, SELU_SCALE * v, (y + SELU_SCALE * SELU_ALPHA) * v)


def log_logistic(x):
    return torch.where(x > 0, torch.zeros_like(x), x) - torch.log1p(torch.exp(torch.where(x > 0, -x, x)))


def hardtanh(x):
    return torch.where(x < -1, -1.0, torch.where(x > 1, 1.0, x))


def leaky_relu(slope):
    return lambda x: F.leaky_relu(x, slope)


def leaky_relu_backward(slope):
    return lambda v, x: torch.where(torch.isnan(x), x, torch.where(x > 0, v, slope * v))


UNARY = {
    "gelu": gelu, "silu": silu, "selu": selu, "hardtanh": hardtanh, "log_logistic": log_logistic,
}
BACKWARD = {
    "gelu_backward": lambda v, x: slope_to_infinity(gelu_slope, x) * v,
    "silu_backward": lambda v, x: slope_to_infinity(silu_slope, x) * v,
    "selu_backward": selu_backward,
}
SLOPES = (0.01, -0.5, 0.0, 2.0)


def check_against_fused_operators():
    """The definitions above agree with PyTorch's fused operators where these mean the same."""
    x = torch.linspace(-5, 5, 98, dtype=F64)
    dy = torch.cos(7 * x)
    aten = torch.ops.aten
    pairs = [
        (gelu(x), F.gelu(x)), (silu(x), F.silu(x)), (selu(x), F.selu(x)), (log_logistic(x), F.logsigmoid(x)),
        (hardtanh(x), F.hardtanh(x)), (BACKWARD["gelu_backward"](dy, x), aten.gelu_backward(dy, x)),
        (BACKWARD["silu_backward"](dy, x), aten.silu_backward(dy, x)),
        (selu_backward(dy, selu(x)), aten.elu_backward(dy, SELU_ALPHA, SELU_SCALE, 1, True, selu(x))),
        (leaky_relu_backward(0.3)(dy, x), aten.leaky_relu_backward(dy, x, 0.3, False)),
    ]
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-14)


def unary_cases():
    tails = torch.tensor([-30, -12.5, -6, -0.5, 0.5, 6, 12.5, 25, -100, 100], dtype=F64)
    kinks = torch.tensor([-1.5, 0.0, 2.0, -1.0, 0.25, 1.0, -0.25], dtype=F64)
    for name, function in UNARY.items():
        case(ACTIVATIONS, name, "vector", function, [Draw(name, "vector").uniform([19], -4, 4)])
        case(ACTIVATIONS, name, "cube", function, [Draw(name, "cube").uniform([2, 1, 3])])
        case(ACTIVATIONS, name, "scalar", function, [Draw(name, "scalar").uniform([])])
        case(ACTIVATIONS, name, "tails", function, [tails])
        case(ACTIVATIONS, name, "kinks", function, [kinks])
    for slope in SLOPES:
        x = Draw("leaky_relu", str(slope)).uniform([2, 5])
        case(ACTIVATIONS, "leaky_relu", f"slope_{slope:g}", leaky_relu(slope), [x], [slope])
        case(ACTIVATIONS, "leaky_relu", f"kinks_{slope:g}", leaky_relu(slope), [kinks], [slope])


def backward_cases():
    shapes = {"vector": ([11], [11]), "rows": ([3, 4], [4]), "columns": ([3, 1], [3, 4]), "scalar": ([2, 3], [])}
    kinks = torch.tensor([-1.5, 0.0, 2.0, 0.25, -0.25], dtype=F64)
    for label, (a, b) in shapes.items():
        for name, function in BACKWARD.items():
            draw = Draw(name, label)
            operands = [draw.uniform(a), draw.uniform(b, -1.5 if name == "selu_backward" else -4, 4)]
            if name == "selu_backward":
                operands.append(draw.uniform(b))
            case(ACTIVATIONS, name, label, function, operands)
        for slope in SLOPES:
            draw, function = Draw("leaky_relu_backward", label + str(slope)), leaky_relu_backward(slope)
            operands = [draw.uniform(a), draw.uniform(b)]
            case(ACTIVATIONS, "leaky_relu_backward", f"{label}_{slope:g}", function, operands, [slope])
    for name, function in BACKWARD.items():
        operands = [Draw(name, "kinks").uniform([5]), kinks]
        case(ACTIVATIONS, name, "kinks", function, operands + [kinks] * (name == "selu_backward"))
    case(ACTIVATIONS, "leaky_relu_backward", "kinks", leaky_relu_backward(0.25), [kinks.flip(0), kinks], [0.25])


def special_cases():
    for dtype in (F64, F32):
        of = TYPE_NAMES[dtype]
        x = torch.tensor(EDGES[dtype] + RANGE[dtype], dtype=dtype)
        for name, function in UNARY.items():
            operand = x[x != -9] if name == "gelu" else x  # its relative error grows with x^2: to 4e-6 there, in f32
            values_only(SPECIAL, name, of, in_double(function, dtype), [operand])
        for slope in (0.25, -2.0):
            values_only(SPECIAL, "leaky_relu", f"{of}_{slope:g}", in_double(leaky_relu(slope), dtype), [x], [slope])
    of_x = [0.0, -0.0, 1e-300, -0.75, 0.5, -20.0, 50.0, NAN]
    pairs = all_pairs([0.0, -1.0, 2.0, INF, -INF, NAN], of_x, F64)
    for name, function in BACKWARD.items():
        operands = pairs + [torch.ones_like(pairs[1])] * (name == "selu_backward")
        values_only(SPECIAL, name, "f64", function, operands, signed_zeros=False)
    values_only(SPECIAL, "leaky_relu_backward", "f64", leaky_relu_backward(0.25), pairs, [0.25], signed_zeros=False)
    far = torch.tensor([1e300, -1e300, INF, -INF, 800, -800], dtype=F64)
    settled, threes = (far > 0).to(F64), torch.full_like(far, 3.0)
    for name in ("gelu_backward", "silu_backward"):
        values_only(SPECIAL, name, "far", lambda v, x: settled * v, [threes, far], signed_zeros=False)


if __name__ == "__main__":
    check_against_fused_operators()
    make([ACTIVATIONS, SPECIAL], unary_cases, backward_cases, special_cases)
