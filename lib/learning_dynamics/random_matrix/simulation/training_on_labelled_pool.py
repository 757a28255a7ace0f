"""Training on some points of a labelled pool, testing on the others."""

from math import sqrt

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import instance, integer
from learning_dynamics.random_matrix.mathematics.labelled_pool import LabelledPool
from learning_dynamics.random_matrix.model import AnisotropicMixture
from learning_dynamics.random_matrix.simulation.descent import times, weights_at
from learning_dynamics.random_matrix.simulation.experiment import summarised
from learning_dynamics.random_matrix.simulation.training_on_digits import balanced_split, miss_shares


def simulate_labelled(pool, *, model, t, training_points, runs, seed, workers=None):
    """Train on random points of a pool and measure errors on these points and on all others.

    Parameters
    ----------
    pool : LabelledPool
    model : AnisotropicMixture
        Gives sigma2 and alpha.
    t : float or array_like of float, shape (m,)
        Times in gradient steps, whole numbers.
    training_points : int
        Number n of training points, even; half from each class, and at least one of each is left over.
    runs : int
        Number of random choices, >= 1.
    seed : int
        Seed, >= 0. Each run has its own child of ``numpy.random.SeedSequence(seed)``.
    workers : int, optional
        As for `simulate`.

    Returns
    -------
    Simulation
        Errors are means of the error shares of the two classes; a score of 0 counts one half. All runs share the pool.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or the step size makes gradient descent diverge.
    """
    instance("pool", pool, LabelledPool)
    instance("model", model, AnisotropicMixture)
    t = times(t, "gd")
    smaller = min(map(len, pool.members))
    training_points = integer("training_points", training_points, at_least=2, at_most=2 * smaller - 1)
    if training_points % 2:
        raise ValueError(f"training_points must be even, got {training_points}")
    each = training_points // 2
    p = pool.mu.size

    def experiment(rng):
        w0 = sqrt(model.sigma2 / p) * rng.standard_normal(p)
        trained, others = balanced_split(pool.labels, each, rng)
        used = np.concatenate(trained)
        weights = weights_at(pool.points[used].T, pool.labels[used], w0, alpha=model.alpha, t=t, dynamics="gd", method="eigen")
        margins = pool.labels * (weights @ pool.points.T)
        return [miss_shares([margins[:, part] for part in parts]) for parts in (others, trained)]

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    tested = len(pool.labels) - training_points
    return summarised(generalization, training, t=t, p=p, n=training_points, tested=tested)
