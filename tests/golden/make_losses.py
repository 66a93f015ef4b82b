#!/usr/bin/env python3
"""Makes losses.txt and losses_special.txt: losses of predictions, of distributions and of classes."""
import math

import torch
import torch.nn.functional as F

from golden import EDGES, F32, F64, I32, INF, NAN, TYPE_NAMES, Draw, all_pairs, case, family, make, values_only
from make_functions import polygamma

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "huber": "F.huber_loss'' is 0 where |y - t| is delta; ours is 1, the limit from within",
    "kl_divergence": "F.kl_div is NaN where p is -inf; ours is 0, with gradients 0",
    "normal_nll": "F.gaussian_nll_loss takes a variance, held above 1e-6; ours takes its logarithm, whatever it is",
    "poisson_nll": "F.poisson_nll_loss has Stirling's approximation of ln k!, and 0 for k <= 1; ours has lgamma(k + 1)",
    "kl_divergence, mul_exp, poisson_nll": "0 times an infinite exponential or logarithm is NaN in PyTorch; ours is 0",
    "softmax_cross_entropy_with": "weights of F.cross_entropy have no gradient, and 0 times an infinite loss is NaN; "
                                  "ours have one, and a class that weighs 0 adds 0",
}

LOSSES, SPECIAL = family("losses")


def absolute_error(y, t):
    return torch.abs(y - t)


def hinge(y, t):
    return torch.relu(1 - t * y)


def huber(delta):
    """With the second derivative at delta from within: 1."""
    def function(y, t):
        e = y - t
        held = torch.where(e.abs() > delta, torch.sign(e.detach()) * delta, e)
        return held * (e - held / 2)
    return function


def kl_divergence(p, q):
    p, q = torch.broadcast_tensors(p, q)
    nothing = torch.isneginf(p)
    p, q = torch.where(nothing, 0.0, p), torch.where(nothing, 0.0, q)
    return torch.where(nothing | (p == q), 0.0, torch.exp(p) * (p - q))


def mul_exp(a, s):
    """By halves, so that e^s may be infinite where the product is not."""
    half = torch.exp(s / 2)
    return torch.where((s == -INF) | ((a == 0) & (s < INF)), 0.0, a * half * half)


def lgamma(x):
    return torch.where(torch.isnan(x), x, polygamma(-1)(torch.where(torch.isnan(x), 1.0, x)))


def poisson_nll(r, k):
    return torch.exp(r) - torch.where((k == 0) & torch.isinf(r), 0.0, k * r) + lgamma(k + 1)


def normal_nll(x, mean, v):
    return (math.log(2 * math.pi) + v + (x - mean) ** 2 * torch.exp(-v)) / 2


def targets(labels, c, smoothing):
    return (1 - smoothing) * F.one_hot(labels.long(), c).to(F64) + smoothing / c


def cross_entropy_with(smoothing):
    def function(z, labels, w):
        weights = targets(labels, z.shape[1], smoothing) * w
        nll = -torch.log_softmax(z, 1)
        return torch.where((weights == 0) & torch.isinf(nll), 0.0, weights * nll).sum(1)
    return function


def cross_entropy_with_backward(smoothing):
    def function(dy, z, labels, w):
        weights = targets(labels, z.shape[1], smoothing) * w
        return (torch.softmax(z, 1) * weights.sum(1, keepdim=True) - weights) * dy[:, None]
    return function


BINARY = {
    "squared_error": lambda y, t: (y - t) ** 2, "absolute_error": absolute_error, "hinge": hinge,
    "kl_divergence": kl_divergence, "mul_exp": mul_exp,
}
DELTAS = (1.0, 0.25, 3.0, INF)


def check_against_fused_operators():
    """The definitions above agree with PyTorch's fused operators where these mean the same."""
    y = torch.linspace(-5, 5, 98, dtype=F64)
    t = torch.cos(7 * y)
    z, w = y.reshape(14, 7), torch.linspace(0.1, 2, 7, dtype=F64)
    labels = torch.arange(14, dtype=I32) % 7
    pairs = [
        (BINARY["squared_error"](y, t), F.mse_loss(y, t, reduction="none")),
        (absolute_error(y, t), F.l1_loss(y, t, reduction="none")),
        (kl_divergence(y, t), F.kl_div(t, y, reduction="none", log_target=True)),
        (normal_nll(y, t, t), F.gaussian_nll_loss(t, y, torch.exp(t), full=True, reduction="none")),
    ]
    pairs += [(huber(d)(y, t), F.huber_loss(y, t, reduction="none", delta=d)) for d in DELTAS if d < INF]
    for s in (0.0, 0.1, 0.7):
        fused = F.cross_entropy(z, labels.long(), weight=w, label_smoothing=s, reduction="none")
        pairs.append((cross_entropy_with(s)(z, labels, w), fused))
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-14)


def binary_cases():
    shapes = {
        "same": ([2, 5], [2, 5]), "rows": ([3, 4], [4]), "columns": ([3, 1], [3, 4]), "scalar": ([], [2, 2]),
        "deep": ([2, 1, 2], [2, 1]), "scalars": ([], []),
    }
    for label, (a, b) in shapes.items():
        for name, function in BINARY.items():
            draw = Draw(name, label)
            case(LOSSES, name, label, function, [draw.uniform(a), draw.uniform(b)])
        draw = Draw("huber", label)
        case(LOSSES, "huber", label, huber(0.75), [draw.uniform(a), draw.uniform(b)], [0.75])
    for delta in DELTAS:
        draw = Draw("huber", str(delta))
        case(LOSSES, "huber", f"delta_{delta:g}", huber(delta), [draw.uniform([7]), draw.uniform([7])], [delta])
    for name in ("squared_error", "absolute_error"):
        draw = Draw(name, "ties")
        case(LOSSES, name, "ties", BINARY[name], [draw.whole([3, 6], -1, 1), draw.whole([6], -1, 1)])
    draw = Draw("huber", "ties")
    case(LOSSES, "huber", "ties", huber(1.0), [draw.whole([3, 6], -1, 1), draw.whole([6], -1, 1)], [1.0])
    signs = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0], dtype=F64)
    case(LOSSES, "hinge", "at_the_margin", hinge, [torch.tensor([1.0, -1.0, 0.5, -3.0, 2.0], dtype=F64), signs])
    masked = torch.tensor([[-0.5, -INF, -1.25], [-3, -2, -INF], [-INF, -INF, -INF]], dtype=F64)
    q = Draw("kl_divergence", "masked").uniform([3, 3], -4, 0)
    case(LOSSES, "kl_divergence", "minus_infinity", kl_divergence, [masked, q])


def normal_cases():
    shapes = {"same": ([7], [7], [7]), "mixed": ([3], [2, 1], [2, 3]), "one_scale": ([2, 3], [2, 3], []),
              "scalars": ([], [], [])}
    for label, shape in shapes.items():
        draw = Draw("normal_nll", label)
        case(LOSSES, "normal_nll", label, normal_nll, [draw.uniform(s) for s in shape])
    draw = Draw("normal_nll", "wide")
    operands = [draw.uniform([6], -100, 100), draw.uniform([6], -100, 100), draw.uniform([6], -9, 30)]
    case(LOSSES, "normal_nll", "wide", normal_nll, operands)


def poisson_cases():
    shapes = {"same": ([6], [6]), "rows": ([2, 3], [3]), "columns": ([2, 1], [2, 3]), "scalar": ([], [3]),
              "scalars": ([], [])}
    for label, (r, k) in shapes.items():
        draw = Draw("poisson_nll", label)
        case(LOSSES, "poisson_nll", label, poisson_nll, [draw.uniform(r), draw.whole(k, 0, 9)])
        case(LOSSES, "poisson_nll", f"{label}_parts", poisson_nll, [draw.uniform(r), draw.uniform(k, 0, 4)])
    r, k = torch.tensor([-30.0, 3.0, 7.0], dtype=F64), torch.tensor([0.0, 20.0, 1000.0], dtype=F64)
    case(LOSSES, "poisson_nll", "wide", poisson_nll, [r, k])


def class_cases():
    for label, (n, c, smoothing) in {"some": (4, 5, 0.1), "two_classes": (3, 2, 0.0), "one_class": (2, 1, 0.5),
                                     "wide": (2, 11, 0.25), "hard": (5, 3, 0.0), "soft": (3, 4, 0.875)}.items():
        draw = Draw("softmax_cross_entropy_with", label)
        z, labels, w = draw.uniform([n, c], -3, 3), draw.whole([n], 0, c - 1, I32), draw.uniform([c], 0.25, 2)
        dy = draw.uniform([n])
        case(LOSSES, "softmax_cross_entropy_with", label, cross_entropy_with(smoothing), [z, labels, w], [smoothing])
        case(LOSSES, "softmax_cross_entropy_with_backward", label, cross_entropy_with_backward(smoothing),
             [dy, z, labels, w], [smoothing])
    gaps = torch.tensor([1.0, 10, 100, 1000, 10000], dtype=F64)
    z = torch.stack([gaps, torch.zeros(5, dtype=F64), -gaps], 1)
    w = torch.tensor([0.5, 1.0, 2.0], dtype=F64)
    for c in range(3):
        labels = torch.full([5], c, dtype=I32)
        case(LOSSES, "softmax_cross_entropy_with", f"gaps_label_{c}", cross_entropy_with(0.25), [z, labels, w], [0.25])


def special_cases():
    for dtype in (F64, F32):
        of = TYPE_NAMES[dtype]
        huge = [x for x in EDGES[dtype] if abs(x) != 0.5]
        pairs = all_pairs(huge, huge, dtype)
        for name in ("absolute_error", "hinge"):
            values_only(SPECIAL, name, of, BINARY[name], pairs, signed_zeros=False)
        values_only(SPECIAL, "squared_error", of, BINARY["squared_error"], pairs, signed_zeros=False)
    logs = [0.0, -0.0, -1e-300, -1.0, -20.0, -700.0, -INF, NAN]
    values_only(SPECIAL, "kl_divergence", "f64", kl_divergence, all_pairs(logs, [0.0, -2.0, -700.0, -INF], F64),
                signed_zeros=False)
    pairs = all_pairs([1.0, -3.0, 1e300, INF, -INF, NAN], [0.0, -1.0, 20.0, NAN], F64)
    values_only(SPECIAL, "mul_exp", "f64", mul_exp, pairs, signed_zeros=False)
    counts = all_pairs([-1e300, -20.0, 0.0, 20.0, 1e3, NAN], [0.0, 1.0, 2.0, 0.5, NAN], F64)
    values_only(SPECIAL, "poisson_nll", "f64", poisson_nll, counts, signed_zeros=False)
    e = torch.tensor([0.0, 0.5, 1.0, 1.5, 1e300, INF, NAN, -1.0, -INF], dtype=F64)
    values_only(SPECIAL, "huber", "f64", lambda y, t: F.huber_loss(y, t, reduction="none", delta=1.0),
                [e, torch.zeros_like(e)], [1.0])
    labels = torch.tensor([0, 1, 2, 0], dtype=I32)
    z = torch.tensor([[0.5, -INF, 1.25], [3, -2, -INF], [3e307, 0, -3e307], [1, NAN, 2]], dtype=F64)
    for label, w in {"some_weigh": [1.0, 0.5, 2.0], "two_weigh": [1.0, 0.0, 2.0], "none_weighs": [0.0] * 3}.items():
        operands = [z, labels, torch.tensor(w, dtype=F64)]
        for smoothing in (0.25, 0.0):
            values_only(SPECIAL, "softmax_cross_entropy_with", f"{label}_{smoothing:g}", cross_entropy_with(smoothing),
                        operands, [smoothing], signed_zeros=False)


if __name__ == "__main__":
    check_against_fused_operators()
    make([LOSSES, SPECIAL], binary_cases, normal_cases, poisson_cases, class_cases, special_cases)
