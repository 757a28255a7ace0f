r"""Exact networks of very many neurons, of which few differ at the start: one set of equations for each sort of neuron."""

from math import inf

import numpy as np
from numpy.polynomial.polynomial import polyder
from scipy.integrate import BDF

from learning_dynamics._limits import check_room
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import MOST_STEPS, instance, integer, real, size_or_infinite
from learning_dynamics.time_scales.mathematics.integrator import follow
from learning_dynamics.time_scales.model import SingleIndex, increasing, starting_weights
from learning_dynamics.time_scales.simulation.networks import NetworkRun

LATEST = 1e12


def grouped_flow(problem, a0, *, m, times, rtol=1e-8, max_steps=100_000):
    r"""Integrate the exact gradient flow of a network in which each starting weight occurs equally often.

    In infinitely many dimensions the starting directions are orthonormal, so that neurons with one starting weight can be exchanged and
    have the same a and s for ever. With N groups of g = m/N neurons the closed system of `network_flow` has
    :math:`2N + N(N+1)/2` unknowns for any m: the overlap of two groups, and on the diagonal that of two neurons of one group.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (N,)
        Starting weights of the groups.
    m : int or inf
        Neurons, a multiple of N. For ``math.inf`` the flow is the mean-field flow of N particles.
    times : array_like of float, shape (n,)
        Increasing times in [0, 1e12] at which the state is kept.
    rtol : float
        Tolerance of a step, in [1e-12, 1e-2]; errors of a count against 1 + \|a\|, those of s against :math:`\sqrt\epsilon` + \|s\|,
        those of r against :math:`\epsilon` + \|r\|.
    max_steps : int
        Largest number of steps.

    Returns
    -------
    NetworkRun
        Of the groups: a and s have the shape (n, N), `overlaps` the shape (N, N).

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range, or m is no multiple of N.
    StepLimitError
        If `max_steps` do not suffice, or the steps shrink to nothing.

    Notes
    -----
    Implicit multistep method (SciPy's BDF) with the kernel U as the series of K + 1 terms: the number of steps hardly depends on
    epsilon, and the cost, O(N^3) a step and O(N^6) for the few Jacobians, not on m.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex, uniform_start
    >>> problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-4)
    >>> run = grouped_flow(problem, uniform_start(5), m=10**6, times=[0.0, 0.1, 1.0])
    >>> run.a.shape, run.risk.round(3)
    ((3, 5), array([1.222, 0.142, 0.012]))
    """
    instance("problem", problem, SingleIndex)
    a0 = starting_weights(a0)
    m = size_or_infinite("m", m, at_least=a0.size)
    if m < inf and m % a0.size:
        raise ValueError(f"m must be a multiple of the {a0.size} starting weights, got {m}")
    times = increasing("times", times, at_least=0)
    if times[-1] > LATEST:
        raise ValueError(f"times must end by {LATEST:g}, got {times[-1]:g}")
    rtol = real("rtol", rtol, at_least=1e-12, at_most=1e-2)
    max_steps = integer("max_steps", integer("max_steps", max_steps, at_least=1), at_most=MOST_STEPS)
    unknowns = 2 * a0.size + a0.size * (a0.size + 1) // 2
    check_room(8 * unknowns**2, starting_weights=a0.size)
    system = _Groups(problem, a0.size, own=0.0 if m == inf else 1 / m)
    start = np.concatenate([a0, np.zeros(unknowns - a0.size)])
    with one_blas_thread():
        states = _states(system, start, times, rtol, max_steps)
    kept = [system.split(state) for state in states]
    a, s = (np.array([state[j] for state in kept]) for j in (0, 1))
    risk = np.array([system.risk(*state) for state in kept])
    return NetworkRun(t=times, risk=risk, a=a, s=s, overlaps=kept[-1][2])


def _states(system, start, times, rtol, max_steps):
    stops = times[times > 0]
    states = [start] * int(times[0] == 0)
    if stops.size:
        solver = BDF(system.velocity, 0.0, start, stops[-1], rtol=rtol, atol=rtol * system.sizes(), vectorized=True)
        states += list(follow(solver, stops, max_steps=max_steps, split=system.split))
    return states


class _Groups:
    """The closed system of the groups; `own` is the share 1/m of one neuron, 0 in the limit."""

    def __init__(self, problem, groups, own):
        self.epsilon, self.count, self.own = problem.epsilon, groups, own
        self.target = float(problem.phi @ problem.phi)
        self.U, self.V = problem.sigma**2, problem.sigma * problem.phi
        self.dU, self.dV = polyder(self.U), polyder(self.V)
        self.upper = np.triu_indices(groups)

    def sizes(self):
        """What the entries of a state are measured by while they are small."""
        n = self.count
        return np.repeat([1.0, self.epsilon**0.5, self.epsilon], [n, n, n * (n + 1) // 2])

    def split(self, y):
        """Weights, overlaps with the target, and overlaps of the groups; leading axes are kept."""
        n = self.count
        r = np.empty((*y.shape[:-1], n, n))
        i, j = self.upper
        r[..., i, j] = r[..., j, i] = y[..., 2 * n :]
        return y[..., :n], y[..., n : 2 * n], r

    def velocity(self, t, y):
        """Time derivatives of states in columns, or of one."""
        a, s, r = self.split(y.T)
        n, own, within = self.count, self.own, np.diagonal(r, axis1=-2, axis2=-1)
        push = a[..., None, :] * _value(self.dU, r)
        twin = np.diagonal(push, axis1=-2, axis2=-1)
        slope = _value(self.dV, s)
        learnt = (_value(self.U, r) @ a[..., None])[..., 0] / n
        # A sum over groups counts a neuron as one more of its group; what differs for the neuron itself has the weight 1/m.
        itself = own * a * (self.U.sum() - _value(self.U, within))
        da = (_value(self.V, s) - learnt - itself) / self.epsilon
        straight = (push * r).sum(-1)
        pulled = ((push @ s[..., None])[..., 0] - straight * s) / n - own * twin * (1 - within) * s
        ds = a * (slope * (1 - s * s) - pulled)
        turned = (push @ r - straight[..., None] * r) / n
        turned += own * (push * (1 - within)[..., None, :] - (twin * (1 - within))[..., None] * r)
        half = a[..., None] * (slope[..., None] * (s[..., None, :] - r * s[..., None]) - turned)
        dr = half + np.swapaxes(half, -1, -2)
        i, j = self.upper
        return np.concatenate([da, ds, dr[..., i, j]], axis=-1).T

    def risk(self, a, s, r):
        """Population risk of one state."""
        n, within = self.count, r.diagonal()
        itself = self.own * (a * a * (self.U.sum() - _value(self.U, within))).mean()
        output = a @ _value(self.U, r) @ a / n**2 + itself
        return self.target / 2 - (a * _value(self.V, s)).mean() + output / 2


def _value(coefficients, x):
    """A polynomial by Horner's rule."""
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value
