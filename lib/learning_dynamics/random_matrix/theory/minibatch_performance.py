"""Theorems 1 and 2 for stochastic gradient descent: mini-batches of the training points, and one pass over fresh points."""

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._validation import boolean, instance, moderate, step_counts
from learning_dynamics.random_matrix.kernels import batches
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.theory.performance import Statistics, statistics
from learning_dynamics.random_matrix.theory.spectral_measures import flow_rate, spectral_measures

LONGEST = 10**6
"""Most steps that are followed."""


def minibatch_statistics(
    model: MixtureClassification, t: ArrayLike, *, batch_ratio: float, replacement: bool = True
) -> Statistics:
    r"""Moments of the classifier under stochastic gradient descent on batches of the training points.

    A step is :math:`w \leftarrow w - \frac{\alpha}{b} X_B (X_B^T w - y_B)` for a random batch B of b points. Its mean is the full step,
    so E and E_train are those of gradient descent. The noise of the batches adds to V and V_train what obeys a linear Volterra
    equation: with :math:`\psi(s) = 1 - 2 E_*(s) + V_*(s)`, the mean square of the residuals, :math:`f_j(x) = (1 - \alpha x)^j` and
    :math:`\gamma = \alpha^2 p/b`,

    .. math:: V(t) &= V^{gd}(t) + \gamma \sum_{s<t} \psi(s) \int x f_{t-1-s}^2 d\nu, \\
        V_*(t) &= V_*^{gd}(t) + \gamma \sum_{s<t} \psi(s) \int x^2 f_{t-1-s}^2 d\nu.

    Parameters
    ----------
    model : MixtureClassification
    t : int or array_like of int, shape (k,)
        Times in steps, from 0 to 10^6, strictly increasing.
    batch_ratio : float
        Limit of b/p, > 0; at most 1/c without replacement, which is the full step.
    replacement : bool
        Whether a batch may hold a point twice. If not, :math:`\gamma` is multiplied by :math:`1 - b/n`.

    Returns
    -------
    Statistics
        Its arrays have shape (k,); V and V_train are means over the batches, about which they concentrate as p grows.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, alpha times the largest eigenvalue is 1 or more, or the noise outgrows every number.

    Notes
    -----
    This is the book's own; the equation without a signal is known for least squares. It takes each residual's square in the noise
    for the mean of all, whatever the direction, which is exact as n grows at fixed b/p. Above the `largest_noisy_step` V grows
    without bound.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification, statistics
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.05)
    >>> full = minibatch_statistics(model, [10, 100], batch_ratio=2, replacement=False)
    >>> bool(np.allclose(full.V, statistics(model, [10, 100], dynamics="gd").V))
    True
    >>> minibatch_statistics(model, [10, 100], batch_ratio=0.1).V.round(3)
    array([0.247, 0.318])
    """
    t = _checked(model, t)
    strength = _strength(model, batch_ratio, replacement)
    whole = statistics(model, np.arange(t[-1] + 1), dynamics="gd")
    x, _, _, nu = _resolved(model, t[-1])
    residuals = 1 - 2 * whole.E_train + whole.V_train
    norms, margins = batches.noise_sums(x, nu, model.alpha, strength, residuals)
    _check_growth(model, norms + margins)
    return Statistics(
        t=t.astype(float),
        E=whole.E[t],
        V=whole.V[t] + norms[t],
        E_train=whole.E_train[t],
        V_train=whole.V_train[t] + margins[t],
        train_variance=whole.train_variance[t] + margins[t],
    )


def minibatch_errors(
    model: MixtureClassification, t: ArrayLike, *, batch_ratio: float, replacement: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    r"""Generalisation and training error under stochastic gradient descent on batches of the training points.

    Parameters
    ----------
    model, t, batch_ratio, replacement
        As for `minibatch_statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (k,)
        :math:`Q(E/\sqrt V)` and :math:`Q(E_*/\sqrt{V_* - E_*^2})`. The second is an approximation: a training
        point is touched rarely and then moves by much, so that its margin is not normal unless :math:`\alpha p/b` is small.

    Raises
    ------
    TypeError, ValueError
        As `minibatch_statistics`.
    """
    moments = minibatch_statistics(model, t, batch_ratio=batch_ratio, replacement=replacement)
    return classification_error(moments.E, moments.V), classification_error(moments.E_train, moments.train_variance)


def largest_noisy_step(model: MixtureClassification, *, batch_ratio: float, replacement: bool = True) -> float:
    r"""The step size below which the noise of the batches stays bounded.

    It solves :math:`\gamma \sum_j \int x^2 (1 - \alpha x)^{2j} d\nu = 1`, that is :math:`\frac{\alpha p}{b} \int \frac{x}{2 - \alpha x} d\nu = 1`,
    unless 1 over the largest eigenvalue is smaller.

    Parameters
    ----------
    model : MixtureClassification
        Its alpha plays no part.
    batch_ratio : float
        As for `minibatch_statistics`.
    replacement : bool
        As for `minibatch_statistics`.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As `minibatch_statistics`.
    """
    instance("model", model, MixtureClassification)
    share = _strength(model, batch_ratio, replacement) / model.alpha**2
    x, _, _, nu = spectral_measures(model, 0.0, flow_rate)
    low, high = 0.0, 1 / model.largest_eigenvalue
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * share * ((x / (2 - middle * x)) @ nu) < 1 else (low, middle)
    return low


def one_pass_statistics(model: MixtureClassification, t: ArrayLike, *, batch_ratio: float) -> Statistics:
    r"""Moments of the classifier under stochastic gradient descent on fresh points: none is seen twice.

    With :math:`\kappa = 1 + \|\mu\|^2` and :math:`\psi = 1 - 2 E + V + E^2`, the mean square of the residuals of fresh points,

    .. math:: E &\leftarrow (1 - \alpha \kappa) E + \alpha \|\mu\|^2, \\
        V &\leftarrow V - 2 \alpha (V + E^2 - E) \\
        &\quad + \alpha^2 \Big(V + (2 + \|\mu\|^2) E^2 - 2 \kappa E + \|\mu\|^2 + \frac{p}{b} \psi\Big).

    Parameters
    ----------
    model : MixtureClassification
        Its c plays no part.
    t : int or array_like of int, shape (k,)
        Times in steps, from 0 to 10^6, strictly increasing.
    batch_ratio : float
        Limit of b/p, > 0: after t steps ``t * batch_ratio * p`` points have been seen.

    Returns
    -------
    Statistics
        Its arrays have shape (k,). E_train and V_train are those of the points of the next batch, which are fresh.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.
    """
    t, ratio = _checked(model, t), moderate("batch_ratio", batch_ratio)
    E, V = batches.one_pass(model.mu_norm2, model.sigma2, model.alpha, ratio, t[-1])
    _check_growth(model, V)
    E, V = E[t], V[t]
    return Statistics(t=t.astype(float), E=E, V=V, E_train=E, V_train=V + E**2, train_variance=V)


def one_pass_errors(model: MixtureClassification, t: ArrayLike, *, batch_ratio: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Generalisation and training error of one pass over fresh points.

    Parameters
    ----------
    model, t, batch_ratio
        As for `one_pass_statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (k,)
        :math:`Q(E/\sqrt V)` and :math:`Q(E_*/\sqrt{V_* - E_*^2})`. The training points are those of the next batch, which
        are fresh: both are the same.

    Raises
    ------
    TypeError, ValueError
        As `one_pass_statistics`.
    """
    moments = one_pass_statistics(model, t, batch_ratio=batch_ratio)
    return classification_error(moments.E, moments.V), classification_error(moments.E_train, moments.train_variance)


def _checked(model: MixtureClassification, t: ArrayLike) -> np.ndarray:
    instance("model", model, MixtureClassification)
    steps = step_counts("t", t)
    if steps[-1] > LONGEST:
        raise ValueError(f"t must be <= {LONGEST}, steps being followed one by one, got {steps[-1]}")
    return steps


def _check_growth(model: MixtureClassification, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"alpha must leave the weights finite up to the last step of t, got {model.alpha!r}")


def _strength(model: MixtureClassification, batch_ratio: float, replacement: bool) -> float:
    boolean("replacement", replacement)
    ratio = moderate("batch_ratio", batch_ratio)
    if replacement:
        return model.alpha**2 / ratio
    if ratio * model.c > 1 + 1e-12:
        raise ValueError(f"batch_ratio must be at most 1/c = {1 / model.c:.6g} without replacement, got {ratio!r}")
    return model.alpha**2 / ratio * max(1 - ratio * model.c, 0.0)


def _resolved(model: MixtureClassification, steps: int) -> tuple[np.ndarray, ...]:
    def rate(x: np.ndarray) -> np.ndarray:
        return -np.log1p(-model.alpha * x) / model.alpha

    return spectral_measures(model, model.alpha * steps, rate)
