r"""Gradient descent in one compiled loop over neurons: arrays in, arrays out, no checks.

Arguments of one name mean the same in all loops of descent, with D inputs (and bias), n points, m neurons:

points : float64 array, shape (D, n)
    Inputs in columns.
zero : tuple of D floats 0.0
    Its length is known to the compiler, so that the weights of a neuron stay in registers.
targets, r, outputs : float64 arrays, shape (n,)
    Y, residuals f - Y, and f.
weights : float64 array, shape (m, D)
scales : float64 array, shape (m,)
    :math:`b_k = g a_k/\sqrt m`; the network is :math:`f(x) = \sum_k b_k \max(w_k^T x, 0)`.
active : bool array, shape (m, n)
    Where :math:`w_k^T x_i > 0`.
step : float
    s in :math:`w \leftarrow w - s \nabla f \, r`.
"""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays
from .unrolled import OPTIONS, added, loaded, moved, product, store


@njit(cache=True, nogil=True, **OPTIONS)
def copy_rows(source, target):
    """Copy the rows that both have. A loop, because an assignment of slices takes seconds to compile."""
    for k in range(min(len(source), len(target))):
        for i in range(source.shape[1]):
            target[k, i] = source[k, i]


@njit(array_form=arrays.fused_descent, cache=True, nogil=True, **OPTIONS)
def fused_descent(points, zero, targets, weights, scales, active, outputs, step, epochs, limit):
    r"""Step all neurons epoch by epoch; the forward pass of one neuron and the backward pass of the next share a loop.

    `weights`, `active` and `outputs` are overwritten. The descent stops once the sum of squared residuals is not at most
    `limit`.

    Returns
    -------
    int
        Number of epochs done.
    """
    n = targets.size
    m = scales.size
    r, f = np.empty(n), outputs.copy()
    mask = np.zeros((m + 1, n), np.bool_)
    copy_rows(active, mask)
    done = 0
    while done < epochs:
        square = 0.0
        slopes = zero
        for i in range(n):
            r[i] = f[i] - targets[i]
            square += r[i] * r[i]
            f[i] = 0.0
            slopes = added(slopes, r[i] if mask[0, i] else 0.0, points, i)
        if not square <= limit:
            break
        for k in range(m):
            w = moved(loaded(weights[k], zero), step * scales[k], slopes)
            store(weights[k], w)
            scale = scales[k]
            own = mask[k]
            following = mask[k + 1]
            slopes = zero
            for i in range(n):
                value = product(w, points, i)
                own[i] = value > 0.0
                f[i] += scale * max(value, 0.0)
                residual = r[i]
                slopes = added(slopes, residual if following[i] else 0.0, points, i)
        for i in range(n):
            outputs[i] = f[i]
        done += 1
    copy_rows(mask, active)
    return done
