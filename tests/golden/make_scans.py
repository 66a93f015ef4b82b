#!/usr/bin/env python3
"""Makes scans.txt and scans_special.txt: running totals along an axis, sorting, and their backward operators."""
import torch

from golden import EDGES, F32, F64, INF, NAN, Draw, case, family, make, results, values_only

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "cumprod": "torch.cumprod's second gradient with zeros is inexact; here the factors are multiplied one by one",
    "logcumsumexp": "torch.logcumsumexp's gradient where nothing but -inf came yet is NaN; ours is 0",
    "top_k": "torch.topk gives ties in no fixed order; ours in that of their places, as a stable torch.sort does",
}

CASES, SPECIAL = family("scans")

SHAPES = {"last": ([3, 5], -1), "first": ([4, 3], 0), "middle": ([2, 4, 3], 1), "vector": ([7], 0), "one": ([3, 1], 1),
          "deep": ([2, 1, 3, 2], -2)}


# ---- The operators, in PyTorch: of the first axis --------------------------------------------------------------------

def along(axis, function):
    """A function of the first axis, made to one of another."""
    def moved(*xs):
        ys = results(function, [x.movedim(axis, 0) for x in xs])
        return tuple(y.movedim(0, axis).contiguous() for y in ys)
    return moved


def cumprod(x):
    ys = [x[0]]
    for row in x[1:]:
        ys.append(ys[-1] * row)
    return torch.stack(ys)


def prod_before(x):
    return torch.cat([torch.ones_like(x[:1]), cumprod(x)[:-1]])


def prod_after(x):
    return prod_before(x.flip(0)).flip(0)


def logcumsumexp(x):
    """torch.logsumexp of each beginning, 0 being selected for those that have nothing but -inf."""
    ys = []
    for i in range(x.shape[0]):
        some = x[:i + 1]
        nothing = torch.isneginf(some).all(0)
        ys.append(torch.where(nothing, -INF, torch.logsumexp(torch.where(nothing, 0.0, some), 0)))
    return torch.stack(ys)


def recurrence(backwards):
    def forwards(a, v):
        ys = [v[0]]
        for i in range(1, a.shape[0]):
            ys.append(v[i] + a[i] * ys[-1])
        return torch.stack(ys)
    return (lambda a, v: forwards(a.flip(0), v.flip(0)).flip(0)) if backwards else forwards


def beside(backwards, edge):
    def function(x):
        end = torch.full_like(x[:1], edge)
        return torch.cat([x[1:], end] if backwards else [end, x[:-1]])
    return function


def top_k(k):
    def function(x):
        y, places = torch.sort(x, dim=0, descending=True, stable=True)
        return y[:k], places[:k]
    return function


SCANS = {
    "cumsum": lambda x: torch.cumsum(x, 0), "cumprod": cumprod, "cummax": lambda x: torch.cummax(x, 0)[0],
    "logcumsumexp": logcumsumexp, "sort": lambda x: torch.sort(x, dim=0, stable=True)[0],
    "cumsum_backward": lambda dy: torch.cumsum(dy.flip(0), 0).flip(0), "prod_before": prod_before,
    "prod_after": prod_after,
}


def argsort(x):
    return torch.argsort(x, dim=0, stable=True)


# ---- Cases ----------------------------------------------------------------------------------------------------------

def scan_cases():
    for label, (shape, axis) in SHAPES.items():
        for name, function in SCANS.items():
            case(CASES, name, label, along(axis, function), [Draw(name, label).uniform(shape)], [axis])
        values_only(CASES, "argsort", label, along(axis, argsort), [Draw("argsort", label).whole(shape, -2, 2)], [axis])
        for backwards in (0, 1):
            direction = "backwards" if backwards else "forwards"
            draw = Draw("recurrence", f"{label} {direction}")
            case(CASES, "recurrence", f"{label}_{direction}", along(axis, recurrence(backwards)),
                 [draw.uniform(shape), draw.uniform(shape)], [axis, backwards])
            case(CASES, "beside", f"{label}_{direction}", along(axis, beside(backwards, 1.5)), [draw.uniform(shape)],
                 [axis, backwards, 1.5])
    for k, (shape, axis) in ((0, ([3, 5], 1)), (2, ([3, 5], -1)), (3, ([2, 4, 3], 1)), (7, ([7], 0))):
        case(CASES, "top_k", f"{k}", along(axis, top_k(k)), [Draw("top_k", str(k)).uniform(shape)], [axis, k])


def edge_cases():
    """Zeros, ties, and what is far apart."""
    x = Draw("cumprod", "zeros").uniform([5, 4])
    for row, columns in ((0, [1]), (1, [0, 3]), (2, [0, 1, 2]), (3, [0, 1, 2, 3])):
        x[row, columns] = 0
    for name in ("cumprod", "prod_before", "prod_after"):
        case(CASES, name, "zeros", along(1, SCANS[name]), [x], [1])
    ties = Draw("sort", "ties").whole([4, 9], -1, 1)
    for name in ("cummax", "sort"):
        case(CASES, name, "ties", along(1, SCANS[name]), [ties], [1])
    case(CASES, "top_k", "ties", along(1, top_k(5)), [ties], [1, 5])
    many = Draw("sort", "many").whole([143], -9, 9)
    case(CASES, "sort", "many", along(0, SCANS["sort"]), [many], [0])
    values_only(CASES, "argsort", "many", along(0, argsort), [many], [0])
    wide = Draw("logcumsumexp", "wide").uniform([3, 6], -8, 8)
    case(CASES, "logcumsumexp", "wide", along(1, logcumsumexp), [wide], [1])
    far = Draw("logcumsumexp", "far").uniform([3, 6], -900, 900)
    values_only(CASES, "logcumsumexp", "far_apart", along(1, logcumsumexp), [far], [1])
    masked = torch.tensor([[-INF, -INF, 1.25, 0.5], [-INF, -2, -INF, 3], [700, -INF, -700, 1]], dtype=F64)
    case(CASES, "logcumsumexp", "minus_infinity", along(1, logcumsumexp), [masked], [1])
    case(CASES, "logcumsumexp", "minus_infinity_columns", along(0, logcumsumexp), [masked], [0])


def cumprod_of_any_size(x):
    """Of rows with one denormal: it is multiplied last, so that nothing is rounded before the end."""
    tiny = x == 2.0**-1074
    ys = cumprod(torch.where(tiny, 1.0, x))
    return torch.where(torch.cumsum(tiny, 0) > 0, ys * 2.0**-1074, ys)


def special_cases():
    ordinary = Draw("special", "scans").whole([9], 2, 16) / 8
    rows = [ordinary]
    for value in (NAN, INF, -INF, 0.0, 2.0**-1074):
        for place in (0, 4, 8):
            rows.append(torch.where(torch.arange(9) == place, value, ordinary))
    rows.append(torch.where(torch.arange(9) % 3 == 1, NAN, ordinary))
    x = torch.stack(rows)
    for name, function in [*SCANS.items(), ("argsort", argsort), ("beside", beside(0, NAN))]:
        more = [0, "nan"] if name == "beside" else []
        function = cumprod_of_any_size if name == "cumprod" else function
        values_only(SPECIAL, name, "rows", along(1, function), [x], [1, *more])
        if name in ("cummax", "logcumsumexp", "sort"):
            values_only(SPECIAL, name, "columns", along(0, function), [x.T.contiguous()], [0])
    values_only(SPECIAL, "top_k", "rows", along(1, top_k(4)), [x], [1, 4])
    for dtype, name in ((F64, "f64"), (F32, "f32")):
        edges = torch.tensor(EDGES[dtype][::-1], dtype=dtype)
        for operator, function in (("sort", SCANS["sort"]), ("argsort", argsort), ("cummax", SCANS["cummax"])):
            values_only(SPECIAL, operator, name, function, [edges], [0])
        values_only(SPECIAL, "top_k", name, top_k(14), [edges], [0, 14])


if __name__ == "__main__":
    make([CASES, SPECIAL], scan_cases, edge_cases, special_cases)
