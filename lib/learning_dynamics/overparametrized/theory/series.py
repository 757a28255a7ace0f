r"""The tangent kernel as a power series in :math:`x^T y`, paper 3 Lemma 6, for points of one norm."""

from math import asin, comb, log, pi, sqrt

import numpy as np
from scipy.special import eval_gegenbauer, roots_jacobi

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import EXACT_AS_FLOAT, boolean, integer, moderate, real, real_array

MOST_TERMS = 10**7
MOST_DIMENSIONS = 1000
LARGEST = 1e100
QUADRATURE_NODES = 1000


def kernel_coefficients(count, *, dimension, bias=True, norm=None, scaled=False):
    r"""Coefficients of :math:`K(x, y) = \sum_k d_k (x^T y)^k`, paper 3 Lemma 6.

    Parameters
    ----------
    count : int
        Number of coefficients :math:`d_0, d_1, \dots`, in [1, 10^7].
    dimension : int
        d, >= 1.
    bias : bool
        Whether the kernel is that of (x, 1) or of x.
    norm : float, optional
        Norm rho of the points, in [1e-100, 1e100]; :math:`\sqrt d` if omitted, as in the paper.
    scaled : bool
        If so, return :math:`d_k \rho^{2k}`, the parts of K(x, x), which do not underflow.

    Returns
    -------
    numpy.ndarray of float, shape (count,)
        All >= 0, to a relative error of about 1e-16 times k; 0 below the least positive number.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range.

    Notes
    -----
    With b = 1 for a bias and 0 for none, :math:`u = b + s` and :math:`R = b + \rho^2`, the kernel is
    :math:`u/4 + (u/2\pi) \arcsin(u/R)`. The coefficients :math:`g_k` of :math:`1/\sqrt{R^2 - (b+s)^2}` obey
    :math:`(k+1) \rho^2 (\rho^2 + 2b) g_{k+1} = b (2k+1) g_k + k g_{k-1}`: a sum of positive terms, so nothing cancels. Those of the
    arcsin are :math:`g_{k-1}/k`.

    Examples
    --------
    >>> kernel_coefficients(4, dimension=5).round(5)
    array([0.27665, 0.30355, 0.02729, 0.00052])
    """
    return _coefficients(integer("count", count, at_least=1, at_most=MOST_TERMS), dimension, bias, norm, scaled)


def _coefficients(count, dimension, bias, norm, scaled):
    """`kernel_coefficients` for a checked number of them."""
    rho2 = _squared_norm(dimension, norm)
    boolean("scaled", scaled)
    boolean("bias", bias)
    b = 1.0 if bias else 0.0
    arcsin = _arcsin_coefficients(count, b, rho2)
    scaled_coefficients = b * arcsin
    scaled_coefficients[1:] += rho2 * arcsin[:-1]
    scaled_coefficients /= 2 * pi
    scaled_coefficients[0] += b / 4
    if count > 1:
        scaled_coefficients[1] += rho2 / 4
    if scaled:
        return scaled_coefficients
    with within_floats(norm=sqrt(rho2), count=count):
        return scaled_coefficients * np.exp(-log(rho2) * np.arange(count))


def _squared_norm(dimension, norm):
    dimension = integer("dimension", integer("dimension", dimension, at_least=1), at_most=EXACT_AS_FLOAT)
    return float(dimension) if norm is None else moderate("norm", norm, largest=LARGEST) ** 2


def kernel_series(products, *, terms, dimension, bias=True, norm=None):
    r"""Partial sum :math:`\sum_{k < N} d_k s^k` of Lemma 6.

    Parameters
    ----------
    products : array_like of float, shape (...)
        The :math:`s = x^T y`, in :math:`[-\rho^2, \rho^2]`.
    terms : int
        N, >= 1.
    dimension, bias, norm
        As for `kernel_coefficients`.

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        As `kernel_coefficients`, and ValueError if a product is outside its range.

    Notes
    -----
    At :math:`s = \rho^2` the remainder falls only like :math:`N^{-1/2}`, elsewhere like :math:`(s/\rho^2)^N`.
    """
    coefficients = _coefficients(integer("terms", terms, at_least=1, at_most=MOST_TERMS), dimension, bias, norm, True)
    products = real_array("products", products)
    rho2 = _squared_norm(dimension, norm)
    if np.abs(products).max() > rho2 * (1 + 1e-12):
        raise ValueError(f"products must be in [-{rho2:g}, {rho2:g}], got {products.flat[np.abs(products).argmax()]!s}")
    return np.polynomial.polynomial.polyval(products / rho2, coefficients)


def feature_norm2(degree, *, dimension, beta_norm=1.0, bias=True):
    r"""Squared norm :math:`\|\bar w\|^2 = \|\beta\|^{2p}/d_p` of the weights with :math:`(x^T \beta)^p = \phi(x)^T \bar w`.

    Paper 3 Corollary 8, for inputs of norm :math:`\sqrt d`.

    Parameters
    ----------
    degree : int
        p, from 0 to 10^7 - 1.
    dimension : int
        d, >= 1.
    beta_norm : float
        Norm of beta, >= 0.
    bias : bool
        Without a bias only p = 1 and the even p occur in the kernel.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or :math:`d_p` is 0.
    """
    degree = integer("degree", integer("degree", degree, at_least=0), at_most=MOST_TERMS - 1)
    beta_norm = real("beta_norm", beta_norm, at_least=0)
    last = _coefficients(degree + 1, dimension, bias, None, False)[-1]
    if not last > 0:
        raise ValueError(
            f"degree must be that of a power in the kernel, got {degree} with bias = {bias!r}, dimension = {dimension}"
        )
    with within_floats(beta_norm=beta_norm, degree=degree, dimension=dimension):
        return beta_norm ** (2 * degree) / float(last)


def _arcsin_coefficients(count, b, rho2):
    r"""Coefficients of :math:`\arcsin((b + s)/R)` in :math:`s/\rho^2`."""
    coefficients = np.zeros(count)
    coefficients[0] = asin(b / (b + rho2))
    before, now = 0.0, sqrt(rho2) / sqrt(rho2 + 2 * b)
    for k in range(count - 1):
        coefficients[k + 1] = now / (k + 1)
        before, now = now, (b * (2 * k + 1) * now + k * rho2 * before) / ((k + 1) * (rho2 + 2 * b))
    return coefficients


def sphere_norm2(degree, *, dimension, bias=True):
    r"""Least squared norm in the kernel's space of :math:`(x^T \beta)^p` as a function on the sphere :math:`\|x\| = \sqrt d`.

    On a sphere different powers overlap, so that it is below the :math:`1/d_p` of paper 3 Corollary 8 (`feature_norm2`). It is the
    limit of :math:`Y^T H^{-1} Y` as points fill the sphere.

    Parameters
    ----------
    degree : int
        p, in [0, 20].
    dimension : int
        d, from 3 to 1000.
    bias : bool
        Whether the kernel is that of (x, 1) or of x.

    Returns
    -------
    float
        To a relative error of 1e-6. Infinite where the kernel lacks a degree that the function has.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range.

    Notes
    -----
    With the Gegenbauer polynomials :math:`P_l(1) = 1`, the number :math:`N_l` of harmonics of degree l and t the cosine between a
    uniform point and :math:`\beta`, it is :math:`\sum_l N_l\,\mathrm{E}[f P_l]^2/\mu_l`, where :math:`\mu_l = \mathrm{E}[K P_l]`.

    Examples
    --------
    >>> round(sphere_norm2(1, dimension=4) / feature_norm2(1, dimension=4), 2)
    0.96
    """
    p = integer("degree", degree, at_least=0, at_most=20)
    d = integer("dimension", integer("dimension", dimension, at_least=3), at_most=MOST_DIMENSIONS)
    boolean("bias", bias)
    t, weights = roots_jacobi(QUADRATURE_NODES, (d - 3) / 2, (d - 3) / 2)
    weights = weights / weights.sum()
    u = d * t + (1 if bias else 0)
    largest = d + (1 if bias else 0)
    kernel = u * (pi - np.arccos(np.clip(u / largest, -1, 1))) / (2 * pi)
    norm2 = 0.0
    for degree_of_harmonic in range(p, -1, -2):
        harmonic = eval_gegenbauer(degree_of_harmonic, (d - 2) / 2, t) / eval_gegenbauer(degree_of_harmonic, (d - 2) / 2, 1.0)
        share = weights @ (sqrt(d) ** p * t**p * harmonic)
        mu = weights @ (kernel * harmonic)
        norm2 += np.inf if mu < 1e-9 else _harmonics(degree_of_harmonic, d) * share**2 / mu
    return float(norm2)


def _harmonics(degree, d):
    """Number of independent spherical harmonics of a degree in d dimensions."""
    return comb(degree + d - 1, d - 1) - (comb(degree + d - 3, d - 1) if degree >= 2 else 0)
