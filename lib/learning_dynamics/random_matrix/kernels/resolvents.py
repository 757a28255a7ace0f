"""Compiled sums and roots at many points of the complex plane."""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays


@njit(array_form=arrays.resolvent_sums, cache=True, nogil=True, error_model="numpy")
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
                m = (m + 1 / _companion_inverse(z[i], m, eigenvalues, weights)) / 2
            found, m_new = _newton_root(z[i], m, eigenvalues, weights, steps)
        m = m_new if found else -1 / z[i]
        roots[i] = m_new if found else complex(np.nan, np.nan)
    return roots


@njit(array_form=arrays.newton_root, cache=True, nogil=True, error_model="numpy")
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


@njit(array_form=arrays.companion_inverse, cache=True, nogil=True, error_model="numpy")
def _companion_inverse(z, m, eigenvalues, weights):
    r"""Return :math:`-z + \sum_k \text{weights}_k l_k/(1 + l_k m)`."""
    inverse = -z
    for k in range(eigenvalues.size):
        inverse += weights[k] * eigenvalues[k] / (1 + eigenvalues[k] * m)
    return inverse
