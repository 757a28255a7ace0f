"""Stochastic gradient descent: batches of the training points, and one pass over fresh ones."""

import numpy as np

from learning_dynamics._interruption import look_up
from learning_dynamics._limits import check_room
from learning_dynamics._randomness import replicate
from learning_dynamics._validation import boolean, instance, size, step_counts
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.simulation.experiment import checked_sizes, mean_vector, run_experiment, summarised

LARGEST_WEIGHT = 1e100


def simulate_minibatch(model, *, p, t, batch, runs, seed, replacement=True, workers=None):
    r"""Train classifiers with batches of their training points on independent draws, and measure their errors.

    A step is :math:`w \leftarrow w - \frac{\alpha}{b} X_B (X_B^T w - y_B)`, with a batch B drawn anew each time.

    Parameters
    ----------
    model : MixtureClassification
    p : int
        Dimension, see `simulate`.
    t : int or array_like of int, shape (m,)
        Times in steps, >= 0, strictly increasing.
    batch : int
        Number b of points in a batch, >= 1; at most n without replacement.
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. Each draw has its own child of ``numpy.random.SeedSequence(seed)``; its points are those of `simulate`.
    replacement : bool
        Whether a batch may hold a point twice.
    workers : int, optional
        As for `simulate`.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError, ValueError
        As `simulate`, or if `batch` is outside its range.
    ArithmeticError
        If the weights pass 1e100.
    """
    instance("model", model, MixtureClassification)
    t, batch = step_counts("t", t), size("batch", batch)
    p, n = checked_sizes(model, p)
    boolean("replacement", replacement)
    check_room(batch * p, batch=batch, p=p)
    if not replacement and batch > n:
        raise ValueError(f"batch must be at most n = {n} without replacement, got {batch}")

    def chosen(rng):
        return rng.integers(n, size=batch) if replacement else rng.choice(n, batch, replace=False, shuffle=False)

    def train(X, labels, w0, rng):
        points = np.ascontiguousarray(X.T)

        def drawn():
            batch_now = chosen(rng)
            return points[batch_now], labels[batch_now]

        return _descended(drawn, w0, model.alpha, t)

    return run_experiment(
        model, train, p=p, t=t.astype(float), runs=runs, seed=seed, class_proportions=(0.5, 0.5), workers=workers
    )


def simulate_one_pass(model, *, p, t, batch, runs, seed, workers=None):
    r"""Train classifiers on batches of points that are all fresh, and measure their errors.

    Parameters
    ----------
    model : MixtureClassification
        Its c plays no part.
    p : int
        Dimension, >= 1.
    t, batch, runs, seed, workers
        As for `simulate_minibatch`.

    Returns
    -------
    Simulation
        Its `training_error` is that on the fresh points of the next batch, exact given w; n is 0.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `simulate_minibatch`.
    """
    instance("model", model, MixtureClassification)
    t, batch, p = step_counts("t", t), size("batch", batch), size("p", p)
    check_room(2 * batch * p, batch=batch, p=p)
    mean = mean_vector(model, p)

    def experiment(rng):
        def drawn():
            labels = rng.choice([-1.0, 1.0], batch)
            return labels[:, None] * mean + rng.standard_normal((batch, p)), labels

        weights = _descended(drawn, np.sqrt(model.sigma2 / p) * rng.standard_normal(p), model.alpha, t)
        return classification_error(weights @ mean, np.einsum("ij,ij->i", weights, weights))

    errors = np.array(replicate(experiment, runs=runs, seed=seed, workers=workers))
    return summarised(errors, errors, t=t.astype(float), p=p, n=0, trained=1)


def _descended(drawn, weights, alpha, t):
    """The weights at the times, shape (m, p)."""
    weights, states, now = weights.copy(), [], 0
    for time in t:
        for _ in range(time - now):
            points, labels = drawn()
            with np.errstate(over="ignore", invalid="ignore"):
                weights -= (alpha / len(labels)) * ((points @ weights - labels) @ points)
            look_up()
        now = time
        if not np.abs(weights).max() < LARGEST_WEIGHT:
            raise ArithmeticError(f"alpha must be smaller, descent on batches diverges by step {time}, got {alpha!r}")
        states.append(weights.copy())
    return np.array(states)
