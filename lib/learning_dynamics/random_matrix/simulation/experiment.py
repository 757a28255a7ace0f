"""The experiment of paper 1: training on drawn mixtures, over independent draws."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from learning_dynamics._limits import check_room
from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, instance, integer, real_array, size
from learning_dynamics.random_matrix.kernels import miscounts
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.simulation.banded import banded_experiment
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, METHODS, times, vector, weights_at

ASPECT_TOLERANCE = 1e-9
TEST_BLOCK = 4096
DRAWS = ("points", "banded")


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """Errors over independent draws, at the times `t` of shape (m,).

    Attributes
    ----------
    t : numpy.ndarray of float, shape (m,)
        Times in gradient steps.
    generalization_error, training_error : numpy.ndarray of float, shape (m,)
        Means over the draws.
    generalization_se, training_se : numpy.ndarray of float, shape (m,)
        Standard errors of these means; NaN for a single draw. Of errors that are counted, on n training points (or those of one
        class) or on `test_size` fresh ones, at least the weight of one point: that no draw missed any does not make the mean exact.
    generalization_runs, training_runs : numpy.ndarray of float, shape (runs, m)
        The errors of each draw.
    p, n : int
        Dimension and number of training points.
    """

    t: np.ndarray
    generalization_error: np.ndarray
    training_error: np.ndarray
    generalization_se: np.ndarray
    training_se: np.ndarray
    generalization_runs: np.ndarray
    training_runs: np.ndarray
    p: int
    n: int


def simulate(
    model,
    *,
    p,
    t,
    runs,
    seed,
    dynamics="gd",
    method="eigen",
    class_proportions=(0.5, 0.5),
    mean_direction=None,
    test_size=None,
    counted_class=None,
    draws="points",
    workers=None,
):
    r"""Train classifiers on independent draws of the mixture and measure their errors.

    Parameters
    ----------
    model : MixtureClassification
    p : int
        Dimension, >= 1. The number of training points is n = round(p/c).
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0; integers for "gd".
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. Each draw has its own child of ``numpy.random.SeedSequence(seed)``.
    dynamics : {"gd", "flow"}
        Discrete gradient descent, or its limit of small steps.
    method : {"eigen", "stepped"}
        How the weights are made, see `descent_weights`.
    class_proportions : pair of float
        Shares of class 1 (mean -mu) and class 2 (mean mu), both > 0, with sum 1. Class 1 has ``round(share * n)`` points.
    mean_direction : array_like of float, shape (p,), optional
        A vector that mu points along, not 0; the first axis if omitted.
    test_size : int, optional
        Number of fresh points a draw on which the generalisation error is counted. If omitted, the error is exact given w:
        :math:`Q(\mu^T w/\|w\|)`, and the same for both classes.
    counted_class : {1, 2}, optional
        The class on whose points alone errors are counted, training and fresh ones; on the points of both if omitted. The paper's
        theorems say the same of each class, and its curves are counts of one.
    draws : {"points", "banded"}
        "points": all np numbers of the training set. "banded": the same law from four diagonals, see Notes; not with `test_size`.
    workers : int, optional
        Number of threads, as many as there are processors if omitted. The numbers do not depend on it.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, p/n misses c by more than 1e-9, a class is empty, or the step size makes
        gradient descent diverge.

    Notes
    -----
    The noise and w0 have no preferred direction, so that of mu does not matter. The entries of w0 are N(0, sigma2/p). The
    training error is counted on the training points. A point with score 0 counts as one half, so that w = 0 has error 1/2. At finite p
    the mean error differs from its limit by a term of order 1/p.

    Banded draws are exact in law, jointly for all times, but not the same draws. Directions in which nothing is special are chosen
    with the noise in hand, so that X has four diagonals, of which a corner matters; its size grows like the root of alpha t times
    the largest eigenvalue until nothing arrives at its edge, and is independent of p from there on. The scores of the n points are
    a uniformly random rotation of a few coordinates. A draw with 5 times up to t = 300 takes a tenth of the time at p = 256, c =
    0.5, and a two-hundredth at p = 1024; for small p, or times at which the smallest eigenvalues are learnt, it gains nothing.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> result = simulate(model, p=64, t=[0, 50, 100], runs=4, seed=1)
    >>> result.n, result.training_runs.shape
    (128, (4, 3))
    """
    instance("model", model, MixtureClassification)
    choice("dynamics", dynamics, DYNAMICS)
    choice("method", method, METHODS)
    t = times(t, dynamics)

    def train(X, labels, w0, _):
        return weights_at(X, labels, w0, alpha=model.alpha, t=t, dynamics=dynamics, method=method)

    return run_experiment(
        model,
        train,
        p=p,
        t=t,
        runs=runs,
        seed=seed,
        class_proportions=class_proportions,
        mean_direction=mean_direction,
        test_size=test_size,
        counted_class=counted_class,
        draws=draws,
        workers=workers,
    )


def run_experiment(
    model,
    train,
    *,
    p,
    t,
    runs,
    seed,
    class_proportions,
    mean_direction=None,
    test_size=None,
    counted_class=None,
    draws="points",
    workers=None,
):
    """`simulate` with weights of shape (m, p), at the m times t, from ``train(X, labels, w0, rng)``, which may draw from rng."""
    instance("model", model, MixtureClassification)
    p, n = checked_sizes(model, p, scores=score_rows(t, draws))
    labels = class_labels(n, class_proportions)
    mean = mean_vector(model, p, mean_direction)
    if test_size is not None:
        test_size = size("test_size", test_size)
        check_room(test_size, test_size=test_size)
        if draws == "banded":
            raise ValueError(f"test_size must be left out with banded draws, whose error is exact, got {test_size}")
    counted = _counted_points(labels, counted_class)
    shares = class_proportions if counted_class is None else np.eye(2)[counted_class - 1]

    def from_points(rng):
        X, w0 = draw_mixture(model, mean, labels, rng)
        weights = train(X, labels, w0, rng)
        training = miscounts.error_shares(weights @ X[:, counted], labels[counted])
        if test_size is None:
            return _exact_error(weights, mean), training
        return _sampled_error(weights, mean, shares, test_size, rng), training

    experiment = from_points
    if draws == "banded":
        experiment = banded_experiment(
            model, train, p=p, n=n, counted=labels[counted].size, seed=integer("seed", seed, at_least=0)
        )
    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return summarised(generalization, training, t=t, p=p, n=n, tested=test_size, trained=labels[counted].size)


def score_rows(t, draws):
    """How many rows of n numbers a banded draw needs for the scores at checked times; None for draws of points."""
    return 2 * np.size(t) if choice("draws", draws, DRAWS) == "banded" else None


def checked_sizes(model, p, *, scores=None):
    """The dimension p and the number n of training points with p/n = c.

    There must be room for the points or, where so many are named, for that many rows of `scores`.
    """
    p = size("p", p)
    wanted = p / model.c
    n = round(min(wanted, 2.0**63))
    if n < 2 or abs(p / n - model.c) > ASPECT_TOLERANCE:
        raise ValueError(f"p must make p/c an integer >= 2 to within rounding, got p = {p} with c = {model.c!r}: n = {n}")
    check_room(max(p, n) * (scores or min(p, n)), p=p, n=n)
    return p, n


def class_labels(n, class_proportions):
    """Labels -1 and then +1, in the checked proportions, shape (n,)."""
    shares = real_array("class_proportions", class_proportions, ndim=1, at_least=0)
    if shares.size != 2 or abs(shares.sum() - 1) > 1e-12:
        raise ValueError(f"class_proportions must be two numbers with sum 1, got {class_proportions!r}")
    first = round(shares[0] * n)
    if not 0 < first < n:
        raise ValueError(f"class_proportions must leave no class empty, got {class_proportions!r} with n = {n}")
    return np.repeat([-1.0, 1.0], [first, n - first])


def _counted_points(labels, counted_class):
    """Where the points of a class stand, or of both for None, as a slice."""
    if counted_class is None:
        return slice(None)
    first = int((labels < 0).sum())
    return slice(0, first) if integer("counted_class", counted_class, at_least=1, at_most=2) == 1 else slice(first, None)


def mean_vector(model, p, direction=None):
    """The mean mu of class 2, shape (p,), along a direction, by default the first axis."""
    if direction is None:
        return sqrt(model.mu_norm2) * np.eye(1, p)[0]
    direction = vector("mean_direction", direction, p, "one entry a dimension")
    largest = np.abs(direction).max()
    if largest == 0:
        raise ValueError("mean_direction must not be 0, got a vector of zeros")
    direction = direction / largest  # so that squares neither overflow nor vanish
    return sqrt(model.mu_norm2) * (direction / np.linalg.norm(direction))


def draw_mixture(model, mean, labels, rng):
    """Points in columns, shape (p, n), and initial weights, shape (p,), of one draw."""
    X = rng.standard_normal((mean.size, labels.size))
    X += np.outer(mean, labels)
    return X, sqrt(model.sigma2 / mean.size) * rng.standard_normal(mean.size)


def _exact_error(weights, mean):
    return classification_error(weights @ mean, np.einsum("ij,ij->i", weights, weights))


def _sampled_error(weights, mean, shares, size, rng):
    labels = np.where(rng.random(size) < shares[0], -1.0, 1.0)
    wrong = np.zeros(len(weights))
    for block in np.split(labels, range(TEST_BLOCK, size, TEST_BLOCK)):
        points = rng.standard_normal((weights.shape[1], block.size))
        points += np.outer(mean, block)
        wrong += block.size * miscounts.error_shares(weights @ points, block)
    return wrong / size


def summarised(generalization, training, *, t, p, n, tested=None, trained=None):
    """The `Simulation` of errors of shape (runs, m).

    The first are counted on `tested` points each or else exact, the others on `trained` points or else on all n.
    """
    return Simulation(
        t=t,
        generalization_error=generalization.mean(axis=0),
        training_error=training.mean(axis=0),
        generalization_se=_standard_error(generalization, one=1 / tested if tested else 0.0),
        training_se=_standard_error(training, one=1 / (trained or n)),
        generalization_runs=generalization,
        training_runs=training,
        p=p,
        n=n,
    )


def _standard_error(errors, *, one):
    """Of the mean over the draws, given the weight of one miss in a draw; a single miss has exactly this least value."""
    runs = len(errors)
    if runs == 1:
        return np.full(errors.shape[1], np.nan)
    return np.maximum(errors.std(axis=0, ddof=1) / sqrt(runs), one / runs)
