"""From labelled data to the mixture of paper 1: noise, whitening class by class, re-centring, and look-alikes of the result."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import scipy.linalg
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from learning_dynamics._validation import choice, integer, real, real_array

READINGS = ("power ratio", "inverse variance")
SURROGATES = ("gaussian", "gaussian pool", "own projections", "gaussian projections", "own norms", "permuted")
CLASSES = (-1.0, 1.0)
ROUNDING = 1e-9


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
        return self.z[index] + self.labels[index, None] * self.mu

    def margins(self, weights):
        """Return label times score of every point, shape (m, N), for weights of shape (m, p)."""
        return self.labels * (weights @ self.z.T) + (weights @ self.mu)[:, None]


def noise_and_scale(points, *, reading, decibel=-10.0, pixel_variance, centred_power):
    r"""Noise power and scale of the images under one of two readings of the recipe of paper 1, figure 6.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
        Images with grey levels from 0 to 1, one a row.
    reading : {"power ratio", "inverse variance"}
        "power ratio" is the text: the noise has :math:`10^{d/10}` times the mean square of a pixel, and the images keep their scale.
        "inverse variance" fits the printed figure: the noise has the power :math:`10^{d/10}` divided (not multiplied) by the variance
        of a pixel, and images and noise together are then scaled to power 1 per pixel.
    decibel : float
        The noise level d of the text.
    pixel_variance, centred_power : float
        Variance of all pixels together, and mean over pixels of each pixel's variance, in the data set that the images come
        from, > 0; only the second reading uses them.

    Returns
    -------
    power, scale : float
        Variance of the noise to add to each pixel, and factor for the images after that.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    choice("reading", reading, READINGS)
    ratio = 10 ** (real("decibel", decibel, at_least=-300, at_most=300) / 10)
    if reading == "power ratio":
        return ratio * float(np.mean(np.square(real_array("points", points, ndim=2)))), 1.0
    power = ratio / real("pixel_variance", pixel_variance, above=0)
    return power, 1 / sqrt(power + real("centred_power", centred_power, above=0))


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
    choice("kind", kind, SURROGATES)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    return WhitenedMixture(z=_MAKERS[kind](mixture, rng), labels=mixture.labels, mu=mixture.mu)


def balanced_split(labels, *, per_class, rng):
    """Draw the same number of training points from each class, without replacement.

    Parameters
    ----------
    labels : numpy.ndarray of float, shape (N,)
        -1 or +1.
    per_class : int
        Number of training points of each class, at least 1 and fewer than the class has.
    rng : numpy.random.Generator

    Returns
    -------
    train, rest : numpy.ndarray of int, shapes (2 per_class,) and (N - 2 per_class,)
        Indices, class 1 first.

    Raises
    ------
    TypeError, ValueError
        If `per_class` is not allowed.
    """
    members = [np.flatnonzero(labels == a) for a in CLASSES]
    per_class = integer("per_class", per_class, at_least=1, at_most=min(map(len, members)) - 1)
    order = [rng.permutation(index) for index in members]
    return np.concatenate([o[:per_class] for o in order]), np.concatenate([o[per_class:] for o in order])


def pool_errors(mixture, weights, *, train, rest):
    """Errors of classifiers on the points that they were trained on, and on the others.

    Parameters
    ----------
    mixture : WhitenedMixture
    weights : numpy.ndarray of float, shape (m, p)
    train, rest : numpy.ndarray of int
        Indices of the training points and of the test points.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (m,)
        The mean of the error shares of the two classes; a margin of 0 counts one half.
    """
    margins = mixture.margins(weights)
    missed = (margins < 0) + 0.5 * (margins == 0)
    return tuple(_balanced_mean(missed[:, index], mixture.labels[index]) for index in (rest, train))


def projected_errors(mixture, statistics, *, noise_fit, training_points=0):
    r"""Theorems 1 and 2 of paper 1 with the true distribution of the projections on mu in place of the normal one.

    The limits E, V, E* and V* need the first two moments of z only, but the error needs the whole distribution of the score, in which
    :math:`\mu^T z` has a weight that does not vanish. All other directions together are taken as normal.

    Parameters
    ----------
    mixture : WhitenedMixture
    statistics : Statistics
        From `learning_dynamics.random_matrix.statistics` for the mixture's mu_norm2, at m times.
    noise_fit : array_like of float, shape (m,)
        Mean training margin on labels that carry no information, :math:`c (1 - \int f_t d\nu)`.
    training_points : int
        If positive, training draws this many points from the pool and tests on the others: their moments are then what the pool,
        whose moments are fixed, has left. This is right to first order in training_points / N.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (m,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.

    Notes
    -----
    With r the projection times the label, the test margin is :math:`E + (E/\|\mu\|) r` plus a normal part with variance
    :math:`V - E^2/\|\mu\|^2`; the training margin is :math:`E_* + (B/\|\mu\|) r` plus a normal part with variance
    :math:`V_* - E_*^2 - B^2/\|\mu\|^2`, where :math:`B = E_* - c (1 - \int f_t d\nu)`: leaving one point out of the resolvent
    writes both as contour integrals, with :math:`1/(1 + cm) - 1/D` in place of :math:`1 - 1/D` for B.
    """
    noise_fit = real_array("noise_fit", noise_fit, ndim=1)
    if noise_fit.shape != np.shape(statistics.E):
        raise ValueError(f"noise_fit must have the shape {np.shape(statistics.E)} of the times, got {noise_fit.shape}")
    share = integer("training_points", training_points, at_least=0, at_most=len(mixture.labels) - 1) / len(mixture.labels)
    norm, E, E_train = sqrt(mixture.mu_norm2), statistics.E, statistics.E_train
    slope_train = (E_train - noise_fit) / norm
    mean = _left_over(E, E_train, share)
    slope = _left_over(E / norm, slope_train, share)
    square = _left_over(statistics.V + E**2, statistics.train_variance + E_train**2, share)
    signed = mixture.labels * mixture.projections
    return (
        _mean_miss(mean, slope, square - mean**2 - slope**2, signed, mixture.labels),
        _mean_miss(E_train, slope_train, statistics.train_variance - slope_train**2, signed, mixture.labels),
    )


def _left_over(pool, train, share):
    return (pool - share * train) / (1 - share)


def _mean_miss(mean, slope, variance, signed, labels):
    if (variance < -ROUNDING).any():
        raise ValueError(f"statistics must leave a variance >= 0 beside the projections, got {variance.min():.3g}")
    spread = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    missed = ndtr(-(mean[:, None] + slope[:, None] * signed) / spread[:, None])
    return _balanced_mean(missed, labels)


def _balanced_mean(shares, labels):
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
    """Whiten each class of centred rows; rows without a part in the direction `along` keep none."""
    whitened = np.empty_like(z)
    for a in CLASSES:
        part = z[labels == a]
        with threadpool_limits(limits=1, user_api="blas"):
            covariance = part.T @ part / len(part)
            if along is not None:
                covariance += np.outer(along, along)
            values, vectors = scipy.linalg.eigh(covariance, overwrite_a=True)
            if values[0] <= values[-1] * len(values) * np.finfo(float).eps:
                raise ValueError(
                    f"points must have a regular covariance in each class, got a smallest eigenvalue of {values[0]:.3g} "
                    f"beside a largest of {values[-1]:.3g} for label {a:+g}"
                )
            whitened[labels == a] = part @ (vectors / np.sqrt(values)) @ vectors.T
    return whitened


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
