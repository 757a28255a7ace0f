"""Deterministic predictions of paper 1: Marchenko-Pastur law and performance at every time of training."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from learning_dynamics._validation import choice, number_array, real, real_array
from learning_dynamics.random_matrix import kernels, quadrature
from learning_dynamics.random_matrix.model import bulk_edges, classification_error

LEAST_EXPONENT = 1e-100
LARGEST_EXPONENT = 1e12
CONTOUR_TOLERANCE = 1e-8
CONTOUR_GROWTH = 2.0
CONTOUR_DECADES = 12
MOST_CONTOUR_NODES = 2**17


def stieltjes(z, *, c):
    r"""Stieltjes transform :math:`m(z) = \int \nu(dx)/(x - z)` of the Marchenko-Pastur law, paper 1 equation (2).

    Parameters
    ----------
    z : complex or array_like of complex, shape (...)
        Points off the support, which is :math:`[l_-, l_+]` and, for c > 1, the point 0. Real input gives real output.
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float or complex, or numpy.ndarray of them, shape (...)

    Raises
    ------
    TypeError
        If `z` does not hold numbers or `c` is not a real number.
    ValueError
        If a point lies on the support, or `c` is not > 0.

    Notes
    -----
    m solves :math:`c z m^2 - (1 - c - z) m + 1 = 0` with :math:`\mathrm{Im} z \, \mathrm{Im} m(z) > 0`. With
    :math:`s = \sqrt{z - l_-} \sqrt{z - l_+}` it is :math:`((1-c-z) + s)/(2cz) = 2/((1-c-z) - s)`; of these two the one is
    used in which nothing cancels.

    Examples
    --------
    >>> stieltjes(0.0, c=0.5)
    2.0
    """
    c = real("c", c, above=0)
    z = number_array("z", z)
    _check_off_support(z, c)
    low, high = bulk_edges(c=c)
    if z.dtype.kind == "c":
        root = np.sqrt(z - low) * np.sqrt(z - high)
    else:
        root = np.where(z < low, -1.0, 1.0) * np.sqrt(np.abs(z - low)) * np.sqrt(np.abs(z - high))
    linear = 1 - c - z
    aligned = (linear * root.conj()).real >= 0
    total = np.where(aligned, linear + root, linear - root)
    return np.where(aligned, total / np.where(aligned, 2 * c * z, 1), 2 / np.where(aligned, 1, total))[()]


def mp_density(x, *, c):
    r"""Density of the Marchenko-Pastur law, paper 1 equation (3), without its atom.

    Parameters
    ----------
    x : float or array_like of float, shape (...)
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float or numpy.ndarray of float, shape (...)
        :math:`\sqrt{(x - l_-)(l_+ - x)}/(2 \pi c x)` inside the bulk, 0 outside; inf at x = 0 for c = 1. The total mass is
        min(1, 1/c).

    Raises
    ------
    TypeError
        If `x` does not hold real numbers or `c` is not one.
    ValueError
        If an entry of `x` is not finite, or `c` is not > 0.
    """
    c = real("c", c, above=0)
    x = real_array("x", x)
    low, high = bulk_edges(c=c)
    inside = (x > low) & (x < high)
    point = np.where(inside, x, 1.0)
    shape = np.sqrt(np.maximum(x - low, 0)) * np.sqrt(np.maximum(high - x, 0))
    density = np.where(inside, shape / (2 * pi * c * point), 0.0)
    return np.where((x == 0) & (low == 0), np.inf, density)[()]


def mp_atom(c):
    """Mass (1 - 1/c)^+ of the Marchenko-Pastur law at 0, paper 1 equation (3).

    Parameters
    ----------
    c : float
        Aspect ratio p/n, > 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `c` is not a real number.
    ValueError
        If `c` is not finite and > 0.
    """
    c = real("c", c, above=0)
    return max(c - 1, 0.0) / c


@dataclass(frozen=True, kw_only=True)
class Statistics:
    r"""Limits of the moments that give both errors, at an array of times. All arrays have the shape of `t`.

    Attributes
    ----------
    t : numpy.ndarray of float
        Times, in gradient steps.
    E, V : numpy.ndarray of float
        Limits of :math:`\mu^T w` and :math:`\|w\|^2`, paper 1 Theorem 1.
    E_train, V_train : numpy.ndarray of float
        :math:`E_*` and :math:`V_*`, limits of the mean and the mean square of the training margins :math:`y_j w^T x_j`, paper
        1 Theorem 2.
    train_variance : numpy.ndarray of float
        :math:`V_* - E_*^2`, formed without cancellation.
    """

    t: np.ndarray
    E: np.ndarray
    V: np.ndarray
    E_train: np.ndarray
    V_train: np.ndarray
    train_variance: np.ndarray


def statistics(model, t, *, method="spectral"):
    r"""Moments of the classifier at given times, paper 1 Theorems 1 and 2 and equations (4) to (7).

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, of the flow :math:`f_t(x) = e^{-\alpha t x}`; each is 0 or has alpha t in [1e-100, 1e12].
    method : {"spectral", "contour"}
        "spectral" integrates (4) to (7) over the bulk; "contour" integrates the formulas of the theorems along ellipses.

    Returns
    -------
    Statistics
        Its arrays have the shape of `t`; a scalar gives arrays of shape ().

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is negative, not finite or outside the range above, or `method` is unknown.
    ArithmeticError
        If the contour route differs from itself with twice the nodes by more than 1e-8 of any quantity, or would need more
        than 131072 nodes.

    Notes
    -----
    Spectral: relative error below 1e-10 for c in [1e-3, 50], mu_norm2 in [1e-2, 1e2], any sigma2, alpha t in [1e-8, 1e5],
    at c = 1 and at :math:`\|\mu\|^2 = \sqrt c` as anywhere. It gains from doing many times in one call.

    With :math:`d = (1-c)^+/(1+\|\mu\|^2)` the measure :math:`P = d \delta_0 + (\|\mu\|^2+c)/\|\mu\|^2 \cdot \mu(dx)/x` is a
    probability, and :math:`V_* - E_*^2 = \mathrm{Var}_P(f_t) + \sigma^2 \int x f_t^2 d\nu`. The variance is summed around its
    mean, over f or 1 - f, whichever is small.

    Contour: 1e-8 for alpha t up to 100 and c not within 1e-3 of 1. It shares only `stieltjes` with nothing of the other
    route, and is there to check it.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> statistics(model, [0.0, 100.0]).E.round(4)
    array([0.    , 0.8198])
    """
    choice("method", method, ("spectral", "contour"))
    t = real_array("t", t, at_least=0)
    exponents = _exponents(model, t.ravel())
    route = _spectral_moments if method == "spectral" else _contour_moments
    moments = [moment.reshape(t.shape) for moment in route(model, exponents)]
    names = ("E", "V", "E_train", "V_train", "train_variance")
    return Statistics(t=t, **dict(zip(names, moments)))


def generalization_error(model, t, *, method="spectral"):
    r"""Limit :math:`Q(E/\sqrt V)` of the misclassification probability on fresh data, paper 1 Theorem 1.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    method : {"spectral", "contour"}
        Route, as for `statistics`.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        1/2 at t = 0, by convention also for sigma2 = 0, where E and V both vanish.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `statistics`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> generalization_error(model, [6, 50, 300]).round(4)
    array([0.2597, 0.0538, 0.0589])
    """
    moments = statistics(model, t, method=method)
    return classification_error(moments.E, moments.V)


def training_error(model, t, *, method="spectral"):
    r"""Limit :math:`Q(E_*/\sqrt{V_* - E_*^2})` of the share of misclassified training points, paper 1 Theorem 2.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    method : {"spectral", "contour"}
        Route, as for `statistics`.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        1/2 at t = 0; 0 where it is below the least positive number, which happens for c > 1 and large times.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `statistics`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> training_error(model, [6, 50, 300]).round(4)
    array([0.228 , 0.0166, 0.0022])
    """
    moments = statistics(model, t, method=method)
    return classification_error(moments.E_train, moments.train_variance)


def _check_off_support(z, c):
    low, high = bulk_edges(c=c)
    on_support = (z.imag == 0) & (((z.real >= low) & (z.real <= high)) | ((z.real == 0) & (c > 1)))
    if on_support.any():
        atom = "{0} and " if c > 1 else ""
        raise ValueError(
            f"z must lie off the support {atom}[{low:.6g}, {high:.6g}] of the Marchenko-Pastur law, got {z[on_support][0]!s}"
        )


def _exponents(model, t):
    exponents = model.alpha * t
    allowed = (t == 0) | ((exponents >= LEAST_EXPONENT) & (exponents <= LARGEST_EXPONENT))
    if not allowed.all():
        raise ValueError(
            f"t must be 0 or have alpha * t in [{LEAST_EXPONENT:g}, {LARGEST_EXPONENT:g}], got t = {t[~allowed][0]!s}"
        )
    return exponents


def _spectral_moments(model, exponents):
    x, p, p_over_x, nu = _spectral_measures(model, exponents.max())
    mean, power, square, variance = kernels.spectral_sums(x, p, p_over_x, nu, model.sigma2, exponents)
    return mean * model.mu_norm2 / (model.mu_norm2 + model.c), power, mean, square, variance


def _spectral_measures(model, exponent):
    """Nodes, and on them the weights of P, P/x and nu: 0 first, then the spike, then the bulk."""
    x, p, nu = _bulk_measures(model, exponent)
    spike_mass = max(model.mu_norm2**2 - model.c, 0.0) / (model.mu_norm2 * (1 + model.mu_norm2))
    zero_mass = max(1 - model.c, 0.0) / (1 + model.mu_norm2)
    return (
        np.concatenate(([0.0, model.spike], x)),
        np.concatenate(([zero_mass, spike_mass], p)),
        np.concatenate(([0.0, spike_mass / model.spike], p / x)),
        np.concatenate(([mp_atom(model.c), 0.0], nu)),
    )


def _bulk_measures(model, exponent):
    c, mu_norm2 = model.c, model.mu_norm2
    low, high, weights = quadrature.unit_rule(c=c, mu_norm2=mu_norm2, exponent=exponent)
    width = 4 * sqrt(c)
    x = model.bulk_edges[0] + width * low
    below_spike = (mu_norm2 - sqrt(c)) ** 2 / mu_norm2 + width * high
    nu = (8 / pi) * weights / x
    p = nu * ((mu_norm2 + c) / mu_norm2 * c) / below_spike
    kept = _matters(x, p, nu, exponent, f=np.exp(-2 * exponent * width * low))
    return x[kept], p[kept], nu[kept]


def _matters(x, p, nu, exponent, *, f):
    """Whether a node adds a visible part to any of the sums, at the first or at the last of the times."""
    reached = np.minimum(exponent * x, 1)
    profiles = np.array([p, p * x, p * reached, p / x * reached**2, nu, nu * x, p * f, nu * f, nu * x * f])
    return (profiles > quadrature.NEGLIGIBLE * profiles.max(axis=1, keepdims=True)).any(axis=0)


def _contour_moments(model, exponents):
    return np.array([_contour_moments_at(model, exponent) for exponent in exponents]).T


def _contour_moments_at(model, exponent):
    low, high = model.bulk_edges
    right = model.spike if model.has_spike else high
    offset = min(CONTOUR_GROWTH / (2 * exponent), right) if exponent > 0 else right
    whole = _closed_sum(_theorem_integrands, model, exponent, left=0.0, right=right, offset=offset)
    around = {"left": low if model.c > 1 else 0.0, "right": right, "offset": offset}
    if whole[2] < 0.5:
        variance = _closed_sum(_variance_integrand, model, exponent, _rise, whole[2], **around)
    else:
        mean_f = _closed_sum(_mean_integrand, model, exponent, _fall, **around)
        variance = _closed_sum(_variance_integrand, model, exponent, _fall, mean_f, **around)
    return *whole, variance


def _closed_sum(integrand, model, exponent, *arguments, left, right, offset):
    """Integral of `integrand` over an ellipse, with the refusal of results that a doubling of the nodes changes."""
    rule, count = quadrature.ellipse(left=left, right=right, offset=offset, decades=CONTOUR_DECADES)
    if count > MOST_CONTOUR_NODES // 2:
        raise ArithmeticError(
            f"the contour route needs {4 * count} nodes at alpha * t = {exponent:g}, more than {MOST_CONTOUR_NODES}"
        )
    coarse, fine = ((2 * (w * integrand(z, model, exponent, *arguments)).real.sum(axis=-1)) for z, w in (rule(1), rule(2)))
    change = np.max(np.abs(fine - coarse) / np.maximum(np.abs(fine), np.finfo(float).tiny))
    if change > CONTOUR_TOLERANCE:
        raise ArithmeticError(
            f"the contour route is uncertain by {change:.1e} at alpha * t = {exponent:g}, more than {CONTOUR_TOLERANCE:g}"
        )
    return fine


def _theorem_integrands(z, model, exponent):
    """Integrands of E, V, E* and V* in the theorems."""
    f, g, m = _fall(z, exponent), _rise(z, exponent), stieltjes(z, c=model.c)
    denominator = (model.mu_norm2 + model.c) * m + 1
    start = model.sigma2 * f**2 * m
    return np.array(
        [
            -g / z * model.mu_norm2 * m / denominator,
            (g / z) ** 2 / denominator - start,
            g / z / denominator,
            g**2 / z / denominator - start * z,
        ]
    )


def _mean_integrand(z, model, exponent, function):
    return function(z, exponent) / (z * ((model.mu_norm2 + model.c) * stieltjes(z, c=model.c) + 1))


def _variance_integrand(z, model, exponent, function, mean):
    m = stieltjes(z, c=model.c)
    spread = (function(z, exponent) - mean) ** 2 / (z * ((model.mu_norm2 + model.c) * m + 1))
    return spread - model.sigma2 * _fall(z, exponent) ** 2 * z * m


def _fall(z, exponent):
    return np.exp(-exponent * z)


def _rise(z, exponent):
    return -np.expm1(-exponent * z)
