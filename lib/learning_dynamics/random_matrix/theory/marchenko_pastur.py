"""The Marchenko-Pastur law and its Stieltjes transform."""

from math import pi

import numpy as np

from learning_dynamics._validation import number_array, real, real_array
from learning_dynamics.random_matrix.model import bulk_edges


def stieltjes(z, *, c):
    r"""Stieltjes transform :math:`m(z) = \int \nu(dx)/(x - z)` of the Marchenko-Pastur law, paper 1 equation (2).

    Parameters
    ----------
    z : complex or array_like of complex, shape (...)
        Points off the support, which is :math:`[l_-, l_+]` and, for c > 1, the point 0. Real input gives real output.
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float or complex, or numpy.ndarray of them, shape (...)

    Raises
    ------
    TypeError
        If `z` does not hold numbers or `c` is not a real number.
    ValueError
        If a point lies on the support, or `c` is not > 0.

    Notes
    -----
    m solves :math:`c z m^2 - (1 - c - z) m + 1 = 0` with :math:`\mathrm{Im} z \, \mathrm{Im} m(z) > 0`. With
    :math:`s = \sqrt{z - l_-} \sqrt{z - l_+}` it is :math:`((1-c-z) + s)/(2cz) = 2/((1-c-z) - s)`; of these two the one is
    used in which nothing cancels.

    Examples
    --------
    >>> float(stieltjes(0.0, c=0.5))
    2.0
    """
    c = real("c", c, above=0)
    z = number_array("z", z)
    _check_off_support(z, c)
    low, high = bulk_edges(c=c)
    if z.dtype.kind == "c":
        root = np.sqrt(z - low) * np.sqrt(z - high)
    else:
        root = np.where(z < low, -1.0, 1.0) * np.sqrt(np.abs(z - low)) * np.sqrt(np.abs(z - high))
    linear = 1 - c - z
    with np.errstate(over="ignore", invalid="ignore"):
        aligned = (linear * root.conj()).real >= 0
    total = np.where(aligned, linear + root, linear - root)
    return np.where(aligned, total / np.where(aligned, 2 * c * z, 1), 2 / np.where(aligned, 1, total))[()]


def mp_density(x, *, c):
    r"""Density of the Marchenko-Pastur law, paper 1 equation (3), without its atom.

    Parameters
    ----------
    x : float or array_like of float, shape (...)
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float or numpy.ndarray of float, shape (...)
        :math:`\sqrt{(x - l_-)(l_+ - x)}/(2 \pi c x)` inside the bulk, 0 outside; inf at x = 0 for c = 1. The total mass is
        min(1, 1/c).

    Raises
    ------
    TypeError
        If `x` does not hold real numbers or `c` is not one.
    ValueError
        If an entry of `x` is not finite, or `c` is not > 0.
    """
    c = real("c", c, above=0)
    x = real_array("x", x)
    low, high = bulk_edges(c=c)
    inside = (x > low) & (x < high)
    point = np.where(inside, x, 1.0)
    shape = np.sqrt(np.maximum(x - low, 0)) * np.sqrt(np.maximum(high - x, 0))
    density = np.where(inside, shape / (2 * pi * c * point), 0.0)
    return np.where((x == 0) & (low == 0), np.inf, density)[()]


def mp_atom(c):
    """Mass (1 - 1/c)^+ of the Marchenko-Pastur law at 0, paper 1 equation (3).

    Parameters
    ----------
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `c` is not a real number.
    ValueError
        If `c` is not finite and > 0.
    """
    c = real("c", c, above=0)
    return max(c - 1, 0.0) / c


def _check_off_support(z, c):
    low, high = bulk_edges(c=c)
    on_support = (z.imag == 0) & (((z.real >= low) & (z.real <= high)) | ((z.real == 0) & (c > 1)))
    if on_support.any():
        atom = "{0} and " if c > 1 else ""
        raise ValueError(
            f"z must lie off the support {atom}[{low:.6g}, {high:.6g}] of the Marchenko-Pastur law, got {z[on_support][0]!s}"
        )
