r"""Functions of the overlaps of unit vectors: power series with Hermite coefficients, and exact kernels."""

from math import pi

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import integer, real_array

BEYOND_ONE = 1e-6
"""How far rounding may carry an overlap of two unit vectors out of [-1, 1]."""


def power_series(coefficients, s, *, derivative=0):
    r"""Value of :math:`\frac{d^n}{ds^n} \sum_k c_k s^k`: U for :math:`c = \sigma^2` and V for :math:`c = \phi\sigma`,
    paper 2 equations (12), (13).

    Parameters
    ----------
    coefficients : array_like of float, shape (K + 1,)
    s : array_like of float, shape (...)
    derivative : int
        n >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        If an argument does not hold finite real numbers or `derivative` is not an integer >= 0.

    Examples
    --------
    >>> power_series([1.0, 2.0, 3.0], [0.0, 0.5], derivative=1)
    array([2., 5.])
    """
    coefficients = real_array("coefficients", coefficients, ndim=1)
    s = real_array("s", s)
    order = min(integer("derivative", derivative, at_least=0), coefficients.size)
    with within_floats(coefficients=coefficients, s=s):
        for _ in range(order):
            coefficients = coefficients[1:] * np.arange(1, coefficients.size)
        return series(coefficients, s)[()]


def series(coefficients, s):
    """`power_series` without checks and without derivative, for a vector of coefficients, maybe empty, and an array
    s."""
    value = np.zeros_like(s)
    for c in coefficients[::-1]:
        value *= s
        value += c
    return value


def relu_kernel(r, *, derivative=0):
    r"""Exact U of the ReLU, :math:`(\sqrt{1-r^2} + r(\pi - \arccos r))/(2\pi)`, or its derivative
    :math:`(\pi - \arccos r)/(2\pi)`.

    Parameters
    ----------
    r : array_like of float, shape (...)
        Overlaps of two unit vectors; rounding beyond [-1, 1] is cut off.
    derivative : {0, 1}

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        If `r` does not hold real numbers in [-1, 1] or `derivative` is neither 0 nor 1.
    """
    return _relu_values(_overlaps(r, derivative), derivative=derivative)


def _relu_values(r, *, derivative=0):
    r = np.clip(r, -1.0, 1.0)
    angle = np.pi - np.arccos(r)
    return (angle if derivative else np.sqrt((1 - r) * (1 + r)) + r * angle) / (2 * pi)


def erf_kernel(r, *, derivative=0):
    r"""Exact U of the error function, :math:`\frac2\pi \arcsin\frac{2r}{3}`, or its derivative
    :math:`\frac{4}{\pi\sqrt{9 - 4r^2}}`.

    Parameters
    ----------
    r : array_like of float, shape (...)
        Overlaps of two unit vectors; rounding beyond [-1, 1] is cut off.
    derivative : {0, 1}

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        If `r` does not hold real numbers in [-1, 1] or `derivative` is neither 0 nor 1.
    """
    return _erf_values(_overlaps(r, derivative), derivative=derivative)


def _erf_values(r, *, derivative=0):
    r = np.clip(r, -1.0, 1.0)
    return 4 / (pi * np.sqrt(9 - 4 * r * r)) if derivative else 2 / pi * np.arcsin(2 * r / 3)


EXACT_KERNELS = {"relu": _relu_values, "erf": _erf_values}
"""Without checks, for the inner loops: there the stages of an integrator step may lie a little farther out."""


def _overlaps(r, derivative):
    derivative = integer("derivative", derivative, at_least=0, at_most=1)
    r = real_array("r", r)
    if np.abs(r).max() > 1 + BEYOND_ONE:
        raise ValueError(f"r must lie in [-1, 1] up to {BEYOND_ONE:g}, got {r[np.abs(r) > 1 + BEYOND_ONE][0]!s}")
    return r
