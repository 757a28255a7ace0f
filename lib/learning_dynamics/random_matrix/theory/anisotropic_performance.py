"""Performance at every time of training on points with a covariance: Theorems 1 and 2 of paper 1 for data that are not white."""

from collections.abc import Callable
from math import ceil, inf, log10, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from learning_dynamics._validation import instance, real
from learning_dynamics.random_matrix.mathematics import quadrature
from learning_dynamics.random_matrix.model import AnisotropicMixture, classification_error
from learning_dynamics.random_matrix.theory.anisotropic_spectrum import companion_at, companion_at_zero, largest_eigenvalue
from learning_dynamics.random_matrix.theory.performance import Statistics, filter_times
from learning_dynamics.random_matrix.theory.stopping import OptimalStopping

GROWTH = 2.0
"""Decay exponent alpha t z on the left of 0, so that |f_t| stays below e^2 on the contour."""
DECADES = 14
MOST_NODES = 3000
TOLERANCE = 1e-8
SMALL_VARIANCE = 1e-3
"""V/E^2 below which V is judged in absolute terms: the error is then below 1e-200."""
POINTS_A_DECADE = 24
EARLIEST = 1e-3


def anisotropic_statistics(model: AnisotropicMixture, t: ArrayLike, *, dynamics: str = "flow") -> Statistics:
    r"""Moments of the classifier at given times, for points with covariance C.

    Parameters
    ----------
    model : AnisotropicMixture
    t : float or array_like of float, shape (...)
        Times in gradient steps; each is 0 or has alpha t >= 1e-100, and alpha t times the largest eigenvalue is at most about
        6e4. Integers for "gd".
    dynamics : {"flow", "gd"}
        As for `statistics`.

    Returns
    -------
    Statistics
        V is the limit of :math:`w^T C w`. Its arrays have the shape of `t`.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is outside its range, `dynamics` is unknown, or alpha times the largest eigenvalue is 1 or more for "gd".
    ArithmeticError
        If a moment differs from itself with half the nodes by more than 1e-8 of it (V: of V + E^2/1000; train_variance: of V_train), or more than
        3000 nodes are needed.

    Notes
    -----
    This is the book's own. With :math:`\tilde m` of `companion_stieltjes` and :math:`D = 1 + \sum_k b_k \tilde m/(1 + \lambda_k
    \tilde m)`, the transform :math:`\tilde m/D` belongs to a probability P, in which the labels see the spectrum. With
    :math:`g = 1 - f_t`, :math:`h = g/x` and

    .. math:: r(x) = \frac{1}{2\pi i} \oint \frac{h(z)}{\tilde m(z) (x - z)} dz

    the training margins have :math:`E_* = \int g dP` and the variance :math:`\mathrm{Var}_P(g) + \sigma^2 \int x f_t^2 d\nu`, and
    the margins of new points :math:`E = \int r dP` and :math:`V = \mathrm{Var}_P(r) + \sigma^2 \lim \mathrm{tr}(C f_t^2)/p`. The variances are
    summed around their means, as double sums over a contour. Relative error below 1e-9 in trials, of train_variance relative to V_train.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import AnisotropicMixture
    >>> model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[1, 3], c=0.5, sigma2=0.1, alpha=0.01)
    >>> anisotropic_statistics(model, [0.0, 100.0]).E.round(4)
    array([0.    , 0.6955])
    """
    t, fall = _times(model, t, dynamics)
    moments = _certified(model, t.ravel(), fall)
    names = ("E", "V", "E_train", "V_train", "train_variance")
    return Statistics(t=t, **{name: moment.reshape(t.shape) for name, moment in zip(names, moments)})


def anisotropic_errors(model: AnisotropicMixture, t: ArrayLike, *, dynamics: str = "flow") -> tuple[np.ndarray, np.ndarray]:
    r"""Generalisation and training error at given times, for points with covariance C.

    Parameters
    ----------
    model, t, dynamics
        As for `anisotropic_statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (...)
        :math:`Q(E/\sqrt V)` and :math:`Q(E_*/\sqrt{V_* - E_*^2})`.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `anisotropic_statistics`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import AnisotropicMixture
    >>> model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[1, 3], c=0.5, sigma2=0.1, alpha=0.01)
    >>> anisotropic_errors(model, [6, 50, 300])[0].round(4)
    array([0.3293, 0.1021, 0.0943])
    """
    moments = anisotropic_statistics(model, t, dynamics=dynamics)
    return classification_error(moments.E, moments.V), classification_error(moments.E_train, moments.train_variance)


def mean_weights(model: AnisotropicMixture, t: ArrayLike, *, dynamics: str = "flow") -> np.ndarray:
    r"""Limit of the mean of the weights over training sets, as a factor of mu in each eigenspace of C.

    Parameters
    ----------
    model : AnisotropicMixture
    t : array_like of float, shape (m,)
        Times, as for `anisotropic_statistics`.
    dynamics : {"flow", "gd"}

    Returns
    -------
    numpy.ndarray of float, shape (m, k)
        :math:`-\frac{1}{2\pi i} \oint \frac{h \tilde m}{D (1 + \lambda_k \tilde m)} dz`: along an eigenvector, the mean of w is this times
        the component of mu.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `anisotropic_statistics`.

    Notes
    -----
    Its sum with the signal is E. For white data all entries of a row are :math:`E/\|\mu\|^2`.
    """
    t, fall = _times(model, t, dynamics)
    return _Contour(model, model.alpha * t.max(initial=0), 2).mean_weights(t.ravel(), fall).reshape(*t.shape, -1)


def anisotropic_final_error(model: AnisotropicMixture) -> float:
    r"""Generalisation error in the limit of infinite training time, for points with covariance C.

    Parameters
    ----------
    model : AnisotropicMixture

    Returns
    -------
    float
        Up to rank_ratio 1 that of least squares on white data of signal :math:`\mu^T C^{-1} \mu`; 0 if mu has a part in the null space of C.
        Beyond, that of the interpolating solution of least norm, plus what is left of the start.

    Raises
    ------
    TypeError
        If `model` is no `AnisotropicMixture`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import AnisotropicMixture
    >>> model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[1, 3], c=0.5, sigma2=0.1, alpha=0.01)
    >>> round(anisotropic_final_error(model), 4)
    0.1177
    """
    instance("model", model, AnisotropicMixture)
    mean, variance = _final_moments(model)
    return float(ndtr(-mean / sqrt(variance))) if 0 < variance < inf else 0.5 * (variance > 0)


def anisotropic_stopping(model: AnisotropicMixture, *, longest: float) -> OptimalStopping:
    r"""Time of the least generalisation error of the flow up to a longest time, for points with covariance C.

    Parameters
    ----------
    model : AnisotropicMixture
        With sigma2 > 0.
    longest : float
        The time up to which is searched, > 0, as for `anisotropic_statistics`.

    Returns
    -------
    OptimalStopping
        Its time is `longest` if the error still falls there.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If `longest` is outside its range, or sigma2 is 0: the least error may then be at no time.
    ArithmeticError
        As `anisotropic_statistics`.

    Notes
    -----
    All times from a thousandth of the time of the fastest direction on are tried on a grid of 24 a decade; the least is refined between its neighbours.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import AnisotropicMixture
    >>> white = AnisotropicMixture(eigenvalues=[1.0], shares=[1.0], signal=[4.0], c=0.5, sigma2=0.1, alpha=0.01)
    >>> best = anisotropic_stopping(white, longest=1000)
    >>> round(best.time, 1), round(best.error, 5)
    (96.9, 0.04839)
    """
    instance("model", model, AnisotropicMixture)
    if model.sigma2 == 0:
        raise ValueError("model must have sigma2 > 0, got 0.0: the error may be least at no time")
    longest = real("longest", longest, above=0)
    _, fall = _times(model, longest, "flow")
    first = min(EARLIEST / (model.alpha * largest_eigenvalue(model)), longest / 10)
    grid = np.geomspace(first, longest, 1 + ceil(POINTS_A_DECADE * log10(longest / first)))
    contour = _Contour(model, model.alpha * longest, 2)

    def negative_margin(times):
        E, V, *_ = contour.moments(times, fall)
        return -E / np.sqrt(V)

    k = int(negative_margin(grid).argmin())
    time = longest if k == len(grid) - 1 else _least_between(negative_margin, grid[max(k - 1, 0)], grid[k + 1])
    generalization, _ = anisotropic_errors(model, time)
    return OptimalStopping(time=float(time), error=float(generalization))


def _least_between(f, low, high):
    """The time of the least value of a function of times, which has one between two times; searched in the logarithm."""
    found = minimize_scalar(
        lambda s: f(np.array([10**s]))[0], bounds=(log10(low), log10(high)), method="bounded", options={"xatol": 1e-9}
    )
    return 10**found.x


class _Contour:
    """The transforms on a contour around 0 and the spectrum, for all times up to a largest exponent alpha t."""

    def __init__(self, model, exponent, fineness):
        self.model = model
        right = largest_eigenvalue(model)
        offset = min(GROWTH / exponent, right) if exponent > 0 else right
        rule, count = quadrature.ellipse(left=0.0, right=right, offset=offset, decades=DECADES)
        if 2 * count > MOST_NODES:
            raise ArithmeticError(
                f"the contour needs {2 * count} nodes, more than {MOST_NODES}, at alpha t = {exponent:g} with a largest eigenvalue of {right:.6g}"
            )
        self.z, self.weights = rule(fineness)
        self.m = companion_at(model, self.z)
        self.below = below = 1 / (1 + np.outer(self.m, model.eigenvalues))
        self.D = 1 + self.m * (below @ model.signal)
        self.label = self.m / self.D
        slope_m = 1 / (self.m**-2 - model.c * (below**2 @ (model.shares * model.eigenvalues**2)))
        self.slope = slope_m * (self.D - self.m * (below**2 @ model.signal)) / self.D**2
        self._pairs = None

    def pairs(self):
        """Divided differences of the labels' transform: of two nodes above the axis, and of one above with one below."""
        if self._pairs is None:
            z, label = self.z, self.label
            gap = z[:, None] - z
            np.fill_diagonal(gap, 1)
            same = (label[:, None] - label) / gap
            np.fill_diagonal(same, self.slope)
            self._pairs = same, (label[:, None] - label.conj()) / (z[:, None] - z.conj())
        return self._pairs

    def mean_weights(self, times, fall):
        h = -np.expm1(fall(times, self.z)) / self.z
        return -2 * ((self.weights * h * self.label) @ self.below).real

    def moments(self, times, fall):
        """E, V, E*, V* and V* - E*^2 at times of shape (m,), array of shape (5, m)."""
        exponent = fall(times, self.z)
        f, g = np.exp(exponent), -np.expm1(exponent)
        h = g / self.z
        c, sigma2 = self.model.c, self.model.sigma2
        E = self._sum(h / self.D)
        E_train = -self._sum(g * self.label)
        start = sigma2 / c * self._sum(f**2 * (1 + 1 / (self.z * self.m)))
        start_train = -sigma2 / c * self._sum(f**2 * self.z * self.m)
        V = self._square(h / self.m + E[:, None]) + start
        small = np.where((E_train < 0.5)[:, None], g - E_train[:, None], f + E_train[:, None] - 1)
        spread = -self._sum(small**2 * self.label)
        train_variance = np.maximum(spread, 0.0) + np.maximum(start_train, 0.0)
        return np.array([E, np.maximum(V, 0.0), E_train, train_variance + E_train**2, train_variance])

    def _sum(self, values):
        return 2 * (values @ self.weights).real

    def _square(self, values):
        """Integral over P of the square of the transform of `values`."""
        same, mixed = self.pairs()
        weighted = values * self.weights
        return 2 * (np.sum((weighted @ same) * weighted, axis=1) + np.sum((weighted @ mixed) * weighted.conj(), axis=1)).real


def _certified(model, t, fall):
    exponent = model.alpha * t.max(initial=0)
    coarse, fine = (_Contour(model, exponent, k).moments(t, fall) for k in (1, 2))
    scale = np.abs(fine)
    scale[1] += SMALL_VARIANCE * fine[0] ** 2
    scale[4] = fine[3]
    change = np.max(np.abs(fine - coarse) / np.maximum(scale, np.finfo(float).tiny), where=scale > 0, initial=0)
    if change > TOLERANCE:
        start = model.sigma2 * largest_eigenvalue(model)
        why = f": sigma2 = {model.sigma2:g} times the largest eigenvalue must be smaller than {start:.1e}" if start > 1 else ""
        raise ArithmeticError(f"the contour integrals are uncertain by {change:.1e}, more than {TOLERANCE:g}{why}")
    return fine


def _times(model: AnisotropicMixture, t: ArrayLike, dynamics: str) -> tuple[np.ndarray, Callable[..., np.ndarray]]:
    """Checked times, and the function of times and z whose exponential is f."""
    instance("model", model, AnisotropicMixture)
    largest = largest_eigenvalue(model)
    t = filter_times(t, dynamics, alpha=model.alpha, largest=largest, unit=largest)
    if dynamics == "flow":
        return t, lambda times, z: -np.outer(model.alpha * times, z)
    return t, lambda times, z: np.outer(times, np.log1p(-model.alpha * z))


def _final_moments(model):
    """E and V at the end of training; V is infinite where the error tends to 1/2."""
    seen = model.eigenvalues > 0
    if model.rank_ratio <= 1:
        if model.signal[~seen].any():
            return 1.0, 0.0
        if model.rank_ratio == 1:
            return 1.0, inf
        signal = float(np.sum(model.signal[seen] / model.eigenvalues[seen]))
        return signal / (1 + signal), (signal + model.rank_ratio) / ((1 - model.rank_ratio) * (1 + signal) ** 2)
    m = companion_at_zero(model)
    below = m / (1 + m * model.eigenvalues)
    D = 1 + model.signal @ below
    overlap = model.c * (model.shares @ (model.eigenvalues * below) ** 2)
    learnt = (model.signal @ (model.eigenvalues * below**2) + overlap) / (D**2 * (1 - overlap))
    return float(1 - 1 / D), float(learnt + model.sigma2 / (model.c * m))
