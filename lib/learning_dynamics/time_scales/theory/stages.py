"""The five stages of the canonical order up to degree 2: inner problems and their solutions."""

from dataclasses import dataclass

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import instance, real, real_array
from learning_dynamics.time_scales.model import SingleIndex, increasing, starting_weights
from learning_dynamics.time_scales.theory.inner_problem import Inner, deviations, linear_parameters, state_multipliers

LAST_TAU = 1000.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    r"""Leading order of the flow in one stage, in its inner variables and in the original ones.

    Attributes
    ----------
    tau, t : numpy.ndarray of float, shape (n,)
        Inner time, and time.
    A, S : numpy.ndarray of float, shape (n, m)
        Rescaled weights and overlaps.
    residual : numpy.ndarray of float, shape (n,)
        Leading order of :math:`e_k/\phi_k` of the degree that the stage learns.
    a_scale, s_scale : float
        :math:`a = \text{a\_scale} A` and :math:`s = \text{s\_scale} S`.
    """

    tau: np.ndarray
    t: np.ndarray
    A: np.ndarray
    S: np.ndarray
    residual: np.ndarray
    a_scale: float
    s_scale: float

    @property
    def a(self):
        """Second-layer weights, shape (n, m)."""
        return self.a_scale * self.A

    @property
    def s(self):
        """Overlaps, shape (n, m)."""
        return self.s_scale * self.S


def constant_stage(problem, a0, tau):
    r"""Stage 1, :math:`t = \epsilon \tau`: the mean of a relaxes,
    :math:`\bar a = \phi_0/\sigma_0 + (\bar a(0) - \phi_0/\sigma_0) e^{-\sigma_0^2 \tau}`, and s = 0.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.
    tau : array_like of float, shape (n,)
        Inner times >= 0.

    Returns
    -------
    Stage
        The error falls like epsilon.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or activation or target have no constant.
    """
    instance("problem", problem, SingleIndex)
    a0, tau = starting_weights(a0), real_array("tau", tau, ndim=1, at_least=0)
    if problem.sigma[0] * problem.phi[0] == 0:
        raise ValueError("activation and target must have a constant to learn, got coefficient 0")
    goal, left = problem.phi[0] / problem.sigma[0], np.exp(-(problem.sigma[0] ** 2) * tau)
    A = a0 + np.multiply.outer(1 - left, np.full(a0.size, goal - a0.mean()))
    share = (1 - a0.mean() / goal) * left
    return Stage(tau=tau, t=problem.epsilon * tau, A=A, S=np.zeros_like(A), residual=share, a_scale=1.0, s_scale=1.0)


def linear_growth_stage(problem, a0, tau):
    r"""Stage 2, :math:`t = \sqrt\epsilon \tau`, :math:`s = \sqrt\epsilon S`: deviations from the mean grow
    exponentially.

    :math:`a_i = \alpha + \delta_i \cosh \kappa\tau` and :math:`S_i = \kappa \alpha \tau + \delta_i \sinh \kappa\tau`
    with :math:`\alpha = \phi_0/\sigma_0`, :math:`\delta_i = a_i(0) - \bar a(0)`; without a constant in the activation
    :math:`\alpha = 0`, :math:`\delta = a(0)`.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.
    tau : array_like of float, shape (n,)
        Inner times >= 0.

    Returns
    -------
    Stage
        The error falls like :math:`\epsilon^{1/2}`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, a0 has a single value, or kappa = 0.
    """
    instance("problem", problem, SingleIndex)
    a0, tau = starting_weights(a0), real_array("tau", tau, ndim=1, at_least=0)
    linear_parameters(problem, a0)
    alpha = problem.phi[0] / problem.sigma[0] if problem.sigma[0] else 0.0
    delta, root = deviations(problem, a0), problem.epsilon**0.5
    with within_floats(tau=tau):
        A = alpha + np.multiply.outer(np.cosh(problem.kappa * tau), delta)
        S = (problem.kappa * alpha * tau)[:, None] + np.multiply.outer(np.sinh(problem.kappa * tau), delta)
    return Stage(tau=tau, t=root * tau, A=A, S=S, residual=np.ones_like(tau), a_scale=1.0, s_scale=root)


def linear_saturation_stage(problem, a0, tau):
    r"""Stage 3, :math:`t = \sqrt\epsilon(\ln(1/\epsilon)/(4|\kappa|) + \tau)`, :math:`a = \epsilon^{-1/4} A`,
    :math:`s = \epsilon^{1/4} S`: logistic growth.

    :math:`x = \langle A^2 \rangle = X/(1 + C e^{-2|\kappa|\tau})`, :math:`C = 4X/V`,
    :math:`A_i = \delta_i \sqrt{x/V}`, :math:`S_i = \mathrm{sgn}(\kappa) A_i`, and
    :math:`e_1/\phi_1 = 1 - x/X`.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights.
    tau : array_like of float, shape (n,)
        Inner times, of any sign.

    Returns
    -------
    Stage
        The error of A falls like :math:`\epsilon^{1/4}`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, a0 has a single value, or kappa = 0.
    """
    instance("problem", problem, SingleIndex)
    a0, tau = starting_weights(a0), real_array("tau", tau, ndim=1)
    rate, ratio, variance = linear_parameters(problem, a0)
    with np.errstate(over="ignore"):  # far before the stage the share is 0
        share = 1 / (1 + 4 * ratio / variance * np.exp(-2 * rate * tau))
    A = np.multiply.outer(np.sqrt(ratio * share / variance), deviations(problem, a0))
    epsilon = problem.epsilon
    return Stage(
        tau=tau,
        t=epsilon**0.5 * (-np.log(epsilon) / (4 * rate) + tau),
        A=A,
        S=np.sign(problem.kappa) * A,
        residual=1 - share,
        a_scale=epsilon**-0.25,
        s_scale=epsilon**0.25,
    )


def quadratic_growth_stage(problem, a0, tau, *, start):
    r"""Stage 4, :math:`t = T_1 + \epsilon^{1/4} \tau`, scales as in stage 3: growth under constraints, up to a
    blow-up at :math:`\tau_*`.

    :math:`A' = \lambda + \mu S + q S^2`, :math:`S' = A(\mu + 2qS)` with :math:`q = \sigma_2 \phi_2` and with
    multipliers that keep :math:`\langle A \rangle = 0` and :math:`\langle AS \rangle = \phi_1/\sigma_1`, from the end
    of stage 3.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights, at least three different ones.
    tau : array_like of float, shape (n,)
        Increasing inner times in [0, tau*).
    start : float
        :math:`T_1` >= 0, measured or predicted.

    Returns
    -------
    Stage
        The error falls like :math:`\epsilon^{1/4}`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, the start is too atomic, or activation or target lack degree 1 or 2.
    """
    start = real("start", start, at_least=0)
    tau = increasing("tau", tau, at_least=0)
    inner = Inner(problem, starting_weights(a0))
    end = inner.blow_up_time()
    if tau[-1] >= end:
        raise ValueError(f"tau must be < {end:.6g}, the blow-up of the stage, got {tau[-1]!s}")
    A, S = inner.solve(inner.start(), 0.0, tau, saturating=False)
    epsilon = problem.epsilon
    return Stage(
        tau=tau,
        t=start + epsilon**0.25 * tau,
        A=A,
        S=S,
        residual=np.ones_like(tau),
        a_scale=epsilon**-0.25,
        s_scale=epsilon**0.25,
    )


def quadratic_saturation_stage(problem, a0, tau, *, start):
    r"""Stage 5, :math:`t = T_1 + \epsilon^{1/4} \tau_* + \epsilon^{1/3} \tau`, :math:`a = \epsilon^{-1/3} A`,
    :math:`s = \epsilon^{1/6} S`.

    As stage 4 with :math:`q \to \sigma_2(\phi_2 - \sigma_2 \langle AS^2 \rangle)`, from the start of stage 4 at
    :math:`\tau = -\epsilon^{-1/12} \tau_*`.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights, at least three different ones.
    tau : array_like of float, shape (n,)
        Increasing inner times, at least :math:`-\epsilon^{-1/12} \tau_*` and at most 1000.
    start : float
        :math:`T_1` >= 0, measured or predicted.

    Returns
    -------
    Stage
        At fixed m; the limit of many neurons first is open.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, the start is too atomic, or activation or target lack degree 1 or 2.

    Notes
    -----
    To leading order :math:`\langle A \rangle = \langle AS \rangle = 0` and the stage starts from the profile in which
    stage 4 blows up. That profile settles
    only with the logarithm of the size: neurons in the middle catch up with the outermost one. So stage 4 is passed
    through here with
    :math:`\langle AS \rangle = \epsilon^{1/6} \phi_1/\sigma_1`.
    """
    start = real("start", start, at_least=0)
    tau = increasing("tau", tau)
    if tau[-1] > LAST_TAU:
        raise ValueError(f"tau must be <= {LAST_TAU:g}, long after the stage, got {tau[-1]!s}")
    inner = Inner(problem, starting_weights(a0))
    end, shrink = inner.blow_up_time(), problem.epsilon ** (1 / 12)
    if tau[0] < -end / shrink:
        raise ValueError(f"tau must be >= {-end / shrink:.6g}, where stage 4 begins, got {tau[0]!s}")
    A, S = inner.solve(shrink * inner.start(), -end / shrink, tau, saturating=True)
    epsilon = problem.epsilon
    return Stage(
        tau=tau,
        t=start + epsilon**0.25 * end + epsilon ** (1 / 3) * tau,
        A=A,
        S=S,
        residual=1 - problem.sigma[2] / problem.phi[2] * (A * S**2).mean(axis=1),
        a_scale=epsilon ** (-1 / 3),
        s_scale=epsilon ** (1 / 6),
    )


def multipliers(problem, stage):
    r"""Multipliers of stage 4, which hold the constant and degree 1 where they are.

    :math:`\lambda = -\mu \langle S \rangle - q \langle S^2 \rangle` and :math:`\mu = q (\langle S^2 \rangle
    \langle S \rangle - \langle S^3 \rangle - 2 \langle A^2 S \rangle)/(\langle S^2 \rangle - \langle S \rangle^2 +
    \langle A^2 \rangle)`: what becomes of :math:`\sigma_0 e_0/\sqrt\epsilon` and :math:`\sigma_1 e_1/\epsilon^{1/4}`
    as epsilon tends to 0. Derived in this book.

    Parameters
    ----------
    problem : SingleIndex
    stage : Stage
        From `quadratic_growth_stage`.

    Returns
    -------
    numpy.ndarray of float, shape (2, n)
        lambda (0 without a constant in the activation) and mu at the times of the stage.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type, or the problem has no degree 2.
    """
    instance("problem", problem, SingleIndex)
    instance("stage", stage, Stage)
    if problem.degree < 2:
        raise ValueError(f"problem must have Hermite coefficients up to degree 2, got some up to degree {problem.degree}")
    q, constant = float(problem.sigma[2] * problem.phi[2]), problem.sigma[0] != 0
    return np.array([state_multipliers(A, S, q, constant) for A, S in zip(stage.A, stage.S)]).T


def blow_up_time(problem, a0):
    r"""Time :math:`\tau_* = c/(|q| \sqrt X)` at which the inner problem of stage 4 blows up.

    c depends on the start and, unless the start is symmetric around its mean, on the sign of q.

    Parameters
    ----------
    problem : SingleIndex
    a0 : array_like of float, shape (m,)
        Initial second-layer weights, at least three different ones.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, the start is too atomic, or activation or target lack degree 1 or 2.
    ArithmeticError
        If there is no blow-up: without a constant in the activation when no weight starts with the sign of q.
    """
    return Inner(problem, starting_weights(a0)).blow_up_time()


def saturation_half_time(problem, a0):
    r"""Inner time of stage 5 at which :math:`e_2/\phi_2 = 1/2`; parameters and errors are those of `blow_up_time`."""
    return Inner(problem, starting_weights(a0)).half_time()
