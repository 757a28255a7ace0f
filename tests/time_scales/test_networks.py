"""Finite networks: the closed system, the projected flow, gradients by differences, limits, and stochastic descent."""

from math import inf

import numpy as np
import pytest
from scipy.stats import kstest

from learning_dynamics.time_scales import (
    SingleIndex,
    StepLimitError,
    draw_directions,
    hermite_sum,
    learning_times,
    mean_field_flow,
    network_flow,
    power_series,
    relu_kernel,
    sgd,
    uniform_start,
)
from learning_dynamics.time_scales.kernels import sgd as descent
from learning_dynamics.time_scales.simulation.networks import _Directions, overlap_kernel
from tests.time_scales import twins
from tests.time_scales.problems import quadratic

PROBLEM = quadratic(1e-2)


def risk(problem, a, u, kernel="series"):
    m = a.size
    U = overlap_kernel(problem, kernel)
    V = power_series(problem.sigma * problem.phi, u[:, 0])
    return problem.phi @ problem.phi / 2 - a @ V / m + a @ U(u @ u.T) @ a / (2 * m * m)


@pytest.mark.parametrize("m, d", [(1, 2), (1, 9), (3, 2), (5, 5), (6, 7), (7, 30)])
@pytest.mark.parametrize("kernel", ["series", "exact"])
def test_velocities_are_the_gradient_of_the_risk(m, d, kernel):
    rng = np.random.default_rng(10 * m + d)
    a, u = rng.standard_normal(m), draw_directions(m=m, d=d, seed=d)
    system = _Directions(PROBLEM, overlap_kernel(PROBLEM, kernel))
    da, du = system.split(system.velocity(0.0, system.start(a, u)))
    step = 1e-5
    for i in range(m):
        bump = step * (np.arange(m) == i)
        slope = (risk(PROBLEM, a + bump, u, kernel) - risk(PROBLEM, a - bump, u, kernel)) / (2 * step)
        assert PROBLEM.epsilon * da[i] == pytest.approx(-m * slope, abs=1e-8)
        frame = np.column_stack([u[i], rng.standard_normal((u.shape[1], u.shape[1] - 1))])
        for tangent in np.linalg.qr(frame)[0].T[1:]:
            values = []
            for sign in (1, -1):
                turned = u.copy()
                turned[i] = np.cos(step) * u[i] + sign * np.sin(step) * tangent
                values.append(risk(PROBLEM, a, turned, kernel))
            assert du[i] @ tangent == pytest.approx(-m * (values[0] - values[1]) / (2 * step), abs=1e-8)
        assert du[i] @ u[i] == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("m, d", [(1, 3), (4, 2), (5, 6), (8, 100), (9, inf)])
def test_overlaps_move_as_the_vectors_do(m, d):
    a, u = uniform_start(m) + 0.3, draw_directions(m=m, d=d, seed=m)
    U = overlap_kernel(PROBLEM, "series")
    vectors = _Directions(PROBLEM, U)
    da, ds, dr = twins.overlap_velocities(a, u[:, 0], u @ u.T, U, PROBLEM.phi, PROBLEM.sigma, PROBLEM.epsilon)
    expected, du = vectors.split(vectors.velocity(0.0, vectors.start(a, u)))
    np.testing.assert_allclose(da, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_allclose(ds, du[:, 0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(dr, du @ u.T + u @ du.T, rtol=0, atol=1e-14)


@pytest.mark.parametrize("m, d", [(3, 2), (6, 5), (6, 40), (6, inf)])
@pytest.mark.parametrize("kernel", ["series", "exact"])
def test_both_methods_agree(m, d, kernel):
    a, u = uniform_start(m), draw_directions(m=m, d=d, seed=3)
    options = {"times": [0.1, 1.0], "rtol": 1e-10, "kernel": kernel}
    runs = [network_flow(PROBLEM, a, u, method=name, **options) for name in ("overlaps", "directions")]
    for name in ("risk", "a", "s", "overlaps"):
        got, expected = (getattr(run, name) for run in runs)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-7 * (1 + np.abs(expected).max()))


def test_the_span_is_enough():
    """Embedded in more dimensions and rotated around the target's direction, the vectors move in the same way."""
    rng = np.random.default_rng(5)
    u = draw_directions(m=4, d=50, seed=1)
    rotation = np.linalg.qr(rng.standard_normal((20, 20)))[0][:4]
    wide = np.column_stack([u[:, 0], u[:, 1:] @ rotation])
    small, large = (network_flow(PROBLEM, uniform_start(4), x, times=[1.0], method="directions") for x in (u, wide))
    np.testing.assert_allclose(small.a, large.a, rtol=0, atol=1e-6)


def test_directions_have_the_law_of_uniform_unit_vectors():
    for d in (2, 3, 6, 1000):
        u = draw_directions(m=4000, d=d, seed=d)
        np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, rtol=1e-14)
        squares = [(u[:, 0] ** 2), (u[0::2] * u[1::2]).sum(axis=1) ** 2]
        for square in squares:
            assert kstest(square, "beta", args=(0.5, (d - 1) / 2)).pvalue > 1e-4
    assert draw_directions(m=3, d=10**12, seed=0).shape == (3, 4)
    np.testing.assert_array_equal(draw_directions(m=3, d=inf, seed=0), np.eye(3, 4, 1))


def test_wide_networks_in_many_dimensions_are_mean_field():
    times = np.linspace(0, 2, 101)
    gaps = []
    for m in (20, 40, 80):
        network = network_flow(PROBLEM, uniform_start(m), draw_directions(m=m, d=inf, seed=0), times=times)
        field = mean_field_flow(PROBLEM, uniform_start(m), t_end=2.0, times=times)
        expected = [risk_of_moments(PROBLEM, a, s) for a, s in zip(field.a, field.s)]
        gaps.append(np.abs(network.risk - expected).max())
    slopes = np.diff(np.log2(gaps))
    assert gaps[0] == pytest.approx(0.0725, abs=0.001)
    np.testing.assert_allclose(slopes, -1, atol=0.03)


def risk_of_moments(problem, a, s):
    moments = s ** np.arange(problem.degree + 1)[:, None] @ a / a.size
    return ((problem.phi - problem.sigma * moments) ** 2).sum() / 2


def test_the_risk_is_that_of_samples():
    u = draw_directions(m=5, d=6, seed=0)
    a = 1 + uniform_start(5)
    run = network_flow(PROBLEM, a, u, times=[0.0], kernel="exact")
    x = np.random.default_rng(1).standard_normal((400_000, u.shape[1]))
    losses = (hermite_sum(PROBLEM.phi, x[:, 0]) - np.maximum(x @ u.T, 0) @ a / 5) ** 2 / 2
    assert abs(losses.mean() - run.risk[0]) < 4 * losses.std() / np.sqrt(losses.size)


def test_the_risk_of_a_network_never_rises():
    run = network_flow(PROBLEM, uniform_start(12), draw_directions(m=12, d=15, seed=2), times=np.linspace(0, 3, 200))
    assert np.diff(run.risk).max() <= 1e-8


def test_descent_follows_the_flow():
    problem = quadratic(1e-2)
    m, d, times = 20, 30, np.linspace(0, 1, 21)
    u, a = draw_directions(m=m, d=d, seed=4), uniform_start(m)
    flow = network_flow(problem, a, u, times=times, kernel="exact")
    gaps = []
    for step in (1.6e-4, 1e-5):
        run = sgd(problem, a, u, d=d, step=step, times=times, seed=11)
        np.testing.assert_allclose(run.t, times, atol=step)
        gaps.append(np.abs(run.risk - flow.risk).max())
    assert gaps[1] < 0.05
    assert gaps[1] < gaps[0]


def test_the_mean_of_one_step_is_a_step_of_the_flow():
    """Over many samples from one state the drift of (a, s) is the velocity of the flow."""
    problem = SingleIndex(activation=[0.3, 1.0, 0.5], target=[0.2, 1.0, -0.4], epsilon=0.5)
    m, d, step = 3, 4, 1e-6
    u, a = draw_directions(m=m, d=d, seed=0), np.array([0.5, -1.0, 1.5])
    rng, roots, moves = np.random.default_rng(0), np.sqrt(np.arange(4.0)), np.empty((2, 100_000, m))
    for k in range(moves.shape[1]):
        moved_a, moved_u = a.copy(), u.copy()
        descent.descend(moved_a, moved_u, descent.SERIES, problem.sigma, problem.phi, roots, step, step / 0.5, 1, rng)
        moves[:, k] = moved_a - a, moved_u[:, 0] - u[:, 0]
    U = overlap_kernel(problem, "exact")
    da, ds, _ = twins.overlap_velocities(a, u[:, 0], u @ u.T, U, problem.phi, problem.sigma, problem.epsilon)
    for move, expected in zip(moves / step, (da, ds)):
        error = move.std(axis=0) / np.sqrt(len(move))
        assert (np.abs(move.mean(axis=0) - expected) < 4 * error).all()


def test_the_same_seed_gives_the_same_run():
    u = draw_directions(m=7, d=9, seed=0)
    runs = [sgd(PROBLEM, uniform_start(7), u, d=9, step=1e-4, times=[0.0, 0.05], seed=seed) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(runs[0].a, runs[1].a)
    assert (runs[0].a[1] != runs[2].a[1]).any()


def test_exact_kernels():
    r = np.linspace(-1, 1, 9)
    np.testing.assert_array_equal(overlap_kernel(PROBLEM, "exact")(r), relu_kernel(r))
    with pytest.raises(ValueError, match="must be 'relu', 'erf' or an array"):
        overlap_kernel(quadratic(1e-2, activation="gelu"), "exact")
    with pytest.raises(ValueError, match="degree must be >= 3"):
        overlap_kernel(SingleIndex(activation=[1, 1, 1, 1], target=[1, 1], epsilon=1, degree=2), "exact")


def test_a_network_learns_near_the_mean_field_time():
    problem = SingleIndex(activation="relu", target=[0, -1], epsilon=1e-2)
    m, times = 100, np.linspace(0, 2, 401)
    run = network_flow(problem, uniform_start(m), draw_directions(m=m, d=inf, seed=0), times=times)
    residual = 1 + problem.sigma[1] * (run.a * run.s).mean(axis=1)
    field = learning_times(mean_field_flow(problem, uniform_start(m), t_end=2.0)).times[1]
    assert field < times[np.argmax(residual <= 0.5)] < 1.2 * field


@pytest.mark.parametrize(
    "change, message",
    [
        ({"a0": [1.0]}, "directions must have 1 rows"),
        ({"directions": 2 * np.eye(3, 4)}, "unit vectors, got one of norm 2"),
        ({"times": [0.2, 0.1]}, "times must increase"),
        ({"times": [-1.0]}, "times must be >= 0"),
        ({"kernel": "best"}, "kernel must be"),
        ({"method": "best"}, "method must be"),
        ({"rtol": 0}, "rtol must be"),
    ],
)
def test_refusals(change, message):
    options = {"a0": [1.0, 2.0, 3.0], "directions": np.eye(3, 4), "times": [1.0], **change}
    with pytest.raises(ValueError, match=message):
        network_flow(PROBLEM, options.pop("a0"), options.pop("directions"), **options)


def test_limits():
    u = draw_directions(m=3, d=5, seed=0)
    with pytest.raises(StepLimitError, match="2e\\+06 or more are needed"):
        network_flow(quadratic(1e-8), uniform_start(3), u, times=[1.0])
    with pytest.raises(ValueError, match="step must be at most twice the last time 1, got 1e"):
        sgd(PROBLEM, uniform_start(3), u, d=5, step=1e9, times=[1.0], seed=0)
    with pytest.raises(StepLimitError, match="max_steps = 3"):
        network_flow(PROBLEM, uniform_start(3), u, times=[5.0], max_steps=3)
    with pytest.raises(ValueError, match="d must be >= 4"):
        sgd(PROBLEM, uniform_start(3), u, d=3, step=1e-3, times=[1.0], seed=0)
    with pytest.raises(ValueError, match="within 1e"):
        sgd(PROBLEM, uniform_start(3), u, d=5, step=1e-12, times=[1.0], seed=0)
    with pytest.raises(ArithmeticError, match="step must be smaller than 10"):
        sgd(PROBLEM, uniform_start(3), u, d=5, step=10.0, times=[10_000.0], seed=0)
    with pytest.raises(ValueError, match="d must be >= 2"):
        draw_directions(m=3, d=1, seed=0)
