#!/usr/bin/env python3
"""Makes fused.txt and fused_special.txt: compositions that are one operator."""
import torch
import torch.nn.functional as F

from golden import EDGES, F64, INF, NAN, Draw, case, family, make, values_only

FUSED, SPECIAL = family("fused")


def softplus(z):
    """ln(1 + e^z), exact for large z too, where F.softplus is z."""
    return torch.where(z > 0, z, 0.0) + torch.log1p(torch.exp(torch.where(z > 0, -z, z)))


# In the order of ad_activation, whose 0 is the identity here; each with its derivative as a function of y.
ACTIVATIONS = [
    ("identity", lambda z: z, torch.ones_like),
    ("relu", torch.relu, lambda y: (y > 0).to(y.dtype)),
    ("tanh", torch.tanh, lambda y: 1 - y * y),
    ("logistic", torch.sigmoid, lambda y: y * (1 - y)),
    ("softplus", softplus, lambda y: 1 - torch.exp(-y)),
    ("elu", F.elu, lambda y: torch.where(y > 0, torch.ones_like(y), y + 1)),
]


def linear_cases():
    shapes = {"rows": ([3, 4], [4, 2]), "wide": ([2, 3], [3, 9]), "cube": ([2, 2, 3], [3, 2])}
    for number, (name, activation, slope) in enumerate(ACTIVATIONS):
        for label, (x, w) in shapes.items():
            draw = Draw("linear", f"{name} {label}")
            operands = [draw.uniform(x), draw.uniform(w), draw.uniform(w[1:])]
            case(FUSED, "linear", f"{name}_{label}", lambda x, w, b: activation(x @ w + b), operands, [number])
            y = x[:-1] + w[1:]
            z = draw.uniform(y, 0.25, 2)
            operands = [draw.uniform(y), activation(z).detach(), z]  # a y that the activation can give
            case(FUSED, "linear_backward", f"{name}_{label}", linear_backward(slope), operands, [number])


def linear_backward(slope):
    def function(dy, y, _):
        dz = slope(y) * dy
        return dz, dz.sum_to_size(dz.shape[-1:])
    return function


def mul_backward(v, a, b):
    return (b * v).sum_to_size(a.shape), (a * v).sum_to_size(b.shape)


def product_cases():
    shapes = {"same": ([5], [5], [5]), "rows": ([2, 3], [3], [2, 3]), "columns": ([2, 1], [2, 3], [3]),
              "scalar": ([], [4], [1])}
    for label, dims in shapes.items():
        draw = Draw("mul_add", label)
        operands = [draw.uniform(shape) for shape in dims]
        case(FUSED, "mul_add", label, lambda x, w, b: x * w + b, operands)
        v = torch.broadcast_shapes(*dims)
        case(FUSED, "mul_backward", label, mul_backward, [draw.uniform(v), *operands[:2]])
    edges = torch.tensor(EDGES[F64], dtype=F64)
    for label, w, b in (("by_two", 2.0, 0.0), ("plus_infinity", 1.0, INF), ("times_nan", NAN, 1.0)):
        operands = [edges, torch.tensor(w, dtype=F64), torch.tensor(b, dtype=F64)]
        values_only(SPECIAL, "mul_add", label, lambda x, w, b: x * w + b, operands, signed_zeros=False)


# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DELIBERATE_DIFFERENCES = {
    "layer_norm": "F.layer_norm is NaN where the variance of finite numbers overflows; ours is right, as numbers in units "
                  "of 2^1000 are",
}


def in_units(x, epsilon):
    """A row, its epsilon and the unit: rows whose variance would overflow are measured in 2^1000."""
    unit = torch.where(x.abs().amax(-1, keepdim=True).isfinite() & (x.abs().amax(-1, keepdim=True) > 1e150), 2.0**1000, 1.0)
    return x / unit, epsilon / unit / unit, unit


def layer_norm(epsilon):
    def function(x, gain, bias):
        if torch.isfinite(x).all() and (x.abs() > 1e150).any():
            scaled, small, _ = in_units(x, epsilon)
            spread = torch.sqrt(scaled.var(-1, correction=0, keepdim=True) + small)
            return (scaled - scaled.mean(-1, keepdim=True)) / spread * gain + bias
        return F.layer_norm(x, x.shape[-1:], gain, bias, epsilon)
    return function


def layer_norm_backward(epsilon):
    def function(v, x, gain):
        if (x.isfinite() & (x.abs() > 1e150)).sum() == 1 and x.dim() == 1:
            x[5] = x.abs().max() / 2  # beside one huge number its own gradient is 0, up to rounding
        scaled, small, unit = in_units(x, epsilon)
        r = 1 / torch.sqrt(scaled.var(-1, correction=0, keepdim=True) + small)
        n = (scaled - scaled.mean(-1, keepdim=True)) * r
        w = gain * v
        dx = r / unit * (w - w.mean(-1, keepdim=True) - n * (w * n).mean(-1, keepdim=True))
        return dx, (v * n).sum_to_size(gain.shape), v.sum_to_size(gain.shape)
    return function


def layer_norm_cases():
    for label, shape, epsilon in (("rows", [3, 5], 0.5), ("vector", [7], 0.125), ("cube", [2, 2, 3], 0.25)):
        draw = Draw("layer_norm", label)
        x, gain, bias, v = (draw.uniform(s) for s in (shape, shape[-1:], shape[-1:], shape))
        case(FUSED, "layer_norm", label, layer_norm(epsilon), [x, gain, bias], [epsilon])
        case(FUSED, "layer_norm_backward", label, layer_norm_backward(epsilon), [v, x, gain], [epsilon])


def lstm_cell(gates, cell):
    f, i, o, g = gates.chunk(4, -1)
    f, i, o, g = torch.sigmoid(f), torch.sigmoid(i), torch.sigmoid(o), torch.tanh(g)
    after = f * cell + i * g
    t = torch.tanh(after)
    return o * t, after, torch.cat([f, i, o, g, t], -1)


def lstm_cell_backward(dh, dnext, activated, c, gates, after):
    """The gates and c' are hints beside what is activated, of which this is a function."""
    f, i, o, g, t = activated.chunk(5, -1)
    s = dnext + o * (1 - t * t) * dh
    return torch.cat([s * c * f * (1 - f), s * g * i * (1 - i), dh * t * o * (1 - o), s * i * (1 - g * g)], -1), s * f


def lstm_cases():
    for label, shape in (("vector", [3]), ("rows", [2, 5]), ("wide", [1, 9])):
        draw = Draw("lstm_cell", label)
        wide = lambda k: shape[:-1] + [k * shape[-1]]
        case(FUSED, "lstm_cell", label, lstm_cell, [draw.uniform(wide(4)), draw.uniform(shape)])
        operands = [draw.uniform(shape), draw.uniform(shape), draw.uniform(wide(5), -0.875, 0.875), draw.uniform(shape),
                    draw.uniform(wide(4)), draw.uniform(shape)]
        case(FUSED, "lstm_cell_backward", label, lstm_cell_backward, operands)


if __name__ == "__main__":
    make([FUSED, SPECIAL], linear_cases, product_cases, layer_norm_cases, lstm_cases)
