"""Every differentiable row of the table of operators, for make_graphs.py: how a random graph applies it.

ROWS has under the name of a row a function of the graph, g, under construction. It chooses operands among the tensors
that the graph has, brings them to the shapes and into the domain that the row needs, by rows again, draws the
attributes, and applies the row with its definition in PyTorch. Where no tensor fits it raises Unfit, and the graph
takes another row.

Definitions are PyTorch's own functions where it has them, and else those of the scripts of the families beside this
file, which say where Gradtape differs on purpose. Backward operators are PyTorch's vector-Jacobian products of the
function that they belong to, or a formula of what they are given.

To add a row: to UNARY, BINARY or another of the dictionaries if it is like those, else a function under @row("name").
make_graphs.py then demands that it occurs in enough graphs. tests/every_operator/graphs.c lists the rows of the table
that are in none.
"""
import math

import torch
import torch.nn.functional as F

import make_activations as activations
import make_comparisons as comparisons
import make_core as core
import make_functions as functions
import make_indexing as indexing
import make_linear_algebra as linear_algebra
import make_losses as losses
import make_reductions as reductions
import make_scans as scans
import make_shapes as shapes
from golden import F32, F64, INF, axes_attribute, list_attribute, type_attribute

# Domains: what the elements of an operand lie between.
REAL, UNIT, POSITIVE, ABOVE_ONE = (-5, 5), (-0.96, 0.96), (0.3, 8), (1.2, 9)
# The most elements of a tensor inside a graph.
MOST_ELEMENTS = 36

ROWS = {}


class Unfit(Exception):
    """A row cannot be applied here."""


def row(name):
    def register(function):
        assert name not in ROWS, name
        ROWS[name] = function
        return function
    return register


# ---- Bringing operands into a domain --------------------------------------------------------------------------------

def scaled(g, x):
    return g.scale(x, round(3 / g.largest(x), 3))


def through_asinh(g, x):
    return g.unary("asinh", x)


def softsign(g, x):
    """x / (1 + |x|)"""
    return g.apply("div", torch.div, [x, g.shift(g.unary("abs", x), 1)])


def bounded(name, c):
    """c f(x), f bounded for what is in REAL"""
    return lambda g, x: g.scale(g.unary(name, within(g, x, REAL)), c)


def shifted(name, inner, c):
    """f(x) + c, f >= 0 of x in its domain `inner`"""
    return lambda g, x: g.shift(g.unary(name, within(g, x, inner)), c)


INTO = {
    REAL: [scaled, through_asinh, softsign],
    UNIT: [softsign] + [bounded(name, c) for name, c in (("tanh", 0.9), ("sin", 0.9), ("erf", 0.9), ("atan", 0.65))],
    POSITIVE: [shifted(name, inner, c) for name, inner, c in (
        ("softplus", REAL, 0.5), ("logistic", REAL, 0.4), ("exp", UNIT, 0.1), ("square", UNIT, 0.5), ("abs", REAL, 0.5),
        ("cosh", UNIT, -0.25))],
    ABOVE_ONE: [lambda g, x: g.shift(within(g, x, (0.3, 7)), 1)],
    (0.3, 7): [shifted("softplus", REAL, 0.5), shifted("exp", UNIT, 0.25)],
}


def within(g, x, domain):
    """x if it lies in the domain, else something made of it that does."""
    low, high = domain
    value = g.values[x]
    if value.min() >= low and value.max() <= high:
        return x
    if g.linear:
        if domain != REAL:
            raise Unfit
        return scaled(g, x)
    return g.choose(INTO[domain])(g, x)


# ---- Bringing operands to a shape -----------------------------------------------------------------------------------

def broadcasts(small, large):
    return len(small) <= len(large) and all(a in (1, b) for a, b in zip(reversed(small), reversed(large)))


def flat_part(g, x, n):
    """n elements of x, repeated where it has fewer."""
    count = g.count(x)
    if len(g.shape(x)) != 1:
        x = g.reshape(x, [-1])
    if g.chance(0.3):
        rows = [g.integer(0, count - 1) for _ in range(n)]
        return g.apply("gather_rows", core.gather_rows, [x, g.whole(rows, [n])])
    if count < n:
        counts = [-(-n // count)]
        x = g.apply("repeat", repeated(counts), [x], list_attribute(*counts))
    start = g.integer(0, g.count(x) - n)
    if g.count(x) == n:
        return x
    return g.apply("slice", shapes.sliced(0, start, start + n, 1), [x], [0, *list_attribute(start, start + n, 1)])


def fit(g, x, shape):
    """x in a shape: broadcast, in another order of sizes, or some of its elements."""
    shape = list(shape)
    if math.prod(shape) > MOST_ELEMENTS:
        raise Unfit
    if g.shape(x) == shape:
        return x
    if broadcasts(g.shape(x), shape) and g.chance(0.7):
        return g.broadcast_to(x, shape)
    if g.count(x) != math.prod(shape):
        x = flat_part(g, x, math.prod(shape))
    return x if g.shape(x) == shape else g.reshape(x, shape)


def like(g, shape):
    """A tensor of this shape."""
    same = g.pick(lambda s: s == list(shape), must=False)
    return fit(g, g.pick(), shape) if same is None or g.chance(0.3) else same


def with_rank(g, least, most=4):
    """A tensor of at least so many axes."""
    x = g.pick(lambda s: least <= len(s) <= most, must=False)
    return fit(g, g.pick(), [g.integer(2, 3) for _ in range(least)]) if x is None else x


def square(g, least=1, most=3):
    """A tensor of square matrices."""
    x = g.pick(lambda s: len(s) in (2, 3) and s[-1] == s[-2] and least <= s[-1] <= most, must=False)
    if x is not None and g.chance(0.7):
        return x
    n = g.integer(max(least, 2), most)
    return fit(g, g.pick(), g.choose([[n, n], [n, n], [2, n, n]]))


def together(g, n):
    """n tensors that broadcast; one of them is as wide as all together, if that is not too wide."""
    xs = [g.pick() for _ in range(n)]
    try:
        wide = list(torch.broadcast_shapes(*[g.shape(x) for x in xs]))
    except RuntimeError:
        wide = None
    if wide is None or math.prod(wide) > MOST_ELEMENTS:
        wide = g.shape(xs[0])
        xs = [x if broadcasts(g.shape(x), wide) else fit(g, x, g.narrowed(wide)) for x in xs]
    return xs


# ---- Element by element ---------------------------------------------------------------------------------------------

def vjp(function, n=1):
    """The gradients of the last n operands as a function of all operands. The first operand is dy."""
    def backward(dy, *xs):
        fixed, xs = xs[:len(xs) - n], xs[len(xs) - n:]
        gradients = torch.func.vjp(lambda *moved: function(*fixed, *moved), *xs)[1](dy)
        return gradients if n > 1 else gradients[0]
    return backward


def broadcast_first(function):
    """A function of operands that are equally wide, as one of operands that broadcast."""
    return lambda *xs: function(*torch.broadcast_tensors(*xs))


UNARY = {
    **{name: (function, REAL) for name, function in (core.UNARY | activations.UNARY | comparisons.ROUNDING).items()},
    "log": (torch.log, POSITIVE), "sqrt": (torch.sqrt, POSITIVE), "detach": (torch.detach, REAL),
    **{name: (function, REAL) for name, (function, _, _) in functions.UNARY.items()},
    "tan": (torch.tan, UNIT), "asin": (torch.asin, UNIT), "acos": (torch.acos, UNIT), "atanh": (torch.atanh, UNIT),
    "acosh": (torch.acosh, ABOVE_ONE), "one_minus_square": (lambda x: 1 - x * x, REAL),
    **{name: (functions.UNARY[name][0], POSITIVE)
       for name in ("log1p", "log2", "log10", "reciprocal", "rsqrt", "cbrt", "lgamma", "digamma")},
}
BINARY = {
    **{name: (function, REAL, REAL) for name, function in (core.BINARY | losses.BINARY).items()},
    "div": (torch.div, REAL, POSITIVE), "mul_exp": (losses.mul_exp, REAL, UNIT),
    "poisson_nll": (losses.poisson_nll, REAL, POSITIVE),
    "atan2": (torch.atan2, REAL, POSITIVE),
    "pow": (torch.pow, POSITIVE, UNIT), "hypot": (torch.hypot, REAL, POSITIVE),
    "fmod": (torch.fmod, REAL, POSITIVE), "logaddexp": (functions.logaddexp, REAL, REAL),
    "sub_logs": (torch.sub, REAL, REAL),
    "divide_or_zero": (functions.divide_or_zero, REAL, POSITIVE),
    "twice_product": (lambda a, b: 2 * a * b, REAL, REAL),
    "gelu_backward": (broadcast_first(vjp(activations.gelu)), REAL, REAL),
    "silu_backward": (broadcast_first(vjp(activations.silu)), REAL, REAL),
    "erf_backward": (broadcast_first(vjp(torch.erf)), REAL, REAL),
    "atan_backward": (broadcast_first(vjp(torch.atan)), REAL, REAL),
    "where_positive": (broadcast_first(core.where_positive), REAL, REAL),
    "where_not_positive": (core.where_not_positive, REAL, REAL), "times_sign": (core.times_sign, REAL, REAL),
}
# Beside the second operand, y, they have the x that it was made of as a hint: the result is a function of y. Here y
# stands for x too.
HINTED = {
    "tanh_backward": (broadcast_first(torch.ops.aten.tanh_backward), REAL, UNIT),
    "logistic_backward": (broadcast_first(torch.ops.aten.sigmoid_backward), REAL, UNIT),
    "elu_backward": (core.elu_backward, REAL, REAL), "selu_backward": (activations.selu_backward, REAL, REAL),
}
TERNARY = {
    "normal_nll": (losses.normal_nll, REAL, REAL, UNIT), "mul_add": (lambda x, w, b: x * w + b, REAL, REAL, REAL),
    "share_greater": (lambda v, a, b: torch.where(a > b, v, torch.where(a == b, v / 2, 0.0)), REAL, REAL, REAL),
    "mul_trunc_quotient": (functions.mul_trunc_quotient, REAL, REAL, POSITIVE),
    "mul_divide_or_zero": (lambda v, a, b: v * a / b, REAL, REAL, POSITIVE),
    "quotient_slope": (broadcast_first(vjp(torch.div)), REAL, REAL, POSITIVE),
    "quotient_slope_or_zero": (broadcast_first(vjp(functions.divide_or_zero)), REAL, REAL, POSITIVE),
    "atan2_backward": (lambda v, a, b: v * a / (a * a + b * b), REAL, REAL, POSITIVE),
    "logistic_cross_entropy_backward": (core.logistic_cross_entropy_backward, REAL, REAL, UNIT),
}


def bounds(g):
    return g.choose([(-0.75, 1.125), (-INF, 0.625), (0.375, INF), (-2.5, -0.125)])


# Attributes, the definition as a function of them, and domains.
WITH_ATTRIBUTES = {
    "shift": (lambda g: [g.short()], lambda c: lambda x: x + c, REAL),
    "scale": (lambda g: [g.short()], lambda c: lambda x: x * c, REAL),
    "divide_by": (lambda g: [g.short()], lambda c: lambda x: x / c, REAL),
    "pow_constant": (lambda g: [g.choose([2, 3, -1, 0.5, 1.5, -0.75, 1])], lambda c: lambda x: torch.pow(x, c),
                     POSITIVE),
    "leaky_relu": (lambda g: [g.choose([0.01, 0.25, -0.5])], activations.leaky_relu, REAL),
    "leaky_relu_backward": (lambda g: [g.choose([0.01, 0.25, -0.5])], activations.leaky_relu_backward, REAL, REAL),
    "pow_constant_backward": (lambda g: [g.choose([2, 3, -1, 0.5, 1.5, -0.75, 1])],
                              lambda c: broadcast_first(vjp(lambda x: torch.pow(x, c))), REAL, POSITIVE),
    "mul_polygamma": (lambda g: [g.integer(0, 3)], lambda n: lambda v, x: v * functions.polygamma(n)(x), REAL,
                      POSITIVE),
    "clamp": (bounds, comparisons.clamp, REAL),
    "clamp_backward": (bounds, lambda low, high: broadcast_first(comparisons.clamp_backward(low, high)), REAL, REAL),
    "huber": (lambda g: [g.choose([0.5, 1, 2.5])], losses.huber, REAL, REAL),
    "polygamma": (lambda g: [g.integer(0, 3)], functions.polygamma, POSITIVE),
    "mul_pow_derivative": (lambda g: g.choose([(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1), (3, 0)]),
                           functions.mul_pow_derivative, REAL, POSITIVE, UNIT),
}


def elementwise(name, domains, definition):
    """`definition` gives the function and the attributes."""
    def apply(g):
        function, attributes = definition(g)
        xs = [within(g, x, domain) for x, domain in zip(together(g, len(domains)), domains)]
        g.apply(name, function, xs, attributes)
    ROWS[name] = apply


def with_hint(name, function, domains):
    def apply(g):
        v, y = [within(g, x, domain) for x, domain in zip(together(g, 2), domains)]
        g.apply(name, lambda v, y, _: function(v, y), [v, y, y])
    ROWS[name] = apply


def register_elementwise():
    for name, (function, *domains) in (UNARY | BINARY | TERNARY).items():
        elementwise(name, domains, lambda g, function=function: (function, []))
    for name, (function, *domains) in HINTED.items():
        with_hint(name, function, domains)
    for name, (draw, of_attributes, *domains) in WITH_ATTRIBUTES.items():
        def definition(g, draw=draw, of_attributes=of_attributes):
            attributes = draw(g)
            return of_attributes(*attributes), attributes
        elementwise(name, domains, definition)


register_elementwise()


@row("where")
def where(g):
    a, b = together(g, 2)
    wide = list(torch.broadcast_shapes(g.shape(a), g.shape(b)))
    if g.chance(0.5):
        compared = g.choose(sorted(comparisons.COMPARING))
        other = fit(g, g.pick(), g.narrowed(wide))
        condition = g.apply(compared, comparisons.COMPARING[compared], [a, other])
        if g.chance(0.3):
            condition = g.apply("logical_not", torch.logical_not, [condition])
    else:
        shape = g.narrowed(wide)
        condition = g.whole([g.integer(-1, 1) for _ in range(math.prod(shape))], shape)
    g.apply("where", comparisons.where, [condition, a, b])


@row("cast")
def cast(g):
    """To f32 and back, both at once: no sum is made in f32, which would depend on its order."""
    x = within(g, g.pick(), REAL)
    narrow = g.apply("cast", lambda x: x.to(F32), [x], [type_attribute(F32)])
    g.apply("cast", lambda x: x.to(F64), [narrow], [type_attribute(F64)])


# ---- Reductions -----------------------------------------------------------------------------------------------------

def some_axes(g, rank):
    """Axes, none of them for all, and whether they are kept."""
    axes = sorted(g.sample(range(rank), g.integer(0, rank)))
    axes = [axis - rank if g.chance(0.3) else axis for axis in axes]
    return axes, g.chance(0.5)


def correction(g):
    return [g.choose([0, 0.5])]


# Of the first axis, as those of the family's script.
REDUCTIONS = {
    "sum": lambda x: x.sum(0), "mean": lambda x: x.mean(0), "max": lambda x: torch.amax(x, 0),
    "min": lambda x: torch.amin(x, 0), "logsumexp": lambda x: torch.logsumexp(x, 0), "prod": reductions.prod,
    "sum_squares": lambda x: (x * x).sum(0),
}
REDUCTIONS_WITH_NUMBER = {
    "var": (correction, lambda c: lambda x: torch.var(x, 0, correction=c)), "std": (correction, reductions.std),
    "norm": (lambda g: [g.choose([1, 2, INF])], reductions.norm),
}


def reduction(name, definition):
    def apply(g):
        function, more = definition(g)
        x = within(g, g.pick(), REAL)
        axes, keep = some_axes(g, len(g.shape(x)))
        g.apply(name, reductions.over(axes, keep, function), [x], [*axes_attribute(*axes, keep=keep), *more])
    ROWS[name] = apply


def register_reductions():
    for name, function in REDUCTIONS.items():
        reduction(name, lambda g, function=function: (function, []))
    for name, (draw, of_number) in REDUCTIONS_WITH_NUMBER.items():
        def definition(g, draw=draw, of_number=of_number):
            number = draw(g)
            return of_number(*number), number
        reduction(name, definition)


register_reductions()


@row("deviations")
def deviations(g):
    x = within(g, with_rank(g, 1), REAL)
    axes, _ = some_axes(g, len(g.shape(x)))
    g.apply("deviations", lambda x: x - x.mean(tuple(axes or range(x.dim())), keepdim=True), [x],
            axes_attribute(*axes))


def tied(g):
    """A tensor of whole numbers, its largest with axes kept, and the axes."""
    x = g.apply("round", torch.round, [g.scale(within(g, with_rank(g, 1), REAL), 0.5)])
    axes, _ = some_axes(g, len(g.shape(x)))
    largest = g.apply("max", reductions.over(axes, True, REDUCTIONS["max"]), [x], axes_attribute(*axes, keep=True))
    return x, largest, axes


@row("spread_ties")
def spread_ties(g):
    x, largest, axes = tied(g)
    v = like(g, g.shape(largest))
    g.apply("spread_ties", spread_by_count(axes), [v, x, largest], axes_attribute(*axes))


def spread_by_count(axes):
    def function(v, x, y):
        ties = (x == y).to(F64)
        return v * ties / ties.sum(tuple(axes or range(x.dim())), keepdim=True)
    return function


@row("mean_ties")
def mean_ties(g):
    x, largest, axes = tied(g)
    g.apply("mean_ties", core.mean_ties(axes), [like(g, g.shape(x)), x, largest], axes_attribute(*axes, keep=True))


@row("logsumexp_backward")
def logsumexp_backward(g):
    x = within(g, with_rank(g, 1), REAL)
    v = like(g, [1 if g.chance(0.5) else size for size in g.shape(x)])
    parts = fit(g, v, [2, g.count(v)])
    g.apply("logsumexp_backward", reductions.logsumexp_backward, [v, x, parts])


@row("sum_to")
def sum_to(g):
    x = g.pick()
    shape = g.narrowed(g.shape(x))
    g.apply("sum_to", core.sum_to(shape), [x], list_attribute(*shape))


@row("trace")
def trace(g):
    g.apply("trace", reductions.trace, [with_rank(g, 2)])


# ---- Shapes ---------------------------------------------------------------------------------------------------------

def repeated(counts):
    return lambda x: x.repeat(counts)


def any_axis(g, rank):
    axis = g.integer(0, rank - 1)
    return axis - rank if g.chance(0.3) else axis


@row("reshape")
def reshape(g):
    x = g.pick()
    sizes = g.factors(g.count(x))
    if g.chance(0.3) and sizes:
        sizes[g.integer(0, len(sizes) - 1)] = -1
    g.reshape(x, sizes)


@row("transpose")
def transpose(g):
    g.apply("transpose", lambda x: x.mT, [with_rank(g, 2)])


@row("broadcast_to")
def broadcast_to(g):
    x = g.pick(lambda s: math.prod(s) <= 12 and len(s) <= 3)
    shape = [g.integer(2, 3) if size == 1 else size for size in g.shape(x)]
    g.broadcast_to(x, [g.integer(1, 3)] + shape if shape == g.shape(x) or g.chance(0.3) else shape)


def python_range(g, n):
    """Start, stop and step of a slice that is not empty, some of them as Python counts from the end."""
    while True:
        start, stop, step = g.integer(-n, n - 1), g.integer(-n - 2, n + 2), g.choose([1, 1, 2, -1, -2])
        if len(range(n)[start:stop:step]):
            return start, stop, step


@row("slice")
def slice_(g):
    x = with_rank(g, 1)
    axis = any_axis(g, len(g.shape(x)))
    limits = python_range(g, g.shape(x)[axis])
    g.apply("slice", shapes.sliced(axis, *limits), [x], [axis, *list_attribute(*limits)])


@row("slice_backward")
def slice_backward(g):
    n = g.integer(2, 5)
    start, stop, step = python_range(g, n)
    places = list(range(n)[start:stop:step])
    v = g.pick(lambda s: len(places) in s, must=False)
    v = fit(g, g.pick(), [len(places), 2]) if v is None else v
    axis = g.shape(v).index(len(places))

    def function(v):
        shape = list(v.shape)
        shape[axis] = n
        return torch.zeros(shape, dtype=v.dtype).index_copy(axis, torch.tensor(places), v)
    g.apply("slice_backward", function, [v], [n, axis, *list_attribute(start, stop, step)])


@row("concat")
def concat(g):
    first = with_rank(g, 1)
    axis = any_axis(g, len(g.shape(first)))

    def beside(shape):
        return (len(shape) == len(g.shape(first))
                and all(a == b for d, (a, b) in enumerate(zip(shape, g.shape(first))) if d != axis % len(shape)))
    xs = [first] + [g.pick(beside) for _ in range(g.integer(0, 3))]
    g.apply("concat", lambda *xs: torch.cat(xs, axis), xs, [axis])


@row("stack")
def stack(g):
    first = g.pick(lambda s: math.prod(s) <= 12 and len(s) <= 3)
    axis = g.integer(-len(g.shape(first)) - 1, len(g.shape(first)))
    xs = [first] + [like(g, g.shape(first)) for _ in range(g.integer(0, 2))]
    g.apply("stack", lambda *xs: torch.stack(xs, axis), xs, [axis])


@row("pad")
def pad(g):
    x = with_rank(g, 1, 3)
    before, after = ([g.integer(0, 1) for _ in g.shape(x)] for _ in range(2))
    sizes = [size for pair in reversed(list(zip(before, after))) for size in pair]
    value = 0 if g.linear else g.short()
    g.apply("pad", lambda x: F.pad(x, sizes, value=value), [x],
            [*list_attribute(*before), *list_attribute(*after), value])


@row("permute")
def permute(g):
    x = with_rank(g, 2)
    rank = len(g.shape(x))
    order = [axis - rank if g.chance(0.3) else axis for axis in g.sample(range(rank), rank)]
    g.apply("permute", lambda x: x.permute(order), [x], list_attribute(*order))


@row("flip")
def flip(g):
    x = with_rank(g, 1)
    axes, _ = some_axes(g, len(g.shape(x)))
    g.apply("flip", lambda x: x.flip(axes or list(range(x.dim()))), [x], axes_attribute(*axes))


@row("repeat")
def repeat(g):
    x = g.pick(lambda s: math.prod(s) <= 12)
    counts = [g.integer(1, 2) for _ in g.shape(x)]
    g.apply("repeat", repeated(counts), [x], list_attribute(*counts))


@row("squeeze")
def squeeze(g):
    x = g.pick(lambda s: 1 in s, must=False)
    if x is None:
        x = g.pick(lambda s: len(s) < 4)
        x = g.apply("expand_dims", lambda x: x.unsqueeze(0), [x], [0])
    ones = [axis for axis, size in enumerate(g.shape(x)) if size == 1]
    axes = g.sample(ones, g.integer(0, len(ones)))
    g.apply("squeeze", lambda x: x.squeeze(tuple(axes or ones)), [x], axes_attribute(*axes))


@row("expand_dims")
def expand_dims(g):
    x = g.pick(lambda s: len(s) < 4)
    axis = g.integer(-len(g.shape(x)) - 1, len(g.shape(x)))
    g.apply("expand_dims", lambda x: x.unsqueeze(axis), [x], [axis])


# ---- Along an axis --------------------------------------------------------------------------------------------------

ALONG = {
    **scans.SCANS, "softmax": lambda x: torch.softmax(x, 0), "log_softmax": lambda x: torch.log_softmax(x, 0),
}


def along(name, function):
    def apply(g):
        x = within(g, with_rank(g, 1), REAL)
        axis = any_axis(g, len(g.shape(x)))
        g.apply(name, scans.along(axis, function), [x], [axis])
    ROWS[name] = apply


for scan, of_first_axis in ALONG.items():
    along(scan, of_first_axis)


def of_equal_shapes(name, definition, n, domain):
    """A row of n operands along an axis, the last of them in a domain; `definition` makes a function of the axis."""
    def apply(g):
        x = within(g, with_rank(g, 1), domain)
        axis = any_axis(g, len(g.shape(x)))
        g.apply(name, definition(axis), [*(like(g, g.shape(x)) for _ in range(n - 1)), x], [axis])
    ROWS[name] = apply


def prod_others(x):
    """For each element the product of the others."""
    return scans.prod_before(x) * scans.prod_after(x)


def cumulative_weights(x):
    """e^(x_j - y_i) for j <= i, y = logcumsumexp(x), with i before j."""
    n = x.shape[0]
    weights = torch.exp(x[None] - scans.logcumsumexp(x)[:, None])
    return torch.where(torch.tril(torch.ones(n, n, dtype=torch.bool)).reshape(n, n, *[1] * (x.dim() - 1)), weights, 0.0)


def logcumsumexp_slope(u, x):
    return (cumulative_weights(x) * u[None]).sum(1)


def logcumsumexp_bend(v, u, x):
    return (cumulative_weights(x) * v[:, None] * (u[None] - logcumsumexp_slope(u, x)[:, None])).sum(0)


def first_axis(function):
    return lambda axis: scans.along(axis, function)


for of_shapes, (of_axis, n_operands, last) in {
    "softmax_backward": (core.softmax_backward, 2, UNIT), "weighted_deviation": (core.weighted_deviation, 2, UNIT),
    "log_softmax_backward": (core.log_softmax_backward, 2, UNIT),
    "cumprod_backward": (first_axis(vjp(scans.cumprod)), 2, REAL),
    "prod_others": (first_axis(lambda v, x: v * prod_others(x)), 2, REAL),
    "prod_slope": (first_axis(vjp(prod_others)), 2, REAL),
    "logcumsumexp_backward": (first_axis(vjp(scans.logcumsumexp)), 2, REAL),
    "logcumsumexp_slope": (first_axis(logcumsumexp_slope), 2, REAL),
    "logcumsumexp_bend": (first_axis(logcumsumexp_bend), 3, REAL),
}.items():
    of_equal_shapes(of_shapes, of_axis, n_operands, last)


@row("recurrence")
def recurrence(g):
    a = within(g, with_rank(g, 1), UNIT)
    axis, backwards = any_axis(g, len(g.shape(a))), g.integer(0, 1)
    g.apply("recurrence", scans.along(axis, scans.recurrence(backwards)), [a, like(g, g.shape(a))], [axis, backwards])


@row("beside")
def beside(g):
    x = with_rank(g, 1)
    axis, backwards, edge = any_axis(g, len(g.shape(x))), g.integer(0, 1), 0 if g.linear else g.short()
    g.apply("beside", scans.along(axis, scans.beside(backwards, edge)), [x], [axis, backwards, edge])


@row("top_k")
def top_k(g):
    x = with_rank(g, 1)
    axis = any_axis(g, len(g.shape(x)))
    k = g.integer(1, g.shape(x)[axis])
    g.apply("top_k", scans.along(axis, scans.top_k(k)), [x], [axis, k])


# ---- By index -------------------------------------------------------------------------------------------------------

def indices(g, shape, n):
    return g.whole([g.integer(0, n - 1) for _ in range(math.prod(shape))], shape)


@row("gather_rows")
def gather_rows(g):
    x = with_rank(g, 1, 3)
    rows = indices(g, g.choose([[], [2], [3], [2, 2]]), g.shape(x)[0])
    g.apply("gather_rows", core.gather_rows, [x, rows])


@row("scatter_add_rows")
def scatter_add_rows(g):
    v, n = with_rank(g, 1, 3), g.integer(2, 4)
    rows = indices(g, g.shape(v)[:g.integer(1, len(g.shape(v)))], n)
    g.apply("scatter_add_rows", core.scatter_add_rows(n), [v, rows], [n])


@row("gather")
def gather(g):
    x = with_rank(g, 1)
    axis = any_axis(g, len(g.shape(x)))
    if g.chance(0.2):
        places = g.apply("argsort", scans.along(axis, scans.argsort), [x], [axis])
    else:
        shape = [1 if g.chance(0.3) else size for size in g.shape(x)]
        shape[axis] = g.integer(1, 4)
        places = indices(g, shape, g.shape(x)[axis])
    g.apply("gather", indexing.gathered(axis), [x, places], [axis])


@row("scatter_add")
def scatter_add(g):
    v, n = with_rank(g, 1), g.integer(2, 4)
    axis = any_axis(g, len(g.shape(v)))
    shape = [1 if g.chance(0.3) else size for size in g.shape(v)]
    shape[axis] = g.shape(v)[axis]
    g.apply("scatter_add", indexing.scattered(axis, n), [v, indices(g, shape, n)], [axis, n])


@row("tril")
def tril(g):
    k = g.integer(-1, 2)
    g.apply("tril", lambda x: torch.tril(x, k), [with_rank(g, 2)], [k])


@row("triu")
def triu(g):
    k = g.integer(-2, 1)
    g.apply("triu", lambda x: torch.triu(x, k), [with_rank(g, 2)], [k])


@row("diagonal")
def diagonal(g):
    x = with_rank(g, 2)
    k = g.integer(1 - g.shape(x)[-2], g.shape(x)[-1] - 1)
    g.apply("diagonal", lambda x: torch.diagonal(x, k, -2, -1), [x], [k])


@row("diagonal_matrix")
def diagonal_matrix(g):
    x = g.pick(lambda s: 1 <= len(s) <= 2 and s[-1] <= 4)
    k = g.integer(-1, 1)
    side = g.shape(x)[-1] + abs(k)
    g.apply("diagonal_matrix", lambda x: torch.diag_embed(x, k), [x], [k, side, side])


@row("tril_pack")
def tril_pack(g):
    x = square(g, 2)
    n = g.shape(x)[-1]
    k = -g.integer(0, n - 1)
    g.apply("tril_pack", indexing.pack(n + k, k), [x], [k])


@row("tril_unpack")
def tril_unpack(g):
    d, k = g.integer(1, 3), -g.integer(0, 1)
    n = d * (d + 1) // 2
    g.apply("tril_unpack", indexing.unpack(d, k), [like(g, g.choose([[n], [2, n]]))], [k])


# ---- Linear algebra -------------------------------------------------------------------------------------------------

@row("dot")
def dot(g):
    a = with_rank(g, 1)
    g.apply("dot", torch.linalg.vecdot, [a, like(g, g.choose([g.shape(a), g.shape(a)[-1:]]))])


@row("outer")
def outer(g):
    a, b = g.pick(lambda s: len(s) == 1), g.pick(lambda s: 1 <= len(s) <= 2)
    g.apply("outer", lambda a, b: a[..., :, None] * b[..., None, :], [a, b])


def product(name, transposed):
    """Letters: which operand is stored transposed."""
    def apply(g):
        a = within(g, with_rank(g, 2, 3), REAL)
        batch, rows = g.shape(a)[:-2], g.shape(a)[-2:]
        k, n = rows[0] if transposed == "tn" else rows[1], g.integer(1, 3)
        b = like(g, [*(batch if g.chance(0.5) else []), *([n, k] if transposed == "nt" else [k, n])])
        g.apply(name, core.MATMUL[name], [a, within(g, b, REAL)])
    ROWS[name] = apply


for transposed_operands in ("", "nt", "tn"):
    product("_".join(["matmul", transposed_operands]).rstrip("_"), transposed_operands)


def regular(g, x):
    """Square matrices whose diagonal dominates."""
    n = g.shape(x)[-1]
    eye = g.apply("eye", lambda: torch.eye(n, dtype=F64), [], [type_attribute(F64), *list_attribute(n, n)])
    return g.apply("add", torch.add, [within(g, x, UNIT), g.scale(eye, 3)])


def symmetric(g, x):
    """Square matrices, symmetric to the last bit, with eigenvalues that are apart and, for up to 3 rows, positive."""
    n = g.shape(x)[-1]
    x = g.scale(within(g, x, UNIT), 0.5)
    x = g.apply("add", torch.add, [x, g.apply("transpose", lambda x: x.mT, [x])])
    steps = g.apply("arange", lambda: torch.arange(n, dtype=F64), [], [type_attribute(F64), *list_attribute(n)])
    steps = g.shift(g.scale(steps, 3), 3)
    return g.apply("add", torch.add, [x, g.apply("diagonal_matrix", torch.diag_embed, [steps], [0, n, n])])


@row("cholesky")
def cholesky(g):
    g.apply("cholesky", linear_algebra.cholesky, [symmetric(g, square(g))])


@row("eigh")
def eigh(g):
    g.apply("eigh", linear_algebra.eigh, [symmetric(g, square(g))])


@row("inverse")
def inverse(g):
    g.apply("inverse", torch.linalg.inv, [regular(g, square(g))])


@row("slogdet")
def slogdet(g):
    g.apply("slogdet", lambda x: tuple(torch.linalg.slogdet(x)), [regular(g, square(g))])


@row("slogdet_slope")
def slogdet_slope(g):
    a = regular(g, square(g))

    def function(a, dlog):
        w = torch.linalg.inv(a).mT
        return dlog[..., None, None] * w, w
    g.apply("slogdet_slope", function, [a, like(g, g.shape(a)[:-2])])


@row("cofactor_inverse")
def cofactor_inverse(g):
    g.apply("cofactor_inverse", lambda a: torch.linalg.inv(a).mT, [regular(g, square(g))])


@row("det")
def det(g):
    g.apply("det", linear_algebra.determinant, [within(g, square(g), REAL)])


@row("cofactor")
def cofactor(g):
    """Not of 2 rows: there the second derivatives are 0, and ours, by an inverse, are only nearly 0."""
    g.apply("cofactor", linear_algebra.cofactor, [regular(g, square(g, 3))])


@row("cofactor_slope")
def cofactor_slope(g):
    a = regular(g, square(g, 3))
    g.apply("cofactor_slope", linear_algebra.cofactor_slope, [a, like(g, g.shape(a))])


def right_side(g, a):
    """[..., n, k] for matrices a [..., n, n]"""
    k, batch = g.integer(1, 2), g.shape(a)[:-2]
    return like(g, [*(batch if g.chance(0.5) else []), g.shape(a)[-1], k])


def as_matrices(function):
    """torch.linalg.solve would take b for a batch of vectors where it has an axis less than a."""
    return lambda a, b: function(a, b.expand(torch.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:]))


@row("solve")
def solve(g):
    a, transposed = regular(g, square(g)), g.integer(0, 1)
    g.apply("solve", as_matrices(linear_algebra.solve(transposed)), [a, right_side(g, a)], [transposed])


@row("solve_triangular")
def solve_triangular(g):
    a, kind = regular(g, square(g)), g.integer(0, 7)
    function = as_matrices(linear_algebra.solve_triangular(kind))
    g.apply("solve_triangular", function, [a, right_side(g, a)], [kind])


@row("triangles")
def triangles(g):
    weights = [g.choose([0, 1, 0.5, -2]) for _ in range(3)]
    g.apply("triangles", linear_algebra.triangles(*weights), [with_rank(g, 2)], weights)


def numbers_apart(g, shape):
    """In the last axis more than 1 apart."""
    n = shape[-1]
    steps = g.apply("arange", lambda: torch.arange(n, dtype=F64), [], [type_attribute(F64), *list_attribute(n)])
    return g.apply("add", torch.add, [within(g, like(g, shape), UNIT), g.scale(steps, 3)])


@row("divide_by_gaps")
def divide_by_gaps(g):
    x = square(g, 2)
    g.apply("divide_by_gaps", linear_algebra.divide_by_gaps, [x, numbers_apart(g, g.shape(x)[:-1])])


@row("divide_by_eigen_gaps")
def divide_by_eigen_gaps(g):
    """The last three operands decide only where numbers are near each other, and have no gradient."""
    z = square(g, 2)
    w = numbers_apart(g, g.shape(z)[:-1])
    deciding = [like(g, g.shape(z)), like(g, g.shape(w)), like(g, g.shape(z))]
    g.apply("divide_by_eigen_gaps", lambda z, w, *_: linear_algebra.divide_by_gaps(z, w), [z, w, *deciding],
            [g.integer(1, 3), g.integer(0, 1)])


# ---- Losses of classes ----------------------------------------------------------------------------------------------

def logits_and_labels(g):
    """[n,c], c > 1, and n numbers below c."""
    z = g.pick(lambda s: len(s) == 2 and s[1] > 1, must=False)
    z = within(g, fit(g, g.pick(), [g.integer(1, 3), g.integer(2, 4)]) if z is None else z, REAL)
    n, c = g.shape(z)
    return z, indices(g, [n], c)


@row("softmax_cross_entropy")
def softmax_cross_entropy(g):
    g.apply("softmax_cross_entropy", core.softmax_cross_entropy, logits_and_labels(g))


@row("softmax_cross_entropy_backward")
def softmax_cross_entropy_backward(g):
    z, labels = logits_and_labels(g)
    dy = like(g, g.shape(z)[:1])
    g.apply("softmax_cross_entropy_backward", core.softmax_cross_entropy_backward, [dy, z, labels])


@row("softmax_cross_entropy_with")
def softmax_cross_entropy_with(g):
    z, labels = logits_and_labels(g)
    weights, smoothing = within(g, like(g, g.shape(z)[1:]), POSITIVE), g.choose([0, 0.125, 0.3])
    g.apply("softmax_cross_entropy_with", losses.cross_entropy_with(smoothing), [z, labels, weights], [smoothing])


@row("softmax_cross_entropy_with_backward")
def softmax_cross_entropy_with_backward(g):
    z, labels = logits_and_labels(g)
    weights, smoothing = within(g, like(g, g.shape(z)[1:]), POSITIVE), g.choose([0, 0.125, 0.3])
    dy = like(g, g.shape(z)[:1])
    g.apply("softmax_cross_entropy_with_backward", losses.cross_entropy_with_backward(smoothing),
            [dy, z, labels, weights], [smoothing])


# ---- Fused -----------------------------------------------------------------------------------------------------------

# In the order of ad_activation, whose 0 is the identity here: the function of z, and dz of dy and y.
ACTIVATIONS = [
    (lambda z: z, lambda dy, y: dy), (torch.relu, core.where_positive), (torch.tanh, torch.ops.aten.tanh_backward),
    (torch.sigmoid, torch.ops.aten.sigmoid_backward), (core.softplus, lambda dy, y: -torch.expm1(-y) * dy),
    (core.elu, core.elu_backward),
]


@row("linear")
def linear(g):
    x = within(g, with_rank(g, 1, 3), REAL)
    d, h, activation = g.shape(x)[-1], g.integer(1, 3), g.integer(0, 5)
    w, b = within(g, like(g, [d, h]), REAL), within(g, like(g, [h]), REAL)
    if (g.values[x] @ g.values[w] + g.values[b]).abs().max() > REAL[1]:
        raise Unfit  # a tanh near 1 has few digits of its slope, 1 - y^2
    g.apply("linear", lambda x, w, b: ACTIVATIONS[activation][0](x @ w + b), [x, w, b], [activation])


@row("linear_backward")
def linear_backward(g):
    y = within(g, with_rank(g, 1, 3), REAL)
    dy, activation = like(g, g.shape(y)), g.integer(0, 5)

    def function(dy, y, _):
        dz = ACTIVATIONS[activation][1](dy, y)
        return dz, dz.reshape(-1, dz.shape[-1]).sum(0)
    g.apply("linear_backward", function, [dy, y, y], [activation])  # y stands for z, which is a hint


@row("mul_backward")
def mul_backward(g):
    a, b = together(g, 2)
    dy = like(g, torch.broadcast_shapes(g.shape(a), g.shape(b)))
    g.apply("mul_backward", vjp(torch.mul, 2), [dy, a, b])


def layer_norm(epsilon):
    return lambda x, gain, bias: F.layer_norm(x, x.shape[-1:], gain, bias, epsilon)


def normalised(epsilon):
    """Differentiable as often as one likes, which the fused function is not."""
    def function(x, gain, bias):
        return (x - x.mean(-1, True)) * torch.rsqrt(x.var(-1, correction=0, keepdim=True) + epsilon) * gain + bias
    return function


@row("layer_norm")
def layer_norm_(g):
    x, epsilon = within(g, with_rank(g, 1, 3), REAL), g.choose([0.01, 0.25])
    d = g.shape(x)[-1:]
    g.apply("layer_norm", layer_norm(epsilon), [x, like(g, d), like(g, d)], [epsilon])


@row("layer_norm_backward")
def layer_norm_backward(g):
    x, epsilon = within(g, with_rank(g, 1, 3), REAL), g.choose([0.01, 0.25])
    dy, gain = like(g, g.shape(x)), like(g, g.shape(x)[-1:])

    def function(dy, x, gain):
        return vjp(normalised(epsilon), 3)(dy, x, gain, torch.zeros_like(gain))
    g.apply("layer_norm_backward", function, [dy, x, gain], [epsilon])


def lstm_cell(gates, cell):
    forget, enter, output, candidate = gates.chunk(4, -1)
    activated = [torch.sigmoid(forget), torch.sigmoid(enter), torch.sigmoid(output), torch.tanh(candidate)]
    after = activated[0] * cell + activated[1] * activated[3]
    return activated[2] * torch.tanh(after), after, torch.cat([*activated, torch.tanh(after)], -1)


def lstm_cell_backward(dh, dnext, activated, cell, gates, after):
    f, i, o, c, t = activated.chunk(5, -1)
    s = dnext + o * (1 - t ** 2) * dh
    gates = [s * cell * f * (1 - f), s * c * i * (1 - i), t * dh * o * (1 - o), s * i * (1 - c ** 2)]
    return torch.cat(gates, -1), s * f


@row("lstm_cell")
def lstm_cell_(g):
    cell = g.pick(lambda s: 1 <= len(s) <= 2 and math.prod(s) <= 6)
    *rest, h = g.shape(cell)
    g.apply("lstm_cell", lstm_cell, [within(g, like(g, [*rest, 4 * h]), REAL), within(g, cell, REAL)])


@row("lstm_cell_backward")
def lstm_cell_backward_(g):
    cell = g.pick(lambda s: 1 <= len(s) <= 2 and math.prod(s) <= 6)
    *rest, h = g.shape(cell)
    activated = within(g, like(g, [*rest, 5 * h]), UNIT)
    dh, dnext = like(g, [*rest, h]), like(g, [*rest, h])
    # Hints beside what is activated; others of their shapes stand for them.
    gates = g.apply("slice", shapes.sliced(-1, 0, 4 * h, 1), [activated], [-1, *list_attribute(0, 4 * h, 1)])
    g.apply("lstm_cell_backward", lstm_cell_backward, [dh, dnext, activated, cell, gates, dnext])


# ---- What make_graphs.py knows of rows besides -----------------------------------------------------------------------

# Rows that round nothing: they move elements, choose among them or make whole numbers of them.
EXACT = [
    "neg", "abs", "relu", "step", "sign", "floor", "ceil", "round", "hardtanh", "clamp", "clamp_backward", "detach",
    "maximum", "minimum", "where", "where_positive", "where_not_positive", "times_sign", "max", "min", "cummax",
    "sort", "top_k", "reshape", "transpose", "broadcast_to", "slice", "slice_backward", "concat", "stack",
    "pad", "permute", "flip", "repeat", "squeeze", "expand_dims", "beside", "gather_rows", "gather", "tril", "triu",
    "diagonal", "diagonal_matrix", "tril_pack", "tril_unpack", "cast",
]
# Rows that round each element as they round the largest one: they use eliminations and rotations.
DENSE = [
    "cholesky", "eigh", "inverse", "slogdet", "slogdet_slope", "det", "cofactor", "cofactor_slope", "cofactor_inverse",
    "solve", "solve_triangular",
]
# Rows that a graph is linear with, whatever feeds their operands.
LINEAR = [
    "add", "sub", "neg", "scale", "divide_by", "deviations", "sum", "mean", "sum_to", "trace", "reshape", "transpose",
    "broadcast_to", "slice", "slice_backward", "concat", "stack", "pad", "permute", "flip", "repeat", "squeeze",
    "expand_dims", "cumsum", "cumsum_backward", "beside", "gather_rows", "scatter_add_rows", "gather", "scatter_add",
    "tril", "triu", "diagonal", "diagonal_matrix", "tril_pack", "tril_unpack", "triangles", "cast",
]
