#!/usr/bin/env python3
"""Makes graphs.txt: random graphs of 5 to 60 operators, with their values, first and second gradients from PyTorch.

Run it by hand, with `pip install torch numpy mpmath`; it takes a minute or two. tests/every_operator/graphs.c builds
each graph by the rows of the table, and compares. graph_rows.py says how each row is applied. A graph is

    graph SEED
    linear                           only if it is, by construction: then its second gradients are 0
    x RANK SIZES...                  a leaf; an element is 4 u - 2, u = uniform(SEED, number of the tensor, its index)
    i RANK SIZES... VALUES...        a constant of i32
    y ROW COUNT OPERANDS... COUNT ATTRIBUTES...    a row applied; operands are numbers of tensors, and attributes flat
                                     as in golden.py
    loss COUNT TENSORS...            the sinks, s
    value L                          L = sum over the sinks of mean(w s), w of 2 u - 1, u at (SEED, 1000 + s, index)
    dx VALUES...                     for each leaf x in turn: the gradient of L by x
    d2x VALUES...                    and that of sum over the leaves of sum(v dx), v of 2 u - 1, u at
                                     (SEED, 2000 + x, index)
    end

Tensors are numbered from 0 as they come: a row that is applied has a number for each of its results, but by-products.
uniform is that of gradtape/random.h. The last line of the file is `graphs COUNT`.

A graph is kept only if all its numbers are finite, the first gradient of no leaf is all zero, nor all second gradients
are unless it is linear, and a change of one unit in the last place of the leaves moves no block by 1e-12 of its largest
element; nor do such changes of all that is rounded on the way. Graphs are made until there are enough of them, and each
row is in enough with a gradient that is not zero.
"""
import pathlib
import random
from dataclasses import dataclass

import torch

from golden import F64, I32, gradients, line, list_attribute
from graph_rows import DENSE, EXACT, LINEAR, MOST_ELEMENTS, ROWS, UNARY, Unfit

GRAPHS, GRAPHS_OF_A_ROW = 429, 8
FEWEST, MOST = 5, 60
LARGEST_INSIDE, LARGEST_GRADIENT = 60.0, 1e5
STEADY = 1e-12
EVERY_LINEAR = 36  # of so many seeds one is that of a linear graph


# ---- Random numbers as gradtape/random.h has them -------------------------------------------------------------------

def philox(counter, key):
    """Philox4x32-10: four words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniform(seed, stream, index):
    return philox((index // 4, 0, stream, 0), (seed, 0))[index % 4] * 2.0**-32


def uniforms(seed, stream, shape):
    n = torch.Size(shape).numel()
    return torch.tensor([uniform(seed, stream, i) for i in range(n)], dtype=F64).reshape(shape)


# ---- Graphs ---------------------------------------------------------------------------------------------------------

@dataclass
class Node:
    """A leaf, a constant, or a row applied; `first` is the number of its first tensor."""
    name: str
    first: int
    shape: list = None
    constant: torch.Tensor = None
    function: object = None
    operands: tuple = ()
    attributes: tuple = ()
    n_results: int = 1

    def text(self):
        if self.name == "x":
            return line("x", len(self.shape), *self.shape)
        if self.name == "i":
            return line("i", len(self.shape), *self.shape, *self.constant.flatten().tolist())
        return line("y", self.name, len(self.operands), *self.operands, len(self.attributes), *self.attributes)


def listed(y):
    """Results as a list; what is not real, like indices and masks, is of i32."""
    return [y_j if y_j.is_floating_point() else y_j.to(I32) for y_j in (y if isinstance(y, tuple) else (y,))]


class Graph:
    """A graph under construction: its nodes, and the values of its tensors, by which rows choose their operands."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        self.linear = seed % EVERY_LINEAR == 0
        self.nodes, self.values, self.varies = [], [], []
        rows, columns = self.choose([(2, 3), (3, 2), (2, 2), (3, 3), (2, 4)])
        shapes = [[], [columns], [rows, columns], [rows, columns], [rows, 1], [1, columns], [2, rows, columns]]
        for shape in [self.choose(shapes[1:4])] + [self.choose(shapes) for _ in range(self.integer(1, 3))]:
            self.leaf([] if torch.Size(shape).numel() > 12 else shape)

    # Drawing.

    def choose(self, choices):
        return choices[self.integer(0, len(choices) - 1)]

    def chance(self, probability):
        return self.random.random() < probability

    def integer(self, low, high):
        return low + int(self.random.random() * (high - low + 1))

    def sample(self, population, k):
        return sorted(population, key=lambda _: self.random.random())[:k]

    def short(self):
        """A constant of few digits, not 0."""
        return self.choose([-1.5, -1.25, -0.75, -0.5, -0.375, 0.25, 0.5, 0.875, 1.25, 1.75])

    def narrowed(self, shape):
        """A shape that broadcasts to this one."""
        ones = [1 if self.chance(0.3) else size for size in shape]
        return ones[self.integer(0, len(ones)) if self.chance(0.3) else 0:]

    def factors(self, n):
        """Sizes of n elements."""
        sizes = []
        for p in (2, 3, 5, 7):
            while n % p == 0:
                n //= p
                if sizes and (len(sizes) == 4 or self.chance(0.4)):
                    sizes[self.integer(0, len(sizes) - 1)] *= p
                else:
                    sizes.insert(self.integer(0, len(sizes)), p)
        return sizes + [n] * (n > 1) + [1] * self.chance(0.2)

    # What there is.

    def shape(self, x):
        return list(self.values[x].shape)

    def count(self, x):
        return self.values[x].numel()

    def largest(self, x):
        return float(self.values[x].abs().max())

    def is_real(self, x):
        """Whether it is of f64, and depends on a leaf."""
        return self.varies[x] and self.values[x].dtype == F64

    def used(self):
        return {x for node in self.nodes for x in node.operands}

    def sinks(self):
        used = self.used()
        return [x for x in range(len(self.values)) if self.is_real(x) and x not in used]

    def operators(self):
        return [node for node in self.nodes if node.name not in ("x", "i")]

    def pick(self, fits=lambda shape: True, must=True):
        """A tensor whose shape fits, rather a late one and one that nothing uses; None or Unfit if there is none."""
        xs = [x for x in range(len(self.values)) if self.is_real(x) and fits(self.shape(x))]
        if not xs:
            if must:
                raise Unfit
            return None
        used = self.used()
        weights = [(1 if x in used else 4) * (2 if x > len(self.values) - 6 else 1) for x in xs]
        return self.random.choices(xs, weights)[0]

    # Adding to it.

    def add(self, node, values, varies):
        self.nodes.append(node)
        self.values += values
        self.varies += [varies] * len(values)
        return node.first

    def leaf(self, shape):
        number = len(self.values)
        return self.add(Node("x", number, shape), [4 * uniforms(self.seed, number, shape) - 2], True)

    def whole(self, numbers, shape):
        constant = torch.tensor(numbers, dtype=I32).reshape(shape)
        return self.add(Node("i", len(self.values), list(shape), constant), [constant], False)

    def apply(self, name, function, operands, attributes=()):
        """Applies a row, unless its results are too large; returns the number of the first one."""
        results = listed(function(*[self.values[x] for x in operands]))
        for y in results:
            if y.numel() > MOST_ELEMENTS or y.numel() == 0 or y.dim() > 5 or not y.abs().max() <= LARGEST_INSIDE:
                raise Unfit
        node = Node(name, len(self.values), None, None, function, tuple(operands), tuple(attributes), len(results))
        return self.add(node, results, any(self.varies[x] for x in operands))

    def unary(self, name, x):
        return self.apply(name, UNARY[name][0], [x])

    def scale(self, x, c):
        return self.apply("scale", lambda x: x * c, [x], [c])

    def shift(self, x, c):
        return self.apply("shift", lambda x: x + c, [x], [c])

    def reshape(self, x, shape):
        return self.apply("reshape", lambda x: x.reshape(shape), [x], list_attribute(*shape))

    def broadcast_to(self, x, shape):
        return self.apply("broadcast_to", lambda x: x.expand(shape), [x], list_attribute(*shape))

    def try_row(self, name):
        """Applies a row with what brings its operands there; leaves the graph as it was if that does not go."""
        nodes, values = len(self.nodes), len(self.values)
        try:
            ROWS[name](self)
            if len(self.operators()) <= MOST:
                return
        except Unfit:
            pass
        del self.nodes[nodes:], self.values[values:], self.varies[values:]

    def grow(self, weights):
        """Applies rows until there are enough operators; False if they do not fit."""
        names = sorted(LINEAR if self.linear else ROWS)
        weights = [weights[name] for name in names]
        enough = self.integer(FEWEST, MOST - 8)
        for _ in range(10 * MOST):
            if len(self.operators()) >= enough:
                return True
            self.try_row(self.random.choices(names, weights)[0])
        return False


# ---- Numbers --------------------------------------------------------------------------------------------------------

@dataclass
class Numbers:
    """What PyTorch makes of a graph."""
    value: torch.Tensor
    first: list
    second: list
    reached: set  # the rows that a gradient reaches

    def blocks(self):
        return [self.value, *self.first, *self.second]


def rounded_otherwise(graph, y, dense):
    """y with each element moved by one or no unit in the last place, for dense rows that of the largest element."""
    if not y.is_floating_point():
        return y
    signs = torch.tensor([graph.choose([-1, 0, 1]) for _ in range(y.numel())], dtype=y.dtype).reshape(y.shape)
    units = signs * 2.0**-52
    return y + units * y.detach().abs().max() if dense else y * (1 + units)


def tensors_of(graph, leaves, rounding):
    """All tensors of a graph; with another rounding of results, if that is asked for."""
    tensors, leaves = [], iter(leaves)
    for node in graph.nodes:
        if node.name == "x":
            tensors.append(next(leaves))
        elif node.name == "i":
            tensors.append(node.constant)
        else:
            results = listed(node.function(*[tensors[x] for x in node.operands]))
            if rounding and graph.varies[node.first] and node.name not in EXACT:
                results = [rounded_otherwise(graph, y, node.name in DENSE) for y in results]
            tensors += results
    return tensors


def reached_rows(graph, tensors, loss):
    """The rows that have a result whose gradient is not 0. A row that stops gradients, as detach does, counts too."""
    inner = [y for y in tensors if y.requires_grad]
    found = dict(zip(map(id, inner), gradients(loss, inner, retain_graph=True)))
    return {node.name for node in graph.operators()
            if any(id(y) in found and found[id(y)].any() or y.is_floating_point() and not y.requires_grad
                   for y in tensors[node.first:node.first + node.n_results])}


def compute(graph, leaves, rounding=False):
    leaves = [x.clone().requires_grad_() for x in leaves]
    tensors = tensors_of(graph, leaves, rounding)
    terms = [((2 * uniforms(graph.seed, 1000 + s, graph.shape(s)) - 1) * tensors[s]).mean() for s in graph.sinks()]
    loss = sum(terms)
    if not loss.requires_grad:
        return None
    reached = reached_rows(graph, tensors, loss)
    first = gradients(loss, leaves, create_graph=True)
    numbers = [node.first for node in graph.nodes if node.name == "x"]
    directions = [2 * uniforms(graph.seed, 2000 + x, graph.shape(x)) - 1 for x in numbers]
    second = gradients(sum((v * dx).sum() for v, dx in zip(directions, first)), leaves)
    return Numbers(loss.detach(), [dx.detach() for dx in first], second, reached)


def is_sound(graph, numbers):
    """Finite, and nothing is zero that should not be."""
    return (all(torch.isfinite(block).all() and block.abs().max() < LARGEST_GRADIENT for block in numbers.blocks())
            and all(dx.any() for dx in numbers.first)
            and graph.linear != any(d2x.any() for d2x in numbers.second))


def distance(a, b):
    """The largest difference beside the largest element of a; NaN is far from everything."""
    difference = float((a - b).abs().max())
    return 0.0 if difference == 0 else difference / max(float(a.abs().max()), 1e-300)


def is_steady(graph, leaves, numbers):
    for rounding in (False, False, True, True):
        moved = []
        for x in leaves:
            to = torch.tensor([graph.choose([-9.0, 9.0]) for _ in range(x.numel())], dtype=F64).reshape(x.shape)
            moved.append(torch.nextafter(x, to))
        again = compute(graph, moved, rounding)
        if not all(distance(a, b) < STEADY for a, b in zip(numbers.blocks(), again.blocks())):
            return False
    return True


# ---- The file -------------------------------------------------------------------------------------------------------

def short_numbers(tensor):
    return [f"{x:.15g}" for x in tensor.flatten().tolist()]


def described(graph, numbers):
    sinks = graph.sinks()
    text = line("graph", graph.seed) + "linear\n" * graph.linear + "".join(node.text() for node in graph.nodes)
    text += line("loss", len(sinks), *sinks) + line("value", *short_numbers(numbers.value))
    for dx, d2x in zip(numbers.first, numbers.second):
        text += line("dx", *short_numbers(dx)) + line("d2x", *short_numbers(d2x))
    return text + "end\n"


def make_graph(seed, weights):
    """A graph and its numbers, or None if it is not one to keep."""
    graph = Graph(seed)
    if not graph.grow(weights):
        return None
    leaves = [graph.values[node.first] for node in graph.nodes if node.name == "x"]
    numbers = compute(graph, leaves)
    if numbers is None or not is_sound(graph, numbers) or not is_steady(graph, leaves, numbers):
        return None
    return graph, numbers


def write(texts, n_operators, counts):
    version = torch.__version__.split("+")[0]
    head = ("# Values, gradients and second gradients of random graphs in f64.\n"
            f"# Made by make_graphs.py with PyTorch {version}; it says what the lines are.\n")
    text = head + "".join(texts) + line("graphs", len(texts))
    path = pathlib.Path(__file__).with_name("graphs.txt")
    path.write_text(text, encoding="ascii")
    rarest = min(counts, key=counts.get)
    print(f"{path.name}: {len(texts)} graphs of {n_operators} operators, {len(counts)} rows, the rarest, {rarest}, in "
          f"{counts[rarest]} graphs; {len(text)} bytes")


def main():
    torch.set_num_threads(1)
    counts, texts, n_operators, seed = dict.fromkeys(ROWS, 0), [], 0, 0
    while len(texts) < GRAPHS or min(counts.values()) < GRAPHS_OF_A_ROW:
        made = make_graph(seed, {name: 1 / (1 + counts[name]) for name in ROWS})
        seed += 1
        if made is None:
            continue
        graph, numbers = made
        n_operators += len(graph.operators())
        texts.append(described(graph, numbers))
        for name in numbers.reached & set(ROWS):
            counts[name] += 1
    print(f"{seed} seeds were tried")
    write(texts, n_operators, counts)


if __name__ == "__main__":
    main()
