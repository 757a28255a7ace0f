"""The experiment with any spectral filter in place of gradient descent."""

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import real_array
from learning_dynamics.random_matrix.mathematics.spectral_filters import check_filter, filter_values
from learning_dynamics.random_matrix.simulation.descent import beside_null_space, eigenpairs, times, vector
from learning_dynamics.random_matrix.simulation.experiment import run_experiment


def filtered_weights(X, y, w0, *, spectral_filter, t):
    r"""Weights :math:`f_t(A) w_0 + h_t(A) X y/n` at given times, with :math:`A = XX^T/n`, on any data.

    Parameters
    ----------
    X : array_like of float, shape (p, n)
        Training points in columns.
    y : array_like of float, shape (n,)
        Targets.
    w0 : array_like of float, shape (p,)
        Initial weights.
    spectral_filter : SpectralFilter
    t : float or array_like of float, shape (m,)
        Times, >= 0; whole numbers if the filter asks for them.

    Returns
    -------
    numpy.ndarray of float, shape (m, p)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, a value is outside its range, or the filter diverges on the largest eigenvalue.

    Notes
    -----
    All times come from one eigendecomposition of :math:`XX^T/n`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import heavy_ball
    >>> filtered_weights([[1.0, 1.0]], [1.0, 1.0], [0.0], spectral_filter=heavy_ball(alpha=0.5, momentum=0.5), t=[1, 2])
    array([[0.5],
           [1. ]])
    """
    X = real_array("X", X, ndim=2)
    y = vector("y", y, X.shape[1], "one entry a column of X")
    w0 = vector("w0", w0, X.shape[0], "one entry a row of X")
    t = times(t, "flow")
    with one_blas_thread():
        return _weights_at(X, y, w0, spectral_filter, t)


def simulate_filter(
    model,
    *,
    spectral_filter,
    p,
    t,
    runs,
    seed,
    class_proportions=(0.5, 0.5),
    mean_direction=None,
    draws="points",
    workers=None,
):
    """Train classifiers by any spectral filter on independent draws of the mixture and measure their errors.

    Parameters
    ----------
    model : MixtureClassification
        Gives the signal, c and sigma2; its alpha plays no part.
    spectral_filter : SpectralFilter
    p : int
        Dimension, see `simulate`.
    t : float or array_like of float, shape (m,)
        Times, >= 0; whole numbers if the filter asks for them.
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. The draws are those of `simulate`.
    class_proportions : pair of float
        As for `simulate`.
    mean_direction : array_like of float, shape (p,), optional
        As for `simulate`.
    draws : {"points", "banded"}
        As for `simulate`.
    workers : int, optional
        As for `simulate`.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError, ValueError
        As `simulate`, or if the filter diverges on the largest eigenvalue of a draw.
    """
    t = times(t, "flow")
    return run_experiment(
        model,
        lambda X, labels, w0, _: _weights_at(X, labels, w0, spectral_filter, t),
        p=p,
        t=t,
        runs=runs,
        seed=seed,
        class_proportions=class_proportions,
        mean_direction=mean_direction,
        draws=draws,
        workers=workers,
    )


def _weights_at(X, y, w0, spectral_filter, t):
    n = X.shape[1]
    eigenvalues, vectors = eigenpairs(X, n)
    check_filter(spectral_filter, t, eigenvalues[-1])
    start, data = w0 @ vectors, beside_null_space(eigenvalues, (X @ y / n) @ vectors)
    f, h = filter_values(spectral_filter, eigenvalues, t)
    return (f * start + h * data) @ vectors.T
