"""Theorems 1 and 2 for any linear training method that acts on the spectrum."""

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._validation import instance, real_array
from learning_dynamics.random_matrix.mathematics import quadrature
from learning_dynamics.random_matrix.mathematics.spectral_filters import SpectralFilter, check_filter, filter_values
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.theory.performance import Statistics
from learning_dynamics.random_matrix.theory.spectral_measures import resolved_measures

TOLERANCE = 1e-9
HALVINGS = 4


def filtered_statistics(model: MixtureClassification, spectral_filter: SpectralFilter, t: ArrayLike) -> Statistics:
    r"""Moments of the classifier at given times for any spectral filter.

    Parameters
    ----------
    model : MixtureClassification
        Gives the signal, c and sigma2; its alpha plays no part.
    spectral_filter : SpectralFilter
    t : float or array_like of float, shape (...)
        Times, >= 0; whole numbers if the filter asks for them.

    Returns
    -------
    Statistics
        Its arrays have the shape of `t`.

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is not allowed, or the filter diverges on the spectrum of the model.
    ArithmeticError
        If the integrals still change by more than 1e-9 of their size when the number of nodes is doubled for the fourth time.

    Notes
    -----
    The paper writes its formulas for :math:`h = (1 - f)/x`, but its proof uses only that f and h are functions of the
    eigenvalue. For any pair

    .. math::
        E &= \int h d\mu, & V &= \kappa \int h^2 d\mu + \sigma^2 \int f^2 d\nu, \\
        E_* &= \kappa E, & V_* &= \kappa \int x h^2 d\mu + \sigma^2 \int x f^2 d\nu

    with :math:`\kappa = (\|\mu\|^2 + c)/\|\mu\|^2`, and with P of `statistics` :math:`V_* - E_*^2 = \mathrm{Var}_P(x h) +
    \sigma^2 \int x f^2 d\nu`. This is the book's own. Sizes of 1e-30 and less in that difference are rounding errors.
    """
    instance("model", model, MixtureClassification)
    t = real_array("t", t, at_least=0)
    check_filter(spectral_filter, t, model.largest_eigenvalue)
    step = quadrature.EDGE_STEP
    coarse = _moments(model, spectral_filter, t.ravel(), step)
    for _ in range(HALVINGS):
        step /= 2
        fine = _moments(model, spectral_filter, t.ravel(), step)
        change = np.max(np.abs(fine - coarse) / np.maximum(np.abs(fine), np.finfo(float).eps))
        if change <= TOLERANCE:
            E, V, E_train, V_train, variance = (moment.reshape(t.shape) for moment in fine)
            return Statistics(t=t, E=E, V=V, E_train=E_train, V_train=V_train, train_variance=variance)
        coarse = fine
    raise ArithmeticError(f"the integrals of the filter are uncertain by {change:.1e}, more than {TOLERANCE:g}")


def filtered_errors(model: MixtureClassification, spectral_filter: SpectralFilter, t: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Generalisation and training error at given times for any spectral filter.

    Parameters
    ----------
    model : MixtureClassification
        As for `filtered_statistics`.
    spectral_filter : SpectralFilter
    t : float or array_like of float, shape (...)
        Times, as for `filtered_statistics`.

    Returns
    -------
    generalization, training : numpy.ndarray of float, shape (...)
        :math:`Q(E/\sqrt V)` and :math:`Q(E_*/\sqrt{V_* - E_*^2})`.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `filtered_statistics`.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification, ridge_flow
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> filtered_errors(model, ridge_flow(alpha=0.01, penalty=0.0), [6, 50])[0].round(4)
    array([0.2597, 0.0538])
    """
    moments = filtered_statistics(model, spectral_filter, t)
    return (
        classification_error(moments.E, moments.V),
        classification_error(moments.E_train, moments.train_variance),
    )


def _moments(model, spectral_filter, t, step):
    """E, V, E*, V* and V* - E*^2 as rows."""
    x, p, p_over_x, nu = resolved_measures(model, step)
    f, h = filter_values(spectral_filter, x, t)
    fitted = x * h
    mean = fitted @ p
    start = model.sigma2 * (f**2 @ nu)
    start_train = model.sigma2 * (f**2 @ (x * nu))
    square = fitted**2
    return np.array(
        [
            mean * model.mu_norm2 / (model.mu_norm2 + model.c),
            square @ p_over_x + start,
            mean,
            square @ p + start_train,
            (fitted - mean[:, None]) ** 2 @ p + start_train,
        ]
    )
