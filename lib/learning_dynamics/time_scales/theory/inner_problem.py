"""The inner problem of stages 4 and 5: a motion under two constraints."""

import numpy as np
from scipy.integrate import solve_ivp

from learning_dynamics._validation import instance
from learning_dynamics.time_scales.mathematics.learning_order import moving_values
from learning_dynamics.time_scales.model import SingleIndex

TOLERANCE = 1e-11
GROWTH = 1e6
LONGEST = 1e3


def linear_parameters(problem, a0):
    r"""Return :math:`|\kappa|`, :math:`X = |\phi_1/\sigma_1|` and the variance V of the deviations, all > 0.

    Raises
    ------
    ValueError
        If one of them is 0.
    """
    if problem.kappa == 0:
        raise ValueError("activation and target must have components of degree 1, got kappa = 0: the overlaps never move")
    with np.errstate(over="ignore"):
        variance = float((deviations(problem, a0) ** 2).mean())
    if not (np.isfinite(variance) and (variance > 0 or np.ptp(a0) == 0)):
        raise ValueError(f"a0 must have entries whose squares are normal numbers, got sizes up to {np.abs(a0).max():g}")
    if not variance > 0:
        raise ValueError(
            f"a0 must have at least 2 distinct values, got {a0.size} times {a0[0]!s}: atomic starts learn on no vanishing scale"
        )
    return abs(problem.kappa), abs(float(problem.phi[1] / problem.sigma[1])), variance


def deviations(problem, a0):
    """Return what grows in the linear stage: a0 minus its mean, or a0 if the activation has no constant."""
    if problem.sigma[0] == 0:
        return a0
    return a0 - a0.mean() if np.ptp(a0) > 0 else np.zeros_like(a0)


class Inner:
    """The constrained inner problem of stages 4 and 5; a state is the vector of A and S."""

    def __init__(self, problem, a0):
        instance("problem", problem, SingleIndex)
        self.problem, self.delta = problem, deviations(problem, a0)
        _, self.ratio, self.variance = linear_parameters(problem, a0)
        self.pull = float(problem.sigma[2] * problem.phi[2]) if problem.degree >= 2 else 0.0
        if self.pull == 0:
            raise ValueError("activation and target must have components of degree 2, got sigma_2 phi_2 = 0")
        wanted = 3 if problem.sigma[0] else 2
        distinct = moving_values(problem.sigma, a0).size
        if distinct < wanted:
            raise ValueError(
                f"a0 must have at least {wanted} distinct values, got {distinct}: with fewer, degree 2 is learnt "
                "on no vanishing scale"
            )

    def start(self):
        A = self.delta * np.sqrt(self.ratio / self.variance)
        return np.append(A, np.sign(self.problem.kappa) * A)

    def velocity(self, state, q):
        A, S = np.split(state, 2)
        lam, mu = state_multipliers(A, S, q, self.problem.sigma[0] != 0)
        return np.append(lam + mu * S + q * S * S, A * (mu + 2 * q * S))

    def saturation(self, state):
        r""":math:`\sigma_2 \langle A S^2 \rangle/\phi_2`."""
        A, S = np.split(state, 2)
        return self.problem.sigma[2] / self.problem.phi[2] * (A * S * S).mean()

    def blow_up_time(self):
        """Integrate in a time that slows down with the size, until the size is a million times that of the start."""
        start = np.append(self.start(), 0.0)
        size = np.linalg.norm(start)

        def slowed(_, y):
            change = self.velocity(y[:-1], self.pull)
            return np.append(change, 1.0) / (1 + abs(self.pull) * np.linalg.norm(y[:-1]))

        def grown(_, y):
            return np.linalg.norm(y[:-1]) - GROWTH * size

        grown.terminal = True
        result = solve_ivp(slowed, (0, LONGEST), start, method="DOP853", rtol=TOLERANCE, atol=TOLERANCE, events=grown)
        state, tau = result.y[:-1, -1], result.y[-1, -1]
        if result.status != 1:
            raise ArithmeticError(f"the inner problem of stage 4 does not blow up before tau = {tau:.6g}")
        return float(tau + state @ state / (state @ self.velocity(state, self.pull)))

    def half_time(self):
        """Time of stage 5 at which half of degree 2 is learnt."""
        shrink = self.problem.epsilon ** (1 / 12)
        begin = -self.blow_up_time() / shrink

        def half(_, y):
            return self.saturation(y) - 0.5

        half.terminal = True
        result = solve_ivp(
            self.saturating_velocity,
            (begin, begin + LONGEST),
            shrink * self.start(),
            method="DOP853",
            rtol=TOLERANCE,
            atol=TOLERANCE,
            events=half,
        )
        if result.status != 1:
            raise ArithmeticError(f"the inner problem of stage 5 learns no degree 2 before tau = {result.t[-1]:.6g}")
        return float(result.t[-1])

    def saturating_velocity(self, _, state):
        return self.velocity(state, self.pull * (1 - self.saturation(state)))

    def solve(self, state, start, tau, *, saturating):
        """States at the times tau, all after `start`, as A and S of shape (n, m)."""
        velocity = self.saturating_velocity if saturating else lambda _, y: self.velocity(y, self.pull)
        span = (start, tau[-1] if tau[-1] > start else start + 1.0)
        result = solve_ivp(velocity, span, state, t_eval=tau, method="DOP853", rtol=TOLERANCE, atol=TOLERANCE)
        if not result.success:
            raise ArithmeticError(f"the inner problem could not be integrated: {result.message}")
        return np.split(result.y.T, 2, axis=1)


def state_multipliers(A, S, q, constant):
    """The two multipliers at one state, vectors of shape (m,); without a constant the first one is 0."""
    mean_S, mean_S2 = (S.mean(), (S * S).mean()) if constant else (0.0, 0.0)
    gram = (S * S).mean() - mean_S**2 + (A * A).mean()
    mu = q * (mean_S2 * mean_S - (S**3).mean() - 2 * (A * A * S).mean()) / gram
    return -mu * mean_S - q * mean_S2, mu
