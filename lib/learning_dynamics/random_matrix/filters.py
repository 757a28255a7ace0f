"""Training methods as pairs of functions of the spectrum: what is left of the start, and what is learnt from the data."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from learning_dynamics._validation import real, real_array, step_counts
from learning_dynamics.random_matrix import kernels


@dataclass(frozen=True, kw_only=True)
class SpectralFilter:
    r"""A linear training method: :math:`w(t) = f_t(A) w_0 + h_t(A) X y/n` with :math:`A = XX^T/n`.

    Attributes
    ----------
    start : callable
        ``start(x, t)`` gives :math:`f_t(x)`, what is left of the initial weights along an eigenvector with eigenvalue x.
        It takes arrays of shapes (k,) and (m,), x >= 0 and t >= 0, and returns an array of shape (m, k).
    learnt : callable
        ``learnt(x, t)`` gives :math:`h_t(x)` in the same way. It is finite at x = 0.
    stable_below : float
        Eigenvalues from there on make the method diverge.
    whole_steps : bool
        Whether times are whole numbers of steps.

    Notes
    -----
    Plain gradient descent and its flow have :math:`h = (1 - f)/x`.
    """

    start: Callable
    learnt: Callable
    stable_below: float = inf
    whole_steps: bool = False

    def __post_init__(self):
        for name in ("start", "learnt"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function of eigenvalues and times, got {getattr(self, name)!r}")


def ridge_flow(*, alpha, penalty):
    r"""Gradient flow on the loss with the ridge penalty :math:`\lambda \|w\|^2/2`.

    Parameters
    ----------
    alpha : float
        Step size, > 0; time counts steps.
    penalty : float
        :math:`\lambda` >= 0; 0 gives the plain flow.

    Returns
    -------
    SpectralFilter
        :math:`f_t(x) = e^{-\alpha t (x + \lambda)}` and :math:`h_t(x) = (1 - f_t(x))/(x + \lambda)`.

    Raises
    ------
    TypeError
        If an argument is not a real number.
    ValueError
        If an argument is not finite or outside its range.

    Examples
    --------
    >>> ridge_flow(alpha=0.1, penalty=1.0).learnt([0.0, 1.0], [10.0]).round(4)
    array([[0.6321, 0.4323]])
    """
    alpha, penalty = real("alpha", alpha, above=0), real("penalty", penalty, at_least=0)

    def start(x, t):
        return np.exp(-_exponents(x, t))

    def learnt(x, t):
        z = _exponents(x, t)
        mean_decay = np.divide(-np.expm1(-z), z, out=np.ones_like(z), where=z > 0)
        return alpha * np.asarray(t, float)[:, None] * mean_decay

    def _exponents(x, t):
        return np.outer(alpha * np.asarray(t, float), np.asarray(x, float) + penalty)

    return SpectralFilter(start=start, learnt=learnt)


def ridge_regression():
    r"""The minimiser of the loss with the ridge penalty :math:`t \|w\|^2/2`: in place of a time, t is the penalty.

    Returns
    -------
    SpectralFilter
        :math:`f_t(x) = 0` and :math:`h_t(x) = 1/(x + t)`, for t > 0.

    Raises
    ------
    ValueError
        From the filter's functions, if a penalty is 0.

    Examples
    --------
    >>> ridge_regression().learnt([0.0, 1.0], [1.0])
    array([[1. , 0.5]])
    """

    def start(x, t):
        return np.zeros((len(t), len(x)))

    def learnt(x, t):
        if np.min(t) <= 0:
            raise ValueError(f"t, the penalty of ridge regression, must be > 0, got {float(np.min(t))!r}")
        return 1 / np.add.outer(np.asarray(t, float), np.asarray(x, float))

    return SpectralFilter(start=start, learnt=learnt)


def heavy_ball(*, alpha, momentum, penalty=0.0):
    r"""Gradient descent with heavy-ball momentum and a ridge penalty.

    A step adds to the weights minus alpha times the gradient plus the momentum times the step before; the first step has no
    momentum.

    Parameters
    ----------
    alpha : float
        Step size, > 0.
    momentum : float
        :math:`\beta` in [0, 1); 0 gives plain gradient descent.
    penalty : float
        :math:`\lambda` >= 0 of the loss's additional term :math:`\lambda \|w\|^2/2`.

    Returns
    -------
    SpectralFilter
        With :math:`y = x + \lambda` both functions follow :math:`u_{t+1} = (1 + \beta - \alpha y) u_t - \beta u_{t-1}`, to
        which h adds alpha. They begin with :math:`f_0 = 1`, :math:`f_1 = 1 - \alpha y` and :math:`h_0 = 0`, :math:`h_1 =
        \alpha`. The method converges for :math:`\alpha y < 2(1 + \beta)`.

    Raises
    ------
    TypeError
        If an argument is not a real number.
    ValueError
        If an argument is not finite or outside its range.

    Examples
    --------
    >>> heavy_ball(alpha=0.5, momentum=0.5).start([1.0], [0, 1, 2]).ravel()
    array([1. , 0.5, 0. ])
    """
    alpha, penalty = real("alpha", alpha, above=0), real("penalty", penalty, at_least=0)
    momentum = real("momentum", momentum, at_least=0, below=1)

    def start(x, t):
        return recurrence(x, t, first=1.0, push=0.0)

    def learnt(x, t):
        return recurrence(x, t, first=0.0, push=alpha)

    def recurrence(x, t, *, first, push):
        wanted, place = np.unique(real_array("t", t, ndim=1, at_least=0), return_inverse=True)
        step_counts("t", wanted)
        pulls = alpha * (real_array("x", x, ndim=1, at_least=0) + penalty)
        return kernels.two_step_recurrence(pulls, momentum, first, push, wanted)[place]

    stable_below = 2 * (1 + momentum) / alpha - penalty
    return SpectralFilter(start=start, learnt=learnt, stable_below=stable_below, whole_steps=True)


def check_filter(spectral_filter, t, largest):
    """Refuse times that the filter does not know and eigenvalues up to `largest` on which it diverges."""
    if not isinstance(spectral_filter, SpectralFilter):
        raise TypeError(f"spectral_filter must be a SpectralFilter, got {spectral_filter!r}")
    if spectral_filter.whole_steps and (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for this filter, got {t[t != np.floor(t)][0]!s}")
    if not largest < spectral_filter.stable_below:
        raise ValueError(
            f"the filter must converge up to the largest eigenvalue {largest:.6g}, got one that diverges from "
            f"{spectral_filter.stable_below:.6g} on"
        )
