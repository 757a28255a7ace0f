"""The mean-field flow by a Rosenbrock method of order 4, each step linear in the number of neurons."""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays
from .rodas4 import GAMMA, SLOPE, STAGES, STATE

RUNNING, FINISHED, STALLED = 0, 1, 2
TILE = 256

SAFETY, LEAST_FACTOR, LARGEST_FACTOR, FAILED_FACTOR = 0.9, 0.2, 5.0, 0.1


@njit(array_form=arrays.copy, cache=True, nogil=True, error_model="numpy")
def copy(source, target):
    """Copy one vector into another."""
    for i in range(source.size):
        target[i] = source[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_multiple(c, source, target):
    """Add c times one vector to another."""
    for i in range(source.size):
        target[i] += c * source[i]


@njit(cache=True, nogil=True, error_model="numpy")
def multiply(x, y, product):
    """Write the products of the entries of two vectors."""
    for i in range(x.size):
        product[i] = x[i] * y[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def add_moments(weights, s, moments):
    r"""Add :math:`\sum_i w_i s_i^k` to the k-th moment, for every k; the weights w, shape (m,), are overwritten."""
    for k in range(moments.size):
        total = 0.0
        for i in range(weights.size):
            total += weights[i]
            weights[i] *= s[i]
        moments[k] += total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def series_with_slope(c, s, value, slope):
    r"""Write :math:`\sum_k c_k s_i^k` and its derivative in :math:`s_i`, for vectors of shape (m,)."""
    for i in range(s.size):
        value[i], slope[i] = 0.0, 0.0
    for k in range(c.size - 1, -1, -1):
        for i in range(s.size):
            slope[i] = slope[i] * s[i] + value[i]
            value[i] = value[i] * s[i] + c[k]


@njit(array_form=arrays.residuals, cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def residuals(a, s, phi, sigma, work):
    r"""Return :math:`e_k = \phi_k - \sigma_k \frac1m \sum_i a_i s_i^k`; `work`, shape (m,), is overwritten."""
    moments = np.zeros(phi.size)
    copy(a, work)
    for first in range(0, a.size, TILE):
        last = min(first + TILE, a.size)
        add_moments(work[first:last], s[first:last], moments)
    for k in range(phi.size):
        moments[k] = phi[k] - sigma[k] * (moments[k] / a.size)
    return moments


@njit(array_form=arrays.velocities, cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def velocities(a, s, e, sigma, epsilon, da, ds):
    r"""Write :math:`a_i' = G(s_i)/\epsilon` and :math:`s_i' = a_i (1 - s_i^2) G'(s_i)`, with
    :math:`G(s) = \sum_k \sigma_k e_k s^k`."""
    for first in range(0, a.size, TILE):
        last = min(first + TILE, a.size)
        series_with_slope(sigma * e, s[first:last], da[first:last], ds[first:last])
    for i in range(a.size):
        da[i] /= epsilon
        ds[i] *= a[i] * (1 - s[i] * s[i])


@njit(array_form=arrays.residual_rates, cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def residual_rates(a, s, da, ds, sigma, work):
    r"""Return :math:`e_k' = -\sigma_k \frac1m \sum_i (a_i' s_i^k + k a_i s_i^{k-1} s_i')`; `work`, shape (m,), is
    overwritten."""
    rates = np.empty(sigma.size)
    for i in range(a.size):
        work[i] = 1.0
    for k in range(sigma.size):
        total = 0.0
        for i in range(a.size):
            total += work[i] * da[i]
        if k + 1 < sigma.size:
            moved = 0.0
            for i in range(a.size):
                moved += work[i] * a[i] * ds[i]
                work[i] *= s[i]
            rates[k + 1] = moved
        lifted = k * rates[k] if k > 0 else 0.0
        rates[k] = -sigma[k] * (total + lifted) / a.size
    return rates


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def invert_blocks(a, s, c, epsilon, shift, b11, b12, b21, b22, plain, mixed, square):
    r"""Write the blocks of :math:`M^{-1}` and the weights :math:`N_{11}`, :math:`a N_{12}`, :math:`a^2 N_{22}` of
    `factorise`."""
    for i in range(a.size):
        value, slope, bend = 0.0, 0.0, 0.0
        for k in range(c.size - 1, -1, -1):
            bend = bend * s[i] + slope
            slope = slope * s[i] + value
            value = value * s[i] + c[k]
        rest = 1 - s[i] * s[i]
        corner = shift - a[i] * (2 * rest * bend - 2 * s[i] * slope)
        scale = 1 / (shift * corner - rest * slope * slope / epsilon)
        b11[i] = corner * scale
        b12[i] = slope / epsilon * scale
        b21[i] = rest * slope * scale
        b22[i] = shift * scale
        plain[i] = b11[i] / epsilon
        mixed[i] = b12[i] * rest * a[i]
        square[i] = b22[i] * rest * a[i] * a[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def factorise(a, s, e, sigma, epsilon, shift, blocks):
    r"""Prepare solves with :math:`W = \text{shift} \cdot I - J`, where J is the Jacobian of the flow.

    J = D + P Q^T with 2 x 2 blocks
    :math:`D_i = \begin{pmatrix} 0 & G'/\epsilon \\ (1-s^2) G' & a((1-s^2) G'' - 2 s G') \end{pmatrix}`
    and with :math:`P = -m \Lambda Q`, :math:`\Lambda = \mathrm{diag}(1/\epsilon, 1 - s^2)`, and columns
    :math:`Q_k = -\frac{\sigma_k}{m} (s^k, k a s^{k-1})`. With M = shift I - D,
    :math:`W^{-1} = M^{-1} + M^{-1} P C^{-1} Q^T M^{-1}`. As
    :math:`N = M^{-1} \Lambda` is symmetric, :math:`C = I + m Q^T N Q` needs 2K + 1 moments only:
    :math:`C_{jk} = \delta_{jk} + \frac{\sigma_j \sigma_k}{m} \sum_i
    (N_{11} s^{j+k} + (j+k) N_{12} a s^{j+k-1} + jk N_{22} a^2 s^{j+k-2})`.

    Parameters
    ----------
    blocks : float64 array, shape (4, m)
        Filled with the entries 11, 12, 21, 22 of the blocks of :math:`M^{-1}`.

    Returns
    -------
    factors, pivots : float64 array, shape (K + 1, K + 1), and int64 array, shape (K + 1,)
        Of C, for `solve_small`.
    """
    m, count = a.size, sigma.size
    moments = np.zeros((3, 2 * count - 1))
    plain, mixed, square = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    for first in range(0, m, TILE):
        last = min(first + TILE, m)
        size, points = last - first, s[first:last]
        invert_blocks(
            a[first:last], points, sigma * e, epsilon, shift,
            blocks[0, first:last], blocks[1, first:last], blocks[2, first:last], blocks[3, first:last],
            plain, mixed, square,
        )  # fmt: skip
        add_moments(plain[:size], points, moments[0])
        add_moments(mixed[:size], points, moments[1])
        add_moments(square[:size], points, moments[2])
    capacity = np.empty((count, count))
    for j in range(count):
        for k in range(count):
            n = j + k
            total = moments[0, n]
            if n > 0:
                total += n * moments[1, n - 1]
            if j * k > 0:
                total += j * k * moments[2, n - 2]
            capacity[j, k] = sigma[j] * sigma[k] / m * total
        capacity[j, j] += 1
    return factorise_small(capacity)


@njit(cache=True, nogil=True, error_model="numpy")
def factorise_small(matrix):
    """Return the factors of P A = L R by elimination with row pivots; `matrix` is overwritten."""
    size = matrix.shape[0]
    pivots = np.empty(size, np.int64)
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        pivots[k] = best
        for j in range(size):
            matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        for i in range(k + 1, size):
            matrix[i, k] /= matrix[k, k]
            for j in range(k + 1, size):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return matrix, pivots


@njit(cache=True, nogil=True, error_model="numpy")
def solve_small(factors, pivots, x):
    """Overwrite x with the solution of A y = x, from the factors of `factorise_small`."""
    size = x.size
    for k in range(size):
        x[k], x[pivots[k]] = x[pivots[k]], x[k]
    for k in range(size):
        for i in range(k + 1, size):
            x[i] -= factors[i, k] * x[k]
    for k in range(size - 1, -1, -1):
        for j in range(k + 1, size):
            x[k] -= factors[k, j] * x[j]
        x[k] /= factors[k, k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def apply_blocks(b11, b12, b21, b22, va, vs):
    r"""Overwrite (va, vs) with :math:`M^{-1} v`."""
    for i in range(va.size):
        upper = b11[i] * va[i] + b12[i] * vs[i]
        vs[i] = b21[i] * va[i] + b22[i] * vs[i]
        va[i] = upper


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def push(a, s, epsilon, value, slope):
    r"""Overwrite :math:`p, p'` with :math:`p/\epsilon` and :math:`a (1 - s^2) p'`."""
    for i in range(a.size):
        value[i] /= epsilon
        slope[i] *= a[i] * (1 - s[i] * s[i])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def solve(a, s, sigma, epsilon, blocks, factors, pivots, va, vs):
    """Overwrite (va, vs), shape (m,) each, with the solution of W x = v, from the results of `factorise`."""
    m, count = a.size, sigma.size
    moments, first_part, second_part = np.zeros((2, count)), np.empty(TILE), np.empty(TILE)
    for first in range(0, m, TILE):
        last = min(first + TILE, m)
        tile = slice(first, last)
        upper, lower = first_part[: last - first], second_part[: last - first]
        apply_blocks(blocks[0, tile], blocks[1, tile], blocks[2, tile], blocks[3, tile], va[tile], vs[tile])
        copy(va[tile], upper)
        multiply(a[tile], vs[tile], lower)
        add_moments(upper, s[tile], moments[0])
        add_moments(lower, s[tile], moments[1])
    x = np.empty(count)
    for k in range(count):
        lifted = k * moments[1, k - 1] if k > 0 else 0.0
        x[k] = -sigma[k] * (moments[0, k] + lifted) / m
    solve_small(factors, pivots, x)
    for first in range(0, m, TILE):
        last = min(first + TILE, m)
        tile = slice(first, last)
        upper, lower = first_part[: last - first], second_part[: last - first]
        series_with_slope(sigma * x, s[tile], upper, lower)
        push(a[tile], s[tile], epsilon, upper, lower)
        apply_blocks(blocks[0, tile], blocks[1, tile], blocks[2, tile], blocks[3, tile], upper, lower)
        add_multiple(1.0, upper, va[tile])
        add_multiple(1.0, lower, vs[tile])


@njit(array_form=arrays.largest_error, cache=True, nogil=True, error_model="numpy")
def largest_error(change_a, change_s, new_a, new_s, rtol, floor_s):
    r"""Return the largest entry of an estimated error, or inf where it is not a number or some :math:`|s_i| > 1`.

    Errors of a are weighed by rtol (1 + |a_i| + rms a), those of s by rtol (floor_s + |s_i| + rms s).
    """
    m = new_a.size
    square_a, square_s = 0.0, 0.0
    for i in range(m):
        square_a += new_a[i] * new_a[i]
        square_s += new_s[i] * new_s[i]
    base_a, base_s = 1 + np.sqrt(square_a / m), floor_s + np.sqrt(square_s / m)
    worst = 0.0
    for i in range(m):
        part = max(abs(change_a[i]) / (base_a + abs(new_a[i])), abs(change_s[i]) / (base_s + abs(new_s[i])))
        if not part <= 1e300 or abs(new_s[i]) > 1:
            return np.inf
        worst = max(worst, part)
    return worst / rtol


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_stages(weights, count, scale, u, x):
    r"""Add :math:`\text{scale} \sum_{j < \text{count}} w_j u_j` to x, shape (m,), for stages u of shape (6, m)."""
    for first in range(0, x.size, TILE):
        last = min(first + TILE, x.size)
        for j in range(count):
            add_multiple(weights[j] * scale, u[j, first:last], x[first:last])


@njit(array_form=arrays.attempt, cache=True, nogil=True, error_model="numpy")
def attempt(a, s, da, ds, e, step, phi, sigma, epsilon, new_a, new_s, u_a, u_s, work, blocks):
    r"""Make one step of the method, without judging it.

    Six stages solve :math:`(I/(\gamma h) - J) u_i = f(y + \sum_{j<i} A_{ij} u_j) + \sum_{j<i} C_{ij} u_j / h`. The new
    state is the last argument of f plus :math:`u_6`, and :math:`u_6` estimates its error.

    Parameters
    ----------
    a, s, da, ds, e : float64 arrays, shapes (m,) and, for the residuals e, (K + 1,)
        State, velocities and residuals at the start of the step.
    step : float
    phi, sigma : float64 arrays, shape (K + 1,)
    epsilon : float
    new_a, new_s : float64 arrays, shape (m,)
        Filled with the new state.
    u_a, u_s : float64 arrays, shape (6, m)
        Filled with the stages.
    work, blocks : float64 arrays, shapes (m,) and (4, m)
        Room for `residuals` and `factorise`.
    """
    factors, pivots = factorise(a, s, e, sigma, epsilon, 1 / (GAMMA * step), blocks)
    for stage in range(STAGES):
        if stage == 0:
            copy(da, u_a[0])
            copy(ds, u_s[0])
        else:
            copy(a, new_a)
            copy(s, new_s)
            add_stages(STATE[stage], stage, 1.0, u_a, new_a)
            add_stages(STATE[stage], stage, 1.0, u_s, new_s)
            now = residuals(new_a, new_s, phi, sigma, work)
            velocities(new_a, new_s, now, sigma, epsilon, u_a[stage], u_s[stage])
            add_stages(SLOPE[stage], stage, 1 / step, u_a, u_a[stage])
            add_stages(SLOPE[stage], stage, 1 / step, u_s, u_s[stage])
        solve(a, s, sigma, epsilon, blocks, factors, pivots, u_a[stage], u_s[stage])
    add_multiple(1.0, u_a[STAGES - 1], new_a)
    add_multiple(1.0, u_s[STAGES - 1], new_s)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(a, s, clock, stops, reached, phi, sigma, epsilon, rtol, times, errors, rates, stop_a, stop_s):
    r"""Advance the flow with adaptive steps until the last stop, or until the arrays for the steps are full.

    Parameters
    ----------
    a, s : float64 arrays, shape (m,)
        State; overwritten.
    clock : float64 array, shape (2,)
        Time and next step size; overwritten.
    stops : float64 array, shape (q,)
        Increasing times > 0 that are hit exactly.
    reached : int64 array, shape (1,)
        Number of stops reached so far; overwritten.
    phi, sigma : float64 arrays, shape (K + 1,)
    epsilon, rtol : float
        Relative step, and tolerance of `largest_error`.
    times : float64 array, shape (n,)
    errors, rates : float64 arrays, shape (n, K + 1)
        Filled with the times after each step, and there the residuals and their time derivatives.
    stop_a, stop_s : float64 arrays, shape (q, m)
        Filled with the states at the stops.

    Returns
    -------
    status, taken : int
        One of RUNNING, FINISHED, STALLED (a step below the resolution of the time), and the number of steps written.
    """
    m = a.size
    u_a, u_s = np.empty((STAGES, m)), np.empty((STAGES, m))
    new_a, new_s, da, ds, work = np.empty(m), np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    blocks = np.empty((4, m))
    e = residuals(a, s, phi, sigma, work)
    velocities(a, s, e, sigma, epsilon, da, ds)
    taken = 0
    while taken < times.size:
        t, wanted = clock
        rest = stops[reached[0]] - t
        lands = wanted >= rest * (1 - 1e-12)
        step = rest if lands else min(wanted, 0.5 * rest)
        if t + step <= t:
            return STALLED, taken
        attempt(a, s, da, ds, e, step, phi, sigma, epsilon, new_a, new_s, u_a, u_s, work, blocks)
        error = largest_error(u_a[STAGES - 1], u_s[STAGES - 1], new_a, new_s, rtol, np.sqrt(epsilon))
        factor = min(LARGEST_FACTOR, max(LEAST_FACTOR, SAFETY * max(error, 1e-10) ** -0.25))
        if error > 1:
            clock[1] = factor * step if error < np.inf else FAILED_FACTOR * step
            continue
        copy(new_a, a)
        copy(new_s, s)
        clock[0] = stops[reached[0]] if lands else t + step
        clock[1] = max(wanted, factor * step) if lands else factor * step
        e = residuals(a, s, phi, sigma, work)
        velocities(a, s, e, sigma, epsilon, da, ds)
        times[taken] = clock[0]
        copy(e, errors[taken])
        copy(residual_rates(a, s, da, ds, sigma, work), rates[taken])
        taken += 1
        if lands:
            copy(a, stop_a[reached[0]])
            copy(s, stop_s[reached[0]])
            reached[0] += 1
            if reached[0] == stops.size:
                return FINISHED, taken
    return RUNNING, taken
