"""The problem of this wing: least-squares classification of a two-class Gaussian mixture by gradient descent."""

from dataclasses import dataclass
from math import isclose, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from learning_dynamics._validation import broadcast, real, real_array, shown

LARGEST = 1e100
"""Largest size of a parameter, so that squares of them, and quotients of squares, stay finite."""
SMALLEST_RATIO = 1e-300


@dataclass(frozen=True, kw_only=True)
class MixtureClassification:
    r"""Two Gaussian classes, a linear classifier and its training by gradient descent on the squared loss.

    Class 1 is :math:`x = -\mu + z` with label -1, class 2 is :math:`x = \mu + z` with label +1, where z is standard normal in
    p dimensions. There are n training points and :math:`p/n \to c`. The loss is :math:`\|y - X^T w\|^2/(2n)`; the step is
    alpha; the initial weights are independent with mean 0 and variance sigma2/p. Time counts gradient steps.

    Parameters
    ----------
    mu_norm2 : float
        Squared norm of mu, in [1e-100, 1e100].
    c : float
        Limit of p/n, in [1e-300, 1e100].
    sigma2 : float
        Variance of the initial weights times p, >= 0.
    alpha : float
        Step size, > 0 and at most 1e100.

    Raises
    ------
    TypeError
        If a parameter is not a real number.
    ValueError
        If a parameter is not finite or outside its range.

    Examples
    --------
    >>> model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
    >>> round(model.spike, 4)
    3.9722
    """

    mu_norm2: float
    c: float
    sigma2: float
    alpha: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu_norm2", real("mu_norm2", self.mu_norm2, at_least=1 / LARGEST, at_most=LARGEST))
        object.__setattr__(self, "c", real("c", self.c, at_least=SMALLEST_RATIO, at_most=LARGEST))
        object.__setattr__(self, "sigma2", real("sigma2", self.sigma2, at_least=0))
        object.__setattr__(self, "alpha", real("alpha", self.alpha, above=0, at_most=LARGEST))

    @property
    def bulk_edges(self) -> tuple[float, float]:
        r"""Edges :math:`(1 \mp \sqrt c)^2` of the Marchenko-Pastur bulk, paper 1 equation (3), as a pair of floats."""
        return bulk_edges(c=self.c)

    @property
    def spike(self) -> float:
        r"""Position :math:`l_s = c + 1 + \|\mu\|^2 + c/\|\mu\|^2`, paper 1 equation (9); an eigenvalue only if `has_spike`."""
        return (1 + self.mu_norm2) * (self.mu_norm2 + self.c) / self.mu_norm2

    @property
    def has_spike(self) -> bool:
        r"""Whether :math:`\|\mu\|^2 > \sqrt c`, so that the largest eigenvalue of :math:`XX^T/n` leaves the bulk."""
        return self.mu_norm2 > sqrt(self.c)

    @property
    def largest_eigenvalue(self) -> float:
        r"""Limit of the largest eigenvalue of :math:`XX^T/n`, which is the spike or else the upper edge of the bulk."""
        return self.spike if self.has_spike else self.bulk_edges[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class AnisotropicMixture:
    r"""Two Gaussian classes with a common covariance C, a linear classifier and its training on the squared loss.

    As `MixtureClassification`, but :math:`x = \pm\mu + C^{1/2} z`. All that matters of C and mu are the eigenvalues of C and how
    much of mu lies in each eigenspace.

    Attributes
    ----------
    eigenvalues : array_like of float, shape (k,)
        Eigenvalues of C, each 0 or in [1e-100, 1e100], not all 0; in any order, and one may stand there twice.
    shares : array_like of float, shape (k,)
        Limit of the share of the dimension that each has, > 0 with sum 1.
    signal : array_like of float, shape (k,)
        Squared norm of mu's projection on each eigenspace, >= 0 and at most 1e100, not all 0.
    c : float
        Limit of p/n, in [1e-6, 1e6].
    sigma2 : float
        Variance of the initial weights times p, >= 0.
    alpha : float
        Step size, > 0 and at most 1e100.

    Raises
    ------
    TypeError
        If a parameter does not hold real numbers.
    ValueError
        If a parameter is not finite or outside its range, or the shapes do not fit.

    Examples
    --------
    >>> model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[1, 3], c=0.5, sigma2=0.1, alpha=0.01)
    >>> model.mu_norm2, model.mean_eigenvalue
    (4.0, 2.5)
    """

    eigenvalues: np.ndarray
    shares: np.ndarray
    signal: np.ndarray
    c: float
    sigma2: float
    alpha: float

    def __post_init__(self) -> None:
        for name in ("eigenvalues", "shares", "signal"):
            object.__setattr__(self, name, _frozen_vector(name, getattr(self, name)))
        _check_atoms(self.eigenvalues, self.shares, self.signal)
        object.__setattr__(self, "c", real("c", self.c, at_least=1e-6, at_most=1e6))
        object.__setattr__(self, "sigma2", real("sigma2", self.sigma2, at_least=0))
        object.__setattr__(self, "alpha", real("alpha", self.alpha, above=0, at_most=LARGEST))

    @property
    def mu_norm2(self) -> float:
        """Squared norm of mu."""
        return float(self.signal.sum())

    @property
    def mean_eigenvalue(self) -> float:
        """Limit of tr C / p."""
        return float(self.shares @ self.eigenvalues)

    @property
    def rank_ratio(self) -> float:
        """Limit of rank(C)/n: c, but for the share of the dimension in which C vanishes."""
        return float(self.c * self.shares[self.eigenvalues > 0].sum())


def _frozen_vector(name, value):
    vector = real_array(name, value, ndim=1, at_least=0)
    if vector.max() > LARGEST:
        raise ValueError(f"{name} must be <= {LARGEST:g}, got {vector.max():g}")
    vector.flags.writeable = False
    return vector


def _check_atoms(eigenvalues, shares, signal):
    if not eigenvalues.size == shares.size == signal.size:
        sizes = f"{eigenvalues.size}, {shares.size} and {signal.size}"
        raise ValueError(f"eigenvalues, shares and signal must have as many entries as each other, got {sizes}")
    small = eigenvalues[(eigenvalues > 0) & (eigenvalues < 1 / LARGEST)]
    if small.size or not eigenvalues.any():
        raise ValueError(
            f"eigenvalues must be 0 or >= {1 / LARGEST:g}, and not all 0, got {shown((small if small.size else eigenvalues)[0])}"
        )
    if not shares.all() or not isclose(shares.sum(), 1, rel_tol=1e-9):
        raise ValueError(f"shares must be > 0 with sum 1, got a least one of {shares.min():g} and the sum {shares.sum():.12g}")
    if not signal.any():
        raise ValueError("signal must not be all 0, got zeros")


def bulk_edges(*, c: float) -> tuple[float, float]:
    r"""Edges :math:`(1 \mp \sqrt c)^2` of the Marchenko-Pastur bulk for a positive float c, exact to rounding next to c = 1."""
    root = sqrt(c)
    return ((1 - c) / (1 + root)) ** 2, (1 + root) ** 2


def classification_error(margin_mean: ArrayLike, margin_variance: ArrayLike) -> np.ndarray:
    r"""Probability that a Gaussian margin is negative, :math:`Q(\text{mean}/\sqrt{\text{variance}})`.

    Parameters
    ----------
    margin_mean : array_like of float, shape (...)
        Mean of the margin: label times score.
    margin_variance : array_like of float, shape (...)
        Its variance, >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        The two shapes are broadcast against each other.

    Raises
    ------
    TypeError
        If an entry is not a real number.
    ValueError
        If an entry is not finite or a variance is negative.

    Notes
    -----
    With variance 0 the error is 0 for a positive mean and 1 for a negative one. With mean 0 too, which is a classifier
    without any weight, it is 1/2 by convention.

    Examples
    --------
    >>> float(classification_error(0.0, 0.0))
    0.5
    """
    mean = real_array("margin_mean", margin_mean)
    deviation = np.sqrt(real_array("margin_variance", margin_variance, at_least=0))
    broadcast(margin_mean=mean, margin_variance=deviation)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = mean / deviation
    return np.asarray(ndtr(-np.where(np.isnan(ratio), 0.0, ratio)))
