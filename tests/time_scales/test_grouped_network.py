"""Networks of many neurons of few sorts: against every neuron by itself, against the mean field, at corners."""

from math import inf

import numpy as np
import pytest

from learning_dynamics.time_scales import (
    SingleIndex,
    draw_directions,
    grouped_flow,
    learning_times,
    learning_times_of_run,
    mean_field_flow,
    network_flow,
    uniform_start,
)
from learning_dynamics.time_scales.simulation.grouped_network import _Groups
from learning_dynamics.time_scales.simulation.networks import overlap_kernel
from tests.time_scales import twins
from tests.time_scales.problems import quadratic

PROBLEMS = {
    "relu": quadratic(1e-3),
    "erf": quadratic(1e-2, activation="erf"),
    "array": SingleIndex(activation=[0.3, 1.0, 0.5, -0.2, 0.1], target=[0.2, 1.0, -0.4], epsilon=1e-2),
    "constant": SingleIndex(activation=[0.5], target=[1.0], epsilon=1e-2, degree=1),
}
TIMES = np.linspace(0, 0.4, 9)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(("groups", "copies"), [(1, 1), (1, 4), (2, 1), (2, 3), (5, 2)])
def test_velocities_are_those_of_every_neuron(name, groups, copies):
    """At states that no flow needs to reach: the algebra alone."""
    problem, rng = PROBLEMS[name], np.random.default_rng(groups + 10 * copies)
    a, s = rng.standard_normal((2, groups))
    r = rng.uniform(-1, 1, (groups, groups))
    r = (r + r.T) / 2
    system = _Groups(problem, groups, own=1 / (groups * copies))
    found = system.split(system.velocity(0.0, np.concatenate([a, s, r[system.upper]])))
    every = np.repeat(r, copies, axis=0).repeat(copies, axis=1)
    np.fill_diagonal(every, 1)
    U = overlap_kernel(problem, "series")
    da, ds, dr = twins.overlap_velocities(
        a.repeat(copies), s.repeat(copies), every, U, problem.phi, problem.sigma, problem.epsilon
    )
    scale = 1 + max(np.abs(da).max(), np.abs(dr).max())
    np.testing.assert_allclose(found[0].repeat(copies), da, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(found[1].repeat(copies), ds, rtol=0, atol=1e-13 * scale)
    pairs = ~np.eye(groups * copies, dtype=bool)
    np.testing.assert_allclose(
        found[2].repeat(copies, axis=0).repeat(copies, axis=1)[pairs], dr[pairs], rtol=0, atol=1e-13 * scale
    )


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(("groups", "copies"), [(1, 1), (1, 5), (4, 1), (4, 3)])
def test_flow_is_that_of_every_neuron(name, groups, copies):
    problem, a0 = PROBLEMS[name], uniform_start(groups) + 0.2
    m = groups * copies
    run = grouped_flow(problem, a0, m=m, times=TIMES, rtol=1e-9)
    every = network_flow(problem, a0.repeat(copies), draw_directions(m=m, d=inf, seed=0), times=TIMES, rtol=1e-11)
    scale = np.abs(every.a).max()
    np.testing.assert_allclose(run.a.repeat(copies, axis=1), every.a, rtol=0, atol=1e-7 * scale)
    np.testing.assert_allclose(run.s.repeat(copies, axis=1), every.s, rtol=0, atol=1e-7)
    np.testing.assert_allclose(run.risk, every.risk, rtol=0, atol=1e-7 * every.risk[0])
    others = run.overlaps if copies > 1 else run.overlaps[~np.eye(groups, dtype=bool)]
    expected = every.overlaps[::copies, 1::copies] if copies > 1 else every.overlaps[~np.eye(groups, dtype=bool)]
    np.testing.assert_allclose(others, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-6])
def test_limit_is_mean_field(epsilon):
    problem, a0 = quadratic(epsilon), uniform_start(6)
    end = 5 * epsilon**0.25
    times = np.linspace(0, end, 7)
    run, limit = grouped_flow(problem, a0, m=inf, times=times, rtol=1e-9), mean_field_flow(problem, a0, t_end=end, times=times)
    scale = np.abs(limit.a).max()
    np.testing.assert_allclose(run.a, limit.a, rtol=0, atol=1e-7 * scale)
    np.testing.assert_allclose(run.s, limit.s, rtol=0, atol=1e-7)
    np.testing.assert_allclose(run.overlaps, np.outer(run.s[-1], run.s[-1]), rtol=0, atol=1e-8)


def test_many_neurons_come_near_the_limit_like_one_over_m():
    problem, a0 = quadratic(1e-3), uniform_start(5)
    limit = grouped_flow(problem, a0, m=inf, times=TIMES, rtol=1e-10).risk
    few, many = (np.abs(grouped_flow(problem, a0, m=m, times=TIMES, rtol=1e-10).risk - limit).max() for m in (10**5, 10**6))
    assert few / many == pytest.approx(10, rel=0.01)


def test_one_time_at_the_start():
    run = grouped_flow(PROBLEMS["relu"], [1.0, 2.0], m=4, times=[0.0])
    assert run.a.tolist() == [[1.0, 2.0]]
    assert run.overlaps.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_number_of_neurons_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="m must be a multiple of the 3 starting weights, got 10"):
        grouped_flow(PROBLEMS["relu"], [0.0, 1.0, 2.0], m=10, times=[0.1])


class TestLearningTimes:
    def test_those_of_the_mean_field(self):
        problem, a0 = quadratic(1e-4), uniform_start(8)
        flow = mean_field_flow(problem, a0, t_end=1.0)
        run = grouped_flow(problem, a0, m=inf, times=np.geomspace(1e-5, 1, 4001))
        for level in (0.5, 0.2):
            expected = learning_times(flow, level=level).times[:3]
            assert learning_times_of_run(problem, run, level=level)[:3] == pytest.approx(expected, rel=1e-4)

    def test_what_is_not_learnt_and_what_is_from_the_start(self):
        problem = quadratic(1e-4)
        early = grouped_flow(problem, uniform_start(5), m=50, times=[0.0, 1e-9])
        assert np.isnan(learning_times_of_run(problem, early)).all()
        mean = problem.phi[0] / problem.sigma[0]
        there = grouped_flow(problem, [mean, mean], m=2, times=[0.0, 1e-9])
        assert learning_times_of_run(problem, there)[0] == 0.0
