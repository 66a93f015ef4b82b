"""Golden numbers of products, systems of equations, determinants and eigenvalues.

Operators that read the lower triangle of a symmetric matrix are given symmetric numbers. PyTorch's function is given
(x + x') / 2, so that its gradient is symmetric, as ours is.
"""
import torch

from golden import EDGES, F32, F64, INF, NAN, Draw, case, family, make, values_only

CASES, SPECIAL = family("linear_algebra")

# Where Gradtape differs from what PyTorch does on purpose, and what this script does instead.
DIFFERENCES = {
    "eigh": "the sign of a vector is LAPACK's; ours makes its largest component positive, by a factor that is constant",
    "det": "a matrix that is singular to within rounding, or not finite, has an arbitrary determinant, often near 0; ours "
           "is 0 and NaN: such cases are in tests/operators/linear_algebra.c",
    "det, singular": "PyTorch divides by singular values moved off 0; here it is given the polynomial",
    "inverse, solve, solve_triangular, cholesky, eigh": "PyTorch computes with infinities and NaN; ours are errors",
}

LOWER, UPPER, TRANSPOSED, UNIT_DIAGONAL = 0, 1, 2, 4


# ---- What has no function in PyTorch --------------------------------------------------------------------------------

def symmetric(x):
    return (x + x.mT) / 2


def cholesky(x):
    return torch.linalg.cholesky(symmetric(x))


def eigh(x):
    w, v = torch.linalg.eigh(symmetric(x))
    largest = v.detach().abs().argmax(dim=-2, keepdim=True)
    return w, v * torch.sign(v.detach().gather(-2, largest))


def solve(transposed):
    return lambda a, b: torch.linalg.solve(a.mT if transposed else a, b)


def solve_triangular(kind):
    def function(a, b):
        upper = bool(kind & UPPER)
        if kind & TRANSPOSED:
            a, upper = a.mT, not upper
        return torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=bool(kind & UNIT_DIAGONAL))
    return function


def triangles(below, on, above):
    return lambda x: below * torch.tril(x, -1) + on * torch.tril(torch.triu(x)) + above * torch.triu(x, 1)


def minor(x, i, j):
    n = x.shape[-1]
    rows, columns = [k for k in range(n) if k != i], [k for k in range(n) if k != j]
    return x[..., rows, :][..., columns]


def determinant(x):
    """By its first row: a polynomial, so that autograd is exact of singular matrices too."""
    if x.shape[-1] == 0:
        return torch.ones(x.shape[:-2], dtype=x.dtype)
    return sum((-1) ** j * x[..., 0, j] * determinant(minor(x, 0, j)) for j in range(x.shape[-1]))


def cofactor(x):
    n = x.shape[-1]
    rows = [torch.stack([(-1) ** (i + j) * determinant(minor(x, i, j)) for j in range(n)], dim=-1) for i in range(n)]
    return torch.stack(rows, dim=-2)


def cofactor_slope(x, v):
    return torch.func.jvp(cofactor, (x,), (v,))[1]


def divide_by_gaps(x, w):
    n = w.shape[-1]
    same = torch.eye(n, dtype=torch.bool)
    gaps = torch.where(same, 1.0, w[..., None, :] - w[..., :, None])
    return torch.where(same, 0.0, x / gaps)


# ---- Cases ----------------------------------------------------------------------------------------------------------

def regular(draw, shape, diagonal=3.0):
    return draw.uniform(shape, -1, 1) + diagonal * torch.eye(shape[-1], dtype=F64)


def positive(draw, shape):
    return symmetric(draw.uniform(shape, -1, 1)) + shape[-1] * torch.eye(shape[-1], dtype=F64)


def product_cases():
    for operator, function, pairs in (
        ("matmul", torch.matmul, {"vector_vector": ([4], [4]), "vector_matrix": ([3], [3, 2]),
                                  "matrix_vector": ([2, 3], [3]), "vector_batch": ([3], [2, 3, 2]),
                                  "batch_vector": ([2, 1, 2, 3], [3])}),
        ("dot", torch.linalg.vecdot, {"vectors": ([5], [5]), "rows": ([3, 4], [3, 4]), "wide": ([2, 1, 3], [4, 3])}),
        ("outer", lambda a, b: a[..., :, None] * b[..., None, :],
         {"vectors": ([3], [4]), "batch": ([2, 3], [2, 2]), "wide": ([2, 1, 2], [3, 2])}),
    ):
        for label, (a, b) in pairs.items():
            draw = Draw(operator, label)
            case(CASES, operator, label, function, [draw.uniform(a), draw.uniform(b)])


def system_cases():
    sizes = {"plain": ([3, 3], [3, 2]), "batch": ([2, 2, 2], [2, 2, 1]), "one_matrix": ([2, 2], [3, 2, 2]),
             "one_side": ([2, 1, 2, 2], [2, 1])}
    for label, (a, b) in sizes.items():
        for transposed in (0, 1):
            name = label + "_transposed" * transposed
            draw = Draw("solve", name)
            case(CASES, "solve", name, solve(transposed), [regular(draw, a), draw.uniform(b)], [transposed])
    for kind in range(8):
        label = "_".join(["upper" if kind & UPPER else "lower"] + ["transposed"] * bool(kind & TRANSPOSED)
                         + ["unit"] * bool(kind & UNIT_DIAGONAL))
        a, b = sizes["plain" if kind < 4 else "one_matrix"]
        draw = Draw("solve_triangular", label)
        case(CASES, "solve_triangular", label, solve_triangular(kind), [regular(draw, a), draw.uniform(b)], [kind])


def square_cases():
    for label, shape in {"one": [1, 1], "three": [3, 3], "four": [4, 4], "batch": [2, 2, 2]}.items():
        draw = Draw("cholesky", label)
        case(CASES, "cholesky", label, cholesky, [positive(draw, shape)])
        case(CASES, "inverse", label, torch.linalg.inv, [regular(draw, shape)])
        case(CASES, "det", label, torch.linalg.det, [draw.uniform(shape)])
        case(CASES, "slogdet", label, lambda x: tuple(torch.linalg.slogdet(x)), [regular(draw, shape, -2.0)])
        case(CASES, "divide_by_gaps", label, divide_by_gaps, [draw.uniform(shape), draw.uniform(shape[:-1])])
        case(CASES, "eigh", label, eigh, [symmetric(draw.uniform(shape))])
    for label, shape in {"three": [3, 3], "four": [4, 4], "batch": [2, 3, 3]}.items():
        draw = Draw("cofactor", label)
        case(CASES, "cofactor", label, cofactor, [draw.uniform(shape)])
        case(CASES, "cofactor_slope", label, cofactor_slope, [regular(draw, shape), draw.uniform(shape)])
    for label, weights in {"half_lower": (1, 0.5, 0), "upper": (0, 1, 1), "all": (-1, 2, 3)}.items():
        case(CASES, "triangles", label, triangles(*weights), [Draw("triangles", label).uniform([2, 3, 4])], weights)


# Of rank n - 1, where the cofactors are not 0. Where all are, nothing is left to compare relative errors with: those
# are in tests/operators/linear_algebra.c.
SINGULAR = {
    "two": [[1, 2], [2, 4]],
    "three": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    "three_zero_row": [[1, 2, 3], [0, 0, 0], [2, 1, 5]],
    "four": [[1, 2, 3, 4], [2, 1, 0, 1], [3, 3, 3, 5], [1, 0, 2, 2]],
}


def singular_cases():
    for label, rows in SINGULAR.items():
        case(CASES, "det", "singular_" + label, determinant, [torch.tensor(rows, dtype=F64)])


def special_values():
    row = torch.tensor(EDGES[F64], dtype=F64)
    for a in (0.0, 1.0, INF, NAN):
        values_only(SPECIAL, "dot", f"by_{a}", lambda x, y: x[:, 0] * y[:, 0],
                    [row[:, None], torch.full((len(row), 1), a, dtype=F64)], signed_zeros=False)
    values_only(SPECIAL, "outer", "pairs", lambda a, b: a[:, None] * b[None, :], [row, row])
    for dtype in (F64, F32):
        name = {F64: "f64", F32: "f32"}[dtype]
        empty = torch.zeros([2, 0, 0], dtype=dtype)
        values_only(SPECIAL, "det", f"empty_{name}", torch.linalg.det, [empty])
        values_only(SPECIAL, "slogdet", f"empty_{name}", lambda x: tuple(torch.linalg.slogdet(x)), [empty])
        values_only(SPECIAL, "slogdet", f"zero_{name}", lambda x: tuple(torch.linalg.slogdet(x)),
                    [torch.zeros([2, 2], dtype=dtype)])
        values_only(SPECIAL, "det", f"nan_{name}", torch.linalg.det, [torch.full([2, 2], NAN, dtype=dtype)])
        edges = torch.tensor(EDGES[dtype], dtype=dtype)[:12]
        values_only(SPECIAL, "triangles", f"lower_{name}", torch.tril, [edges.reshape(3, 4)], [1, 1, 0],
                    signed_zeros=False)


if __name__ == "__main__":
    make([CASES, SPECIAL], product_cases, system_cases, square_cases, singular_cases, special_values,
         exempt=("cholesky", "solve", "solve_triangular", "inverse", "eigh", "cofactor", "cofactor_slope", "det", "slogdet"))
