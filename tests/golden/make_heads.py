#!/usr/bin/env python3
"""Makes heads.json: losses and predictions of heads and their gradients. tests/nn/heads.c compares with them.

A case has the name of the head, n, k, the options, z, y, and random numbers v [n], u and w, of the shapes of z and of
the prediction. Then it has

    loss         of each example
    dz, dy       gradients of sum(v loss) by z and, where it is real, by y
    d2z, d2y     gradients of sum(u dz)
    prediction   what is predicted
    dprediction  gradient of sum(w prediction) by z
"""
import json
import pathlib

import torch
import torch.nn.functional as F

from golden import F64, I32, Draw, gradients


def one_hot_smoothed(y, s):
    return (1 - s) * y.to(F64) + s / 2


def softmax(z, y, o):
    return F.cross_entropy(z, y.long(), label_smoothing=o["label_smoothing"], reduction="none")


def one_logit(z, y, o):
    return F.binary_cross_entropy_with_logits(z[:, 0], one_hot_smoothed(y, o["label_smoothing"]), reduction="none")


def independent(z, y, o):
    target = one_hot_smoothed(y, o["label_smoothing"])
    return F.binary_cross_entropy_with_logits(z, target, reduction="none").mean(1)


def squared(z, y, o):
    return F.mse_loss(z, y, reduction="none").mean(1)


def absolute(z, y, o):
    return F.l1_loss(z, y, reduction="none").mean(1)


def huber(z, y, o):
    return F.huber_loss(z, y, reduction="none", delta=o["delta"] or 1.0).mean(1)


def same(z):
    return z + 0


HEADS = {
    "softmax": (softmax, lambda z: torch.softmax(z, 1)),
    "one_logit": (one_logit, lambda z: torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], 1)),
    "independent": (independent, torch.sigmoid),
    "squared": (squared, same),
    "absolute": (absolute, same),
    "huber": (huber, same),
}
SMOOTHED = ("softmax", "one_logit", "independent")


def flat(x):
    return x.detach().flatten().tolist()


def case(name, n, k, **options):
    """Options that are left out are 0: the default."""
    o = {"label_smoothing": 0.0, "delta": 0.0, **options}
    draw = Draw(name, f"{n} {k} {o}")
    loss, predict = HEADS[name]
    z = draw.uniform([n, 1 if name == "one_logit" else k], -4, 4).requires_grad_()
    if name in SMOOTHED:
        y = draw.whole([n, k] if name == "independent" else [n], 0, k - 1 if name == "softmax" else 1, I32)
    else:
        y = (draw.uniform([n, k], -4, 4) + 2.0**-9).requires_grad_()  # never at a kink
    leaves = [z] + [y] * y.requires_grad
    v, u = draw.uniform([n], -1, 1), draw.uniform(z.shape, -1, 1)
    values, prediction = loss(z, y, o), predict(z)
    w = draw.uniform(prediction.shape, -1, 1)
    first = torch.autograd.grad((v * values).sum(), leaves, create_graph=True)
    second = gradients((u * first[0]).sum(), leaves)
    numbers = {"z": z, "y": y, "v": v, "u": u, "w": w, "loss": values, "dz": first[0], "d2z": second[0],
               "prediction": prediction, "dprediction": torch.autograd.grad((w * prediction).sum(), z)[0]}
    if y.requires_grad:
        numbers |= {"dy": first[1], "d2y": second[1]}
    return {"head": name, "n": n, "k": k, **o, **{key: flat(x) for key, x in numbers.items()}}


def cases():
    for name in SMOOTHED:
        for s in (0.0, 0.1, 0.75):
            for n, k in {"softmax": ((4, 3), (5, 2), (1, 7)), "one_logit": ((6, 2), (1, 2)),
                         "independent": ((4, 3), (5, 1), (1, 6))}[name]:
                yield case(name, n, k, label_smoothing=s)
    for n, k in ((4, 3), (5, 1), (1, 6)):
        yield case("squared", n, k)
        yield case("absolute", n, k)
        for delta in (0.0, 0.25, 3.0):
            yield case("huber", n, k, delta=delta)


if __name__ == "__main__":
    torch.set_num_threads(1)
    body = ",\n".join(json.dumps(c) for c in cases())
    head = json.dumps({"made_by": "make_heads.py", "torch": torch.__version__.split("+")[0]})[:-1]
    pathlib.Path(__file__).with_name("heads.json").write_text(f'{head}, "cases": [\n{body}\n]}}\n', encoding="ascii")
