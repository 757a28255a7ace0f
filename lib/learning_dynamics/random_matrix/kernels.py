"""Compiled loops of this wing: arrays in, arrays out, no checks."""

import math

import numpy as np
from numba import njit

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


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def error_shares(margins, labels):
    r"""Return for each row the share of labels y_j with y_j m_ij < 0, where m_ij = 0 counts one half.

    Parameters
    ----------
    margins : float64 array, shape (m, n)
    labels : float64 array, shape (n,)

    Returns
    -------
    float64 array, shape (m,)
    """
    shares = np.empty(margins.shape[0])
    for i in range(margins.shape[0]):
        halves = 0
        for j in range(labels.size):
            signed = margins[i, j] * labels[j]
            halves += int(signed < 0) + int(signed <= 0)
        shares[i] = halves / (2 * labels.size)
    return shares


@njit(cache=True, nogil=True, error_model="numpy")
def resolvent_sums(eigenvalues, products, z):
    r"""Return :math:`\sum_k \text{products}_k / (l_k - z)` for every z.

    Parameters
    ----------
    eigenvalues, products : float64 arrays, shape (k,)
    z : complex128 array, shape (m,)

    Returns
    -------
    complex128 array, shape (m,)
    """
    sums = np.empty(z.size, np.complex128)
    for i in range(z.size):
        total = 0j
        for k in range(eigenvalues.size):
            total += products[k] / (eigenvalues[k] - z[i])
        sums[i] = total
    return sums


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True)
def noise_sums(x, nu, alpha, strength, residuals):
    r"""Solve the Volterra equation of the noise of batches, step by step.

    Parameters
    ----------
    x, nu : float64 arrays, shape (k,)
        Nodes, and weights of nu.
    alpha, strength : float
        Step, and :math:`\gamma`.
    residuals : float64 array, shape (T,)
        Mean square of the residuals without the noise, at the times 0 to T - 1.

    Returns
    -------
    norms, margins : float64 arrays, shape (T,)
        What the noise adds to V and to V_train.
    """
    norms, margins = np.zeros(len(residuals)), np.zeros(len(residuals))
    spread = np.zeros(len(x))
    kept = (1 - alpha * x) ** 2
    for t in range(1, len(residuals)):
        push = strength * (residuals[t - 1] + margins[t - 1])
        for k in range(len(x)):
            spread[k] = kept[k] * spread[k] + push
            norms[t] += x[k] * nu[k] * spread[k]
            margins[t] += x[k] ** 2 * nu[k] * spread[k]
    return norms, margins


@njit(cache=True, nogil=True)
def one_pass(mu_norm2, sigma2, alpha, ratio, steps):
    """Return E and V of one pass over fresh points at the times 0 to `steps`, float64 arrays of shape (steps + 1,)."""
    E, V = np.zeros(steps + 1), np.full(steps + 1, sigma2)
    for t in range(steps):
        e, v = E[t], V[t]
        pull = v + (2 + mu_norm2) * e**2 - 2 * (1 + mu_norm2) * e + mu_norm2
        residual = 1 - 2 * e + v + e**2
        E[t + 1] = e - alpha * ((1 + mu_norm2) * e - mu_norm2)
        V[t + 1] = v - 2 * alpha * (v + e**2 - e) + alpha**2 * (pull + residual / ratio)
    return E, V


@njit(cache=True, nogil=True, error_model="numpy")
def companion_transform(z, eigenvalues, weights, sweeps, steps):
    r"""Solve :math:`1/m = -z + \sum_k \text{weights}_k l_k/(1 + l_k m)` with Im m of the sign of Im z, at every z in turn.

    Newton's method begins at the root for the z before. Where it fails, the map :math:`m \to 1/(-z + \sum ...)`, which contracts
    the half-plane, is averaged and iterated first. The root in the half-plane is the only one there.

    Parameters
    ----------
    z : complex128 array, shape (m,)
        Points with Im z > 0, neighbours near each other.
    eigenvalues, weights : float64 arrays, shape (k,)
    sweeps, steps : int
        Most steps of the averaged map, and of Newton's method.

    Returns
    -------
    complex128 array, shape (m,)
        NaN where there is no root to rounding.
    """
    roots = np.empty(z.size, np.complex128)
    m = -1 / z[0]
    for i in range(z.size):
        found, m_new = _newton_root(z[i], m, eigenvalues, weights, steps)
        for attempt in range(4):
            if found:
                break
            m = -1 / z[i] if attempt == 0 else m
            for _ in range(sweeps):
                pull = -z[i]
                for k in range(eigenvalues.size):
                    pull += weights[k] * eigenvalues[k] / (1 + eigenvalues[k] * m)
                m = (m + 1 / pull) / 2
            found, m_new = _newton_root(z[i], m, eigenvalues, weights, steps)
        m = m_new if found else -1 / z[i]
        roots[i] = m_new if found else complex(np.nan, np.nan)
    return roots


@njit(cache=True, nogil=True, error_model="numpy")
def _newton_root(z, m, eigenvalues, weights, steps):
    r"""Return whether Newton's method for :math:`1 + z m - \sum w l m/(1 + l m)` from m ends in the half-plane, and where."""
    change = np.inf
    for _ in range(steps):
        value, slope = 1 + z * m, z
        for k in range(eigenvalues.size):
            share = 1 / (1 + eigenvalues[k] * m)
            value -= weights[k] * eigenvalues[k] * m * share
            slope -= weights[k] * eigenvalues[k] * share * share
        step = value / slope
        m = m - step
        before, change = change, abs(step) / abs(m)
        if change < 1e-15 or (change < 1e-12 and change >= before / 2):
            return m.imag > 0, m
    return False, m
