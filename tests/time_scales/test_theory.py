"""Predicted times against measured ones, inner solutions against the full flow, and closed forms against plain
integration."""

from math import inf

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from learning_dynamics.time_scales import (
    SingleIndex,
    blow_up_time,
    constant_stage,
    constant_time,
    extrapolate,
    finite_linear_time,
    learning_times,
    least_risk,
    linear_growth_stage,
    linear_saturation_stage,
    linear_time,
    linear_width,
    mean_field_flow,
    quadratic_growth_stage,
    quadratic_saturation_stage,
    quadratic_time,
    risk_floor,
    uniform_start,
)
from tests.time_scales.problems import START, cubic, plain, quadratic

NO_CONSTANT = SingleIndex(activation=[0, 1, 1], target=[0, 1, -1], epsilon=1e-6)


def measured(problem, start=START, level=0.5):
    flow = mean_field_flow(problem, start, t_end=min(1, 3 * problem.epsilon**0.25), rtol=1e-9)
    return learning_times(flow, level=level).times


def deviation(problem, stage, start=START):
    """Largest error of A and S."""
    flow = mean_field_flow(problem, start, t_end=stage.t[-1], times=stage.t, rtol=1e-9)
    return np.abs(flow.a / stage.a_scale - stage.A).max(), np.abs(flow.s / stage.s_scale - stage.S).max()


def falls(errors, exponent, ratio, slack=0.05):
    slopes = np.diff(np.log(errors), axis=0) / np.log(ratio)
    assert np.all(np.abs(slopes - exponent) < slack), slopes


@pytest.mark.parametrize("shift", [0.0, 1.0, -3.0])
def test_constant_time(shift):
    problem = quadratic(1e-8)
    assert measured(problem, START + shift)[0] == pytest.approx(constant_time(problem, START + shift), rel=1e-6)


def test_a_constant_that_is_there():
    assert constant_time(quadratic(1e-8), [2.0, 3.0]) == 0


@pytest.mark.parametrize("epsilon, ratio", [(1e-4, 0.961), (1e-6, 0.9967), (1e-8, 0.99973), (1e-10, 0.99998)])
def test_linear_time(epsilon, ratio):
    problem = quadratic(epsilon)
    tolerance = 6e-5 if epsilon < 1e-4 else 6e-4
    assert measured(problem)[1] / linear_time(problem, START) == pytest.approx(ratio, abs=tolerance)


def test_linear_time_without_a_constant_in_the_activation():
    start, errors = [0.7, 1.1, 1.3], []
    for epsilon in (1e-8, 1e-10, 1e-12):
        problem = SingleIndex(activation=[0, 1, 1], target=[0, 2, 1], epsilon=epsilon)
        errors.append(abs(measured(problem, start)[1] / linear_time(problem, start) - 1))
    assert errors[-1] < 3e-4
    assert (np.diff(np.log(errors)) / np.log(1e-2) > 0.2).all()


def test_linear_width():
    problem = quadratic(1e-10)
    upper, lower = (measured(problem, level=level)[1] for level in (0.75, 0.25))
    assert lower - upper == pytest.approx(linear_width(problem), rel=2e-4)
    assert linear_width(problem) == pytest.approx(1e-5 * np.log(3) / 0.5, rel=1e-12)


@pytest.mark.parametrize("m, c", [(10, 0.994), (50, 0.73343), (200, 0.6568), (1000, 0.6265)])
def test_blow_up_time(m, c):
    problem = quadratic(1e-8)
    scale = abs(problem.sigma[2] * problem.phi[2]) * np.sqrt(2)
    assert blow_up_time(problem, uniform_start(m)) * scale == pytest.approx(c, abs=6e-4 if m == 10 else 6e-5)


def test_the_constant_of_the_blow_up_depends_on_the_start_and_the_sign_of_q():
    uneven = np.array([-1.0, 0.1, 0.4, 1.3])

    def constant(kappa, q, start):
        return blow_up_time(SingleIndex(activation=[1, 1, 1], target=[1, kappa, q], epsilon=1e-3), start)

    assert constant(1, 1, uneven) == pytest.approx(constant(-1, 1, uneven), rel=1e-7)
    assert constant(1, 1, uneven) == pytest.approx(constant(1, -1, -uneven), rel=1e-7)
    assert constant(1, 1, uneven) > 1.002 * constant(1, -1, uneven)
    constants = []
    for sigma, phi in (([1, 1, 1], [1, 1, 1]), ([2, -0.5, 3], [1, 4, -0.2]), ([1, 2, 1], [0, -3, 1])):
        problem = SingleIndex(activation=sigma, target=phi, epsilon=1e-3)
        scale = abs(problem.sigma[2] * problem.phi[2]) * np.sqrt(abs(problem.phi[1] / problem.sigma[1]))
        constants.append(blow_up_time(problem, START) * scale)
    np.testing.assert_allclose(constants, constants[0], rtol=1e-7)


def test_no_blow_up_against_the_signs():
    with pytest.raises(ArithmeticError, match="does not blow up"):
        blow_up_time(NO_CONSTANT, [1.0, 2.0])
    assert blow_up_time(NO_CONSTANT, [-1.0, 2.0]) > 0


def test_quadratic_time():
    leading, saturated = [], []
    for epsilon in (1e-8, 1e-12, 1e-16):
        problem = quadratic(epsilon)
        times = measured(problem)
        leading.append(quadratic_time(problem, START) / times[2] - 1)
        saturated.append(quadratic_time(problem, START, linear=times[1], saturated=True) / times[2] - 1)
    assert (np.diff(leading) < 0).all() and leading[-1] < 0.02
    assert (np.abs(saturated) < 1e-3).all()


def test_stage_1_has_error_of_order_epsilon():
    tau = np.linspace(1, 10, 10)
    errors = [deviation(p, constant_stage(p, START, tau)) for p in map(quadratic, (1e-4, 1e-6, 1e-8))]
    falls(errors, 1, 1e-2)


def test_stage_2_has_error_of_order_root_epsilon():
    tau = np.linspace(0.5, 2, 7)
    errors = [deviation(p, linear_growth_stage(p, START, tau)) for p in map(quadratic, (1e-8, 1e-10, 1e-12))]
    falls(errors, 0.5, 1e-2)


def test_stage_3_has_error_of_order_fourth_root():
    tau = np.linspace(-3, 8, 12)
    errors = [deviation(p, linear_saturation_stage(p, START, tau)) for p in map(quadratic, (1e-10, 1e-12, 1e-14))]
    falls([a for a, _ in errors], 0.25, 1e-2)


def test_stage_3_is_half_over_at_the_linear_time():
    problem = quadratic(1e-8)
    begin = linear_saturation_stage(problem, START, [0.0]).t[0]
    tau = (linear_time(problem, START) - begin) / problem.epsilon**0.5
    assert linear_saturation_stage(problem, START, [tau]).residual[0] == pytest.approx(0.5, rel=1e-12)


def test_stage_4_has_error_of_order_fourth_root():
    errors = []
    for problem in map(quadratic, (1e-10, 1e-12, 1e-14)):
        stage = quadratic_growth_stage(problem, START, np.linspace(0.5, 2.2, 8), start=measured(problem)[1])
        errors.append(deviation(problem, stage))
    falls(errors, 0.25, 1e-2)


def test_stage_5_has_the_shape_of_the_flow():
    errors = []
    for problem in map(quadratic, (1e-8, 1e-10, 1e-12, 1e-14)):
        half = measured(problem)[2]
        fine = np.linspace(-1, 4, 2001)
        residual = quadratic_saturation_stage(problem, START, fine, start=0.0).residual
        middle = np.interp(-0.5, -residual, fine)
        tau = middle + np.linspace(-1, 5, 13)
        times = half + problem.epsilon ** (1 / 3) * (tau - middle)
        stage = quadratic_saturation_stage(problem, START, tau, start=0.0)
        flow = mean_field_flow(problem, START, t_end=times[-1], times=times, rtol=1e-9)
        errors.append(np.abs(flow.a / stage.a_scale - stage.A).max() / np.abs(stage.A).max())
    assert (np.diff(np.log(errors)) / np.log(1e-2) > 0.2).all()
    assert errors[-1] < 1e-3


@pytest.mark.parametrize("make", [quadratic, cubic])
def test_stages_4_and_5_keep_their_constraints(make):
    problem = make(1e-8)
    for stage in (
        quadratic_growth_stage(problem, START, [0.1, 0.5], start=0.0),
        quadratic_saturation_stage(problem, START, [-1.0, 0.0, 3.0], start=0.0),
    ):
        scale = (stage.A**2).mean(axis=1)
        assert (np.abs(stage.A.mean(axis=1)) < 1e-10 * scale).all()
        share = problem.sigma[1] * (stage.a * stage.s).mean(axis=1) / problem.phi[1]
        np.testing.assert_allclose(share, 1, rtol=1e-7)


def test_multipliers_against_a_projection():
    """Stage 4 is the flow of the unconstrained field projected on the tangent space of both constraints."""
    problem, start = plain([1, 1, 1], 1e-4), np.array([-1.0, 0.1, 0.4, 1.3])

    def velocity(_, y):
        A, S = np.split(y, 2)
        free = np.append(S**2, 2 * A * S)
        normals = np.column_stack([np.append(np.ones(4), np.zeros(4)), np.append(S, A)])
        return free - normals @ np.linalg.lstsq(normals, free, rcond=None)[0]

    delta = start - start.mean()
    A = delta / np.sqrt((delta**2).mean())
    tau = np.array([0.1, 0.3])
    expected = solve_ivp(velocity, (0, 0.3), np.append(A, A), t_eval=tau, method="DOP853", rtol=1e-11, atol=1e-11).y.T
    stage = quadratic_growth_stage(problem, start, tau, start=0.0)
    np.testing.assert_allclose(np.hstack([stage.A, stage.S]), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("m, d", [(100, 1000), (50, 300), (inf, 500), (30, inf)])
def test_finite_linear_time_against_the_matrix_exponential(m, d):
    problem = quadratic(1e-3)
    variance, kappa, damping = 0.4, 0.5, float(problem.sigma[1:] @ problem.sigma[1:]) / m
    matrix = np.array([[-damping / 1e-3, kappa / 1e-3], [kappa, 0]])
    M = expm(matrix * finite_linear_time(problem, m=m, d=d, variance=variance))
    assert M[0, 0] * M[1, 0] * variance + M[0, 1] * M[1, 1] / d == pytest.approx(2, rel=1e-9)


def test_finite_linear_time_with_strong_damping():
    """For m sqrt(epsilon) -> 0 the weights follow a = m kappa s/c, and s grows at the rate m kappa^2/c."""
    problem, m = quadratic(1e-16), 10
    c, kappa = float(problem.sigma[1:] @ problem.sigma[1:]), abs(problem.kappa)
    rate = m * kappa**2 / c
    first = m * kappa * problem.epsilon / c
    expected = np.log(2 / (first**2 * m * kappa / c)) / (2 * rate)
    assert finite_linear_time(problem, m=m, d=inf, variance=1.0) == pytest.approx(expected, rel=1e-9)


def test_finite_linear_time_without_finite_size():
    problem = quadratic(1e-10)
    got = finite_linear_time(problem, m=inf, d=inf, variance=START.var())
    assert got == pytest.approx(linear_time(problem, START), rel=1e-4)
    many = finite_linear_time(problem, m=10**9, d=10**15, variance=START.var())
    assert many == pytest.approx(got, rel=1e-3)
    assert finite_linear_time(problem, m=10**5, d=inf, variance=0.3) > got


@pytest.mark.parametrize("m, value", [(2, 4.5e-2), (5, 7.5e-4), (10, 2.1e-5), (20, 6e-11)])
def test_least_risk(m, value):
    assert least_risk(quadratic(1.0, degree=400), m=m) == pytest.approx(value, rel=0.05)


def test_least_risk_with_a_floor():
    problem = quadratic(1.0, degree=400, target=[1, -1, 2 / 3, 0.5])
    assert risk_floor(problem) == pytest.approx(0.125, abs=1e-15)
    assert least_risk(problem, m=20) == pytest.approx(0.125, abs=1e-9)
    assert risk_floor(quadratic(1.0)) == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: linear_time(quadratic(1e-6), [0.3] * 5), "a0 must have at least 2 distinct values, got 5 times 0.3"),
        (lambda: linear_time(plain([1, 0, 1], 1e-6), START), "kappa = 0"),
        (lambda: linear_growth_stage(quadratic(1e-6), [1.0], [0.0]), "a0 must have at least 2"),
        (lambda: blow_up_time(quadratic(1e-6), [-1.0, 1.0]), "a0 must have at least 3 distinct values, got 2"),
        (lambda: blow_up_time(NO_CONSTANT, [1.0, 0.0]), "a0 must have at least 2 distinct values, got 1"),
        (lambda: blow_up_time(plain([1, 1], 1e-6), START), "components of degree 2"),
        (lambda: blow_up_time(plain([1, 1, 0, 1], 1e-6), START), "components of degree 2"),
        (lambda: constant_time(plain([0, 1], 1e-6), START), "target must have a component of degree 0"),
        (lambda: quadratic_growth_stage(quadratic(1e-6), START, [0.0, 3.0], start=0.1), "tau must be < 2.757"),
        (lambda: quadratic_saturation_stage(quadratic(1e-6), START, [-30.0], start=0.1), "tau must be >= -8.7"),
        (lambda: quadratic_growth_stage(quadratic(1e-6), START, [1.0, 0.5], start=0.1), "tau must increase"),
        (lambda: constant_stage(quadratic(1e-6), START, [-1.0]), "tau must be >= 0"),
        (lambda: linear_width(quadratic(1e-6), upper=0.2, lower=0.5), "lower must be"),
        (lambda: finite_linear_time(quadratic(1e-6), m=0, d=5, variance=0.1), "m must be >= 1"),
        (lambda: finite_linear_time(quadratic(1e-6), m=5, d=inf, variance=0), "variance must be > 0"),
        (lambda: least_risk(quadratic(1e-6), m=0), "m must be >= 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_at_the_edge_of_floats():
    with pytest.raises(ValueError, match="power must leave the powers of epsilon apart, got 10 for"):
        extrapolate(10.0 ** -np.arange(3, 9), np.ones(6), power=10)
    tiny = SingleIndex(activation="relu", target=[0, 1e-200], epsilon=1e-3)
    assert np.isfinite(linear_time(tiny, [1e149, 7e149]))
