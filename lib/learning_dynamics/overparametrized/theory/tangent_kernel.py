r"""The tangent kernel at infinite width, its matrix H on the data, and regression with it."""

import numpy as np
import scipy.linalg

from learning_dynamics._interruption import look_up
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import boolean, instance, moderate, real_array
from learning_dynamics.overparametrized.kernels import angles
from learning_dynamics.overparametrized.mathematics.linearization import certified_factor, check_active, spectrum
from learning_dynamics.overparametrized.model import LARGEST, LARGEST_FACTOR, TwoLayerRegression, extended

BLOCK_ENTRIES = 2**22
ROWS = 4096


def tangent_kernel(x, z=None, *, bias=True, gain=1.0):
    r"""Tangent kernel :math:`K(x, z) = g^2 \tilde x^T \tilde z (\pi - \theta)/(2 \pi)`, paper 3 equation (9).

    Here :math:`\theta` is the angle between :math:`\tilde x` and :math:`\tilde z`, so that the norms may be any.

    Parameters
    ----------
    x : array_like of float, shape (k, d)
        Entries up to 1e100.
    z : array_like of float, shape (l, d), optional
        The same as x if omitted.
    bias : bool
        Whether :math:`\tilde x` is (x, 1) or x.
    gain : float
        g, in [1e-20, 1e20].

    Returns
    -------
    numpy.ndarray of float, shape (k, l)
        0 where a point is 0.

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If shapes do not fit, or a number is outside its range.

    Notes
    -----
    Where its cosine is at most 0.9 in size, the angle is the arccos. Elsewhere it is :math:`2 \arctan(|u - v|/|u + v|)` of the
    unit vectors, exact to rounding also for nearly parallel points, where an arccos loses half of the digits. Relative error below
    1e-14 there. A pair costs one inner product by BLAS and one compiled arccos or O(d); without z each pair is computed once. The
    kernel does not depend on the law of the initial weights as long as their directions are uniform; for weights uniform on a cube
    it is an approximation.

    Examples
    --------
    >>> tangent_kernel([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]], bias=False)
    array([[0., 1.]])
    """
    gain = moderate("gain", gain, largest=LARGEST_FACTOR)
    boolean("bias", bias)
    x = _points("x", x, bias)
    if z is None:
        return _kernel(x, x, gain**2)
    z = _points("z", z, bias)
    if x.shape[1] != z.shape[1]:
        raise ValueError(f"z must have {x.shape[1] - bias} columns like x, got {z.shape[1] - bias}")
    return _kernel(x, z, gain**2)


def kernel_matrix(model):
    r"""Matrix :math:`H = \mathrm{E}[\nabla f_0^T \nabla f_0]`, the `tangent_kernel` on the inputs of a model.

    Parameters
    ----------
    model : TwoLayerRegression

    Returns
    -------
    numpy.ndarray of float, shape (n, n)

    Raises
    ------
    TypeError
        If `model` is no `TwoLayerRegression`.
    """
    instance("model", model, TwoLayerRegression)
    return tangent_kernel(model.inputs, bias=model.bias, gain=model.gain)


def smallest_eigenvalue(model):
    r"""Smallest eigenvalue of H.

    Parameters
    ----------
    model : TwoLayerRegression

    Returns
    -------
    float
        > 0, with an absolute error of about 1e-15 times the largest.

    Raises
    ------
    ValueError
        If it is lost in rounding, as for duplicate inputs, and for parallel ones if there is no bias.
    """
    return float(_spectrum_of(model)[0][0])


def smallest_angle(model):
    r"""Smallest angle :math:`\theta_{min}` between two of the :math:`\tilde x_i`, paper 3 Lemma 1.

    Parameters
    ----------
    model : TwoLayerRegression

    Returns
    -------
    float
        In :math:`[0, \pi]`.

    Raises
    ------
    ValueError
        If there is a single point.
    """
    instance("model", model, TwoLayerRegression)
    if model.targets.size < 2:
        raise ValueError("inputs must hold at least 2 points, got 1")
    _, unit = _polar(model.features)
    between = np.array([_angles(row, unit) for row in unit])
    return float(between[~np.eye(len(unit), dtype=bool)].min())


def squared_norm(model, *, targets=None):
    r"""The number :math:`Y^T H^{-1} Y`, squared norm of the regression function in the kernel's space.

    Parameters
    ----------
    model : TwoLayerRegression
    targets : array_like of float, shape (n,), optional
        Taken in place of the model's targets.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If H is singular to rounding, or a shape does not fit.
    """
    instance("model", model, TwoLayerRegression)
    eigenvalues, vectors = _spectrum_of(model)
    return float(np.sum((_targets(model, targets) @ vectors) ** 2 / eigenvalues))


def kernel_regression(model, points, *, targets=None):
    r"""Kernel regression :math:`f_{KR}(x) = h(x)^T H^{-1} Y` with :math:`h_i(x) = K(x, x_i)`, paper 3 equations (2) and (8).

    Parameters
    ----------
    model : TwoLayerRegression
    points : array_like of float, shape (k, d)
    targets : array_like of float, shape (n,), optional
        Taken in place of the model's targets; with :math:`Y - f_0` it gives the correction for a start with
        :math:`f_0 \ne 0`.

    Returns
    -------
    numpy.ndarray of float, shape (k,)

    Raises
    ------
    ValueError
        If H is singular to rounding, or a shape does not fit.

    Notes
    -----
    Two Cholesky factorisations, together as costly as a plain linear solve: one certifies that the smallest eigenvalue of H is above
    the rounding of H, one solves. Where the certificate fails, all eigenvectors decide, and solve, in about ten times the time.
    """
    instance("model", model, TwoLayerRegression)
    model.extend(points)
    targets = _targets(model, targets)
    with one_blas_thread():
        return tangent_kernel(points, model.inputs, bias=model.bias, gain=model.gain) @ _coefficients(model, targets)


def network_kernel(model, weights, x, z=None):
    r"""Kernel of a network of finite width, paper 3 Section 2: :math:`K^{(m)}(x, z) = \nabla f(x)^T \nabla f(z)` at given weights.

    It is :math:`(g^2/m) \sum_k \tilde x^T \tilde z\,1\{w_k^T \tilde x > 0\}\,1\{w_k^T \tilde z > 0\}` and does not depend on the
    signs. Its mean over weights of uniform direction is `tangent_kernel`, and it tends to it like :math:`m^{-1/2}`.

    Parameters
    ----------
    model : TwoLayerRegression
    weights : array_like of float, shape (m, D)
    x : array_like of float, shape (k, d)
    z : array_like of float, shape (l, d), optional
        The same as x if omitted.

    Returns
    -------
    numpy.ndarray of float, shape (k, l)

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> from learning_dynamics.overparametrized import TwoLayerRegression
    >>> model = TwoLayerRegression(inputs=[[1.0], [2.0]], targets=[1.0, 0.0], width=2, learning_rate=0.1, bias=False)
    >>> network_kernel(model, [[1.0], [-1.0]], [[1.0], [3.0]], [[2.0]])
    array([[1.],
           [3.]])
    """
    instance("model", model, TwoLayerRegression)
    weights, scales = model.network(weights, np.ones(model.width))
    x = extended(model, "x", x)
    z = x if z is None else extended(model, "z", z)
    shared = np.zeros((len(x), len(z)))
    with one_blas_thread():
        for first in range(0, model.width, ROWS):
            active = [(weights[first : first + ROWS] @ points.T > 0).astype(float) for points in (x, z)]
            shared += active[0].T @ active[1]
        return scales[0] ** 2 * (x @ z.T) * shared


def linearized_regression(model, weights, signs, points):
    r"""Prediction :math:`f_L(x, w_L^*)` of the linearised network at its solution nearest to the start, paper 3 equation (1).

    It is :math:`f(x, w(0)) + \sum_i c_i K^{(m)}(x, x_i)` with :math:`\sum_i c_i K^{(m)}(x_j, x_i) = y_j - f(x_j, w(0))`: the form
    that the representer theorem gives to every regression of least norm, with the `network_kernel`.

    Parameters
    ----------
    model : TwoLayerRegression
    weights : array_like of float, shape (m, D)
        w(0).
    signs : array_like of float, shape (m,)
    points : array_like of float, shape (k, d)

    Returns
    -------
    numpy.ndarray of float, shape (k,)

    Raises
    ------
    ValueError
        If a shape does not fit, or the kernel on the inputs is singular to rounding.
    """
    instance("model", model, TwoLayerRegression)
    model.extend(points)
    residual = model.targets - model.outputs(weights, signs, model.inputs)
    matrix = network_kernel(model, weights, model.inputs)
    check_active(np.diag(matrix))
    with one_blas_thread():
        eigenvalues, vectors = spectrum(matrix, name="the network's kernel", features=model.features)
        c = vectors @ ((residual @ vectors) / eigenvalues)
        return model.outputs(weights, signs, points) + network_kernel(model, weights, points, model.inputs) @ c


def _coefficients(model, targets):
    """H^-1 Y, shape (n,)."""
    H = kernel_matrix(model)
    factor = certified_factor(H)
    if factor is not None:
        return scipy.linalg.cho_solve((factor, True), targets, check_finite=False)
    eigenvalues, vectors = spectrum(H, name="H", features=model.features)
    return vectors @ ((targets @ vectors) / eigenvalues)


def _spectrum_of(model):
    with one_blas_thread():
        return spectrum(kernel_matrix(model), name="H", features=model.features)


def _targets(model, targets):
    targets = model.targets if targets is None else real_array("targets", targets, ndim=1, squares=True)
    if targets.shape != model.targets.shape:
        raise ValueError(f"targets must hold {model.targets.size} entries, got {targets.size}")
    return targets


def _points(name, value, bias):
    points = real_array(name, value, ndim=2)
    if np.abs(points).max() > LARGEST:
        raise ValueError(f"{name} must be at most {LARGEST:g} in size, got {np.abs(points).max():.3g}")
    return np.hstack([points, np.ones((len(points), 1))]) if bias else points


def _kernel(x, z, factor):
    """The kernel, times a factor; x is z means that only one half is to be computed."""
    triangle, ours = x is z, _polar(x)
    theirs = ours if triangle else _polar(z)
    with one_blas_thread():
        kernel = x @ z.T
    rows = max(1, BLOCK_ENTRIES // z.size)
    for first in range(0, len(x), rows):
        angles.weigh_rows(kernel[first : first + rows], first, *ours, *theirs, triangle)
        look_up()
    if triangle:
        angles.mirror(kernel)
    if factor != 1:
        kernel *= factor
    return kernel


def _polar(points):
    """Norms, and points divided by them; a point 0 stays 0."""
    norms, units = np.empty(len(points)), np.empty_like(points)
    angles.split(points, norms, units)
    return norms, units


def _angles(row, units):
    return 2 * np.arctan2(np.linalg.norm(row - units, axis=1), np.linalg.norm(row + units, axis=1))
