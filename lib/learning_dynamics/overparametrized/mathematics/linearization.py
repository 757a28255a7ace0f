r"""A network's first-order expansion in its weights, through n x n matrices; its mD x n gradient is never stored."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dpotrf

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import real_array

ROWS = 4096
SINGULAR = 10 * np.finfo(float).eps
PARALLEL = 1e-14


@dataclass(frozen=True, kw_only=True, eq=False)
class Linearization:
    r"""The network at :math:`w(0)` and its gradient :math:`\nabla f_0` there, an mD x n matrix of full column rank.

    Attributes
    ----------
    features : numpy.ndarray of float, shape (n, D)
        Inputs, with their 1 where there is a bias.
    targets : numpy.ndarray of float, shape (n,)
    weights : numpy.ndarray of float, shape (m, D)
        :math:`w(0)`.
    scales : numpy.ndarray of float, shape (m,)
        :math:`g a_k/\sqrt m`.
    active : numpy.ndarray of bool, shape (m, n)
        Where :math:`w_k(0)^T \tilde x_i > 0`.
    outputs : numpy.ndarray of float, shape (n,)
        :math:`f_0`.
    tangent_kernel : numpy.ndarray of float, shape (n, n)
        :math:`\nabla f_0^T \nabla f_0`.
    eigenvalues, eigenvectors : numpy.ndarray of float, shapes (n,) and (n, n)
        Of the tangent kernel, ascending; all eigenvalues are > 0.
    """

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    scales: np.ndarray
    active: np.ndarray
    outputs: np.ndarray
    tangent_kernel: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    @cached_property
    def solution(self):
        r"""The solution :math:`w_L^*` of the linearised problem nearest to w(0), paper 3 equation (1), shape (m, D)."""
        return self.weights + self._product(self._solve(self.targets - self.outputs))

    def solve(self, vector):
        r"""Return :math:`(\nabla f_0^T \nabla f_0)^{-1} v`, shape (n,), for v of shape (n,)."""
        return self._solve(self._of_inputs(vector))

    def _solve(self, vector):
        return self.eigenvectors @ ((vector @ self.eigenvectors) / self.eigenvalues)

    def gradient_product(self, vector):
        r"""Return :math:`\nabla f_0 v`, shape (m, D), for v of shape (n,)."""
        return self._product(self._of_inputs(vector))

    def _product(self, vector):
        product = np.empty_like(self.weights)
        for rows in _blocks(self.scales.size):
            product[rows] = self.scales[rows, None] * ((self.active[rows] * vector) @ self.features)
        return product

    def switched_product(self, weights, vector):
        r"""Return :math:`(\nabla f(w) - \nabla f_0) v`, shape (m, D), for weights w of shape (m, D) and v of shape (n,)."""
        weights, vector = self._of_neurons("weights", weights), self._of_inputs(vector)
        product = np.empty_like(self.weights)
        for rows in _blocks(self.scales.size):
            change = (weights[rows] @ self.features.T > 0).astype(float) - self.active[rows]
            product[rows] = self.scales[rows, None] * ((change * vector) @ self.features)
        return product

    def gradient_adjoint(self, direction):
        r"""Return :math:`\nabla f_0^T u`, shape (n,), for u of shape (m, D)."""
        return self._adjoint(self._of_neurons("direction", direction))

    def _adjoint(self, direction):
        adjoint = np.zeros(self.targets.size)
        for rows in _blocks(self.scales.size):
            moved = (self.scales[rows, None] * direction[rows]) @ self.features.T
            adjoint += np.einsum("ki,ki->i", moved, self.active[rows])
        return adjoint

    def project(self, direction):
        r"""Return :math:`P_0 u`, shape (m, D), for u of shape (m, D): its part in the span of the gradient's columns."""
        return self._product(self._solve(self.gradient_adjoint(direction)))

    def outputs_at(self, weights):
        r"""Return :math:`f_L(x_i, w) = \nabla f(x_i, w(0))^T w` on the training inputs, shape (n,)."""
        return self._adjoint(self._of_neurons("weights", weights))

    def flipped(self, weights):
        """Return the number of pairs of a neuron and an input whose activity at weights of shape (m, D) is not that at w(0)."""
        weights = self._of_neurons("weights", weights)
        with one_blas_thread():
            return sum(
                np.count_nonzero((weights[rows] @ self.features.T > 0) != self.active[rows]) for rows in _blocks(self.scales.size)
            )

    def distances(self, weights):
        r"""Return squared distances of weights of shape (m, D).

        Returns
        -------
        tuple of float
            :math:`V_\perp = \|P_0^\perp (w - w_L^*)\|^2`, :math:`V_\parallel = \|P_0 (w - w_L^*)\|^2` (paper 3 equation (7)),
            and :math:`\|w - w(0)\|^2`.

        Notes
        -----
        :math:`P_0^\perp (w - w_L^*) = P_0^\perp (w - w(0))` is summed neuron by neuron, and :math:`V_\parallel` is
        :math:`q^T (\nabla f_0^T \nabla f_0)^{-1} q` with :math:`q = f_L(w) - Y`; nothing is formed as a difference of squares.
        """
        weights = self._of_neurons("weights", weights)
        with one_blas_thread():
            moved = weights - self.weights
            image = self._adjoint(moved)
            outside = moved - self._product(self._solve(image))
            modes = (self.outputs + image - self.targets) @ self.eigenvectors
        return float(np.vdot(outside, outside)), float(np.sum(modes**2 / self.eigenvalues)), float(np.vdot(moved, moved))

    def _of_inputs(self, vector):
        """A checked vector with one entry an input."""
        vector = real_array("vector", vector, ndim=1, squares=True)
        if vector.size != self.targets.size:
            raise ValueError(f"vector must have {self.targets.size} entries, one an input, got {vector.size}")
        return vector

    def _of_neurons(self, name, matrix):
        """A checked matrix with one row a neuron, as the weights are."""
        matrix = real_array(name, matrix, ndim=2, squares=True)
        if matrix.shape != self.weights.shape:
            raise ValueError(f"{name} must have shape {self.weights.shape}, one row a neuron, got {matrix.shape}")
        return matrix


def linearize(*, features, targets, weights, scales):
    """Return the `Linearization` of a network; raise ValueError if its gradient is not of full rank."""
    with one_blas_thread():
        active = np.empty((scales.size, targets.size), np.bool_)
        outputs = np.zeros(targets.size)
        counts = np.zeros((targets.size, targets.size))
        for rows in _blocks(scales.size):
            heights = weights[rows] @ features.T
            active[rows] = heights > 0
            outputs += scales[rows] @ np.maximum(heights, 0)
            ones = active[rows].astype(np.float32)
            counts += ones.T @ ones
        tangent_kernel = scales[0] ** 2 * (features @ features.T) * counts
        _check_rank(features, counts, weights.size)
        eigenvalues, eigenvectors = spectrum(tangent_kernel, name="the tangent kernel at the initial weights", features=features)
    return Linearization(
        features=features,
        targets=targets,
        weights=weights,
        scales=scales,
        active=active,
        outputs=outputs,
        tangent_kernel=tangent_kernel,
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
    )


def spectrum(matrix, *, name, features):
    """Return eigenvalues and eigenvectors of a kernel matrix; raise ValueError if rounding might have made it regular."""
    eigenvalues, eigenvectors = np.linalg.eigh(matrix)
    floor = SINGULAR * len(matrix) * eigenvalues[-1]
    if not eigenvalues[0] > floor:
        raise ValueError(
            f"inputs must give a regular matrix, but the smallest eigenvalue {eigenvalues[0]:.3g} of {name} is not above its "
            f"rounding {floor:.3g}{_suspects(features)}"
        )
    return eigenvalues, eigenvectors


def certified_factor(matrix):
    """Return the Cholesky factor of a kernel matrix, in its lower triangle; None where that does not prove it fit for `spectrum`.

    A factorisation of A - s I that succeeds proves that the smallest eigenvalue of A is at least s up to rounding, at most
    (n + 2) eps trace(A); and no eigenvalue is above the largest sum of sizes in a row.
    """
    n, eps = len(matrix), np.finfo(float).eps
    shift = SINGULAR * n * np.abs(matrix).sum(axis=1).max() + (n + 2) * eps * np.trace(matrix)
    shifted = matrix.copy()
    shifted.flat[:: n + 1] -= shift
    for candidate in (shifted, matrix):
        factor, failed = dpotrf(candidate.T, lower=True, clean=False, overwrite_a=candidate is shifted)
        if failed:
            return None
    return factor


def _suspects(features):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    close = np.argwhere(np.triu(unit @ unit.T > 1 - PARALLEL, 1))
    return "".join(f": inputs {i} and {j} are parallel" for i, j in close[:1])


def _check_rank(features, counts, parameters):
    if len(features) > parameters:
        raise ValueError(f"targets must be at most {parameters}, the number of trained weights, got {len(features)}")
    check_active(np.diag(counts))


def check_active(diagonal):
    """Refuse a network of which no neuron is active at some input; the entries of `diagonal`, one an input, are 0 there."""
    dead = np.flatnonzero(diagonal == 0)
    if dead.size:
        raise ValueError(f"weights must make a neuron active at every input, but none is at input {dead[0]}")


def _blocks(count):
    return [slice(first, first + ROWS) for first in range(0, count, ROWS)]
