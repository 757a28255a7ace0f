"""Predicted learning times, widths, and what limits the risk."""

from math import hypot, inf, log, sqrt

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from learning_dynamics._limits import check_room
from learning_dynamics._validation import EXACT_AS_FLOAT, boolean, instance, integer, real, size, size_or_infinite
from learning_dynamics.time_scales.model import SingleIndex, starting_weights
from learning_dynamics.time_scales.theory.inner_problem import linear_parameters
from learning_dynamics.time_scales.theory.stages import blow_up_time, saturation_half_time

MOST_DOUBLINGS = 60
LONGEST = 10.0
LARGEST = 1e100


def constant_time(problem, a0):
    r"""Predicted :math:`T_0 = \epsilon \ln(2(1 - \sigma_0 \bar a/\phi_0))/\sigma_0^2`, where :math:`\bar a` is the
    mean of a0.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.

    Returns
    -------
    float
        0 where half of the constant is there from the start.

    Raises
    ------
    TypeError, ValueError
        If `a0` is not a nonempty vector of finite numbers, or activation or target have no constant.
    """
    instance("problem", problem, SingleIndex)
    mean = starting_weights(a0).mean()
    _check_component(problem, 0)
    share = 1 - problem.sigma[0] * mean / problem.phi[0]
    return problem.epsilon * log(2 * share) / problem.sigma[0] ** 2 if share > 0.5 else 0.0


def linear_time(problem, a0):
    r"""Predicted :math:`T_1 = \sqrt\epsilon [\ln(1/\epsilon)/(4|\kappa|) + \ln(4X/V)/(2|\kappa|)]`, paper 2 section
    4, stages 2 and 3.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights; V is their variance, or their mean square if the activation has no constant.

    Returns
    -------
    float
        The relative error falls like :math:`\epsilon^{1/4}` in general and like :math:`\epsilon^{1/2}` for starts
        symmetric around their mean. Not positive where epsilon is too large for the stages to separate.

    Raises
    ------
    TypeError, ValueError
        If `a0` is not a nonempty vector of finite numbers, has a single value, or kappa = 0.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> round(linear_time(SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-8), uniform_start(50)), 6)
    0.001239
    """
    instance("problem", problem, SingleIndex)
    rate, ratio, variance = linear_parameters(problem, starting_weights(a0))
    root = sqrt(problem.epsilon)
    return root * (-log(problem.epsilon) / (4 * rate) + (log(4 * ratio) - log(variance)) / (2 * rate))


def linear_width(problem, *, upper=0.75, lower=0.25):
    r"""Predicted time in which :math:`e_1/\phi_1` falls from `upper` to `lower`.

    For the logistic stage 3 it is
    :math:`\frac{\sqrt\epsilon}{2|\kappa|} \left(\ln\frac{1-l}{l} - \ln\frac{1-u}{u}\right)`, and
    :math:`\sqrt\epsilon \ln 3/|\kappa|` from 3/4 to 1/4.

    Parameters
    ----------
    problem : SingleIndex
    upper, lower : float
        Shares, 0 < lower < upper < 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If a share is outside its range or kappa = 0.
    """
    instance("problem", problem, SingleIndex)
    upper = real("upper", upper, above=0, below=1)
    lower = real("lower", lower, above=0, below=upper)
    _check_component(problem, 1)
    return sqrt(problem.epsilon) * (log((1 - lower) / lower) - log((1 - upper) / upper)) / (2 * abs(problem.kappa))


def quadratic_time(problem, a0, *, linear=None, saturated=False):
    r"""Predicted :math:`T_2 = T_1 + \epsilon^{1/4} \tau_*`, with :math:`\tau_*` from the inner problem of stage 4 at
    the same start.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights, at least three different ones.
    linear : float, optional
        :math:`T_1` >= 0, for instance as measured; `linear_time` if omitted.
    saturated : bool
        Whether to add :math:`\epsilon^{1/3}` times the inner time of stage 5 at which half of degree 2 is learnt.

    Returns
    -------
    float
        The error is of order :math:`\epsilon^{1/3}` at fixed m, and smaller than that if saturated.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, the start is too atomic, or activation or target lack degree 1 or 2.
    """
    instance("problem", problem, SingleIndex)
    boolean("saturated", saturated)
    linear = linear_time(problem, a0) if linear is None else real("linear", linear, at_least=0)
    leading = linear + problem.epsilon**0.25 * blow_up_time(problem, a0)
    return leading + problem.epsilon ** (1 / 3) * saturation_half_time(problem, a0) if saturated else leading


def finite_linear_time(problem, *, m, d, variance, saturated=False):
    r"""Predicted :math:`T_1` of a network of m neurons in d dimensions, from the flow linearised at s = 0.

    :math:`\epsilon a' = |\kappa| s - (c/m) a`, :math:`s' = |\kappa| a` with :math:`c = U(1) - \sigma_0^2`,
    :math:`E s(0)^2 = 1/d`; the time is that at which :math:`\langle as \rangle = |\phi_1/\sigma_1|`. Derived in this
    book.

    Parameters
    ----------
    problem : SingleIndex
    m, d : int or inf
        Neurons and dimension, >= 1.
    variance : float
        Variance of the initial second-layer weights around their mean, >= 0.
    saturated : bool
        Whether to integrate what the linear form leaves out, too: growth ends as :math:`e_1` falls, and the push of a
        neuron on itself makes the directions of all others correlated. See Notes.

    Returns
    -------
    float
        For infinite m and d it is `linear_time`. Valid where :math:`m \sqrt\epsilon` and :math:`d \epsilon` are not
        small. The relative error is of order :math:`1/(m \sqrt\epsilon)`; if saturated, of order
        :math:`1/m + \sqrt{m}/d` besides that of `linear_time`.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, kappa = 0, or variance and 1/d are both 0.
    ArithmeticError
        If degree 1 is not learnt in any reasonable time.

    Notes
    -----
    Saturated, with :math:`x = \langle as \rangle` and to first order in the overlaps,

    .. math::
        \epsilon a_i' &= |\kappa| s_i - \tfrac cm a_i - \tfrac{\sigma_1^2}m \sum_j r_{ij} a_j, \qquad
        s_i' = a_i (|\kappa| - \sigma_1^2 x), \\
        r_{ij}' &= a_i g_j + a_j g_i, \qquad
        g_j = |\kappa| s_j - \tfrac{\sigma_1^2}m \sum_k r_{jk} a_k - \tfrac{\sigma_1^2}m a_j,

    up to :math:`x = |\phi_1/\sigma_1|/2`. Weights and overlaps stay in the span of the starting deviations and the
    starting overlaps, so the equations close in two coefficients each, and three for r.
    """
    instance("problem", problem, SingleIndex)
    _check_component(problem, 1)
    m, d = size_or_infinite("m", m), size_or_infinite("d", d)
    variance = real("variance", real("variance", variance, at_least=0), at_most=LARGEST)
    boolean("saturated", saturated)
    if variance == 0 and d == inf:
        raise ValueError("variance must be > 0 in infinitely many dimensions, or nothing moves, got 0.0")
    linear = _time_of_linear_growth(problem, m, d, variance)
    return _time_of_saturated_growth(problem, m, d, variance, LONGEST * linear) if saturated else linear


def random_start_distance(m):
    r"""Root mean square :math:`W_2` distance of m and 2m independent uniform draws from [-1, 1], each shifted to mean 0.

    Parameters
    ----------
    m : int
        Number of draws, >= 1.

    Returns
    -------
    float
        :math:`\sqrt{(2m - 1)/(2m(2m + 1))}`, exact; about :math:`(2m)^{-1/2}`. Derived in this book from the moments of
        order statistics.

    Raises
    ------
    TypeError, ValueError
        If `m` is not an integer >= 1.
    """
    m = integer("m", integer("m", m, at_least=1), at_most=EXACT_AS_FLOAT)
    return sqrt((2 * m - 1) / (2 * m * (2 * m + 1)))


def risk_floor(problem):
    r"""Risk :math:`\frac12 \sum_{\sigma_k = 0} \phi_k^2` below which no network gets, paper 2 Proposition 4.

    Parameters
    ----------
    problem : SingleIndex

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `problem` is no `SingleIndex`.
    """
    instance("problem", problem, SingleIndex)
    return float((problem.phi[problem.sigma == 0] ** 2).sum()) / 2


def least_risk(problem, *, m):
    r"""Least mean-field risk of m particles at Chebyshev nodes, an upper bound of :math:`\inf R_{mf,*}`, paper 2
    equation (38).

    Minimises :math:`\frac12 \sum_k (\phi_k - \sigma_k \frac1m \sum_i a_i s_i^k)^2` over a, with
    :math:`s_i = \cos(\pi (i + 1/2)/m)`.

    Parameters
    ----------
    problem : SingleIndex
        A large degree (400) leaves nothing of the activation out.
    m : int
        Number of nodes, >= 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If `m` is not an integer >= 1.
    """
    instance("problem", problem, SingleIndex)
    m = size("m", m)
    check_room(3 * m * (problem.degree + 1), m=m)
    s = np.cos(np.pi * (np.arange(m) + 0.5) / m)
    features = problem.sigma[:, None] * s ** np.arange(problem.degree + 1)[:, None]
    weights = np.linalg.lstsq(features, problem.phi, rcond=None)[0]
    rest = problem.phi - features @ weights
    return float(rest @ rest) / 2


def _time_of_linear_growth(problem, m, d, variance):
    """Time at which the linearised <as> reaches |phi_1/sigma_1|, by its exponential."""
    rate, wanted = abs(problem.kappa) / sqrt(problem.epsilon), abs(problem.phi[1] / problem.sigma[1])
    damping = _own_push(problem) / (2 * m * problem.epsilon)
    growth = hypot(damping, rate)
    net = rate * (rate / (growth + damping))

    def log_product(t):
        """Logarithm of <as>, with a and s/sqrt(eps) as the variables of the exponential."""
        fading = np.exp(-2 * growth * t)
        a_a = (net + (growth + damping) * fading) / (2 * growth)
        s_s = (growth + damping + net * fading) / (2 * growth)
        mixed = -rate * np.expm1(-2 * growth * t) / (2 * growth)
        product = sqrt(problem.epsilon) * mixed * (a_a * variance + s_s / (d * problem.epsilon))
        return log(product) + 2 * net * t if product > 0 else -inf

    last = 1 / rate
    for _ in range(MOST_DOUBLINGS):
        if log_product(last) >= log(wanted):
            return brentq(lambda t: max(log_product(t), -1e3) - log(wanted), 0.0, last, rtol=1e-14)
        last *= 2
    raise ArithmeticError(f"the linearised flow does not reach {wanted:g} before t = {last:g}")


def _time_of_saturated_growth(problem, m, d, variance, longest):
    """Time at which <as> reaches half of |phi_1/sigma_1|, with saturation and correlated directions.

    Coefficients belong to the deviations and to the overlaps at the start, here of unit size: both are scaled by
    their root mean squares.
    """
    epsilon, kappa, square = problem.epsilon, abs(problem.kappa), float(problem.sigma[1]) ** 2
    wanted, push, self_push = abs(problem.phi[1] / problem.sigma[1]) / 2, _own_push(problem) / m, square / m
    spread = np.array([sqrt(variance), 1 / sqrt(d)])

    def velocity(_, y):
        a, s, r = y[:2], y[2:4], y[4:].reshape(2, 2)
        among = square * (r @ a)
        pull = kappa * s - among
        mixed = np.multiply.outer(a, pull - self_push * a)
        a_rate = (pull - push * a) / epsilon
        return np.concatenate([a_rate, a * (kappa - square * (a @ s)), (mixed + mixed.T).ravel()])

    def half(_, y):
        return y[:2] @ y[2:4] - wanted

    half.terminal = True
    start = np.array([spread[0], 0.0, 0.0, spread[1], 0.0, 0.0, 0.0, spread[1] ** 2])
    atol = np.repeat([1e-12, 1e-12 * min(1.0, epsilon)], [2, 6])
    result = solve_ivp(velocity, (0.0, longest), start, method="LSODA", rtol=1e-10, atol=atol, events=half)
    if result.status != 1:
        raise ArithmeticError(f"half of degree 1 is not learnt before t = {longest:g}")
    return float(result.t[-1])


def _own_push(problem):
    r""":math:`c = U(1) - \sigma_0^2`, with which a neuron works against itself."""
    return float(problem.sigma[1:] @ problem.sigma[1:])


def _check_component(problem, k):
    for name, coefficients in (("activation", problem.sigma), ("target", problem.phi)):
        if coefficients[k] == 0:
            raise ValueError(f"{name} must have a component of degree {k}, got coefficient 0")
