"""The tangent kernel: closed form, average over weights, power series; regression with it."""

from functools import cache

import mpmath as mp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import factorial2

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    feature_norm2,
    initial_linearization,
    kernel_coefficients,
    kernel_matrix,
    kernel_regression,
    kernel_series,
    linearized_regression,
    network_kernel,
    polynomial_data,
    smallest_angle,
    smallest_eigenvalue,
    sphere_norm2,
    squared_norm,
    tangent_kernel,
)
from learning_dynamics.overparametrized.mathematics import linearization

checked = settings(max_examples=60, deadline=None, derandomize=True)


def extended(points, bias):
    return np.hstack([points, np.ones((len(points), 1))]) if bias else points


def exact_kernel(x, z):
    with mp.workdps(50):
        inner = mp.fdot(map(mp.mpf, x), map(mp.mpf, z))
        size = mp.sqrt(mp.fdot(map(mp.mpf, x), map(mp.mpf, x)) * mp.fdot(map(mp.mpf, z), map(mp.mpf, z)))
        return float(inner * (mp.pi - mp.acos(inner / size)) / (2 * mp.pi))


class TestKernel:
    @pytest.mark.parametrize("bias", [True, False])
    def test_closed_form_in_forty_digits(self, bias):
        rng = np.random.default_rng(0)
        x, z = rng.standard_normal((4, 3)), 3 * rng.standard_normal((5, 3))
        exact = [[exact_kernel(a, b) for b in extended(z, bias)] for a in extended(x, bias)]
        np.testing.assert_allclose(tangent_kernel(x, z, bias=bias), exact, rtol=1e-13, atol=1e-15)

    @given(st.floats(-12, -1), st.floats(0, 6.3))
    @checked
    def test_nearly_parallel_points_keep_their_digits(self, exponent, angle):
        x = np.array([np.cos(angle), np.sin(angle)])
        z = np.array([np.cos(angle + 10**exponent), np.sin(angle + 10**exponent)])
        assert tangent_kernel([x], [z], bias=False)[0, 0] == pytest.approx(exact_kernel(x, z), rel=3e-15, abs=3e-15)

    @pytest.mark.parametrize("bias", [True, False])
    def test_average_over_weights(self, bias):
        rng = np.random.default_rng(1)
        x = rng.standard_normal((3, 2))
        features = extended(x, bias)
        total = np.zeros((3, 3))
        for _ in range(20):
            ones = (rng.standard_normal((100_000, features.shape[1])) @ features.T > 0).astype(float)
            total += ones.T @ ones
        np.testing.assert_allclose(
            tangent_kernel(x, bias=bias, gain=2.0), 4 * (features @ features.T) * total / 2e6, rtol=0, atol=0.02
        )

    def test_two_neurons_of_every_direction(self):
        """Without a bias in the plane the average is an integral over one angle."""
        x, z = np.array([1.0, 0.0]), np.array([-0.6, 1.7])
        angle = (np.arange(200_000) + 0.5) * (2 * np.pi / 200_000)
        w = np.stack([np.cos(angle), np.sin(angle)])
        share = np.mean((x @ w > 0) & (z @ w > 0))
        assert tangent_kernel([x], [z], bias=False)[0, 0] == pytest.approx((x @ z) * share, abs=1e-5)

    def test_blocks_of_rows_change_nothing(self, monkeypatch):
        x = np.random.default_rng(2).standard_normal((23, 4))
        whole = tangent_kernel(x)
        monkeypatch.setattr("learning_dynamics.overparametrized.theory.tangent_kernel.BLOCK_ENTRIES", 300)
        np.testing.assert_array_equal(tangent_kernel(x), whole)
        np.testing.assert_array_equal(whole, whole.T)
        np.testing.assert_allclose(tangent_kernel(x, x), whole, rtol=1e-14, atol=1e-15)

    @pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 65])
    def test_half_of_the_pairs_is_enough(self, count):
        x = np.random.default_rng(count).standard_normal((count, 2))
        np.testing.assert_allclose(tangent_kernel(x), tangent_kernel(x, x.copy()), rtol=1e-14, atol=1e-15)

    @given(st.floats(0, np.pi))
    @settings(max_examples=300, deadline=None, derandomize=True)
    def test_every_angle(self, angle):
        x, z = np.array([1.0, 0.0]), np.array([np.cos(angle), np.sin(angle)])
        assert tangent_kernel([x], [z], bias=False)[0, 0] == pytest.approx(exact_kernel(x, z), rel=2e-15, abs=1e-16)

    @pytest.mark.parametrize("cosine", [0.5, 0.9])
    @pytest.mark.parametrize("sign", [1, -1])
    def test_both_sides_of_a_seam(self, cosine, sign):
        for c in (np.nextafter(cosine, 0), cosine, np.nextafter(cosine, 1)):
            x, z = np.array([1.0, 0.0]), np.array([sign * c, np.sqrt(1 - c * c)])
            assert tangent_kernel([x], [z], bias=False)[0, 0] == pytest.approx(exact_kernel(x, z), rel=1e-15)

    def test_parallel_points_are_exact(self):
        x = np.array([[3.0, 4.0], [6.0, 8.0], [1.5, 2.0]])
        np.testing.assert_array_equal(tangent_kernel(x, bias=False), x @ x.T / 2)
        np.testing.assert_array_equal(tangent_kernel(x, -x, bias=False), 0)

    def test_zero_and_opposite_points(self):
        assert tangent_kernel([[0.0]], [[2.0]], bias=False)[0, 0] == 0.0
        assert tangent_kernel([[1.0, 1.0]], [[-2.0, -2.0]], bias=False)[0, 0] == 0.0
        assert tangent_kernel([[1.0]], [[1.0]], bias=False)[0, 0] == 0.5


def model_of(data, **options):
    return TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=10, learning_rate=0.1, **options)


class TestRegression:
    def test_it_interpolates(self):
        data = polynomial_data(seed=1, n=30, d=4)
        model = model_of(data, gain=1.3)
        np.testing.assert_allclose(kernel_regression(model, data.inputs), data.targets, rtol=0, atol=1e-9)
        np.testing.assert_allclose(kernel_regression(model, data.inputs, targets=2 * data.targets), 2 * data.targets, atol=1e-9)

    def test_against_a_direct_solution(self):
        data = polynomial_data(seed=2, n=20, d=3)
        points = data.fresh(count=7, seed=5)[0]
        h = tangent_kernel(points, data.inputs)
        expected = h @ np.linalg.solve(tangent_kernel(data.inputs), data.targets)
        np.testing.assert_allclose(kernel_regression(model_of(data), points), expected, rtol=0, atol=1e-9)

    @pytest.mark.parametrize("width", [1e-1, 1e-4, 1e-7, 1e-10, 1e-13, 0.0])
    def test_the_factorisation_never_accepts_what_the_spectrum_refuses(self, width):
        """Two points that close in on each other; where there is no certificate, all eigenvectors decide, with the same error."""
        x = np.random.default_rng(0).standard_normal((30, 3))
        x[1] = x[0] + width
        model = TwoLayerRegression(inputs=x, targets=np.arange(30.0), width=3, learning_rate=0.1)
        H = kernel_matrix(model)
        certified = linearization.certified_factor(H) is not None
        assert certified or width < 1e-10
        try:
            eigenvalues, vectors = linearization.spectrum(H, name="H", features=model.features)
        except ValueError as refusal:
            assert not certified
            with pytest.raises(ValueError, match="of H is not above its rounding") as raised:
                kernel_regression(model, x)
            assert str(raised.value) == str(refusal)
        else:
            expected = H @ (vectors @ ((model.targets @ vectors) / eigenvalues))
            np.testing.assert_allclose(
                kernel_regression(model, x), expected, rtol=0, atol=1e-13 * eigenvalues[-1] / eigenvalues[0]
            )

    @pytest.mark.parametrize("n", [1, 2, 7, 60])
    def test_a_certificate_is_a_bound(self, n):
        """Matrices whose smallest eigenvalue is given: the certificate fails at the floor of the spectrum, and holds at 40 times it."""
        rng = np.random.default_rng(n)
        Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
        floor = linearization.SINGULAR * n
        for smallest, wanted in ((0.5 * floor, False), (floor, False), (40 * floor, True)):
            values = np.geomspace(1.0, smallest, n) if n > 1 else np.array([smallest])
            matrix = (Q * values) @ Q.T
            matrix = (matrix + matrix.T) / 2
            assert (linearization.certified_factor(matrix) is not None) == (wanted or n == 1)

    def test_the_spectrum_gives_the_same_where_there_is_no_certificate(self, monkeypatch):
        data = polynomial_data(seed=2, n=20, d=3)
        fast = kernel_regression(model_of(data), data.inputs[:5] + 0.1)
        monkeypatch.setattr("learning_dynamics.overparametrized.theory.tangent_kernel.certified_factor", lambda matrix: None)
        np.testing.assert_allclose(kernel_regression(model_of(data), data.inputs[:5] + 0.1), fast, rtol=1e-11)

    def test_the_gain_does_not_matter(self):
        data = polynomial_data(seed=2, n=20, d=3)
        points = data.fresh(count=7, seed=5)[0]
        one, two = (kernel_regression(model_of(data, gain=gain), points) for gain in (1.0, 2.0))
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-10)

    def test_smallest_eigenvalue_and_angle(self):
        data = polynomial_data(seed=3, n=12, d=3)
        model = model_of(data, bias=False)
        assert smallest_eigenvalue(model) == pytest.approx(np.linalg.eigvalsh(kernel_matrix(model))[0], rel=1e-10)
        products = data.inputs @ data.inputs.T - 3 * np.eye(12)
        assert smallest_angle(model) == pytest.approx(np.arccos(products.max()), rel=1e-10)

    def test_antipodal_points_are_harmless_without_a_bias_until_there_are_too_many(self):
        """relu'(w x) x - relu'(-w x)(-x) = x: d + 1 such pairs are linearly dependent, d are not."""
        points = np.random.default_rng(0).standard_normal((4, 3))
        for count, regular in ((3, True), (4, False)):
            inputs = np.vstack([points[:count], -points[:count]])
            model = TwoLayerRegression(inputs=inputs, targets=np.ones(2 * count), width=9, learning_rate=1.0, bias=False)
            if regular:
                assert smallest_eigenvalue(model) > 1e-3
            else:
                with pytest.raises(ValueError, match="smallest eigenvalue .* of H is not above its rounding"):
                    smallest_eigenvalue(model)


@cache
def taylor(count, d, bias):
    """Coefficients of u/4 + u/(2 pi) arcsin(u/R) in s, u = b + s, by symbolic differentiation."""
    s = sympy.Symbol("s")
    b = 1 if bias else 0
    u = b + s
    kernel, row = u / 4 + u / (2 * sympy.pi) * sympy.asin(u / sympy.Integer(d + b)), []
    for k in range(count):
        row.append(float(kernel.subs(s, 0) / sympy.factorial(k)))
        kernel = sympy.diff(kernel, s)
    return np.array(row)


def printed_coefficients(count, d, terms=4000):
    """Lemma 6 as the paper has it, by its double factorials."""
    p = np.arange(1, terms)
    ratio = np.cumprod(np.concatenate([[1.0], (2 * p[1:] - 3) / (2 * p[1:] - 2)]))
    c = (d + 1) / (2 * np.pi) * ratio / (2 * p - 1)
    assert c[3] == pytest.approx(factorial2(5) * (d + 1) / (2 * np.pi * factorial2(6) * 7))
    d_k = []
    for k in range(count):
        binomial = np.ones_like(c)
        for j in range(k):
            binomial *= (2 * p - j) / (j + 1)
        d_k.append(np.sum(c * binomial * np.exp(-2 * p * np.log(d + 1))))
    return np.array(d_k) + np.where(np.arange(count) <= 1, 0.25, 0)


class TestSeries:
    @pytest.mark.parametrize("d", [1, 2, 5, 30])
    def test_recurrence_against_the_printed_sums(self, d):
        np.testing.assert_allclose(kernel_coefficients(12, dimension=d), printed_coefficients(12, d), rtol=1e-12)

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("d", [1, 5])
    def test_recurrence_against_symbolic_derivatives(self, d, bias):
        np.testing.assert_allclose(kernel_coefficients(7, dimension=d, bias=bias), taylor(7, d, bias), rtol=1e-12, atol=1e-17)

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("norm", [1.0, 5**0.5, 0.2])
    def test_sum_against_the_kernel(self, bias, norm):
        data = polynomial_data(seed=0, n=12, d=5, norm=norm, standardize=False)
        products = data.inputs @ data.inputs.T
        off = ~np.eye(12, dtype=bool)
        got = kernel_series(products[off], terms=3000, dimension=5, bias=bias, norm=norm)
        np.testing.assert_allclose(got, tangent_kernel(data.inputs, bias=bias)[off], rtol=0, atol=1e-12 * norm**2 + 1e-13)

    def test_slow_end(self):
        """At x^T y = d what is missing falls like N^(-1/2)."""
        exact = 6 / 2
        rest = [exact - float(kernel_series(5.0, terms=terms, dimension=5)) for terms in (1000, 4000, 16000)]
        assert min(rest) > 0
        np.testing.assert_allclose([rest[0] / rest[1], rest[1] / rest[2]], 2, rtol=2e-3)

    def test_all_coefficients_are_positive_with_a_bias_and_half_of_them_vanish_without(self):
        assert (kernel_coefficients(50, dimension=3) > 0).all()
        assert (kernel_coefficients(50, dimension=3, bias=False)[3::2] == 0).all()
        assert (kernel_coefficients(50, dimension=3, bias=False)[2::2] > 0).all()
        assert kernel_coefficients(50, dimension=3, bias=False)[0] == 0

    def test_scaled_coefficients(self):
        scaled = kernel_coefficients(40, dimension=7, scaled=True)
        np.testing.assert_allclose(scaled, kernel_coefficients(40, dimension=7) * 7.0 ** np.arange(40), rtol=1e-13)

    @pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
    def test_feature_norm_bounds_the_norm_of_the_interpolant(self, degree):
        """Y^T H^-1 Y is the least squared norm of an interpolant, so at most that of (x^T beta)^p."""
        data = polynomial_data(seed=4, n=40, d=5, degree=degree, norm=5**0.5, standardize=False, beta_norm=0.7)
        H = tangent_kernel(data.inputs)
        least = data.targets @ np.linalg.solve(H, data.targets)
        bound = feature_norm2(degree, dimension=5, beta_norm=0.7)
        assert 0 < least <= bound
        assert bound == pytest.approx(0.7 ** (2 * degree) / kernel_coefficients(degree + 1, dimension=5)[degree])

    def test_a_power_that_the_kernel_lacks(self):
        with pytest.raises(ValueError, match="degree must be that of a power in the kernel, got 3"):
            feature_norm2(3, dimension=5, bias=False)

    def test_products_outside_the_range(self):
        with pytest.raises(ValueError, match=r"products must be in \[-5, 5\]"):
            kernel_series([5.1], terms=3, dimension=5)


def networked(*, antisymmetric=False, width=60):
    data = polynomial_data(seed=0, n=8, d=3, norm=3**0.5)
    options = {"width": width, "learning_rate": 0.01, "gain": 1.3, "antisymmetric": antisymmetric}
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)
    return data, model, *model.draw(0)


def gradients(model, weights, signs, points):
    """One row a point, by difference quotients: f is linear within a piece, so these are exact to rounding."""
    step, rows = 1e-7, []
    for k in range(weights.size):
        moved = weights.copy()
        moved.flat[k] += step
        rows.append((model.outputs(moved, signs, points) - model.outputs(weights, signs, points)) / step)
    return np.array(rows).T


def test_the_network_s_kernel_is_the_product_of_its_gradients():
    data, model, weights, signs = networked()
    new, _ = data.fresh(count=4, seed=1)
    columns, others = gradients(model, weights, signs, data.inputs), gradients(model, weights, signs, new)
    np.testing.assert_allclose(network_kernel(model, weights, data.inputs, new), columns @ others.T, atol=1e-6)
    kernel = initial_linearization(model, weights, signs).tangent_kernel
    np.testing.assert_allclose(network_kernel(model, weights, data.inputs), kernel, rtol=1e-12)
    wide = networked(width=100_000)
    limit = tangent_kernel(data.inputs, gain=1.3)
    assert np.abs(network_kernel(wide[1], wide[2], data.inputs) - limit).max() < 0.05


def test_the_linearised_network_is_regression_with_its_own_kernel():
    """f_L(x, w_L*) by the gradient at the new points, times w_L* itself."""
    for antisymmetric in (False, True):
        data, model, weights, signs = networked(antisymmetric=antisymmetric)
        new, _ = data.fresh(count=5, seed=1)
        solution = initial_linearization(model, weights, signs).solution
        direct = gradients(model, weights, signs, new) @ solution.ravel()
        np.testing.assert_allclose(linearized_regression(model, weights, signs, new), direct, atol=1e-5)
        np.testing.assert_allclose(linearized_regression(model, weights, signs, data.inputs), data.targets, atol=1e-9)


def test_wide_linearised_regression_is_kernel_regression():
    data, model, weights, signs = networked(antisymmetric=True, width=200_000)
    new, _ = data.fresh(count=50, seed=1)
    apart = linearized_regression(model, weights, signs, new) - kernel_regression(model, new)
    assert np.sqrt(np.mean(apart**2)) < 0.02


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_least_norms_on_the_sphere(degree):
    """Interpolants come up to it as points fill the sphere, and never above; it is below the norm with one power alone."""
    limit = sphere_norm2(degree, dimension=3)
    norms = []
    for n in (100, 200, 400):
        data = polynomial_data(seed=1, n=n, d=3, degree=degree, norm=3**0.5, standardize=False, beta_norm=1.0)
        norms.append(squared_norm(TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=1, learning_rate=1.0)))
    assert norms[0] < norms[1] < norms[2] < limit * (1 + 1e-6)
    assert 2 * norms[2] - norms[1] == pytest.approx(limit, rel=0.03)
    assert limit < feature_norm2(degree, dimension=3)


def test_least_norm_of_a_constant_is_one_over_the_mean_of_the_kernel():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 4))
    x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
    assert 1 / sphere_norm2(0, dimension=4) == pytest.approx(tangent_kernel(x[:1000], x[1000:]).mean(), rel=0.02)


def test_least_norm_without_a_bias():
    assert sphere_norm2(3, dimension=4, bias=False) == np.inf
    assert sphere_norm2(2, dimension=4, bias=False) < np.inf
    with pytest.raises(ValueError, match="dimension must be >= 3"):
        sphere_norm2(1, dimension=2)
