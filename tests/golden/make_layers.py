#!/usr/bin/env python3
"""Makes layers.json: kinds of layers in f64 by PyTorch, for tests/nn/golden_layers.c, which has their options.

A case has the shape of a batch, x, the values of the parts by their names, a random v, and a random direction u for x
and for each parameter. With L = sum of v (y + y y / 2) it has y, the gradients d of L, and its Hessian-vector product h
along all u at once. A case of batch_norm in training has the running values after each of three batches, of which x is
the last. Run it with `pip install torch numpy`."""
import json
import pathlib

import torch
import torch.nn.functional as F

from golden import F64, Draw

cases = []


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def draw_parts(draw, shapes):
    """Gains and variances are positive; the others are not far from 0."""
    return {name: draw.uniform(shape, 0.5, 1.5) if name.endswith(("gain", "running_variance")) else
            draw.uniform(shape, -1, 1) for name, shape in shapes.items()}


def case(name, function, shape, parts=None, trains=True, states=None, running=None, batches=None):
    """`function` takes x and a dictionary of the parts."""
    draw = Draw("layers", name)
    parts = draw_parts(draw, parts or {})
    states = states or {}
    x = batches[-1] if batches else draw.uniform(shape) + 1 / 512  # no number lies on a kink
    leaves = {"x": x, **parts}
    for leaf in leaves.values():
        leaf.requires_grad_()
    y = function(x, {**parts, **states})
    v = draw.uniform(y.shape)
    u = {key: draw.uniform(leaf.shape) for key, leaf in leaves.items()}
    L = (v * (y + y * y / 2)).sum()
    d = torch.autograd.grad(L, list(leaves.values()), create_graph=True)
    along = sum((u[key] * d_i).sum() for key, d_i in zip(leaves, d))
    h = torch.autograd.grad(along, list(leaves.values()))
    of_all = {"u": u, "d": dict(zip(leaves, d)), "h": dict(zip(leaves, h)), "parts": {**parts, **states}}
    cases.append({"name": name, "trains": trains, "shape": list(shape),
                  "x": numbers(x), "v": numbers(v), "y": numbers(y),
                  **{key: {of: numbers(value) for of, value in them.items()} for key, them in of_all.items()},
                  **({"batches": [numbers(b) for b in batches], "running": running} if batches else {})})


# ---- dense and activation -------------------------------------------------------------------------------------------

ACTIVATIONS = {"identity": lambda z: z, "relu": F.relu, "tanh": torch.tanh, "logistic": torch.sigmoid,
               "softplus": F.softplus, "elu": F.elu}
FUNCTIONS = {**ACTIVATIONS, "leaky_relu": F.leaky_relu, "selu": F.selu, "gelu": F.gelu, "silu": F.silu,
             "log_logistic": F.logsigmoid, "hardtanh": F.hardtanh,
             "steep": lambda z: F.leaky_relu(z, -0.75)}


def dense_parts(name, d, h):
    return {f"{name}/weights": [d, h], f"{name}/biases": [h]}


def dense(name, activation=torch.tanh):
    return lambda x, p: activation(F.linear(x, p[f"{name}/weights"].T, p.get(f"{name}/biases")))


def dense_cases():
    for name, activation in ACTIVATIONS.items():
        case(f"dense_{name}", dense("dense", activation), [5, 4], dense_parts("dense", 4, 3))
    case("dense_without_biases", dense("dense"), [5, 4], {"dense/weights": [4, 3]})
    case("dense_cube", dense("dense"), [2, 3, 4], dense_parts("dense", 4, 2))
    for name, function in FUNCTIONS.items():
        case(f"activation_{name}", lambda x, p: function(x), [3, 8])


# ---- Norms ----------------------------------------------------------------------------------------------------------

def layer_norm(epsilon):
    return lambda x, p: F.layer_norm(x, x.shape[-1:], p["layer_norm/gain"], p["layer_norm/bias"], epsilon)


def layer_norm_cases():
    case("layer_norm", layer_norm(1e-5), [4, 6], {"layer_norm/gain": [6], "layer_norm/bias": [6]})
    case("layer_norm_cube", layer_norm(0.25), [3, 2, 5], {"layer_norm/gain": [5], "layer_norm/bias": [5]})


def batch_norm_case(name, module, shape):
    """Three batches of a module in training; then inference by its running values."""
    c = shape[1]
    draw = Draw("batches", name)
    batches = [draw.uniform(shape) * (i + 1) + i for i in range(3)]
    module = module.to(F64).train()
    running = []
    for batch in batches:
        module(batch)
        running.append({"mean": numbers(module.running_mean), "variance": numbers(module.running_var)})
    parts = {"batch_norm/gain": [c], "batch_norm/bias": [c]}

    def training(x, p):
        return F.batch_norm(x, None, None, p["batch_norm/gain"], p["batch_norm/bias"], True, 0, module.eps)

    def inference(x, p):
        return F.batch_norm(x, p["batch_norm/running_mean"], p["batch_norm/running_variance"], p["batch_norm/gain"],
                            p["batch_norm/bias"], False, 0, module.eps)

    case(f"{name}_training", training, shape, parts, running=running, batches=batches)
    states = {"batch_norm/running_mean": module.running_mean, "batch_norm/running_variance": module.running_var}
    case(f"{name}_inference", inference, shape, parts, trains=False, states=states)


def batch_norm_cases():
    batch_norm_case("batch_norm_rows", torch.nn.BatchNorm1d(4), [6, 4])
    batch_norm_case("batch_norm_lines", torch.nn.BatchNorm1d(3, eps=0.01, momentum=0.3), [4, 3, 5])
    batch_norm_case("batch_norm_images", torch.nn.BatchNorm2d(2, momentum=1.0), [3, 2, 2, 3])


# ---- Dropout --------------------------------------------------------------------------------------------------------

def philox(seed, stream, index):
    """The word at (seed, stream, index) of Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011)."""
    c = [index // 4 & 0xFFFFFFFF, index // 4 >> 32, stream & 0xFFFFFFFF, stream >> 32]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c[index % 4]


def mask(shape, rate, seed, layer, step):
    """What include/gradtape/random.h says of masks: two words of the layer's stream are the seed of its draws."""
    own = philox(seed, 7 << 56 | layer, 0) << 32 | philox(seed, 7 << 56 | layer, 1)
    words = [philox(own, 5 << 56 | step, i) for i in range(torch.Size(shape).numel())]
    return torch.tensor([0 if word / 2**32 < rate else 1 for word in words], dtype=F64).reshape(shape)


def dropout_cases():
    assert [philox(0, 0, i) for i in range(4)] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # of the authors
    for step in 0, 41:
        m = mask([4, 5], 0.3, 5, 0, step)
        case(f"dropout_step_{step}", lambda x, p: x * m / (1 - 0.3), [4, 5])
    case("dropout_inference", lambda x, p: F.dropout(x, 0.3, training=False), [4, 5], trains=False)


# ---- Lists ----------------------------------------------------------------------------------------------------------

def list_cases():
    first, second = dense("residual/dense_0"), dense("residual/dense_1", ACTIVATIONS["identity"])
    case("residual", lambda x, p: x + second(first(x, p), p), [5, 3],
         {**dense_parts("residual/dense_0", 3, 5), **dense_parts("residual/dense_1", 5, 3)})
    copies = [dense(f"repeat/{i}/dense", F.softplus) for i in range(2)]
    case("repeat", lambda x, p: copies[1](copies[0](x, p), p), [4, 2],
         {**dense_parts("repeat/0/dense", 2, 3), **dense_parts("repeat/1/dense", 3, 3)})
    case("flatten", lambda x, p: x.flatten(1), [2, 3, 2])


if __name__ == "__main__":
    torch.set_num_threads(1)
    for make in dense_cases, layer_norm_cases, batch_norm_cases, dropout_cases, list_cases:
        make()
    text = ",\n".join(json.dumps(c, allow_nan=False) for c in cases)
    path = pathlib.Path(__file__).with_name("layers.json")
    version = torch.__version__.split("+")[0]
    path.write_text(f'{{"made_with": {{"torch": "{version}"}}, "cases": [\n{text}\n]}}\n', encoding="ascii")
    print(f"{path.name}: {len(cases)} cases, {len(text)} bytes")
