r"""Array forms of the loops of part II: arguments, shapes and results are those of the loop that each stands for.

Who calls them holds BLAS to one thread.
"""

import functools
import math

import numpy as np
from scipy.linalg import lapack
from scipy.special import erf

from .rodas4 import GAMMA, SLOPE, STAGES, STATE

SERIES, RELU, ERF = 0, 1, 2
SLOPE_OF_ERF = 2 / math.sqrt(math.pi)


def copy(source, target):
    """Copy one vector into another."""
    target[:] = source


def powers(s, count):
    r"""Return :math:`s_i^k` for k < count, shape (count, m)."""
    rows = np.ones((count, s.size))
    rows[1:] = s
    return np.multiply.accumulate(rows, axis=0)


def series_with_slope(c, s, value, slope):
    r"""Write :math:`\sum_k c_k s_i^k` and its derivative in :math:`s_i`."""
    value[:], slope[:] = 0.0, 0.0
    for coefficient in c[::-1]:
        slope *= s
        slope += value
        value *= s
        value += coefficient


def residuals(a, s, phi, sigma, work):
    """As in `rosenbrock`; `work` is left alone."""
    return phi - sigma * (powers(s, phi.size) @ a / a.size)


def velocities(a, s, e, sigma, epsilon, da, ds):
    """As in `rosenbrock`."""
    rows, c = powers(s, sigma.size), sigma * e
    da[:] = c @ rows / epsilon
    ds[:] = (np.arange(1.0, c.size) * c[1:]) @ rows[:-1] * (a * (1 - s * s))


def residual_rates(a, s, da, ds, sigma, work):
    """As in `rosenbrock`; `work` is left alone."""
    rows = powers(s, sigma.size)
    rates = rows @ da
    rates[1:] += np.arange(1.0, sigma.size) * (rows[:-1] @ (a * ds))
    return -sigma * rates / a.size


def jacobian(a, s, e, sigma, epsilon, shift):
    r"""What `rosenbrock.factorise` and `rosenbrock.solve` need, by whole matrices.

    Returns
    -------
    blocks : float64 array, shape (4, m)
        The entries 11, 12, 21, 22 of the blocks of :math:`M^{-1}`.
    columns, pushed : float64 arrays, shape (K + 1, 2m)
        :math:`(s^k, k a s^{k-1})`, and :math:`\sigma_k M^{-1} \Lambda` times them.
    factors, pivots
        Of C, by LAPACK.
    """
    rows, c, k, rest = powers(s, sigma.size), sigma * e, np.arange(1.0, sigma.size), 1 - s * s
    slope = (k * c[1:]) @ rows[:-1]
    bend = (k[1:] * k[:-1] * c[2:]) @ rows[:-2]
    corner = shift - a * (rest * bend - 2 * s * slope)
    scale = 1 / (shift * corner - rest * slope * slope / epsilon)
    blocks = np.array([corner * scale, slope / epsilon * scale, rest * slope * scale, shift * scale])
    lifted = np.zeros_like(rows)
    lifted[1:] = k[:, None] * (a * rows[:-1])
    pushed = np.hstack(apply_blocks(blocks, rows / epsilon, rest * lifted))
    pushed *= sigma[:, None]
    columns = np.hstack([rows, lifted])
    factors, pivots, _ = lapack.dgetrf(np.eye(sigma.size) + (columns @ pushed.T) * (sigma[:, None] / a.size))
    return blocks, columns, pushed, factors, pivots


def apply_blocks(blocks, va, vs):
    r"""Return both halves of :math:`M^{-1} v`."""
    return blocks[0] * va + blocks[1] * vs, blocks[2] * va + blocks[3] * vs


def attempt(a, s, da, ds, e, step, phi, sigma, epsilon, new_a, new_s, u_a, u_s, work, blocks):
    """As in `rosenbrock`; `work` is left alone."""
    m, stages = a.size, np.empty((STAGES, 2 * a.size))
    blocks[:], columns, pushed, factors, pivots = jacobian(a, s, e, sigma, epsilon, 1 / (GAMMA * step))
    start = now = np.append(a, s)
    for stage, u in enumerate(stages):
        if stage == 0:
            u[:m], u[m:] = da, ds
        else:
            now = start + STATE[stage, :stage] @ stages[:stage]
            velocities(now[:m], now[m:], residuals(now[:m], now[m:], phi, sigma, None), sigma, epsilon, u[:m], u[m:])
            u += SLOPE[stage, :stage] / step @ stages[:stage]
        u[:m], u[m:] = apply_blocks(blocks, u[:m], u[m:])
        x, _ = lapack.dgetrs(factors, pivots, sigma / -m * (columns @ u))
        u += x @ pushed
    now = now + stages[-1]
    new_a[:], new_s[:], u_a[:], u_s[:] = now[:m], now[m:], stages[:, :m], stages[:, m:]


def largest_error(change_a, change_s, new_a, new_s, rtol, floor_s):
    """As in `rosenbrock`."""
    base_a, base_s = 1 + np.sqrt(np.mean(new_a * new_a)), floor_s + np.sqrt(np.mean(new_s * new_s))
    parts = np.maximum(np.abs(change_a) / (base_a + np.abs(new_a)), np.abs(change_s) / (base_s + np.abs(new_s)))
    if not (parts <= 1e300).all() or (np.abs(new_s) > 1).any():
        return np.inf
    return parts.max() / rtol


def add_stages(weights, scale, k, x):
    """As in `network_flow`: stages of weight 0 may not be known yet."""
    known = np.flatnonzero(weights)
    x += (scale * weights[known]) @ k[known]


def relu_with_slope(c, r, value, slope):
    """As in `network_flow`; c, of a series, is not used."""
    x = np.clip(r, -1.0, 1.0)
    angle = np.pi - np.arccos(x)
    value[:] = (np.sqrt((1 - x) * (1 + x)) + x * angle) / (2 * np.pi)
    slope[:] = angle / (2 * np.pi)


def erf_with_slope(c, r, value, slope):
    """As in `network_flow`; c, of a series, is not used."""
    x = np.clip(r, -1.0, 1.0)
    value[:] = 2 / np.pi * np.arcsin(2 * x / 3)
    slope[:] = 4 / (np.pi * np.sqrt(9 - 4 * x * x))


@functools.cache
def places(m):
    """The places of the pairs i < j, row by row, in a matrix of shape (m, m) and in its transpose, as indices of a flat array."""
    rows, columns = np.triu_indices(m, 1)
    return rows * m + columns, columns * m + rows


def unpack(pairs, r):
    """As in `packing`."""
    m = len(r)
    for flat in places(m):
        r.reshape(-1)[flat] = pairs
    np.fill_diagonal(r, 1.0)


def pack(a, u, y):
    """As in `packing`."""
    m = a.size
    y[:m], y[m : 2 * m] = a, u[:, 0]
    y[2 * m :] = (u @ u.T).reshape(-1)[places(m)[0]]


def spread(a, r, value, slope, at_one, sums, full, pull):
    """As in `network_flow`, by whole matrices."""
    m = a.size
    unpack(r, full)
    unpack(value, pull)
    np.fill_diagonal(pull, at_one[0])
    sums[:] = pull @ a
    unpack(slope, pull)
    np.fill_diagonal(pull, at_one[1])
    pull *= np.multiply.outer(a / m, a)


def product(left, right, out):
    """Write the product of two symmetric matrices."""
    np.matmul(left, right, out)


def rates_of_pairs(push, s, inward, turned, r, out):
    """As in `network_flow`, by whole matrices."""
    upper, lower = places(s.size)
    driven = np.multiply.outer(push, s) - turned
    both = driven.reshape(-1)[upper] + driven.reshape(-1)[lower]
    out[:] = both + np.add.outer(inward, inward).reshape(-1)[upper] * r


def kernel_with_slope(kind, c, r, value, slope):
    """As in `network_flow`."""
    (series_with_slope, relu_with_slope, erf_with_slope)[kind](c, r, value, slope)


def velocity(y, out, system, room):
    """As in `network_flow`, by whole matrices."""
    kind, c, at_one, v, epsilon = system
    value, slope, sums, push, inward, full, pull, turned = room
    m = len(full)
    a, s, r = y[:m], y[m : 2 * m], y[2 * m :]
    series_with_slope(v, s, out[:m], push)
    kernel_with_slope(kind, c, r, value[: r.size], slope[: r.size])
    spread(a, r, value[: r.size], slope[: r.size], at_one, sums, full, pull)
    product(pull, full, turned)
    out[:m] = (out[:m] - sums / m) / epsilon
    push *= a
    inward[:] = np.diag(turned) - push * s
    out[m : 2 * m] = push - pull @ s + inward * s
    rates_of_pairs(push, s, inward, turned, r, out[2 * m :])


def observe(point, weights, overlaps, sums, system, room):
    """As in `network_flow`, by whole matrices."""
    kind, c, at_one, v, _ = system
    m, pairs = weights.size, point.size - 2 * weights.size
    value, slope, matrix = room[0], room[1], room[6]
    weights[:], overlaps[:] = point[:m], point[m : 2 * m]
    series_with_slope(v, overlaps, value[:m], slope[:m])
    sums[0] = np.dot(weights, value[:m])
    kernel_with_slope(kind, c, point[2 * m :], value[:pairs], slope[:pairs])
    unpack(value[:pairs], matrix)
    np.fill_diagonal(matrix, at_one[0])
    sums[1] = np.dot(weights, matrix @ weights)


def weighted_square(x, y, new, m, rtol):
    """As in `network_flow`."""
    parts = x / (rtol * (1 + np.maximum(np.abs(y), np.abs(new))))
    return np.dot(parts[: 2 * m], parts[: 2 * m]) + 2 * np.dot(parts[2 * m :], parts[2 * m :])


def activate(kind, coefficients, roots, z):
    """As in `sgd`, for a vector z."""
    if kind == RELU:
        return np.maximum(z, 0.0), (z > 0).astype(float)
    if kind == ERF:
        return erf(z), SLOPE_OF_ERF * np.exp(-z * z)
    value, slope = np.zeros((2, *z.shape))
    h, before = np.ones_like(z), np.zeros_like(z)
    for k, coefficient in enumerate(coefficients):
        value += coefficient * h
        slope += coefficient * roots[k] * before
        h, before = (z * h - roots[k] * before) / roots[k + 1], h
    return value, slope


def descend(a, u, kind, sigma, phi, roots, step, step_a, steps, rng):
    """As in `sgd`, each step for all neurons at once."""
    for _ in range(steps):
        x = rng.standard_normal(u.shape[1])
        z = u @ x
        value, slope = activate(kind, sigma, roots, z)
        rest = activate(SERIES, phi, roots, x[:1])[0][0] - np.dot(a, value) / a.size
        c = step * rest * a * slope
        norm = np.sqrt(1 + c * c * (np.dot(x, x) - z * z))
        u *= ((1 - c * z) / norm)[:, None]
        u += np.multiply.outer(c / norm, x)
        a += step_a * rest * value
