"""Hermite coefficients against closed forms and against integrals at 30 digits, and the kernels."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from learning_dynamics.time_scales import (
    ACTIVATIONS,
    Activation,
    erf_kernel,
    from_powers,
    hermite_coefficients,
    hermite_sum,
    power_series,
    relu_kernel,
    shifted_relu,
    squared_norm,
)
from tests.time_scales import twins

TOP = 30


def density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def shifted_relu_closed(b, top):
    """E max(g + b, 0) h_k(g): integrate by parts twice."""
    k = np.arange(2, top + 1)
    tail = [twins.hermite(j - 2, np.float64(-b)) * density(b) / np.sqrt(j * (j - 1)) for j in k]
    return np.array([density(b) + b * ndtr(b), ndtr(b), *tail])


def power_closed(n):
    """x^n expanded by repeated multiplication with x."""
    c = np.zeros(n + 1)
    c[0] = 1
    for _ in range(n):
        k = np.arange(n + 1)
        c = np.append(0, (np.sqrt(k + 1) * c)[:-1]) + np.append((np.sqrt(k) * c)[1:], 0)
    return c


def erf_closed(top):
    """Odd k = 2j + 1: from the Gaussian integral of the derivative, whose coefficients are those of exp(-x^2)."""
    c = np.zeros(top + 1)
    for k in range(1, top + 1, 2):
        j = (k - 1) // 2
        value = 2 * (-1) ** j * mp.sqrt(mp.factorial(2 * j)) / (mp.factorial(j) * mp.mpf(3) ** j)
        c[k] = float(value / mp.sqrt(3 * mp.pi * k))
    return c


@pytest.mark.parametrize("b", [-1.7, 0.0, 0.4, 3.0])
def test_shifted_relu(b):
    got = hermite_coefficients(shifted_relu(b), degree=TOP)
    np.testing.assert_allclose(got, shifted_relu_closed(b, TOP), rtol=0, atol=2e-15)


def test_relu_at_degree_400():
    c = hermite_coefficients("relu", degree=400)
    np.testing.assert_allclose(c, shifted_relu_closed(0.0, 400), rtol=0, atol=1e-14)
    assert (c[3::2] == 0).all()


def test_relu_squared():
    half = power_closed(2) / 2
    c = hermite_coefficients("relu2", degree=TOP)
    even = np.append(half, np.zeros(TOP - 2))
    np.testing.assert_allclose(c[::2], even[::2], rtol=0, atol=2e-15)
    slope = shifted_relu_closed(0.0, TOP - 1) * 2
    np.testing.assert_allclose(c[1:] * np.sqrt(np.arange(1, TOP + 1)), slope, rtol=0, atol=2e-14)


def test_erf():
    np.testing.assert_allclose(hermite_coefficients("erf", degree=TOP), erf_closed(TOP), rtol=0, atol=2e-15)


def test_gelu():
    """x Phi(x), from the coefficients p_k of Phi: multiply by x. Phi' is the density, that is erf' at another scale."""
    p = np.zeros(TOP + 2)
    p[0] = 0.5
    for k in range(1, TOP + 2, 2):
        j = (k - 1) // 2
        value = (-1) ** j * mp.sqrt(mp.factorial(2 * j)) / (mp.factorial(j) * mp.mpf(4) ** j)
        p[k] = float(value / mp.sqrt(4 * mp.pi * k))
    k = np.arange(TOP + 1)
    expected = np.append(0, np.sqrt(k[1:]) * p[:TOP]) + np.sqrt(k + 1) * p[1:]
    np.testing.assert_allclose(hermite_coefficients("gelu", degree=TOP), expected, rtol=0, atol=2e-15)


@pytest.mark.parametrize(
    "name, function",
    [
        ("sigmoid", lambda x: 1 / (1 + mp.exp(-x))),
        ("tanh", mp.tanh),
        ("softplus", lambda x: mp.log1p(mp.exp(x)) if x < 30 else x + mp.log1p(mp.exp(-x))),
    ],
)
@pytest.mark.parametrize("k", [0, 1, 2, 3, 8])
def test_functions_without_a_closed_form(name, function, k):
    with mp.workdps(25):

        def integrand(x):
            return function(x) * mp.hermite(k, x / mp.sqrt(2)) / mp.sqrt(2**k * mp.factorial(k)) * mp.npdf(x)

        exact = mp.quad(integrand, mp.linspace(-16, 16, 17))
    assert hermite_coefficients(name, degree=k)[k] == pytest.approx(float(exact), abs=2e-15)


@pytest.mark.parametrize("n", range(9))
def test_powers(n):
    expected = power_closed(n)
    np.testing.assert_allclose(from_powers(np.eye(n + 1)[n]), expected, rtol=1e-14, atol=1e-14)
    got = hermite_coefficients(lambda x: x**n, degree=n)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sum_and_norm(name):
    c = hermite_coefficients(name, degree=200)
    x = np.array([-1.1, 0.3, 1.7])
    np.testing.assert_allclose(hermite_sum(c, x), ACTIVATIONS[name].function(x), atol=2e-2)
    assert 0 <= squared_norm(name) - c @ c + 1e-14 < 1e-4


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=12), st.floats(-4, 4))
@settings(max_examples=50, deadline=None)
def test_hermite_sum(c, x):
    expected = sum(value * twins.hermite(k, np.float64(x)) for k, value in enumerate(c))
    assert hermite_sum(c, x) == pytest.approx(expected, abs=1e-11)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=12), st.floats(-1, 1), st.integers(0, 13))
@settings(max_examples=50, deadline=None)
def test_power_series(c, s, derivative):
    expected = np.polynomial.Polynomial(c).deriv(derivative)(s) if derivative else np.polynomial.Polynomial(c)(s)
    assert power_series(c, s, derivative=derivative) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("name, kernel", [("relu", relu_kernel), ("erf", erf_kernel)])
def test_exact_kernels_are_their_series(name, kernel):
    squares = hermite_coefficients(name, degree=400) ** 2
    r = np.linspace(-0.9, 0.9, 19)
    for derivative in (0, 1):
        expected = power_series(squares, r, derivative=derivative)
        np.testing.assert_allclose(kernel(r, derivative=derivative), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name, kernel", [("relu", relu_kernel), ("erf", erf_kernel)])
def test_exact_kernels_at_the_ends(name, kernel):
    assert kernel(1.0) == pytest.approx(squared_norm(name), abs=1e-14)
    assert kernel(1.0 + 1e-12) == kernel(1.0)
    assert kernel(-1.0) == pytest.approx({"relu": 0.0, "erf": -squared_norm("erf")}[name], abs=1e-14)


@pytest.mark.parametrize("kinks", [0.5, [np.nan], [[0.0]]])
def test_refused_kinks(kinks):
    with pytest.raises(ValueError, match="kinks must"):
        Activation(function=abs, kinks=kinks)


@pytest.mark.parametrize("function", [lambda x: x + 1j, lambda x: "text", lambda x: None])
def test_functions_must_be_real(function):
    with pytest.raises(ValueError, match="finite real array"):
        hermite_coefficients(function, degree=2)


def test_undeclared_kinks_are_noticed():
    with pytest.raises(ArithmeticError, match="declare the points"):
        hermite_coefficients(lambda x: np.maximum(x - 0.3, 0), degree=4)
    declared = Activation(function=lambda x: np.maximum(x - 0.3, 0), kinks=(0.3,))
    got = hermite_coefficients(declared, degree=4)
    np.testing.assert_allclose(got, shifted_relu_closed(-0.3, 4), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "activation, message",
    [
        (lambda x: np.exp(x * x / 6), "grow slower"),
        (lambda x: np.full_like(x, np.nan), "finite"),
        (lambda x: 1.0, "shape"),
        ("reLU", "must be one of relu"),
    ],
)
def test_refusals(activation, message):
    with pytest.raises(ValueError, match=message):
        hermite_coefficients(activation, degree=3)


def test_wrong_types():
    with pytest.raises(TypeError, match="a name, a function"):
        hermite_coefficients(3, degree=3)
    with pytest.raises(TypeError, match="callable"):
        Activation(function=2)
    with pytest.raises(ValueError, match="degree must be"):
        hermite_coefficients("relu", degree=-1)
    with pytest.raises(ValueError, match="150"):
        from_powers(np.ones(151))
