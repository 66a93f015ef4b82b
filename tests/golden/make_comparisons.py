#!/usr/bin/env python3
"""Makes comparisons.txt and comparisons_special.txt: comparing, choosing and rounding."""
import torch

from golden import EDGES, F32, F64, I32, INF, NAN, PAIRED, TYPE_NAMES, Draw, all_pairs, case, family, make, values_only

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "sign": "torch.sign(NaN) is 0; ours passes NaN",
    "clamp": "torch.clamp has gradient 0 at NaN, and in some versions at its bounds; ours passes dy there",
    "where": "torch.where takes bool; ours takes i32: every number except 0 is true",
}

COMPARISONS, SPECIAL = family("comparisons")

ROUNDING = {
    "sign": lambda x: torch.where(torch.isnan(x), x, torch.sign(x)),
    "floor": torch.floor, "ceil": torch.ceil, "round": torch.round,
}
COMPARING = {
    "equal": torch.eq, "not_equal": torch.ne, "less": torch.lt, "less_equal": torch.le, "greater": torch.gt,
    "greater_equal": torch.ge,
}
LOGIC = {"logical_and": torch.logical_and, "logical_or": torch.logical_or, "logical_xor": torch.logical_xor}
BOUNDS = {"inside": (-0.5, 1.25), "below": (-INF, 0.5), "above": (0.25, INF), "point": (0.75, 0.75)}


def where(condition, a, b):
    return torch.where(condition != 0, a, b)


def clamp(low, high):
    return lambda x: torch.where(x < low, low, torch.where(x > high, high, x))


def clamp_backward(low, high):
    return lambda v, x: torch.where((x < low) | (x > high), torch.zeros((), dtype=v.dtype), v)


def rounding_cases():
    halves = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 2.0**52 + 1, 2.0**23 + 0.5], dtype=F64)
    for name, function in ROUNDING.items():
        case(COMPARISONS, name, "vector", function, [Draw(name, "vector").uniform([11])])
        case(COMPARISONS, name, "scalar", function, [Draw(name, "scalar").uniform([])])
        case(COMPARISONS, name, "halves", function, [halves])


def clamp_cases():
    for label, (low, high) in BOUNDS.items():
        edges = torch.tensor([-0.5, 0.25, 0.5, 0.75, 1.25], dtype=F64)
        case(COMPARISONS, "clamp", label, clamp(low, high), [Draw("clamp", label).uniform([2, 7])], [low, high])
        case(COMPARISONS, "clamp", f"{label}_edges", clamp(low, high), [edges], [low, high])
        draw = Draw("clamp_backward", label)
        operands = [draw.uniform([3, 1]), draw.uniform([4])]
        case(COMPARISONS, "clamp_backward", label, clamp_backward(low, high), operands, [low, high])
        operands = [draw.uniform([5]), edges]
        case(COMPARISONS, "clamp_backward", f"{label}_edges", clamp_backward(low, high), operands, [low, high])


def where_cases():
    shapes = {
        "same": ([3, 4], [3, 4], [3, 4]), "scalars": ([], [], []), "rows": ([3, 1], [4], [3, 4]),
        "zero_beside": ([2, 3], [2, 3], []), "one_of_two": ([], [2, 2], [2]), "deep": ([2, 1, 3], [2, 1], [4, 1, 1, 1]),
    }
    for label, (c, a, b) in shapes.items():
        draw = Draw("where", label)
        case(COMPARISONS, "where", label, where, [draw.whole(c, -1, 1, I32), draw.uniform(a), draw.uniform(b)])
        whole = [draw.whole(c, 0, 1, I32), draw.whole(a, -9, 9, I32), draw.whole(b, -9, 9, I32)]
        values_only(COMPARISONS, "where", f"{label}_i32", where, whole)


def special_cases():
    whole = torch.tensor([-(2**31), -1, 0, 1, 7, 2**31 - 1], dtype=I32)
    for dtype in (F64, F32):
        of = TYPE_NAMES[dtype]
        x = torch.tensor(EDGES[dtype], dtype=dtype)
        pairs = all_pairs(PAIRED[dtype], PAIRED[dtype], dtype)
        for name, function in ROUNDING.items():
            values_only(SPECIAL, name, of, function, [x], signed_zeros=name != "sign")
        for name, function in COMPARING.items():
            values_only(SPECIAL, name, of, function, pairs)
        values_only(SPECIAL, "is_nan", of, torch.isnan, [x])
        values_only(SPECIAL, "is_finite", of, torch.isfinite, [x])
        for low, high in ((-1.5, 1.0), (-INF, 0.5), (-1e300 if dtype == F64 else -1e30, INF), (-INF, INF), (INF, INF)):
            label, nan = f"{of}_{low:g}_{high:g}", torch.full_like(x, NAN)
            values_only(SPECIAL, "clamp", label, lambda x: torch.clamp(x, low, high), [x], [low, high])
            values_only(SPECIAL, "clamp_backward", label, clamp_backward(low, high), [nan, x], [low, high])
        condition = torch.tensor([0, 1] * (pairs[0].numel() // 2) + [0] * (pairs[0].numel() % 2), dtype=I32)
        values_only(SPECIAL, "where", of, where, [condition, *pairs])
    a, b = whole.repeat_interleave(6), whole.repeat(6)
    for name, function in (COMPARING | LOGIC).items():
        values_only(SPECIAL, name, "i32", function, [a, b])
        values_only(SPECIAL, name, "i32_table", function, [whole.reshape(6, 1), whole])
    values_only(SPECIAL, "logical_not", "i32", torch.logical_not, [whole])


if __name__ == "__main__":
    make([COMPARISONS, SPECIAL], rounding_cases, clamp_cases, where_cases, special_cases)
