"""From labelled data to the mixture of paper 1: noise, whitening class by class, re-centring, and look-alikes of the result.

How strong the noise is, and in which unit: `readings`.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import sqrt

import numpy as np

from learning_dynamics._randomness import available_processors
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import choice, indices, instance, integer, real, real_array

SURROGATES = ("gaussian", "gaussian pool", "own projections", "gaussian projections", "own norms", "permuted")
CLASSES = (-1.0, 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class WhitenedMixture:
    r"""A finite pool of points :math:`x_i = y_i \mu + z_i`, where in each class the z have mean 0 and the identity as covariance.

    Attributes
    ----------
    z : numpy.ndarray of float, shape (N, p)
        Whitened points without their mean, one a row.
    labels : numpy.ndarray of float, shape (N,)
        -1 for class 1, +1 for class 2.
    mu : numpy.ndarray of float, shape (p,)
        Half the difference of the class means.
    """

    z: np.ndarray
    labels: np.ndarray
    mu: np.ndarray

    @property
    def mu_norm2(self):
        """Squared norm of mu, a float."""
        return float(self.mu @ self.mu)

    @property
    def projections(self):
        r"""The :math:`\mu^T z_i/\|\mu\|`, with mean 0 and variance 1 in each class, numpy.ndarray of float, shape (N,)."""
        return self.z @ self.mu / sqrt(self.mu_norm2)

    def points(self, index):
        """Return the points x with the given indices as rows, numpy.ndarray of float, shape (len(index), p)."""
        index = indices("index", index, below=len(self.labels))
        return self.z[index] + self.labels[index, None] * self.mu

    def margins(self, weights):
        """Return label times score of every point, shape (m, N), for weights of shape (m, p)."""
        weights = real_array("weights", weights, ndim=2)
        if weights.shape[1] != self.mu.size:
            raise ValueError(f"weights must have {self.mu.size} columns, one a dimension, got {weights.shape[1]}")
        return self.labels * (weights @ self.z.T) + (weights @ self.mu)[:, None]


def add_noise(points, *, power, seed):
    """Return the points with independent N(0, power) noise on every coordinate.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
    power : float
        Variance of the noise, >= 0.
    seed : int
        Seed, >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (N, p)

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    points = real_array("points", points, ndim=2)
    power = real("power", power, at_least=0)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    return points + sqrt(power) * rng.standard_normal(points.shape)


def whiten(points, labels, *, scale=1.0):
    r"""Whiten each class with its own mean and covariance and re-centre the classes at -mu and mu.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
        One point a row.
    labels : array_like of float, shape (N,)
        -1 (class 1) or +1 (class 2).
    scale : float
        Factor for the points, > 0. Whitening undoes it except in mu.

    Returns
    -------
    WhitenedMixture
        :math:`z = C_a^{-1/2} (x - m_a)` with the mean :math:`m_a` and the covariance :math:`C_a` (divisor: number of points) of the
        point's own class; mu is half of :math:`m_2 - m_1` times `scale`, not whitened.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If the shapes do not fit, a label is neither -1 nor +1, the class means are equal, or the covariance of a class is
        singular.
    """
    points = real_array("points", points, ndim=2)
    labels = _labels(labels, len(points))
    scale = real("scale", scale, above=0)
    means = [points[labels == a].mean(axis=0) for a in CLASSES]
    mu = scale * (means[1] - means[0]) / 2
    if not mu.any():
        raise ValueError("points must have different means in the two classes, got equal means")
    z = points
    for a, mean in zip(CLASSES, means):
        z[labels == a] -= mean
    return WhitenedMixture(z=_whiten_centred(z, labels), labels=labels, mu=mu)


def surrogate(mixture, kind, *, seed):
    r"""A pool of the same size and mu that keeps some properties of the points and draws the others afresh.

    Parameters
    ----------
    mixture : WhitenedMixture
    kind : {"gaussian", "gaussian pool", "own projections", "gaussian projections", "own norms", "permuted"}
        All but the first have mean 0 and covariance exactly the identity in each class, as the mixture has.

        - "gaussian": independent standard normal z.
        - "gaussian pool": the same, then whitened class by class.
        - "own projections": each point keeps its :math:`\mu^T z`; the other directions are a Gaussian pool.
        - "gaussian projections": each point keeps all but its :math:`\mu^T z`, which becomes normal.
        - "own norms": normal directions, each point keeps its :math:`\|z\|` (up to the final whitening).
        - "permuted": each coordinate is permuted over the points of a class, which keeps its distribution.
    seed : int
        Seed, >= 0.

    Returns
    -------
    WhitenedMixture

    Raises
    ------
    TypeError, ValueError
        If `kind` or `seed` is not allowed.
    """
    instance("mixture", mixture, WhitenedMixture)
    choice("kind", kind, SURROGATES)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    return WhitenedMixture(z=_MAKERS[kind](mixture, rng), labels=mixture.labels, mu=mixture.mu)


def class_members(labels):
    """Indices of the points of class 1 and of class 2, for labels -1 and +1."""
    return [np.flatnonzero(labels == a) for a in CLASSES]


def balanced_mean(shares, labels):
    """Mean over the two classes of each class's mean, numpy.ndarray of float, shape (m,), for shares of shape (m, N)."""
    return sum(shares[:, labels == a].mean(axis=1) for a in CLASSES) / 2


def _labels(labels, number):
    labels = real_array("labels", labels, ndim=1)
    if len(labels) != number:
        raise ValueError(f"labels must have one entry a point, got {len(labels)} for {number} points")
    other = labels[~np.isin(labels, CLASSES)]
    if other.size:
        raise ValueError(f"labels must be -1 or +1, got {other[0]:g}")
    for a in CLASSES:
        if not (labels == a).any():
            raise ValueError(f"labels must hold both -1 and +1, got no {a:+g}")
    return labels


def _whiten_centred(z, labels, along=None):
    """Whiten each class of centred rows, both at once; rows without a part in the direction `along` keep none."""
    whitened = np.empty_like(z)

    def whiten_class(a):
        part = z[labels == a]
        whitened[labels == a] = part @ _inverse_root(part, along, a)

    with one_blas_thread(), ThreadPoolExecutor(min(2, available_processors())) as pool:
        list(pool.map(whiten_class, CLASSES))
    return whitened


def _inverse_root(part, along, label):
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = part.T @ part / len(part)
    if not np.isfinite(covariance).all():
        raise ValueError(f"points must have entries whose squares are finite, got one of size {np.abs(part).max():.3g}")
    if along is not None:
        covariance += np.outer(along, along)
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= values[-1] * len(values) * np.finfo(float).eps:
        raise ValueError(
            f"points must have a regular covariance in each class, got a smallest eigenvalue of {values[0]:.3g} "
            f"beside a largest of {values[-1]:.3g} for label {label:+g}"
        )
    return (vectors / np.sqrt(values)) @ vectors.T


def _centred(values, labels):
    centred = values.copy()
    for a in CLASSES:
        centred[labels == a] -= centred[labels == a].mean(axis=0)
    return centred


def _direction(mixture):
    return mixture.mu / sqrt(mixture.mu_norm2)


def _gaussian(mixture, rng):
    return rng.standard_normal(mixture.z.shape)


def _gaussian_pool(mixture, rng):
    return _whiten_centred(_centred(_gaussian(mixture, rng), mixture.labels), mixture.labels)


def _own_projections(mixture, rng):
    labels, along, own = mixture.labels, _direction(mixture), mixture.projections
    rest = _gaussian(mixture, rng)
    rest = _centred(rest - np.outer(rest @ along, along), labels)
    for a in CLASSES:
        chosen = labels == a
        rest[chosen] -= np.outer(own[chosen], own[chosen] @ rest[chosen] / (own[chosen] @ own[chosen]))
    return _whiten_centred(rest, labels, along) + np.outer(own, along)


def _gaussian_projections(mixture, rng):
    labels, along = mixture.labels, _direction(mixture)
    rest = mixture.z - np.outer(mixture.projections, along)
    fresh = _centred(rng.standard_normal(len(labels)), labels)
    for a in CLASSES:
        part = rest[labels == a]
        normal = fresh[labels == a] - part @ (part.T @ fresh[labels == a]) / len(part)
        fresh[labels == a] = normal / sqrt(np.mean(normal**2))
    return rest + np.outer(fresh, along)


def _own_norms(mixture, rng):
    z = _gaussian(mixture, rng)
    z *= (np.linalg.norm(mixture.z, axis=1) / np.linalg.norm(z, axis=1))[:, None]
    return _whiten_centred(_centred(z, mixture.labels), mixture.labels)


def _permuted(mixture, rng):
    z = np.empty_like(mixture.z)
    for a in CLASSES:
        z[mixture.labels == a] = rng.permuted(mixture.z[mixture.labels == a], axis=0)
    return _whiten_centred(z, mixture.labels)


_MAKERS = {
    "gaussian": _gaussian,
    "gaussian pool": _gaussian_pool,
    "own projections": _own_projections,
    "gaussian projections": _gaussian_projections,
    "own norms": _own_norms,
    "permuted": _permuted,
}
