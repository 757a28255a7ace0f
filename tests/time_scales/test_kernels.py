"""Each compiled loop against its plain twin, over awkward sizes, and the method itself."""

import numpy as np
import pytest
from scipy.special import erf

from learning_dynamics.time_scales.kernels import rosenbrock
from learning_dynamics.time_scales.kernels import sgd as descent
from tests.time_scales import twins

SIZES = (1, 2, 3, 7, 8, 9, 17, 33, 255, 257)
TERMS = (1, 2, 3, 5, 9, 14)


def case(m, terms):
    rng = np.random.default_rng(100 * m + terms)
    a, s = 3 * rng.standard_normal(m), rng.uniform(-0.9, 0.9, m)
    phi, sigma = rng.standard_normal((2, terms))
    return a, s, phi, sigma


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("terms", TERMS)
def test_residuals_velocities_and_rates(m, terms):
    a, s, phi, sigma = case(m, terms)
    work, da, ds = np.empty((3, m))
    e = rosenbrock.residuals(a, s, phi, sigma, work)
    scale = 1 + np.abs(a).max() * np.abs(sigma).max()
    np.testing.assert_allclose(e, twins.residuals(a, s, phi, sigma), rtol=0, atol=1e-14 * scale)
    rosenbrock.velocities(a, s, e, sigma, 0.01, da, ds)
    expected = twins.velocities(a, s, e, sigma, 0.01)
    np.testing.assert_allclose(da, expected[0], rtol=0, atol=1e-13 * np.abs(expected[0]).max())
    np.testing.assert_allclose(ds, expected[1], rtol=0, atol=1e-13 * (1e-3 + np.abs(expected[1]).max()))
    step = 1e-6
    shifted = [twins.residuals(a + x * da, s + x * ds, phi, sigma) for x in (step, -step)]
    rates = rosenbrock.residual_rates(a, s, da, ds, sigma, work)
    np.testing.assert_allclose(rates, (shifted[0] - shifted[1]) / (2 * step), rtol=0, atol=1e-6 * np.abs(rates).max())


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("shift", [1.0, 1e3])
def test_the_structured_solve_is_the_dense_one(m, terms, shift):
    a, s, phi, sigma = case(m, terms)
    blocks = np.empty((4, m))
    e = twins.residuals(a, s, phi, sigma)
    factors = rosenbrock.factorise(a, s, e, sigma, 0.1, shift, blocks)
    right = np.random.default_rng(m).standard_normal((2, m))
    va, vs = right.copy()
    rosenbrock.solve(a, s, sigma, 0.1, blocks, *factors, va, vs)
    matrix = shift * np.eye(2 * m) - twins.jacobian(np.append(a, s), phi, sigma, 0.1)
    expected = np.linalg.solve(matrix, right.ravel())
    tolerance = 1e-10 * np.linalg.cond(matrix)
    np.testing.assert_allclose(np.append(va, vs), expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("size", range(1, 15))
def test_small_solves_with_forced_pivots(size):
    rng = np.random.default_rng(size)
    matrix, right = rng.standard_normal((size, size)), rng.standard_normal(size)
    np.fill_diagonal(matrix, 0.0 if size > 1 else 1.0)
    x = right.copy()
    rosenbrock.solve_small(*rosenbrock.factorise_small(matrix.copy()), x)
    np.testing.assert_allclose(matrix @ x, right, rtol=0, atol=1e-14 * np.linalg.cond(matrix))


def test_the_coefficients_satisfy_the_order_conditions():
    """In the classical form: gamma matrix from the inverse transformation, and the eight conditions up to order 4."""
    gamma = rosenbrock.GAMMA
    c = np.zeros((6, 6))
    c[:, :5] = rosenbrock.SLOPE
    a = np.zeros((6, 6))
    a[:, :5] = rosenbrock.STATE
    G = np.linalg.inv(np.eye(6) / gamma - c)
    alpha = a @ G
    weights = np.append(rosenbrock.STATE[5], 1.0) @ G
    beta = alpha + G
    ones = np.ones(6)
    points, sums = alpha @ ones, beta @ ones
    got = [
        weights @ ones,
        weights @ sums,
        weights @ points**2,
        weights @ beta @ sums,
        weights @ points**3,
        weights @ (points * (alpha @ sums)),
        weights @ beta @ points**2,
        weights @ beta @ beta @ sums,
    ]
    np.testing.assert_allclose(got, [1, 1 / 2, 1 / 3, 1 / 6, 1 / 4, 1 / 8, 1 / 12, 1 / 24], atol=1e-13)
    np.testing.assert_allclose(1 - weights @ np.linalg.solve(beta, ones), 0, atol=1e-12)


def test_one_step_has_order_four():
    a, s, phi, sigma = case(5, 4)
    errors = []
    for count in (8, 16, 32):
        state = [a.copy(), s.copy()]
        for _ in range(count):
            state = one_step(*state, 0.02 / count, phi, sigma)
        errors.append(np.concatenate(state))
    exact = errors[-1] + (errors[-1] - errors[-2]) / 15
    ratio = np.abs(errors[0] - exact).max() / np.abs(errors[1] - exact).max()
    assert 13 < ratio < 20


def one_step(a, s, h, phi, sigma):
    m = a.size
    work, da, ds, new_a, new_s = np.empty((5, m))
    e = rosenbrock.residuals(a, s, phi, sigma, work)
    rosenbrock.velocities(a, s, e, sigma, 0.1, da, ds)
    u_a, u_s, blocks = np.empty((6, m)), np.empty((6, m)), np.empty((4, m))
    rosenbrock.attempt(a, s, da, ds, e, h, phi, sigma, 0.1, new_a, new_s, u_a, u_s, work, blocks)
    return [new_a, new_s]


def relu_slope(z):
    return (z > 0).astype(float)


def erf_slope(z):
    return 2 / np.sqrt(np.pi) * np.exp(-(z**2))


@pytest.mark.parametrize("m, d", [(1, 2), (3, 7), (5, 8), (9, 33)])
@pytest.mark.parametrize("kind", [descent.SERIES, descent.RELU, descent.ERF])
def test_descent(m, d, kind):
    rng = np.random.default_rng(d)
    sigma, phi = np.array([0.5, -1.0, 0.3, 0.2]), np.array([0.3, 1.0, -0.4, 0.1])
    functions = {
        descent.SERIES: (
            lambda z: sum(c * twins.hermite(k, z) for k, c in enumerate(sigma)),
            lambda z: sum(c * np.sqrt(k) * twins.hermite(k - 1, z) for k, c in enumerate(sigma) if k),
        ),
        descent.RELU: (lambda z: np.maximum(z, 0), relu_slope),
        descent.ERF: (erf, erf_slope),
    }
    a, u = rng.standard_normal(m), rng.standard_normal((m, d))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    expected = twins.descend(a, u, *functions[kind], phi, 1e-2, 3e-2, 40, np.random.default_rng(1))
    roots = np.sqrt(np.arange(phi.size + 1.0))
    descent.descend(a, u, kind, sigma, phi, roots, 1e-2, 3e-2, 40, np.random.default_rng(1))
    np.testing.assert_allclose(a, expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(u, expected[1], rtol=0, atol=1e-12)


def test_rows_stay_unit_vectors():
    rng = np.random.default_rng(3)
    u = rng.standard_normal((4, 10))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    coefficients = np.array([0.0, 1.0])
    roots = np.sqrt(np.arange(3.0))
    descent.descend(np.ones(4), u, descent.RELU, coefficients, coefficients, roots, 1e-3, 1e-3, 200_000, rng)
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, rtol=0, atol=200_000 * 1e-16)
