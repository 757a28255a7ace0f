"""One-pass stochastic gradient descent."""

import math

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays

SERIES, RELU, ERF = 0, 1, 2
SLOPE_OF_ERF = 2 / math.sqrt(math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def activate(kind, coefficients, roots, z):
    r"""Return value and slope at z of the ReLU, of erf, or of :math:`\sum_k c_k h_k`.

    h is made upwards by :math:`\sqrt{k+1} h_{k+1} = z h_k - \sqrt{k} h_{k-1}`, and :math:`h_k' = \sqrt{k} h_{k-1}`;
    `roots` holds :math:`\sqrt{k}` for k = 0, ..., K + 1.
    """
    if kind == RELU:
        return max(z, 0.0), 1.0 if z > 0 else 0.0
    if kind == ERF:
        return math.erf(z), SLOPE_OF_ERF * math.exp(-z * z)
    value, slope = 0.0, 0.0
    h, before = 1.0, 0.0
    for k in range(coefficients.size):
        value += coefficients[k] * h
        slope += coefficients[k] * roots[k] * before
        h, before = (z * h - roots[k] * before) / roots[k + 1], h
    return value, slope


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def move_and_project(row, keep, add, old, new):
    r"""Overwrite u, shape (d,), with keep u + add old, and return its inner product with new."""
    total = 0.0
    for j in range(row.size):
        moved = keep * row[j] + add * old[j]
        row[j] = moved
        total += moved * new[j]
    return total


@njit(array_form=arrays.descend, cache=True, nogil=True, error_model="numpy")
def descend(a, u, kind, sigma, phi, roots, step, step_a, steps, rng):
    r"""Make steps of one-pass descent, each on a fresh :math:`x \sim N(0, I_d)` with label :math:`y = \varphi(x_1)`.

    With :math:`z_i = \langle u_i, x \rangle` and :math:`\rho = y - \frac1m \sum_i a_i \sigma(z_i)`:
    :math:`a_i \leftarrow a_i + \eta_a \rho \sigma(z_i)` and :math:`u_i \leftarrow u_i + c_i (x - z_i u_i)`,
    :math:`c_i = \eta \rho a_i \sigma'(z_i)`, divided by its norm, which is :math:`\sqrt{1 + c_i^2 (|x|^2 - z_i^2)}`.
    The move of a row waits until the row is read for the next sample.

    Parameters
    ----------
    a : float64 array, shape (m,)
        Overwritten.
    u : float64 array, shape (m, d)
        Unit rows; overwritten.
    kind : int
        SERIES, RELU or ERF.
    sigma, phi : float64 arrays, shape (K + 1,)
    roots : float64 array, shape (K + 2,)
    step, step_a : float
        :math:`\eta` and :math:`\eta_a = \eta/\epsilon`.
    steps : int
    rng : numpy.random.Generator
    """
    m, d = u.shape
    keep, add = np.ones(m), np.zeros(m)
    x, old = np.zeros(d), np.zeros(d)
    z, value, slope = np.empty(m), np.empty(m), np.empty(m)
    for _ in range(steps):
        x, old = old, x
        square = 0.0
        for j in range(d):
            x[j] = rng.standard_normal()
            square += x[j] * x[j]
        total = 0.0
        for i in range(m):
            z[i] = move_and_project(u[i], keep[i], add[i], old, x)
            value[i], slope[i] = activate(kind, sigma, roots, z[i])
            total += a[i] * value[i]
        rest = activate(SERIES, phi, roots, x[0])[0] - total / m
        for i in range(m):
            c = step * rest * a[i] * slope[i]
            norm = math.sqrt(1 + c * c * (square - z[i] * z[i]))
            keep[i] = (1 - c * z[i]) / norm
            add[i] = c / norm
            a[i] += step_a * rest * value[i]
    for i in range(m):
        move_and_project(u[i], keep[i], add[i], x, x)
