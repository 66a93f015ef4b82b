"""Loads models of gradtape into PyTorch: strictly, by the names that PyTorch gives, and with the same logits.

Usage: torch_model.py WRITE_MODELS, the program that writes them. Without PyTorch nothing is tested: 77.
"""
import json
import struct
import subprocess
import sys
import tempfile
from collections import OrderedDict

try:
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

try:
    from safetensors.torch import load_file
except ImportError:
    TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}

    def load_file(path):
        """What safetensors does, as its format says."""
        with open(path, "rb") as file:
            content = file.read()
        (n,) = struct.unpack("<Q", content[:8])
        header, data = json.loads(content[8:8 + n]), content[8 + n:]
        header.pop("__metadata__")
        tensors = {}
        for name, tensor in header.items():
            begin, end = tensor["data_offsets"]
            flat = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[tensor["dtype"]]) if end > begin else \
                torch.empty(0, dtype=TYPES[tensor["dtype"]])
            tensors[name] = flat.reshape(tensor["shape"])
        return tensors


class Residual(torch.nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def perceptron(units, last):
    """hidden_units, as one writes it by hand."""
    layers, before = [], 4
    for i, n in enumerate(units):
        layers += [(f"hiddenlayer_{i}", torch.nn.Linear(before, n)), (f"relu_{i}", torch.nn.ReLU())]
        before = n
    return torch.nn.Sequential(OrderedDict(layers + [("logits", torch.nn.Linear(before, last))]))


def layers():
    return torch.nn.Sequential(OrderedDict(
        dense=torch.nn.Linear(4, 6), tanh=torch.nn.Tanh(), batch_norm=torch.nn.BatchNorm1d(6),
        body=Residual(OrderedDict(dense=torch.nn.Linear(6, 6), tanh=torch.nn.Tanh())),
        dropout=torch.nn.Dropout(0.2), layer_norm=torch.nn.LayerNorm(6), logits=torch.nn.Linear(6, 3)))


def compare(folder, name, model):
    tensors = load_file(f"{folder}/{name}.safetensors")
    weights = {k: v for k, v in tensors.items() if not k.startswith(("optimizer.", "state.", "gradtape."))}
    model.load_state_dict(weights, strict=True)
    with open(f"{folder}/{name}.txt") as file:
        numbers = torch.tensor([[float(word) for word in line.split()] for line in file], dtype=torch.float64)
    x, wanted = numbers[:, :4], numbers[:, 4:]
    x = (x - tensors["gradtape.scaling.mean"] - tensors["gradtape.scaling.rest"]) * tensors["gradtape.scaling.inverse"]
    got = model.eval()(x.float()).double()
    difference = (got - wanted).abs().max().item()
    if not difference < 1e-5 or wanted.abs().max() < 0.1:
        sys.exit(f"torch_model: {name}: logits differ by {difference}")
    print(f"{name}: {len(weights)} tensors, logits differ by {difference:.1e}")


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.argv[1], folder], check=True)
    compare(folder, "perceptron", perceptron([5, 4], 3))
    compare(folder, "layers", layers())
    compare(folder, "regressor", perceptron([7], 1))
