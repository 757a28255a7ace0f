"""The experiment on a pool of given points: training on some of them, testing on the others."""

from math import sqrt

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, integer
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times, weights_at
from learning_dynamics.random_matrix.simulation.experiment import sample_size, summarised
from learning_dynamics.random_matrix.whitening import balanced_mean, class_members


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
    The initial weights are N(0, sigma2/p). Weights at all times come from one eigendecomposition a run, see
    `descent_weights`.
    """
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics)
    p = mixture.z.shape[1]
    n = sample_size(model, p)
    per_class = _per_class(n, mixture.labels)

    def experiment(rng):
        w0 = sqrt(model.sigma2 / p) * rng.standard_normal(p)
        train, rest = _balanced_split(mixture.labels, per_class, rng)
        weights = weights_at(
            mixture.points(train).T,
            mixture.labels[train],
            w0,
            alpha=model.alpha,
            t=t,
            dynamics=dynamics,
            method="eigen",
        )
        return _pool_errors(mixture, weights, train, rest)

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return summarised(generalization, training, t=t, p=p, n=n, tested=mixture.labels.size - n)


def _per_class(n, labels):
    if n % 2:
        raise ValueError(f"c must make p/c an even number of training points, got {n}")
    smaller = min(map(len, class_members(labels)))
    return integer("half the number of training points", n // 2, at_least=1, at_most=smaller - 1)


def _balanced_split(labels, per_class, rng):
    """Indices of `per_class` random points of each class, and of all others; class 1 first."""
    order = [rng.permutation(members) for members in class_members(labels)]
    return np.concatenate([o[:per_class] for o in order]), np.concatenate([o[per_class:] for o in order])


def _pool_errors(mixture, weights, train, rest):
    margins = mixture.margins(weights)
    missed = (margins < 0) + 0.5 * (margins == 0)
    return tuple(balanced_mean(missed[:, index], mixture.labels[index]) for index in (rest, train))
