"""The saturated predictor of degree 1, random starts, extrapolations, and the multipliers."""

from itertools import pairwise
from math import inf

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from learning_dynamics.time_scales import (
    SingleIndex,
    draw_directions,
    extrapolate,
    finite_linear_time,
    learning_times,
    linear_time,
    local_exponents,
    mean_field_flow,
    multipliers,
    network_flow,
    quadratic_growth_stage,
    random_start_distance,
    uniform_start,
)
from tests.time_scales.problems import START, quadratic

ALONE = dict(activation="relu", target=[0, -1])


def time_of_particles(problem, a0, u, m):
    """Integrate every neuron and every correlation of the equations that the predictor closes."""
    kappa, square = abs(problem.kappa), problem.sigma[1] ** 2
    push, n = float(problem.sigma[1:] @ problem.sigma[1:]) / m, a0.size
    sign = np.sign(problem.kappa)

    def velocity(_, y):
        a, s, r = y[:n], y[n : 2 * n], y[2 * n :].reshape(n, n)
        among = square * r @ a / n
        g = kappa * s - among - square * a / m
        mixed = np.outer(a, g)
        rates = [(kappa * s - push * a - among) / problem.epsilon, a * (kappa - square * (a @ s) / n), (mixed + mixed.T).ravel()]
        return np.concatenate(rates)

    def half(_, y):
        return y[:n] @ y[n : 2 * n] / n - abs(problem.phi[1] / problem.sigma[1]) / 2

    half.terminal = True
    start = np.concatenate([a0, sign * u, np.outer(u, u).ravel()])
    return solve_ivp(velocity, (0, 50), start, method="LSODA", rtol=1e-9, atol=1e-12, events=half).t[-1]


@pytest.mark.parametrize("m, d", [(30, inf), (100, 2000), (8, 300), (inf, 500)])
def test_the_saturated_predictor_is_the_flow_of_its_particles(m, d):
    problem, size = SingleIndex(**ALONE, epsilon=1e-3), 12
    a0 = uniform_start(size)
    u = np.tile([1.0, -1.0], size // 2)
    u -= (u @ a0) / (a0 @ a0) * a0
    u *= np.sqrt(size / (u @ u) / d)
    expected = time_of_particles(problem, a0, u, m)
    assert finite_linear_time(problem, m=m, d=d, variance=a0.var(), saturated=True) == pytest.approx(expected, rel=1e-6)


def test_without_finite_size_the_saturated_predictor_is_the_linear_time():
    for epsilon in (1e-4, 1e-8, 1e-12):
        problem = SingleIndex(**ALONE, epsilon=epsilon)
        got = finite_linear_time(problem, m=inf, d=inf, variance=START.var(), saturated=True)
        assert got == pytest.approx(finite_linear_time(problem, m=inf, d=inf, variance=START.var()), rel=epsilon**0.5 / 10 + 1e-5)
        assert got == pytest.approx(linear_time(problem, START), rel=3e-3 if epsilon > 1e-5 else 1e-4)


@pytest.mark.parametrize("m", [25, 50])
def test_the_delay_of_an_exact_network(m):
    problem, times, start = SingleIndex(**ALONE, epsilon=1e-3), np.linspace(0, 0.6, 301), uniform_start(m)
    run = network_flow(problem, start, draw_directions(m=m, d=inf, seed=0), times=times, rtol=1e-6)
    measured = np.interp(0.5, -problem.sigma[1] * (run.a * run.s).mean(axis=1), times)
    delay = measured - learning_times(mean_field_flow(problem, start, t_end=1.0)).times[1]
    saturated, linear = (
        finite_linear_time(problem, m=m, d=inf, variance=start.var(), saturated=saturated) - linear_time(problem, start)
        for saturated in (True, False)
    )
    assert delay == pytest.approx(saturated, rel=0.005)
    assert abs(delay - linear) > 5 * abs(delay - saturated)


def test_degree_one_that_takes_too_long_is_refused():
    with pytest.raises(ValueError, match="variance must be > 0"):
        finite_linear_time(SingleIndex(**ALONE, epsilon=1e-3), m=5, d=inf, variance=0.0, saturated=True)


@pytest.mark.parametrize("m", [1, 2, 7])
def test_random_starts_are_as_far_apart_as_their_order_statistics_say(m):
    rng = np.random.default_rng(m)
    few, many = (np.sort(rng.uniform(-1, 1, (200_000, count)), axis=1) for count in (m, 2 * m))
    gap = np.repeat(few - few.mean(axis=1, keepdims=True), 2, axis=1) - many + many.mean(axis=1, keepdims=True)
    squares = (gap**2).mean(axis=1)
    assert abs(squares.mean() - random_start_distance(m) ** 2) < 4 * squares.std() / np.sqrt(squares.size)


def test_extrapolation_finds_the_constant_of_a_polynomial():
    epsilon = np.logspace(-8, -16, 9)
    x = epsilon ** (1 / 12)
    assert extrapolate(epsilon, 2 - x).spread < 1e-9
    limit = extrapolate(epsilon, 2 - x + 3 * x**2)
    assert limit.value == pytest.approx(2, abs=1e-9)
    assert limit.spread == pytest.approx(abs(limit.fits[0](0.0) - 2), abs=1e-9)
    assert extrapolate(epsilon, 5 + epsilon**0.25, power=0.25).value == pytest.approx(5, abs=1e-9)


def test_local_exponents_of_a_power():
    epsilon = np.array([1e-2, 1e-5, 1e-6])
    middle, slopes = local_exponents(epsilon, 3 * epsilon**0.3)
    np.testing.assert_allclose(slopes, 0.3, rtol=1e-12)
    np.testing.assert_allclose(middle, [np.sqrt(a * b) for a, b in pairwise(epsilon)])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: extrapolate([1e-2, 1e-3], [1, 2]), "one length >= 5, got 2 and 2"),
        (lambda: extrapolate([1e-2] * 5, [1] * 5), "epsilon must be > 0 and without repetition"),
        (lambda: extrapolate(np.logspace(-5, -1, 5), [1] * 5, power=0), "power must be > 0"),
        (lambda: local_exponents([1e-2, 1e-3], [1, -2]), "values must be > 0 to have exponents, got -2"),
        (lambda: local_exponents([1e-2, 1e-3], [1]), "one length >= 2, got 2 and 1"),
        (lambda: random_start_distance(0), "m must be >= 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_multipliers_are_the_residuals_of_the_flow():
    """lambda = sigma_0 e_0/sqrt(eps) and mu = sigma_1 e_1/eps^(1/4), with an error that falls like eps^(1/4)."""
    gaps = []
    for epsilon in (1e-8, 1e-10, 1e-12):
        problem = quadratic(epsilon)
        first = learning_times(mean_field_flow(problem, START, t_end=5 * epsilon**0.25, rtol=1e-9)).times[1]
        stage = quadratic_growth_stage(problem, START, [1.0, 1.8], start=first)
        flow = mean_field_flow(problem, START, t_end=stage.t[-1], times=stage.t, rtol=1e-10)
        e = [problem.phi[k] - problem.sigma[k] * (flow.a * flow.s**k).mean(axis=1) for k in (0, 1)]
        found = np.array([problem.sigma[0] * e[0] / epsilon**0.5, problem.sigma[1] * e[1] / epsilon**0.25])
        gaps.append(np.abs(found - multipliers(problem, stage)).max())
    assert gaps[-1] < 0.02
    assert (np.diff(np.log(gaps)) / np.log(1e-2) > 0.2).all()


def test_without_a_constant_the_first_multiplier_is_absent():
    problem = SingleIndex(activation=[0, 1, 1], target=[0, 1, 1], epsilon=1e-6)
    stage = quadratic_growth_stage(problem, [0.5, 1.0, 2.0], [0.0, 0.1], start=0.0)
    assert (multipliers(problem, stage)[0] == 0).all() and (multipliers(problem, stage)[1] != 0).all()
