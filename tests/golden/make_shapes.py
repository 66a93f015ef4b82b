"""Writes shapes.txt and shapes_special.txt: parts, order and axes of tensors. golden.py says how.

PyTorch has no slices with a negative step: a flip and a slice forwards stand for them. Elements are only moved, so the
special values of an operator must come out bit for bit.
"""
import torch
import torch.nn.functional as nn

from golden import (EDGES, F32, F64, I32, Draw, axes_attribute, case, family, list_attribute, make, values_only)

SHAPES, SPECIAL = family("shapes")


def sliced(axis, start, stop, step):
    """x[start:stop:step] along the axis; torch.arange finds the places, and counts them."""
    def function(x):
        places = torch.tensor(range(x.shape[axis])[start:stop:step], dtype=torch.long)
        return x.index_select(axis, places)
    return function


SLICES = {"inner": ([3, 5], 1, 1, 4, 1), "every_other": ([2, 7, 2], -2, 0, 100, 2), "from_the_end": ([4, 3], 0, -3, -1, 1),
          "backwards": ([7, 2], 0, -2, -100, -3), "cut_at_the_end": ([5], 0, 3, 50, 1), "nothing": ([2, 4], 1, 3, 1, 1),
          "one": ([2, 4], 1, -1, 100, 1)}


def slice_cases():
    for label, (shape, axis, start, stop, step) in SLICES.items():
        attributes = [axis, *list_attribute(start, stop, step)]
        case(SHAPES, "slice", label, sliced(axis, start, stop, step), [Draw("slice", label).uniform(shape)], attributes)


def slice_backward_cases():
    """The gradient of a slice, as a function of the slice."""
    for label, (shape, axis, start, stop, step) in SLICES.items():
        take = sliced(axis, start, stop, step)
        small = take(torch.zeros(shape)).shape

        def place(v):
            places = take(torch.arange(torch.zeros(shape).numel()).reshape(shape)).reshape(-1)
            return torch.zeros(shape, dtype=v.dtype).reshape(-1).index_copy(0, places, v.reshape(-1)).reshape(shape)
        case(SHAPES, "slice_backward", label, place, [Draw("slice_backward", label).uniform(small)],
             [shape[axis], axis, *list_attribute(start, stop, step)])


def joining_cases():
    parts = {"rows": ([[2, 3], [1, 3], [3, 3]], 0), "columns": ([[2, 3], [2, 1]], -1), "one": ([[2, 3]], 1),
             "inner": ([[2, 1, 3], [2, 2, 3], [2, 0, 3]], 1), "vectors": ([[3], [2], [1], [4], [2], [3], [1], [2]], 0)}
    for label, (shapes, axis) in parts.items():
        draw = Draw("concat", label)
        case(SHAPES, "concat", label, lambda *x: torch.cat(x, axis), [draw.uniform(s) for s in shapes], [axis])
    for label, (shape, n, axis) in {"first": ([2, 3], 2, 0), "last": ([2, 3], 3, -1), "scalars": ([], 4, 0),
                                    "between": ([2, 1, 3], 2, 1)}.items():
        draw = Draw("stack", label)
        case(SHAPES, "stack", label, lambda *x: torch.stack(x, axis), [draw.uniform(shape) for _ in range(n)], [axis])


def pad_cases():
    for label, (shape, before, after, value) in {
            "vector": ([3], [1], [2], 0.5), "image": ([2, 1, 2, 3], [0, 0, 1, 2], [0, 0, 1, 0], 0),
            "all": ([2, 3], [1, 0], [2, 1], -1.25), "empty": ([2, 0], [0, 1], [1, 1], 3)}.items():
        sizes = [size for pair in reversed(list(zip(before, after))) for size in pair]
        case(SHAPES, "pad", label, lambda x: nn.pad(x, sizes, value=value), [Draw("pad", label).uniform(shape)],
             [*list_attribute(*before), *list_attribute(*after), value])


def order_cases():
    for label, (shape, order) in {"cycle": ([2, 3, 4], [1, 2, 0]), "channels_last": ([2, 3, 2, 2], [0, 2, 3, 1]),
                                  "heads": ([2, 3, 2, 4], [0, 2, 1, 3]), "reversed": ([2, 1, 3, 2], [-1, -2, -3, -4]),
                                  "none": ([2, 3], [0, 1]), "scalar": ([], [])}.items():
        case(SHAPES, "permute", label, lambda x: x.permute(order), [Draw("permute", label).uniform(shape)],
             list_attribute(*order))
    for label, (shape, axes) in {"vector": ([5], [0]), "rows": ([3, 2], [0]), "both": ([3, 2, 2], [0, -1])}.items():
        case(SHAPES, "flip", label, lambda x: x.flip(axes), [Draw("flip", label).uniform(shape)], axes_attribute(*axes))
    case(SHAPES, "flip", "all", lambda x: x.flip([0, 1]), [Draw("flip", "all").uniform([2, 3])], axes_attribute())
    for label, (shape, counts) in {"vector": ([3], [3]), "both": ([2, 3], [2, 2]), "inner": ([2, 2, 1], [1, 3, 1]),
                                   "never": ([2, 3], [0, 2]), "scalar": ([], [])}.items():
        case(SHAPES, "repeat", label, lambda x: x.repeat(counts), [Draw("repeat", label).uniform(shape)],
             list_attribute(*counts))


def axes_cases():
    for label, (shape, axes) in {"first": ([1, 3], [0]), "last": ([2, 3, 1], [-1]), "two": ([1, 2, 1, 1], [0, 2])}.items():
        case(SHAPES, "squeeze", label, lambda x: x.squeeze(axes), [Draw("squeeze", label).uniform(shape)],
             axes_attribute(*axes))
    case(SHAPES, "squeeze", "all", torch.squeeze, [Draw("squeeze", "all").uniform([1, 2, 1])], axes_attribute())
    for label, (shape, axis) in {"first": ([3], 0), "last": ([2, 3], -1), "scalar": ([], 0)}.items():
        case(SHAPES, "expand_dims", label, lambda x: x.unsqueeze(axis), [Draw("expand_dims", label).uniform(shape)],
             [axis])


def special_cases():
    tensors = {"f64": torch.tensor(EDGES[F64], dtype=F64), "f32": torch.tensor(EDGES[F32], dtype=F32),
               "i32": torch.tensor([0, -1, 2**31 - 1, -2**31, 1, 2143289344, 2139095041, 5, 6, 7, 8, 9, 10, 11], dtype=I32)}
    for label, x in tensors.items():
        def values(operator, function, operands, attributes, label=label):
            values_only(SPECIAL, operator, label, function, operands, attributes)
        square = x.reshape(2, 7)
        values("slice", sliced(0, -1, -100, -2), [x], [0, *list_attribute(-1, -100, -2)])
        values("slice_backward", lambda v: nn.pad(v, [1, 2]), [x], [17, 0, *list_attribute(1, 15, 1)])
        values("concat", lambda a, b: torch.cat([a, b], 1), [square, square], [1])
        values("stack", lambda a, b: torch.stack([a, b], 1), [x, x], [1])
        values("pad", lambda a: nn.pad(a, [1, 0], value=7), [x], [*list_attribute(1), *list_attribute(0), 7])
        values("permute", lambda a: a.T, [square], list_attribute(1, 0))
        values("flip", lambda a: a.flip([0]), [x], axes_attribute(0))
        values("repeat", lambda a: a.repeat([2, 2]), [square], list_attribute(2, 2))
        values("squeeze", torch.squeeze, [x.reshape(1, 14)], axes_attribute(0))
        values("expand_dims", lambda a: a.unsqueeze(0), [x], [0])
    for value in EDGES[F64]:
        if value not in (2.0, -1.0, 0.5):
            name = str(value).replace("-", "minus_").replace("+", "")
            values_only(SPECIAL, "pad", "with_" + name, lambda a: nn.pad(a, [1, 1], value=value),
                        [torch.ones(1, dtype=F64)], [*list_attribute(1), *list_attribute(1), value])


if __name__ == "__main__":
    make([SHAPES, SPECIAL], slice_cases, slice_backward_cases, joining_cases, pad_cases, order_cases, axes_cases,
         special_cases)
