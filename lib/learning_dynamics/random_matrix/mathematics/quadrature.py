r"""Nodes and weights for integrals over the Marchenko-Pastur bulk and along contours around it."""

from functools import lru_cache
from math import ceil, log, pi, sqrt

import numpy as np

EDGE_STEP = 0.12
EDGE_REACH = 40.0
NEGLIGIBLE = 1e-18
MOST_CHEBYSHEV_NODES = 96
LOG_ACCURACY = 40.0


def unit_rule(*, c, mu_norm2, exponent):
    r"""Return the cheaper of the two rules for :math:`\int_0^1 \sqrt{s(1-s)} F(s) ds` that reaches double precision.

    Here :math:`x = l_- + 4 \sqrt c s` runs over the bulk, and F is a product of :math:`e^{-2 a x}` with :math:`0 \le a \le`
    `exponent` and of the factors 1/x and 1/(l_s - x).

    Parameters
    ----------
    c, mu_norm2 : float
        Aspect ratio and squared norm of the mean, > 0.
    exponent : float
        Largest alpha t, >= 0.

    Returns
    -------
    low, high, weights : numpy.ndarray of float, shape (k,)
        The nodes s, the distances 1 - s (not formed by subtraction), and the weights.
    """
    count = chebyshev_count(c=c, mu_norm2=mu_norm2, exponent=exponent)
    return chebyshev_rule(count) if count <= MOST_CHEBYSHEV_NODES else edge_rule()


def chebyshev_count(*, c, mu_norm2, exponent):
    r"""Return how many nodes `chebyshev_rule` needs.

    On the ellipse with foci :math:`l_\pm` and parameter rho the integrand grows by at most
    :math:`\exp(2 \text{exponent} \sqrt c (\rho - 1)^2/\rho)`, and the error of N nodes falls like :math:`\rho^{-2N}`. The
    poles at 0 and at the spike bound rho. The best of twelve ellipses is taken.
    """
    widest = min(max(c, 1 / c) ** 0.5, max(mu_norm2 / sqrt(c), sqrt(c) / mu_norm2))
    logs = [log(widest) * k / 12 for k in range(1, 13)]
    if logs[0] == 0.0:
        return MOST_CHEBYSHEV_NODES + 1
    growth = [8 * exponent * sqrt(c) * np.sinh(rho / 2) ** 2 for rho in logs]
    return 2 + ceil(min((LOG_ACCURACY + g) / (2 * rho) for g, rho in zip(growth, logs)))


@lru_cache(maxsize=128)
def chebyshev_rule(count):
    r"""Midpoint rule in the angle of :math:`s = \sin^2(\phi/2)`, for integrands analytic in a wide neighbourhood of the bulk."""
    angle = (np.arange(count) + 0.5) * (pi / count)
    return _frozen(np.sin(angle / 2) ** 2, np.cos(angle / 2) ** 2, np.sin(angle) ** 2 * (pi / (4 * count)))


@lru_cache(maxsize=8)
def edge_rule(step=EDGE_STEP):
    r"""Trapezoid rule in v of :math:`s = 1/(1 + e^{2v})`, which resolves every scale next to both edges.

    For real times the integrand is analytic and bounded for :math:`|\mathrm{Im} v| \le \pi/4`, whatever the time and
    wherever the poles, so the error is about :math:`e^{-2\pi(\pi/4)/h}` for the step h: 1e-18 for h = 0.12.
    """
    count = round(EDGE_REACH / step)
    v = np.arange(-count, count + 1) * step
    return _frozen(1 / (1 + np.exp(2 * v)), 1 / (1 + np.exp(-2 * v)), step / (4 * np.cosh(v) ** 3))


def ellipse(*, left, right, offset, decades):
    r"""Return the upper half of an ellipse with foci `left` and `right`, for integrals over the closed curve.

    Parameters
    ----------
    left, right : float
        Foci; integrands may be singular on the segment between them and nowhere else inside.
    offset : float
        Distance by which the ellipse passes to the left of `left`, > 0.
    decades : float
        Number of decimal digits that the rule shall gain on the ellipse itself.

    Returns
    -------
    rule : callable
        ``rule(k)`` gives nodes z and weights dz/(2 pi i), shape (k count,), of the midpoint rule with 2 k count nodes on the
        full curve. For F with :math:`F(\bar z) = \overline{F(z)}` the integral is ``2 * (weights * F(z)).real.sum()``.
    count : int
        Number of nodes for k = 1.
    """
    quarter = (right - left) / 4
    log_radius = 2 * np.arcsinh(sqrt(offset / quarter) / 2)
    count = ceil(decades * log(10) / (2 * log_radius)) + 4

    def rule(k):
        w = np.exp(log_radius + 1j * (np.arange(k * count) + 0.5) * (pi / (k * count)))
        return (left + right) / 2 + quarter * (w + 1 / w), quarter * (w - 1 / w) / (2 * k * count)

    return rule, count


def _frozen(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays
