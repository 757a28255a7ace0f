"""Theorems 1 and 2 for points whose projections on mu are not normal."""

from math import isclose, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from learning_dynamics._validation import instance, integer, time_vector
from learning_dynamics.random_matrix.mathematics.whitening import WhitenedMixture, balanced_mean
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.theory.performance import noise_fit, statistics

ROUNDING = 1e-9


def projected_errors(
    mixture: WhitenedMixture, model: MixtureClassification, t: ArrayLike, *, training_points: int = 0, dynamics: str = "flow"
) -> tuple[np.ndarray, np.ndarray]:
    r"""Theorems 1 and 2 of paper 1 with the true distribution of the projections on mu in place of the normal one.

    The limits E, V, E* and V* need the first two moments of z only. The error needs the whole distribution of the score, in
    which :math:`\mu^T z` has a weight that does not vanish. All other directions together are taken as normal.

    Parameters
    ----------
    mixture : WhitenedMixture
        Gives the projections.
    model : MixtureClassification
        With the mixture's mu_norm2.
    t : array_like of float, shape (m,)
        Times in gradient steps, as for `statistics`.
    training_points : int
        If positive, training draws this many points from the pool and tests on the others: their moments are then what the
        pool, whose moments are fixed, has left. This is right to first order in training_points / N.
    dynamics : {"flow", "gd"}
        As for `statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (m,)
        Means of the error probabilities of the two classes.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or the moments leave no variance beside the projections.

    Notes
    -----
    With r the projection times the label, the test margin is :math:`E + (E/\|\mu\|) r` plus a normal part with variance
    :math:`V - E^2/\|\mu\|^2`; the training margin is :math:`E_* + (B/\|\mu\|) r` plus a normal part with variance
    :math:`V_* - E_*^2 - B^2/\|\mu\|^2`, where :math:`B = E_* - c (1 - \int f_t d\nu)`: leaving one point out of the resolvent
    writes both as contour integrals, with :math:`1/(1 + cm) - 1/D` in place of :math:`1 - 1/D` for B.
    """
    instance("mixture", mixture, WhitenedMixture)
    instance("model", model, MixtureClassification)
    t = time_vector("t", t)
    number = len(mixture.labels)
    share = integer("training_points", training_points, at_least=0, at_most=number - 1) / number
    moments = statistics(model, t, dynamics=dynamics)
    if not isclose(model.mu_norm2, mixture.mu_norm2, rel_tol=1e-9):
        raise ValueError(f"model must have the mu_norm2 of the mixture, {mixture.mu_norm2!r}, got {model.mu_norm2!r}")
    norm, E, E_train = sqrt(mixture.mu_norm2), moments.E, moments.E_train
    slope_train = (E_train - noise_fit(model, t, dynamics=dynamics)) / norm
    mean = _left_over(E, E_train, share)
    slope = _left_over(E / norm, slope_train, share)
    square = _left_over(moments.V + E**2, moments.train_variance + E_train**2, share)
    signed = mixture.labels * mixture.projections
    return (
        _mean_miss(mean, slope, square - mean**2 - slope**2, signed, mixture.labels),
        _mean_miss(E_train, slope_train, moments.train_variance - slope_train**2, signed, mixture.labels),
    )


def _left_over(pool, train, share):
    return (pool - share * train) / (1 - share)


def _mean_miss(mean, slope, variance, signed, labels):
    if (variance < -ROUNDING).any():
        raise ValueError(f"model must leave a variance >= 0 beside the projections, got {variance.min():.3g}")
    spread = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    missed = ndtr(-(mean[:, None] + slope[:, None] * signed) / spread[:, None])
    return balanced_mean(missed, labels)
