"""Writes indexing.txt and indexing_special.txt: elements by index, triangles and diagonals. golden.py says how.

PyTorch's gather takes indices of the shape of the result; here they broadcast to it, as numpy.take_along_axis does.
PyTorch refuses a diagonal outside of the matrix, which is empty here, as NumPy's. Packed triangles are columns one
after the other, as LAPACK has them.
"""
import torch

from golden import EDGES, F32, F64, I32, Draw, case, family, make, type_attribute, values_only

INDEXING, SPECIAL = family("indexing")


def broadcast_indices(x, axis, indices):
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    return indices.long().expand(shape)


def gathered(axis):
    return lambda x, indices: torch.gather(x, axis, broadcast_indices(x, axis, indices))


def scattered(axis, n):
    def function(v, indices):
        shape = list(v.shape)
        shape[axis] = n
        return torch.zeros(shape, dtype=v.dtype).scatter_add(axis, broadcast_indices(v, axis, indices), v)
    return function


# The shape of the tensor, that of the indices, the axis.
INDICES = {"vector": ([5], [7], 0), "rows": ([4, 3], [6, 3], 0), "columns": ([3, 4], [3, 2], -1),
           "one_index_a_row": ([3, 4], [3, 1], 1), "of_all_rows": ([3, 4], [1, 3], 1), "inner": ([2, 4, 3], [2, 5, 3], 1),
           "broadcast": ([2, 4, 3], [1, 2, 1], 1), "some": ([2, 3, 4, 2], [2, 1, 3, 2], 2), "none": ([3, 4], [3, 0], 1)}


def index_cases():
    for label, (shape, index_shape, axis) in INDICES.items():
        draw = Draw("gather", label)
        operands = [draw.uniform(shape), draw.whole(index_shape, 0, shape[axis] - 1, I32)]
        case(INDEXING, "gather", label, gathered(axis), operands, [axis])
        draw = Draw("scatter_add", label)
        v_shape = list(shape)
        v_shape[axis] = index_shape[axis]
        operands = [draw.uniform(v_shape), draw.whole(index_shape, 0, shape[axis] - 1, I32)]
        case(INDEXING, "scatter_add", label, scattered(axis, shape[axis]), operands, [axis, shape[axis]])


def triangle_cases():
    for name, function in {"tril": torch.tril, "triu": torch.triu}.items():
        for label, (shape, k) in {"square": ([3, 3], 0), "above": ([2, 3, 4], 1), "below": ([4, 3], -1),
                                  "all": ([2, 3], 9 if name == "tril" else -9), "nothing": ([2, 2], -7 if name == "tril" else 7),
                                  "empty": ([0, 3], 0)}.items():
            case(INDEXING, name, label, lambda x: function(x, k), [Draw(name, label).uniform(shape)], [k])


def diagonal_cases():
    for label, (shape, k) in {"square": ([3, 3], 0), "above": ([2, 3, 5], 1), "below": ([5, 3], -1), "corner": ([3, 4], 3),
                              "batches": ([2, 2, 3, 3], -2)}.items():
        case(INDEXING, "diagonal", label, lambda x: torch.diagonal(x, k, -2, -1), [Draw("diagonal", label).uniform(shape)],
             [k])
    for label, (shape, k) in {"vector": ([3], 0), "above": ([2, 3], 2), "below": ([2], -1), "empty": ([0], 1)}.items():
        side = shape[-1] + abs(k)
        case(INDEXING, "diagonal_matrix", label, lambda x: torch.diag_embed(x, k),
             [Draw("diagonal_matrix", label).uniform(shape)], [k, side, side])


def packed_places(d, k):
    """Rows and columns of what is on and below the k-th diagonal, column by column."""
    places = [(i, j) for j in range(d) for i in range(j - k, d - k)]
    return torch.tensor([i for i, _ in places], dtype=torch.long), torch.tensor([j for _, j in places], dtype=torch.long)


def pack(d, k):
    rows, columns = packed_places(d, k)
    return lambda x: x[..., rows, columns]


def unpack(d, k):
    rows, columns = packed_places(d, k)

    def function(x):
        y = torch.zeros(*x.shape[:-1], (d - k) ** 2, dtype=x.dtype)
        places = (rows * (d - k) + columns).expand(x.shape)
        return y.scatter(-1, places, x).reshape(*x.shape[:-1], d - k, d - k)
    return function


def packed_cases():
    for label, (lead, d, k) in {"main": ([], 3, 0), "batches": ([2, 2], 2, 0), "below": ([2], 3, -1), "corner": ([], 1, -3),
                                "empty": ([2], 0, -2)}.items():
        x = Draw("tril_unpack", label).uniform([*lead, d * (d + 1) // 2])
        case(INDEXING, "tril_unpack", label, unpack(d, k), [x], [k])
        x = Draw("tril_pack", label).uniform([*lead, d - k, d - k])
        case(INDEXING, "tril_pack", label, pack(d, k), [x], [k])


def special_cases():
    labels = Draw("one_hot", "labels").whole([2, 3], 0, 3, I32)
    for dtype in F64, F32, I32:
        values_only(SPECIAL, "one_hot", str(dtype).removeprefix("torch."),
                    lambda x: torch.nn.functional.one_hot(x.long(), 4).to(dtype), [labels], [4, *[type_attribute(dtype)]])
    tensors = {"f64": torch.tensor(EDGES[F64], dtype=F64), "f32": torch.tensor(EDGES[F32], dtype=F32),
               "i32": torch.tensor([0, -1, 2**31 - 1, -2**31, 1, 2143289344, 2139095041, 5, 6, 7, 8, 9, 10, 11], dtype=I32)}
    backwards = torch.arange(13, -1, -1, dtype=I32)
    for label, x in tensors.items():
        matrices = torch.stack([x, x, x, x.flip(0)]).reshape(-1)[:54].reshape(6, 3, 3)
        values_only(SPECIAL, "gather", label, gathered(0), [x, backwards], [0])
        values_only(SPECIAL, "tril", label, torch.tril, [matrices], [0])
        values_only(SPECIAL, "triu", label, torch.triu, [matrices], [0])
        values_only(SPECIAL, "diagonal", label, lambda a: torch.diagonal(a, -1, -2, -1), [matrices], [-1])
        values_only(SPECIAL, "diagonal_matrix", label, torch.diag_embed, [x], [0, 14, 14])
        values_only(SPECIAL, "tril_pack", label, pack(3, 0), [matrices], [0])
        values_only(SPECIAL, "tril_unpack", label, unpack(4, 0), [x[:10]], [0])
        if x.is_floating_point():
            values_only(SPECIAL, "scatter_add", label, scattered(0, 15), [x, backwards], [0, 15], signed_zeros=False)


if __name__ == "__main__":
    make([INDEXING, SPECIAL], index_cases, triangle_cases, diagonal_cases, packed_cases, special_cases)
