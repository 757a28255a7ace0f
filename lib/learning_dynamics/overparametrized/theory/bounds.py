r"""The bounds of paper 3, as functions of their variables and of the constants that the paper leaves open.

n points of d inputs, m neurons, :math:`c` the lower bound of :math:`\lambda_{min}(H)` (in the book: its value), :math:`C_y \ge |y_i|`,
:math:`\delta` the probability of failure, `distance` :math:`= \|w(0) - w_L^*\|`. Times t are those of the flow
:math:`dw/dt = -\nabla f (f - Y)`, and eta is the step on :math:`\nabla f (f - Y)`. Arguments may be arrays and are broadcast.
n, d and m are at least 1, delta is at most 1, and a bound beyond the range of floats is refused."""

from contextlib import contextmanager

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import broadcast, function, real, real_array

COUNTS = ("n", "d", "m")


def lemma1_bounds(*, n, d, angle, lower_constant=1.0, upper_constant=1.0):
    r"""Lower and upper bound of :math:`\lambda_{min}(H)`, paper 3 Lemma 1.

    Parameters
    ----------
    n, d : array_like of float
        Numbers of points and of inputs, >= 1.
    angle : array_like of float
        :math:`\theta_{min}`, the smallest angle between two points, > 0. The lemma is stated for :math:`\theta_{min} < 1`.
    lower_constant, upper_constant : float
        The unknown constants, >= 0.

    Returns
    -------
    tuple of numpy.ndarray
        :math:`C_1 (d+1) \theta_{min}/\sqrt{\log(2n) + 1}` and :math:`C_2 (d+1) \theta_{min}`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, angle = _positive(n=n, d=d, angle=angle)
    lower, upper = _constant("lower_constant", lower_constant), _constant("upper_constant", upper_constant)
    with _formula(n=n, d=d, angle=angle, lower_constant=lower, upper_constant=upper):
        return lower * (d + 1) * angle / np.sqrt(np.log(2 * n) + 1), upper * (d + 1) * angle


def lemma2_width(*, n, d, c, c_y, delta, constant=1.0):
    r"""Width :math:`C n^6 d^4 C_y^2/(c^4 \delta^3)` that Lemma 2 of paper 3 asks for.

    Parameters
    ----------
    n, d, c, c_y, delta : array_like of float
        n and d >= 1, the others > 0, delta at most 1.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, c, c_y, delta = _positive(n=n, d=d, c=c, c_y=c_y, delta=delta)
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, c=c, c_y=c_y, delta=delta, constant=constant):
        return constant * n**6 * d**4 * c_y**2 / (c**4 * delta**3)


def lemma2_residual_bound(*, t, c, residual):
    r"""Bound :math:`e^{-ct/4} \|f_0 - Y\|` of :math:`\|f(t) - Y\|`, paper 3 equation (5); it has no open constant.

    Parameters
    ----------
    t : array_like of float
        Times of the flow, >= 0.
    c, residual : array_like of float
        Lower bound of :math:`\lambda_{min}(H)`, and :math:`\|f_0 - Y\|`, > 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    c, residual = _positive(c=c, residual=residual)
    t = real_array("t", t, at_least=0)
    with _formula(t=t, c=c, residual=residual):
        return np.exp(-c * t / 4) * residual


def lemma2_drift_bound(*, n, d, m, c, residual, constant=1.0):
    r"""Bound :math:`C \sqrt{dn} \|f_0 - Y\|/(c \sqrt m)` of :math:`\|w_k(t) - w_k(0)\|`, paper 3 equation (6).

    Parameters
    ----------
    n, d, m, c, residual : array_like of float
        n, d and m >= 1, the others > 0; `residual` is :math:`\|f_0 - Y\|`.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, m, c, residual = _positive(n=n, d=d, m=m, c=c, residual=residual)
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, m=m, c=c, residual=residual, constant=constant):
        return constant * np.sqrt(d * n / m) * residual / c


def theorem3_bound(*, t, n, d, m, c, c_y, delta, distance, constant=1.0):
    r"""Bound of :math:`\|w(t) - w_L^*\|` along the gradient flow, paper 3 Theorem 3.

    Parameters
    ----------
    t : array_like of float
        Times of the flow, >= 0.
    n, d, m, c, c_y, delta, distance : array_like of float
        n, d and m >= 1, the others > 0, delta at most 1.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray
        :math:`e^{-ct/2} \|w(0) - w_L^*\| + C (dn)^{5/2} C_y^{3/2}/(c^{5/2} \delta^{3/2} m^{1/4})`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, m, c, c_y, delta, distance = _positive(n=n, d=d, m=m, c=c, c_y=c_y, delta=delta, distance=distance)
    t, constant = real_array("t", t, at_least=0), _constant("constant", constant)
    with _formula(t=t, n=n, d=d, m=m, c=c, c_y=c_y, delta=delta, distance=distance, constant=constant):
        rest = (d * n) ** 2.5 * c_y**1.5 / (c**2.5 * delta**1.5 * m**0.25)
        return np.exp(-c * t / 2) * distance + constant * rest


def theorem4_width(*, n, d, c, c_y, delta, constant=1.0):
    r"""Width :math:`C (dn)^{10} C_y^6/(c^{10} \delta^6)` that Theorem 4 of paper 3 asks for.

    Parameters
    ----------
    n, d, c, c_y, delta : array_like of float
        n and d >= 1, the others > 0, delta at most 1.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    Notes
    -----
    This is also where the second term of `theorem4_bound` comes down to
    :math:`(d n)^{1/4} C_y^{3/4}/(c^{1/4} \delta^{3/4})`, so the theorem speaks only where that is small beside its first term.

    Examples
    --------
    >>> print(f"{theorem4_width(n=100, d=5, c=0.024, c_y=3.4, delta=0.1):.0e}")
    2e+52
    """
    n, d, c, c_y, delta = _positive(n=n, d=d, c=c, c_y=c_y, delta=delta)
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, c=c, c_y=c_y, delta=delta, constant=constant):
        return constant * (d * n) ** 10 * c_y**6 / (c**10 * delta**6)


def theorem7_steps(*, n, eta, c, norm2, constant=1.0):
    r"""Number :math:`k = C \log(n(\|\bar w\|^2 + 1))/(\eta c)` of steps that Theorem 7 of paper 3 asks for.

    Parameters
    ----------
    n, eta, c, norm2 : array_like of float
        n >= 1, the others > 0; `norm2` is :math:`\|\bar w\|^2`.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, eta, c, norm2 = _positive(n=n, eta=eta, c=c, norm2=norm2)
    constant = _constant("constant", constant)
    with _formula(n=n, eta=eta, c=c, norm2=norm2, constant=constant):
        return constant * np.log(n * (norm2 + 1)) / (eta * c)


def theorem4_step(*, n, d, c, constant=1.0):
    r"""Largest step :math:`\eta = C c/(dn)^2` that Theorem 4 of paper 3 allows.

    Parameters
    ----------
    n, d, c : array_like of float
        n and d >= 1, c > 0.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, c = _positive(n=n, d=d, c=c)
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, c=c, constant=constant):
        return constant * c / (d * n) ** 2


def theorem4_bound(*, epochs, eta, n, d, m, c, c_y, delta, distance, constant=1.0):
    r"""Bound of :math:`\|w(k) - w_L^*\|` after k steps of descent, paper 3 Theorem 4.

    Parameters
    ----------
    epochs : array_like of float
        Numbers k of steps, >= 0.
    eta : array_like of float
        Step on :math:`\nabla f (f - Y)`, > 0, with :math:`c \eta \le 2`.
    n, d, m, c, c_y, delta, distance : array_like of float
        n, d and m >= 1, the others > 0, delta at most 1.
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray
        :math:`(1 - c\eta/2)^{k/2} \|w(0) - w_L^*\| + C (dn C_y)^{3/2}/(c^{3/2} \delta^{3/2} m^{1/8})`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, m, c, c_y, delta, distance = _positive(n=n, d=d, m=m, c=c, c_y=c_y, delta=delta, distance=distance)
    contraction, constant = _contraction(epochs, eta, c), _constant("constant", constant)
    with _formula(epochs=contraction, n=n, d=d, m=m, c=c, c_y=c_y, delta=delta, distance=distance, constant=constant):
        rest = (d * n * c_y) ** 1.5 / (c**1.5 * delta**1.5 * m**0.125)
        return np.sqrt(contraction) * distance + constant * rest


def lemma5_bound(*, epochs, eta, n, c, norm2, constant=1.0, second_constant=0.0):
    r"""Bound of :math:`\mathrm{E}_x (f(x, w(k)) - f_{KR}(x))^2` for small kappa, paper 3 Lemma 5.

    Parameters
    ----------
    epochs, eta : array_like of float
        As for `theorem4_bound`.
    n, c, norm2 : array_like of float
        n >= 1, the others > 0; `norm2` is :math:`Y^T H^{-1} Y`.
    constant, second_constant : float
        The unknown constants C and C', >= 0.

    Returns
    -------
    numpy.ndarray
        :math:`C/\sqrt n + (1 - c\eta/2)^k (Y^T H^{-1} Y + C')`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, c, norm2 = _positive(n=n, c=c, norm2=norm2)
    contraction = _contraction(epochs, eta, c)
    constant, second = _constant("constant", constant), _constant("second_constant", second_constant)
    with _formula(epochs=contraction, n=n, norm2=norm2, constant=constant, second_constant=second):
        return constant / np.sqrt(n) + contraction * (norm2 + second)


def theorem7_bound(*, n, d, delta, norm2, constant=1.0):
    r"""Bound :math:`C \|\bar w\|^2 \sqrt{d \log(1/\delta)/n}` of the error of a target in the kernel's space, paper 3 Theorem 7.

    Parameters
    ----------
    n, d, norm2 : array_like of float
        n and d >= 1, norm2 > 0; `norm2` is :math:`\|\bar w\|^2`.
    delta : array_like of float
        In (0, 1].
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, delta, norm2 = _positive(n=n, d=d, delta=delta, norm2=norm2)
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, delta=delta, norm2=norm2, constant=constant):
        return constant * norm2 * np.sqrt(d * -np.log(delta) / n)


def corollary8_bound(*, n, d, degree, delta, constant=1.0):
    r"""Bound of the error of :math:`(x^T \beta)^p` with :math:`\|\beta\| \le 1`, paper 3 Corollary 8.

    Parameters
    ----------
    n, d : array_like of float
        >= 1.
    degree : array_like of float
        p, whole numbers >= 0.
    delta : array_like of float
        In (0, 1].
    constant : float
        The unknown constant C, >= 0.

    Returns
    -------
    numpy.ndarray
        :math:`C (d+1)^p (p+1)^{3/2} \sqrt{\log(1/\delta)/n}` for :math:`p \ge 2`, :math:`C \sqrt{\log(1/\delta)/n}` for p = 0, 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.
    """
    n, d, delta = _positive(n=n, d=d, delta=delta)
    p = real_array("degree", degree, at_least=0)
    if (p != np.floor(p)).any():
        raise ValueError(f"degree must hold whole numbers, got {p[p != np.floor(p)][0]!s}")
    constant = _constant("constant", constant)
    with _formula(n=n, d=d, degree=p, delta=delta, constant=constant):
        growth = np.where(p >= 2, (d + 1) ** p * (p + 1) ** 1.5, 1.0)
        return constant * growth * np.sqrt(-np.log(delta) / n)


def smallest_constant(bound, measured, **variables):
    r"""Smallest constant with which a bound holds for all measured values.

    Parameters
    ----------
    bound : callable
        A function of this module with the keyword `constant`, or any other that is affine in it.
    measured : array_like of float
        The values to be bounded, which broadcast with the bound.
    **variables
        All other keywords of the bound.

    Returns
    -------
    float
        0 if the part without the constant is large enough.

    Raises
    ------
    ValueError
        If the constant does not enter the bound.
    """
    function("bound", bound)
    measured = real_array("measured", measured)
    base = bound(**variables, constant=0.0)
    slope = np.asarray(bound(**variables, constant=1.0) - base)
    broadcast(measured=measured, bound=slope)
    if not np.all(slope > 0):
        raise ValueError(f"bound must grow with its constant, got the slope {np.min(slope)!s}")
    with within_floats(measured=measured, bound=base):
        return float(np.max((measured - base) / slope, initial=0.0))


def _positive(**values):
    """Checked arrays, which fit together: numbers of points, inputs and neurons from 1 on, probabilities up to 1, all > 0."""
    checked = {name: real_array(name, value) for name, value in values.items()}
    for name, array in checked.items():
        if array.min() <= 0:
            raise ValueError(f"{name} must be > 0, got {array.min()!s}")
        if name in COUNTS and array.min() < 1:
            raise ValueError(f"{name} must be >= 1, got {array.min()!s}")
    if "delta" in checked and checked["delta"].max() > 1:
        raise ValueError(f"delta must be <= 1, got {checked['delta'].max()!s}")
    return checked.values()


def _contraction(epochs, eta, c):
    (eta,) = _positive(eta=eta)
    epochs = real_array("epochs", epochs, at_least=0)
    broadcast(epochs=epochs, eta=eta, c=c)
    if (c * (eta / 2) > 1).any():
        raise ValueError(f"eta must be at most 2/c = {2 / np.max(c):g}, got {eta.max()!s}")
    return (1 - c * eta / 2) ** epochs


def _constant(name, value):
    return real(name, value, at_least=0)


@contextmanager
def _formula(**given):
    """A context for a formula of arrays that must fit together and leave every number finite."""
    broadcast(**{name: np.asarray(value) for name, value in given.items()})
    with within_floats(**given):
        yield
