r"""When to stop: the time of the least generalisation error."""

from dataclasses import dataclass
from math import ceil, exp, inf, log, log10, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from learning_dynamics._validation import instance, moderate
from learning_dynamics.random_matrix.model import LARGEST, MixtureClassification
from learning_dynamics.random_matrix.theory.limits import best_error, final_excess
from learning_dynamics.random_matrix.theory.spectral_measures import flow_rate, spectral_measures

POINTS_A_DECADE = 24
LAST_DECAY = 300.0
LARGEST_EXPONENT = 1e12
SMALL = 0.5
SERIES_TERMS = 17


@dataclass(frozen=True, kw_only=True)
class OptimalStopping:
    """The best time to stop, and the generalisation error then.

    Attributes
    ----------
    time : float
        In gradient steps. 0.0 if the error is least in the limit of small times, inf if it is least in that of large ones.
    error : float
        Generalisation error at that time, or its limit there.
    """

    time: float
    error: float


def optimal_stopping(model: MixtureClassification) -> OptimalStopping:
    r"""Time of the least generalisation error of the flow, paper 1 section 4 and figure 3.

    Parameters
    ----------
    model : MixtureClassification

    Returns
    -------
    OptimalStopping

    Raises
    ------
    TypeError
        If `model` is no `MixtureClassification`.

    Notes
    -----
    With :math:`\hat\mu = \mu(dx)/\|\mu\|^2` and :math:`g = (1 - f_t)/x`, and with the bound of Remark 1 in the first term,

    .. math::
        \frac{V}{E^2} = \frac{\|\mu\|^2 + c}{\|\mu\|^4} + \frac{S}{\|\mu\|^4}, \qquad
        S = \frac{(\|\mu\|^2 + c) \mathrm{Var}_{\hat\mu}(g) + \sigma^2 \int f_t^2 d\nu}{(\int g d\hat\mu)^2}.

    S is summed without cancellation. Every change of sign of its derivative on a fine grid of times is refined, and the least
    minimum is compared with the limit for large times, unless S still rises towards it.

    For sigma2 = 0 the error is least in the limit t to 0. For c <= 1 and sigma2 > 0 the optimal time is finite; it grows
    like log(1/c) for small c. For c > 1 it is finite for sigma2 below `stopping_threshold`, and above it is infinite except
    where a minimum earlier in training is lower than the limit. Minima beyond the time when the slowest direction has decayed by
    :math:`e^{-300}`, or beyond alpha t = 1e12, count as infinite: the error is the same to all digits.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> best = optimal_stopping(MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01))
    >>> round(best.time, 1), round(best.error, 5)
    (96.9, 0.04839)
    """
    instance("model", model, MixtureClassification)
    if model.sigma2 == 0:
        return OptimalStopping(time=0.0, error=best_error(mu_norm2=model.mu_norm2, c=model.c))
    shortest, longest = _range_of_exponents(model)
    measures = _measures(model, longest)
    grid = np.geomspace(shortest, longest, ceil(POINTS_A_DECADE * log10(longest / shortest)))
    slopes = _excess(model, measures, grid)[1]
    turns = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    minima = [_refined(model, measures, grid[k], grid[k + 1]) for k in turns]
    if not slopes[-1] > 0:
        minima.append((final_excess(model), inf))
    excess, exponent = min(minima)
    margin = model.mu_norm2 / sqrt(model.mu_norm2 + model.c + excess)
    return OptimalStopping(time=exponent / model.alpha, error=float(ndtr(-margin)))


def stopping_threshold(*, mu_norm2: float, c: float) -> float:
    r"""The initial variance below which the best time to stop is finite.

    Parameters
    ----------
    mu_norm2 : float
        Squared norm of the mean, in [1e-100, 1e100].
    c : float
        Aspect ratio p/n, in [1e-100, 1e100].

    Returns
    -------
    float
        Infinite for c <= 1. For c > 1 it is

        .. math::
            \frac{c}{(\sqrt c - 1)^3 (\sqrt c + 1)} \left(1 - \frac{\sqrt c - 1}{\sqrt c + 1} \frac{c}{\|\mu\|^2 + c}\right).

    Raises
    ------
    TypeError
        If an argument is not a real number.
    ValueError
        If an argument is outside its range.

    Notes
    -----
    At the end of training only the directions next to the lower edge of the bulk move. The error then rises if
    :math:`l_- V_\infty < (\|\mu\|^2 + c)/\|\mu\|^2 \cdot E_\infty`, and falls with > in place of <; equality is not decided. At the
    end it falls for sigma2 above the threshold. This is the book's own.

    Examples
    --------
    >>> round(stopping_threshold(mu_norm2=4.0, c=4.0), 4)
    1.1111
    """
    mu_norm2, c = moderate("mu_norm2", mu_norm2, largest=LARGEST), moderate("c", c, largest=LARGEST)
    if c <= 1:
        return inf
    root = sqrt(c)
    gap = (c - 1) / (root + 1)
    rest = 2 / (root + 1) + gap / (root + 1) * (mu_norm2 / (mu_norm2 + c))  # of 1, without a difference
    return c / (gap**3 * (root + 1)) * rest


def _range_of_exponents(model):
    """alpha t from where the initial weights still rule to where all directions have decayed."""
    balance = min(1.0, (model.sigma2 / (model.mu_norm2 + model.c)) ** 0.25)
    shortest = 0.01 * balance / model.largest_eigenvalue
    low = max(model.bulk_edges[0], LAST_DECAY / LARGEST_EXPONENT)
    return shortest, max(LAST_DECAY / low, 10 * shortest)


def _measures(model, exponent):
    """Nodes, and on them the weights of the signal's measure divided by its mass, and of nu."""
    x, p, _, nu = spectral_measures(model, exponent, flow_rate)
    return x, p * x / (model.mu_norm2 + model.c), nu


def _excess(model, measures, exponents):
    """S of `optimal_stopping`, and a positive multiple of its derivative, at every exponent."""
    x, weights, nu = measures
    z = np.outer(exponents, x)
    f = np.exp(-z)
    g = exponents[:, None] * _mean_decay(z)
    mean_g, mean_f = g @ weights, f @ weights
    size = model.mu_norm2 + model.c
    early = exponents[:, None] * model.largest_eigenvalue < SMALL
    spread = np.where(early, -exponents[:, None] * _lag(z), g)
    spread = spread - (spread @ weights)[:, None]
    fall = np.where(early, -g * x, f)
    noise = size * (spread**2 @ weights) + model.sigma2 * (f**2 @ nu)
    growth = size * ((spread * fall) @ weights) - model.sigma2 * (f**2 @ (nu * x))
    return noise / mean_g**2, growth * mean_g - noise * mean_f


def _mean_decay(z):
    """(1 - e^-z)/z, 1 at z = 0."""
    return np.divide(-np.expm1(-z), z, out=np.ones_like(z), where=z > 0)


def _lag(z):
    """1 - (1 - e^-z)/z, by its power series where that would cancel."""
    small = np.minimum(z, SMALL)
    series, term = np.zeros_like(small), np.ones_like(small)
    for k in range(2, SERIES_TERMS):
        term = -term * small / k
        series -= term
    return np.where(z < SMALL, series, 1 - _mean_decay(z))


def _refined(model, measures, left, right):
    """Least S between two exponents, and where."""

    def slope(log_exponent):
        return _excess(model, measures, np.array([exp(log_exponent)]))[1][0]

    exponent = exp(brentq(slope, log(left), log(right), xtol=1e-13))
    return _excess(model, measures, np.array([exponent]))[0][0], exponent
