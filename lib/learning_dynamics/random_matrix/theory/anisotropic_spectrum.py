"""The spectrum of points with a covariance: companion Stieltjes transform, edges, the eigenvalue that mu adds."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from learning_dynamics._interruption import compiled_call
from learning_dynamics._validation import instance, number_array
from learning_dynamics.random_matrix.kernels import resolvents
from learning_dynamics.random_matrix.model import AnisotropicMixture

SWEEPS = 500
NEWTON_STEPS = 60
WIDEST = 80.0


def companion_stieltjes(model: AnisotropicMixture, z: ArrayLike) -> np.ndarray:
    r"""Stieltjes transform :math:`\tilde m(z)` of the limit of the spectrum of :math:`X^T X/n`.

    Parameters
    ----------
    model : AnisotropicMixture
        Its signal plays no part.
    z : array_like of complex, shape (...)
        Points off the real axis.

    Returns
    -------
    numpy.ndarray of complex, shape (...)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a point is real.
    ArithmeticError
        If a root is not found, which happens close to the spectrum only.

    Notes
    -----
    It is the only root with :math:`\mathrm{Im} z \, \mathrm{Im} \tilde m > 0` of the equation of Marchenko and Pastur, of Silverstein and Bai

    .. math:: \frac{1}{\tilde m} = -z + c \sum_k \text{share}_k \frac{\lambda_k}{1 + \lambda_k \tilde m}.

    The transform m of the spectrum of :math:`XX^T/n` follows from :math:`\tilde m = c\,m - (1 - c)/z`.

    Examples
    --------
    >>> white = AnisotropicMixture(eigenvalues=[1.0], shares=[1.0], signal=[4.0], c=0.5, sigma2=0.1, alpha=0.01)
    >>> complex(companion_stieltjes(white, 1j).round(4))
    (0.193+0.7911j)
    """
    instance("model", model, AnisotropicMixture)
    z = number_array("z", z).astype(complex)
    if not z.imag.all():
        raise ValueError(f"z must not be real, got {z[z.imag == 0][0].real:g}")
    upper = np.where(z.imag < 0, z.conj(), z).ravel()
    m = companion_at(model, upper).reshape(z.shape)
    return np.where(z.imag < 0, m.conj(), m)


def companion_at(model, z):
    """`companion_stieltjes` at a vector of points with Im z > 0, neighbours near each other."""
    scale = model.eigenvalues.max()
    with compiled_call():
        roots = resolvents.companion_transform(z / scale, model.eigenvalues / scale, model.c * model.shares, SWEEPS, NEWTON_STEPS)
    if np.isnan(roots).any():
        raise ArithmeticError(f"the companion transform has no root to rounding at z = {z[np.isnan(roots)][0]:.6g}")
    return roots / scale


def bulk_top(model):
    r"""The upper edge x of the bulk, and :math:`u = -\tilde m(x)` there.

    On :math:`0 < u < 1/\lambda_{\max}` the inverse function :math:`x = 1/u + c \sum \text{share}\, \lambda/(1 - \lambda u)` falls
    and then rises; the edge is its least value.
    """
    largest = model.eigenvalues.max()
    ratio = model.eigenvalues / largest
    weights = model.c * model.shares

    def excess(log_v):
        v = np.exp(log_v)
        return np.log(weights @ (ratio * v / (1 + (1 - ratio) * v)) ** 2)

    v = np.exp(brentq(excess, -WIDEST, WIDEST, xtol=1e-14))
    edge = largest * ((1 + v) / v + weights @ (ratio * (1 + v) / (1 + (1 - ratio) * v)))
    return float(edge), float(v / (1 + v) / largest)


def largest_eigenvalue(model: AnisotropicMixture) -> float:
    r"""Limit of the largest eigenvalue of :math:`XX^T/n`: the upper edge of the bulk, or an isolated eigenvalue that mu adds.

    Parameters
    ----------
    model : AnisotropicMixture

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `model` is no `AnisotropicMixture`.

    Notes
    -----
    The isolated eigenvalue is the root of :math:`D(z) = 1 + \sum_k b_k \tilde m/(1 + \lambda_k \tilde m)` above the bulk, where b is the
    signal. There is one if D is negative at the edge.

    Examples
    --------
    >>> white = AnisotropicMixture(eigenvalues=[1.0], shares=[1.0], signal=[2.25], c=0.5, sigma2=0.1, alpha=0.01)
    >>> round(largest_eigenvalue(white), 4)
    3.9722
    """
    instance("model", model, AnisotropicMixture)
    edge, top = bulk_top(model)

    def denominator(u):
        return 1 - model.signal @ (u / (1 - model.eigenvalues * u))

    if denominator(top) >= 0:
        return edge
    low = 1 / (model.mu_norm2 + model.eigenvalues.max())  # where the sum is at most 1
    u = brentq(denominator, low, top, xtol=1e-16 * low, rtol=1e-15)
    return float(1 / u + model.c * (model.shares @ (model.eigenvalues / (1 - model.eigenvalues * u))))


def companion_at_zero(model):
    r"""The value :math:`\tilde m(0)`, for more dimensions than points (rank_ratio > 1); infinite otherwise."""
    if model.rank_ratio <= 1:
        return np.inf
    largest = model.eigenvalues.max()
    ratio, weights = model.eigenvalues / largest, model.c * model.shares

    def excess(log_m):
        m = np.exp(log_m)
        return weights @ (ratio * m / (1 + ratio * m)) - 1

    return float(np.exp(brentq(excess, -500.0, 500.0, xtol=1e-14)) / largest)
