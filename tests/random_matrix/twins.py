"""Plain NumPy twins of the compiled loops, from their formulas."""

import numpy as np


def decay(z):
    return np.exp(z), -np.expm1(z)


def spectral_sums(x, rates, p, p_over_x, nu, sigma2, exponents):
    z = -np.multiply.outer(exponents, rates)
    f, g = np.exp(z), -np.expm1(z)
    x_start = sigma2 * (f**2 @ (nu * x))
    mean_f, mean_g = f @ p, g @ p
    spread = np.where(mean_g < 0.5, ((g - mean_g[:, None]) ** 2) @ p, ((f - mean_f[:, None]) ** 2) @ p)
    return np.array([mean_g, g**2 @ p_over_x + sigma2 * (f**2 @ nu), g**2 @ p + x_start, spread + x_start])


def descent_modes(eigenvalues, rates, alternates, t, start, pull):
    sign = np.where((t[:, None] % 2 == 1) & (alternates == 1), -1.0, 1.0)
    z = -np.multiply.outer(t, rates)
    rise = np.where(sign > 0, -np.expm1(z), 1 + np.exp(z))
    return start + rise / eigenvalues * pull


def error_shares(margins, labels):
    signed = margins * labels
    return ((signed < 0) + 0.5 * (signed == 0)).mean(axis=1)


def resolvent_sums(eigenvalues, products, z):
    return (products / (eigenvalues - z[:, None])).sum(axis=1)


def two_step_recurrence(pulls, momentum, first, push, t):
    rows = [np.full(pulls.shape, first)]
    before = rows[0]
    for _ in range(int(max(t))):
        rows.append((1 + momentum - pulls) * rows[-1] - momentum * before + push)
        before = rows[-2]
    return np.array([rows[int(time)] for time in t])
