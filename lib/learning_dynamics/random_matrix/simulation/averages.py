"""What averages over draws are worth: how likely a whole curve is among them, how surely they have their minimum."""

from dataclasses import dataclass

import numpy as np

from learning_dynamics._limits import check_room
from learning_dynamics._validation import integer, real_array, size

BLOCK = 100


@dataclass(frozen=True, kw_only=True)
class AverageTest:
    """A curve against averages over draws.

    Attributes
    ----------
    deviations : numpy.ndarray of float, shape (m,)
        Its distance from the expected curve in standard errors of an average, time by time.
    largest : float
        The largest of their absolute values.
    p_value : float
        Share of averages whose largest deviation is at least as large, the curve itself counted among them.
    """

    deviations: np.ndarray
    largest: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class LeastTime:
    """The time at which an average over draws is least.

    Attributes
    ----------
    time : float
    standard_error : float
        Over bootstrap replicates of the draws.
    interval : tuple of float
        From the 2.5 to the 97.5 per cent quantile of the replicates.
    """

    time: float
    standard_error: float
    interval: tuple


def average_test(curve, errors_of_runs, *, runs, replicates, seed):
    r"""Test whether a curve may be an average over independent draws like those at hand.

    Parameters
    ----------
    curve : array_like of float, shape (m,)
        The curve in question.
    errors_of_runs : array_like of float, shape (k, m)
        The same errors of k >= 2 independent draws of our own, at the same times.
    runs : int
        Number of draws that the curve is an average of, >= 1.
    replicates : int
        Number of averages to compare with, >= 1. No p-value is below 1/(replicates + 1).
    seed : int
        Seed of the replicates, >= 0.

    Returns
    -------
    AverageTest

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or shape, or outside its range.

    Notes
    -----
    A replicate is the mean of `runs` draws, taken from the k with replacement. Deviations are counted in :math:`s/\sqrt{\text{runs}}`,
    with s the standard deviation over the k draws; for the curve in question in :math:`s\sqrt{1/\text{runs} + 1/k}`, since the
    expected curve is known only as a mean of k draws. All times are judged at once by the largest deviation, so that errors that hang
    together in time are no difficulty. Where all k draws are equal, another value deviates infinitely.

    Examples
    --------
    >>> draws = np.random.default_rng(1).random((200, 5))
    >>> average_test([0.5] * 5, draws, runs=20, replicates=999, seed=2).p_value > 0.01
    True
    >>> average_test([0.5] * 4 + [0.9], draws, runs=20, replicates=999, seed=2).p_value
    0.001
    """
    errors = real_array("errors_of_runs", errors_of_runs, ndim=2, squares=True)
    curve = real_array("curve", curve, ndim=1, squares=True)
    draws = len(errors)
    if draws < 2 or errors.shape[1] != curve.size:
        raise ValueError(f"errors_of_runs must have shape (2 or more, {curve.size}), got {errors.shape}")
    runs, replicates = size("runs", runs), size("replicates", replicates)
    check_room(runs * min(BLOCK, replicates), runs=runs, replicates=replicates)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    centred = errors - errors.mean(axis=0)
    spread = errors.std(axis=0, ddof=1)
    if ((spread == 0) & (np.ptp(errors, axis=0) > 0)).any():
        raise ValueError(f"errors_of_runs must have squares that do not vanish, got sizes up to {np.abs(errors).max():.3g}")
    deviations = _in_units(curve - errors.mean(axis=0), spread * np.sqrt(1 / runs + 1 / draws))
    largest = float(np.abs(deviations).max())
    among = np.concatenate(
        [
            np.abs(_in_units(_means(centred, runs, min(BLOCK, replicates - first), rng), spread / np.sqrt(runs))).max(axis=1)
            for first in range(0, replicates, BLOCK)
        ]
    )
    p_value = (1 + int((among >= largest).sum())) / (1 + replicates)
    return AverageTest(deviations=deviations, largest=largest, p_value=p_value)


def least_time(t, errors_of_runs, *, replicates, seed):
    """When the mean over draws is least, and how surely.

    Parameters
    ----------
    t : array_like of float, shape (m,)
        Times.
    errors_of_runs : array_like of float, shape (k, m)
        Errors of k >= 2 independent draws.
    replicates : int
        Number of bootstrap replicates, >= 2: means of k draws, taken from the k with replacement.
    seed : int
        Seed of the replicates, >= 0.

    Returns
    -------
    LeastTime
        The first of several such times. Its resolution is that of `t`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or shape, or outside its range.

    Examples
    --------
    >>> t = np.arange(20.0)
    >>> draws = (t - 10) ** 2 + np.random.default_rng(1).random((30, 20))
    >>> least_time(t, draws, replicates=200, seed=2).time
    10.0
    """
    errors = real_array("errors_of_runs", errors_of_runs, ndim=2, squares=True)
    t = real_array("t", t, ndim=1, squares=True)
    draws = len(errors)
    if draws < 2 or errors.shape[1] != t.size:
        raise ValueError(f"errors_of_runs must have shape (2 or more, {t.size}), got {errors.shape}")
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    replicates = size("replicates", replicates, at_least=2)
    check_room(2 * replicates * draws, replicates=replicates)
    found = t[_means(errors, draws, replicates, rng).argmin(axis=1)]
    low, high = np.quantile(found, [0.025, 0.975])
    return LeastTime(
        time=float(t[errors.mean(axis=0).argmin()]),
        standard_error=float(found.std(ddof=1)),
        interval=(float(low), float(high)),
    )


def _means(errors, runs, count, rng):
    """Means over `runs` rows taken with replacement, shape (count, m)."""
    chosen = rng.integers(len(errors), size=(count, runs))
    times_taken = np.zeros((count, len(errors)))
    np.add.at(times_taken, (np.arange(count)[:, None], chosen), 1 / runs)
    return times_taken @ errors


def _in_units(deviations, unit):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviations == 0, 0.0, deviations / unit)
