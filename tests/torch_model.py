"""Loads models of gradtape into PyTorch: strictly, by the names that PyTorch gives, and with the same logits. The other
way round, gradtape begins with weights that PyTorch wrote.

Usage: torch_model.py WRITE_MODELS WARM_MODELS, the programs that do so. Without PyTorch nothing is tested: 77.
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


try:
    from safetensors.torch import save_file
except ImportError:
    NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}

    def save_file(tensors, path):
        """What safetensors does, as its format says."""
        header, data = {}, b""
        for name, tensor in tensors.items():
            content = tensor.contiguous().numpy().tobytes()
            header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                            "data_offsets": [len(data), len(data) + len(content)]}
            data += content
        text = json.dumps(header).encode()
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)


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


def numbers_of(folder, name):
    with open(f"{folder}/{name}.txt") as file:
        numbers = torch.tensor([[float(word) for word in line.split()] for line in file], dtype=torch.float64)
    return numbers[:, :4], numbers[:, 4:]


def expect_near(name, n, got, wanted):
    difference = (got - wanted).abs().max().item()
    if not difference < 1e-5 or wanted.abs().max() < 0.1:
        sys.exit(f"torch_model: {name}: logits differ by {difference}")
    print(f"{name}: {n} tensors, logits differ by {difference:.1e}")


def compare(folder, name, model):
    tensors = load_file(f"{folder}/{name}.safetensors")
    weights = {k: v for k, v in tensors.items() if not k.startswith(("optimizer.", "state.", "gradtape."))}
    model.load_state_dict(weights, strict=True)
    x, wanted = numbers_of(folder, name)
    x = (x - tensors["gradtape.scaling.mean"] - tensors["gradtape.scaling.rest"]) * tensors["gradtape.scaling.inverse"]
    expect_near(name, len(weights), model.eval()(x.float()).double(), wanted)


def make_weights(folder, name, model):
    """Every parameter and running value gets random numbers; the file has them."""
    for key, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) * 2 - (0 if key.endswith("running_var") else 1))
    save_file(model.state_dict(), f"{folder}/{name}.safetensors")
    return name, model


def compare_warm(folder, name, model):
    x, wanted = numbers_of(folder, name)
    expect_near(f"{name}, a warm start", len(model.state_dict()), model.double().eval()(x).detach(), wanted)


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.argv[1], folder], check=True)
    compare(folder, "perceptron", perceptron([5, 4], 3))
    compare(folder, "layers", layers())
    compare(folder, "regressor", perceptron([7], 1))

torch.manual_seed(1)
with tempfile.TemporaryDirectory() as folder:
    made = [make_weights(folder, "perceptron", perceptron([5, 4], 3)), make_weights(folder, "layers", layers()),
            make_weights(folder, "wide", perceptron([5, 4], 3).double()),
            make_weights(folder, "regressor", perceptron([7], 1))]
    subprocess.run([sys.argv[2], folder], check=True)
    for name, model in made:
        compare_warm(folder, name, model)
