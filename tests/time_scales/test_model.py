"""The problem, what it says of the learning order, and its refusals."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from learning_dynamics.time_scales import (
    Activation,
    SingleIndex,
    from_powers,
    size_exponents,
    time_exponent,
    uniform_start,
    window_exponent,
)
from learning_dynamics.time_scales.mathematics.learning_order import DIVERGING, NEVER, ORDER_ONE, VANISHING
from tests.time_scales.problems import START, cubic, plain, quadratic


def verdicts(problem, a0=START):
    return {outlook.degree: outlook.verdict for outlook in problem.diagnose(a0)}


def test_configuration_a():
    problem = quadratic(1e-6)
    assert problem.degree == 8
    assert problem.kappa == pytest.approx(-0.5, rel=1e-15)
    np.testing.assert_allclose(problem.plateaus[:4], [11 / 9, 13 / 18, 2 / 9, 0], atol=1e-15)
    assert verdicts(problem) == {0: VANISHING, 1: VANISHING, 2: VANISHING}


def test_degree_follows_the_arrays():
    assert cubic(1e-3).degree == 3
    assert SingleIndex(activation=[1, 1], target=[0, 1, 2, 3], epsilon=1).degree == 3
    assert SingleIndex(activation="tanh", target=np.eye(12)[11], epsilon=1).degree == 11
    assert SingleIndex(activation=[1], target=[1], epsilon=1).degree == 1


def test_another_epsilon():
    problem = quadratic(1e-6)
    other = replace(problem, epsilon=1e-8)
    assert other.epsilon == 1e-8
    np.testing.assert_array_equal(other.sigma, problem.sigma)


def test_a_target_given_as_a_function():
    problem = SingleIndex(activation="relu", target=lambda x: x**2 - 1, epsilon=1.0)
    np.testing.assert_allclose(problem.phi[:3], from_powers([-1, 0, 1]), atol=1e-13)
    kinked = Activation(function=np.abs, kinks=(0,))
    with pytest.raises(ValueError, match="degree must be larger, got 2"):
        SingleIndex(activation="relu", target=kinked, epsilon=1.0, degree=2)


def test_the_problem_is_frozen():
    problem = quadratic(1.0)
    with pytest.raises(FrozenInstanceError):
        problem.epsilon = 2.0
    with pytest.raises(ValueError, match="read-only"):
        problem.sigma[0] = 1.0


def test_order_with_zero_coefficients():
    assert verdicts(plain([1, 0, 1], 1e-6)) == {0: VANISHING, 2: NEVER}
    no_linear = SingleIndex(activation=[1, 0, 1], target=[1, 1, 1], epsilon=1e-6)
    assert verdicts(no_linear) == {0: VANISHING, 1: NEVER, 2: NEVER}
    no_square = SingleIndex(activation=[1, 1, 0, 1], target=[1, 1, 1, 1], epsilon=1e-6)
    assert verdicts(no_square) == {0: VANISHING, 1: VANISHING, 2: NEVER, 3: ORDER_ONE}


def test_order_across_gaps():
    assert verdicts(plain([1, 1, 0, 1, 1], 1e-6)) == {0: VANISHING, 1: VANISHING, 3: ORDER_ONE, 4: ORDER_ONE}
    assert verdicts(plain([1, 1, 0, 0, 1], 1e-6)) == {0: VANISHING, 1: VANISHING, 4: DIVERGING}


@pytest.mark.parametrize("values", [1, 2, 3, 4])
def test_order_of_atomic_starts(values):
    start = np.repeat(np.linspace(-1, 1, values) if values > 1 else [1.0], 3)
    found = verdicts(plain([1, 1, 1, 1], 1e-6), start)
    assert [found[k] for k in (1, 2, 3)] == [VANISHING] * (values - 1) + [ORDER_ONE] * (4 - values)


def test_without_a_constant_one_value_is_enough_for_degree_one():
    odd = SingleIndex(activation=[0, 1, 1], target=[0, 1, 1], epsilon=1e-6)
    assert verdicts(odd, [1.0, 1.0]) == {1: VANISHING, 2: ORDER_ONE}
    assert verdicts(odd, [0.0, 0.0]) == {1: NEVER, 2: NEVER}


def test_zero_starts_do_not_count_without_a_constant():
    odd = SingleIndex(activation=[0, 1, 1, 1], target=[0, 1, 1, 1], epsilon=1e-6)
    assert verdicts(odd, [1.0, 2.0, 0.0])[3] == ORDER_ONE
    assert verdicts(odd, [1.0, 2.0, 3.0])[3] == VANISHING


def test_opposite_starts_are_one_with_an_odd_activation():
    odd = SingleIndex(activation=[0, 1, 0, 1], target=[0, 1, 0, 1], epsilon=1e-6)
    reasons = {len(start): odd.diagnose(start)[1].reason for start in ([1.0, -1.0], [1.0, -1.0, 2.0])}
    assert "1 distinct value, fewer than 2" in reasons[2]
    assert reasons[3] == "a gap of 1 after degree 1"


def test_signs_across_gaps():
    assert verdicts(plain([1, 1, 0, -1], 1e-6))[3] == NEVER
    assert verdicts(plain([1, -1, 0, -1], 1e-6))[3] == ORDER_ONE
    assert verdicts(plain([1, 1, 1, 0, -1], 1e-6))[4] == NEVER
    assert verdicts(plain([1, 1, 0, 0, -1], 1e-6))[4] == DIVERGING
    assert verdicts(plain([1, 1, 0, -1, 1], 1e-6))[4] == NEVER


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd_activations_learn_the_cube_of_the_other_sign_only(name):
    for sign, verdict in ((1, NEVER), (-1, ORDER_ONE)):
        assert verdicts(SingleIndex(activation=name, target=[0, 1, 0, sign], epsilon=1e-6))[3] == verdict


def test_signs_without_a_constant():
    for start, sign, verdict in (([1.0, 2.0], 1, VANISHING), ([1.0, 2.0], -1, NEVER), ([1.0, -2.0], -1, VANISHING)):
        assert verdicts(SingleIndex(activation=[0, 1, 1], target=[0, 1, sign], epsilon=1e-6), start)[2] == verdict
    cube = SingleIndex(activation=[0, 1, 1, 1], target=[0, 1, 1, -1], epsilon=1e-6)
    assert verdicts(cube, [1.0, 2.0, -3.0]) == {1: VANISHING, 2: VANISHING, 3: NEVER}
    unwanted = SingleIndex(activation=[0, 1, 1, 1], target=[0, 1, 0, 1], epsilon=1e-6)
    assert "degree 2 cannot stay 0" in unwanted.diagnose([1.0, 2.0, 3.0])[1].reason


def test_reasons_are_sentences_with_their_numbers():
    reasons = [outlook.reason for outlook in plain([1, 1, 0, 0, 1], 1e-6).diagnose([1.0, 2.0])]
    assert "2 distinct values, fewer than 5" in reasons[-1]


def test_exponents():
    assert [time_exponent(k) for k in range(4)] == [1, 1 / 2, 1 / 4, 1 / 6]
    assert all(time_exponent(k + 1, after=k) == time_exponent(k + 1) for k in range(1, 9))
    assert [time_exponent(k, after=1) for k in (3, 4, 5)] == [0, -1 / 4, -1 / 2]
    assert [window_exponent(k) for k in range(4)] == [1, 1 / 2, 1 / 3, 1 / 4]
    for degree in range(6):
        w, b = size_exponents(degree)
        assert w == pytest.approx(degree * b)
        assert w + b == pytest.approx(0.5)


def test_uniform_start():
    np.testing.assert_array_equal(uniform_start(4), [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_array_equal(uniform_start(7), -uniform_start(7)[::-1])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"epsilon": 0}, "epsilon must be > 0"),
        ({"epsilon": -1e-3}, "epsilon must be > 0"),
        ({"epsilon": np.nan}, "epsilon must be finite"),
        ({"target": []}, "target must hold at least one value"),
        ({"target": [1, np.inf]}, "target must be finite"),
        ({"target": [0, 0]}, "target must have a nonzero"),
        ({"target": [1, 2, 3], "degree": 1}, "degree must be >= 2"),
        ({"degree": 0}, "degree must be >= 1"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"activation": [[1, 2]]}, "activation must have 1 dimension"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        quadratic(**{"epsilon": 1e-3, **change})


@pytest.mark.parametrize("change", [{"epsilon": "small"}, {"target": [True]}, {"degree": 2.5}, {"activation": None}])
def test_wrong_types(change):
    with pytest.raises(TypeError):
        quadratic(**{"epsilon": 1e-3, **change})


@pytest.mark.parametrize("a0", [[], [np.nan], [[1.0]]])
def test_refused_starts(a0):
    with pytest.raises(ValueError, match="a0 must"):
        quadratic(1e-3).diagnose(a0)


@pytest.mark.parametrize("degree, after", [(1, 1), (3, 3), (2, 0)])
def test_refused_gaps(degree, after):
    with pytest.raises(ValueError):
        time_exponent(degree, after=after)
