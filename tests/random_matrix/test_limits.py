"""Limits of the performance against the full theory, the least sample size, refusals."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from learning_dynamics.random_matrix import (
    MixtureClassification,
    best_error,
    final_error,
    generalization_error,
    least_squares_error,
    many_samples_slope,
    many_samples_statistics,
    sample_size,
    simulate,
    statistics,
    taylor_error,
    taylor_statistics,
)

checked = settings(max_examples=200, deadline=None, derandomize=True)
STRENGTHS = st.floats(-2, 2).map(lambda x: 10**x)


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


class TestSmallTimes:
    @pytest.mark.parametrize("c", [0.01, 0.5, 1.0, 3.0])
    def test_the_gap_of_the_signal_is_of_one_order_more(self, c):
        one = model(c=c, sigma2=0.0, alpha=1.0)
        small = 1e-5
        flow, taylor = statistics(one, small), taylor_statistics(one, small)
        gap_E, gap_V = (taylor.E - flow.E) / small**2, (taylor.V - flow.V) / small**3
        assert gap_V == pytest.approx(2 * (4 + c) / 4 * gap_E, rel=1e-3)
        assert 4 < gap_E < 50

    @pytest.mark.parametrize("c", [0.01, 0.5, 1.0, 3.0])
    def test_the_gap_of_the_start_is_of_second_order(self, c):
        """The square of 1 - x lacks x^2 against e^-2x, and the second moment of the law is 1 + c."""
        one = model(c=c, sigma2=1.0, alpha=1.0)
        gap = statistics(one, 1e-4).V - taylor_statistics(one, 1e-4).V
        assert gap / 1e-8 == pytest.approx(1 + c, rel=0.02)

    @pytest.mark.parametrize("c", [0.1, 1.0, 3.0])
    def test_it_is_exact_after_one_step_of_descent(self, c):
        one = model(c=c)
        step, taylor = statistics(one, 1, dynamics="gd"), taylor_statistics(one, 1)
        np.testing.assert_allclose([step.E, step.V], [taylor.E, taylor.V], rtol=1e-13)

    def test_its_least_error(self):
        t = np.arange(0, 1000, 0.5)
        errors = taylor_error(model(), t)
        assert t[errors.argmin()] == 100
        assert errors.min() == pytest.approx(ndtr(-4 / sqrt(4.5 + 0.05)), rel=1e-13)
        assert errors.min().round(5) == 0.03038

    def test_the_slope_at_the_start_is_that_of_the_corrected_print(self):
        moments = taylor_statistics(model(), 1e-6)
        slope = moments.E / np.sqrt(moments.V) / 1e-6
        assert slope == pytest.approx(4 * 0.01 / sqrt(0.1), rel=1e-7)
        assert slope != pytest.approx(0.01 / sqrt(0.1), rel=0.5)


class TestTheEnd:
    @pytest.mark.parametrize("c", [1e-3, 0.3, 0.8, 1.5, 3.0, 50.0])
    @pytest.mark.parametrize("sigma2", [0.0, 0.1, 30.0])
    def test_final_error(self, c, sigma2):
        one = model(c=c, sigma2=sigma2)
        assert final_error(one) == pytest.approx(float(generalization_error(one, 1e9)), rel=1e-11)

    @pytest.mark.parametrize("c", [0.3, 0.8, 1.0, 1.5, 3.0])
    def test_equation_10(self, c):
        expected = ndtr(-4 / sqrt(4 + c) * sqrt(1 - min(c, 1 / c)))
        assert least_squares_error(model(c=c)) == pytest.approx(expected, rel=1e-14)
        assert final_error(model(c=c, sigma2=0.0)) == pytest.approx(expected, rel=1e-14)

    def test_figures_4_and_5(self):
        assert round(least_squares_error(model()), 5) == 0.09121
        assert least_squares_error(model(c=1.0)) == final_error(model(c=1.0)) == 0.5

    @pytest.mark.parametrize(("p", "n"), [(60, 200), (160, 200), (300, 200)])
    def test_least_squares_on_drawn_data(self, p, n):
        errors = []
        for child in np.random.SeedSequence(7).spawn(30):
            rng = np.random.default_rng(child)
            y = np.repeat([-1.0, 1.0], n // 2)
            X = rng.standard_normal((p, n))
            X[0] += 2 * y
            with threadpool_limits(limits=1, user_api="blas"):
                w = np.linalg.lstsq(X.T, y)[0]
            errors.append(ndtr(-2 * w[0] / np.linalg.norm(w)))
        deviation = np.mean(errors) - least_squares_error(model(c=p / n))
        assert np.std(errors) < 0.04
        assert abs(deviation) < 4 * np.std(errors, ddof=1) / sqrt(30) + 1 / p

    def test_for_more_dimensions_than_points_the_start_is_never_forgotten(self):
        one = model(c=2.0, sigma2=2.0, alpha=0.1)
        run = simulate(one, p=400, t=[10**6], runs=20, seed=3)
        assert final_error(one) > least_squares_error(one) + 0.05
        assert abs(run.generalization_error[0] - final_error(one)) < 4 * run.generalization_se[0] + 1 / 400


class TestManySamples:
    def test_it_is_the_limit_of_small_c(self):
        t = np.array([0.0, 1.0, 30.0, 100.0, 1000.0])
        limit = many_samples_statistics(model(), t)
        for c in (1e-5, 1e-7):
            full = statistics(model(c=c), t)
            np.testing.assert_allclose(full.E, limit.E, rtol=3 * c)
            np.testing.assert_allclose(full.V, limit.V, rtol=300 * c)

    def test_the_slope_by_differences(self):
        t = np.array([0.5, 10.0, 100.0, 400.0])
        sides = [many_samples_statistics(model(), t + h) for h in (-1e-3, 1e-3)]
        left, right = (side.E / np.sqrt(side.V) for side in sides)
        np.testing.assert_allclose(many_samples_slope(model(), t), (right - left) / 2e-3, rtol=1e-6)
        assert (many_samples_slope(model(), t) > 0).all()


class TestSignals:
    @pytest.mark.parametrize("c", [0.1, 1.0, 5.0])
    @pytest.mark.parametrize("t", [1, 100, 2000])
    def test_without_signal_a_coin_and_with_much_no_error_but_for_the_start(self, c, t):
        assert generalization_error(model(mu_norm2=1e-6, c=c), t) == pytest.approx(0.5, abs=1e-4)
        assert generalization_error(model(mu_norm2=1e6, c=c, sigma2=0.0), t) < 1e-12


class TestSampleSize:
    @checked
    @given(STRENGTHS, st.integers(1, 10**6), st.floats(1e-6, 0.499))
    def test_it_is_the_least(self, mu_norm2, p, error):
        if best_error(mu_norm2=mu_norm2, c=0.0) >= error * (1 - 1e-6):
            return
        n = sample_size(error=error, mu_norm2=mu_norm2, p=p)
        assert n >= 1
        assert best_error(mu_norm2=mu_norm2, c=p / n) <= error
        assert n == 1 or best_error(mu_norm2=mu_norm2, c=p / (n - 1)) > error

    def test_a_classifier_with_that_many_points_reaches_it_nearly(self):
        n = sample_size(error=0.05, mu_norm2=4.0, p=256)
        one = model(c=256 / n, sigma2=1e-9)
        assert generalization_error(one, 0.1).round(3) == 0.05

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"error": 0.0}, ValueError, "error must be > 0 and < 0.5, got 0.0"),
            ({"error": 0.5}, ValueError, "error must be > 0 and < 0.5, got 0.5"),
            ({"error": "5%"}, TypeError, "error must be a real number, got '5%'"),
            ({"mu_norm2": 0.0}, ValueError, "mu_norm2 must be > 0, got 0.0"),
            ({"p": 0}, ValueError, "p must be >= 1, got 0"),
            ({"p": 2.5}, TypeError, "p must be an integer, got 2.5"),
            (
                {"error": 0.02},
                ValueError,
                "error must be > 0.0227501, which is out of reach for mu_norm2 = 4, got 0.02",
            ),
        ],
    )
    def test_bad_input(self, changes, error, message):
        with pytest.raises(error) as caught:
            sample_size(**{"error": 0.05, "mu_norm2": 4.0, "p": 10, **changes})
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (taylor_error, [-1.0], "t must be >= 0, got -1.0"),
        (many_samples_statistics, [np.inf], "t must be finite, got inf"),
    ],
)
def test_bad_times(function, arguments, message):
    with pytest.raises(ValueError) as caught:
        function(model(), arguments)
    assert str(caught.value) == message


def test_the_slope_needs_a_start():
    with pytest.raises(ValueError, match=r"^sigma2 must be > 0, got 0\.0$"):
        many_samples_slope(model(sigma2=0.0), 1.0)


def test_best_error_refuses():
    with pytest.raises(ValueError, match=r"^c must be >= 0, got -0\.1$"):
        best_error(mu_norm2=1.0, c=-0.1)
