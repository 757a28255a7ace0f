"""How likely a curve is beside a few replicates of the whole experiment, and the error of a mean that scatters for two reasons."""

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import integer, real_array, size, whole_numbers

BLOCK = 1000


def replicate_test(curve, replicates, *, draws, seed):
    r"""Probability that a further replicate of an experiment is at least as far from the mean as a given curve.

    Parameters
    ----------
    curve : array_like of float, shape (m,)
        The curve in question.
    replicates : array_like of float, shape (k, m)
        The curves of k >= 4 independent replicates of the whole experiment, at the same places.
    draws : int
        Number of curves to draw, >= 1. No probability is below 1/(draws + 1).
    seed : int
        Seed of the draws, >= 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or the replicates are all equal at a place.

    Notes
    -----
    The distance is the largest over places of :math:`|x - \bar x|/s`, with mean and standard deviation s of the replicates, so
    that places which hang together are no difficulty. Curves are drawn as
    :math:`\sqrt{1 + 1/k}\,\sum_i g_i (x_i - \bar x)/\sqrt{k-1}` with standard normal g, which has the covariance of the replicates and
    allows for the error of their mean. The whole is divided by the root of a :math:`\chi^2_{k-1}/(k-1)`, for the error of s: at a single place this is the t
    test. It is for values that are about normal; of counts, take the roots.

    Examples
    --------
    >>> replicates = np.random.default_rng(1).standard_normal((20, 5))
    >>> replicate_test([0, 1, -1, 0, 1], replicates, draws=999, seed=2) > 0.05
    True
    >>> replicate_test([0, 9, 0, 0, 0], replicates, draws=999, seed=2)
    0.001
    """
    replicates = real_array("replicates", replicates, ndim=2, squares=True)
    curve = real_array("curve", curve, ndim=1, squares=True)
    k = len(replicates)
    if k < 4 or replicates.shape[1] != curve.size:
        raise ValueError(f"replicates must have shape (4 or more, {curve.size}), got {replicates.shape}")
    draws = size("draws", draws)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    spread = replicates.std(axis=0, ddof=1)
    if not spread.all():
        raise ValueError(f"replicates must differ at every place, got equal ones at place {int(np.argmin(spread))}")
    centred = (replicates - replicates.mean(axis=0)) / spread
    distance = np.abs((curve - replicates.mean(axis=0)) / spread).max()
    further = sum(
        int((_distances(centred, min(BLOCK, draws - first), rng) >= distance).sum()) for first in range(0, draws, BLOCK)
    )
    return (1 + further) / (1 + draws)


def combined_error(errors, draws):
    r"""Standard error of a value that scatters for independent reasons, and how many draws it is worth.

    Parameters
    ----------
    errors : array_like of float, shape (k,)
        Standard error from each reason, >= 0, not all 0.
    draws : sequence of int, length k
        Number of draws that each was measured with, >= 2.

    Returns
    -------
    error : float
        Root of the sum of squares.
    worth : int
        Draws with about the same scatter of the error, by the approximation of Welch and Satterthwaite:
        :math:`1 + e^4/\sum_i e_i^4/(n_i - 1)`, rounded down.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> combined_error([3.0, 4.0], [41, 5])
    (5.0, 10)
    """
    errors = real_array("errors", errors, ndim=1, at_least=0)
    freedoms = whole_numbers("draws", draws, at_least=2) - 1
    if errors.shape != freedoms.shape or not errors.any():
        raise ValueError(f"errors must have one entry for each of the {freedoms.size} draws, not all 0, got {errors.tolist()}")
    with within_floats(errors=errors):
        square = np.sum(errors**2)
        return float(np.sqrt(square)), 1 + int(square**2 / np.sum(errors**4 / freedoms))


def _distances(centred, count, rng):
    k = len(centred)
    normal = rng.standard_normal((count, k)) @ centred * np.sqrt((1 + 1 / k) / (k - 1))
    return np.abs(normal).max(axis=1) / np.sqrt(rng.chisquare(k - 1, count) / (k - 1))
