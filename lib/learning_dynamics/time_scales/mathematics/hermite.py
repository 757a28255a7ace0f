r"""Expansions in the orthonormal Hermite polynomials :math:`h_k = \mathrm{He}_k/\sqrt{k!}` of the standard normal
law."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from math import factorial, pi, sqrt

import numpy as np
from scipy.special import erf, expit, ndtr

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import function, instance, integer, real, real_array, shown

HALF_RANGE = 18.0
PANEL_NODES = 32
FEWEST_PANELS, MOST_PANELS = 2, 256
LARGEST_DEGREE = 2000
ROUNDING = 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    r"""A function of one real variable with the points where it is not smooth.

    Parameters
    ----------
    function : callable
        Called with an array of float, returns an array of the same shape. It must grow slower than :math:`e^{x^2/8}`.
    kinks : tuple of float
        Points where the function or one of its derivatives jumps.
    name : str
        For messages.

    Raises
    ------
    TypeError, ValueError
        If `function` is not callable or a kink is not a finite number.
    """

    function: Callable
    kinks: tuple = ()
    name: str = "custom"

    def __post_init__(self):
        function("function", self.function, "callable")
        instance("name", self.name, str)
        none = isinstance(self.kinks, (tuple, list)) and not self.kinks
        kinks = () if none else real_array("kinks", self.kinks, ndim=1)
        object.__setattr__(self, "kinks", tuple(sorted({float(kink) for kink in kinks})))

    def __reduce__(self):
        """One of `ACTIVATIONS` stays itself when it is copied or sent to another process."""
        if ACTIVATIONS.get(self.name) is self:
            return _named, (self.name,)
        return partial(Activation, function=self.function, kinks=self.kinks, name=self.name), ()


def _softplus(x):
    return np.logaddexp(0.0, x)


def _relu(x):
    return np.maximum(x, 0.0)


def _relu2(x):
    return _relu(x) ** 2


def _gelu(x):
    return x * ndtr(x)


def _shifted_relu(shift, x):
    return _relu(x + shift)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(name="relu", function=_relu, kinks=(0.0,)),
        Activation(name="relu2", function=_relu2, kinks=(0.0,)),
        Activation(name="gelu", function=_gelu),
        Activation(name="softplus", function=_softplus),
        Activation(name="erf", function=erf),
        Activation(name="sigmoid", function=expit),
        Activation(name="tanh", function=np.tanh),
    )
}


def _named(name):
    return ACTIVATIONS[name]


def shifted_relu(shift):
    """Return the activation max(x + shift, 0).

    Parameters
    ----------
    shift : float
        Finite.

    Returns
    -------
    Activation

    Raises
    ------
    TypeError, ValueError
        If `shift` is not a finite real number.
    """
    shift = real("shift", shift)
    return Activation(name=f"relu shifted by {shift:g}", function=partial(_shifted_relu, shift), kinks=(-shift,))


def hermite_coefficients(activation, *, degree, tolerance=1e-12):
    r"""Coefficients :math:`c_k = E f(g) h_k(g)` of a function f, g standard normal, for k = 0, ..., degree.

    Parameters
    ----------
    activation : str, Activation or callable
        A name in `ACTIVATIONS`, or a function. Give one with kinks as an `Activation`.
    degree : int
        Last k, in [0, 2000].
    tolerance : float
        Largest change of a coefficient, relative to the norm :math:`(E f^2)^{1/2}`, when the number of panels is
        doubled; in [1e-14, 1e-2].

    Returns
    -------
    numpy.ndarray of float, shape (degree + 1,)
        Read-only. Coefficients below 1e-13 of the norm are exactly 0, so that a parity is seen as such.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range, or the function is not finite or grows too fast.
    ArithmeticError
        If 256 panels between kinks do not suffice: then a kink is probably missing.

    Notes
    -----
    Gauss-Legendre panels between the kinks on [-18, 18]; the products :math:`h_k e^{-x^2/4}` stay bounded, so that
    nothing
    overflows at any degree.

    Examples
    --------
    >>> hermite_coefficients("relu", degree=2).round(4)
    array([0.3989, 0.5   , 0.2821])
    """
    return _expansion(as_activation("activation", activation), _degree(degree), _tolerance(tolerance))[0]


def squared_norm(activation, *, tolerance=1e-12):
    r"""Squared norm :math:`E f(g)^2` of a function f, g standard normal.

    Parameters
    ----------
    activation : str, Activation or callable
        As for `hermite_coefficients`.
    tolerance : float
        As for `hermite_coefficients`.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `hermite_coefficients`.
    """
    return _expansion(as_activation("activation", activation), 0, _tolerance(tolerance))[1]


def from_powers(coefficients):
    r"""Hermite coefficients of the polynomial :math:`\sum_j p_j x^j`.

    Parameters
    ----------
    coefficients : array_like of float, shape (n,)
        The :math:`p_j`, from the constant on.

    Returns
    -------
    numpy.ndarray of float, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If `coefficients` is not a vector of finite real numbers, or has more than 150 of them.

    Notes
    -----
    :math:`x^j = \sum_{2i \le j} \frac{j!}{2^i i! (j-2i)!} \mathrm{He}_{j-2i}(x)`.

    Examples
    --------
    >>> from_powers([0, 0, 1]).round(4)
    array([1.    , 0.    , 1.4142])
    """
    powers = real_array("coefficients", coefficients, ndim=1)
    if powers.size > 150:
        raise ValueError(f"coefficients must have at most 150 entries, got {powers.size}")
    result = np.zeros(powers.size)
    with within_floats(coefficients=powers):
        for j, power in enumerate(powers):
            for i in range(j // 2 + 1):
                rest = j - 2 * i
                result[rest] += power * (factorial(j) // (2**i * factorial(i) * factorial(rest))) * sqrt(factorial(rest))
    return result


def hermite_sum(coefficients, x):
    r"""Value of :math:`\sum_k c_k h_k(x)`.

    Parameters
    ----------
    coefficients : array_like of float, shape (n,)
    x : array_like of float, shape (...)

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        If an argument does not hold finite real numbers.

    Examples
    --------
    >>> hermite_sum([1.0, 0.0, sqrt(2)], [1.0, 2.0]).round(4)
    array([1., 4.])
    """
    coefficients = real_array("coefficients", coefficients, ndim=1)
    x = real_array("x", x)
    last, before = np.zeros_like(x), np.zeros_like(x)
    with within_floats(coefficients=coefficients, x=x):
        for k in range(coefficients.size - 1, -1, -1):
            last, before = coefficients[k] + x / sqrt(k + 1) * last - sqrt((k + 1) / (k + 2)) * before, last
    return last[()]


def as_activation(name, value):
    """Return `value` (a name, a callable or an `Activation`) as an `Activation`; `name` is for messages."""
    if isinstance(value, Activation):
        return value
    if isinstance(value, str):
        if value not in ACTIVATIONS:
            raise ValueError(f"{name} must be one of {', '.join(ACTIVATIONS)}, got {value!r}")
        return ACTIVATIONS[value]
    if callable(value):
        return Activation(function=value)
    raise TypeError(f"{name} must be a name, a function, an Activation or an array of Hermite coefficients, got {shown(value)}")


def _degree(degree):
    return integer("degree", degree, at_least=0, at_most=LARGEST_DEGREE)


def _tolerance(tolerance):
    return real("tolerance", tolerance, at_least=1e-14, at_most=1e-2)


@lru_cache(maxsize=64)
def _expansion(activation, degree, tolerance):
    """Coefficients and squared norm, with doubled panels until neither changes."""
    before, change = None, np.inf
    panels = FEWEST_PANELS
    while panels <= MOST_PANELS:
        coefficients, norm2 = _projections(activation, degree, panels)
        if before is not None:
            change = _relative_change(*before, coefficients, norm2)
            if change <= tolerance:
                coefficients[np.abs(coefficients) <= ROUNDING * sqrt(norm2)] = 0.0
                coefficients.flags.writeable = False
                return coefficients, norm2
        before = coefficients, norm2
        panels *= 2
    raise ArithmeticError(
        f"the Hermite coefficients of {activation.name!r} still change by {change:.1e} of its norm, more "
        f"than {tolerance:g}, with "
        f"{MOST_PANELS} panels between kinks: declare the points where the function is not smooth"
    )


def _relative_change(coefficients_before, norm2_before, coefficients, norm2):
    """The larger change of a coefficient and of the norm, both relative to the norm.

    The norm sees what low coefficients miss: of an odd function the coefficient 0 is right with any rule.
    """
    if not norm2 > 0:
        return 0.0
    return max(np.abs(coefficients - coefficients_before).max() / sqrt(norm2), abs(norm2 - norm2_before) / norm2)


def _projections(activation, degree, panels):
    x, weights = _panel_rule(activation.kinks, panels)
    try:
        f = np.asarray(activation.function(x))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"activation {activation.name!r} must take an array and return one of its shape, got {type(error).__name__}: {shown(error)}"
        ) from error
    if f.shape != x.shape or f.dtype.kind not in "biuf" or not np.isfinite(f).all():
        raise ValueError(f"activation {activation.name!r} must return a finite real array of the shape of its argument")
    density_root = np.exp(-x * x / 4) / (2 * pi) ** 0.25
    damped = f * density_root
    edges = np.abs(damped[np.abs(x) > HALF_RANGE - 0.5])
    if edges.max(initial=0.0) > 1e-12 * np.abs(damped).max():
        raise ValueError(f"activation {activation.name!r} must grow slower than exp(x^2/8)")
    h, before = density_root, np.zeros_like(x)
    coefficients = np.empty(degree + 1)
    for k in range(degree + 1):
        coefficients[k] = weights @ (damped * h)
        h, before = (x * h - sqrt(k) * before) / sqrt(k + 1), h
    return coefficients, float(weights @ damped**2)


def _panel_rule(kinks, panels):
    nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
    inner = [kink for kink in kinks if abs(kink) < HALF_RANGE]
    ends = np.array([-HALF_RANGE, *inner, HALF_RANGE])
    pieces = [np.linspace(low, high, panels + 1) for low, high in pairwise(ends)]
    low = np.concatenate([piece[:-1] for piece in pieces])
    high = np.concatenate([piece[1:] for piece in pieces])
    x = (low + high)[:, None] / 2 + np.multiply.outer(high - low, nodes) / 2
    return x.ravel(), np.multiply.outer((high - low) / 2, weights).ravel()
