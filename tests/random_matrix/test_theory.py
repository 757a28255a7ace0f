"""Theorems 1 and 2: reference values, 40-digit integrals, two routes, invariants, refusals."""

from math import sqrt

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from learning_dynamics.random_matrix import (
    MixtureClassification,
    generalization_error,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.theory import ellipse_contours as contour
from learning_dynamics.random_matrix.theory import spectral_measures as measures
from tests.random_matrix import reference

FIELDS = ("E", "V", "E_train", "V_train", "train_variance")
FIGURE_1 = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
ASPECTS = (1e-3, 0.3, 1 - 1e-3, 1.0, 1 + 1e-3, 2.0, 50.0)
EXPONENTS = (1e-8, 1.0, 1e2, 1e5)


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


def strengths(c):
    return (1e-2, sqrt(c) * (1 - 1e-6), sqrt(c), sqrt(c) * (1 + 1e-6), 1e2)


def relative(got, expected):
    if expected == 0 or abs(expected) < 1e-290:
        return 0.0 if abs(got) < 1e-280 else float("inf")
    return float(abs((mp.mpf(float(got)) - expected) / expected))


class TestPaper:
    def test_figure_1(self):
        t = [6, 50, 100, 200, 300]
        np.testing.assert_array_equal(generalization_error(FIGURE_1, t).round(4), [0.2597, 0.0538, 0.0484, 0.0531, 0.0589])
        np.testing.assert_array_equal(training_error(FIGURE_1, t).round(4), [0.2280, 0.0166, 0.0068, 0.0031, 0.0022])

    @pytest.mark.parametrize(("sigma2", "error", "time"), [(0.01, 0.03393, 40.4), (0.1, 0.04839, 96.9), (1.0, 0.07810, 514.7)])
    def test_figure_3(self, sigma2, error, time):
        t = np.arange(0.0, 700.0, 0.1)
        errors = generalization_error(model(sigma2=sigma2), t)
        assert errors.min().round(5) == error
        assert t[errors.argmin()] == pytest.approx(time, abs=0.051)

    def test_figures_4_and_5(self):
        np.testing.assert_array_equal(generalization_error(FIGURE_1, [100, 500, 1000]).round(4), [0.0484, 0.0680, 0.0804])
        square = generalization_error(model(c=1.0), [70, 500, 1000])
        np.testing.assert_array_equal(square.round(4), [0.0670, 0.1062, 0.1350])

    @pytest.mark.parametrize("c", [0.3, 0.8, 1.5, 3.0])
    def test_equation_10_least_squares(self, c):
        moments = statistics(model(c=c, sigma2=0.0), 1e8)
        expected = 4 / sqrt(4 + c) * sqrt(1 - min(c, 1 / c))
        assert moments.E / np.sqrt(moments.V) == pytest.approx(expected, rel=1e-13)

    def test_at_c_1_training_to_the_end_learns_nothing(self):
        assert generalization_error(model(c=1.0, alpha=1.0), 1e12) == pytest.approx(0.5, abs=1e-3)
        assert generalization_error(FIGURE_1, 1e9) == pytest.approx(0.09121, abs=5e-6)

    def test_small_times(self):
        c, mu2, sigma2, a = 0.7, 3.0, 0.2, 1e-7
        moments = statistics(model(c=c, mu_norm2=mu2, sigma2=sigma2, alpha=1.0), a)
        assert moments.E == pytest.approx(mu2 * a, rel=1e-6)
        assert moments.V == pytest.approx((mu2 + c + c * sigma2) * a**2 + sigma2 * (a - 1) ** 2, rel=1e-12)

    def test_many_samples_a_dimension(self):
        mu2, sigma2, a = 2.0, 0.3, 0.8
        moments = statistics(model(c=1e-9, mu_norm2=mu2, sigma2=sigma2, alpha=1.0), a)
        g = -np.expm1(-a * (1 + mu2)) / (1 + mu2)
        assert moments.E == pytest.approx(mu2 * g, rel=1e-8)
        assert moments.V == pytest.approx(mu2 * g**2 + sigma2 * np.exp(-2 * a), rel=1e-8)


@pytest.mark.parametrize("c", ASPECTS)
def test_spectral_against_forty_digits(c):
    for mu_norm2 in strengths(c):
        for sigma2 in (0.0, 0.3):
            together = statistics(model(mu_norm2=mu_norm2, c=c, sigma2=sigma2, alpha=1.0), EXPONENTS)
            for k, exponent in enumerate(EXPONENTS):
                alone = statistics(model(mu_norm2=mu_norm2, c=c, sigma2=sigma2, alpha=1.0), exponent)
                exact = reference.statistics(mu_norm2, c, sigma2, exponent)
                for name, value in zip(FIELDS, exact):
                    place = (mu_norm2, c, sigma2, exponent, name)
                    assert relative(getattr(together, name)[k], value) < 2e-13, place
                    assert relative(getattr(alone, name), value) < 2e-13, place


@pytest.mark.parametrize("c", (0.001, 0.3, 0.9, 1.0, 1.1, 2.0, 50.0))
def test_contour_against_spectral(c):
    t = [0.0, 1e-8, 1e-3, 1.0, 10.0, 100.0]
    for mu_norm2 in strengths(c):
        for sigma2 in (0.0, 0.3):
            one = model(mu_norm2=mu_norm2, c=c, sigma2=sigma2, alpha=1.0)
            spectral, contour = statistics(one, t), statistics(one, t, method="contour")
            for name in FIELDS:
                np.testing.assert_allclose(getattr(contour, name), getattr(spectral, name), rtol=1e-10, atol=1e-290)


def test_both_routes_give_the_same_errors():
    t = np.linspace(0, 300, 7)
    for function in (generalization_error, training_error):
        np.testing.assert_allclose(function(FIGURE_1, t, method="contour"), function(FIGURE_1, t), rtol=1e-12)


class TestContourRefusals:
    def test_it_raises_with_the_estimate(self, monkeypatch):
        monkeypatch.setattr(contour, "CONTOUR_DECADES", 1)
        with pytest.raises(ArithmeticError, match=r"^the contour route is uncertain by \d\.\de-\d\d at alpha \* t = 3, more"):
            statistics(FIGURE_1, 300.0, method="contour")

    def test_it_raises_where_rounding_takes_over(self):
        with pytest.raises(ArithmeticError, match="uncertain by"):
            statistics(model(c=1e-3, alpha=1.0), 1e5, method="contour")

    def test_it_raises_rather_than_run_for_ever(self):
        with pytest.raises(ArithmeticError, match=r"^the contour route needs \d+ nodes at alpha \* t = 1e\+10, more than 131072"):
            statistics(model(alpha=1.0), 1e10, method="contour")


PARAMETERS = {
    "mu_norm2": st.floats(-2, 2).map(lambda x: 10**x),
    "c": st.floats(-3, 1.69).map(lambda x: 10**x) | st.sampled_from([1.0, 1 - 1e-3, 1 + 1e-3]),
    "sigma2": st.just(0.0) | st.floats(-6, 3).map(lambda x: 10**x),
    "alpha": st.floats(-8, 0).map(lambda x: 10**x),
}
MODELS = st.builds(MixtureClassification, **PARAMETERS)
TIMES = st.lists(st.just(0.0) | st.floats(0, 5).map(lambda x: 10**x), min_size=1, max_size=6)
checked = settings(max_examples=150, deadline=None, derandomize=True)


class TestInvariants:
    @checked
    @given(MODELS, TIMES)
    def test_errors_are_numbers_up_to_one_half(self, one, t):
        for function in (generalization_error, training_error):
            errors = function(one, t)
            assert errors.shape == (len(t),)
            assert ((errors >= 0) & (errors <= 0.5)).all()

    @checked
    @given(MODELS, TIMES)
    def test_remark_1_bounds_the_margin(self, one, t):
        moments = statistics(one, t)
        bound = one.mu_norm2 / sqrt(one.mu_norm2 + one.c)
        assert (moments.E <= bound * np.sqrt(moments.V) * (1 + 1e-13)).all()

    @checked
    @given(MODELS, TIMES)
    def test_equation_6_and_the_variance(self, one, t):
        moments = statistics(one, t)
        np.testing.assert_allclose(moments.E_train, (one.mu_norm2 + one.c) / one.mu_norm2 * moments.E, rtol=1e-14)
        plain = moments.V_train - moments.E_train**2
        assert (np.abs(plain - moments.train_variance) <= 1e-13 * moments.V_train + 1e-14).all()
        assert (moments.train_variance >= 0).all()

    @checked
    @given(MODELS, st.permutations([0.0, 1.0, 3.0, 50.0, 2000.0]))
    def test_the_order_of_times_does_not_matter(self, one, t):
        order = np.argsort(t)
        mixed, sorted_ = statistics(one, t), statistics(one, np.sort(t))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(mixed, name)[order], getattr(sorted_, name))

    @checked
    @given(MODELS, st.floats(0.1, 10))
    def test_only_the_product_of_step_and_time_matters(self, one, factor):
        t = np.array([1.0, 10.0, 100.0])
        other = MixtureClassification(mu_norm2=one.mu_norm2, c=one.c, sigma2=one.sigma2, alpha=one.alpha * factor)
        for name in FIELDS:
            first, second = getattr(statistics(one, t * factor), name), getattr(statistics(other, t), name)
            np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-290)

    @checked
    @given(MODELS)
    def test_total_masses(self, one):
        x, p, p_over_x, nu = measures.spectral_measures(one, 10.0, lambda x: x)
        assert p.sum() == pytest.approx(1, rel=1e-13)
        assert nu.sum() == pytest.approx(1, rel=1e-13)
        kappa = (one.mu_norm2 + one.c) / one.mu_norm2
        assert (p * x).sum() / kappa == pytest.approx(one.mu_norm2, rel=1e-13)
        assert (nu * x).sum() == pytest.approx(1, rel=1e-13)
        np.testing.assert_allclose(p_over_x[1:] * x[1:], p[1:], rtol=1e-15)

    @checked
    @given(MODELS)
    def test_the_masses_of_the_bulk_bend_at_both_transitions(self, one):
        """And are half of the g(mu, c) of section 5.1, and the fraction of section 5.1 that belongs to nu."""
        x, p, _, nu = measures.spectral_measures(one, 10.0, lambda x: x)
        mu, root = sqrt(one.mu_norm2), sqrt(one.c)
        printed = mu**2 + one.c / mu**2 - (mu + root / mu) * abs(mu - root / mu)
        bulk = (p * x)[2:].sum() * one.mu_norm2 / (one.mu_norm2 + one.c)
        assert bulk == pytest.approx(min(one.mu_norm2, one.c / one.mu_norm2), rel=1e-12)
        assert bulk == pytest.approx(printed / 2, rel=1e-9)
        fraction = (1 + one.c - (1 + root) * abs(1 - root)) / (2 * one.c)
        assert nu[2:].sum() == pytest.approx(min(1, 1 / one.c), rel=1e-12) == pytest.approx(fraction, rel=1e-9)

    @checked
    @given(MODELS)
    def test_before_training(self, one):
        moments = statistics(one, 0.0)
        assert moments.E == moments.E_train == 0
        np.testing.assert_allclose([moments.V, moments.V_train, moments.train_variance], one.sigma2, rtol=1e-13)
        assert generalization_error(one, 0.0) == training_error(one, 0.0) == 0.5


class TestCorners:
    def test_without_initial_weights_the_bound_is_reached_at_once(self):
        one = model(sigma2=0.0)
        margins = -ndtri(generalization_error(one, [1e-90, 1e-6]))
        np.testing.assert_allclose(margins, 4 / sqrt(4.5), rtol=1e-7)

    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0, 50.0])
    @pytest.mark.parametrize("sigma2", [0.0, 0.5])
    def test_the_longest_times_give_numbers(self, c, sigma2):
        one = model(c=c, sigma2=sigma2, alpha=1.0)
        t = [0.0, 1e5, 1e8, 1e12]
        for errors in (generalization_error(one, t), training_error(one, t)):
            assert np.isfinite(errors).all()
        if c > 1:
            assert training_error(one, 1e5) == 0

    @pytest.mark.parametrize(("c", "exponent", "size"), [(2.0, 200.0, 1e-30), (1.1, 1e5, 1e-213), (50.0, 3.0, 1e-90)])
    def test_interpolation_keeps_its_digits(self, c, exponent, size):
        exact = reference.statistics(4.0, c, 0.1, exponent)[4]
        assert 0 < exact < size
        assert relative(statistics(model(c=c, alpha=1.0), exponent).train_variance, exact) < 2e-13

    def test_shapes(self):
        assert statistics(FIGURE_1, 3).E.shape == ()
        assert statistics(FIGURE_1, np.ones((2, 3))).V.shape == (2, 3)
        assert generalization_error(FIGURE_1, [[1.0], [2.0]], method="contour").shape == (2, 1)


@pytest.mark.parametrize("function", [statistics, generalization_error, training_error])
@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        (-1.0, ValueError, "t must be >= 0, got -1.0"),
        ([0.0, float("nan")], ValueError, "t must be finite, got nan"),
        ([float("inf")], ValueError, "t must be finite, got inf"),
        ([], ValueError, "t must hold at least one value, got an empty array"),
        ([True], TypeError, "t must hold real numbers, got booleans"),
        (["1"], TypeError, "t must hold real numbers, got an array of type <U1"),
        (1j, TypeError, "t must hold real numbers, got an array of type complex128"),
        (1e-120, ValueError, "t must be 0 or have alpha * t in [1e-100, 1e+12], got t = 1e-120"),
        (1e15, ValueError, "t must be 0 or have alpha * t in [1e-100, 1e+12], got t = 1000000000000000.0"),
    ],
)
def test_bad_times(function, t, error, message):
    with pytest.raises(error) as caught:
        function(FIGURE_1, t)
    assert str(caught.value) == message


def test_a_bad_method_is_refused():
    with pytest.raises(ValueError, match="^method must be 'spectral' or 'contour', got 'exact'$"):
        statistics(FIGURE_1, 1.0, method="exact")
