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
    kernel_regression,
    lemma2_width,
    network_kernel,
    polynomial_data,
    smallest_eigenvalue,
    squared_norm,
    tangent_kernel,
    theorem4_step,
    theorem4_width,
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


def figure_model():
    data = polynomial_data(seed=0)
    options = {"width": 10_000, "gain": 2**0.5, "bias": False, "loss": "mean", "learning_rate": 0.01}
    return TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)


def test_the_figure_s_width_is_far_below_that_of_theorem_4():
    """(dn)^10 C_y^6/(c^10 delta^6) with delta = 0.1 is above 10^52; Theorem 3's width, far less, is out of reach as well."""
    model = figure_model()
    size = {"n": 100, "d": 5, "c": smallest_eigenvalue(model), "c_y": np.abs(model.targets).max(), "delta": 0.1}
    assert theorem4_width(**size) > 1e52
    assert 1e25 < lemma2_width(**size) < 1e26 < theorem4_width(**size)


def test_the_start_of_lemma_5_is_far_below_that_of_theorem_4():
    """kappa^2 = d^2 c delta/n^1.5 with a constant 1 at the figure's size: a hundredth of Theorem 4's kappa = 1 or less."""
    kappa2 = 5**2 * smallest_eigenvalue(figure_model()) * 0.1 / 100**1.5
    assert kappa2**0.5 < 0.01


def test_a_smaller_start_switches_more():
    """It is no change of units: at the same gain, weights a tenth as large at the start switch several times as many pairs."""
    data = polynomial_data(seed=0, n=20, d=3, norm=3**0.5)
    flipped = []
    for scale in (1.0, 0.1):
        options = {"width": 400, "learning_rate": 0.005, "scale": scale, "antisymmetric": True}
        model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)
        flipped.append(train(model, *model.draw(0), epochs=2000).flipped[-1])
    assert flipped[1] > 3 * flipped[0]


def test_the_start_has_one_entry_more_than_printed():
    """Printed: w_k(0) ~ N(0, kappa^2 I_d). With d random entries and the bias at 0 the mean kernel is not equation (9)."""
    data = polynomial_data(seed=0, n=2, d=4, norm=2.0)
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=200_000, learning_rate=0.1)
    weights, _ = model.draw(0)
    assert weights.shape == (200_000, 5)
    exact = tangent_kernel(data.inputs)[0, 1]
    assert network_kernel(model, weights, data.inputs)[0, 1] == pytest.approx(exact, abs=0.01)
    weights[:, -1] = 0
    assert abs(network_kernel(model, weights, data.inputs)[0, 1] - exact) > 0.03


def test_the_error_varies_with_the_draw_of_the_points():
    """At infinite width nothing depends on the initialisation; the error at new points still differs between draws of the points."""
    errors = []
    for seed in range(8):
        data = polynomial_data(seed=seed, n=30, d=4, norm=2.0, standardize=False, beta_norm=1.0)
        model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=1, learning_rate=1.0)
        new, y = data.fresh(count=2000, seed=99)
        errors.append(np.mean((kernel_regression(model, new) - y) ** 2))
    assert max(errors) > 1.3 * min(errors)


def test_the_sample_covariance_is_annihilated():
    """Theorem 7's proof: E (y - f_KR)^2 = w^T P (population - sample covariance) P w, in features that are finitely many."""
    rng = np.random.default_rng(0)
    phi, w = rng.standard_normal((6, 15)) / 4, rng.standard_normal(15)
    outside = np.eye(15) - np.linalg.pinv(phi) @ phi
    sample = phi.T @ phi / 6
    assert np.abs(sample @ outside).max() < 1e-14
    new = rng.standard_normal((500, 15)) / 4
    fit = new @ phi.T @ np.linalg.solve(phi @ phi.T, phi @ w)
    population = new.T @ new / 500
    assert np.mean((new @ w - fit) ** 2) == pytest.approx(w @ outside @ (population - sample) @ outside @ w)
