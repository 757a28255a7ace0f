"""Compiled loops over eigenvalues: what training leaves and learns along each, at many times."""

import math

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays

LOG2_E = 1 / math.log(2)
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
ROUNDING_SHIFT = 1.5 * 2.0**52
LEAST_EXPONENT = -700.0


@njit(cache=True, nogil=True, error_model="numpy")
def decay(z):
    r"""Return :math:`e^z` and :math:`1 - e^z` for real z <= 0, both to a few units in the last place.

    z = k ln 2 + r with \|r\| <= ln(2)/2, then :math:`e^z = 2^k (1 + q)` and :math:`1 - e^z = (1 - 2^k) - 2^k q` with the
    Taylor polynomial q of degree 13 of :math:`e^r - 1`. Below z = -700 the pair stays at :math:`(e^{-700}, 1)`. There is no
    branch, so that loops over it become vector instructions.
    """
    z = max(z, LEAST_EXPONENT)
    shifted = z * LOG2_E + ROUNDING_SHIFT
    k = shifted - ROUNDING_SHIFT
    r = (z - k * LN2_HIGH) - k * LN2_LOW
    q = 1 / 6227020800
    q = q * r + 1 / 479001600
    q = q * r + 1 / 39916800
    q = q * r + 1 / 3628800
    q = q * r + 1 / 362880
    q = q * r + 1 / 40320
    q = q * r + 1 / 5040
    q = q * r + 1 / 720
    q = q * r + 1 / 120
    q = q * r + 1 / 24
    q = q * r + 1 / 6
    q = q * r + 1 / 2
    q = r + r * r * q
    power = np.int64((np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52)).view(np.float64)
    return power + power * q, (1 - power) - power * q


@njit(array_form=arrays.spectral_sums, cache=True, nogil=True, fastmath={"contract", "reassoc"})
def spectral_sums(x, rates, p, p_over_x, nu, sigma2, exponents):
    r"""Return sums over nodes for every exponent a, with f = exp(-a r(x)) and g = 1 - f.

    Parameters
    ----------
    x, rates, p, p_over_x, nu : float64 arrays, shape (k,)
        Nodes; the rates r(x) >= 0, equal to x for the flow; weights of the probability measure P; P/x (0 at x = 0); weights of nu.
    sigma2 : float
    exponents : float64 array, shape (m,)

    Returns
    -------
    float64 array, shape (4, m)
        Rows: :math:`\sum g P`, :math:`\sum g^2 P/x + \sigma^2 \sum f^2 \nu`, :math:`\sum g^2 P + \sigma^2 \sum x f^2 \nu`,
        and :math:`\sum (q - \bar q)^2 P + \sigma^2 \sum x f^2 \nu`, where q is the one of f and g whose mean is below 1/2.
    """
    sums = np.empty((4, exponents.size))
    f = np.empty(x.size)
    g = np.empty(x.size)
    for i in range(exponents.size):
        for k in range(x.size):
            f[k], g[k] = decay(-exponents[i] * rates[k])
        mean_f = 0.0
        mean_g = 0.0
        over_x = 0.0
        square = 0.0
        start = 0.0
        x_start = 0.0
        for k in range(x.size):
            mean_f += p[k] * f[k]
            mean_g += p[k] * g[k]
            over_x += p_over_x[k] * (g[k] * g[k])
            square += p[k] * (g[k] * g[k])
            start += nu[k] * (f[k] * f[k])
            x_start += nu[k] * x[k] * (f[k] * f[k])
        if mean_g < 0.5:
            small = g
            mean = mean_g
        else:
            small = f
            mean = mean_f
        spread = 0.0
        for k in range(x.size):
            spread += p[k] * (small[k] - mean) ** 2
        sums[0, i] = mean_g
        sums[1, i] = over_x + sigma2 * start
        sums[2, i] = square + sigma2 * x_start
        sums[3, i] = spread + sigma2 * x_start
    return sums


@njit(array_form=arrays.descent_modes, cache=True, nogil=True, error_model="numpy")
def descent_modes(eigenvalues, rates, alternates, t, start, pull):
    r"""Return start + h pull for every time t and eigenvalue l, where h = (1 - f_t(l))/l and :math:`f_t(l) = \pm e^{-t r(l)}`.

    Parameters
    ----------
    eigenvalues, rates : float64 arrays, shape (k,)
        l > 0 and r(l) >= 0.
    alternates : float64 array, shape (k,)
        1 where f changes its sign at every (integer) step, 0 elsewhere.
    t : float64 array, shape (m,)
    start, pull : float64 arrays, shape (k,)

    Returns
    -------
    float64 array, shape (m, k)
    """
    modes = np.empty((t.size, eigenvalues.size))
    for i in range(t.size):
        odd = t[i] % 2.0
        for k in range(eigenvalues.size):
            f, g = decay(-t[i] * rates[k])
            h = (g + 2 * f * (odd * alternates[k])) / eigenvalues[k]
            modes[i, k] = start[k] + h * pull[k]
    return modes


@njit(array_form=arrays.two_step_recurrence, cache=True, nogil=True, error_model="numpy")
def two_step_recurrence(pulls, momentum, push, now, change, steps):
    r"""Step :math:`d \leftarrow \beta d - a u + b, u \leftarrow u + d` a number of times.

    Parameters
    ----------
    pulls : float64 array, shape (k,)
        a.
    momentum, push : float
        :math:`\beta` and b.
    now, change : float64 arrays, shape (k,)
        u and d; overwritten.
    steps : int
    """
    for _ in range(steps):
        for k in range(pulls.size):
            change[k] = momentum * change[k] - pulls[k] * now[k] + push
            now[k] += change[k]
