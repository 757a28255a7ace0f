"""Training on drawn mixtures with a covariance, over independent draws."""

from math import sqrt

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, instance
from learning_dynamics.random_matrix.kernels import miscounts
from learning_dynamics.random_matrix.model import AnisotropicMixture, classification_error
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times, weights_at
from learning_dynamics.random_matrix.simulation.experiment import checked_sizes, class_labels, summarised

WHOLE = 1e-9


def simulate_anisotropic(model, *, p, t, runs, seed, dynamics="gd", workers=None):
    r"""Train classifiers on independent draws of a mixture with covariance C and measure their errors.

    Parameters
    ----------
    model : AnisotropicMixture
    p : int
        Dimension. Each eigenvalue of C must have a whole number of dimensions, share times p. There are n = round(p/c) training
        points, half of them (rounded) of class 1.
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0; integers for "gd".
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. Each draw has its own child of ``numpy.random.SeedSequence(seed)``.
    dynamics : {"gd", "flow"}
    workers : int, optional
        As for `simulate`.

    Returns
    -------
    Simulation
        The generalisation error is exact given w, :math:`Q(\mu^T w/\sqrt{w^T C w})`; the training error is counted.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, p/n misses c by more than 1e-9, an eigenvalue has a fraction of a dimension, or the
        step size makes gradient descent diverge.

    Notes
    -----
    Points and weights are drawn in the eigenbasis of C, with mu along the first direction of each eigenspace: noise and start have the
    same law in every basis. With the white model, draws are those of `simulate`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import AnisotropicMixture
    >>> model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[1, 3], c=0.5, sigma2=0.1, alpha=0.01)
    >>> simulate_anisotropic(model, p=64, t=[0, 50, 100], runs=4, seed=1).training_runs.shape
    (4, 3)
    """
    instance("model", model, AnisotropicMixture)
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics)
    p, n = checked_sizes(model, p)
    labels = class_labels(n, (0.5, 0.5))
    eigenvalues, mean = eigenbasis(model, p)
    scale = np.sqrt(eigenvalues)

    def experiment(rng):
        X = rng.standard_normal((p, labels.size)) * scale[:, None] + np.outer(mean, labels)
        w0 = sqrt(model.sigma2 / p) * rng.standard_normal(p)
        weights = weights_at(X, labels, w0, alpha=model.alpha, t=t, dynamics=dynamics, method="eigen")
        error = classification_error(weights @ mean, weights**2 @ eigenvalues)
        return error, miscounts.error_shares(weights @ X, labels)

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return summarised(generalization, training, t=t, p=p, n=labels.size)


def eigenbasis(model, p):
    """The eigenvalues of C with their multiplicities, and mu in the eigenbasis, both of shape (p,), for a checked p."""
    numbers = np.round(model.shares * p).astype(int)
    if (np.abs(numbers - model.shares * p) > WHOLE * p).any() or numbers.min() < 1:
        raise ValueError(
            f"p must give each eigenvalue a whole number of dimensions, got p = {p} with shares from {model.shares.min():g}"
        )
    mean = np.zeros(p)
    mean[np.cumsum(numbers) - numbers] = np.sqrt(model.signal)
    return np.repeat(model.eigenvalues, numbers), mean
