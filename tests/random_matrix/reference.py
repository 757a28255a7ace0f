"""Equations (3) to (9) of paper 1 at 40 digits: Gauss-Legendre panels in the angle, graded towards both edges."""

from functools import cache
from itertools import pairwise

import mpmath as mp

DIGITS = 40
PANEL_NODES = 24
FINEST_PANEL = 30


@cache
def gauss_legendre(count):
    """Nodes and weights on [-1, 1] by Newton's method on the Legendre polynomial."""
    with mp.workdps(DIGITS + 10):
        rule = []
        for k in range(count):
            x = mp.cos(mp.pi * (k + mp.mpf(3) / 4) / (count + mp.mpf(1) / 2))
            for _ in range(8):
                before, now = mp.mpf(1), x
                for j in range(2, count + 1):
                    before, now = now, ((2 * j - 1) * x * now - (j - 1) * before) / j
                slope = count * (x * now - before) / (x * x - 1)
                x -= now / slope
            rule.append((x, 2 / ((1 - x * x) * slope**2)))
        return tuple(rule)


@cache
def _angles():
    """Panels [2^-j-1, 2^-j] * pi/2 from either edge, j = 0, 1, ..., and the last one down to the edge."""
    ends = [mp.pi / 2 / 2**j for j in range(FINEST_PANEL)] + [mp.mpf(0)]
    angles = []
    for outer, inner in pairwise(ends):
        for x, weight in gauss_legendre(PANEL_NODES):
            angles.append(((outer + inner) / 2 + x * (outer - inner) / 2, weight * (outer - inner) / 2))
    return tuple(angles)


@cache
def spectrum(mu_norm2, c):
    """List of (x, mu weight, nu weight) over bulk, spike and 0."""
    with mp.workdps(DIGITS):
        mu2, c = mp.mpf(mu_norm2), mp.mpf(c)
        low, high = (1 - mp.sqrt(c)) ** 2, (1 + mp.sqrt(c)) ** 2
        spike = c + 1 + mu2 + c / mu2
        points = []
        for angle, weight in _angles():
            shift = 4 * mp.sqrt(c) * mp.sin(angle / 2) ** 2
            arc = 4 * c * mp.sin(angle) ** 2 * weight
            for x in (low + shift, high - shift):
                points.append((x, arc / (2 * mp.pi * (spike - x)), arc / (2 * mp.pi * c * x)))
        if mu2**2 > c:
            points.append((spike, (mu2**2 - c) / mu2, mp.mpf(0)))
        if c > 1:
            points.append((mp.mpf(0), mp.mpf(0), 1 - 1 / c))
        return points


@cache
def _integrals(mu_norm2, c, exponent):
    """E, the parts of V and V* without sigma^2, V* - E*^2 without sigma^2, and the integrals that sigma^2 multiplies."""
    points = spectrum(mu_norm2, c)
    with mp.workdps(DIGITS):
        mu2, c, exponent = map(mp.mpf, (mu_norm2, c, exponent))
        kappa = (mu2 + c) / mu2
        E = V = V_train = mean_f = square_f = start = start_x = mp.mpf(0)
        for x, mu, nu in points:
            f, g = mp.exp(-exponent * x), -mp.expm1(-exponent * x)
            start += nu * f**2
            start_x += nu * x * f**2
            if mu:
                E += mu * g / x
                V += kappa * mu * (g / x) ** 2
                V_train += kappa * mu * g**2 / x
                mean_f += kappa * mu * f / x
                square_f += kappa * mu * f**2 / x
        zero = max(1 - c, 0) / (1 + mu2)
        variance = V_train - (kappa * E) ** 2 if kappa * E < 0.5 else zero + square_f - (zero + mean_f) ** 2
        return E, V, kappa * E, V_train, variance, start, start_x


def statistics(mu_norm2, c, sigma2, exponent):
    """E, V, E*, V* and V* - E*^2 at alpha t = exponent."""
    E, V, E_train, V_train, variance, start, start_x = _integrals(mu_norm2, c, exponent)
    with mp.workdps(DIGITS):
        return [E, V + mp.mpf(sigma2) * start, E_train, V_train + mp.mpf(sigma2) * start_x, variance + mp.mpf(sigma2) * start_x]
