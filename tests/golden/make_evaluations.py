#!/usr/bin/env python3
"""Makes evaluations.json: figures of scikit-learn for estimators whose parameters are given. tests/nn/evaluation.c sets up
the same network and compares.

A network is linear: x [n,d] times w [d,k] plus b. A case has features, weights of the rows, what is true, and the
figures of an evaluation by their names.
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics

N = 12


def draws(seed, *shape):
    return np.random.default_rng(seed).integers(-64, 65, shape) / 32


def binary(y, p, w):
    called = (p > 0.5).astype(int)
    one = float(np.average(y, weights=w))
    return {
        "accuracy": metrics.accuracy_score(y, called, sample_weight=w),
        "loss": metrics.log_loss(y, p, sample_weight=w),
        "accuracy_baseline": max(one, 1 - one),
        "auc": metrics.roc_auc_score(y, p, sample_weight=w),
        "average_precision": metrics.average_precision_score(y, p, sample_weight=w),
        "precision": metrics.precision_score(y, called, sample_weight=w),
        "recall": metrics.recall_score(y, called, sample_weight=w),
        "prediction/mean": float(np.average(p, weights=w)),
        "label/mean": one,
    }


def labels(y, p, w):
    called = (p >= 0.5).astype(int)
    losses = [metrics.log_loss(y[:, j], p[:, j], sample_weight=w) for j in range(y.shape[1])]
    micro = {"average": "micro", "sample_weight": w}
    return {
        "accuracy": metrics.accuracy_score(y, called, sample_weight=w),
        "loss": float(np.mean(losses)),
        "subset_accuracy": metrics.accuracy_score(y, called, sample_weight=w),
        "hamming_loss": metrics.hamming_loss(y, called, sample_weight=w),
        "precision_micro": metrics.precision_score(y, called, **micro),
        "recall_micro": metrics.recall_score(y, called, **micro),
        "f1_micro": metrics.f1_score(y, called, **micro),
        "f1_macro": metrics.f1_score(y, called, average="macro", sample_weight=w),
    }


def regression(y, f, w):
    found = {
        "loss": metrics.mean_squared_error(y, f, sample_weight=w),
        "mse": metrics.mean_squared_error(y, f, sample_weight=w),
        "mae": metrics.mean_absolute_error(y, f, sample_weight=w),
        "rmse": metrics.root_mean_squared_error(y, f, sample_weight=w),
        "r2": metrics.r2_score(y, f, sample_weight=w),
    }
    if y.shape[1] == 1:
        found["prediction/mean"] = float(np.average(f[:, 0], weights=w))
        found["label/mean"] = float(np.average(y[:, 0], weights=w))
    return found


def case(name, head, seed, k, weighted):
    x, w, b = draws(seed, N, 3), draws(seed + 1, 3, k), draws(seed + 2, k)
    weights = np.arange(N) % 4 / 2 if weighted else np.ones(N)
    z = x @ w + b
    noise = draws(seed + 3, N, k)
    if head == "squared":
        true = z + noise
        figures = regression(true, z, weights)
    elif head == "independent":
        true = (z - np.median(z, axis=0) + noise > 0).astype(int)
        figures = labels(true, 1 / (1 + np.exp(-z)), weights)
    else:
        margin = z[:, 0] if k == 1 else z[:, 1] - z[:, 0]
        true = (margin - np.median(margin) + noise[:, 0] > 0).astype(int)
        figures = binary(true, 1 / (1 + np.exp(-margin)), weights)
    return {"name": name, "head": head, "n": N, "outputs": k, "x": x.flatten().tolist(), "w": w.flatten().tolist(),
            "b": b.tolist(), "weights": weights.tolist() if weighted else [], "true": true.flatten().tolist(),
            "figures": {key: float(value) for key, value in figures.items()}}


CASES = [
    case("softmax", "softmax", 1, 2, False),
    case("softmax by weights", "softmax", 11, 2, True),
    case("one logit", "one_logit", 21, 1, False),
    case("one logit by weights", "one_logit", 31, 1, True),
    case("labels", "independent", 41, 3, False),
    case("labels by weights", "independent", 51, 3, True),
    case("numbers", "squared", 61, 1, False),
    case("numbers by weights", "squared", 71, 3, True),
]

if __name__ == "__main__":
    made_with = {"scikit_learn": sklearn.__version__, "numpy": np.__version__}
    lines = ",\n".join(json.dumps(c) for c in CASES)
    text = f'{{"made_with": {json.dumps(made_with)}, "cases": [\n{lines}\n]}}\n'
    (pathlib.Path(__file__).parent / "evaluations.json").write_text(text)
