"""The Marchenko-Pastur law and its Stieltjes transform."""

from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._validation import instance, number_array, real, real_array, shown, size
from learning_dynamics.random_matrix.model import MixtureClassification, bulk_edges

NODES_OF_A_BIN = 40


def stieltjes(z: ArrayLike, *, c: float) -> float | complex | np.ndarray:
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


def mp_density(x: ArrayLike, *, c: float) -> float | np.ndarray:
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


def mp_atom(c: float) -> float:
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


def expected_counts(model: MixtureClassification, edges: ArrayLike, *, p: int) -> np.ndarray:
    r"""Expected numbers of eigenvalues of :math:`XX^T/n` in bins, to leading order.

    Parameters
    ----------
    model : MixtureClassification
    edges : array_like of float, shape (k + 1,)
        Edges of the bins, ascending; a bin holds its left edge.
    p : int
        Number of eigenvalues, >= 1.

    Returns
    -------
    numpy.ndarray of float, shape (k,)
        p times the mass of the law in the bin, the atom at 0 included; beyond the threshold one eigenvalue stands at the spike, and p - 1 follow the law.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.

    Notes
    -----
    With :math:`x = 1 + c - 2\sqrt c\cos\theta` the law is :math:`\tfrac2\pi\sin^2\theta\,d\theta/x` and smooth on each bin away from c = 1; 40 nodes a
    bin give ten digits.
    """
    instance("model", model, MixtureClassification)
    edges = real_array("edges", edges, ndim=1)
    if edges.size < 2 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges must ascend, and be at least 2, got {shown(edges)}")
    p = size("p", p)
    spiked = int(model.has_spike)
    masses = _bulk_masses(edges, model.c) + mp_atom(model.c) * np.histogram([0.0], edges)[0]
    return (p - spiked) * masses + spiked * np.histogram([model.spike], edges)[0]


def _bulk_masses(edges, c):
    angles = np.arccos(np.clip((1 + c - edges) / (2 * sqrt(c)), -1, 1))
    nodes, weights = np.polynomial.legendre.leggauss(NODES_OF_A_BIN)
    middle, half = (angles[1:] + angles[:-1]) / 2, np.diff(angles) / 2
    theta = middle[:, None] + half[:, None] * nodes
    x = (1 - sqrt(c)) ** 2 + 4 * sqrt(c) * np.sin(theta / 2) ** 2
    return half * ((2 / pi) * np.sin(theta) ** 2 / x @ weights)


def _check_off_support(z, c):
    low, high = bulk_edges(c=c)
    on_support = (z.imag == 0) & (((z.real >= low) & (z.real <= high)) | ((z.real == 0) & (c > 1)))
    if on_support.any():
        atom = "{0} and " if c > 1 else ""
        raise ValueError(
            f"z must lie off the support {atom}[{low:.6g}, {high:.6g}] of the Marchenko-Pastur law, got {z[on_support][0]!s}"
        )
