"""Prediction for given points: their own moments and projections in the theory of anisotropic mixtures."""

from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from learning_dynamics._validation import instance, integer, real, shown, time_vector
from learning_dynamics.random_matrix.mathematics.labelled_pool import LabelledPool, half_of, labelled_pool
from learning_dynamics.random_matrix.model import AnisotropicMixture, classification_error
from learning_dynamics.random_matrix.theory.anisotropic_performance import anisotropic_statistics, mean_weights
from learning_dynamics.random_matrix.theory.anisotropic_spectrum import largest_eigenvalue

DEFAULT_START = 0.1
"""Mean square of a starting score, where no variance of the weights is given."""
DEFAULT_RATE = 0.1
"""alpha times the largest eigenvalue, where no step is given."""
DEFAULT_DECAY = 3e3
"""alpha t times the largest eigenvalue at the last time, where no times are given."""
DEFAULT_TIMES = 30
MOST_RATIO = 1e6


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    r"""What training on some of the points will do, at the times `t` of shape (m,).

    Attributes
    ----------
    t : numpy.ndarray of float
        Times in steps of gradient descent.
    generalization, training : numpy.ndarray of float
        Predicted error on the points that are not used, and on those that are: means of both classes.
    normal : numpy.ndarray of float
        Predicted error on new points if margins were normal.
    halves : numpy.ndarray of float, shape (2, m)
        `generalization`, predicted from two random halves of the points alone.
    best_time, best_error : float
        The time among `t` with the least predicted error, and that error.
    pool : LabelledPool
    model : AnisotropicMixture
    """

    t: np.ndarray
    generalization: np.ndarray
    training: np.ndarray
    normal: np.ndarray
    halves: np.ndarray
    best_time: float
    best_error: float
    pool: LabelledPool
    model: AnisotropicMixture


def pool_model(pool: LabelledPool, *, training_points: int, sigma2: float, alpha: float | None = None) -> AnisotropicMixture:
    """The mixture with the moments of a pool.

    Parameters
    ----------
    pool : LabelledPool
    training_points : int
        Number n of points to train on, >= 2; it gives c = p/n.
    sigma2 : float
        Variance of the initial weights times p, >= 0.
    alpha : float, optional
        Step size, > 0; a tenth of 1 over the largest eigenvalue if omitted.

    Returns
    -------
    AnisotropicMixture
        Each of its p eigenvalues has the share 1/p.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.
    """
    instance("pool", pool, LabelledPool)
    p = pool.mu.size
    n = integer("training_points", training_points, at_least=max(2, ceil(p / MOST_RATIO)), at_most=floor(p * MOST_RATIO))
    model = AnisotropicMixture(
        eigenvalues=pool.eigenvalues,
        shares=np.full(p, 1 / p),
        signal=pool.mu**2,
        c=p / n,
        sigma2=sigma2,
        alpha=1.0 if alpha is None else alpha,
    )
    return model if alpha is not None else replace(model, alpha=DEFAULT_RATE / largest_eigenvalue(model))


def pool_errors(
    pool: LabelledPool, model: AnisotropicMixture, t: ArrayLike, *, training_points: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Predicted errors of gradient descent on points of a pool, with the pool's own margins in place of normal ones.

    The mean classifier over training sets, :math:`\bar w` of `mean_weights`, gives each point of the pool a margin. Around it the scatter of
    w adds a normal part, with the variance that V has left.

    Parameters
    ----------
    pool : LabelledPool
    model : AnisotropicMixture
        That of `pool_model`.
    t : array_like of float, shape (m,)
        Whole numbers of steps.
    training_points : int
        If positive, as many points, half from each class, are taken out for training, and the error is that of all others: their moments are what the
        pool has left.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (m,)
        Means over the two classes. The training error takes margins as normal.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `anisotropic_statistics`, or if `training_points` leaves a class without points, or the model is not that of the pool and of so many points.

    Notes
    -----
    The scatter is taken as the same for all points, and the shape of the margins of points left over as that of all.
    """
    instance("pool", pool, LabelledPool)
    shares = _shares_used(pool, training_points)
    _check_model(pool, model, training_points)
    moments = anisotropic_statistics(model, time_vector("t", t), dynamics="gd")
    return _errors_of(pool, model, moments, shares)


def _check_model(pool, model, training_points):
    instance("model", model, AnisotropicMixture)
    if not np.array_equal(model.eigenvalues, pool.eigenvalues):
        raise ValueError(f"model must be that of the pool, got one with the {model.eigenvalues.size} eigenvalues of other points")
    p = pool.mu.size
    if training_points and model.c != p / training_points:
        raise ValueError(f"training_points must be p/c = {p / model.c:g} for this model, got {training_points}")


def _errors_of(pool, model, moments, shares):
    weights = mean_weights(model, moments.t, dynamics="gd") * pool.mu
    margins = pool.labels * (weights @ pool.points.T)
    scatter = np.maximum(moments.V - weights**2 @ pool.eigenvalues, 0.0)
    classes = zip(pool.members, shares)
    missed = [_missed(margins[:, members], scatter, moments, share) for members, share in classes]
    return np.mean(missed, axis=0), classification_error(moments.E_train, moments.train_variance)


def predict(
    X: ArrayLike,
    y: ArrayLike,
    *,
    training_points: int,
    sigma2: float | None = None,
    alpha: float | None = None,
    t: ArrayLike | None = None,
    seed: int = 0,
) -> Prediction:
    r"""Predict the errors of gradient descent on some of the given points before any training.

    Parameters
    ----------
    X : array_like of float, shape (N, p)
        One point a row.
    y : array_like, shape (N,)
        Labels with two different values.
    training_points : int
        Number n of points to train on, half from each class; the others are those on which the error is predicted.
    sigma2 : float, optional
        Variance of the initial weights times p, > 0; 0.1 over the mean eigenvalue if omitted, so that the unit of the data does not matter.
    alpha : float, optional
        Step size; a tenth of 1 over the largest eigenvalue if omitted.
    t : array_like of int, shape (m,), optional
        Times in steps; up to 30 from 1 on if omitted, evenly spaced in the logarithm.
    seed : int
        Seed of the split into halves, >= 0.

    Returns
    -------
    Prediction

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `labelled_pool`, `pool_model` and `pool_errors`.

    Notes
    -----
    Points are centred at the middle of the class means. All points serve as the population: its mean of the two class covariances, half the difference of the
    class means, and each point's margin. So the prediction is for training sets drawn from these points; it knows nothing of points that are
    not there. Assumed are one covariance for both classes and points that are normal but for their margins. `halves` says how much the
    prediction depends on the points at hand; how true it is says a comparison with `simulate_labelled`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = np.repeat([0, 1], 300)
    >>> X = rng.standard_normal((600, 20)) + 0.4 * y[:, None]
    >>> found = predict(X, y, training_points=100)
    >>> bool(0.15 < found.best_error < 0.25)
    True
    """
    pool = labelled_pool(X, y)
    sigma2 = DEFAULT_START / float(np.mean(pool.eigenvalues)) if sigma2 is None else real("sigma2", sigma2, above=0)
    seed = integer("seed", seed, at_least=0)
    shares = _shares_used(pool, training_points)
    model = pool_model(pool, training_points=training_points, sigma2=sigma2, alpha=alpha)
    t = _default_times(model) if t is None else time_vector("t", t)
    moments = anisotropic_statistics(model, t, dynamics="gd")
    generalization, training = _errors_of(pool, model, moments, shares)
    k = int(generalization.argmin())
    return Prediction(
        t=moments.t,
        generalization=generalization,
        training=training,
        normal=classification_error(moments.E, moments.V),
        halves=np.array([_of_half(X, y, half, model, moments.t, training_points) for half in half_of(pool, seed)]),
        best_time=float(moments.t[k]),
        best_error=float(generalization[k]),
        pool=pool,
        model=model,
    )


def _of_half(X, y, half, model, t, training_points):
    X = np.asarray(X, float)[half]
    part = labelled_pool(X[:, np.ptp(X, axis=0) > 0], np.asarray(y)[half])
    own = pool_model(part, training_points=training_points, sigma2=model.sigma2, alpha=model.alpha)
    return pool_errors(part, own, t)[0]


def _default_times(model):
    last = DEFAULT_DECAY / (model.alpha * largest_eigenvalue(model))
    return np.unique(np.geomspace(1, max(last, 2), DEFAULT_TIMES).round())


def _shares_used(pool, training_points):
    """Share of the points of each class that are used for training."""
    number = integer("training_points", training_points, at_least=0)
    sizes = [len(members) for members in pool.members]
    if number % 2 or number >= 2 * min(sizes):
        raise ValueError(
            f"training_points must be even and below {2 * min(sizes)}, twice the smaller class, got {shown(training_points)}"
        )
    return [number / 2 / size for size in sizes]


def _missed(margins, scatter, moments, share):
    """Share of misses among the points of a class that training has left, shape (m,)."""
    mean = (moments.E - share * moments.E_train) / (1 - share)
    square = (moments.V + moments.E**2 - share * moments.V_train) / (1 - share)
    stretch = np.sqrt(np.maximum(square - mean**2, 0.0) / np.maximum(moments.V, np.finfo(float).tiny))
    shifted = mean[:, None] + stretch[:, None] * (margins - moments.E[:, None])
    spread = np.maximum(stretch * np.sqrt(scatter), np.finfo(float).tiny)
    return ndtr(-shifted / spread[:, None]).mean(axis=1)
