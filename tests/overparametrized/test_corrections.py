"""Misprints and doubtful statements of paper 3: the printed form fails, the corrected one holds."""

import numpy as np
import pytest
import sympy

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    corollary8_bound,
    feature_norm2,
    initial_linearization,
    kernel_coefficients,
    kernel_matrix,
    polynomial_data,
    smallest_eigenvalue,
    squared_norm,
    tangent_kernel,
    theorem4_step,
    theorem7_bound,
    train,
)


def small():
    data = polynomial_data(seed=0, n=8, d=3, norm=3**0.5)
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=30, learning_rate=0.01)
    return model, *model.draw(0)


def test_linearisation_sums_from_neuron_1():
    """Printed: a sum over k = 0, ..., m. That has m + 1 terms for m neurons; repeating any neuron breaks the expansion."""
    model, weights, signs = small()
    line = initial_linearization(model, weights, signs)
    G = np.einsum("k,ki,id->kdi", line.scales, line.active, model.features)
    terms = np.einsum("kdi,kd->ki", G, weights)
    np.testing.assert_allclose(terms.sum(axis=0), line.outputs, rtol=0, atol=1e-13)
    assert all(np.abs(terms.sum(axis=0) + extra - line.outputs).max() > 1e-3 for extra in terms)


def test_sign_and_factor_of_the_flow():
    """Printed: dw/dt = dL/dw := -grad f (f - Y). For L = sum (y - f)^2 the derivative is +2 grad f (f - Y)."""
    y, f, w = sympy.symbols("y w0"), sympy.Function("f"), sympy.Symbol("w")
    loss = (y[0] - f(w)) ** 2
    slope = sympy.diff(f(w), w)
    assert sympy.simplify(sympy.diff(loss, w) - 2 * slope * (f(w) - y[0])) == 0
    assert sympy.simplify(sympy.diff(loss, w) + slope * (f(w) - y[0])) != 0
    half = sympy.diff(loss / 2, w)
    assert sympy.simplify(-half + slope * (f(w) - y[0])) == 0


def test_the_rates_of_theorems_3_and_4_differ_by_a_factor_of_2():
    """For small eta, (1 - c eta/2)^(k/2) is e^(-ct/4) at t = k eta, half the rate of Theorem 3; both hold, one is weaker."""
    c, eta, t = sympy.symbols("c eta t", positive=True)
    discrete = sympy.limit((1 - c * eta / 2) ** (t / (2 * eta)), eta, 0)
    assert sympy.simplify(discrete - sympy.exp(-c * t / 4)) == 0
    assert sympy.simplify(discrete - sympy.exp(-c * t / 2)) != 0
    full = sympy.limit((1 - c * eta / 2) ** (t / eta), eta, 0)
    assert sympy.simplify(full - sympy.exp(-c * t / 2)) == 0


def test_residuals_fall_twice_as_fast_as_equation_5_says():
    """With all eigenvalues >= c/2 the norm of the residual falls like e^(-ct/2); (5) has e^(-ct/4)."""
    model, weights, signs = small()
    kernel = initial_linearization(model, weights, signs)
    c = 2 * kernel.eigenvalues[0]
    times = np.linspace(0, 20, 50)
    worst = np.exp(-np.outer(times, kernel.eigenvalues)).max(axis=1)
    assert (worst <= np.exp(-c * times / 2) * (1 + 1e-12)).all()


@pytest.mark.parametrize("degree, lost", [(0, True), (1, True), (2, False), (3, True), (4, False), (5, True)])
def test_corollary_8_loses_a_root_of_d_against_theorem_7(degree, lost):
    """Theorem 7 with the norm of Corollary 8, over the printed bound: grows like sqrt(d) for p = 0, 1 and odd p >= 3."""
    dimensions = np.array([10, 40, 160, 640, 2560])
    ratio = np.array(
        [
            theorem7_bound(n=1, d=d, delta=0.1, norm2=feature_norm2(degree, dimension=int(d)))
            / corollary8_bound(n=1, d=d, degree=degree, delta=0.1)
            for d in dimensions
        ]
    )
    slope = np.log(ratio[-1] / ratio[-2]) / np.log(4)
    if lost:
        assert slope == pytest.approx(0.5, abs=0.02)
        repaired = ratio / np.sqrt(dimensions)
        assert repaired.max() < 1.5 * repaired.min() + 1e-12
    else:
        assert slope == pytest.approx(-0.5, abs=0.02)


def test_corollary_8_holds_uniformly_in_the_degree():
    """At fixed d the ratio of 1/d_p to (d+1)^p (p+1)^(3/2) stays bounded as p grows: it even falls like (d/(d+1))^p."""
    d, degrees = 5, np.arange(2, 200)
    scaled = kernel_coefficients(200, dimension=d, scaled=True)[2:]
    ratio = (d / (d + 1.0)) ** degrees / (scaled * (degrees + 1.0) ** 1.5)
    assert ratio.argmax() <= 1
    assert ratio[-1] < 1e-12 * ratio[0]


def test_the_norm_in_corollary_8_is_not_the_least_on_a_sphere():
    """On points of one norm different powers overlap: the interpolant's norm at n = 150 stays well below 1/d_3."""
    data = polynomial_data(seed=0, n=150, d=3, degree=3, norm=3**0.5, standardize=False, beta_norm=1.0)
    H = tangent_kernel(data.inputs)
    assert data.targets @ np.linalg.solve(H, data.targets) < 0.5 * feature_norm2(3, dimension=3)


def test_the_figure_s_step_is_far_above_that_of_theorem_4():
    """c/(dn)^2 is the step of Theorem 4 up to a constant; the paper's experiment takes thousands of times more and converges."""
    data = polynomial_data(seed=0)
    options = {"width": 1000, "gain": 2**0.5, "bias": False, "loss": "mean", "learning_rate": 0.01}
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)
    allowed = theorem4_step(n=100, d=5, c=smallest_eigenvalue(model))
    assert model.step > 1000 * allowed
    run = train(model, *model.draw(0), epochs=[0, 2000])
    assert run.loss[1] < 0.2 * run.loss[0]


def test_the_kernel_divides_by_the_norms():
    """Equation (9) divides by d + 1, right for points of norm sqrt(d) only: at the figure's unit norm it is not the kernel."""
    rng = np.random.default_rng(0)
    for norm, right in ((5**0.5, True), (1.0, False)):
        x = rng.standard_normal((2, 5))
        x *= norm / np.linalg.norm(x, axis=1, keepdims=True)
        inner = 1 + x[0] @ x[1]
        printed = inner * (np.pi - np.arccos(inner / 6)) / (2 * np.pi)
        assert (abs(printed - tangent_kernel(x)[0, 1]) < 1e-12) == right


@pytest.mark.parametrize("gain, low, high", [(1.0, 60, 120), (2**0.5, 30, 60)])
def test_the_height_of_panel_b_needs_the_gain(gain, low, high):
    """Y^T H^-1 Y over data seeds, literal text against a gain of sqrt(2); the paper's panel (b) starts at 38 to 43."""
    values = []
    for seed in range(21):
        data = polynomial_data(seed=seed)
        options = {"width": 1, "gain": gain, "bias": False, "learning_rate": 1.0}
        values.append(squared_norm(TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)))
    assert low < np.median(values) < high


def test_theta_min_below_1_is_a_condition_and_not_a_theorem():
    """Few points in many dimensions have every angle above 1; the lower bound of Lemma 1 then is not asserted by the paper."""
    data = polynomial_data(seed=0, n=3, d=60, norm=60**0.5)
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=1, learning_rate=1.0)
    H = kernel_matrix(model)
    cosines = (1 + data.inputs @ data.inputs.T) / 61
    assert np.arccos(cosines[~np.eye(3, dtype=bool)].max()) > 1
    assert np.linalg.eigvalsh(H)[0] > 0
