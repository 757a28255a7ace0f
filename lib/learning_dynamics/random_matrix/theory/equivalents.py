"""Limits of the spectrum's parts that know mu: bilinear forms of the resolvent, leading eigenvector, measure of the signal."""

from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._limits import check_room
from learning_dynamics._validation import instance, number_array, real_array
from learning_dynamics.random_matrix.mathematics import quadrature
from learning_dynamics.random_matrix.mathematics.bilinear_forms import BilinearForms
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.theory.marchenko_pastur import stieltjes


def deterministic_equivalents(model: MixtureClassification, z: ArrayLike) -> BilinearForms:
    r"""Limits of the bilinear forms of the resolvent, from which paper 1 builds Theorems 1 and 2.

    Parameters
    ----------
    model : MixtureClassification
    z : complex or array_like of complex, shape (...)
        Points off the bulk, the isolated eigenvalue and, for c > 1, the point 0. Real input gives real output.

    Returns
    -------
    BilinearForms
        Its arrays have the shape of `z`.

    Raises
    ------
    TypeError
        If `z` does not hold numbers.
    ValueError
        If a point lies in the limit of the spectrum.

    Notes
    -----
    Let :math:`Q_0 = (ZZ^T/n - zI)^{-1}` and :math:`v = Zy/n`. In the limit :math:`\mu^T Q_0 \mu = \|\mu\|^2 m`,
    :math:`\mu^T Q_0 v = 0`, and :math:`v^T Q_0 v = 1 + z \tilde m = c (1 + z m) = cm/(1 + cm)`, where :math:`\tilde m` is the
    transform of :math:`Z^T Z/n`. With :math:`U = [\mu, v]`,

    .. math:: \frac{XX^T}{n} = \frac{ZZ^T}{n} + U M U^T, \qquad M = \begin{pmatrix} 1 & 1 \\ 1 & 0 \end{pmatrix},

    so Woodbury's identity gives :math:`U^T Q U = ((U^T Q_0 U)^{-1} + M)^{-1}`. With :math:`D = (\|\mu\|^2 + c) m + 1` its
    entries are :math:`\mu^T Q \mu = \|\mu\|^2 m (1 + cm)/D`, :math:`\mu^T Q v = -\|\mu\|^2 c m^2/D` and
    :math:`v^T Q v = cm (1 + \|\mu\|^2 m)/D`. Sums of these are :math:`\mu^T Q Xy/n = \|\mu\|^2 m/D` and
    :math:`y^T X^T Q X y/n^2 = 1 - 1/D`. The start is independent of X: :math:`w_0^T Q w_0 = \sigma^2 m`, and its forms with
    the other vectors vanish. A single draw misses these limits by order :math:`1/\sqrt p`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
    >>> float(deterministic_equivalents(model, 0.0).mu_mu.round(4))
    1.3846
    """
    instance("model", model, MixtureClassification)
    z = number_array("z", z)
    m = stieltjes(z, c=model.c)
    if (model.has_spike & (z == model.spike)).any():
        raise ValueError(f"z must not be the isolated eigenvalue {model.spike:.6g}, got it")
    mu_norm2, c = model.mu_norm2, model.c
    denominator = (mu_norm2 + c) * m + 1
    none = np.zeros_like(z)
    return BilinearForms(
        z=z,
        mu_mu=np.asarray(mu_norm2 * m * (1 + c * m) / denominator),
        mu_noise=np.asarray(-mu_norm2 * c * m**2 / denominator),
        noise_noise=np.asarray(c * m * (1 + mu_norm2 * m) / denominator),
        mu_pull=np.asarray(mu_norm2 * m / denominator),
        pull_pull=np.asarray((mu_norm2 + c) * m / denominator),
        start_start=np.asarray(model.sigma2 * m),
        mu_start=none,
        pull_start=none,
    )


def spike_overlap(model: MixtureClassification) -> float:
    r"""Limit of the squared cosine between the leading eigenvector of :math:`XX^T/n` and mu.

    Parameters
    ----------
    model : MixtureClassification

    Returns
    -------
    float
        :math:`(\|\mu\|^4 - c)^+/(\|\mu\|^2 (\|\mu\|^2 + c))`: 0 up to the threshold :math:`\|\mu\|^2 = \sqrt c`, then rising
        to 1.

    Raises
    ------
    TypeError
        If `model` is no `MixtureClassification`.

    Notes
    -----
    The leading eigenpair adds :math:`(u^T \mu)^2/(l_s - z)` to :math:`\mu^T Q(z) \mu`, so the overlap is minus the residue of
    the limit at :math:`l_s`, over :math:`\|\mu\|^2`. There :math:`m = -1/(\|\mu\|^2 + c)`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> round(spike_overlap(MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)), 4)
    0.7374
    """
    return signal_atom(model) / (model.mu_norm2 + model.c)


def signal_density(model: MixtureClassification, x: ArrayLike) -> np.ndarray:
    r"""Density of the measure of the signal on the bulk, paper 1 equation (8).

    Parameters
    ----------
    model : MixtureClassification
    x : float or array_like of float, shape (...)

    Returns
    -------
    numpy.ndarray of float, shape (...)
        :math:`\sqrt{(x - l_-)(l_+ - x)}/(2 \pi (l_s - x))` inside the bulk, 0 outside.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If an entry of `x` is not finite.
    """
    instance("model", model, MixtureClassification)
    x = real_array("x", x)
    low, high = model.bulk_edges
    inside = (x > low) & (x < high)
    shape = np.sqrt(np.maximum(x - low, 0)) * np.sqrt(np.maximum(high - x, 0))
    gap = (model.mu_norm2 - sqrt(model.c)) ** 2 / model.mu_norm2  # from the bulk to the spike, exact next to the threshold
    return np.where(inside, shape / (2 * pi * np.where(inside, gap + (high - x), 1.0)), 0.0)


def signal_atom(model: MixtureClassification) -> float:
    r"""Mass :math:`(\|\mu\|^4 - c)^+/\|\mu\|^2` of the measure of the signal at the isolated eigenvalue, paper 1 equation (8).

    Parameters
    ----------
    model : MixtureClassification

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `model` is no `MixtureClassification`.
    """
    instance("model", model, MixtureClassification)
    root = sqrt(model.c)
    return max(model.mu_norm2 - root, 0.0) * (model.mu_norm2 + root) / model.mu_norm2


def signal_parts(model: MixtureClassification, t: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""The part of E that comes from the isolated eigenvalue and the part that comes from the bulk, paper 1 (11) and (12).

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps of the flow, with alpha t <= 1e12.

    Returns
    -------
    spike, bulk : numpy.ndarray of float, shape (...)
        :math:`(\|\mu\|^2 - c/\|\mu\|^2)^+ (1 - f_t(l_s))/l_s`, and the integral of :math:`(1 - f_t(x))/x` over
        `signal_density`. Their sum is E.

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is negative or too large.
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    exponents = model.alpha * t
    if exponents.max() > 1e12:
        raise ValueError(f"t must have alpha * t <= 1e+12, got t = {t.max()!s}")
    low, high, weights = quadrature.unit_rule(c=model.c, mu_norm2=model.mu_norm2, exponent=exponents.max())
    width = 4 * sqrt(model.c)
    x = model.bulk_edges[0] + width * low
    below_spike = (model.mu_norm2 - sqrt(model.c)) ** 2 / model.mu_norm2 + width * high
    check_room(2 * t.size * x.size, t=t)
    learnt = -np.expm1(-np.multiply.outer(exponents, x)) / x
    bulk = learnt @ (weights * width**2 / (2 * pi * below_spike))
    spike = -signal_atom(model) * np.expm1(-exponents * model.spike) / model.spike
    return spike, np.asarray(bulk)
