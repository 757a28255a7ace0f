"""Training methods as pairs of functions of the spectrum: what is left of the start, and what is learnt from the data."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np

from learning_dynamics._interruption import in_parts
from learning_dynamics._limits import within_floats
from learning_dynamics._validation import boolean, function, instance, real, real_array, step_counts
from learning_dynamics.random_matrix.kernels import eigenmodes

STEPS_A_CALL = 2**26
"""Steps of one eigenvalue in a compiled call, which take well below a second."""


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
            function(name, getattr(self, name), "a function of eigenvalues and times")
        real("stable_below", self.stable_below, above=0, infinite=True)
        boolean("whole_steps", self.whole_steps)


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
    options = {"alpha": real("alpha", alpha, above=0), "penalty": real("penalty", penalty, at_least=0)}
    return SpectralFilter(start=partial(_ridge_start, **options), learnt=partial(_ridge_learnt, **options))


def _ridge_start(x, t, *, alpha, penalty):
    x, t = _places(x, t)
    return np.exp(-np.outer(alpha * t, x + penalty))


def _ridge_learnt(x, t, *, alpha, penalty):
    x, t = _places(x, t)
    z = np.outer(alpha * t, x + penalty)
    return alpha * t[:, None] * np.divide(-np.expm1(-z), z, out=np.ones_like(z), where=z > 0)


def _places(x, t):
    """Checked eigenvalues, shape (k,), and times, shape (m,)."""
    return real_array("x", x, ndim=1, at_least=0), real_array("t", t, ndim=1, at_least=0)


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
    return SpectralFilter(start=_no_start, learnt=_regression_learnt)


def _no_start(x, t):
    x, t = _places(x, t)
    return np.zeros((t.size, x.size))


def _regression_learnt(x, t):
    x, t = _places(x, t)
    if t.min() <= 0:
        raise ValueError(f"t, the penalty of ridge regression, must be > 0, got {float(t.min())!r}")
    with within_floats(t=t):
        return 1 / np.add.outer(t, x)


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
    with within_floats(alpha=alpha):
        stable_below = np.divide(2 * (1 + momentum), alpha) - penalty
    if stable_below <= 0:
        raise ValueError(f"alpha and penalty must have alpha * penalty < 2 (1 + momentum), got {alpha!r} and {penalty!r}")
    options = {"alpha": alpha, "momentum": momentum, "penalty": penalty}
    return SpectralFilter(
        start=partial(_recurrence, first=1.0, push=0.0, **options),
        learnt=partial(_recurrence, first=0.0, push=alpha, **options),
        stable_below=float(stable_below),
        whole_steps=True,
    )


def _recurrence(x, t, *, alpha, momentum, penalty, first, push):
    x, t = _places(x, t)
    wanted, place = np.unique(t, return_inverse=True)
    step_counts("t", wanted)
    return stepped(alpha * (x + penalty), momentum, first, push, wanted)[place]


def stepped(pulls, momentum, first, push, t):
    """The values of the recurrence at ascending times, shape (m, k), stepped in parts that an interrupt can come between."""
    values, now, change = np.empty((t.size, pulls.size)), np.full(pulls.size, first), np.zeros(pulls.size)
    for row, steps in zip(values, np.diff(t, prepend=0.0).astype(np.int64).tolist()):
        for count in in_parts(steps, STEPS_A_CALL // pulls.size):
            eigenmodes.two_step_recurrence(pulls, momentum, push, now, change, count)
        row[:] = now
    return values


def check_filter(spectral_filter, t, largest):
    """Refuse times that the filter does not know and eigenvalues up to `largest` on which it diverges."""
    instance("spectral_filter", spectral_filter, SpectralFilter)
    if spectral_filter.whole_steps and (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for this filter, got {t[t != np.floor(t)][0]!s}")
    if not largest < spectral_filter.stable_below:
        raise ValueError(
            f"the filter must converge up to the largest eigenvalue {largest:.6g}, got one that diverges from "
            f"{spectral_filter.stable_below:.6g} on"
        )


def filter_values(spectral_filter, x, t):
    """Return what `start` and `learnt` give, each of shape (m, k), for checked vectors x, shape (k,), and t, shape (m,).

    Raises
    ------
    ValueError
        If one of them gives anything but finite real numbers in that shape.
    """
    return tuple(_checked_values(name, getattr(spectral_filter, name), x, t) for name in ("start", "learnt"))


def _checked_values(name, function, x, t):
    values = np.asarray(function(x, t))
    if values.shape != (t.size, x.size) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must return real numbers of shape {(t.size, x.size)}, one row a time, "
            f"got {values.dtype} of shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must return finite numbers, got {values[~np.isfinite(values)][0]!s}")
    return values
