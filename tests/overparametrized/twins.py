"""Plain NumPy twins: everything written out with the full gradient, one epoch after the other."""

import numpy as np


def outputs(X, weights, scales):
    return np.maximum(weights @ X.T, 0).T @ scales


def gradient(X, weights, scales):
    """The mD x n matrix of the derivatives of f(x_i) by all weights."""
    active = weights @ X.T > 0
    return np.einsum("k,ki,id->kdi", scales, active, X).reshape(weights.size, len(X))


def descent(X, y, weights, scales, step, epochs):
    """Weights after the given number of epochs, and the activities at every epoch."""
    weights, activities = weights.copy(), [weights @ X.T > 0]
    for _ in range(epochs):
        residual = outputs(X, weights, scales) - y
        weights = weights - step * scales[:, None] * ((activities[-1] * residual) @ X)
        activities.append(weights @ X.T > 0)
    return weights, activities


def problem(n, m, D, *, seed=0, scale=1.0):
    """Points, targets, weights and scales of a network with gain 1."""
    rng = np.random.default_rng([seed, n, m, D])
    X = rng.standard_normal((n, D))
    return X, rng.standard_normal(n), scale * rng.standard_normal((m, D)), rng.choice([-1.0, 1.0], m) / np.sqrt(m)
