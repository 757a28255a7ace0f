"""Plain NumPy twins of the compiled loops, from their formulas."""

import numpy as np


def residuals(a, s, phi, sigma):
    return np.array([phi[k] - sigma[k] * np.mean(a * s**k) for k in range(phi.size)])


def velocities(a, s, e, sigma, epsilon):
    G = np.polynomial.Polynomial(sigma * e)
    return G(s) / epsilon, a * (1 - s**2) * G.deriv()(s)


def flow(y, phi, sigma, epsilon):
    a, s = np.split(y, 2)
    return np.concatenate(velocities(a, s, residuals(a, s, phi, sigma), sigma, epsilon))


def jacobian(y, phi, sigma, epsilon):
    """By central differences of fourth order."""
    columns = []
    for j in range(y.size):
        step = np.zeros_like(y)
        step[j] = 1e-3
        change = [flow(y + k * step, phi, sigma, epsilon) for k in (-2, -1, 1, 2)]
        columns.append((change[0] - 8 * change[1] + 8 * change[2] - change[3]) / 12e-3)
    return np.array(columns).T


def overlap_velocities(a, s, r, U, phi, sigma, epsilon):
    """The velocities of weights and overlaps, row by row: those of u_i along u_* and along every u_j."""
    m, V = a.size, np.polynomial.Polynomial(phi * sigma)
    da = (V(s) - U(r) @ a / m) / epsilon
    pull = U(r, derivative=1) * (a / m)
    slope = V.deriv()(s)
    inward = [slope[i] * s[i] - pull[i] @ r[i] for i in range(m)]
    ds = np.array([a[i] * (slope[i] - pull[i] @ s - inward[i] * s[i]) for i in range(m)])
    half = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            half[i, j] = a[i] * (slope[i] * s[j] - pull[i] @ r[:, j] - inward[i] * r[i, j])
    return da, ds, half + half.T


def hermite(k, z):
    last, before = np.ones_like(z), np.zeros_like(z)
    for j in range(k):
        last, before = (z * last - np.sqrt(j) * before) / np.sqrt(j + 1), last
    return last


def descend(a, u, activation, slope, phi, step, step_a, steps, rng):
    """One sample at a time, every row normalised by its norm."""
    for _ in range(steps):
        x = rng.standard_normal(u.shape[1])
        z = u @ x
        label = sum(c * hermite(k, x[0]) for k, c in enumerate(phi))
        rest = label - np.mean(a * activation(z))
        moved = u + (step * rest * a * slope(z))[:, None] * (x - z[:, None] * u)
        a = a + step_a * rest * activation(z)
        u = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return a, u
