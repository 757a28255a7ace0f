"""The compiled flow of overlaps: its loops against plain twins, its steps against SciPy's, its corners and its limits."""

from math import inf

import numpy as np
import pytest
from scipy.integrate import DOP853

from learning_dynamics.time_scales import SingleIndex, StepLimitError, draw_directions, network_flow, uniform_start
from learning_dynamics.time_scales.kernels import network_flow as kernels
from learning_dynamics.time_scales.mathematics.integrator import follow
from learning_dynamics.time_scales.simulation.networks import overlap_kernel
from learning_dynamics.time_scales.simulation.overlap_flow import OverlapFlow, compiled_system
from tests.time_scales import twins
from tests.time_scales.problems import quadratic

PROBLEM = quadratic(1e-2)
PROBLEMS = {
    "series": (PROBLEM, "series"),
    "relu": (PROBLEM, "exact"),
    "erf": (quadratic(1e-2, activation="erf"), "exact"),
    "array": (SingleIndex(activation=[0.3, 1.0, 0.5, -0.2, 0.1], target=[0.2, 1.0, -0.4], epsilon=1e-2), "exact"),
    "short": (SingleIndex(activation=[0.5], target=[1.0], epsilon=1e-2, degree=1), "series"),
}
SEAMS = (kernels.FEW, kernels.FEW + 1, kernels.SHORT, kernels.SHORT + 1)


def drawn(m, d, seed=0):
    return uniform_start(m) + 0.3, draw_directions(m=m, d=d, seed=seed)


@pytest.mark.parametrize("m", [1, 2, 3, 5, *SEAMS, 40])
@pytest.mark.parametrize("name", PROBLEMS)
def test_velocities(m, name):
    problem, kernel = PROBLEMS[name]
    flow = OverlapFlow(compiled_system(problem, kernel), *drawn(m, 9), np.zeros(1))
    out, (a, s, r) = np.empty_like(flow.y), flow.split(flow.y)
    kernels.velocity(flow.y, out, flow.system, flow.room)
    da, ds, dr = flow.split(out)
    expected = twins.overlap_velocities(a, s, r, overlap_kernel(problem, kernel), problem.phi, problem.sigma, problem.epsilon)
    np.testing.assert_allclose(da, expected[0], rtol=0, atol=1e-14 * (1 + np.abs(expected[0]).max()))
    np.testing.assert_allclose(ds, expected[1], rtol=0, atol=1e-14 * (1 + np.abs(expected[1]).max()))
    np.fill_diagonal(dr, 0)
    np.testing.assert_allclose(dr, expected[2], rtol=0, atol=1e-14 * (1 + np.abs(expected[2]).max()))


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
@pytest.mark.parametrize("name", PROBLEMS)
def test_kernels_with_slopes(size, name):
    problem, kernel = PROBLEMS[name]
    kind, c, at_one, _, _ = compiled_system(problem, kernel)
    r, U = np.linspace(-1, 1, size), overlap_kernel(problem, kernel)
    value, slope = np.empty((2, size))
    kernels.kernel_with_slope(kind, c, r, value, slope)
    np.testing.assert_allclose(value, U(r), rtol=0, atol=1e-14)
    np.testing.assert_allclose(slope, U(r, derivative=1), rtol=0, atol=1e-13)
    np.testing.assert_allclose(at_one, [U(np.ones(1))[0], U(np.ones(1), derivative=1)[0]], rtol=1e-14)


def by_scipy(problem, kernel, a, u, times, rtol):
    """States at the times by SciPy's solver, with the plain twin of the velocities."""
    m, U = a.size, overlap_kernel(problem, kernel)

    def split(y):
        return y[:m], y[m : 2 * m], y[2 * m :].reshape(m, m)

    def velocity(_, y):
        moved = twins.overlap_velocities(*split(y), U, problem.phi, problem.sigma, problem.epsilon)
        return np.concatenate([part.ravel() for part in moved])

    r = u @ u.T
    np.fill_diagonal(r, 1.0)
    solver = DOP853(velocity, 0.0, np.concatenate([a, u[:, 0], r.ravel()]), times[-1], rtol=rtol, atol=rtol)
    return [split(y) for y in follow(solver, times, max_steps=10_000, split=split)]


@pytest.mark.parametrize("name, m, d", [("series", 1, 3), ("series", 4, 6), ("relu", 3, 2), ("erf", 5, inf), ("array", 2, 9)])
@pytest.mark.parametrize("rtol", [1e-4, 1e-8])
def test_every_step_is_that_of_the_published_method(name, m, d, rtol):
    """The same steps, rejections and polynomials between them as SciPy's: the states agree far below the tolerance."""
    problem, kernel = PROBLEMS[name]
    a, u = drawn(m, d)
    times = np.array([1e-3, 0.1, 0.105, 0.6, 1.0])
    run = network_flow(problem, a, u, times=times, rtol=rtol, kernel=kernel)
    states = by_scipy(problem, kernel, a, u, times, rtol)
    np.testing.assert_allclose(run.a, [state[0] for state in states], rtol=0, atol=1e-10)
    np.testing.assert_allclose(run.s, [state[1] for state in states], rtol=0, atol=1e-11)
    np.testing.assert_allclose(run.overlaps, states[-1][2], rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["series", "relu"])
@pytest.mark.parametrize("m", [1, 5, *SEAMS])
def test_the_error_follows_the_tolerance(name, m):
    problem, kernel = PROBLEMS[name]
    a, u = drawn(m, 40)
    times = np.linspace(0, 1, 23)
    exact = network_flow(problem, a, u, times=times, rtol=1e-13, kernel=kernel)
    errors = []
    for rtol in (1e-4, 1e-7, 1e-10):
        run = network_flow(problem, a, u, times=times, rtol=rtol, kernel=kernel)
        errors.append(max(np.abs(getattr(run, part) - getattr(exact, part)).max() for part in ("a", "s", "risk", "overlaps")))
    assert errors[0] < 0.1
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-4 * errors[0]


@pytest.mark.parametrize("m, d", [(60, 30), (60, inf)])
def test_many_neurons_against_the_vectors(m, d):
    a, u = drawn(m, d)
    runs = [network_flow(PROBLEM, a, u, times=[0.0, 0.5], rtol=1e-11, method=method) for method in ("overlaps", "directions")]
    for part in ("risk", "a", "s", "overlaps"):
        np.testing.assert_allclose(*(getattr(run, part) for run in runs), rtol=0, atol=1e-8)


def test_times_change_no_step():
    a, u = drawn(6, 8)
    alone = network_flow(PROBLEM, a, u, times=[1.0])
    for times in ([0.0, 1.0], np.linspace(0, 1, 301)):
        run = network_flow(PROBLEM, a, u, times=times)
        np.testing.assert_array_equal(run.a[-1], alone.a[0])
        np.testing.assert_array_equal(run.overlaps, alone.overlaps)
        np.testing.assert_array_equal(run.risk[-1], alone.risk[0])


@pytest.mark.parametrize("method", ["overlaps", "directions"])
def test_time_zero_alone_is_the_start(method):
    a, u = drawn(4, 6)
    run = network_flow(PROBLEM, a, u, times=[0.0], method=method)
    np.testing.assert_array_equal(run.a, [a])
    np.testing.assert_allclose(run.s, [u[:, 0]], rtol=1e-15)
    np.testing.assert_allclose(run.overlaps, u @ u.T, rtol=0, atol=1e-15)


def test_one_neuron_beside_the_target_stays_on_the_circle():
    """m = 1: s' = a (1 - s^2) V'(s), and a follows with rate U(1)."""
    run = network_flow(PROBLEM, [0.5], [[0.6, 0.8]], times=np.linspace(0, 3, 7), rtol=1e-12)
    settled = np.polynomial.Polynomial(PROBLEM.phi * PROBLEM.sigma)(run.s[-1, 0]) / (PROBLEM.sigma @ PROBLEM.sigma)
    assert run.overlaps.tolist() == [[1.0]]
    assert run.a[-1, 0] == pytest.approx(settled, rel=1e-2)
    assert (np.abs(run.s) <= 1).all()


def test_as_many_steps_as_it_takes():
    a, u = drawn(3, 5)
    whole = network_flow(PROBLEM, a, u, times=[0.2, 0.5])
    for most in range(2, 200):
        try:
            run = network_flow(PROBLEM, a, u, times=[0.2, 0.5], max_steps=most)
        except StepLimitError as error:
            reached, state = error.t, error.state
            assert f"max_steps = {most} do not suffice to reach t = 0.5" in str(error)
        else:
            break
    np.testing.assert_array_equal(run.a, whole.a)
    assert most > 5
    assert [part.shape for part in state] == [(3,), (3,), (3, 3)]
    there = network_flow(PROBLEM, a, u, times=[reached])
    np.testing.assert_allclose(state[0], there.a[0], atol=1e-7)
    np.testing.assert_allclose(state[2], there.overlaps, atol=1e-7)


@pytest.mark.parametrize("method", ["overlaps", "directions"])
def test_numbers_that_overflow_end_in_an_error(method):
    a, u = np.array([1e150, 1e150, -1e150]), draw_directions(m=3, d=5, seed=0)
    with np.errstate(all="ignore"), pytest.raises(StepLimitError, match="to reach t = 1: the flow stopped at t = ") as caught:
        network_flow(PROBLEM, a, u, times=[1.0], method=method)
    assert all(np.isfinite(part).all() for part in caught.value.state)


@pytest.mark.parametrize("error", [np.nan, np.inf])
def test_an_error_that_is_no_number_shortens_the_step_until_it_stalls(error):
    clock, place = np.array([1.0, 0.5, 1.5]), np.zeros(4, np.int64)
    for attempt in range(1, 30):
        if not kernels.begin(clock, place, 2.0):
            break
        assert not kernels.judge(clock, place, error)
        assert clock[kernels.STEP] == pytest.approx(0.5 * kernels.LEAST_FACTOR**attempt, rel=0.2)
    assert 15 < attempt < 29
