"""The mean-field flow: two routes, reference values, conserved and monotone quantities, limits and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_dynamics.time_scales import (
    SingleIndex,
    StepLimitError,
    learning_times,
    mean_field_flow,
    uniform_start,
)
from tests.time_scales import twins
from tests.time_scales.problems import START, cubic, plain, quadratic

CONFIGURATION_A = {
    1e-2: (4.3072967e-2, 3.0993482e-1, 6.2211955e-1),
    1e-4: (4.3546797e-4, 7.4796047e-2, 2.8591819e-1),
    1e-6: (4.3551672e-6, 1.0052514e-2, 9.1648681e-2),
    1e-8: (4.3551721e-8, 1.2385474e-3, 2.7074170e-2),
    1e-10: (4.3551721e-10, 1.4691090e-4, 8.4435997e-3),
    1e-12: (4.3551721e-12, 1.6993943e-5, 2.6783498e-3),
}
CONFIGURATION_B = {
    1e-8: (5.845184e-4, 9.667354e-3, 3.012385e-2),
    1e-12: (8.150369e-6, 1.006123e-3, 5.701203e-3),
    1e-16: (1.045299e-7, 1.022756e-4, 1.186598e-3),
}


TENTHS = st.integers(-20, 20).map(lambda number: number / 10)


def horizon(problem):
    return min(1.0, 3 * problem.epsilon**0.25)


@pytest.mark.parametrize("epsilon", CONFIGURATION_A)
def test_configuration_a(epsilon):
    problem = quadratic(epsilon)
    found = learning_times(mean_field_flow(problem, START, t_end=horizon(problem), rtol=1e-9))
    np.testing.assert_allclose(found.times[:3], CONFIGURATION_A[epsilon], rtol=5e-8)
    assert (found.errors[:3] < 1e-7 * found.times[:3]).all()
    assert np.isnan(found.times[3:]).all()


@pytest.mark.parametrize("epsilon", CONFIGURATION_B)
def test_configuration_b(epsilon):
    found = learning_times(mean_field_flow(cubic(epsilon), START, t_end=10 * epsilon ** (1 / 6)))
    np.testing.assert_allclose(found.times[1:], CONFIGURATION_B[epsilon], rtol=1e-6)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-6, 1e-10])
@pytest.mark.parametrize("make, start", [(quadratic, uniform_start(9)), (cubic, np.array([-1.0, 0.2, 0.7]))])
def test_both_routes_agree(epsilon, make, start):
    problem = make(epsilon)
    times = horizon(problem) * np.array([1e-3, 1e-2, 0.1, 0.3, 1.0])
    ours, other = (
        mean_field_flow(problem, start, t_end=times[-1], times=times, rtol=1e-9, method=method) for method in ("rodas4", "radau")
    )
    for got, expected in ((ours.a, other.a), (ours.s, other.s)):
        assert (np.abs(got - expected).max(axis=1) < 1e-7 * np.abs(expected).max(axis=1)).all()
    got, expected = (learning_times(flow).times for flow in (ours, other))
    np.testing.assert_allclose(got, expected, rtol=1e-7)


def test_residuals_and_rates_belong_to_the_states():
    problem = quadratic(1e-4)
    flow = mean_field_flow(problem, START, t_end=1.0)
    some = mean_field_flow(problem, START, t_end=1.0, times=flow.t[::40])
    for a, s, e, rate in zip(some.a, some.s, *(values[::40] for values in (flow.residuals, flow.residual_rates))):
        y = np.append(a, s)
        np.testing.assert_allclose(twins.residuals(a, s, problem.phi, problem.sigma), e, rtol=0, atol=1e-8)
        da, ds = np.split(twins.flow(y, problem.phi, problem.sigma, problem.epsilon), 2)
        dissipation = np.mean(problem.epsilon * da**2 + ds**2 / (1 - s**2))
        assert e @ rate == pytest.approx(-dissipation, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-4, 1e-6])
def test_energy_lost_is_energy_dissipated(epsilon):
    r"""R(0) - R(t) is the integral of < eps a'^2 + s'^2/(1 - s^2) >, on Gauss-Legendre panels in log time."""
    problem = quadratic(epsilon)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    ends = np.linspace(np.log(1e-2 * epsilon), 0, 200)
    logs = ((ends[1:] + ends[:-1])[:, None] + np.diff(ends)[:, None] * nodes).ravel() / 2
    weights = (np.diff(ends)[:, None] / 2 * weights).ravel()
    times = np.concatenate([[0, np.exp(ends[0])], np.exp(logs)])
    flow = mean_field_flow(problem, START, t_end=1.0, times=times, rtol=1e-9)
    powers = np.array([dissipation(problem, a, s) for a, s in zip(flow.a, flow.s)])
    first = np.exp(ends[0]) * powers[:2].mean()
    lost = first + (weights * np.exp(logs)) @ powers[2:]
    assert lost == pytest.approx(flow.risk[0] - flow.risk[-1], abs=2e-6)


def dissipation(problem, a, s):
    da, ds = np.split(twins.flow(np.append(a, s), problem.phi, problem.sigma, problem.epsilon), 2)
    return np.mean(problem.epsilon * da**2 + ds**2 / (1 - s**2))


@given(
    sigma=st.lists(TENTHS, min_size=2, max_size=5),
    phi=st.lists(TENTHS, min_size=2, max_size=5),
    start=st.lists(TENTHS, min_size=1, max_size=6),
    exponent=st.integers(-8, 1),
)
@settings(max_examples=40, deadline=None)
def test_the_risk_never_rises(sigma, phi, start, exponent):
    if not any(sigma) or not any(phi):
        return
    problem = SingleIndex(activation=sigma, target=phi, epsilon=10.0**exponent)
    t_end = max(1.0, problem.first_stage)
    flow = mean_field_flow(problem, start, t_end=t_end, rtol=1e-7)
    assert np.diff(flow.risk).max() <= 1e-6 * (1 + flow.risk[0])
    assert (np.abs(flow.s) <= 1).all()


def test_states_at_requested_times():
    problem = quadratic(1e-3)
    times = [0.3, 0.0, 1.0, 0.3]
    flow = mean_field_flow(problem, START, t_end=2.0, times=times)
    np.testing.assert_array_equal(flow.state_times, times)
    np.testing.assert_array_equal(flow.a[1], START)
    assert (flow.s[1] == 0).all()
    np.testing.assert_array_equal(flow.a[0], flow.a[3])
    assert flow.t[-1] == 2.0
    alone = mean_field_flow(problem, START, t_end=0.3)
    np.testing.assert_allclose(flow.a[0], alone.a[-1], rtol=1e-6)


def test_permuting_the_particles_permutes_the_states():
    problem, order = quadratic(1e-6), np.random.default_rng(0).permutation(50)
    one, other = (mean_field_flow(problem, start, t_end=0.2) for start in (START, START[order]))
    np.testing.assert_allclose(one.a[:, order], other.a, rtol=1e-6)


def test_repeated_particles_are_one_particle():
    problem = cubic(1e-4)
    few, many = (mean_field_flow(problem, start, t_end=1.0) for start in ([-1.0, 0.5], [-1.0, 0.5] * 9))
    np.testing.assert_allclose(np.tile(few.s[-1], 9), many.s[-1], rtol=0, atol=1e-7)


@pytest.mark.parametrize("method", ["rodas4", "radau"])
def test_the_step_limit_carries_the_state(method):
    with pytest.raises(StepLimitError, match="max_steps = 30 do not suffice to reach t = 1") as caught:
        mean_field_flow(quadratic(1e-6), START, t_end=1.0, max_steps=30, method=method)
    assert 0 < caught.value.t < 1
    a, s = caught.value.state
    assert a.shape == s.shape == (50,)


def test_where_the_order_fails():
    flat = mean_field_flow(plain([1, 0, 1], 1e-6), START, t_end=1.0)
    assert (flat.s == 0).all()
    assert flat.risk[-1] == pytest.approx(0.5, abs=1e-12)
    missing = SingleIndex(activation=[1, 1, 0], target=[1, 1, 1], epsilon=1e-6)
    assert mean_field_flow(missing, START, t_end=1.0).risk[-1] == pytest.approx(0.5, abs=1e-10)
    gap = mean_field_flow(plain([1, 1, 0, 1], 1e-10), START, t_end=1.0)
    assert learning_times(gap).times[3] == pytest.approx(0.133363, abs=1e-6)


@pytest.mark.parametrize("epsilon, expected", [(1e-8, 5.83068), (1e-10, 18.77906)])
def test_two_missing_degrees_take_ever_longer(epsilon, expected):
    flow = mean_field_flow(plain([1, 1, 0, 0, 1], epsilon), START, t_end=25.0)
    assert learning_times(flow).times[4] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("epsilon, expected", [(1e-4, 0.1652), (1e-6, 0.1549), (1e-8, 0.1532)])
def test_two_point_starts(epsilon, expected):
    flow = mean_field_flow(plain([1, 1, 1], epsilon), [-1.0, 1.0], t_end=1.0)
    assert learning_times(flow).times[2] == pytest.approx(expected, abs=6e-5)


@given(
    odd=st.booleans(),
    pull=st.lists(TENTHS, min_size=2, max_size=5),
    target=st.lists(TENTHS, min_size=2, max_size=5),
    start=st.lists(TENTHS, min_size=1, max_size=5),
    exponent=st.integers(-6, 1),
)
@settings(max_examples=60, deadline=None)
def test_signs_against_degree_one_leave_all_higher_degrees_unlearnt(odd, pull, target, start, exponent):
    """sigma_0 = 0, sigma_k phi_k <= 0 < sigma_1 phi_1 for k >= 2, and an odd activation or weights of one sign."""
    size = 2 + min(len(pull), len(target))
    sigma, phi = np.array([0, 1, *pull])[:size], np.array([0.5, 1, *target])[:size]
    phi[2:] = -np.abs(phi[2:]) * np.sign(sigma[2:])
    if odd:
        sigma[2::2] = 0
    else:
        start = np.abs(start)
    problem = SingleIndex(activation=sigma, target=phi, epsilon=10.0**exponent)
    times = [0.1, 1.0, 10.0]
    flow = mean_field_flow(problem, start, t_end=10.0, times=[max(t, problem.first_stage) for t in times], rtol=1e-9)
    assert (flow.a * flow.s >= -1e-9).all()
    assert (np.abs(flow.residuals[:, 2:]) >= np.abs(phi[2:]) - 1e-7).all()
    outlooks = problem.diagnose(start)
    assert all(outlook.verdict in ("never", "O(1) time") for outlook in outlooks if outlook.degree >= 2)


@pytest.mark.parametrize("m, odd", [(1, False), (5, False), (4, True)])
def test_what_a_neuron_gains_and_loses(m, odd):
    r"""(eps a^2 + ln(1 - s^2))' = -2 a sum_k (k - 1) sigma_k e_k s^k, the identity behind the rule of signs."""
    rng = np.random.default_rng(m)
    problem = quadratic(1e-2, activation="erf" if odd else "relu")
    a, s = rng.standard_normal(m), rng.uniform(-0.9, 0.9, m)
    da, ds = np.split(twins.flow(np.append(a, s), problem.phi, problem.sigma, problem.epsilon), 2)
    e = twins.residuals(a, s, problem.phi, problem.sigma)
    change = 2 * problem.epsilon * a * da - 2 * s * ds / (1 - s**2)
    expected = -2 * a * sum((k - 1) * problem.sigma[k] * e[k] * s**k for k in range(e.size))
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "sigma, phi",
    [
        ([1, 1, 1, 1], [1, 1, 0, 1]),
        ([1, 1, 1, 1], [1, 1, 0, -1]),
        ([0, 1, 1, 1], [0, 1, 1, -1]),
        ([0, 1, 1, 1], [0, 1, -1, 1]),
        ([0, 1, 1, 1, 1], [0, 1, -1, 1, 1]),
        ([-1.2, 0.8, 1, -0.7, 1.1], [1, -1, 0.7, 0, 0.9]),
        ([-1.2, 0.8, 1, -0.7, 1.1], [1, -1, 0.7, 0, -0.9]),
    ],
)
def test_the_diagnosis_of_signs_is_what_the_flow_does(sigma, phi):
    start = np.array([-2.0, -0.5, 1.0, 1.7, 3.0])
    problem = SingleIndex(activation=sigma, target=phi, epsilon=1e-9)
    flow = mean_field_flow(problem, start, t_end=20.0, rtol=1e-7)
    shares = np.abs(flow.residuals[-1] / np.where(problem.phi == 0, np.nan, problem.phi))
    for outlook in problem.diagnose(start):
        assert (shares[outlook.degree] > 0.5) == (outlook.verdict == "never")


def test_one_particle_and_large_epsilon():
    flow = mean_field_flow(plain([1, 1, 1], 100.0), [0.5], t_end=500.0)
    assert np.diff(flow.risk).max() <= 1e-9


def test_times_of_other_levels_are_ordered():
    problem = quadratic(1e-8)
    flow = mean_field_flow(problem, START, t_end=0.1)
    levels = [learning_times(flow, level=level).times[:3] for level in (0.75, 0.5, 0.25)]
    assert (np.diff(levels, axis=0) > 0).all()


def test_a_loose_run_is_refused():
    flow = mean_field_flow(quadratic(1e-6), START, t_end=1.0, rtol=1e-3)
    with pytest.raises(ArithmeticError, match="is uncertain by"):
        learning_times(flow, tolerance=1e-9)


def test_what_is_there_from_the_start_has_time_zero():
    flow = mean_field_flow(plain([1, 1], 1e-3), [0.5, 1.5], t_end=0.5)
    assert learning_times(flow).times[0] == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"t_end": 1e-9}, "t_end must be >= 4.355e-06, the time scale of the first stage"),
        ({"t_end": 0}, "t_end must be > 0"),
        ({"t_end": 1.0, "rtol": 0.5}, "rtol must be"),
        ({"t_end": 1.0, "times": [2.0]}, "times must be a vector of times <= t_end"),
        ({"t_end": 1.0, "method": "euler"}, "method must be"),
        ({"t_end": 1.0, "max_steps": 0}, "max_steps must be >= 1"),
        ({"t_end": np.inf}, "t_end must be finite"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        mean_field_flow(quadratic(1e-6), START, **options)


@pytest.mark.parametrize("a0", [[], [np.inf], [[1.0, 2.0]]])
def test_refused_starts(a0):
    with pytest.raises(ValueError, match="a0 must"):
        mean_field_flow(quadratic(1e-6), a0, t_end=1.0)
