"""The bounds: their dependence on every variable, and the smallest constants."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    corollary8_bound,
    lemma1_bounds,
    lemma2_drift_bound,
    lemma2_residual_bound,
    lemma2_width,
    lemma5_bound,
    smallest_constant,
    theorem3_bound,
    theorem4_bound,
    theorem4_step,
    theorem7_bound,
)

COMMON = {"n": 100.0, "d": 5.0, "m": 1000.0, "c": 0.1, "c_y": 2.0, "delta": 0.05, "distance": 6.0}
THEOREM3 = {**COMMON, "t": 1e9}
THEOREM4 = {**COMMON, "epochs": 1e9, "eta": 1e-3}
EXPONENTS = [
    (lemma2_width, {"n": 9.0, "d": 2.0, "c": 0.1, "c_y": 2.0, "delta": 0.1}, {"n": 6, "d": 4, "c": -4, "c_y": 2, "delta": -3}),
    (
        lemma2_drift_bound,
        {"n": 9.0, "d": 2.0, "m": 50.0, "c": 0.1, "residual": 3.0},
        {"n": 0.5, "d": 0.5, "m": -0.5, "c": -1, "residual": 1},
    ),
    (theorem3_bound, THEOREM3, {"n": 2.5, "d": 2.5, "c_y": 1.5, "c": -2.5, "delta": -1.5, "m": -0.25}),
    (theorem4_bound, THEOREM4, {"n": 1.5, "d": 1.5, "c_y": 1.5, "c": -1.5, "delta": -1.5, "m": -0.125}),
    (theorem4_step, {"n": 9.0, "d": 2.0, "c": 0.1}, {"n": -2, "d": -2, "c": 1}),
    (theorem7_bound, {"n": 9.0, "d": 2.0, "delta": 0.1, "norm2": 3.0}, {"n": -0.5, "d": 0.5, "norm2": 1}),
    (corollary8_bound, {"n": 9.0, "d": 2.0, "delta": 0.1, "degree": 3.0}, {"n": -0.5}),
]


@pytest.mark.parametrize("bound, variables, exponents", EXPONENTS, ids=lambda item: getattr(item, "__name__", ""))
def test_powers(bound, variables, exponents):
    for name, exponent in exponents.items():
        ratio = bound(**{**variables, name: 2 * variables[name]}) / bound(**variables)
        assert ratio == pytest.approx(2.0**exponent, rel=1e-12), name
    assert bound(**variables, constant=3.0) == pytest.approx(3 * bound(**variables), rel=1e-12)


def test_decaying_parts():
    assert theorem3_bound(**{**THEOREM3, "t": 2.0}, constant=0) == pytest.approx(6 * np.exp(-0.1))
    assert theorem4_bound(**{**THEOREM4, "epochs": 3}, constant=0) == pytest.approx(6 * (1 - 5e-5) ** 1.5)
    assert lemma2_residual_bound(t=4.0, c=0.1, residual=3.0) == pytest.approx(3 * np.exp(-0.1))
    assert lemma5_bound(epochs=3, eta=1e-3, n=4, c=0.1, norm2=5.0, second_constant=2.0) == pytest.approx(
        0.5 + 7 * (1 - 5e-5) ** 3
    )


def test_lemma_1_has_two_constants():
    lower, upper = lemma1_bounds(n=50, d=4, angle=0.2, lower_constant=2.0, upper_constant=3.0)
    assert upper == pytest.approx(3.0)
    assert lower == pytest.approx(2 / np.sqrt(np.log(100) + 1))


def test_corollary_8_by_degree():
    values = corollary8_bound(n=100, d=3, degree=[0, 1, 2, 3], delta=np.exp(-1))
    np.testing.assert_allclose(values, [0.1, 0.1, 16 * 3**1.5 / 10, 64 * 8 / 10])


def test_bounds_broadcast():
    assert theorem4_bound(**{**THEOREM4, "epochs": np.arange(5), "m": np.ones((3, 1))}).shape == (3, 5)


def test_smallest_constant_is_where_the_bound_touches():
    times = np.array([0.0, 5.0, 20.0])
    variables = {**THEOREM3, "t": times}
    measured = theorem3_bound(**variables, constant=0.0) + np.array([0.0, 0.3, 0.1])
    constant = smallest_constant(theorem3_bound, measured, **variables)
    assert constant > 0
    excess = theorem3_bound(**variables, constant=constant) - measured
    assert excess.min() == pytest.approx(0, abs=1e-12)
    assert excess.argmin() == 1
    assert smallest_constant(theorem3_bound, measured - 1, **variables) == 0.0


def test_refusals():
    with pytest.raises(ValueError, match="m must be > 0, got 0.0"):
        theorem3_bound(**{**THEOREM3, "m": 0.0})
    with pytest.raises(ValueError, match="delta must be <= 1, got 1.5"):
        theorem7_bound(n=1, d=1, delta=1.5, norm2=1.0)
    with pytest.raises(ValueError, match="degree must hold whole numbers, got 1.5"):
        corollary8_bound(n=1, d=1, degree=[1, 1.5], delta=0.5)
    with pytest.raises(ValueError, match="eta must be at most 2/c = 20"):
        theorem4_bound(**{**THEOREM4, "eta": 21.0})
    with pytest.raises(ValueError, match="constant must be >= 0"):
        theorem4_step(n=1, d=1, c=1, constant=-1.0)
    with pytest.raises(ValueError, match="bound must grow with its constant"):
        smallest_constant(lambda constant: np.ones(2), [1.0, 2.0])
