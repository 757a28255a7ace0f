"""The contour integrals of Theorems 1 and 2, summed along ellipses: the route that checks the spectral one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from learning_dynamics.random_matrix.mathematics import quadrature
from learning_dynamics.random_matrix.theory.marchenko_pastur import stieltjes

CONTOUR_TOLERANCE = 1e-8
CONTOUR_GROWTH = 2.0
CONTOUR_DECADES = 12
MOST_CONTOUR_NODES = 2**17


@dataclass(frozen=True)
class Filter:
    """What is left of the start, f(z) = exp(-exponent rate(z)), and 1 - f(z)."""

    exponent: float
    rate: Callable[[np.ndarray], np.ndarray]

    def fall(self, z):
        return np.exp(-self.exponent * self.rate(z))

    def rise(self, z):
        return -np.expm1(-self.exponent * self.rate(z))


def contour_moments(model, exponents, rate):
    """E, V, E*, V* and V* - E*^2 as rows, for f = exp(-exponent rate(z)) with an analytic rate."""
    return np.array([_moments_at(model, Filter(exponent, rate)) for exponent in exponents]).T


def _moments_at(model, f):
    r"""The five moments for one filter.

    The ellipse passes so close to the left of its focus that :math:`|f_t^2|` stays below :math:`e^2` times its
    largest value between the foci. For c > 1 the variance has no mass at 0 and its ellipse begins at the bulk, where f is as
    small as the variance itself.
    """
    low, right = model.bulk_edges[0], model.largest_eigenvalue
    offset = min(CONTOUR_GROWTH / (2 * f.exponent), right) if f.exponent > 0 else right
    whole = _closed_sum(lambda z: theorem_integrands(z, model, f), f, left=0.0, right=right, offset=offset)
    around = {"left": low if model.c > 1 else 0.0, "right": right, "offset": offset}
    if whole[2] < 0.5:
        function, mean = f.rise, whole[2]
    else:
        function, mean = f.fall, _closed_sum(lambda z: f.fall(z) * _weight(z, model), f, **around)
    variance = _closed_sum(lambda z: _variance_integrand(z, model, f, function, mean), f, **around)
    return *whole, variance


def _closed_sum(integrand, f, *, left, right, offset):
    """Integral over an ellipse, with the refusal of a result that a doubling of the nodes changes."""
    rule, count = quadrature.ellipse(left=left, right=right, offset=offset, decades=CONTOUR_DECADES)
    if 4 * count > MOST_CONTOUR_NODES:
        raise ArithmeticError(
            f"the contour route needs {4 * count} nodes at alpha * t = {f.exponent:g}, more than {MOST_CONTOUR_NODES}"
        )
    coarse, fine = (2 * (weights * integrand(z)).real.sum(axis=-1) for z, weights in (rule(1), rule(2)))
    change = np.max(np.abs(fine - coarse) / np.maximum(np.abs(fine), np.finfo(float).tiny))
    if change > CONTOUR_TOLERANCE:
        raise ArithmeticError(
            f"the contour route is uncertain by {change:.1e} at alpha * t = {f.exponent:g}, more than {CONTOUR_TOLERANCE:g}"
        )
    return fine


def theorem_integrands(z, model, f):
    """Integrands of E, V, E* and V* in the theorems, shape (4, *z.shape)."""
    g, m = f.rise(z), stieltjes(z, c=model.c)
    denominator = (model.mu_norm2 + model.c) * m + 1
    start = model.sigma2 * f.fall(z) ** 2 * m
    return np.array(
        [
            -g / z * model.mu_norm2 * m / denominator,
            (g / z) ** 2 / denominator - start,
            g / z / denominator,
            g**2 / z / denominator - start * z,
        ]
    )


def _weight(z, model):
    return 1 / (z * ((model.mu_norm2 + model.c) * stieltjes(z, c=model.c) + 1))


def _variance_integrand(z, model, f, function, mean):
    start = model.sigma2 * f.fall(z) ** 2 * z * stieltjes(z, c=model.c)
    return (function(z) - mean) ** 2 * _weight(z, model) - start
