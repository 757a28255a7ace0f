"""Weights of gradient descent from a few matrix-vector products: the method of Lanczos."""

import numpy as np
import scipy.linalg

from learning_dynamics.random_matrix.simulation.descent import IN_PLACE_OF_ZERO, beside_null_space, modes, weights_at

TOLERANCE = 1e-11
CHECK_EVERY = 8
LARGEST_SPACE = 160


def krylov_weights(points, y, w0, *, alpha, t, dynamics):
    r"""`descent_weights` for one point a row, without its checks, in a Krylov space in place of all eigenvectors.

    Parameters
    ----------
    points : numpy.ndarray of float, shape (n, p)
        Training points in rows: the transpose of X.
    y, w0, alpha, t, dynamics
        As for `descent_weights`; t of shape (m,).

    Returns
    -------
    numpy.ndarray of float, shape (m, p)

    Notes
    -----
    With :math:`A = XX^T/n` and :math:`g = X(y - X^T w_0)/n` the weights are :math:`w_0 + h_t(A) g`. The method of Lanczos
    gives A on the span of :math:`g, Ag, \dots, A^{k-1}g` as a tridiagonal matrix, and :math:`h_t(A) g` there for all t at once. k
    grows until the last two coordinates are below 1e-11 of the largest one at every t. They fall faster than any power
    of k, so this bounds the error; k grows like the root of alpha t times the largest eigenvalue. If 160 dimensions are not enough,
    all eigenvectors are used. Each new vector is orthogonalised twice against all others.
    """
    n, p = points.shape
    pull = (y - points @ w0) @ points / n
    length = np.linalg.norm(pull)
    if length == 0:
        return np.tile(w0, (t.size, 1))
    largest = min(n, p, LARGEST_SPACE)
    basis, diagonal, beside = np.empty((largest, p)), np.empty(largest), np.empty(largest)
    basis[0] = pull / length
    for k in range(largest):
        image = (points @ basis[k]) @ points / n
        diagonal[k] = basis[k] @ image
        for _ in range(2):
            image -= (basis[: k + 1] @ image) @ basis[: k + 1]
        beside[k] = np.linalg.norm(image)
        closed = beside[k] <= np.finfo(float).eps * diagonal[: k + 1].max()
        if closed or k + 1 == largest or (k + 1) % CHECK_EVERY == 0:
            coordinates = length * _coordinates(diagonal[: k + 1], beside[:k], alpha, t, dynamics)
            if closed or np.abs(coordinates[:, -2:]).max() <= TOLERANCE * np.abs(coordinates).max():
                return w0 + coordinates @ basis[: k + 1]
        if k + 1 < largest:
            basis[k + 1] = image / beside[k]
    return weights_at(points.T, y, w0, alpha=alpha, t=t, dynamics=dynamics, method="eigen")


def _coordinates(diagonal, beside, alpha, t, dynamics):
    """h_t of the tridiagonal matrix on the first unit vector, shape (m, k)."""
    values, vectors = scipy.linalg.eigh_tridiagonal(diagonal, beside)
    least = max(values.size * np.finfo(float).eps * values[-1], IN_PLACE_OF_ZERO)
    values = np.where(values > least, values, IN_PLACE_OF_ZERO)
    pull = beside_null_space(values, vectors[0])
    return modes(values, alpha, t, dynamics, np.zeros_like(pull), pull) @ vectors.T
