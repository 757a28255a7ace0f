"""Performance at every time of training: Theorems 1 and 2 of paper 1."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._interruption import compiled_call
from learning_dynamics._limits import check_room
from learning_dynamics._validation import choice, instance, real_array
from learning_dynamics.random_matrix.kernels import eigenmodes
from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.theory.ellipse_contours import contour_moments
from learning_dynamics.random_matrix.theory.spectral_measures import flow_rate, spectral_measures

LEAST_EXPONENT = 1e-100
LARGEST_EXPONENT = 1e12
TIMES_OF_A_CALL = 2**14


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


def statistics(model: MixtureClassification, t: ArrayLike, *, method: str = "spectral", dynamics: str = "flow") -> Statistics:
    r"""Moments of the classifier at given times, paper 1 Theorems 1 and 2 and equations (4) to (7).

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps; each is 0 or has alpha t in [1e-100, 1e12]. Integers for "gd".
    method : {"spectral", "contour"}
        "spectral" integrates (4) to (7) over the bulk; "contour" integrates the formulas of the theorems along ellipses.
    dynamics : {"flow", "gd"}
        The flow of the theorems, :math:`f_t(x) = e^{-\alpha t x}`, or discrete gradient descent,
        :math:`f_t(x) = (1 - \alpha x)^t`, which obeys the same formulas.

    Returns
    -------
    Statistics
        Its arrays have the shape of `t`; a scalar gives arrays of shape ().

    Raises
    ------
    TypeError
        If `t` does not hold real numbers.
    ValueError
        If a time is outside the range above, `method` or `dynamics` is unknown, or alpha times the largest eigenvalue is 1
        or more for "gd".
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

    Contour: relative error below 1e-8 wherever it returns, which it does for alpha t up to 100 in the range above. It uses
    `stieltjes` and no step of the other route, and is there to check it; it is several hundred times slower.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    >>> statistics(model, [0.0, 100.0]).E.round(4)
    array([0.    , 0.7517])
    """
    choice("method", method, ("spectral", "contour"))
    t, exponents, rate = _filter(model, t, dynamics)
    route = _spectral_moments if method == "spectral" else contour_moments
    moments = [moment.reshape(t.shape) for moment in route(model, exponents, rate)]
    names = ("E", "V", "E_train", "V_train", "train_variance")
    return Statistics(t=t, **dict(zip(names, moments)))


def generalization_error(
    model: MixtureClassification, t: ArrayLike, *, method: str = "spectral", dynamics: str = "flow"
) -> np.ndarray:
    r"""Limit :math:`Q(E/\sqrt V)` of the misclassification probability on fresh data, paper 1 Theorem 1.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    method : {"spectral", "contour"}
        Route, as for `statistics`.
    dynamics : {"flow", "gd"}
        As for `statistics`.

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
    moments = statistics(model, t, method=method, dynamics=dynamics)
    return classification_error(moments.E, moments.V)


def training_error(model: MixtureClassification, t: ArrayLike, *, method: str = "spectral", dynamics: str = "flow") -> np.ndarray:
    r"""Limit :math:`Q(E_*/\sqrt{V_* - E_*^2})` of the share of misclassified training points, paper 1 Theorem 2.

    Parameters
    ----------
    model : MixtureClassification
    t : float or array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    method : {"spectral", "contour"}
        Route, as for `statistics`.
    dynamics : {"flow", "gd"}
        As for `statistics`.

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
    moments = statistics(model, t, method=method, dynamics=dynamics)
    return classification_error(moments.E_train, moments.train_variance)


def start_kept(model: MixtureClassification, t: ArrayLike, *, dynamics: str = "flow") -> np.ndarray:
    r"""Limit :math:`\int f_t^2 d\nu` of the share of the start's squared norm that training has not yet forgotten.

    Parameters
    ----------
    model : MixtureClassification
        Gives c and alpha.
    t : array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    dynamics : {"flow", "gd"}
        As for `statistics`.

    Returns
    -------
    numpy.ndarray of float, shape (...)
        1 at t = 0; it falls to :math:`(1 - 1/c)^+`, the share of the null space of :math:`X^T`, which never decays.

    Raises
    ------
    TypeError, ValueError
        As `statistics`.
    """
    t, exponents, rate = _filter(model, t, dynamics)
    x, _, _, nu = spectral_measures(model, exponents.max(initial=0), rate)
    check_room(2 * exponents.size * x.size, t=t)
    return (np.exp(-2 * np.outer(exponents, rate(x))) @ nu).reshape(t.shape)


def noise_fit(model: MixtureClassification, t: ArrayLike, *, dynamics: str = "flow") -> np.ndarray:
    r"""Limit :math:`c (1 - \int f_t d\nu)` of the mean training margin on labels that carry no information.

    Parameters
    ----------
    model : MixtureClassification
        Gives c and alpha.
    t : array_like of float, shape (...)
        Times in gradient steps, as for `statistics`.
    dynamics : {"flow", "gd"}
        As for `statistics`.

    Returns
    -------
    numpy.ndarray of float, shape (...)

    Raises
    ------
    TypeError, ValueError
        As `statistics`.
    """
    t, exponents, rate = _filter(model, t, dynamics)
    x, _, _, nu = spectral_measures(model, exponents.max(initial=0), rate)
    check_room(2 * exponents.size * x.size, t=t)
    return model.c * (-np.expm1(-np.outer(exponents, rate(x))) @ nu).reshape(t.shape)


def _filter(
    model: MixtureClassification, t: ArrayLike, dynamics: str
) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Checked times, exponents alpha t, and the rate r of f_t(x) = exp(-alpha t r(x))."""
    instance("model", model, MixtureClassification)
    t = filter_times(t, dynamics, alpha=model.alpha, largest=model.largest_eigenvalue)
    exponents = model.alpha * t.ravel()
    if dynamics == "flow":
        return t, exponents, flow_rate
    return t, exponents, lambda x: -np.log1p(-model.alpha * x) / model.alpha


def filter_times(t: ArrayLike, dynamics: str, *, alpha: float, largest: float, unit: float = 1.0) -> np.ndarray:
    """Checked times of the filter f_t with step alpha, for eigenvalues up to `largest`, which are measured in `unit`."""
    choice("dynamics", dynamics, ("flow", "gd"))
    t = real_array("t", t, at_least=0)
    exponents = alpha * unit * t.ravel()
    allowed = (exponents == 0) | ((exponents >= LEAST_EXPONENT) & (exponents <= LARGEST_EXPONENT))
    if not allowed.all():
        product = "alpha * t" if unit == 1 else f"alpha * t * {unit:.3g}, the largest eigenvalue,"
        raise ValueError(
            f"t must be 0 or have {product} in [{LEAST_EXPONENT:g}, {LARGEST_EXPONENT:g}], got t = {t.ravel()[~allowed][0]!s}"
        )
    if dynamics == "flow":
        return t
    if (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for dynamics 'gd', got {t[t != np.floor(t)][0]!s}")
    if alpha * largest >= 1:
        raise ValueError(f"alpha must be < {1 / largest:.6g}, 1 over the largest eigenvalue, for dynamics 'gd', got {alpha!r}")
    return t


def _spectral_moments(model, exponents, rate):
    x, p, p_over_x, nu = spectral_measures(model, exponents.max(initial=0), rate)
    parts = np.split(exponents, range(TIMES_OF_A_CALL, exponents.size, TIMES_OF_A_CALL))
    with compiled_call():
        sums = [eigenmodes.spectral_sums(x, rate(x), p, p_over_x, nu, model.sigma2, part) for part in parts]
    mean, power, square, variance = np.concatenate(sums, axis=1)
    return mean * model.mu_norm2 / (model.mu_norm2 + model.c), power, mean, square, variance
