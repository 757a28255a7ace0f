r"""The flow of a finite network in its overlaps, by an explicit Runge-Kutta method of order 8.

Arguments of one name mean the same everywhere, with m neurons and P = m(m - 1)/2 pairs of them:

y, point, new : float64 arrays, shape (2m + P,)
    A state: the weights a, the overlaps :math:`s_i`, and :math:`r_{ij}` for i < j, row by row; :math:`r_{ii} = 1`.
k : float64 array, shape (16, 2m + P)
    Velocities at the stages of a step.
system : tuple (kind, c, at_one, v, epsilon)
    One of SERIES, RELU, ERF for U; the coefficients :math:`\sigma_k^2` of its series; U(1) and U'(1), shape (2,); the coefficients
    :math:`\phi_k \sigma_k` of V. Coefficients end in zeros, so that TERMS divides their number.
room : tuple of float64 arrays, shapes (2m + P,), (2m + P,), (m,), (m,), (m,), (m, m), (m, m), (m, m)
    Working memory.
"""

import math

import numpy as np
from scipy.integrate import DOP853

from learning_dynamics._compiled import njit

from . import arrays

SERIES, RELU, ERF = 0, 1, 2
RUNNING, FINISHED, STALLED, EXHAUSTED = 0, 1, 2, 3
TIME, STEP, AIM = 0, 1, 2
STAGE, REACHED, TAKEN, REJECTED = 0, 1, 2, 3
TILE, BLOCK, TERMS = 256, 16, 4
FEW, SHORT = 8, 32
"""Neurons up to which plain loops are faster than the matrix product of a library, and than loops over rows."""

NEW, STAGES = 12, 16
TABLE = np.zeros((STAGES, STAGES))
TABLE[:NEW, :NEW] = DOP853.A
TABLE[NEW, :NEW] = DOP853.B
TABLE[NEW + 1 :] = DOP853.A_EXTRA
FIFTH, THIRD, BETWEEN = DOP853.E5, DOP853.E3, DOP853.D
EXPONENT, SAFETY, LEAST_FACTOR, LARGEST_FACTOR = -1 / 8, 0.9, 0.2, 10.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_multiple(c, source, target):
    """Add c times one vector to another."""
    for i in range(source.size):
        target[i] += c * source[i]


@njit(array_form=arrays.add_stages, cache=True, nogil=True, error_model="numpy")
def add_stages(weights, scale, k, x):
    r"""Add :math:`\text{scale} \sum_j w_j k_j` to x."""
    for first in range(0, x.size, TILE):
        last = min(first + TILE, x.size)
        for j in range(weights.size):
            if weights[j] != 0:
                add_multiple(scale * weights[j], k[j, first:last], x[first:last])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def lower_powers(c0, c1, c2, c3, s, value, slope):
    r"""Overwrite p(s) by :math:`c_0 + c_1 s + c_2 s^2 + c_3 s^3 + s^4 p(s)`, and p'(s) by its derivative."""
    for i in range(s.size):
        x, v, d = s[i], value[i], slope[i]
        d = d * x + v
        v = v * x + c3
        d = d * x + v
        v = v * x + c2
        d = d * x + v
        v = v * x + c1
        slope[i] = d * x + v
        value[i] = v * x + c0


@njit(cache=True, nogil=True, error_model="numpy")
def series_with_slope(c, s, value, slope):
    r"""Write :math:`\sum_k c_k s_i^k` and its derivative in :math:`s_i`, for a multiple of TERMS coefficients."""
    for first in range(0, s.size, TILE):
        tile = slice(first, min(first + TILE, s.size))
        value[tile], slope[tile] = 0.0, 0.0
        for k in range(c.size - TERMS, -1, -TERMS):
            lower_powers(c[k], c[k + 1], c[k + 2], c[k + 3], s[tile], value[tile], slope[tile])


@njit(cache=True, nogil=True, error_model="numpy")
def relu_with_slope(r, value, slope):
    r"""Write :math:`(\sqrt{1-r^2} + r(\pi - \arccos r))/(2\pi)` and its derivative; r is cut off at [-1, 1]."""
    for i in range(r.size):
        x = min(max(r[i], -1.0), 1.0)
        angle = math.pi - math.acos(x)
        value[i] = (math.sqrt((1 - x) * (1 + x)) + x * angle) / (2 * math.pi)
        slope[i] = angle / (2 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def erf_with_slope(r, value, slope):
    r"""Write :math:`\frac2\pi \arcsin\frac{2r}{3}` and its derivative; r is cut off at [-1, 1]."""
    for i in range(r.size):
        x = min(max(r[i], -1.0), 1.0)
        value[i] = 2 / math.pi * math.asin(2 * x / 3)
        slope[i] = 4 / (math.pi * math.sqrt(9 - 4 * x * x))


@njit(array_form=arrays.kernel_with_slope, cache=True, nogil=True, error_model="numpy")
def kernel_with_slope(kind, c, r, value, slope):
    """Write U and its derivative for a vector of overlaps."""
    if kind == RELU:
        relu_with_slope(r, value, slope)
    elif kind == ERF:
        erf_with_slope(r, value, slope)
    else:
        series_with_slope(c, r, value, slope)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def inner(x, y):
    """Return the inner product of two vectors."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def fill_row(share, a, r, slope, full, pull):
    r"""Write the overlaps of a neuron with those after it, and :math:`\text{share}\, a_j U'(r_{ij})`."""
    for j in range(a.size):
        full[j] = r[j]
    for j in range(a.size):
        pull[j] = share * a[j] * slope[j]


@njit(cache=True, nogil=True, error_model="numpy")
def fold(matrix, adds):
    """Add the lower triangle of a square matrix to the upper one, or copy the upper to the lower, in tiles that stay in the cache."""
    m = len(matrix)
    for top in range(0, m, BLOCK):
        for left in range(top, m, BLOCK):
            for i in range(top, min(top + BLOCK, m)):
                for j in range(max(left, i + 1), min(left + BLOCK, m)):
                    if adds:
                        matrix[i, j] += matrix[j, i]
                    else:
                        matrix[j, i] = matrix[i, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def spread_by_pairs(a, r, value, slope, sums, full, pull):
    """What `spread` does off the diagonal, pair by pair."""
    m, p = a.size, 0
    for i in range(m):
        total, share = 0.0, a[i] / m
        for j in range(i + 1, m):
            total += a[j] * value[p]
            sums[j] += a[i] * value[p]
            full[i, j] = full[j, i] = r[p]
            pull[i, j] = pull[j, i] = share * a[j] * slope[p]
            p += 1
        sums[i] += total


@njit(cache=True, nogil=True, error_model="numpy")
def spread_by_rows(a, r, value, slope, sums, full, pull):
    """What `spread` does off the diagonal, by loops over rows, which become vector instructions."""
    m, p = a.size, 0
    for i in range(m):
        row, later = slice(p, p + m - 1 - i), slice(i + 1, m)
        fill_row(a[i] / m, a[later], r[row], slope[row], full[i, later], pull[i, later])
        sums[i] += inner(a[later], value[row])
        add_multiple(a[i], value[row], sums[later])
        p += m - 1 - i
    fold(full, False)
    fold(pull, False)


@njit(cache=True, nogil=True, error_model="numpy")
def spread(a, r, value, slope, at_one, sums, full, pull):
    r"""Fill the matrices :math:`r_{ij}` and :math:`M_{ij} = a_i a_j U'(r_{ij})/m`, and the :math:`\sum_j a_j U(r_{ij})`."""
    for i in range(a.size):
        full[i, i], pull[i, i], sums[i] = 1.0, a[i] * a[i] * at_one[1] / a.size, at_one[0] * a[i]
    if a.size <= SHORT:
        spread_by_pairs(a, r, value, slope, sums, full, pull)
    else:
        spread_by_rows(a, r, value, slope, sums, full, pull)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def product(left, right, out):
    """Write the product of two symmetric matrices."""
    if len(left) > FEW:
        np.dot(left, right, out)
        return
    for i in range(len(left)):
        for j in range(len(left)):
            total = 0.0
            for n in range(len(left)):
                total += left[i, n] * right[j, n]
            out[i, j] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def rates_of_pairs(push, s, inward, turned, r, out):
    r"""Write :math:`r_{ij}'`, pair by pair."""
    p = 0
    for i in range(s.size):
        for j in range(i + 1, s.size):
            driven = push[i] * s[j] + push[j] * s[i] - (turned[i, j] + turned[j, i])
            out[p] = driven + (inward[i] + inward[j]) * r[p]
            p += 1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def rates_of_row(push_i, s_i, inward_i, push, s, inward, both, r, out):
    r"""Write :math:`r_{ij}'` for a neuron i and those after it, from :math:`G_{ij} + G_{ji}`."""
    for j in range(r.size):
        out[j] = push_i * s[j] + push[j] * s_i - both[j] + (inward_i + inward[j]) * r[j]


@njit(cache=True, nogil=True, error_model="numpy")
def rates_of_rows(push, s, inward, turned, r, out):
    r"""Write :math:`r_{ij}'` by loops over rows, which become vector instructions; G is overwritten."""
    fold(turned, True)
    m, p = s.size, 0
    for i in range(m):
        row, later = slice(p, p + m - 1 - i), slice(i + 1, m)
        rates_of_row(push[i], s[i], inward[i], push[later], s[later], inward[later], turned[i, later], r[row], out[row])
        p += m - 1 - i


@njit(array_form=arrays.velocity, cache=True, nogil=True, error_model="numpy")
def velocity(y, out, system, room):
    r"""Write the velocities of a state.

    With :math:`f_i = a_i V'(s_i)`, :math:`G = M R` and :math:`b_i = G_{ii} - f_i s_i`:
    :math:`\epsilon a_i' = V(s_i) - \frac1m \sum_j a_j U(r_{ij})`,
    :math:`s_i' = f_i - (M s)_i + b_i s_i`, and
    :math:`r_{ij}' = f_i s_j + f_j s_i - G_{ij} - G_{ji} + (b_i + b_j) r_{ij}`.
    """
    kind, c, at_one, v, epsilon = system
    value, slope, sums, push, inward, full, pull, turned = room
    m = len(full)
    a, s, r = y[:m], y[m : 2 * m], y[2 * m :]
    series_with_slope(v, s, out[:m], push)
    kernel_with_slope(kind, c, r, value, slope)
    spread(a, r, value, slope, at_one, sums, full, pull)
    product(pull, full, turned)
    for i in range(m):
        out[i] = (out[i] - sums[i] / m) / epsilon
        push[i] *= a[i]
        inward[i] = turned[i, i] - push[i] * s[i]
        out[m + i] = push[i] - inner(pull[i], s) + inward[i] * s[i]
    if m <= SHORT:
        rates_of_pairs(push, s, inward, turned, r, out[2 * m :])
    else:
        rates_of_rows(push, s, inward, turned, r, out[2 * m :])


@njit(array_form=arrays.observe, cache=True, nogil=True, error_model="numpy")
def observe(point, weights, overlaps, sums, system, room):
    r"""Write a, shape (m,), s, shape (m,), and :math:`\sum_i a_i V(s_i)`, :math:`\sum_{ij} a_i a_j U(r_{ij})`, shape (2,)."""
    kind, c, at_one, v, _ = system
    value, slope, m = room[0], room[1], weights.size
    weights[:] = point[:m]
    overlaps[:] = point[m : 2 * m]
    series_with_slope(v, overlaps, value[:m], slope[:m])
    sums[0] = inner(weights, value[:m])
    kernel_with_slope(kind, c, point[2 * m :], value, slope)
    sums[1], p = at_one[0] * inner(weights, weights), 0
    for i in range(m):
        sums[1] += 2 * weights[i] * inner(weights[i + 1 :], value[p : p + m - 1 - i])
        p += m - 1 - i


@njit(array_form=arrays.weighted_square, cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def weighted_square(x, y, new, m, rtol):
    r"""Return the sum of the squares of :math:`x/(\text{rtol}(1 + \max(|y|, |y_{new}|)))`, with each :math:`r_{ij}` counted twice."""
    single, double = 0.0, 0.0
    for i in range(2 * m):
        part = x[i] / (rtol * (1 + max(abs(y[i]), abs(new[i]))))
        single += part * part
    for i in range(2 * m, x.size):
        part = x[i] / (rtol * (1 + max(abs(y[i]), abs(new[i]))))
        double += part * part
    return single + 2 * double


@njit(cache=True, nogil=True, error_model="numpy")
def step_error(step, y, new, k, rtol, room):
    """Return the estimated error of a step over its tolerance: the method's mean of its estimates of order 5 and 3."""
    fifth, third, m = room[0], room[1], room[2].size
    fifth[:], third[:] = 0.0, 0.0
    add_stages(FIFTH[:NEW], step, k, fifth)
    add_stages(THIRD[:NEW], step, k, third)
    size = weighted_square(fifth, y, new, m, rtol)
    other = weighted_square(third, y, new, m, rtol)
    if size == 0 and other == 0:
        return 0.0
    return size / math.sqrt((size + 0.01 * other) * (2 * m + m * m))


@njit(cache=True, nogil=True, error_model="numpy")
def begin(clock, place, end):
    """Fix the time that the next attempt aims at; return whether it is late enough for the time to move on."""
    t = clock[TIME]
    least = 10 * (np.nextafter(t, np.inf) - t)
    if place[REJECTED] == 0:
        clock[STEP] = max(clock[STEP], least)
    clock[AIM] = min(t + clock[STEP], end)
    return clock[STEP] >= least


@njit(cache=True, nogil=True, error_model="numpy")
def judge(clock, place, error):
    """Set the size of the step after this one; return whether this one is accepted."""
    tried = clock[AIM] - clock[TIME]
    factor = LARGEST_FACTOR if error == 0 else SAFETY * error**EXPONENT
    if error < 1:
        clock[STEP] = tried * min(factor, 1.0 if place[REJECTED] else LARGEST_FACTOR)
        place[REJECTED] = 0
        return True
    clock[STEP] = tried * (factor if factor > LEAST_FACTOR else LEAST_FACTOR)  # the error may be no number
    place[REJECTED], place[STAGE] = 1, 0
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def interpolate(x, step, y, new, k, point):
    """Write the state at the share x of a step, by the method's polynomial of degree 7."""
    rest = 1 - x
    weights = np.zeros(STAGES)
    factor = x * x * rest * rest
    for i in range(len(BETWEEN)):
        for j in range(STAGES):
            weights[j] += factor * BETWEEN[i, j]
        factor *= x if i % 2 == 0 else rest
    weights[0] += x * rest * rest
    weights[NEW] -= x * x * rest
    direct = x - x * rest + 2 * x * x * rest
    point[:] = y + direct * (new - y)
    add_stages(weights, step, k, point)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(evaluations, most_steps, clock, place, stops, rtol, y, k, point, new, stop_a, stop_s, sums, system, room):
    r"""Advance the flow by a number of velocities, with adaptive steps, until the last stop.

    Parameters
    ----------
    evaluations, most_steps : int
    clock : float64 array, shape (3,)
        Time, size of the next step, and the time that the present attempt aims at; overwritten.
    place : int64 array, shape (4,)
        Last stage that is known, stops reached, steps taken, whether the last attempt was rejected; overwritten.
    stops : float64 array, shape (q,)
        Increasing times > 0.
    rtol : float
    stop_a, stop_s, sums : float64 arrays, shapes (q, m), (q, m), (q, 2)
        Filled with `observe` at the stops. At the end `point` is the state at the last one.

    Returns
    -------
    int
        One of RUNNING, FINISHED, STALLED (a step below the resolution of the time), EXHAUSTED (all steps taken).
    """
    end = stops[-1]
    for _ in range(evaluations):
        stage = place[STAGE] + 1
        if stage == 1 and not begin(clock, place, end):
            return STALLED
        step = clock[AIM] - clock[TIME]
        point[:] = y
        add_stages(TABLE[stage, :stage], step, k, point)
        if stage == NEW:
            if not judge(clock, place, step_error(step, y, point, k, rtol, room)):
                continue
            new[:] = point
        velocity(point, k[stage], system, room)
        place[STAGE] = stage
        if stage < NEW or (stops[place[REACHED]] < clock[AIM] and stage < STAGES - 1):
            continue
        while place[REACHED] < stops.size and stops[place[REACHED]] <= clock[AIM]:
            q = place[REACHED]
            interpolate((stops[q] - clock[TIME]) / step, step, y, new, k, point)
            observe(point, stop_a[q], stop_s[q], sums[q], system, room)
            place[REACHED] += 1
        y[:] = new
        k[0][:] = k[NEW]
        clock[TIME], place[STAGE] = clock[AIM], 0
        place[TAKEN] += 1
        if place[REACHED] == stops.size:
            return FINISHED
        if place[TAKEN] == most_steps:
            return EXHAUSTED
    return RUNNING
