"""Array forms of the loops of part I: arguments, shapes and results are those of the loop of the same name."""

import numpy as np

LEAST_EXPONENT = -700.0
BLOCK_ENTRIES = 2**18


def noise_sums(x, nu, alpha, strength, residuals):
    """As in `batches`, node by node at once."""
    norms, margins = np.zeros(len(residuals)), np.zeros(len(residuals))
    spread, kept = np.zeros(len(x)), (1 - alpha * x) ** 2
    weights, squares = x * nu, x**2 * nu
    for t in range(1, len(residuals)):
        spread = kept * spread + strength * (residuals[t - 1] + margins[t - 1])
        norms[t], margins[t] = np.sum(weights * spread), np.sum(squares * spread)
    return norms, margins


def decays(z):
    r"""Return :math:`e^z` and :math:`1 - e^z` for arrays, as `eigenmodes.decay` does for one number."""
    z = np.maximum(z, LEAST_EXPONENT)
    return np.exp(z), -np.expm1(z)


def spectral_sums(x, rates, p, p_over_x, nu, sigma2, exponents):
    """As in `eigenmodes`, for as many exponents at a time as there is room for."""
    sums, rows = np.empty((4, exponents.size)), max(1, BLOCK_ENTRIES // x.size)
    for first in range(0, exponents.size, rows):
        part = slice(first, first + rows)
        f, g = decays(-np.multiply.outer(exponents[part], rates))
        means_f, means_g = (f * p).sum(axis=1), (g * p).sum(axis=1)
        small = np.where((means_g < 0.5)[:, None], g, f)
        spread = small - np.where(means_g < 0.5, means_g, means_f)[:, None]
        x_start = sigma2 * (f**2 * (nu * x)).sum(axis=1)
        sums[0, part] = means_g
        sums[1, part] = (g**2 * p_over_x).sum(axis=1) + sigma2 * (f**2 * nu).sum(axis=1)
        sums[2, part] = (g**2 * p).sum(axis=1) + x_start
        sums[3, part] = (spread**2 * p).sum(axis=1) + x_start
    return sums


def descent_modes(eigenvalues, rates, alternates, t, start, pull):
    """As in `eigenmodes`, all times and eigenvalues at once."""
    f, g = decays(-np.multiply.outer(t, rates))
    h = (g + 2 * f * np.multiply.outer(t % 2.0, alternates)) / eigenvalues
    return start + h * pull


def two_step_recurrence(pulls, momentum, push, now, change, steps):
    """As in `eigenmodes`, each step for all at once."""
    for _ in range(steps):
        change *= momentum
        change -= pulls * now
        change += push
        now += change


def error_shares(margins, labels):
    """As in `miscounts`."""
    signed = margins * labels
    halves = np.count_nonzero(signed < 0, axis=1) + np.count_nonzero(signed <= 0, axis=1)
    return halves / (2 * labels.size)


def resolvent_sums(eigenvalues, products, z):
    """As in `resolvents`, all eigenvalues at once."""
    sums = np.empty(z.size, np.complex128)
    for i, point in enumerate(z):
        sums[i] = np.sum(products / (eigenvalues - point))
    return sums


def companion_inverse(z, m, eigenvalues, weights):
    """As in `resolvents`, all eigenvalues at once."""
    return -z + np.sum(weights * eigenvalues / (1 + eigenvalues * m))


def newton_root(z, m, eigenvalues, weights, steps):
    """As in `resolvents`, all eigenvalues at once."""
    change, pulls = np.inf, weights * eigenvalues
    for _ in range(steps):
        shares = 1 / (1 + eigenvalues * m)
        pulled = pulls * shares
        value = 1 + z * m - m * np.sum(pulled)
        step = value / (z - np.sum(pulled * shares))
        m = m - step
        before, change = change, abs(step) / abs(m)
        if change < 1e-15 or (change < 1e-12 and change >= before / 2):
            return m.imag > 0, m
    return False, m
