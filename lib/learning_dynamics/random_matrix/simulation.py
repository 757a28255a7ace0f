"""The experiment: training on drawn data, exactly at every time from one eigendecomposition a draw."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import scipy.linalg
from scipy.integrate import solve_ivp
from threadpoolctl import threadpool_limits

from learning_dynamics._randomness import replicate
from learning_dynamics._validation import choice, integer, number_array, real, real_array
from learning_dynamics.random_matrix import kernels
from learning_dynamics.random_matrix.model import classification_error

DYNAMICS = ("gd", "flow")
METHODS = ("eigen", "stepped")
ASPECT_TOLERANCE = 1e-9
TEST_BLOCK = 4096
LARGEST_RATE = 1e300
IN_PLACE_OF_ZERO = 1e-150  # there (1 - f)/l is alpha t to all digits, with no division by 0


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
        Standard errors of these means; NaN for a single draw.
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
    test_size=None,
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
    test_size : int, optional
        Number of fresh points a draw on which the generalisation error is counted. If omitted, the error is exact given w:
        :math:`Q(\mu^T w/\|w\|)`.
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
    mu is :math:`\sqrt{\text{mu\_norm2}} e_1` without loss of generality; the entries of w0 are N(0, sigma2/p). The training
    error is counted on the training points. A point with score 0 counts as one half, so that w = 0 has error 1/2. At finite p
    the mean error differs from its limit by a term of order 1/p.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> result = simulate(model, p=64, t=[0, 50, 100], runs=4, seed=1)
    >>> result.n, result.training_runs.shape
    (128, (4, 3))
    """
    choice("dynamics", dynamics, DYNAMICS)
    choice("method", method, METHODS)
    t = _times(t, dynamics)
    p = integer("p", p, at_least=1)
    n = _sample_size(model, p)
    labels = _labels(n, class_proportions)
    if test_size is not None:
        integer("test_size", test_size, at_least=1)

    def experiment(rng):
        X, w0 = _draw(model, labels, p, rng)
        weights = _weights(X, labels, w0, alpha=model.alpha, t=t, dynamics=dynamics, method=method)
        training = kernels.error_shares(weights @ X, labels)
        if test_size is None:
            return _exact_error(weights, model.mu_norm2), training
        return _sampled_error(weights, model.mu_norm2, class_proportions, test_size, rng), training

    generalization, training = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return Simulation(
        t=t,
        generalization_error=generalization.mean(axis=0),
        training_error=training.mean(axis=0),
        generalization_se=_standard_error(generalization),
        training_se=_standard_error(training),
        generalization_runs=generalization,
        training_runs=training,
        p=p,
        n=n,
    )


def descent_weights(X, y, w0, *, alpha, t, dynamics="gd", method="eigen"):
    r"""Weights of least-squares training at given times, on any data.

    Parameters
    ----------
    X : array_like of float, shape (p, n)
        Training points in columns.
    y : array_like of float, shape (n,)
        Targets.
    w0 : array_like of float, shape (p,)
        Initial weights.
    alpha : float
        Step size, > 0.
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0, in any order; integers for "gd".
    dynamics : {"gd", "flow"}
        "gd": :math:`w \leftarrow w + (\alpha/n) X (y - X^T w)`. "flow": :math:`dw/dt = (\alpha/n) X (y - X^T w)`.
    method : {"eigen", "stepped"}
        "eigen": every time from one eigendecomposition of the smaller of :math:`XX^T/n` and :math:`X^TX/n`. "stepped": step
        by step ("gd") or by an adaptive Runge-Kutta method with relative tolerance 1e-12 ("flow").

    Returns
    -------
    numpy.ndarray of float, shape (m, p)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, a value is outside its range, or gradient descent would diverge because alpha times the largest
        eigenvalue of :math:`XX^T/n` is 2 or more.
    ArithmeticError
        If the Runge-Kutta method fails.

    Notes
    -----
    With :math:`f_t(l) = (1 - \alpha l)^t` or :math:`e^{-\alpha t l}` and :math:`h = (1 - f_t(l))/l`, which is :math:`\alpha t`
    at l = 0, the weights are :math:`w_0 + h(XX^T/n) X (y - X^T w_0)/n`. BLAS and LAPACK are held to one thread.

    Examples
    --------
    >>> descent_weights([[1.0, 1.0]], [1.0, 1.0], [0.0], alpha=0.5, t=[0, 1, 2])
    array([[0.  ],
           [0.5 ],
           [0.75]])
    """
    choice("dynamics", dynamics, DYNAMICS)
    choice("method", method, METHODS)
    X = real_array("X", X, ndim=2)
    y = _vector("y", y, X.shape[1], "one entry a column of X")
    w0 = _vector("w0", w0, X.shape[0], "one entry a row of X")
    alpha = real("alpha", alpha, above=0)
    t = _times(t, dynamics)
    with threadpool_limits(limits=1, user_api="blas"):
        return _weights(X, y, w0, alpha=alpha, t=t, dynamics=dynamics, method=method)


def resolvent_bilinear(eigenvalues, eigenvectors, a, b, z):
    r"""Bilinear forms :math:`a^T (A - z I)^{-1} b` of a symmetric matrix A at many points z.

    Parameters
    ----------
    eigenvalues : array_like of float, shape (k,)
        Eigenvalues of A, for instance of :math:`XX^T/n`.
    eigenvectors : array_like of float, shape (k, k)
        Orthonormal eigenvectors in columns, as ``scipy.linalg.eigh`` returns them.
    a, b : array_like of float, shape (k,)
        Vectors of the form.
    z : complex or array_like of complex, shape (...)
        Points, none of them an eigenvalue. Real input gives real output.

    Returns
    -------
    float or complex, or numpy.ndarray of them, shape (...)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, an entry is not finite, or a point is an eigenvalue.

    Notes
    -----
    Each point costs k divisions; the two products with the eigenvectors are made once. These forms are the random quantities
    whose limits paper 1 takes in the proof of Theorem 1.
    """
    eigenvalues = real_array("eigenvalues", eigenvalues, ndim=1)
    eigenvectors = real_array("eigenvectors", eigenvectors, ndim=2)
    size = eigenvalues.size
    if eigenvectors.shape != (size, size):
        raise ValueError(f"eigenvectors must have shape {(size, size)}, got {eigenvectors.shape}")
    a = _vector("a", a, size, "one entry an eigenvalue")
    b = _vector("b", b, size, "one entry an eigenvalue")
    z = number_array("z", z)
    hit = np.isin(z, eigenvalues)
    if hit.any():
        raise ValueError(f"z must not be an eigenvalue, got {z[hit][0]!s}")
    with threadpool_limits(limits=1, user_api="blas"):
        products = (a @ eigenvectors) * (b @ eigenvectors)
    sums = kernels.resolvent_sums(eigenvalues, products, z.ravel().astype(np.complex128)).reshape(z.shape)
    return (sums if z.dtype.kind == "c" else sums.real)[()]


def _times(t, dynamics):
    t = np.atleast_1d(real_array("t", t, at_least=0))
    if t.ndim > 1:
        raise ValueError(f"t must be a number or have 1 dimension, got shape {t.shape}")
    if dynamics == "gd" and (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for dynamics 'gd', got {t[t != np.floor(t)][0]!s}")
    return t


def _vector(name, value, size, meaning):
    vector = real_array(name, value, ndim=1)
    if vector.size != size:
        raise ValueError(f"{name} must have {size} entries ({meaning}), got {vector.size}")
    return vector


def _sample_size(model, p):
    n = round(p / model.c)
    if n < 2 or abs(p / n - model.c) > ASPECT_TOLERANCE:
        raise ValueError(f"p must make p/c an integer >= 2 to within rounding, got p = {p} with c = {model.c!r}: n = {n}")
    return n


def _labels(n, class_proportions):
    shares = real_array("class_proportions", class_proportions, ndim=1, at_least=0)
    if shares.size != 2 or abs(shares.sum() - 1) > 1e-12:
        raise ValueError(f"class_proportions must be two numbers with sum 1, got {class_proportions!r}")
    first = round(shares[0] * n)
    if not 0 < first < n:
        raise ValueError(f"class_proportions must leave no class empty, got {class_proportions!r} with n = {n}")
    return np.repeat([-1.0, 1.0], [first, n - first])


def _draw(model, labels, p, rng):
    X = rng.standard_normal((p, labels.size))
    X[0] += sqrt(model.mu_norm2) * labels
    return X, sqrt(model.sigma2 / p) * rng.standard_normal(p)


def _weights(X, y, w0, *, alpha, t, dynamics, method):
    if method == "stepped":
        return (_stepped_gd if dynamics == "gd" else _stepped_flow)(X, y, w0, alpha, t)
    by_size = _weights_by_rows if X.shape[0] <= X.shape[1] else _weights_by_columns
    return by_size(X, y, w0, alpha, t, dynamics)


def _weights_by_rows(X, y, w0, alpha, t, dynamics):
    """p <= n: w moves along the eigenvectors of XX^T/n."""
    n = X.shape[1]
    eigenvalues, vectors = _eigenpairs(X @ X.T / n)
    start = w0 @ vectors
    pull = (X @ y / n) @ vectors - eigenvalues * start
    return _modes(eigenvalues, alpha, t, dynamics, start, pull) @ vectors.T


def _weights_by_columns(X, y, w0, alpha, t, dynamics):
    """p > n: w moves along X times the eigenvectors of X^T X/n, and the part of w0 outside the span of X stays."""
    n = X.shape[1]
    eigenvalues, vectors = _eigenpairs(X.T @ X / n)
    pull = (y - w0 @ X) @ vectors / n
    return w0 + _modes(eigenvalues, alpha, t, dynamics, np.zeros(n), pull) @ (X @ vectors).T


def _eigenpairs(matrix):
    eigenvalues, vectors = scipy.linalg.eigh(matrix, driver="evd", overwrite_a=True, check_finite=False)
    return np.maximum(eigenvalues, IN_PLACE_OF_ZERO), vectors


def _modes(eigenvalues, alpha, t, dynamics, start, pull):
    rates = alpha * eigenvalues
    alternates = np.zeros_like(rates)
    if dynamics == "gd":
        _check_stable(alpha, eigenvalues[-1])
        alternates = (rates > 1).astype(float)
        with np.errstate(divide="ignore"):
            rates = np.minimum(-np.log1p(-np.where(rates > 1, 2 - rates, rates)), LARGEST_RATE)
    return kernels.descent_modes(eigenvalues, rates, alternates, t, start, pull)


def _check_stable(alpha, largest):
    if not alpha * largest < 2:
        raise ValueError(
            f"alpha must be < {2 / largest:.6g}, 2 over the largest eigenvalue of X X^T/n, or gradient descent diverges, "
            f"got {alpha!r}"
        )


def _stepped_gd(X, y, w0, alpha, t):
    _check_stable(alpha, scipy.linalg.svdvals(X)[0] ** 2 / X.shape[1])
    wanted, place = np.unique(t, return_inverse=True)
    rows = np.empty((wanted.size, w0.size))
    w, now = w0, 0
    for row, time in zip(rows, wanted):
        for _ in range(int(time) - now):
            w = w + (alpha / y.size) * (X @ (y - w @ X))
        row[:], now = w, int(time)
    return rows[place]


def _stepped_flow(X, y, w0, alpha, t):
    wanted, place = np.unique(t, return_inverse=True)
    scale = 1 + np.abs(w0).max()
    result = solve_ivp(
        lambda _, w: (alpha / y.size) * (X @ (y - w @ X)),
        (0.0, max(wanted[-1], 1.0)),
        w0,
        method="DOP853",
        t_eval=wanted,
        rtol=1e-12,
        atol=1e-14 * scale,
    )
    if not result.success:
        raise ArithmeticError(f"the Runge-Kutta method failed: {result.message}")
    return result.y.T[place]


def _exact_error(weights, mu_norm2):
    return classification_error(sqrt(mu_norm2) * weights[:, 0], np.einsum("ij,ij->i", weights, weights))


def _sampled_error(weights, mu_norm2, class_proportions, size, rng):
    labels = np.where(rng.random(size) < class_proportions[0], -1.0, 1.0)
    wrong = np.zeros(len(weights))
    for block in np.split(labels, range(TEST_BLOCK, size, TEST_BLOCK)):
        points = rng.standard_normal((weights.shape[1], block.size))
        points[0] += sqrt(mu_norm2) * block
        wrong += block.size * kernels.error_shares(weights @ points, block)
    return wrong / size


def _standard_error(errors):
    runs = len(errors)
    if runs == 1:
        return np.full(errors.shape[1], np.nan)
    return errors.std(axis=0, ddof=1) / sqrt(runs)
