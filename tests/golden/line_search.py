#!/usr/bin/env python3
"""Prints the table of tests/nn/line_search.c: where a search for the strong Wolfe conditions evaluates functions of one
number, from Nocedal, Wright 2006, algorithms 3.5 and 3.6 and formula 3.59, with the bounds that the search has: a
trial of a zoom stays a tenth of the interval off its ends, an interval that did not fall to two thirds is halved, a
step grows two- to tenfold, and where the loss is not finite the next trial is a tenth of the way.
"""
import collections
import math

inf, nan = math.inf, math.nan


def cubic(a, b):
    """The minimum of the cubic through two points (3.59)."""
    (xa, fa, ga), (xb, fb, gb) = a, b
    d1 = ga + gb - 3 * (fa - fb) / (xa - xb)
    square = d1 * d1 - ga * gb
    if not square >= 0:
        return nan
    d2 = math.copysign(1, xb - xa) * math.sqrt(square)
    divisor = gb - ga + 2 * d2
    return xb - (xb - xa) * (gb + d2 - d1) / divisor if divisor else nan


class Search:
    """One search down the gradient; `xs` is where the function was evaluated."""

    def __init__(self, f, x, rate, most=30):
        self.f, self.x, self.left, self.xs = f, x, most, [x]
        self.loss, slope = f(x)
        self.d, self.slope = -slope, -slope * slope
        self.look(rate / max(abs(slope), 1))

    def try_at(self, a):
        self.left -= 1
        x = self.x + a * self.d
        self.xs.append(x)
        loss, slope = self.f(x)
        return (a, loss, slope * self.d if math.isfinite(loss) else nan)

    def is_low(self, p):
        return math.isfinite(p[1]) and p[1] < self.loss and p[1] <= self.loss + 1e-4 * p[0] * self.slope

    def is_flat(self, p):
        return abs(p[2]) <= -0.9 * self.slope

    def take(self, p, last):
        if p[0] != 0 and last[0] != p[0]:
            self.try_at(p[0])

    def zoom(self, low, high, last):
        width = inf
        while self.left > 0:
            way = high[0] - low[0]
            if not math.isfinite(high[1]):
                share = 0.1
            else:
                share = 0.5 if abs(way) > width * 2 / 3 else (cubic(low, high) - low[0]) / way
                share = 0.5 if math.isnan(share) else min(max(share, 0.1), 0.9)
            a = low[0] + way * share
            if abs(way * low[2]) <= 2**-54 * abs(self.loss) or a in (low[0], high[0]):
                break
            width, last = abs(way), self.try_at(a)
            if not self.is_low(last) or last[1] >= low[1]:
                high = last
                continue
            if self.is_flat(last):
                return
            if last[2] * way >= 0:
                high = low
            low = last
        self.take(low, last)

    def look(self, a):
        before = (0, self.loss, self.slope)
        while self.left > 0:
            p = self.try_at(a)
            if p[1] == self.loss and p[2] < 0:
                a *= 10
                continue
            if not self.is_low(p) or (before[0] > 0 and p[1] >= before[1]):
                return self.zoom(before, p, p)
            if self.is_flat(p):
                return None
            if p[2] >= 0:
                return self.zoom(p, before, p)
            far = cubic(before, p)
            a = min(max(far, 2 * p[0]), 10 * p[0]) if far > p[0] else 10 * p[0]
            before = p
        return self.take(before, p)


FUNCTIONS = [  # as in the test, each with its slope, and the starts
    (lambda x: (0.0005 * x * x, 0.001 * x), [3.0]),
    (lambda x: (100 * x * x, 200 * x), [0.001, 0.003]),
    (lambda x: (x**4 - x * x + 0.1 * x, 4 * x**3 - 2 * x + 0.1), [0.01, 2.5, -3.0]),
    (lambda x: (math.sqrt(1 + x * x), x / math.sqrt(1 + x * x)), [50.0]),
    (lambda x: (x - math.log(x), 1 - 1 / x) if x > 0 else (nan, nan), [0.6, 12.5, 1.01]),
    (lambda x: (math.sin(3 * x) + 0.05 * x * x, 3 * math.cos(3 * x) + 0.1 * x), [0.2, 1.7, 7.0]),
    (lambda x: (math.exp(4 * x) - 0.02 * x, 4 * math.exp(4 * x) - 0.02), [-1.3, -2.5]),
]
seen = collections.Counter()
for number, (function, starts) in enumerate(FUNCTIONS):
    for start in starts:
        for rate in (1.0, 0.01, 8.0, 60.0, 1000.0):
            xs = Search(function, start, rate).xs
            if len(xs) in (1, 2) or len(xs) > 9 or seen[number, len(xs)] == 2:
                continue
            seen[number, len(xs)] += 1
            print(f'    {{{number}, {start!r}, {rate!r}, {len(xs)}, {{{", ".join(repr(x) for x in xs[1:])}}}}},')
