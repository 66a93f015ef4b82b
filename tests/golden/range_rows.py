"""The rows of the table of operators, as formulas in numbers of any precision: the calls that make_range.py makes of
each, and what they give. A new row needs one here, by each() if it is element-wise, else by call()."""
from mpmath import mp, mpf

EXPONENTS = {"f32": (0, 20, -20, 38, -38), "f64": (0, 150, -150, 300, -300)}
MANTISSAS = ((.71, -.37, .53, -.89), (.61, .43, -.97, -.29), (.47, -.83, -.59, .93))
SPREAD = (.71, -.37, .53, -.89, .61, -.43, .97, -.29, .47, -.83, .59, .93, -.67, .79, -.31, .57)
UPSTREAM = (.77, -.63, .91, .39, -.51, .83, -.45, .69, .35, -.99)
AD_F32, AD_F64, AD_I32 = 0, 1, 2
ALL_AXES = (0, 0)

# The operands of backward rows that stand where an upstream gradient was, if not the first one of ..._backward.
VELOCITIES = {"lstm_cell_backward": (0, 1), "cofactor_slope": (1,), "slogdet_slope": (1,),
              "logcumsumexp_slope": (0,), "logcumsumexp_bend": (0, 1)}
VELOCITIES.update(dict.fromkeys((
    "divide_by_eigen_gaps", "divide_by_gaps", "mul_divide_or_zero", "mul_polygamma", "mul_pow_derivative",
    "mul_trunc_quotient", "prod_others", "prod_slope", "quotient_slope", "quotient_slope_or_zero", "weighted_deviation"), (0,)))

CASES = {}


# ---- Cases -----------------------------------------------------------------------------------------------------------

class Case:
    """A row's call. f takes a list of numbers for each operand, and returns one for each result. That of an
    element-wise row takes numbers and returns one, or a tuple of its terms where one would swallow the digits of
    another."""

    def __init__(self, row, f, operands, results, label="-", attributes=(), groups=None, constant=(), gradient=True,
                 upstream=UPSTREAM, whole=(), types=("f32", "f64"), mixed=False, elementwise=False, exact=(), deep=1,
                 bounded=(), factors=(), cancels=False):
        self.row, self.f, self.label, self.attributes, self.types = row, f, label, attributes, types
        self.operands, self.results, self.gradient, self.elementwise = operands, results, gradient, elementwise
        self.whole = whole          # results of i32
        self.exact = exact          # results that are constant almost everywhere
        self.reals = [i for i, x in enumerate(operands) if x[0] == "r"]
        self.upstream = upstream
        self.bounded = bounded      # operands that are never above order 1
        self.factors = factors      # operands of which at most one is not of order 1
        self.cancels = cancels      # gradients are sums of products of the velocities that cancel, to 0 for instance
        self.velocities = VELOCITIES.get(row, (0,) if row.endswith("_backward") else ())
        self.groups = groups or [[i] for i in self.reals]  # operands of one exponent
        self.constant = constant    # operands whose gradient is 0
        self.mixed, self.deep = mixed, deep  # deep: so many times the digits; values then owe nothing to rounding
        CASES.setdefault(row, []).append(self)


def size(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def real(shape, mantissas=None, seed=0):
    return ("r", tuple(shape), list(mantissas or (SPREAD * 2)[seed:seed + size(shape)]))


def index(shape, numbers):
    return ("i", tuple(shape), list(numbers))


def each(row, f, n=1, signs="***", times=(1, 1, 1), **more):
    """An element-wise row of n real operands; f takes numbers. A sign + makes an operand positive."""
    operands = [real([4], [round(t * (abs(m) if s == "+" else m), 6) for m in ms])
                for ms, s, t in zip(MANTISSAS[:n], signs, times)]
    Case(row, f, operands, [(4,)], elementwise=True, **more)


def call(row, f, shapes, results, **more):
    """Any other row; a shape may be a whole operand."""
    operands = [s if s and s[0] in ("r", "i") else real(s, seed=4 * i) for i, s in enumerate(shapes)]
    Case(row, f, operands, [tuple(r) for r in results], mixed=len(operands) == 1 and more.pop("mixed", True), **more)


# ---- Functions -------------------------------------------------------------------------------------------------------

def kept(f):
    """Keeps what it computed: a difference by one operand asks for what belongs to the others again."""
    known = {}

    def g(x):
        x = mpf(x)
        key = mp.prec, x._mpf_
        if key not in known:
            if len(known) > 10**4:
                known.clear()
            known[key] = f(x)
        return known[key]
    return g


exp, log, sqrt = kept(mp.exp), kept(mp.log), mp.sqrt


def logistic(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return log(1 + exp(x))


def tanh(x):
    e = exp(-2 * abs(x))
    return mp.sign(x) * (1 - e) / (1 + e)


def erfc(x):
    return mpf(1 - mp.sign(x)) if abs(x) > 10**6 else mp.erfc(x)


def erf(x):
    return mpf(mp.sign(x)) if abs(x) > 10**6 else mp.erf(x)


def phi_above(x):
    return erfc(-x / sqrt(2)) / 2


def density(x):
    return exp(-x * x / 2) / sqrt(2 * mp.pi)


def few_digits(f):
    """A function of the gamma family, which takes long, with what a difference of two of its values needs."""
    def g(x):
        with mp.workdps(min(mp.dps, 700)):
            return f(x)
    return kept(g)


lgamma, digamma = few_digits(mp.loggamma), few_digits(mp.digamma)


def few_digits_of_product(n):
    f = few_digits(lambda x: mp.polygamma(n, x))
    return lambda v, x: v * f(x)


def truncated(x):
    return mp.sign(x) * mp.floor(abs(x))


def choose(condition, a, b):
    return a if condition else b


SELU_S, SELU_A = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")


def rows_of_one():
    each("abs", abs)
    each("neg", lambda x: -x)
    each("square", lambda x: x * x)
    each("sqrt", sqrt)
    each("rsqrt", lambda x: 1 / sqrt(x), signs="+")
    each("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)))
    each("reciprocal", lambda x: 1 / x)
    each("exp", exp)
    each("exp2", lambda x: exp(x * log(2)))
    each("expm1", lambda x: exp(x) - 1)
    each("log", log)
    each("log1p", lambda x: log(1 + x))
    each("log2", lambda x: log(x) / log(2))
    each("log10", lambda x: log(x) / log(10))
    each("sin", mp.sin)
    each("cos", mp.cos)
    each("tan", mp.tan)
    each("asin", mp.asin)
    each("acos", mp.acos)
    each("atan", mp.atan)
    each("sinh", lambda x: (exp(x) - exp(-x)) / 2)
    each("cosh", lambda x: (exp(x) + exp(-x)) / 2)
    each("tanh", tanh)
    each("asinh", lambda x: mp.sign(x) * log(abs(x) + sqrt(x * x + 1)))
    each("acosh", lambda x: None if x < 1 else log(x + sqrt(x * x - 1)), times=(4,))
    each("atanh", lambda x: log((1 + x) / (1 - x)) / 2)
    each("erf", erf)
    each("erfc", erfc)
    each("lgamma", lgamma, signs="+")
    each("digamma", digamma, signs="+")
    for n in (1, 2):
        each("polygamma", few_digits(lambda x, n=n: mp.polygamma(n, x)), signs="+", label=str(n), attributes=(n,))
    each("logistic", logistic)
    each("log_logistic", lambda x: -softplus(-x))
    each("softplus", softplus)
    each("relu", lambda x: max(x, mpf(0)))
    each("leaky_relu", lambda x: x if x > 0 else x * .25, attributes=(.25,))
    each("elu", lambda x: x if x > 0 else exp(x) - 1)
    each("selu", lambda x: SELU_S * (x if x > 0 else SELU_A * (exp(x) - 1)))
    each("gelu", lambda x: x * phi_above(x))
    each("silu", lambda x: x * logistic(x))
    each("hardtanh", lambda x: max(mpf(-1), min(x, mpf(1))))
    each("clamp", lambda x: max(mpf(-.5), min(x, mpf(.625))), attributes=(-.5, .625))
    for c in (1e20, 1e-20):
        each("scale", lambda x, c=c: mpf(c) * x, label=f"{c:g}", attributes=(c,))
        each("shift", lambda x, c=c: mpf(c) + x, label=f"{c:g}", attributes=(c,))
    for c in (-1, -2, .5, -.5, 3, 1.5):
        each("pow_constant", lambda x, c=c: x**mpf(c), signs="+" if c % 1 else "*", label=f"{c:g}", attributes=(c,))
    each("one_minus_square", lambda x: 1 - x * x)
    each("sign", mp.sign, constant=(0,), exact=(0,))
    each("step", lambda x: mpf(x >= 0), constant=(0,), exact=(0,))
    for c in (3, 1e20, 1e-20):
        each("divide_by", lambda x, c=c: x / mpf(c), label=f"{c:g}", attributes=(c,))
    each("floor", mp.floor, constant=(0,), exact=(0,))
    each("ceil", mp.ceil, constant=(0,), exact=(0,))
    each("round", lambda x: mp.sign(x) * mp.floor(abs(x) + .5), constant=(0,), exact=(0,))
    each("is_nan", lambda x: 0, gradient=False, whole=(0,))
    each("is_finite", lambda x: 1, gradient=False, whole=(0,))
    call("detach", lambda x: [x], [[4]], [[4]], gradient=False)
    call("dropout_mask", lambda x: [[1] * 4], [[4]], [[4]], gradient=False, attributes=(0, 1, 0), mixed=False)


def rows_of_two():
    each("add", lambda a, b: a + b, 2)
    each("sub", lambda a, b: a - b, 2)
    each("mul", lambda a, b: a * b, 2)
    each("div", lambda a, b: a / b, 2)
    each("divide_or_zero", lambda a, b: a / b, 2)
    each("twice_product", lambda a, b: 2 * a * b, 2)
    each("fmod", lambda a, b: a - b * truncated(a / b), 2, deep=3)
    each("hypot", lambda a, b: sqrt(a * a + b * b), 2)
    each("atan2", mp.atan2, 2)
    each("maximum", max, 2)
    each("minimum", min, 2)
    each("pow", lambda x, p: exp(p * log(x)), 2, "+*")
    derivatives = {
        (1, 0): lambda x, p: p * exp((p - 1) * log(x)),
        (0, 1): lambda x, p: log(x) * exp(p * log(x)),
        (2, 0): lambda x, p: p * (p - 1) * exp((p - 2) * log(x)),
        (1, 1): lambda x, p: (1 + p * log(x)) * exp((p - 1) * log(x)),
        (0, 2): lambda x, p: log(x)**2 * exp(p * log(x)),
    }
    for (j, k), f in derivatives.items():
        each("mul_pow_derivative", lambda v, x, p, f=f: v * f(x, p), 3, "*+*", label=f"{j}-{k}", attributes=(j, k))
    each("atan_backward", lambda v, x: v / (1 + x * x), 2)
    each("erf_backward", lambda v, x: 2 / sqrt(mp.pi) * exp(-x * x) * v, 2)
    each("mul_polygamma", few_digits_of_product(1), 2, "*+", attributes=(1,))
    for c in (-1, -2, .5, 3):
        each("pow_constant_backward", lambda v, x, c=c: c * exp((c - 1) * log(x)) * v, 2, "*+", label=f"{c:g}",
             attributes=(c,))
    each("logaddexp", lambda a, b: log(exp(a) + exp(b)), 2)
    each("sub_logs", lambda a, b: a - b, 2)
    each("mul_exp", lambda a, s: a * exp(s), 2)
    each("times_sign", lambda v, x: v * mp.sign(x), 2, constant=(1,))
    each("where_positive", lambda v, x: choose(x > 0, v, 0), 2, constant=(1,))
    each("where_not_positive", lambda v, x: choose(x > 0, 0, v), 2, constant=(1,))
    each("leaky_relu_backward", lambda v, x: choose(x > 0, v, .25 * v), 2, constant=(1,), attributes=(.25,))
    each("clamp_backward", lambda v, x: choose(-.5 <= x <= .625, v, 0), 2, constant=(1,), attributes=(-.5, .625))
    each("gelu_backward", lambda v, x: (phi_above(x) + x * density(x)) * v, 2)
    each("silu_backward", lambda v, x: logistic(x) * (1 + x * logistic(-x)) * v, 2)
    each("absolute_error", lambda y, t: abs(y - t), 2)
    each("squared_error", lambda y, t: (y - t)**2, 2)
    each("huber", lambda y, t: choose(abs(y - t) <= .5, (y - t)**2 / 2, (abs(y - t) - .25) / 2), 2, attributes=(.5,))
    each("hinge", lambda y, t: max(mpf(0), 1 - t * y), 2)
    each("kl_divergence", lambda p, q: exp(p) * (p - q), 2)
    each("logistic_cross_entropy", lambda z, t: softplus(z) - t * z, 2)
    each("poisson_nll", lambda r, k: (exp(r), -k * r, lgamma(k + 1)), 2, "*+")
    tests = {"equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b, "less": lambda a, b: a < b,
             "less_equal": lambda a, b: a <= b, "greater": lambda a, b: a > b, "greater_equal": lambda a, b: a >= b}
    for name, f in tests.items():
        each(name, lambda a, b, f=f: int(f(a, b)), 2, gradient=False, whole=(0,))
    truth = {"logical_and": lambda a, b: a and b, "logical_or": lambda a, b: a or b,
             "logical_xor": lambda a, b: (not a) != (not b)}
    p, q = index([4], [2147483647, 0, -1, 0]), index([4], [-2147483647, 3, 0, 0])
    for name, f in truth.items():
        Case(name, lambda a, b, f=f: int(bool(f(a, b))), [p, q], [(4,)], gradient=False, whole=(0,), elementwise=True)
    Case("logical_not", lambda a: int(not a), [p], [(4,)], gradient=False, whole=(0,), elementwise=True)


def rows_of_three():
    each("mul_add", lambda x, w, b: x * w + b, 3)
    # The last operand is a hint: it has digits that y lost, and no gradient.
    hint = {"groups": [[0], [1, 2]], "constant": (2,)}
    each("tanh_backward", lambda v, y, _: (1 - y * y) * v, 3, bounded=(1,), **hint)
    each("logistic_backward", lambda v, y, _: y * (1 - y) * v, 3, bounded=(1,), **hint)
    each("elu_backward", lambda v, y, _: choose(y > 0, v, (y + 1) * v), 3, **hint)
    each("selu_backward", lambda v, y, _: choose(y > 0, SELU_S * v, (y + SELU_S * SELU_A) * v), 3, **hint)
    each("quotient_slope", lambda v, a, b: -v * a / (b * b), 3)
    each("quotient_slope_or_zero", lambda v, a, b: -v * a / (b * b), 3)
    each("mul_divide_or_zero", lambda v, a, b: v * a / b, 3)
    each("mul_trunc_quotient", lambda v, a, b: v * truncated(a / b), 3, constant=(1, 2), deep=3)
    each("atan2_backward", lambda v, a, b: v * a / (a * a + b * b), 3)
    each("logistic_cross_entropy_backward", lambda v, z, t: (logistic(z) - t) * v, 3)
    each("share_greater", lambda v, a, b: choose(a > b, v, 0), 3, constant=(1, 2))
    each("normal_nll", lambda x, m, v: (log(2 * mp.pi) + v + (x - m)**2 * exp(-v)) / 2, 3)
    Case("where", lambda c, a, b: a if c else b,
         [index([4], [1, 0, -1, 0]), real([4], MANTISSAS[0]), real([4], MANTISSAS[1])], [(4,)], elementwise=True)


# ---- Structure -------------------------------------------------------------------------------------------------------

def picks(places, default=0):
    """A function that makes its result of places in its operand; -1 is `default`."""
    return lambda x: [[x[k] if k >= 0 else mpf(default) for k in places]]


def scattered(n, places):
    def f(v, *_):
        y = [mpf(0)] * n
        for k, x in zip(places, v):
            y[k] += x
        return [y]
    return f


def rows_of_shapes():
    call("reshape", picks(range(4)), [[4]], [[2, 2]], attributes=(2, 2, 2))
    call("expand_dims", picks(range(4)), [[4]], [[1, 4]], attributes=(0,))
    call("squeeze", picks(range(4)), [[1, 4]], [[4]], attributes=ALL_AXES)
    call("broadcast_to", picks([0, 1, 0, 1]), [[2]], [[2, 2]], attributes=(2, 2, 2))
    call("sum_to", lambda x: [[x[0] + x[2], x[1] + x[3]]], [[2, 2]], [[2]], attributes=(1, 2))
    call("transpose", picks([0, 2, 1, 3]), [[2, 2]], [[2, 2]])
    call("permute", picks([0, 2, 1, 3]), [[2, 2]], [[2, 2]], attributes=(2, 1, 0))
    call("flip", picks([3, 2, 1, 0]), [[4]], [[4]], attributes=(1, 0, 0))
    call("repeat", picks([0, 1, 0, 1]), [[2]], [[4]], attributes=(1, 2))
    call("slice", picks([1, 2]), [[4]], [[2]], attributes=(0, 3, 1, 3, 1))
    call("slice_backward", picks([-1, 0, 1, -1]), [[2]], [[4]], attributes=(4, 0, 3, 1, 3, 1))
    call("pad", picks([-1, 0, 1, 2, -1], .5), [[3]], [[5]], attributes=(1, 1, 1, 1, .5))
    call("beside", picks([-1, 0, 1], 2), [[3]], [[3]], attributes=(0, 0, 2))
    call("concat", lambda a, b: [[*a, *b]], [[2], [2]], [[4]], attributes=(0,))
    call("stack", lambda a, b: [[*a, *b]], [[2], [2]], [[2, 2]], attributes=(0,))
    call("cast", lambda x: [x], [[4]], [[4]], label="to_f64", attributes=(AD_F64,))
    call("cast", lambda x: [x], [[4]], [[4]], label="to_f32", attributes=(AD_F32,))
    call("gather", lambda x, i: [[x[k] for k in i]], [[4], index([3], [0, 2, 2])], [[3]], attributes=(0,))
    call("gather_rows", lambda x, i: [[x[2 * k + j] for k in i for j in (0, 1)]], [[3, 2], index([2], [2, 0])],
         [[2, 2]])
    call("scatter_add", scattered(4, [0, 2, 2]), [[3], index([3], [0, 2, 2])], [[4]], attributes=(0, 4))
    call("scatter_add_rows", scattered(6, [4, 5, 0, 1]), [[2, 2], index([2], [2, 0])], [[3, 2]], attributes=(3,))
    call("diagonal", picks([0, 3]), [[2, 2]], [[2]], attributes=(0,))
    call("diagonal_matrix", picks([0, -1, -1, 1]), [[2]], [[2, 2]], attributes=(0, 2, 2))
    call("tril", picks([0, -1, 2, 3]), [[2, 2]], [[2, 2]], attributes=(0,))
    call("triu", picks([0, 1, -1, 3]), [[2, 2]], [[2, 2]], attributes=(0,))
    call("tril_pack", picks([0, 2, 3]), [[2, 2]], [[3]], attributes=(0,))
    call("tril_unpack", picks([0, -1, 1, 2]), [[3]], [[2, 2]], attributes=(0,))
    call("triangles", lambda x: [[x[0] / 2, 0 * x[1], x[2], x[3] / 2]], [[2, 2]], [[2, 2]], attributes=(1, .5, 0))
    for type_, code in (("f32", AD_F32), ("f64", AD_F64)):
        more = {"label": type_, "types": (type_,), "gradient": False}
        call("one_hot", lambda i: [[0, 0, 1, 1, 0, 0]], [index([2], [2, 0])], [[2, 3]], attributes=(3, code), **more)
        call("arange", lambda: [[0, 1, 2]], [], [[3]], attributes=(code, 1, 3), **more)
        call("eye", lambda: [[1, 0, 0, 1]], [], [[2, 2]], attributes=(code, 2, 2, 2), **more)
        for e in EXPONENTS[type_][1:]:
            more["label"] = f"{type_}_1e{e}"
            call("full", lambda e=e: [[mpf(10)**e] * 2], [], [[2]], attributes=(code, 1, 2, f"1e{e}"), **more)


# ---- Reductions and scans --------------------------------------------------------------------------------------------

def variance(x, correction=0):
    mean = sum(x) / len(x)
    return sum((a - mean)**2 for a in x) / (len(x) - correction)


def product(x):
    p = mpf(1)
    for a in x:
        p *= a
    return p


def prefixes(x):
    return [x[:i + 1] for i in range(len(x))]


def logsumexp(x):
    return log(sum(exp(a) for a in x))


def first(x, best):
    return x.index(best(x))


def recurrence(a, v):
    y = [v[0]]
    for p, q in list(zip(a, v))[1:]:
        y.append(q + p * y[-1])
    return [y]


def cumprod_backward(v, x):
    return [[sum(v[i] * product(x[:j] + x[j + 1:i + 1]) for i in range(j, len(x))) for j in range(len(x))]]


def prod_others(v, x):
    return [[a * product(x[:i] + x[i + 1:]) for i, a in enumerate(v)]]


def prod_slope(v, x):
    def without(i, k):
        return product(a for j, a in enumerate(x) if j not in (i, k))
    return [[sum(v[i] * without(i, k) for i in range(len(x)) if i != k) for k in range(len(x))]]


def logcumsumexp_backward(v, x):
    y = [logsumexp(p) for p in prefixes(x)]
    return [[sum(v[i] * exp(x[j] - y[i]) for i in range(j, len(x))) for j in range(len(x))]]


def logcumsumexp_slope(u, x):
    return [[sum(exp(x[j] - logsumexp(p)) * u[j] for j in range(len(p))) for p in prefixes(x)]]


def logcumsumexp_bend(v, u, x):
    y, s = [logsumexp(p) for p in prefixes(x)], logcumsumexp_slope(u, x)[0]
    return [[sum(v[i] * exp(x[j] - y[i]) * (u[j] - s[i]) for i in range(j, len(x))) for j in range(len(x))]]


def rows_of_sums():
    to_one = {"sum": sum, "mean": lambda x: sum(x) / len(x), "prod": product, "max": max, "min": min,
              "logsumexp": logsumexp, "sum_squares": lambda x: sum(a * a for a in x)}
    for name, f in to_one.items():
        call(name, lambda x, f=f: [[f(x)]], [[4]], [[]], attributes=ALL_AXES)
    call("var", lambda x: [[variance(x, 1)]], [[4]], [[]], attributes=(*ALL_AXES, 1))
    call("std", lambda x: [[sqrt(variance(x, 1))]], [[4]], [[]], attributes=(*ALL_AXES, 1))
    norms = {1: lambda x: sum(map(abs, x)), 2: lambda x: sqrt(sum(a * a for a in x)), "inf": lambda x: max(map(abs, x))}
    for order, f in norms.items():
        call("norm", lambda x, f=f: [[f(x)]], [[4]], [[]], label=str(order), attributes=(*ALL_AXES, order))
    call("argmax", lambda x: [[first(x, max)]], [[4]], [[]], attributes=ALL_AXES, gradient=False, whole=(0,))
    call("argmin", lambda x: [[first(x, min)]], [[4]], [[]], attributes=ALL_AXES, gradient=False, whole=(0,))
    call("trace", lambda x: [[x[0] + x[3]]], [[2, 2]], [[]])
    ties = [real([1, 1], [.77]), real([1, 4], [.71, -.37, .71, -.89]), real([1, 1], [.71])]
    tied = {"attributes": (1, 1, 1), "groups": [[0], [1, 2]], "constant": (1, 2)}
    call("spread_ties", lambda v, x, y: [[v[0] / 2 if a == y[0] else mpf(0) for a in x]], ties, [[1, 4]], **tied)
    ties[0] = real([1, 4])
    call("mean_ties", lambda u, x, y: [[(u[0] + u[2]) / 2]], ties, [[1, 1]], **tied)
    call("logsumexp_backward", lambda v, x, _: [[v[0] * q for q in softmax(x)]], [[1], [3], [2, 1]], [[3]],
         groups=[[0], [1, 2]], constant=(2,))
    call("logcumsumexp_backward", logcumsumexp_backward, [[3], [3]], [[3]], attributes=(0,))
    call("logcumsumexp_slope", logcumsumexp_slope, [[3], [3]], [[3]], attributes=(0,))
    call("logcumsumexp_bend", logcumsumexp_bend, [[3], [3], [3]], [[3]], attributes=(0,), factors=(0, 1),
         cancels=True)
    call("cumprod_backward", cumprod_backward, [[4], [4]], [[4]], attributes=(0,))
    call("prod_others", prod_others, [[4], [4]], [[4]], attributes=(0,))
    call("prod_slope", prod_slope, [[4], [4]], [[4]], attributes=(0,))
    call("deviations", lambda x: [[a - sum(x) / len(x) for a in x]], [[4]], [[4]], attributes=ALL_AXES)
    call("cumsum", lambda x: [[sum(p) for p in prefixes(x)]], [[4]], [[4]], attributes=(0,))
    call("cumsum_backward", lambda x: [[sum(x[i:]) for i in range(len(x))]], [[4]], [[4]], attributes=(0,))
    call("cumprod", lambda x: [[product(p) for p in prefixes(x)]], [[4]], [[4]], attributes=(0,))
    call("cummax", lambda x: [[max(p) for p in prefixes(x)]], [[4]], [[4]], attributes=(0,))
    call("logcumsumexp", lambda x: [[logsumexp(p) for p in prefixes(x)]], [[4]], [[4]], attributes=(0,))
    call("prod_before", lambda x: [[product(x[:i]) for i in range(len(x))]], [[4]], [[4]], attributes=(0,))
    call("prod_after", lambda x: [[product(x[i + 1:]) for i in range(len(x))]], [[4]], [[4]], attributes=(0,))
    call("recurrence", recurrence, [[3], [3]], [[3]], attributes=(0, 0))
    call("sort", lambda x: [sorted(x)], [[4]], [[4]], attributes=(0,))
    call("argsort", lambda x: [sorted(range(4), key=lambda k: x[k])], [[4]], [[4]], attributes=(0,), gradient=False,
         whole=(0,))
    call("top_k", lambda x: [sorted(x)[:1:-1], sorted(range(4), key=lambda k: -x[k])[:2]], [[4]], [[2], [2]],
         attributes=(0, 2), whole=(1,))


# ---- Softmax and layers ----------------------------------------------------------------------------------------------

def softmax(x):
    s = logsumexp(x)
    return [exp(a - s) for a in x]


def pulled(v, y):
    s = sum(a * b for a, b in zip(v, y))
    return [b * (a - s) for a, b in zip(v, y)]


def cross_entropy(z, labels, w=(1, 1, 1), smoothing=0):
    out = []
    for i, label in enumerate(labels):
        row = z[3 * i:3 * i + 3]
        s, h = logsumexp(row), [(1 - smoothing) * (j == label) + smoothing / mpf(3) for j in range(3)]
        out.append(sum(h[j] * w[j] * (s - row[j]) for j in range(3) if h[j]))
    return [out]


def cross_entropy_backward(v, z, labels, w=(1, 1, 1), smoothing=0):
    out = []
    for i, label in enumerate(labels):
        h = [((1 - smoothing) * (j == label) + smoothing / mpf(3)) * w[j] for j in range(3)]
        out += [(q * sum(h) - a) * v[i] for q, a in zip(softmax(z[3 * i:3 * i + 3]), h)]
    return [out]


def normalised(x, epsilon):
    mean, r = sum(x) / len(x), 1 / sqrt(variance(x) + epsilon)
    return [(a - mean) * r for a in x], r


def layer_norm(x, gain, bias, epsilon):
    return [[g * a + b for g, a, b in zip(gain, normalised(x, epsilon)[0], bias)]]


def layer_norm_backward(v, x, gain, epsilon):
    n, r = normalised(x, epsilon)
    w = [g * a for g, a in zip(gain, v)]
    mean, mean_n = sum(w) / len(w), sum(a * b for a, b in zip(w, n)) / len(w)
    return [[r * (a - mean - b * mean_n) for a, b in zip(w, n)], [a * b for a, b in zip(v, n)], list(v)]


def lstm_cell(gates, cell):
    f, i, o, g = *map(logistic, gates[:3]), tanh(gates[3])
    c = f * cell[0] + i * g
    t = tanh(c)
    return [[o * t], [c], [f, i, o, g, t]]


def lstm_cell_backward(dh, dnext, activated, cell, *_):
    f, i, o, g, t = activated
    s = dnext[0] + o * (1 - t * t) * dh[0]
    return [[s * cell[0] * f * (1 - f), s * g * i * (1 - i), t * dh[0] * o * (1 - o), s * i * (1 - g * g)], [s * f]]


# Activations of ad_linear, by their number, and their slopes as functions of y.
ACTIVATIONS = {
    1: (lambda z: max(z, mpf(0)), lambda y: mpf(y > 0)),
    2: (tanh, lambda y: 1 - y * y),
    3: (logistic, lambda y: y * (1 - y)),
    4: (softplus, lambda y: 1 - exp(-y)),
    5: (lambda z: z if z > 0 else exp(z) - 1, lambda y: mpf(1) if y > 0 else y + 1),
    6: (lambda z: z, lambda y: mpf(1)),
}


def product_of(a, b, m, k, n):
    return [sum(a[i * k + l] * b[l * n + j] for l in range(k)) for i in range(m) for j in range(n)]


def turned(a, m, n):
    return [a[i * n + j] for j in range(n) for i in range(m)]


def linear(activation):
    def f(x, w, b):
        z = product_of(x, w, 2, 2, 2)
        return [[ACTIVATIONS[activation][0](a + b[k % 2]) for k, a in enumerate(z)]]
    return f


def linear_backward(activation):
    def f(v, y, _):
        dz = [a * ACTIVATIONS[activation][1](b) for a, b in zip(v, y)]
        return [dz, [dz[0] + dz[2], dz[1] + dz[3]]]
    return f


def mul_backward(v, a, b):
    return [[v[k] * b[k % 2] for k in range(4)], [v[j] * a[j] + v[j + 2] * a[j + 2] for j in (0, 1)]]


def rows_of_layers():
    call("softmax", lambda x: [softmax(x)], [[3]], [[3]], attributes=(0,))
    call("log_softmax", lambda x: [[a - logsumexp(x) for a in x]], [[3]], [[3]], attributes=(0,))
    call("softmax_backward", lambda v, y: [pulled(v, y)], [[3], [3]], [[3]], attributes=(0,))
    call("weighted_deviation", lambda v, y: [[a - sum(p * q for p, q in zip(v, y)) for a in v]], [[3], [3]], [[3]],
         attributes=(0,))
    call("log_softmax_backward", lambda v, y: [[a - exp(b) * sum(v) for a, b in zip(v, y)]], [[3], [3]], [[3]],
         attributes=(0,))
    labels, weights = index([2], [0, 2]), real([3], [.61, .43, .97])
    call("softmax_cross_entropy", cross_entropy, [[2, 3], labels], [[2]])
    call("softmax_cross_entropy_backward", cross_entropy_backward, [[2], [2, 3], labels], [[2, 3]])
    smooth = mpf(.125)
    call("softmax_cross_entropy_with", lambda z, l, w: cross_entropy(z, l, w, smooth), [[2, 3], labels, weights], [[2]],
         attributes=(.125,))
    call("softmax_cross_entropy_with_backward", lambda v, z, l, w: cross_entropy_backward(v, z, l, w, smooth),
         [[2], [2, 3], labels, weights], [[2, 3]], attributes=(.125,))
    epsilon = mpf(2)**-17
    call("layer_norm", lambda x, g, b: layer_norm(x, g, b, epsilon), [[3], [3], [3]], [[3]],
         attributes=(float(epsilon),))
    call("layer_norm_backward", lambda v, x, g: layer_norm_backward(v, x, g, epsilon), [[3], [3], [3]], [[3]] * 3,
         attributes=(float(epsilon),))
    call("lstm_cell", lstm_cell, [[4], [1]], [[1], [1], [5]])
    call("lstm_cell_backward", lstm_cell_backward, [[1], [1], [5], [1], [4], [1]], [[4], [1]],
         groups=[[0], [1], [2, 4, 5], [3]], constant=(4, 5), bounded=(2,))
    # In no sum of these terms are of both signs: all of the first column are positive, all of the second negative.
    x, w, b = real([2, 2], [.71, .37, .53, .89]), real([2, 2], [.61, -.43, .97, -.29]), real([2], [.47, -.83])
    for a in ACTIVATIONS:
        call("linear", linear(a), [x, w, b], [[2, 2]], label=str(a), attributes=(a,), upstream=(.77, -.63, .91, -.39))
        call("linear_backward", linear_backward(a), [[2, 2], x if a == 4 else [2, 2], [2, 2]], [[2, 2], [2]],
             label=str(a), attributes=(a,), groups=[[0], [1, 2]], constant=(1, 2) if a in (1, 6) else (2,),
             bounded=(1,) if a in (2, 3) else ())
    call("mul_backward", mul_backward, [[2, 2], [2, 2], [2]], [[2, 2], [2]])


# ---- Linear algebra --------------------------------------------------------------------------------------------------

def cofactors(a, n):
    def minor(i, j):
        return [a[p * n + q] for p in range(n) for q in range(n) if p != i and q != j]
    return [(-1)**(i + j) * determinant(minor(i, j), n - 1) for i in range(n) for j in range(n)]


def determinant(a, n):
    if n <= 1:
        return a[0] if n else mpf(1)
    return sum((-1)**j * a[j] * determinant([a[p * n + q] for p in range(1, n) for q in range(n) if q != j], n - 1)
               for j in range(n))


def inverse(a, n):
    d = determinant(a, n)
    return [x / d for x in turned(cofactors(a, n), n, n)]


def cofactor_slope(a, v):
    both = cofactors([x + y for x, y in zip(a, v)], 3)
    return [[x - y - z for x, y, z in zip(both, cofactors(a, 3), cofactors(v, 3))]]


def cholesky(x):
    p = sqrt(x[0])
    q = (x[1] + x[2]) / 2 / p
    return [[p, mpf(0), q, sqrt(x[3] - q * q)]]


def eigh(x):
    """The vector of each value, its largest component positive."""
    b, mean, half = (x[1] + x[2]) / 2, (x[0] + x[3]) / 2, (x[0] - x[3]) / 2
    r = sqrt(half * half + b * b)
    vectors = []
    for w in (mean - r, mean + r):
        v = [w - x[3], b]
        length = sqrt(v[0]**2 + v[1]**2) * mp.sign(max(v, key=abs))
        vectors.append([c / length for c in v])
    return [[mean - r, mean + r], [vectors[0][0], vectors[1][0], vectors[0][1], vectors[1][1]]]


def slogdet(a):
    d = determinant(a, 3)
    return [[mp.sign(d)], [log(abs(d))]]


REGULAR = [.91, -.37, .23, .29, -.83, .41, -.17, .31, .79]


def rows_of_matrices():
    call("matmul", lambda a, b: [product_of(a, b, 2, 2, 2)], [[2, 2], [2, 2]], [[2, 2]])
    call("matmul_nt", lambda a, b: [product_of(a, turned(b, 2, 2), 2, 2, 2)], [[2, 2], [2, 2]], [[2, 2]])
    call("matmul_tn", lambda a, b: [product_of(turned(a, 2, 2), b, 2, 2, 2)], [[2, 2], [2, 2]], [[2, 2]])
    call("outer", lambda a, b: [[x * y for x in a for y in b]], [[2], [2]], [[2, 2]])
    call("dot", lambda a, b: [[sum(x * y for x, y in zip(a, b))]], [[3], [3]], [[]])
    square = real([3, 3], REGULAR)
    plain = {"mixed": False}
    call("det", lambda a: [[determinant(a, 3)]], [square], [[]], **plain)
    call("slogdet", slogdet, [square], [[], []], exact=(0,), **plain)
    call("cofactor", lambda a: [cofactors(a, 3)], [square], [[3, 3]], **plain)
    call("cofactor_slope", cofactor_slope, [square, [3, 3]], [[3, 3]])
    call("cofactor_inverse", lambda a: [turned(inverse(a, 3), 3, 3)], [square], [[3, 3]], **plain)
    call("slogdet_slope", lambda a, d: [[d[0] * x for x in turned(inverse(a, 3), 3, 3)], turned(inverse(a, 3), 3, 3)],
         [square, []], [[3, 3], [3, 3]])
    call("inverse", lambda a: [inverse(a, 3)], [square], [[3, 3]], **plain)
    pair, column = real([2, 2], [.91, -.37, .29, .83]), real([2, 1], [.61, -.43])
    call("solve", lambda a, b: [product_of(inverse(a, 2), b, 2, 2, 1)], [pair, column], [[2, 1]], attributes=(0,))
    call("solve_triangular", lambda a, b: [[b[0] / a[0], (b[1] - a[2] * b[0] / a[0]) / a[3]]], [pair, column], [[2, 1]],
         attributes=(0,))
    call("cholesky", cholesky, [real([2, 2], [.91, -.37, -.37, .83])], [[2, 2]], **plain)
    call("eigh", eigh, [real([2, 2], [.91, -.37, -.37, .23])], [[2], [2, 2]], **plain)
    call("divide_by_gaps", lambda x, w: [[mpf(0), x[1] / (w[1] - w[0]), x[2] / (w[0] - w[1]), mpf(0)]],
         [[2, 2], real([2], [-.37, .61])], [[2, 2]])
    call("divide_by_eigen_gaps", lambda z, w, *_: [[mpf(0), z[1] / (w[1] - w[0]), z[2] / (w[0] - w[1]), mpf(0)]],
         [[2, 2], real([2], [-.37, .61]), [2, 2], [2], real([2, 2], [-.37, 0, 0, .61])], [[2, 2]], attributes=(1, 0),
         groups=[[0], [1, 3, 4], [2]], constant=(2, 3, 4))


def make_rows():
    for make in (rows_of_one, rows_of_two, rows_of_three, rows_of_shapes, rows_of_sums, rows_of_layers,
                 rows_of_matrices):
        make()
