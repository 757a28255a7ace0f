r"""The measures that the theorems integrate against, as nodes and weights: the signal's measure and the Marchenko-Pastur law."""

from math import pi, sqrt

import numpy as np

from learning_dynamics.random_matrix.mathematics import quadrature
from learning_dynamics.random_matrix.theory.marchenko_pastur import mp_atom


def flow_rate(x):
    """The rate r of f_t(x) = exp(-alpha t r(x)) for the flow: x itself."""
    return x


def spectral_measures(model, exponent, rate):
    """Nodes, and on them the weights of P, P/x and nu, for f = exp(-a rate(x)) with 0 <= a <= exponent.

    P is the probability measure of `statistics`. The nodes are 0, then the spike, then the bulk, of which only those are kept
    that matter.
    """
    x, p, nu = _bulk_measures(model, exponent, rate)
    return _with_atoms(model, x, p, nu)


def resolved_measures(model, step):
    """As `spectral_measures`, for any filter: all nodes of the edge rule of that step."""
    return _with_atoms(model, *_bulk_weights(model, *quadrature.edge_rule(step)))


def _with_atoms(model, x, p, nu):
    spike_mass = max(model.mu_norm2**2 - model.c, 0.0) / (model.mu_norm2 * (1 + model.mu_norm2))
    zero_mass = max(1 - model.c, 0.0) / (1 + model.mu_norm2)
    return (
        np.concatenate(([0.0, model.largest_eigenvalue], x)),
        np.concatenate(([zero_mass, spike_mass], p)),
        np.concatenate(([0.0, spike_mass / model.spike], p / x)),
        np.concatenate(([mp_atom(model.c), 0.0], nu)),
    )


def _bulk_measures(model, exponent, rate):
    if rate is flow_rate:
        rule = quadrature.unit_rule(c=model.c, mu_norm2=model.mu_norm2, exponent=exponent)
    else:
        rule = quadrature.edge_rule()
    x, p, nu = _bulk_weights(model, *rule)
    kept = _matters(x, p, nu, exponent, f=np.exp(-2 * exponent * (rate(x) - rate(x.min()))))
    return x[kept], p[kept], nu[kept]


def _bulk_weights(model, low, high, weights):
    c, mu_norm2 = model.c, model.mu_norm2
    width = 4 * sqrt(c)
    x = model.bulk_edges[0] + width * low
    below_spike = (mu_norm2 - sqrt(c)) ** 2 / mu_norm2 + width * high
    nu = (8 / pi) * weights / x
    return x, nu * ((mu_norm2 + c) / mu_norm2 * c) / below_spike, nu


def _matters(x, p, nu, exponent, *, f):
    """Whether a node adds a visible part to any of the sums, at the first or at the last of the times."""
    reached = np.minimum(exponent * x, 1)
    profiles = np.array([p, p * x, p * reached, p / x * reached**2, nu, nu * x, p * f, nu * f, nu * x * f])
    return (profiles > quadrature.NEGLIGIBLE * profiles.max(axis=1, keepdims=True)).any(axis=0)
