"""The bounds: their dependence on every variable, and the smallest constants."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    corollary8_bound,
    kernel_regression,
    lemma1_bounds,
    lemma2_drift_bound,
    lemma2_residual_bound,
    lemma2_width,
    lemma5_bound,
    polynomial_data,
    smallest_constant,
    theorem3_bound,
    theorem4_bound,
    theorem4_step,
    theorem4_width,
    theorem7_bound,
    theorem7_steps,
    train,
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
    (
        theorem4_width,
        {"n": 9.0, "d": 2.0, "c": 0.1, "c_y": 2.0, "delta": 0.1},
        {"n": 10, "d": 10, "c": -10, "c_y": 6, "delta": -6},
    ),
    (theorem7_steps, {"n": 9.0, "eta": 0.01, "c": 0.1, "norm2": 3.0}, {"eta": -1, "c": -1}),
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


def test_steps_of_theorem_7():
    assert theorem7_steps(n=2.0, eta=0.5, c=0.2, norm2=np.e**2 / 2 - 1) == pytest.approx(20.0)


def test_equation_4_is_theorem_4_in_the_width_alone():
    """(4): O(1/m^0.125) for large k; the rest of Theorem 4 does not depend on the width."""
    widths = np.array([1e3, 1e5, 1e9])
    rest = theorem4_bound(**{**THEOREM4, "m": widths})
    np.testing.assert_allclose(rest * widths**0.125, rest[0] * widths[0] ** 0.125, rtol=1e-12)


def test_equation_3_splits_the_error():
    """(y - f)^2 <= 2 (y - g)^2 + 2 (f - g)^2, with equality where y - g = g - f; on networks too."""
    data = polynomial_data(seed=0, n=12, d=3, norm=3**0.5)
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=40, learning_rate=0.01)
    new, y = data.fresh(count=200, seed=1)
    f, g = train(model, *model.draw(0), epochs=100, points=new).predictions[-1], kernel_regression(model, new)
    assert np.mean((y - f) ** 2) <= 2 * np.mean((y - g) ** 2) + 2 * np.mean((f - g) ** 2)
    assert np.mean((y - (2 * g - y)) ** 2) == pytest.approx(2 * np.mean((y - g) ** 2) + 2 * np.mean(((2 * g - y) - g) ** 2))


def test_second_terms_at_the_widths_asked_for():
    """With all constants 1 they are n d^(3/2) C_y/(c^(3/2) delta^(3/4)) and (dn)^(1/4) C_y^(3/4)/(c delta^3)^(1/4): not small."""
    n, d, c, c_y, delta = 100.0, 5.0, 0.024, 3.4, 0.1
    size = {"n": n, "d": d, "c": c, "c_y": c_y, "delta": delta}
    third = theorem3_bound(t=1e9, m=lemma2_width(**size), distance=1.0, **size)
    fourth = theorem4_bound(epochs=1e9, eta=1e-3, m=theorem4_width(**size), distance=1.0, **size)
    assert third == pytest.approx(n * d**1.5 * c_y / (c**1.5 * delta**0.75))
    assert fourth == pytest.approx((d * n) ** 0.25 * c_y**0.75 / (c * delta**3) ** 0.25)
    assert third > 1e5
    assert fourth > 10
