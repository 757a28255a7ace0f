r"""The contour integrals of Theorems 1 and 2 along the paths of paper 1: a rectangle around the bulk, a circle around the spike."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._validation import instance, real, real_array
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.theory.ellipse_contours import Filter, theorem_integrands

DEFAULT_HEIGHT = 0.1
SHARE_OF_GAP = 0.4
FREE_MARGIN = 12
LEAST_GAP = 1e-6
CIRCLE_NODES = 64
PANEL_NODES = 12
PANEL_TOLERANCE = 1e-11
MOST_PANELS = 20000
PARTS_TOLERANCE = 1e-8
LARGEST_EXPONENT = 1e12


@dataclass(frozen=True, kw_only=True)
class Contours:
    r"""Paths of integration, each run through counter-clockwise.

    Attributes
    ----------
    bulk : numpy.ndarray of complex, shape (5,)
        Corners of the rectangle :math:`\gamma_b` around the bulk, the first one repeated at the end.
    spike : numpy.ndarray of complex, shape (k,)
        Nodes on the circle :math:`\gamma_s` around the isolated eigenvalue; empty if there is none.
    zero : numpy.ndarray of complex, shape (k,)
        Nodes on a circle around 0, which is an eigenvalue for c > 1; empty otherwise.
    """

    bulk: np.ndarray
    spike: np.ndarray
    zero: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ContourParts:
    r"""What each path adds to the four contour integrals.

    Attributes
    ----------
    t : numpy.ndarray of float, shape (...)
        Times in gradient steps.
    E, V, E_train, V_train : numpy.ndarray of float, shape (3, ...)
        Parts of the bulk, of the isolated eigenvalue, and of 0. Their sum over the first axis is the quantity of the theorem.
    """

    t: np.ndarray
    E: np.ndarray
    V: np.ndarray
    E_train: np.ndarray
    V_train: np.ndarray


def contours(model: MixtureClassification, *, height: float = DEFAULT_HEIGHT, exponent: float = 0.0) -> Contours:
    r"""Paths around the three pieces of the spectrum: bulk, isolated eigenvalue, and for c > 1 the point 0.

    Parameters
    ----------
    model : MixtureClassification
    height : float
        The rectangle reaches from -height to height in the imaginary direction, > 0.
    exponent : float
        alpha t of the filter that will be integrated, >= 0. The paths keep within 1/exponent of what they enclose, so that
        the filter does not grow large on them.

    Returns
    -------
    Contours

    Raises
    ------
    TypeError
        If an option is not a real number.
    ValueError
        If an option is outside its range, or two pieces of the spectrum are closer than 1e-6 of the upper edge.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
    >>> contours(model, height=0.2).bulk.round(2)[:2]
    array([-0.15-0.2j,  3.34-0.2j])
    """
    instance("model", model, MixtureClassification)
    height = real("height", height, above=0)
    reach = 1 / max(real("exponent", exponent, at_least=0), 1e-100)
    low, high = model.bulk_edges
    free = (high - low) / FREE_MARGIN
    above = SHARE_OF_GAP * _gap(model, "the isolated eigenvalue") if model.has_spike else free
    below = min(SHARE_OF_GAP * _gap(model, "the point 0") if model.c > 1 else free, reach)
    left, right = low - below, high + above
    bulk = np.array([left - 1j * height, right - 1j * height, right + 1j * height, left + 1j * height])
    empty = np.zeros(0, dtype=complex)
    return Contours(
        bulk=np.append(bulk, bulk[0]),
        spike=_circle(model.spike, min(above, reach)) if model.has_spike else empty,
        zero=_circle(0.0, below) if model.c > 1 else empty,
    )


def contour_parts(model: MixtureClassification, t: ArrayLike, *, height: float = DEFAULT_HEIGHT) -> ContourParts:
    r"""The contour integrals of Theorems 1 and 2, path by path: paper 1, supplement A.2.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps of the flow, >= 0, with alpha t <= 1e12.
    height : float
        Half the height of the rectangle around the bulk, > 0 and at most 1e12. The integrals do not depend on it.

    Returns
    -------
    ContourParts

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is negative, the height is not > 0, or two pieces of the spectrum are too close to part, see `contours`.
    ArithmeticError
        If the error estimate exceeds 1e-8 of a quantity, or more than 20000 panels would be needed.

    Notes
    -----
    On the rectangle, panels of a Gauss-Legendre rule are halved until both halves agree with the whole. On the circles the
    rule of equal angles converges geometrically; the estimate is what half the nodes change. In the limit of height 0 the
    rectangle gives the integral (12) over the bulk; the circle around the spike gives the residue (11).

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> contour_parts(model, 100.0).E.sum().round(4)
    np.float64(0.7517)
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    if (model.alpha * t > LARGEST_EXPONENT).any():
        raise ValueError(f"t must have alpha * t <= {LARGEST_EXPONENT:g}, got t = {t.max()!s}")
    real("height", height, above=0, at_most=LARGEST_EXPONENT)
    moments = np.array([_parts_at(model, model.alpha * time, height) for time in t.ravel()])
    names = ("E", "V", "E_train", "V_train")
    return ContourParts(t=t, **{name: moments[:, :, k].T.reshape(3, *t.shape) for k, name in enumerate(names)})


def _parts_at(model, exponent, height):
    """Array of shape (3, 4): pieces of the spectrum by moments."""
    f = Filter(exponent, lambda z: z)
    paths = contours(model, height=height, exponent=exponent)

    def integrand(z):
        return theorem_integrands(z, model, f)

    results = [_along_rectangle(integrand, paths.bulk), *(_along_circle(integrand, nodes) for nodes in (paths.spike, paths.zero))]
    parts, errors = (np.array(rows) for rows in zip(*results))
    total = np.maximum(np.abs(parts.sum(axis=0)), np.finfo(float).tiny)
    uncertain = (errors.sum(axis=0) / total).max()
    if uncertain > PARTS_TOLERANCE:
        raise ArithmeticError(
            f"the paths around the pieces of the spectrum are uncertain by {uncertain:.1e} at alpha * t = {exponent:g}, "
            f"more than {PARTS_TOLERANCE:g}"
        )
    return parts


def _gap(model, piece):
    """Distance from the bulk to the isolated eigenvalue or to 0, refused where paths between them would lose their digits."""
    low, high = model.bulk_edges
    gap = low if piece == "the point 0" else (model.mu_norm2 - sqrt(model.c)) ** 2 / model.mu_norm2
    if gap < LEAST_GAP * high:
        raise ValueError(f"model must keep the bulk and {piece} further apart than {LEAST_GAP * high:.1e}, got {gap:.1e}")
    return gap


def _circle(centre, radius):
    return centre + radius * np.exp(2j * pi * np.arange(CIRCLE_NODES) / CIRCLE_NODES)


def _along_circle(integrand, nodes):
    """Integral over dz/(2 pi i), and its change when every other node is left out; zeros without nodes."""
    if not nodes.size:
        return np.zeros(4), np.zeros(4)
    values = integrand(nodes) * (nodes - nodes.mean())
    coarse, fine = (sample.real.mean(axis=1) for sample in (values[:, ::2], values))
    return fine, np.abs(fine - coarse)


def _along_rectangle(integrand, corners):
    r"""Integral over dz/(2 pi i) from the upper half, and its error estimate.

    The integrands take conjugate values at conjugate points, so the lower half adds the conjugate.
    """
    path = np.array([corners[1].real, corners[2], corners[3], corners[3].real])
    start, end = path[:-1], path[1:]
    whole, total, error, panels = _gauss(integrand, start, end), np.zeros(4), np.zeros(4), 0
    while start.size:
        panels += start.size
        if panels > MOST_PANELS:
            raise ArithmeticError(
                f"the rectangle around the bulk needs more than {MOST_PANELS} panels with height = {corners[2].imag:g}"
            )
        middle = (start + end) / 2
        halves = _gauss(integrand, start, middle), _gauss(integrand, middle, end)
        change = np.abs(sum(halves) - whole)
        scale = np.maximum(np.abs(total + whole.sum(axis=1)), np.abs(whole).max(axis=1))
        open_ = (change > PANEL_TOLERANCE * scale[:, None]).any(axis=0)
        total += (halves[0] + halves[1])[:, ~open_].sum(axis=1)
        error += change[:, ~open_].sum(axis=1)
        whole = np.concatenate([half[:, open_] for half in halves], axis=1)
        start, end = np.concatenate([start[open_], middle[open_]]), np.concatenate([middle[open_], end[open_]])
    return total, error


def _gauss(integrand, start, end):
    """Gauss-Legendre value on each panel of the real part of the integral over dz/(pi i), shape (4, k)."""
    nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
    half = (end - start) / 2
    z = (start + half)[:, None] + half[:, None] * nodes
    return ((integrand(z) @ weights) * (half / (1j * pi))).real
