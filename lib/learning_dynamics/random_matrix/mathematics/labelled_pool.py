"""Given points of two classes as a population: means, common covariance, and the points in its eigenbasis."""

from dataclasses import dataclass

import numpy as np

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import integer, real_array, shown

FEWEST = 4
LARGEST = 1e40
ROUNDING = 1e-12
LARGEST_SIDE = 10**4


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

    @property
    def members(self):
        """Indices of the points of label -1, and of those of label +1."""
        return [np.flatnonzero(self.labels == a) for a in (-1, 1)]


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
        If `X` does not hold real numbers, or `y` neither numbers nor texts.
    ValueError
        If the shapes do not fit, an entry is not finite or above 1e40, a column is constant, there are not two labels, or a class has fewer
        than 4 points.

    Examples
    --------
    >>> pool = labelled_pool([[0.0], [1.0], [2.0], [1.0], [3.0], [4.0], [5.0], [4.0]], list("aaaabbbb"))
    >>> pool.labels.sum().item(), round(float(abs(pool.mu[0])), 3), pool.eigenvalues
    (0.0, 1.5, array([0.5]))
    """
    X = real_array("X", X, ndim=2)
    labels = two_labels(y, len(X))
    _check_sizes(X)
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


def _check_sizes(X):
    largest, widest = np.abs(X).max(), np.ptp(X, axis=0).max()
    if largest > LARGEST or 0 < widest < 1 / LARGEST:
        raise ValueError(
            f"X must have entries of size <= {LARGEST:g} and columns that vary by {1 / LARGEST:g} or more, got {largest:.3g} and {widest:.3g}"
        )


def side_patches(image, *, size, step):
    """Square pieces of a picture, without their mean and at one contrast, and whether the picture rises beyond their right side.

    Parameters
    ----------
    image : array_like of float, shape (height, width)
    size : int
        Pixels of a side, >= 2.
    step : int
        Distance of the pieces, >= 1; above `size` none overlap.

    Returns
    -------
    X : numpy.ndarray of float, shape (N, size**2)
        Grey levels, with mean 0 and variance 1 in each piece. Pieces without any contrast are left out.
    y : numpy.ndarray of float, shape (N,)
        +1 where the pixel to the right of the middle of the right side is above its neighbour in the piece, -1 elsewhere.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or the picture has no piece with a pixel beside it.

    Examples
    --------
    >>> X, y = side_patches(np.arange(40.0).reshape(4, 10) ** 2, size=2, step=3)
    >>> X.shape, y.tolist()
    ((3, 4), [1.0, 1.0, 1.0])
    """
    image = real_array("image", image, ndim=2, squares=True)
    side = integer("size", size, at_least=2, at_most=LARGEST_SIDE)
    step = integer("step", step, at_least=1, at_most=LARGEST_SIDE)
    if image.shape[0] < side or image.shape[1] < side + 1:
        raise ValueError(f"image must have at least {side} rows and {side + 1} columns, got shape {image.shape}")
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side + 1))[::step, ::step].reshape(-1, side, side + 1)
    X = windows[:, :, :side].reshape(len(windows), -1)
    rises = windows[:, side // 2, side] > windows[:, side // 2, side - 1]
    contrast = X.std(axis=1)
    kept = contrast > ROUNDING * np.abs(image).max()
    if not kept.any():
        raise ValueError("image must have a piece that is not of one grey, got none")
    X = (X - X.mean(axis=1, keepdims=True))[kept] / contrast[kept, None]
    return X, np.where(rises[kept], 1.0, -1.0)


def two_labels(y, number):
    """Labels -1 and +1, shape (number,), from any two different values."""
    try:
        y = np.asarray(y)
    except ValueError:
        raise ValueError(f"y must be one list of labels, got {shown(y)}") from None
    if y.dtype.kind not in "iufbUS":
        raise TypeError(f"y must hold numbers or texts, got an array of type {y.dtype}")
    if y.shape != (number,):
        raise ValueError(f"y must have one label a row of X, {number} in one dimension, got shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"y must be finite, got {y[~np.isfinite(y)][0]!s}")
    values, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(values) != 2:
        raise ValueError(f"y must hold two different labels, got {len(values)}: {shown(values.tolist())}")
    if counts.min() < FEWEST:
        raise ValueError(
            f"y must hold each label at least {FEWEST} times, got {counts.min()} of {shown(values[counts.argmin()].item())}"
        )
    return np.where(place == 0, -1.0, 1.0)


def half_of(pool, seed):
    """A random half of the points of each class as indices, and the other half."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(members) for members in pool.members]
    return tuple(np.concatenate(halves) for halves in zip(*(np.array_split(order, 2) for order in orders)))
