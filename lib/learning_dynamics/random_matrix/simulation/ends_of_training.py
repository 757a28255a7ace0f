"""The two ends of training: the least-squares weights it tends to, and the start it forgets or keeps."""

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import choice, instance, real_array
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.simulation.descent import DYNAMICS, times, vector, weights_at
from learning_dynamics.random_matrix.simulation.experiment import checked_sizes, class_labels, draw_mixture, mean_vector


def least_squares_weights(X, y):
    r"""The shortest minimiser of :math:`\|y - X^T w\|`, to which training from :math:`w_0 = 0` tends.

    Parameters
    ----------
    X : array_like of float, shape (p, n)
        Training points in columns.
    y : array_like of float, shape (n,)
        Targets.

    Returns
    -------
    numpy.ndarray of float, shape (p,)
        :math:`(XX^T)^{-1} X y` for p < n and :math:`X (X^T X)^{-1} y` for p > n, if X has full rank.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or shape, or not finite.

    Examples
    --------
    >>> least_squares_weights([[1.0], [1.0]], [2.0]).round(12)
    array([1., 1.])
    """
    X = real_array("X", X, ndim=2)
    y = vector("y", y, X.shape[1], "one entry a column of X")
    with one_blas_thread():
        return np.linalg.lstsq(X.T, y, rcond=None)[0]


def simulate_start(model, *, p, t, runs, seed, dynamics="gd", workers=None):
    r"""Share of the start that training has not yet forgotten, over independent draws.

    Training is linear: the weights are a part that the labels make and the part :math:`f_t(XX^T/n) w_0` that is left of the
    start. The share is the squared norm of that part, over :math:`\|w_0\|^2`.

    Parameters
    ----------
    model : MixtureClassification
        With sigma2 > 0.
    p : int
        Dimension, >= 1. The number of training points is n = round(p/c).
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0; integers for "gd".
    runs, seed : int
        Number of draws, >= 1, and seed, >= 0. The draws are those of `simulate`.
    dynamics : {"gd", "flow"}
    workers : int, optional
        Number of threads, see `simulate`.

    Returns
    -------
    numpy.ndarray of float, shape (runs, m)

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, as for `simulate`, or sigma2 is 0.
    """
    instance("model", model, MixtureClassification)
    choice("dynamics", dynamics, DYNAMICS)
    t = times(t, dynamics)
    if model.sigma2 == 0:
        raise ValueError("model must have sigma2 > 0, got 0.0: there is no start to forget")
    p, n = checked_sizes(model, p)
    labels = class_labels(n, (0.5, 0.5))
    mean = mean_vector(model, p)

    def experiment(rng):
        X, w0 = draw_mixture(model, mean, labels, rng)
        left = weights_at(X, np.zeros(labels.size), w0, alpha=model.alpha, t=t, dynamics=dynamics, method="eigen")
        return np.einsum("ij,ij->i", left, left) / (w0 @ w0)

    return np.array(replicate(experiment, runs=runs, seed=seed, workers=workers))
