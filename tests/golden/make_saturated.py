"""saturated.txt: values, gradients and second derivatives where functions saturate, on both sides, for
tests/every_operator/saturated.c. `pip install mpmath`, then run it; building and testing need neither.

Each function is written once below, in mpmath, by its textbook formula. Its derivatives are central differences in
arithmetic of a thousand digits, so that nothing cancels. A row that is element-wise must be here or be excused in
saturated.c. A line is

    ROW ELEMENT COUNT ATTRIBUTES... OPERANDS TYPE RANK SIZES... VALUES... VALUE GRADIENT... SECOND...

with COUNT attributes, flat as in golden.py, and OPERANDS operands from TYPE to VALUES. VALUE is element ELEMENT of the
result. The derivatives are by all numbers of the operands of reals in their order, the second ones row by row.
"""
import itertools
import pathlib

import mpmath as mp

mp.mp.dps = 1000
STEP = mp.mpf(10) ** -200

SIDES = [s * x for x in (0.5, 2, 5, 10, 15, 20, 30, 36, 40, 60, 80, 87, 100, 300, 700) for s in (1, -1)]
GAPS = [s * x for x in (2, 10, 20, 36, 40, 80, 100, 300, 700) for s in (1, -1)]


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log(1 + mp.exp(x))


def phi(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


SELU = mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717")

# name: (function, domain); the domain says where the function is real and smooth
ONE = {
    "abs": (abs, lambda x: True),
    "acos": (mp.acos, lambda x: abs(x) < 1),
    "acosh": (mp.acosh, lambda x: x > 1),
    "asin": (mp.asin, lambda x: abs(x) < 1),
    "asinh": (mp.asinh, lambda x: True),
    "atan": (mp.atan, lambda x: True),
    "atanh": (mp.atanh, lambda x: abs(x) < 1),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: True),
    "cos": (mp.cos, lambda x: True),
    "cosh": (mp.cosh, lambda x: True),
    "digamma": (mp.digamma, lambda x: x > 0),
    "elu": (lambda x: x if x > 0 else mp.exp(x) - 1, lambda x: True),
    "erf": (mp.erf, lambda x: abs(x) < 40),
    "erfc": (mp.erfc, lambda x: abs(x) < 40),
    "exp": (mp.exp, lambda x: True),
    "exp2": (lambda x: mp.mpf(2) ** x, lambda x: True),
    "expm1": (lambda x: mp.exp(x) - 1, lambda x: True),
    "gelu": (lambda x: x * phi(x), lambda x: abs(x) < 50),
    "hardtanh": (lambda x: max(-1, min(1, x)), lambda x: True),
    "lgamma": (mp.loggamma, lambda x: x > 0),
    "log": (mp.log, lambda x: x > 0),
    "log10": (lambda x: mp.log(x) / mp.log(10), lambda x: x > 0),
    "log1p": (lambda x: mp.log(1 + x), lambda x: x > -1),
    "log2": (lambda x: mp.log(x) / mp.log(2), lambda x: x > 0),
    "log_logistic": (lambda x: -softplus(-x), lambda x: True),
    "logistic": (logistic, lambda x: True),
    "neg": (lambda x: -x, lambda x: True),
    "reciprocal": (lambda x: 1 / x, lambda x: True),
    "relu": (lambda x: max(0, x), lambda x: True),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), lambda x: x > 0),
    "selu": (lambda x: SELU[0] * (x if x > 0 else SELU[1] * (mp.exp(x) - 1)), lambda x: True),
    "silu": (lambda x: x * logistic(x), lambda x: True),
    "sin": (mp.sin, lambda x: True),
    "sinh": (mp.sinh, lambda x: True),
    "softplus": (softplus, lambda x: True),
    "sqrt": (mp.sqrt, lambda x: x > 0),
    "square": (lambda x: x * x, lambda x: True),
    "tan": (mp.tan, lambda x: True),
    "tanh": (mp.tanh, lambda x: True),
}

# name: (attributes, function, domain)
ONE_WITH = {
    "clamp": ([-3, 50], lambda x: max(-3, min(50, x)), lambda x: True),
    "leaky_relu": ([0.125], lambda x: x if x > 0 else x / 8, lambda x: True),
    "polygamma": ([1], lambda x: mp.polygamma(1, x), lambda x: x > 0),
    "pow_constant": ([-1.5], lambda x: x ** mp.mpf(-1.5), lambda x: x > 0),
    "scale": ([0.75], lambda x: x * 0.75, lambda x: True),
    "shift": ([0.75], lambda x: x + 0.75, lambda x: True),
}


def near(y, t, delta):
    e = abs(y - t)
    return e * e / 2 if e <= delta else delta * (e - delta / 2)


# name: (attributes, function, the second operand beside each argument, domain)
TWO = {
    "absolute_error": ([], lambda a, b: abs(a - b), 0.25, lambda a, b: True),
    "add": ([], lambda a, b: a + b, 0.25, lambda a, b: True),
    "atan2": ([], mp.atan2, 0.25, lambda a, b: True),
    "div": ([], lambda a, b: a / b, 0.25, lambda a, b: True),
    "divide_or_zero": ([], lambda a, b: a / b, 0.25, lambda a, b: True),
    "fmod": ([], lambda a, b: a - b * mp.sign(a / b) * mp.floor(abs(a / b)), 0.359375, lambda a, b: True),
    "hinge": ([], lambda y, t: max(0, 1 - t * y), -0.75, lambda a, b: True),
    "huber": ([2], lambda a, b: near(a, b, mp.mpf(2)), 0.25, lambda a, b: True),
    "hypot": ([], lambda a, b: mp.sqrt(a * a + b * b), 0.25, lambda a, b: True),
    "kl_divergence": ([], lambda p, q: mp.exp(p) * (p - q), -1, lambda a, b: a < 300),
    "logaddexp": ([], lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), 0.5, lambda a, b: True),
    "logistic_cross_entropy": ([], lambda z, t: softplus(z) - t * z, 1, lambda a, b: True),
    "maximum": ([], max, 0.25, lambda a, b: True),
    "minimum": ([], min, 0.25, lambda a, b: True),
    "mul": ([], lambda a, b: a * b, 0.25, lambda a, b: True),
    "mul_exp": ([], lambda a, s: a * mp.exp(s), -3, lambda a, b: True),
    "poisson_nll": ([], lambda r, k: mp.exp(r) - k * r + mp.loggamma(k + 1), 3, lambda a, b: a < 300),
    "pow": ([], lambda x, p: x ** p, -1.5, lambda a, b: a > 0),
    "squared_error": ([], lambda a, b: (a - b) ** 2, 0.25, lambda a, b: True),
    "sub": ([], lambda a, b: a - b, 0.25, lambda a, b: True),
    "sub_logs": ([], lambda a, b: a - b, 0.25, lambda a, b: True),
    "twice_product": ([], lambda a, b: 2 * a * b, 0.25, lambda a, b: True),
}


def log_sum(x):
    return mp.log(sum(mp.exp(a) for a in x))


def layer_normalised(x, gain, bias, i):
    mean = sum(x) / len(x)
    variance = sum((a - mean) ** 2 for a in x) / len(x)
    return gain[i] * (x[i] - mean) / mp.sqrt(variance + mp.mpf(1e-5)) + bias[i]


# ---- Derivatives ----------------------------------------------------------------------------------------------------

def moved(x, *steps):
    x = list(x)
    for i, s in steps:
        x[i] += s * STEP
    return x


def derivatives(f, x):
    """f, its gradient, and its second derivatives row by row."""
    n, at = len(x), f(x)
    first = [(f(moved(x, (i, 1))) - f(moved(x, (i, -1)))) / (2 * STEP) for i in range(n)]
    second = []
    for i, j in itertools.product(range(n), repeat=2):
        if i == j:
            second.append((f(moved(x, (i, 1))) - 2 * at + f(moved(x, (i, -1)))) / STEP ** 2)
        else:
            corners = [(s, r, f(moved(x, (i, s), (j, r)))) for s in (1, -1) for r in (1, -1)]
            second.append(sum(s * r * value for s, r, value in corners) / (4 * STEP ** 2))
    return [at, *first, *second]


def text(number):
    """Seventeen digits. What is left of zero by differences is none."""
    if abs(number) < mp.mpf(10) ** -390:
        return "0"
    return mp.nstr(mp.mpf(number), 17, min_fixed=1, max_fixed=0).replace("e+", "e")


def operand(shape, values, kind="f64"):
    return " ".join(map(str, [kind, len(shape), *shape, *values]))


def line(row, element, attributes, operands, f, x):
    numbers = derivatives(f, [mp.mpf(a) for a in x])
    head = [row, element, len(attributes), *attributes, len(operands)]
    return " ".join([*map(str, head), *operands, *map(text, numbers)]) + "\n"


# ---- Lines ----------------------------------------------------------------------------------------------------------

def lines():
    for row, (f, domain) in ONE.items():
        near_one = [0.9375, -0.9375, 0.99609375, -0.99609375, 1.00390625, -0.99951171875, 1.0009765625]
        for a in SIDES + near_one:
            if domain(a):
                yield line(row, 0, [], [operand([], [a])], lambda x: f(x[0]), [a])
    for row, (attributes, f, domain) in ONE_WITH.items():
        for a in SIDES:
            if domain(a):
                yield line(row, 0, attributes, [operand([], [a])], lambda x: f(x[0]), [a])
    for row, (attributes, f, b, domain) in TWO.items():
        for a in SIDES:
            if domain(a, b):
                yield line(row, 0, attributes, [operand([], [a]), operand([], [b])], lambda x: f(*x), [a, b])
    for t, a in itertools.product((0, 0.25), GAPS):
        yield line("logistic_cross_entropy", 0, [], [operand([], [a]), operand([], [t])],
                   lambda x: softplus(x[0]) - x[1] * x[0], [a, t])
    for a in GAPS:
        z = [0, a]
        yield line("logsumexp", 0, [0, 0], [operand([2], z)], log_sum, z)
        yield line("logcumsumexp", 1, [0], [operand([2], z)], log_sum, z)
        for i in range(2):
            yield line("softmax", i, [0], [operand([2], z)], lambda x: mp.exp(x[i] - log_sum(x)), z)
            yield line("log_softmax", i, [0], [operand([2], z)], lambda x: x[i] - log_sum(x), z)
            yield line("softmax_cross_entropy", 0, [], [operand([1, 2], z), operand([1], [i], "i32")],
                       lambda x: log_sum(x) - x[i], z)
    for a in GAPS[:6]:
        z = [1, a, -2.5]
        ones = [1, 1, 1]
        yield line("layer_norm", 1, [1e-5], [operand([3], z), operand([3], ones), operand([3], ones)],
                   lambda x: layer_normalised(x[:3], x[3:6], x[6:], 1), z + ones + ones)


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("saturated.txt")
    with path.open("w") as out:
        out.write("# Values, gradients and second derivatives where functions saturate.\n"
                  "# Made by make_saturated.py with mpmath; it says what the lines are.\n")
        out.writelines(lines())
