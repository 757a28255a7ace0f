"""Cases of paper 2, at the target of degree 2 of the book."""

from functools import partial
from math import inf, sqrt

import numpy as np
from harness import Case
from scipy.integrate import solve_ivp

from learning_dynamics._threads import one_blas_thread
from learning_dynamics.time_scales import SingleIndex, draw_directions, mean_field_flow, network_flow, sgd, uniform_start
from learning_dynamics.time_scales.kernels import rosenbrock
from learning_dynamics.time_scales.simulation.mean_field import _jacobian, _velocity

RTOL = 1e-6
STEPS, NEURONS, DIMENSION = 4000, 100, 200
FEW_STEPS = 20
NETWORK_RTOL = 1e-8
NETWORKS = {5: 1.0, 20: 1.0, 100: 1.0, 500: 0.1}
"""Neurons, and the time to which they are followed."""


def problem(epsilon):
    """ReLU, nine terms, target of degree 2."""
    return SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=epsilon)


def cases():
    """All cases of this wing."""
    flows = [_flow_case(50, wanted=None, repeats=3), _flow_case(500, wanted=50, repeats=1)]
    return [*flows, *map(_step_case, (10_000, 100_000)), _sgd_case(), *map(_network_case, NETWORKS)]


def _flow_case(m, *, wanted, repeats):
    model, start = problem(1e-8), uniform_start(m)
    steps = mean_field_flow(model, start, t_end=1.0, rtol=RTOL).t.size
    return Case(
        name=f"flow-{m}",
        title=f"mean-field flow, m = {m}, epsilon = 1e-8, t in [0, 1], rtol 1e-6 ({steps} steps), 1 thread",
        plain_title="`solve_ivp` LSODA with the dense analytic Jacobian",
        plain=partial(_lsoda, model, start),
        ours=partial(mean_field_flow, model, start, t_end=1.0, rtol=RTOL),
        work={"flops": steps * m * 1000},
        wanted=wanted,
        repeats=repeats,
    )


def _lsoda(model, start):
    m = start.size
    return solve_ivp(
        lambda _, y: _velocity(model, y),
        (0.0, 1.0),
        np.append(start, np.zeros(m)),
        method="LSODA",
        jac=lambda _, y: _jacobian(model, y),
        first_step=1e-3 * model.epsilon,
        rtol=RTOL,
        atol=np.repeat([RTOL, RTOL * sqrt(model.epsilon)], m),
    )


def _step_case(m):
    small = 1000
    return Case(
        name=f"step-{m}",
        title=f"{FEW_STEPS} steps of the flow, m = {m}, 1 thread",
        plain_title=f"the same steps with m = {small}, x {m // small}: 1 is linear",
        plain=partial(_steps, small),
        ours=partial(_steps, m),
        work={"flops": FEW_STEPS * m * 1000},
        scale=m / small,
        repeats=3,
    )


def _steps(m):
    model = problem(1e-4)
    a, s, count = uniform_start(m), np.zeros(m), model.degree + 1
    clock, reached = np.array([0.0, 1e-7]), np.zeros(1, np.int64)
    room = (np.empty(FEW_STEPS), *np.empty((2, FEW_STEPS, count)), *np.empty((2, 1, m)))
    return rosenbrock.advance(
        a, s, clock, np.array([1.0]), reached, model.phi, model.sigma, model.epsilon, RTOL, *room
    )  # fmt: skip


def _sgd_case():
    model, start = problem(1e-3), uniform_start(NEURONS)
    u = draw_directions(m=NEURONS, d=DIMENSION, seed=1)
    u = np.pad(u, ((0, 0), (0, DIMENSION - u.shape[1])))
    step = 0.1 * sqrt(model.epsilon) / DIMENSION
    products = 2 * STEPS * NEURONS * DIMENSION
    return Case(
        name="sgd",
        title=f"{STEPS} steps of one-pass descent, m = 100, d = 200 ({products:.2g} multiply-adds), 1 thread",
        plain_title="the same steps in NumPy",
        plain=partial(_numpy_sgd, model, start, u, step),
        ours=partial(sgd, model, start, u, d=DIMENSION, step=step, times=[STEPS * step], seed=0),
        work={"flops": 2 * products},
        repeats=3,
    )


def _numpy_sgd(model, a, u, step):
    rng, (p0, p1, p2) = np.random.default_rng(0), model.phi[:3]
    for _ in range(STEPS):
        x = rng.standard_normal(DIMENSION)
        z = u @ x
        value = np.maximum(z, 0)
        rest = p0 + p1 * x[0] + p2 * (x[0] ** 2 - 1) / sqrt(2) - a @ value / a.size
        c = step * rest * a * (z > 0)
        a = a + step / model.epsilon * rest * value
        u = (1 - c * z)[:, None] * u + np.multiply.outer(c, x)
        u /= np.sqrt(np.einsum("ij,ij->i", u, u))[:, None]
    return a, u


def _network_case(m):
    """The same method, tolerance and steps."""
    model, start, u, end = problem(1e-2), uniform_start(m), draw_directions(m=m, d=inf, seed=0), NETWORKS[m]
    solved = _by_solve_ivp(model, start, u, end)
    return Case(
        name=f"network-{m}",
        title=f"exact flow of m = {m} neurons, d = inf, epsilon = 1e-2, t = {end:g}, rtol 1e-8 ({solved.nfev} velocities), 1 thread",
        plain_title="`solve_ivp` DOP853 with velocities in NumPy",
        plain=partial(_by_solve_ivp, model, start, u, end),
        ours=partial(network_flow, model, start, u, times=[end], rtol=NETWORK_RTOL),
        work={"flops": 2 * solved.nfev * m**3},
        wanted=10 if m <= 20 else 1,
        repeats=3,
    )


def _by_solve_ivp(model, a, u, end):
    m, squares, products = a.size, np.polynomial.Polynomial(model.sigma**2), np.polynomial.Polynomial(model.phi * model.sigma)
    slopes, pushes = squares.deriv(), products.deriv()

    def velocity(_, y):
        a, s, r = y[:m], y[m : 2 * m], y[2 * m :].reshape(m, m)
        pull = slopes(r) * (a / m)
        turned, push = pull @ r, pushes(s)
        inward = np.diag(turned) - push * s
        half = a[:, None] * (np.multiply.outer(push, s) - turned + inward[:, None] * r)
        da = (products(s) - squares(r) @ a / m) / model.epsilon
        return np.concatenate([da, a * (push - pull @ s + inward * s), (half + half.T).ravel()])

    with one_blas_thread():
        y = np.concatenate([a, u[:, 0], (u @ u.T).ravel()])
        return solve_ivp(velocity, (0.0, end), y, method="DOP853", rtol=NETWORK_RTOL, atol=NETWORK_RTOL)
