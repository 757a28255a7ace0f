"""The experiment on a pool of given points: training on some of them, testing on the others."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, instance, integer
from learning_dynamics.random_matrix.mathematics.whitening import CLASSES, WhitenedMixture, class_members
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times
from learning_dynamics.random_matrix.simulation.experiment import checked_sizes, summarised
from learning_dynamics.random_matrix.simulation.krylov import krylov_weights


@dataclass(frozen=True, kw_only=True)
class ErrorCounts:
    """How many points each run misses, class by class, at the times `t` of shape (m,).

    Attributes
    ----------
    t : numpy.ndarray of float, shape (m,)
        Times in gradient steps.
    points : int
        Number of training points, and of fresh points, of each class.
    training, generalization : numpy.ndarray of int, shape (runs, 2, m)
        Missed points of class 1 and of class 2; one whose score is 0 counts as missed.
    """

    t: np.ndarray
    points: int
    training: np.ndarray
    generalization: np.ndarray


def simulate_pool(mixture, *, model, t, runs, seed, dynamics="gd", workers=None):
    """Train on random parts of a pool of points and measure errors on these points and on all others.

    Parameters
    ----------
    mixture : WhitenedMixture
        The pool, N points in p dimensions.
    model : MixtureClassification
        Gives c, sigma2 and alpha. There are n = p/c training points, half of them from each class.
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0; integers for "gd".
    runs : int
        Number of random choices of the training points, >= 1.
    seed : int
        Seed, >= 0. Each run has its own child of ``numpy.random.SeedSequence(seed)``, so two pools with the same labels
        are trained on the same indices.
    dynamics : {"gd", "flow"}
        Discrete gradient descent, or its limit of small steps.
    workers : int, optional
        Number of threads, as many as there are processors if omitted. The numbers do not depend on it.

    Returns
    -------
    Simulation
        Errors are means of the error shares of the two classes; a score of 0 counts one half. The standard errors are
        those over runs: all runs share the pool.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, p/c is not an even integer, or a class has too few points.

    Notes
    -----
    The initial weights are N(0, sigma2/p). Weights at all times come from one Krylov space a run, to ten digits.
    """
    t, n, train = _training(mixture, model, t, dynamics)

    def experiment(rng):
        weights, trained, others = train(rng)
        margins = mixture.margins(weights)
        return [miss_shares([margins[:, part] for part in parts]) for parts in (others, trained)]

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return summarised(generalization, training, t=t, p=mixture.z.shape[1], n=n, tested=mixture.labels.size - n)


def count_errors(mixture, *, model, t, runs, seed, dynamics="gd", workers=None):
    """Train as `simulate_pool` does, and count errors as a plain program does: on as many fresh points as training points.

    Parameters
    ----------
    mixture, model, t, runs, seed, dynamics, workers
        As for `simulate_pool`; the training sets are the same.

    Returns
    -------
    ErrorCounts
        n/2 training points and n/2 fresh ones of each class; the counts of the classes stand apart.

    Raises
    ------
    TypeError, ValueError
        As for `simulate_pool`, and if a class has fewer than n points.
    """
    t, n, train = _training(mixture, model, t, dynamics)
    _per_class(2 * n, mixture.labels)

    def experiment(rng):
        weights, trained, others = train(rng)
        fresh = [part[: n // 2] for part in others]
        return [_counts([_margins(mixture, weights, part) for part in parts]) for parts in (fresh, trained)]

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return ErrorCounts(t=t, points=n // 2, training=training, generalization=generalization)


def _training(mixture, model, t, dynamics):
    """Checked times, the number of training points, and what makes the weights and both parts of the pool from a generator."""
    instance("mixture", mixture, WhitenedMixture)
    instance("model", model, MixtureClassification)
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics)
    p = mixture.z.shape[1]
    p, n = checked_sizes(model, p)
    per_class = _per_class(n, mixture.labels)
    labels = np.repeat(CLASSES, per_class)

    def train(rng):
        w0 = sqrt(model.sigma2 / p) * rng.standard_normal(p)
        trained, others = balanced_split(mixture.labels, per_class, rng)
        points = mixture.points(np.concatenate(trained))
        return krylov_weights(points, labels, w0, alpha=model.alpha, t=t, dynamics=dynamics), trained, others

    return t, n, train


def _per_class(n, labels):
    if n % 2:
        raise ValueError(f"c must make p/c an even number of training points, got {n}")
    smaller = min(map(len, class_members(labels)))
    return integer("half the number of training points", n // 2, at_least=1, at_most=smaller - 1)


def balanced_split(labels, per_class, rng):
    """Indices of `per_class` random points of each class, and of all others: two pairs, class 1 first."""
    order = [rng.permutation(members) for members in class_members(labels)]
    return [o[:per_class] for o in order], [o[per_class:] for o in order]


def _margins(mixture, weights, part):
    """Label times score of some points of one class, shape (m, k)."""
    return mixture.labels[part[0]] * (weights @ mixture.points(part).T)


def miss_shares(margins):
    """Mean over the classes of the share of points that are missed, shape (m,); a score of 0 counts one half."""
    return np.mean([np.mean(of < 0, axis=1) + np.mean(of == 0, axis=1) / 2 for of in margins], axis=0)


def _counts(margins):
    """Number of points that are missed, class by class, shape (2, m)."""
    return np.array([np.count_nonzero(of <= 0, axis=1) for of in margins])
