"""The contour integrals of Theorems 1 and 2 by a rule with equal steps along a rectangle, as plain code would sum them."""

from math import ceil, pi
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import choice, instance, real, real_array
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.theory.ellipse_contours import Filter, theorem_integrands
from learning_dynamics.random_matrix.theory.performance import Statistics
from learning_dynamics.random_matrix.theory.spectral_measures import flow_rate

RULES = ("trapezoid", "midpoint")
ROUNDING = 1e-9
MOST_GROWTH = 300.0
MOST_NODES = 10**7


def rectangle_statistics(
    model: MixtureClassification,
    t: ArrayLike,
    *,
    left: float = -0.5,
    right: float = 6.0,
    height: float = 0.5,
    step: float = 0.05,
    rule: str = "trapezoid",
) -> Statistics:
    r"""Moments of Theorems 1 and 2 of paper 1 by equal steps along a rectangle. This is not exact: see `statistics`.

    The default rectangle and step are those that give the theory markers of the paper's figure 1.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps of the flow, >= 0, with alpha t at most 300/\|left\|.
    left, right : float
        Where the rectangle meets the real axis. It must enclose 0 and the spectrum.
    height : float
        Its upper and lower side are at plus and minus this times i, > 0.
    step : float
        Longest distance of two nodes, > 0. Each side is divided into as few equal pieces as that allows.
    rule : {"trapezoid", "midpoint"}
        Whether the nodes are the ends of the pieces or their centres.

    Returns
    -------
    Statistics
        Its `train_variance` is the plain difference of the two integrals.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or the rectangle leaves out 0 or an eigenvalue.

    Notes
    -----
    On a smooth closed path such a rule gains digits with every node. A corner takes that away. With h the step and F the integrand,
    the trapezoidal rule misses the integral over a side in direction u by :math:`h^2 u^2/12` times the difference of F' between its
    ends. Over a smooth path these differences add up to nothing. At a corner :math:`u^2` turns from 1 to -1 or back, and

    .. math:: \pm \frac{h^2}{6} F'(\text{corner})

    is left. On the left corners :math:`|f_t|^2 = e^{-2 \alpha t\, \text{left}}` grows with time, and its derivative with it. The
    error of the midpoint rule has the other sign and half the size. The error is not estimated here.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification, statistics
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> bool(abs(rectangle_statistics(model, 294.0).V - statistics(model, 294.0).V) > 3e-3)
    True
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    sides = _checked_sides(model, left, right, height)
    _check_growth(model, t, left)
    step = real("step", step, above=0)
    choice("rule", rule, RULES)
    _check_number(sides, step)
    z, weights = _nodes(sides, step, rule)
    with within_floats(t=t, left=left, right=right, height=height, step=step):
        integrands = [theorem_integrands(z, model, Filter(model.alpha * time, flow_rate)) for time in t.ravel()]
    moments = np.array([(integrand @ weights).real for integrand in integrands]).reshape(-1, 4)
    E, V, E_train, V_train = (moment.reshape(t.shape) for moment in moments.T)
    with within_floats(t=t, left=left, right=right, height=height, step=step):
        variance = V_train - E_train**2
    return Statistics(t=t, E=E, V=V, E_train=E_train, V_train=V_train, train_variance=variance)


def rectangle_errors(model: MixtureClassification, t: ArrayLike, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    r"""Generalisation and training error from `rectangle_statistics`, which see for parameters, errors and accuracy.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps of the flow, >= 0.
    **options
        `left`, `right`, `height`, `step` and `rule`, as for `rectangle_statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        As `rectangle_statistics`.
    ArithmeticError
        If the rule is so coarse that a variance comes out negative.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> rectangle_errors(model, [6, 294])[0].round(4)
    array([0.2598, 0.0601])
    """
    moments = rectangle_statistics(model, t, **options)
    variances = [_not_negative(moments.t, variance) for variance in (moments.V, moments.train_variance)]
    return classification_error(moments.E, variances[0]), classification_error(moments.E_train, variances[1])


def _checked_sides(model, left, right, height):
    """Start and end of the four sides, counter-clockwise from the lower left corner, if they enclose what they must."""
    left, right = real("left", left, below=0), real("right", right, above=0)
    height = real("height", height, above=0)
    if not right > model.largest_eigenvalue:
        raise ValueError(f"right must be > {model.largest_eigenvalue:.6g}, the largest eigenvalue, got {right!r}")
    corners = np.array([left - 1j * height, right - 1j * height, right + 1j * height, left + 1j * height])
    return list(zip(corners, np.roll(corners, -1)))


def _check_growth(model, t, left):
    longest = MOST_GROWTH / (model.alpha * abs(left))
    if (t > longest).any():
        raise ValueError(f"t must be <= {longest:.6g}, or f_t overflows on the left side, got {t.max():g}")


def _check_number(sides, step):
    number = sum(abs(end - start) for start, end in sides) / step
    if not number <= MOST_NODES:
        raise ValueError(
            f"step must leave at most {MOST_NODES:g} nodes on the rectangle, got {step!r}, which asks for {number:.1g}"
        )


def _nodes(sides, step, rule):
    """Nodes on all sides, and their weights dz/(2 pi i)."""
    nodes, weights = zip(*(_side(start, end, step, rule) for start, end in sides))
    return np.concatenate(nodes), np.concatenate(weights) / (2j * pi)


def _side(start, end, step, rule):
    pieces = ceil(abs(end - start) / step * (1 - ROUNDING))
    piece = (end - start) / pieces
    if rule == "midpoint":
        return start + piece * (np.arange(pieces) + 0.5), np.full(pieces, piece)
    weights = np.full(pieces + 1, piece)
    weights[[0, -1]] /= 2
    return start + piece * np.arange(pieces + 1), weights


def _not_negative(t, variance):
    if (variance < 0).any():
        time = t[variance < 0].flat[0]
        raise ArithmeticError(f"step must be shorter at t = {time:g}: a variance comes out as {variance.min():.3g}")
    return variance
