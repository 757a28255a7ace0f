"""Limits of the performance: small times, the end of training, least squares, many samples, the best error of all."""

from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import instance, integer, real, real_array
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.theory.marchenko_pastur import mp_atom

LARGEST_SAMPLE = 2**53


@dataclass(frozen=True, kw_only=True)
class ScoreMoments:
    r"""Moments of the classifier that give the error on new points, in a limit. All arrays have the shape of `t`.

    Attributes
    ----------
    t : numpy.ndarray of float
        Times, in gradient steps.
    E, V : numpy.ndarray of float
        :math:`\mu^T w` and :math:`\|w\|^2`.
    """

    t: np.ndarray
    E: np.ndarray
    V: np.ndarray


def taylor_statistics(model: MixtureClassification, t: ArrayLike) -> ScoreMoments:
    r"""E and V for small alpha t, paper 1 section 5.1.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, >= 0.

    Returns
    -------
    ScoreMoments
        :math:`\tilde E = \|\mu\|^2 \alpha t` and
        :math:`\tilde V = (\|\mu\|^2 + c + c \sigma^2)(\alpha t)^2 + \sigma^2 (1 - \alpha t)^2`.

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is negative or not finite.

    Notes
    -----
    This is what remains of (4) and (5) when :math:`e^{-\alpha t x}` is replaced by :math:`1 - \alpha t x`, which is right
    for alpha t times the largest eigenvalue well below 1. It is exact after a single step of gradient descent.
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    step = model.alpha * t
    with within_floats(t=t, alpha=model.alpha, mu_norm2=model.mu_norm2, c=model.c, sigma2=model.sigma2):
        noise = (model.mu_norm2 + model.c + model.c * model.sigma2) * step**2
        return ScoreMoments(t=t, E=model.mu_norm2 * step, V=noise + model.sigma2 * (1 - step) ** 2)


def taylor_error(model: MixtureClassification, t: ArrayLike) -> np.ndarray:
    r"""Generalisation error :math:`Q(\tilde E/\sqrt{\tilde V})` for small alpha t, paper 1 section 5.1.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        Least at t = 1/alpha, where the margin is :math:`\|\mu\|^2/\sqrt{\|\mu\|^2 + c + c \sigma^2}`.

    Raises
    ------
    TypeError, ValueError
        As `taylor_statistics`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> taylor_error(model, [0, 100]).round(4)
    array([0.5   , 0.0304])
    """
    moments = taylor_statistics(model, t)
    return classification_error(moments.E, moments.V)


def least_squares_error(model: MixtureClassification) -> float:
    r"""Generalisation error of the least-squares weights, paper 1 equation (10).

    Parameters
    ----------
    model : MixtureClassification
        Gives the signal and c; sigma2 and alpha play no part.

    Returns
    -------
    float
        :math:`Q(\|\mu\|^2/\sqrt{\|\mu\|^2+c} \cdot \sqrt{1 - \min(c, 1/c)})`, which is 1/2 at c = 1.

    Raises
    ------
    TypeError
        If `model` is no `MixtureClassification`.

    Notes
    -----
    For c > 1 it is the interpolating solution of least norm. Training reaches it only from the start 0, see `final_error`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> round(least_squares_error(MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)), 4)
    0.0912
    """
    instance("model", model, MixtureClassification)
    loss = abs(1 - model.c) / max(1.0, model.c)
    return float(ndtr(-sqrt(loss) * _best_margin(model.mu_norm2, model.c)))


def final_error(model: MixtureClassification) -> float:
    r"""Generalisation error in the limit of infinite training time.

    Parameters
    ----------
    model : MixtureClassification

    Returns
    -------
    float
        Equal to `least_squares_error` for c <= 1 or sigma2 = 0. For c > 1 the part of the initial weights outside the span
        of the data stays for ever and adds :math:`\sigma^2 (1 - 1/c)` to V.

    Raises
    ------
    TypeError
        If `model` is no `MixtureClassification`.
    """
    instance("model", model, MixtureClassification)
    signal = model.mu_norm2 + model.c
    return float(ndtr(-model.mu_norm2 / sqrt(signal + final_excess(model))))


def final_excess(model: MixtureClassification) -> float:
    """S of `optimal_stopping` in the limit of infinite training time; infinite at c = 1."""
    signal = model.mu_norm2 + model.c
    if model.c == 1:
        return inf
    fitted = signal * min(model.c, 1.0) / abs(1 - model.c)
    return fitted + model.sigma2 * mp_atom(model.c) * signal**2


def best_error(*, mu_norm2: float, c: float) -> float:
    r"""The error that no training time and no initialisation can beat: the bound of paper 1, Remark 1.

    Parameters
    ----------
    mu_norm2 : float
        Squared norm of the mean, > 0.
    c : float
        Aspect ratio p/n, >= 0. For c = 0 it is the error of a classifier that knows mu.

    Returns
    -------
    float
        :math:`Q(\|\mu\|^2/\sqrt{\|\mu\|^2 + c})`.

    Raises
    ------
    TypeError
        If an argument is not a real number.
    ValueError
        If an argument is not finite or outside its range.

    Notes
    -----
    By the Cauchy-Schwarz inequality :math:`E/\sqrt V` is at most that argument, with equality only for sigma2 = 0 and only in
    the limit of small times.

    Examples
    --------
    >>> round(best_error(mu_norm2=4.0, c=0.5), 4)
    0.0297
    """
    mu_norm2 = real("mu_norm2", mu_norm2, above=0)
    return float(ndtr(-_best_margin(mu_norm2, real("c", c, at_least=0))))


def sample_size(*, error: float, mu_norm2: float, p: int) -> int:
    r"""The least number of training points with which the bound of paper 1, Remark 1, admits an error.

    Parameters
    ----------
    error : float
        Wanted generalisation error, in (0, 1/2).
    mu_norm2 : float
        Squared norm of the mean, > 0.
    p : int
        Dimension, >= 1.

    Returns
    -------
    int
        The least n >= 1 with ``best_error(mu_norm2=mu_norm2, c=p/n) <= error``.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or no number of points (below 2^53) is enough, because the error is not above
        :math:`Q(\|\mu\|)`, that of a classifier that knows mu.

    Notes
    -----
    With the wanted margin :math:`q = Q^{-1}(\text{error})`, n is :math:`p q^2/(\|\mu\|^2 (\|\mu\|^2 - q^2))`, rounded up. Fewer
    points cannot do, whatever the time at which training stops. That many do in the limit of the theorems, with a small
    start and early stopping.

    Examples
    --------
    >>> sample_size(error=0.05, mu_norm2=4.0, p=256)
    134
    """
    error = real("error", error, above=0, below=0.5)
    mu_norm2 = real("mu_norm2", mu_norm2, above=0)
    p = integer("p", integer("p", p, at_least=1), at_most=LARGEST_SAMPLE)
    square = float(ndtri(error)) ** 2
    needed = p * square / (mu_norm2 * (mu_norm2 - square)) if square < mu_norm2 else inf
    if not (isfinite(needed) and needed < LARGEST_SAMPLE):
        least = best_error(mu_norm2=mu_norm2, c=0.0)
        raise ValueError(f"error must be > {least:.6g}, which is out of reach for mu_norm2 = {mu_norm2:g}, got {error!r}")
    nearby = range(max(1, ceil(needed * (1 - 1e-12)) - 1), ceil(needed * (1 + 1e-12)) + 2)
    return next(n for n in nearby if best_error(mu_norm2=mu_norm2, c=p / n) <= error)


def many_samples_statistics(model: MixtureClassification, t: ArrayLike) -> ScoreMoments:
    r"""E and V for c = 0, many samples a dimension, paper 1 section 5.3.

    Parameters
    ----------
    model : MixtureClassification
        Its c plays no part.
    t : float or array_like of float, shape (...)
        Times in gradient steps, >= 0.

    Returns
    -------
    ScoreMoments
        :math:`E = \|\mu\|^2 g` and :math:`V = \|\mu\|^2 g^2 + \sigma^2 f_t(1)^2` with
        :math:`g = (1 - f_t(1 + \|\mu\|^2))/(1 + \|\mu\|^2)`.

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is negative or not finite.
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    step, level = model.alpha * t, 1 + model.mu_norm2
    g = -np.expm1(-step * level) / level
    return ScoreMoments(t=t, E=model.mu_norm2 * g, V=model.mu_norm2 * g**2 + model.sigma2 * np.exp(-2 * step))


def many_samples_slope(model: MixtureClassification, t: ArrayLike) -> np.ndarray:
    r"""Derivative of :math:`E/\sqrt V` in t for c = 0, paper 1 section 5.3.

    Parameters
    ----------
    model : MixtureClassification
        Its c plays no part; sigma2 > 0.
    t : float or array_like of float, shape (...)
        Times in gradient steps, >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        :math:`\alpha \sigma^2 \|\mu\|^2 V^{-3/2} f_t(1)^2 (\|\mu\|^2 f_t(1 + \|\mu\|^2) + 1)/(1 + \|\mu\|^2)`, never
        negative: without overfitting there is no reason to stop.

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is negative or not finite, or sigma2 is 0.
    """
    instance("model", model, MixtureClassification)
    real("sigma2", model.sigma2, above=0)
    moments = many_samples_statistics(model, t)
    step, level = model.alpha * moments.t, 1 + model.mu_norm2
    growth = (model.mu_norm2 * np.exp(-step * level) + 1) / level
    scale = model.alpha * model.sigma2 * model.mu_norm2
    return scale * moments.V**-1.5 * np.exp(-2 * step) * growth


def _best_margin(mu_norm2, c):
    return mu_norm2 / sqrt(mu_norm2 + c)
