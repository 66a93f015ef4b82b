#!/usr/bin/env python3
"""Prints the coefficients of normal_tail in autodiff/operators/activations.c.

The tail of the normal distribution is Phi(-x) = e^(-x^2/2) w P(w) with w = 1 / (x + 5): dividing by e^(-x^2/2) and
mapping [0, inf) to a finite interval leaves a function that a short polynomial follows (the idea is Shepherd and
Laframboise's, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf", 1981). P is interpolated at
Chebyshev nodes in s = scale w + offset, which runs from -1 at x = 40 to 1 at x = 0, and is printed in powers of s, even
and odd ones apart. Needs `pip install mpmath`.
"""
import mpmath as mp

mp.mp.dps = 60
SHIFT, FARTHEST = mp.mpf(5), mp.mpf(40)
LOW, HIGH = 1 / (FARTHEST + SHIFT), 1 / SHIFT


def p(w):
    x = 1 / w - SHIFT
    return mp.erfc(x / mp.sqrt(2)) / 2 * mp.exp(x * x / 2) / w


def powers_of_s(degree):
    """Of the polynomial through p at the Chebyshev nodes: c_j of its Chebyshev series, then T_j by powers."""
    n = degree + 1
    angles = [mp.pi * (2 * i + 1) / (2 * n) for i in range(n)]
    values = [p(LOW + (HIGH - LOW) * (mp.cos(a) + 1) / 2) for a in angles]
    series = [2 * sum(v * mp.cos(j * a) for v, a in zip(values, angles)) / n for j in range(n)]
    series[0] /= 2
    total, before, t = [mp.mpf(0)] * n, [mp.mpf(0), mp.mpf(1)], [mp.mpf(1)]
    for c in series:
        for i, power in enumerate(t):
            total[i] += c * power
        after = [mp.mpf(0)] + [2 * power for power in t]
        for i, power in enumerate(before):
            if i < len(after):
                after[i] -= power
        before, t = t, after
    return total


if __name__ == "__main__":
    print("scale", mp.nstr(2 / (HIGH - LOW), 20), "offset", mp.nstr(-(HIGH + LOW) / (HIGH - LOW), 20))
    for degree, digits in ((9, 9), (20, 17)):
        powers = powers_of_s(degree)
        for name, part in (("even", powers[0::2]), ("odd", powers[1::2])):
            print(f"degree {degree}, {name}:", ", ".join(mp.nstr(c, digits) for c in part))
