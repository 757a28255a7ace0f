"""The mean-field flow of m particles in infinitely many dimensions, and the times at which it learns."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.integrate import Radau
from scipy.optimize import brentq

from learning_dynamics._interruption import look_up
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import MOST_STEPS, choice, instance, integer, real, real_array
from learning_dynamics.time_scales.kernels import rosenbrock
from learning_dynamics.time_scales.mathematics.integrator import StepLimitError, follow
from learning_dynamics.time_scales.mathematics.overlaps import series
from learning_dynamics.time_scales.model import SingleIndex, starting_weights

METHODS = ("rodas4", "radau")
CHUNK = 1024
WORK_OF_A_CALL = 2**21
"""Steps of a compiled call times particles times degrees; they take less than a second."""
FIRST_STEP = 1e-3
COARSENING, COARSE_STEPS = 10.0, 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanFieldFlow:
    r"""A solution of the mean-field flow.

    Attributes
    ----------
    problem : SingleIndex
    a0 : numpy.ndarray of float, shape (m,)
        Initial second-layer weights.
    rtol : float
    method : str
    t : numpy.ndarray of float, shape (n,)
        0 and the times after every step.
    residuals, residual_rates : numpy.ndarray of float, shape (n, K + 1)
        :math:`e_k = \phi_k - \sigma_k \langle a s^k \rangle` at these times, and their time derivatives.
    state_times : numpy.ndarray of float, shape (q,)
        The requested times.
    a, s : numpy.ndarray of float, shape (q, m)
        The states at the requested times.
    """

    problem: SingleIndex
    a0: np.ndarray
    rtol: float
    method: str
    t: np.ndarray
    residuals: np.ndarray
    residual_rates: np.ndarray
    state_times: np.ndarray
    a: np.ndarray
    s: np.ndarray

    @property
    def risk(self):
        r""":math:`R_{mf} = \frac12 \sum_k e_k^2` after every step, shape (n,); equal to paper 2 equation (23)."""
        return (self.residuals**2).sum(axis=1) / 2


@dataclass(frozen=True, kw_only=True)
class LearningTimes:
    r"""First times at which the residuals fall to a given share of their target, by degree.

    Attributes
    ----------
    times : numpy.ndarray of float, shape (K + 1,)
        NaN where the share is not reached before the end, or where :math:`\phi_k = 0`.
    errors : numpy.ndarray of float, shape (K + 1,)
        Change against a run with ten times the tolerance: a bound on the error rather than an estimate. NaN as above.
    """

    times: np.ndarray
    errors: np.ndarray


def mean_field_flow(problem, a0, *, t_end, rtol=1e-8, times=None, method="rodas4", max_steps=200_000):
    r"""Integrate the gradient flow of m particles (a, s) in the limit of infinitely many dimensions.

    :math:`\epsilon a_i' = G(s_i)`, :math:`s_i' = a_i (1 - s_i^2) G'(s_i)` from s = 0, with
    :math:`G(s) = \sum_k \sigma_k e_k s^k` and :math:`e_k = \phi_k - \sigma_k \langle a s^k \rangle`, the mean being
    over the particles; paper 2 section 4.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights, for instance `uniform_start`.
    t_end : float
        Last time, at least the scale `problem.first_stage` of the first stage.
    rtol : float
        Tolerance of a step, in [1e-13, 1e-2]; errors of a count against 1 + \|a_i\| + rms(a), those of s against
        :math:`\sqrt\epsilon` + \|s_i\| + rms(s).
    times : array_like of float, shape (q,), optional
        Times in [0, t_end] at which the states are kept, in any order; only t_end if omitted.
    method : {"rodas4", "radau"}
        "rodas4": Rosenbrock method of order 4 whose linear solves use the 2 x 2 blocks of the Jacobian and its part of
        rank K + 1, so that a step costs O(m K^2). "radau": SciPy's implicit Runge-Kutta method with the dense Jacobian,
        O(m^3), as a check.
    max_steps : int
        Largest number of accepted steps.

    Returns
    -------
    MeanFieldFlow

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.
    StepLimitError
        If `max_steps` do not suffice, or the steps shrink to nothing; it carries the state reached.

    Notes
    -----
    Valid down to epsilon = 1e-16; below rtol = 1e-10 rounding adds steps there but no digits. Starts that never learn
    (see
    `SingleIndex.diagnose`) are allowed.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-4)
    >>> flow = mean_field_flow(problem, uniform_start(50), t_end=1.0)
    >>> flow.risk[[0, -1]].round(4)
    array([1.2222, 0.0146])
    """
    instance("problem", problem, SingleIndex)
    a0 = starting_weights(a0)
    t_end = _end("t_end", t_end, problem)
    rtol = real("rtol", rtol, at_least=1e-13, at_most=1e-2)
    choice("method", method, METHODS)
    max_steps = integer("max_steps", integer("max_steps", max_steps, at_least=1), at_most=MOST_STEPS)
    times = _state_times(times, t_end)
    stops, place = np.unique(np.append(times, t_end), return_inverse=True)
    route = _by_rodas4 if method == "rodas4" else _by_radau
    t, residuals, rates, a, s = route(problem, a0, stops[stops > 0], rtol, max_steps)
    if stops[0] == 0:
        a, s = np.vstack([a0, a]), np.vstack([np.zeros_like(a0), s])
    kept = place[:-1]
    return MeanFieldFlow(
        problem=problem,
        a0=a0,
        rtol=rtol,
        method=method,
        t=t,
        residuals=residuals,
        residual_rates=rates,
        state_times=times,
        a=a[kept],
        s=s[kept],
    )


def learning_times(flow, *, level=0.5, tolerance=1e-3):
    r"""First times of :math:`e_k/\phi_k \le` `level`, for every degree k, with a check of their accuracy.

    Parameters
    ----------
    flow : MeanFieldFlow
    level : float
        Share of the residual that is left, in (0, 1); 1/2 defines the learning times :math:`T_k`. A residual of the
        other sign is below every level: where the start overshoots a degree, its time is 0.
    tolerance : float
        Largest relative error that is accepted, > 0.

    Returns
    -------
    LearningTimes

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.
    ArithmeticError
        If a time changes by more than `tolerance` when the flow is integrated again with ten times its rtol, or is
        reached in one of the two runs only.

    Notes
    -----
    Between two steps the residuals are interpolated by the cubic polynomial with their values and derivatives.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-4)
    >>> learning_times(mean_field_flow(problem, uniform_start(50), t_end=1.0)).times[:3].round(6)
    array([0.000435, 0.074796, 0.285918])
    """
    instance("flow", flow, MeanFieldFlow)
    level = real("level", level, above=0, below=1)
    tolerance = real("tolerance", tolerance, above=0)
    coarse = mean_field_flow(
        flow.problem,
        flow.a0,
        t_end=flow.t[-1],
        rtol=min(COARSENING * flow.rtol, 1e-2),
        method=flow.method,
        max_steps=COARSE_STEPS + 10 * flow.t.size,
    )
    times, check = _crossings(flow, level), _crossings(coarse, level)
    errors = np.abs(times - check)
    errors[np.isnan(times) != np.isnan(check)] = inf
    wrong = np.flatnonzero(errors > tolerance * times)
    if not wrong.size:
        wrong = np.flatnonzero(np.isinf(errors))
    if wrong.size:
        k = wrong[0]
        raise ArithmeticError(
            f"the learning time {times[k]:.6g} of degree {k} is uncertain by {errors[k]:.1e}, more than the tolerance "
            f"{tolerance:g} of it: "
            f"integrate with a smaller rtol than {flow.rtol:g}"
        )
    return LearningTimes(times=times, errors=errors)


def _end(name, value, problem):
    value = real(name, value, above=0)
    if value < problem.first_stage:
        raise ValueError(f"{name} must be >= {problem.first_stage:.4g}, the time scale of the first stage, got {value!r}")
    return value


def _state_times(times, t_end):
    if times is None:
        return np.array([t_end])
    times = np.atleast_1d(real_array("times", times, at_least=0))
    if times.ndim > 1 or times.max() > t_end:
        raise ValueError(
            f"times must be a vector of times <= t_end = {t_end:g}, got shape {times.shape}, largest {times.max():g}"
        )
    return times


def _by_rodas4(problem, a0, stops, rtol, max_steps):
    phi, sigma, epsilon = problem.phi, problem.sigma, problem.epsilon
    a, s = a0.copy(), np.zeros_like(a0)
    clock, reached = np.array([0.0, min(FIRST_STEP * epsilon, stops[-1])]), np.zeros(1, np.int64)
    stop_a, stop_s = np.empty((2, stops.size, a0.size))
    pieces = [_start_of_residuals(problem, a0)]
    status, done, most = rosenbrock.RUNNING, 0, max(1, WORK_OF_A_CALL // (a0.size * phi.size))
    while status == rosenbrock.RUNNING:
        size = min(CHUNK, most, max_steps - done)
        if size == 0:
            raise StepLimitError(f"max_steps = {max_steps} do not suffice", t=clock[0], t_end=stops[-1], state=(a, s))
        t, (e, rates) = np.empty(size), np.empty((2, size, phi.size))
        with one_blas_thread():
            status, taken = rosenbrock.advance(
                a, s, clock, stops, reached, phi, sigma, epsilon, rtol, t, e, rates, stop_a, stop_s
            )
        look_up()
        pieces.append((t[:taken], e[:taken], rates[:taken]))
        done += taken
    if status == rosenbrock.STALLED:
        raise StepLimitError(f"steps of {clock[1]:.1e} are too short", t=clock[0], t_end=stops[-1], state=(a, s))
    return *(np.concatenate(column) for column in zip(*pieces)), stop_a, stop_s


def _by_radau(problem, a0, stops, rtol, max_steps):
    m = a0.size
    atol = np.repeat([rtol, rtol * sqrt(problem.epsilon)], m)
    solver = Radau(
        lambda _, y: _velocity(problem, y),
        0.0,
        np.append(a0, np.zeros(m)),
        stops[-1],
        first_step=min(FIRST_STEP * problem.epsilon, stops[-1]),
        rtol=rtol,
        atol=atol,
        jac=lambda _, y: _jacobian(problem, y),
    )
    pieces = [_start_of_residuals(problem, a0)]
    states = follow(
        solver,
        stops,
        max_steps=max_steps,
        split=lambda y: np.split(y, 2),
        observe=lambda t, y: pieces.append(_residuals_with_rates(problem, t, y)),
    )
    return *(np.concatenate(column) for column in zip(*pieces)), states[:, :m], states[:, m:]


def _start_of_residuals(problem, a0):
    return _residuals_with_rates(problem, 0.0, np.append(a0, np.zeros_like(a0)))


def _residuals(problem, y):
    a, s = np.split(y, 2)
    return problem.phi - problem.sigma * (_powers(problem, s) @ a) / a.size


def _residuals_with_rates(problem, t, y):
    a, s = np.split(y, 2)
    da, ds = np.split(_velocity(problem, y), 2)
    powers, k = _powers(problem, s), np.arange(1, problem.phi.size)
    moved = powers @ da
    moved[1:] += k * (powers[:-1] @ (a * ds))
    return np.array([t]), _residuals(problem, y)[None], -(problem.sigma * moved / a.size)[None]


def _powers(problem, s):
    return s ** np.arange(problem.phi.size)[:, None]


def _generator(problem, y):
    """G, G' and G'' at the particles."""
    s = y[y.size // 2 :]
    c = problem.sigma * _residuals(problem, y)
    values = []
    for _ in range(3):
        values.append(series(c, s))
        c = c[1:] * np.arange(1, c.size)
    return values


def _velocity(problem, y):
    a, s = np.split(y, 2)
    value, slope, _ = _generator(problem, y)
    return np.concatenate([value / problem.epsilon, a * (1 - s * s) * slope])


def _jacobian(problem, y):
    a, s = np.split(y, 2)
    m, k = a.size, np.arange(problem.phi.size)[:, None]
    _, slope, bend = _generator(problem, y)
    rest = 1 - s * s
    powers = _powers(problem, s)
    lifted = np.vstack([np.zeros(m), powers[:-1]]) * k
    residual_slopes = -(problem.sigma[:, None] / m) * np.hstack([powers, a * lifted])
    pushes = problem.sigma * np.vstack([powers.T / problem.epsilon, (a * rest * lifted).T])
    jacobian = pushes @ residual_slopes
    i = np.arange(m)
    jacobian[i, m + i] += slope / problem.epsilon
    jacobian[m + i, i] += rest * slope
    jacobian[m + i, m + i] += a * (rest * bend - 2 * s * slope)
    return jacobian


def _crossings(flow, level):
    phi = flow.problem.phi
    result = np.full(phi.size, np.nan)
    for k in np.flatnonzero(phi):
        left = flow.residuals[:, k] / phi[k] - level
        if (left <= 0).any():
            last = int(np.argmax(left <= 0))
            result[k] = 0.0 if last == 0 else _root(flow.t, left, flow.residual_rates[:, k] / phi[k], last)
    return result


def _root(t, values, rates, last):
    """Zero, between the steps last - 1 and last, of the cubic with these values and rates at both."""
    before, after = values[last - 1 : last + 1]
    step = t[last] - t[last - 1]
    first, second = step * rates[last - 1 : last + 1]

    def cubic(x):
        y = 1 - x
        return y * y * ((1 + 2 * x) * before + x * first) + x * x * ((1 + 2 * y) * after - y * second)

    return t[last - 1] + step * brentq(cubic, 0.0, 1.0, xtol=1e-15)
