"""Networks of m neurons in d dimensions: the exact gradient flow, and one-pass stochastic gradient descent."""

from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.integrate import DOP853

from learning_dynamics._interruption import in_parts
from learning_dynamics._limits import check_room
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import (
    MOST_STEPS,
    choice,
    instance,
    integer,
    real,
    real_array,
    size,
    size_or_infinite,
)
from learning_dynamics.time_scales.kernels import sgd as descent
from learning_dynamics.time_scales.mathematics import overlaps
from learning_dynamics.time_scales.mathematics.hermite import ACTIVATIONS
from learning_dynamics.time_scales.mathematics.integrator import StepLimitError, follow
from learning_dynamics.time_scales.model import SingleIndex, increasing, starting_weights
from learning_dynamics.time_scales.simulation.overlap_flow import OverlapFlow, compiled_system

KERNELS = ("series", "exact")
METHODS = ("overlaps", "directions")
KINDS = {"relu": descent.RELU, "erf": descent.ERF}
UNIT_TOLERANCE, DRIFT_TOLERANCE = 1e-9, 1e-6
MOST_SAMPLES = 10**9
WORK_OF_A_CALL = 2**27
"""Coordinates that a compiled call moves at most; they take less than a second."""
STABLE = 10.0
EXPLOSION = 1e8


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkRun:
    r"""States of a finite network at given times.

    Attributes
    ----------
    t : numpy.ndarray of float, shape (q,)
    risk : numpy.ndarray of float, shape (q,)
        The population risk
        :math:`\frac12 \|\varphi\|^2 - \frac1m \sum_i a_i V(s_i) + \frac{1}{2m^2} \sum_{ij} a_i a_j U(r_{ij})`.
    a, s : numpy.ndarray of float, shape (q, m)
        Second-layer weights, and overlaps :math:`s_i = \langle u_i, u_* \rangle`.
    overlaps : numpy.ndarray of float, shape (m, m)
        :math:`r_{ij} = \langle u_i, u_j \rangle` at the last of the times.
    """

    t: np.ndarray
    risk: np.ndarray
    a: np.ndarray
    s: np.ndarray
    overlaps: np.ndarray


def draw_directions(*, m, d, seed):
    r"""Draw m independent uniform unit vectors of :math:`R^d`, in coordinates of the span of :math:`u_*` and
    themselves.

    Parameters
    ----------
    m : int
        Number of neurons, >= 1.
    d : int or inf
        Dimension, >= 2. For ``math.inf`` the vectors are orthonormal and orthogonal to :math:`u_*`.
    seed : int
        Seed, >= 0, of ``numpy.random.default_rng``.

    Returns
    -------
    numpy.ndarray of float, shape (m, 1 + min(m, d - 1))
        Rows :math:`u_i`; the first coordinate is that along :math:`u_*`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.

    Notes
    -----
    Exact in law: the coordinates beyond the first are the triangular factor of a Gaussian matrix with d - 1 columns,
    whose
    entries are independent, normal below the diagonal and chi-distributed on it. The cost does not depend on d.
    """
    m, d = size("m", m), size_or_infinite("d", d, at_least=2)
    check_room(2 * m * (1 + min(m, d - 1)), m=m, d=d)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    if d == inf:
        return np.eye(m, m + 1, 1)
    count = min(m, d - 1)
    u = np.zeros((m, 1 + count))
    u[:, 0] = rng.standard_normal(m)
    u[:, 1:] = np.tril(rng.standard_normal((m, count)), -1)
    i = np.arange(count)
    u[i, i + 1] = np.sqrt(rng.chisquare(float(d) - 1 - i))
    return u / np.linalg.norm(u, axis=1, keepdims=True)


def network_flow(problem, a0, directions, *, times, rtol=1e-8, kernel="series", method="overlaps", max_steps=100_000):
    r"""Integrate the exact gradient flow of a finite network on the population risk, paper 2 equations (5), (6).

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.
    directions : array_like of float, shape (m, q)
        Initial unit vectors with :math:`u_* = e_1`, as from `draw_directions`. The flow stays in their span with
        :math:`u_*`, so q need not be d.
    times : array_like of float, shape (n,)
        Increasing times >= 0 at which the state is kept.
    rtol : float
        Tolerance of a step, in [1e-13, 1e-2].
    kernel : {"series", "exact"}
        U as the series of K + 1 terms, as in the mean-field flow, or exact: for "relu", "erf" and activations given
        as arrays.
    method : {"overlaps", "directions"}
        Closed system in (a, s, r), or the projected flow of the vectors themselves, as a check.
    max_steps : int
        Largest number of steps.

    Returns
    -------
    NetworkRun

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range, shapes do not fit, or a direction is not a unit vector.
    StepLimitError
        If `max_steps` do not suffice; at once if they cannot.

    Notes
    -----
    Runge-Kutta method of order 8, with a polynomial of degree 7 between its steps. It is explicit: over a time t it
    needs about :math:`t \max(\sigma_0^2, \|\sigma\|^2/m)/(6\epsilon)` steps at least. "overlaps" is compiled, the
    steps included, keeps each pair of neurons once, and makes twelve products of m x m matrices a step: O(m^3), some
    10 microseconds at m = 5 and 100 ms at m = 500. "directions" is SciPy's implementation of the method, with the same
    control of steps. BLAS is held to one thread.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-2)
    >>> network_flow(problem, uniform_start(10), draw_directions(m=10, d=1000, seed=0), times=[0.0, 1.0]).s.shape
    (2, 10)
    """
    instance("problem", problem, SingleIndex)
    a0, u0 = _network(a0, directions)
    times = increasing("times", times, at_least=0)
    rtol = real("rtol", rtol, at_least=1e-13, at_most=1e-2)
    max_steps = integer("max_steps", integer("max_steps", max_steps, at_least=1), at_most=MOST_STEPS)
    choice("method", method, METHODS)
    U = overlap_kernel(problem, kernel)
    _check_steps(problem, a0, times[-1], max_steps)
    with one_blas_thread():
        if method == "overlaps":
            return _by_overlaps(problem, kernel, a0, u0, times, rtol, max_steps)
        system = _Directions(problem, U)
        states = _states(system, system.start(a0, u0), times, rtol, max_steps)
        return network_run(problem, U, times, [system.observe(y) for y in states])


def learning_times_of_run(problem, run, *, level=0.5):
    r"""First times at which a finite network has learnt a given share of each degree.

    Degree k is learnt to the share :math:`\sigma_k \langle a s^k \rangle / \varphi_k`; the share :math:`1 - ` `level` of it makes the
    residual of `learning_times` fall to `level`.

    Parameters
    ----------
    problem : SingleIndex
    run : NetworkRun
    level : float
        Share that is left, in (0, 1).

    Returns
    -------
    numpy.ndarray of float, shape (K + 1,)
        Linear between the kept times, whose spacing bounds the error; NaN where the share is not reached, or
        :math:`\varphi_k = 0`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, grouped_flow, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-4)
    >>> run = grouped_flow(problem, uniform_start(5), m=1000, times=np.linspace(0, 0.5, 1001))
    >>> learning_times_of_run(problem, run)[1:3].round(3)
    array([0.078, 0.321])
    """
    instance("problem", problem, SingleIndex)
    instance("run", run, NetworkRun)
    wanted = 1 - real("level", level, above=0, below=1)
    found = np.full(problem.degree + 1, np.nan)
    for k in np.flatnonzero(problem.phi):
        learnt = problem.sigma[k] / problem.phi[k] * (run.a * run.s**k).mean(axis=1)
        j = int((learnt >= wanted).argmax())
        if learnt[j] >= wanted:
            found[k] = np.interp(wanted, learnt[j - 1 : j + 1], run.t[j - 1 : j + 1]) if j else run.t[0]
    return found


def sgd(problem, a0, directions, *, d, step, times, seed):
    r"""Train a finite network by one-pass stochastic gradient descent, a fresh sample a step, paper 2 section 7.

    With :math:`\rho = y - f(x)`: :math:`a_i \leftarrow a_i + (\eta/\epsilon) \rho \sigma(z_i)`,
    :math:`u_i \leftarrow u_i + \eta \rho a_i \sigma'(z_i)(x - z_i u_i)`, normalised. Time counts steps times the step
    size :math:`\eta`.

    Parameters
    ----------
    problem : SingleIndex
        Its activation must be "relu", "erf" or an array; its target is the series of K + 1 terms.
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.
    directions : array_like of float, shape (m, q)
        Initial unit vectors with :math:`u_* = e_1`, q <= d; the other coordinates are 0, which is no loss, the law of x
        being invariant.
    d : int
        Dimension.
    step : float
        :math:`\eta` > 0; about :math:`0.1 \sqrt\epsilon/d` is stable.
    times : array_like of float, shape (n,)
        Increasing times >= 0 at which the state is kept; each is rounded to a whole number of steps.
    seed : int
        Seed, >= 0.

    Returns
    -------
    NetworkRun
        With the exact population risk.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range, shapes do not fit, or more than 10^9 steps are asked
        for.
    ArithmeticError
        If the weights overflow or the risk passes 1e8 times its size at the start, because the step is too large.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-2)
    >>> directions = draw_directions(m=5, d=20, seed=0)
    >>> run = sgd(problem, uniform_start(5), directions, d=20, step=5e-4, times=[0, 0.1], seed=1)
    >>> run.a.shape
    (2, 5)
    """
    instance("problem", problem, SingleIndex)
    a, u0 = _network(a0, directions)
    d = size("d", d, at_least=max(2, u0.shape[1]))
    check_room(a.size * d, d=d)
    step = real("step", step, above=0)
    times = increasing("times", times, at_least=0)
    wanted = np.rint(times / step)
    if wanted[-1] == 0 < times[-1]:
        raise ValueError(f"step must be at most twice the last time {times[-1]:g}, got {step:g}")
    if wanted[-1] > MOST_SAMPLES:
        raise ValueError(f"times must end within {MOST_SAMPLES:g} steps, got {wanted[-1]:g} steps of {step:g}")
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    U = overlap_kernel(problem, "exact")
    kind = KINDS.get(getattr(problem.activation, "name", None), descent.SERIES)
    roots = np.sqrt(np.arange(problem.degree + 2.0))
    u = np.zeros((a.size, d))
    u[:, : u0.shape[1]] = u0
    seen = []
    most = WORK_OF_A_CALL // (a.size * (d + problem.degree) + 1)
    for count in np.diff(wanted, prepend=0.0).astype(np.int64).tolist():
        for part in in_parts(count, most):
            with one_blas_thread():
                descent.descend(a, u, kind, problem.sigma, problem.phi, roots, step, step / problem.epsilon, part, rng)
        overlaps = u @ u.T
        if not (np.isfinite(a).all() and (np.abs(np.diag(overlaps) - 1) < DRIFT_TOLERANCE).all()):
            raise ArithmeticError(
                f"descent diverged: step must be smaller than {step:g}, about {0.1 * problem.epsilon**0.5 / d:.1e}"
            )
        seen.append((a.copy(), u[:, 0].copy(), overlaps))
    run = network_run(problem, U, wanted * step, seen)
    first = network_run(problem, U, np.zeros(1), [(starting_weights(a0), u0[:, 0], u0 @ u0.T)]).risk[0]
    if not run.risk.max() <= EXPLOSION * (first + problem.phi @ problem.phi):
        raise ArithmeticError(
            f"descent diverged to the risk {run.risk.max():.3g}: step must be smaller than {step:g}, "
            f"about {0.1 * problem.epsilon**0.5 / d:.1e}"
        )
    return run


def overlap_kernel(problem, kernel):
    r"""Return U as a function of an array r, with the keyword `derivative` in {0, 1}.

    Parameters
    ----------
    problem : SingleIndex
    kernel : {"series", "exact"}

    Raises
    ------
    ValueError
        If there is no exact kernel: the activation is neither "relu" nor "erf" nor an array of at most K + 1
        coefficients.
    """
    choice("kernel", kernel, KERNELS)
    given = problem.activation
    if kernel == "exact" and not isinstance(given, np.ndarray):
        if given is not ACTIVATIONS.get(given.name) or given.name not in overlaps.EXACT_KERNELS:
            raise ValueError(f"activation must be 'relu', 'erf' or an array to have an exact kernel, got {given.name!r}")
        return overlaps.EXACT_KERNELS[given.name]
    if kernel == "exact" and given.size > problem.degree + 1 and given[problem.degree + 1 :].any():
        raise ValueError(f"degree must be >= {given.size - 1} for an exact kernel of this activation, got {problem.degree}")
    c = problem.sigma**2
    derivatives = (c, c[1:] * np.arange(1, c.size))
    return lambda r, *, derivative=0: overlaps.series(derivatives[derivative], r)


def _check_steps(problem, a0, t_end, max_steps):
    """The second layer relaxes at a rate that bounds the stable steps of an explicit method from above."""
    rate = max(problem.sigma[0] ** 2, problem.sigma @ problem.sigma / a0.size) / problem.epsilon
    fewest = t_end * rate / STABLE
    if fewest > max_steps:
        reason = f"max_steps = {max_steps} do not suffice, as {fewest:.1g} or more are needed,"
        raise StepLimitError(reason, t=0.0, t_end=t_end, state=(a0,))


def _by_overlaps(problem, kernel, a0, u0, times, rtol, max_steps):
    """The closed system in (a, s, r), compiled."""
    flow = OverlapFlow(compiled_system(problem, kernel), a0, u0, times)
    if flow.later.size:
        flow.follow(rtol, max_steps)
    risk, r = _risk(problem, a0.size, *flow.sums.T), flow.split(flow.point)[2]
    return NetworkRun(t=times, risk=risk, a=flow.a, s=flow.s, overlaps=r)


class _Directions:
    """The projected gradient flow of the vectors, as a check."""

    def __init__(self, problem, U):
        self.U, self.epsilon = U, problem.epsilon
        c = problem.sigma * problem.phi
        self.V, self.V_slope = c, c[1:] * np.arange(1, c.size)

    def pulls(self, a, s, r):
        """a', V'(s) and the matrix of the a_j U'(r_ij)/m."""
        da = (overlaps.series(self.V, s) - self.U(r) @ a / a.size) / self.epsilon
        return da, overlaps.series(self.V_slope, s), self.U(r, derivative=1) * (a / a.size)

    def start(self, a, u):
        self.m = a.size
        return np.concatenate([a, u.ravel()])

    def split(self, y):
        return y[: self.m], y[self.m :].reshape(self.m, -1)

    def observe(self, y):
        a, u = self.split(y)
        return a, u[:, 0], u @ u.T

    def velocity(self, _, y):
        a, u = self.split(y)
        da, slope, pull = self.pulls(*self.observe(y))
        force = -pull @ u
        force[:, 0] += slope
        force -= np.einsum("ij,ij->i", force, u)[:, None] * u
        return np.concatenate([da, (a[:, None] * force).ravel()])


def _states(system, start, times, rtol, max_steps):
    later = times[times > 0]
    if not later.size:
        return [start]
    solver = DOP853(system.velocity, 0.0, start, later[-1], rtol=rtol, atol=rtol)
    states = follow(solver, later, max_steps=max_steps, split=system.split)
    return states if later.size == times.size else [start, *states]


def network_run(problem, U, times, seen):
    """The `NetworkRun` of states (a, s, r) with overlap kernel U."""
    a, s, _ = (np.array(column) for column in zip(*[(a, s, 0) for a, s, _ in seen]))
    pulls = (a * overlaps.series(problem.sigma * problem.phi, s)).sum(axis=1)
    squares = np.array([weights @ U(r) @ weights for weights, _, r in seen])
    return NetworkRun(t=times, risk=_risk(problem, a.shape[1], pulls, squares), a=a, s=s, overlaps=seen[-1][2].copy())


def _risk(problem, m, pulls, squares):
    """From the sums of the a_i V(s_i), and of the a_i a_j U(r_ij)."""
    return problem.phi @ problem.phi / 2 - pulls / m + squares / (2 * m * m)


def _network(a0, directions):
    a0 = starting_weights(a0)
    u = real_array("directions", directions, ndim=2, squares=True)
    if u.shape[0] != a0.size:
        raise ValueError(f"directions must have {a0.size} rows, one for each entry of a0, got {u.shape[0]}")
    norms = np.linalg.norm(u, axis=1)
    worst = np.abs(norms - 1).argmax()
    if abs(norms[worst] - 1) > UNIT_TOLERANCE:
        raise ValueError(f"directions must be unit vectors, got one of norm {norms[worst]:.6g}")
    return a0, u / norms[:, None]
