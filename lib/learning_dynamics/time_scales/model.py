"""The problem of this wing: learning a single-index function with a two-layer network in many dimensions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np

from learning_dynamics._limits import check_room
from learning_dynamics._validation import integer, real, real_array, shown, size
from learning_dynamics.time_scales.mathematics import hermite
from learning_dynamics.time_scales.mathematics import learning_order as order
from learning_dynamics.time_scales.mathematics.hermite import Activation, as_activation

DEFAULT_DEGREE = 8
TINY = np.finfo(float).tiny
LARGEST_LOST_SHARE = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class SingleIndex:
    r"""Target :math:`\varphi(\langle u_*, x \rangle)`, activation sigma and relative step epsilon, paper 2 section 1.

    The network is :math:`f(x) = \frac1m \sum_i a_i \sigma(\langle u_i, x \rangle)` with unit vectors :math:`u_i`,
    :math:`x \sim N(0, I_d)`, risk :math:`R = E(\varphi - f)^2/2`. Gradient flow, paper 2 equations (5), (6):
    :math:`\epsilon a_i' = -m \partial R/\partial a_i`, :math:`u_i' = -m (I - u_i u_i^T) \nabla_{u_i} R`. Both functions
    enter through their coefficients in the orthonormal Hermite polynomials up to degree K.

    Parameters
    ----------
    activation, target : str, Activation, callable or array_like of float
        A name in `ACTIVATIONS`, a function (with its kinks: an `Activation`), or Hermite coefficients from degree 0 on.
    epsilon : float
        Relative step, > 0; small means a fast second layer.
    degree : int, optional
        K, at least 1 and at least the degree of the target. If omitted: that of the longer array, or 8 if a function is
        given and no array is longer.

    Attributes
    ----------
    sigma, phi : numpy.ndarray of float, shape (K + 1,)
        Hermite coefficients of activation and target; read-only.

    Raises
    ------
    TypeError
        If a parameter is of a wrong type.
    ValueError
        If epsilon is not > 0, an array is empty or not finite, activation or target is 0, or K terms hold less than 99
        % of a target that is given as a function, or not all coefficients of one given as an array.
    ArithmeticError
        If a function needs kinks that were not declared.

    Examples
    --------
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-6)
    >>> problem.degree, round(problem.kappa, 4)
    (8, -0.5)
    >>> [outlook.verdict for outlook in problem.diagnose([-1.0, 1.0])]
    ['vanishing time', 'vanishing time', 'O(1) time']
    """

    activation: str | Activation | Callable | np.ndarray
    target: str | Activation | Callable | np.ndarray
    epsilon: float
    degree: int | None = None
    sigma: np.ndarray = field(init=False, repr=False)
    phi: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        activation = _specification("activation", self.activation)
        target = _specification("target", self.target)
        degree = _degree(self.degree, activation, target)
        values = {
            "activation": activation,
            "target": target,
            "epsilon": real("epsilon", self.epsilon, above=0),
            "degree": degree,
            "sigma": _coefficients("activation", activation, degree),
            "phi": _coefficients("target", target, degree),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _check_terms(target, self.phi, degree)

    @property
    def kappa(self):
        r""":math:`\sigma_1 \phi_1`, the rate of the linear stage times :math:`\sqrt\epsilon`."""
        return float(self.sigma[1] * self.phi[1])

    @property
    def first_stage(self):
        r"""Time scale of the first stage.

        :math:`\epsilon \ln 2/\sigma_0^2` if there is a constant to learn, else :math:`\sqrt\epsilon/|\kappa|`; 0 if
        the overlaps never move either.
        """
        if self.sigma[0] * self.phi[0] != 0:
            return self.epsilon * log(2) / max(float(self.sigma[0]) ** 2, TINY)
        return sqrt(self.epsilon) / abs(self.kappa) if self.kappa else 0.0

    @property
    def plateaus(self):
        r"""Risk with the degrees below l learnt, :math:`\frac12 \sum_{k \ge l} \phi_k^2` for l = 0, ..., K + 1, shape
        (K + 2,)."""
        return np.append(np.cumsum(self.phi[::-1] ** 2)[::-1], 0.0) / 2

    def diagnose(self, a0):
        r"""Say of every degree of the target whether and when it is learnt as epsilon tends to 0.

        The rules are derived and observed in this book, and proved in special cases only. They look at zero
        coefficients, gaps, the number of distinct starting values, and signs: after degree l, degree k with k - l even
        is learnt only if :math:`\sigma_k\varphi_k` has the sign of :math:`\sigma_l\varphi_l`. Without a constant in
        the activation, this holds for every earlier degree l >= 1 of the same parity, and the first even degree needs
        a starting weight of its sign.

        Parameters
        ----------
        a0 : array_like of float, shape (m,)
            Initial second-layer weights.

        Returns
        -------
        tuple of Outlook
            One for each degree with a nonzero coefficient of the target, by degree.

        Raises
        ------
        TypeError, ValueError
            If `a0` is not a nonempty vector of finite real numbers.
        """
        return order.outlooks(self.sigma, self.phi, starting_weights(a0))


def uniform_start(m):
    """Midpoints 2(i + 1/2)/m - 1 of m equal parts of [-1, 1]: the quantiles of the uniform law.

    Parameters
    ----------
    m : int
        Number of neurons, >= 1.

    Returns
    -------
    numpy.ndarray of float, shape (m,)

    Raises
    ------
    TypeError, ValueError
        If `m` is not an integer >= 1.
    """
    m = size("m", m)
    check_room(3 * m, m=m)
    return (2 * np.arange(m) + 1 - m) / m


def starting_weights(a0):
    """Return `a0` as a checked float64 vector."""
    return real_array("a0", a0, ndim=1, squares=True)


def increasing(name, value, *, at_least=None):
    """Return `value` as a checked float64 vector whose entries increase."""
    array = real_array(name, value, ndim=1, at_least=at_least)
    if (np.diff(array) <= 0).any():
        raise ValueError(f"{name} must increase, got {shown(array)}")
    return array


def _specification(name, value):
    if isinstance(value, str) or callable(value) or isinstance(value, Activation):
        return as_activation(name, value)
    array = real_array(name, value, ndim=1)
    if not array.any():
        raise ValueError(f"{name} must have a nonzero Hermite coefficient, got only zeros")
    array.flags.writeable = False
    return array


def _degree(degree, activation, target):
    if degree is not None:
        return integer("degree", degree, at_least=1, at_most=hermite.LARGEST_DEGREE)
    arrays = [value.size - 1 for value in (activation, target) if isinstance(value, np.ndarray)]
    return max([*arrays, 1] if len(arrays) == 2 else [*arrays, DEFAULT_DEGREE])


def _coefficients(name, value, degree):
    if isinstance(value, np.ndarray):
        result = np.zeros(degree + 1)
        kept = min(value.size, degree + 1)
        result[:kept] = value[:kept]
    else:
        result = hermite.hermite_coefficients(value, degree=degree).copy()
    if not result.any():
        raise ValueError(f"{name} must have a nonzero Hermite coefficient up to degree {degree}, got only zeros")
    result.flags.writeable = False
    return result


def _check_terms(target, phi, degree):
    if isinstance(target, np.ndarray):
        last = int(np.flatnonzero(target)[-1])
        if last > degree:
            raise ValueError(f"degree must be >= {last}, the degree of the target, got {degree}")
        return
    lost = 1 - phi @ phi / hermite.squared_norm(target)
    if lost > LARGEST_LOST_SHARE:
        raise ValueError(f"degree must be larger, got {degree}: the terms beyond it hold {lost:.1%} of the target's squared norm")
