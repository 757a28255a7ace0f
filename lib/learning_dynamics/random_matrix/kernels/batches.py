"""Compiled recursions over the steps of descent with batches."""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays


@njit(array_form=arrays.noise_sums, cache=True, nogil=True)
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
