"""What a finite dimension changes: bias and scatter of the errors, measured by doubling p."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import ceil, floor

import numpy as np

from learning_dynamics._limits import check_room
from learning_dynamics._validation import choice, instance, integer, size
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times
from learning_dynamics.random_matrix.simulation.experiment import ASPECT_TOLERANCE, score_rows, simulate
from learning_dynamics.random_matrix.simulation.training_by_filter import simulate_filter

LARGEST_DENOMINATOR = 4096
FEWEST_RUNS = 8
MOST_DOUBLINGS = 20


@dataclass(frozen=True, kw_only=True)
class SizeFit:
    """An error at k dimensions and m times, and its fit ``limit + coefficient/p``.

    Attributes
    ----------
    mean, standard_error, standard_deviation : numpy.ndarray of float, shape (k, m)
        Over the draws at each dimension; ``standard_error`` is that of the mean.
    limit, limit_error : numpy.ndarray of float, shape (m,)
        The error extrapolated to infinite p, and its standard error.
    coefficient, coefficient_error : numpy.ndarray of float, shape (m,)
        B of the bias B/p, and its standard error.
    scatter_slope, scatter_slope_error : numpy.ndarray of float, shape (m,)
        Slope of log(standard deviation) in log p, and its standard error.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    standard_deviation: np.ndarray
    limit: np.ndarray
    limit_error: np.ndarray
    coefficient: np.ndarray
    coefficient_error: np.ndarray
    scatter_slope: np.ndarray
    scatter_slope_error: np.ndarray


@dataclass(frozen=True, kw_only=True)
class FiniteSize:
    """Simulations of one model at doubled dimensions.

    Attributes
    ----------
    p, runs : numpy.ndarray of int, shape (k,)
        The dimensions, and the number of draws at each.
    t : numpy.ndarray of float, shape (m,)
        Times in gradient steps.
    generalization, training : SizeFit
    """

    p: np.ndarray
    runs: np.ndarray
    t: np.ndarray
    generalization: SizeFit
    training: SizeFit


def finite_size(
    model, *, t, smallest_p, doublings, runs, seed, dynamics="gd", spectral_filter=None, draws="banded", workers=None
):
    r"""Measure how the errors approach their limits as the dimension doubles.

    Parameters
    ----------
    model : MixtureClassification
    t : array_like of float, shape (m,)
        Times in gradient steps, see `simulate`.
    smallest_p : int
        The first dimension is the least one >= smallest_p for which p/c is an integer, if there is one below twice
        smallest_p, and smallest_p itself otherwise; for smallest_p < 2c, with 2c, rounded up, in its place.
    doublings : int
        How often it is doubled, >= 1.
    runs : int
        Draws at the first dimension, and at all of them where they are banded. Of drawn points their number is halved with every
        doubling, as the cost grows, but is at least 8.
    seed : int
        Seed. Each dimension has its own.
    dynamics : {"gd", "flow"}
    spectral_filter : SpectralFilter, optional
        Trains in place of `dynamics`.
    draws : {"banded", "points"}
        See `simulate`. With banded draws a doubling costs hardly more than the dimension before it.
    workers : int, optional
        Number of threads, see `simulate`.

    Returns
    -------
    FiniteSize

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.

    Notes
    -----
    Deterministic equivalents are exact up to terms of order 1/p, so ``mean(p) = limit + B/p`` to that order; the
    fit weights each mean by its standard error and is not told the limit. Where p/c is no integer, some draws have one
    point fewer than the others, in such numbers that p/n is c on average: what that changes is of order :math:`1/p^2`. A single draw scatters by order
    :math:`1/\sqrt p`. The standard error of a logarithm of a standard deviation is that of Gaussian data,
    :math:`1/\sqrt{2(\text{runs}-1)}`.
    """
    instance("model", model, MixtureClassification)
    doublings = integer("doublings", doublings, at_least=1, at_most=MOST_DOUBLINGS)
    runs = size("runs", runs)
    seed = integer("seed", seed, at_least=0)
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics if spectral_filter is None else "flow")
    scores = score_rows(t, draws)
    sizes = doubled_dimensions(model.c, smallest_p, doublings, scores=scores)
    counts = np.full(doublings + 1, max(runs, FEWEST_RUNS)) if scores else halved_runs(runs, doublings)
    experiment = partial(simulate, dynamics=dynamics)
    if spectral_filter is not None:
        experiment = partial(simulate_filter, spectral_filter=spectral_filter)
    results = [
        [
            experiment(replace(model, c=p / n), p=p, t=t, runs=number, seed=group_seed, draws=draws, workers=workers)
            for n, number, group_seed in groups
        ]
        for p, groups in zip(sizes.tolist(), draws_at(model.c, sizes, counts, seed))
    ]
    generalization = [np.concatenate([result.generalization_runs for result in groups]) for groups in results]
    training = [np.concatenate([result.training_runs for result in groups]) for groups in results]
    return FiniteSize(
        p=sizes,
        runs=counts,
        t=results[0][0].t,
        generalization=_fit(sizes, counts, generalization, resolution=0.0),
        training=_fit(sizes, counts, training, resolution=1 / results[0][0].n),
    )


def halved_runs(runs, doublings):
    """Numbers of draws, halved with every doubling of the dimension, shape (doublings + 1,)."""
    return np.maximum(runs // 2 ** np.arange(doublings + 1), FEWEST_RUNS)


def doubled_dimensions(c, smallest_p, doublings, *, scores=None):
    """The dimensions of an experiment, shape (doublings + 1,); `smallest_p` is checked, and the room, see `sample_size`."""
    last = first_dimension(c, size("smallest_p", smallest_p)) * 2**doublings
    room = scores * max(last, last / c) if scores else last * max(last / c, 1)
    check_room(room, smallest_p=smallest_p, doublings=doublings)
    return last // 2 ** np.arange(doublings, -1, -1)


def first_dimension(c, smallest):
    """The least dimension >= smallest with an integer number of training points, or smallest if that is twice as large.

    Where smallest would leave fewer than two points, the search begins at two.
    """
    smallest = max(smallest, ceil(2 * c))
    ratio = Fraction(c).limit_denominator(LARGEST_DENOMINATOR)
    if not ratio or abs(float(ratio) - c) > ASPECT_TOLERANCE:
        return smallest
    first = -(-smallest // ratio.numerator) * ratio.numerator
    return first if first < 2 * smallest else smallest


def draws_at(c, sizes, counts, seed):
    """Numbers of points and of draws at each dimension: for each a list of groups (points, draws, seed of the group).

    There is one group where p/c is an integer.  Otherwise the two integers beside it share the draws, so that p/n is c on average.
    """
    return [
        [(n, number, seed + k + offset * sizes.size) for offset, (n, number) in enumerate(_shared_draws(c, p, count)) if number]
        for k, (p, count) in enumerate(zip(sizes.tolist(), counts.tolist()))
    ]


def _shared_draws(c, p, count):
    nearest = round(p / c)
    if abs(p / nearest - c) <= ASPECT_TOLERANCE:
        return [(nearest, count)]
    few, many = floor(p / c), ceil(p / c)
    number = round(count * (c - p / many) / (p / few - p / many))
    return [(few, number), (many, count - number)]


def _fit(sizes, counts, errors_of_runs, resolution):
    mean = np.array([errors.mean(axis=0) for errors in errors_of_runs])
    deviation = np.array([errors.std(axis=0, ddof=1) for errors in errors_of_runs])
    floor = np.finfo(float).tiny + resolution / counts[:, None]
    error = np.maximum(deviation / np.sqrt(counts)[:, None], floor)
    log_deviation = np.log(np.maximum(deviation, floor))
    log_error = np.broadcast_to(1 / np.sqrt(2 * (counts - 1))[:, None], mean.shape)
    coefficient, limit, coefficient_error, limit_error = _weighted_line(1 / sizes, mean, error)
    slope, _, slope_error, _ = _weighted_line(np.log(sizes), log_deviation, log_error)
    return SizeFit(
        mean=mean,
        standard_error=error,
        standard_deviation=deviation,
        limit=limit,
        limit_error=limit_error,
        coefficient=coefficient,
        coefficient_error=coefficient_error,
        scatter_slope=slope,
        scatter_slope_error=slope_error,
    )


def _weighted_line(x, values, errors):
    """Slope, intercept and their standard errors for each column, weighted by known errors."""
    fits = [np.polyfit(x, y, 1, w=1 / e, cov="unscaled") for y, e in zip(values.T, errors.T)]
    lines = np.array([line for line, _ in fits])
    deviations = np.array([np.sqrt(np.diag(covariance)) for _, covariance in fits])
    return *lines.T, *deviations.T
