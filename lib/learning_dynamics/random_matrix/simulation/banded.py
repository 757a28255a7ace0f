r"""Draws of the mixture in coordinates in which the data matrix has four diagonals: the same law at a cost that hardly depends on p.

Noise has no preferred direction, so bases of the two spaces may be chosen with it in hand.  In :math:`R^p` the first vectors are the
direction of mu and what is left of w0, in :math:`R^n` it is y; each further one is what is left of the image of one before.  In
these bases the noise is a matrix of independent entries: chi-distributed in column i + 1 and in row j + 2 of column j, where a new
vector begins, normal between them, and 0 elsewhere (Householder's reduction of a Gaussian matrix, with start vectors).

Two things make that cheap.  A polynomial of degree k of the covariance acts on the first three vectors within the first 3k + 3
coordinates, so that a small corner of the matrix trains exactly as the whole does.  And the scores of the training points are, beside
their part along y, a uniformly random rotation of a few coordinates: all n of them follow from n normal numbers a coordinate.
"""

from functools import partial

import numpy as np

from learning_dynamics.random_matrix.kernels import miscounts
from learning_dynamics.random_matrix.model import classification_error

SMALLEST_CORNER = 32
WINDOW = 6
"""Coordinates at the edge of a corner in which nothing may have arrived: two steps of the covariance."""
ARRIVED = 1e-11
"""Share of the largest coordinate; the weights are then right to about 1e-12."""
RANK = 1e-15


def banded_draw(model, p, n, rng):
    r"""Data matrix, in its four diagonals, and initial weights of one draw.

    Parameters
    ----------
    model : MixtureClassification
    p, n : int
    rng : numpy.random.Generator

    Returns
    -------
    diagonals : tuple of numpy.ndarray of float
        Entries (i, i + 1), (i, i), (i + 1, i) and (i + 2, i) of X, all those within p x n.
    w0 : numpy.ndarray of float, shape (min(p, 2),)
        Its coordinates; the others are 0.

    Notes
    -----
    y is :math:`\sqrt n` times the first coordinate vector.
    """
    rows, columns = min(p, n + 2), min(n, p + 1)
    above = np.sqrt(rng.chisquare(n - 1.0 - np.arange(min(rows, columns - 1))))
    on = rng.standard_normal(min(rows, columns))
    below = rng.standard_normal(min(rows - 1, columns))
    second_below = np.sqrt(rng.chisquare(p - 2.0 - np.arange(min(rows - 2, columns)))) if rows > 2 else np.empty(0)
    on[0] += np.sqrt(model.mu_norm2 * n)
    left = np.sqrt(rng.chisquare(p - 1.0)) if p > 1 else 0.0
    w0 = np.sqrt(model.sigma2 / p) * np.array([rng.standard_normal(), left])
    return (above, on, below, second_below), w0[: min(p, 2)]


def corner(diagonals, size):
    """The first rows, at most `size`, of the matrix with these diagonals, with all columns that they reach."""
    rows = min(size, _rows(diagonals))
    columns = min(rows + 1, diagonals[0].size + 1)
    matrix = np.zeros((rows, columns))
    for offset, diagonal in zip((1, 0, -1, -2), diagonals):
        part = np.diagonal(matrix, offset)
        part.setflags(write=True)
        part[:] = diagonal[: part.size]
    return matrix


def _rows(diagonals):
    """Of the whole matrix."""
    _, _, below, second_below = diagonals
    return max(below.size + 1, second_below.size + 2 if second_below.size else 0)


def banded_experiment(model, train, *, p, n, counted, seed):
    r"""The experiment of one draw, a function of a random generator that returns generalisation and training errors of shape (m,).

    Parameters
    ----------
    model : MixtureClassification
    train : callable
        ``train(X, y, w0, rng)`` gives weights of shape (m, p) at m times. It depends on :math:`XX^T/n`, :math:`Xy/n` and w0 alone,
        where n is the number of columns of X.
    p, n : int
    counted : int
        On how many of the n training points the training error is counted.
    seed : int
        Of the draws: the first of them tells how large a corner the others begin with.
    """

    def errors(rng, size):
        diagonals, start = banded_draw(model, p, n, rng)
        X, weights = _trained_corner(diagonals, start, train, n, size, rng)
        generalization = classification_error(np.sqrt(model.mu_norm2) * weights[:, 0], np.einsum("ij,ij->i", weights, weights))
        margins = _margins(weights @ X, n, rng)[:, :counted]
        return generalization, miscounts.error_shares(margins, np.ones(counted))

    first = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    diagonals, start = banded_draw(model, p, n, first)
    size = len(_trained_corner(diagonals, start, train, n, SMALLEST_CORNER, first)[0])
    return partial(errors, size=size)


def _trained_corner(diagonals, start, train, n, size, rng):
    """A corner of X that is large enough, and the weights within it."""
    while True:
        X = corner(diagonals, size)
        w0 = np.zeros(len(X))
        w0[: start.size] = start
        columns = X.shape[1]
        y = np.zeros(columns)
        y[0] = np.sqrt(columns)  # with X scaled so that `train`, which divides by the columns that it sees, divides by n
        weights = train(X * np.sqrt(columns / n), y, w0, rng)
        if len(X) == _rows(diagonals) or np.abs(weights[:, -WINDOW:]).max() <= ARRIVED * np.abs(weights).max():
            return X, weights
        size = size * 5 // 4


def _margins(scores, n, rng):
    """Scores times labels of all n points, shape (m, n), from the coordinates of the scores, shape (m, k)."""
    _, sizes, basis = np.linalg.svd(scores[:, 1:], full_matrices=False)
    rank = int((sizes > RANK * sizes[0]).sum()) if sizes.size else 0
    along = scores[:, :1] / np.sqrt(n)
    if not rank:
        return np.broadcast_to(along, (len(scores), n))
    return along + (scores[:, 1:] @ basis[:rank].T) @ _random_frame(rank, n, rng)


def _random_frame(rank, n, rng):
    """Orthonormal rows, orthogonal to the vector of ones and else uniformly random, shape (rank, n)."""
    normal = rng.standard_normal((rank, n))
    normal -= normal.mean(axis=1, keepdims=True)
    frame, triangle = np.linalg.qr(normal.T)
    return (frame * np.sign(np.diag(triangle))).T
