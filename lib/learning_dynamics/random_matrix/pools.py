"""Given points of two classes as a population: means, common covariance, and the points in its eigenbasis."""

from dataclasses import dataclass

import numpy as np

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import real_array, shown

FEWEST = 4
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledPool:
    """A finite population of points of two classes, in the eigenbasis of the mean of the two class covariances.

    Attributes
    ----------
    points : numpy.ndarray of float, shape (N, p)
        Points from which the middle of the two class means is subtracted, one a row, in the eigenbasis.
    labels : numpy.ndarray of float, shape (N,)
        -1 and +1.
    eigenvalues : numpy.ndarray of float, shape (p,)
        Of the mean of the two class covariances, >= 0; 0 where rounding cannot tell them from 0.
    mu : numpy.ndarray of float, shape (p,)
        Half the difference of the class means, in the eigenbasis.
    """

    points: np.ndarray
    labels: np.ndarray
    eigenvalues: np.ndarray
    mu: np.ndarray


def labelled_pool(X, y):
    """Take points and labels as a population.

    Parameters
    ----------
    X : array_like of float, shape (N, p)
        One point a row; every column varies.
    y : array_like, shape (N,)
        Labels, numbers or texts, with two different values. The first in their order becomes -1, the other +1.

    Returns
    -------
    LabelledPool

    Raises
    ------
    TypeError
        If `X` does not hold real numbers.
    ValueError
        If the shapes do not fit, an entry is not finite, a column is constant, there are not two labels, or a class has fewer
        than 4 points.

    Examples
    --------
    >>> pool = labelled_pool([[0.0], [1.0], [2.0], [1.0], [3.0], [4.0], [5.0], [4.0]], list("aaaabbbb"))
    >>> pool.labels.sum().item(), round(float(abs(pool.mu[0])), 3), pool.eigenvalues
    (0.0, 1.5, array([0.5]))
    """
    X = real_array("X", X, ndim=2, squares=True)
    labels = two_labels(y, len(X))
    constant = np.flatnonzero(np.ptp(X, axis=0) == 0)
    if constant.size:
        raise ValueError(f"X must have columns that vary, got a constant one at place {constant[0]}")
    classes = [X[labels == a] for a in (-1, 1)]
    means = [part.mean(axis=0) for part in classes]
    centred = [part - mean for part, mean in zip(classes, means)]
    with one_blas_thread():
        covariance = sum(part.T @ part / len(part) for part in centred) / 2
        eigenvalues, vectors = np.linalg.eigh(covariance)
        points = (X - (means[0] + means[1]) / 2) @ vectors
    return LabelledPool(
        points=points,
        labels=labels,
        eigenvalues=np.where(eigenvalues > ROUNDING * eigenvalues[-1], eigenvalues, 0.0),
        mu=(means[1] - means[0]) / 2 @ vectors,
    )


def two_labels(y, number):
    """Labels -1 and +1, shape (number,), from any two different values."""
    y = np.asarray(y)
    if y.shape != (number,):
        raise ValueError(f"y must have one label a row of X, {number} in one dimension, got shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"y must be finite, got {y[~np.isfinite(y)][0]!s}")
    values, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(values) != 2:
        raise ValueError(f"y must hold two different labels, got {len(values)}: {shown(values.tolist())}")
    if counts.min() < FEWEST:
        raise ValueError(f"y must hold each label at least {FEWEST} times, got {counts.min()} of {values[counts.argmin()]!s}")
    return np.where(place == 0, -1.0, 1.0)


def half_of(pool, seed):
    """A random half of the points of each class as indices, and the other half."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(pool.labels == a)) for a in (-1, 1)]
    return tuple(np.concatenate(halves) for halves in zip(*(np.array_split(order, 2) for order in orders)))
