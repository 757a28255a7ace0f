"""The experiment on a pool of given points: training on some of them, testing on others."""

from math import sqrt

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, integer
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times
from learning_dynamics.random_matrix.simulation.experiment import sample_size, summarised
from learning_dynamics.random_matrix.simulation.krylov import krylov_weights
from learning_dynamics.random_matrix.whitening import CLASSES, class_members


def simulate_pool(mixture, *, model, t, runs, seed, dynamics="gd", counted_class=None, test_size=None, workers=None):
    """Train on random parts of a pool of points and measure errors on these points and on others.

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
    counted_class : {1, 2}, optional
        The class on whose points alone errors are counted, training and others; on the points of both if omitted.
    test_size : int, optional
        Number of fresh points of each counted class, >= 1; all that are not trained on if omitted.
    workers : int, optional
        Number of threads, as many as there are processors if omitted. The numbers do not depend on it.

    Returns
    -------
    Simulation
        Errors are means of the error shares of the counted classes; a score of 0 counts one half. The standard errors are
        those over runs: all runs share the pool.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, p/c is not an even integer, or a class has too few points.

    Notes
    -----
    The initial weights are N(0, sigma2/p). Weights at all times come from one Krylov space a run, to ten digits.
    """
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics)
    p = mixture.z.shape[1]
    n = sample_size(model, p)
    per_class = _per_class(n, mixture.labels)
    chosen = _chosen_classes(counted_class)
    left = [len(class_members(mixture.labels)[a]) - per_class for a in chosen]
    if test_size is not None:
        integer("test_size", test_size, at_least=1, at_most=min(left))

    labels = np.repeat(CLASSES, per_class)

    def experiment(rng):
        w0 = sqrt(model.sigma2 / p) * rng.standard_normal(p)
        train, rest = _balanced_split(mixture.labels, per_class, rng)
        points = mixture.points(np.concatenate(train))
        weights = krylov_weights(points, labels, w0, alpha=model.alpha, t=t, dynamics=dynamics)
        tested = [rest[a][:test_size] for a in chosen]
        return (
            _shares_missed(mixture, weights, tested, few=test_size is not None),
            _shares_missed(mixture, weights, [train[a] for a in chosen], few=True),
        )

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    tested = sum(left) if test_size is None else len(chosen) * test_size
    return summarised(generalization, training, t=t, p=p, n=n, tested=tested)


def _per_class(n, labels):
    if n % 2:
        raise ValueError(f"c must make p/c an even number of training points, got {n}")
    smaller = min(map(len, class_members(labels)))
    return integer("half the number of training points", n // 2, at_least=1, at_most=smaller - 1)


def _chosen_classes(counted_class):
    """Places of the classes that count in a pair with class 1 first."""
    return [0, 1] if counted_class is None else [integer("counted_class", counted_class, at_least=1, at_most=2) - 1]


def _balanced_split(labels, per_class, rng):
    """Indices of `per_class` random points of each class, and of all others: two pairs, class 1 first."""
    order = [rng.permutation(members) for members in class_members(labels)]
    return [o[:per_class] for o in order], [o[per_class:] for o in order]


def _shares_missed(mixture, weights, parts, *, few):
    """Mean over parts, each of one class, of the share of its points that are missed, shape (m,); a score of 0 counts one half."""
    if few:
        margins = [mixture.labels[part[0]] * (weights @ mixture.points(part).T) for part in parts]
    else:
        of_all = mixture.margins(weights)
        margins = [of_all[:, part] for part in parts]
    return np.mean([np.mean(of < 0, axis=1) + np.mean(of == 0, axis=1) / 2 for of in margins], axis=0)
