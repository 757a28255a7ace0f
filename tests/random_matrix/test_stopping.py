"""Optimal stopping: the paper's figure 3, dense scans, regimes, extreme parameters."""

from math import inf, isfinite, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from learning_dynamics.random_matrix import (
    MixtureClassification,
    best_error,
    final_error,
    generalization_error,
    optimal_stopping,
    statistics,
    stopping_threshold,
)
from learning_dynamics.random_matrix.theory import stopping
from tests.random_matrix import reference

MODELS = st.builds(
    MixtureClassification,
    mu_norm2=st.floats(-2, 2).map(lambda x: 10**x),
    c=st.floats(-3, 1.69).map(lambda x: 10**x) | st.sampled_from([1.0, 1 - 1e-3, 1 + 1e-3]),
    sigma2=st.floats(-6, 3).map(lambda x: 10**x),
    alpha=st.floats(-8, 0).map(lambda x: 10**x),
)
checked = settings(max_examples=150, deadline=None, derandomize=True)


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


def margins(one, exponents):
    moments = statistics(one, exponents / one.alpha)
    return moments.E / np.sqrt(moments.V)


class TestPaper:
    @pytest.mark.parametrize(("sigma2", "error", "time"), [(0.01, 0.03393, 40.4), (0.1, 0.04839, 96.9), (1.0, 0.07810, 514.7)])
    def test_figure_3(self, sigma2, error, time):
        best = optimal_stopping(model(sigma2=sigma2))
        assert round(best.error, 5) == error
        assert round(best.time, 1) == time

    def test_figure_5(self):
        best = optimal_stopping(model(c=1.0))
        assert best.error == pytest.approx(0.0670, abs=1e-4)
        assert best.time == pytest.approx(70, abs=5)


class TestDenseScans:
    @checked
    @given(MODELS)
    def test_no_time_is_better(self, one):
        exponents = np.geomspace(1e-6, 1e10, 4000)
        scanned = margins(one, exponents)
        best = optimal_stopping(one)
        if best.error == 0:
            return
        margin = -ndtri(best.error)
        assert margin >= scanned.max() * (1 - 1e-12)
        if isfinite(best.time):
            assert float(generalization_error(one, best.time)) == pytest.approx(best.error, rel=1e-9)
            assert margin <= scanned.max() * (1 + 1e-4)
        else:
            assert best.error == pytest.approx(final_error(one), rel=1e-13)

    @checked
    @given(MODELS)
    def test_the_best_time_is_finite_exactly_below_the_threshold(self, one):
        threshold = stopping_threshold(mu_norm2=one.mu_norm2, c=one.c)
        if abs(one.sigma2 - threshold) > 0.01 * one.sigma2:
            assert isfinite(optimal_stopping(one).time) == (one.sigma2 < threshold)

    @pytest.mark.parametrize("c", [0.01, 0.5, 1.0, 2.0])
    @pytest.mark.parametrize("sigma2", [1e-4, 0.1, 0.3])
    def test_the_slope_vanishes_at_the_optimum_at_forty_digits(self, c, sigma2):
        one = model(c=c, sigma2=sigma2, alpha=1.0)
        time = optimal_stopping(one).time
        with reference.mp.workdps(reference.DIGITS):
            left, centre, right = (
                values[0] / reference.mp.sqrt(values[1])
                for values in (reference.statistics(4.0, c, sigma2, time * factor) for factor in (1 - 1e-6, 1.0, 1 + 1e-6))
            )
            offset = (right - left) / (2 * (2 * centre - left - right)) * 1e-6
        assert abs(offset) < 1e-9


class TestRegimes:
    def test_without_initial_weights_it_stops_at_once(self):
        best = optimal_stopping(model(sigma2=0.0))
        assert (best.time, best.error) == (0.0, best_error(mu_norm2=4.0, c=0.5))
        assert generalization_error(model(sigma2=0.0), 1e-60) == pytest.approx(best.error, rel=1e-13)

    def test_the_bound_is_approached_like_the_fourth_root(self):
        times = [optimal_stopping(model(sigma2=sigma2)).time for sigma2 in (1e-12, 1e-16)]
        assert times[0] / times[1] == pytest.approx(10, rel=1e-2)

    def test_with_many_samples_the_time_grows_like_a_logarithm(self):
        times = [optimal_stopping(model(c=c, alpha=1.0)).time for c in (1e-6, 1e-8, 1e-10)]
        assert times[1] - times[0] == pytest.approx(log(100), rel=1e-2)
        assert times[2] - times[1] == pytest.approx(log(100), rel=1e-2)

    def test_with_many_dimensions_it_never_stops(self):
        best = optimal_stopping(model(c=20.0))
        assert (best.time, best.error) == (inf, final_error(model(c=20.0)))

    def test_on_both_sides_of_the_threshold(self):
        threshold = stopping_threshold(mu_norm2=4.0, c=3.0)
        near = [optimal_stopping(model(c=3.0, sigma2=(1 - gap) * threshold)) for gap in (0.1, 0.02, 0.01)]
        assert near[2].time / near[1].time == pytest.approx(2, rel=0.05)
        assert near[0].error < near[1].error < final_error(model(c=3.0, sigma2=threshold))
        assert optimal_stopping(model(c=3.0, sigma2=1.01 * threshold)).time == inf

    def test_at_c_1_it_always_stops(self):
        for sigma2 in (1e-6, 1.0, 1e4):
            assert isfinite(optimal_stopping(model(c=1.0, sigma2=sigma2)).time)

    def test_only_the_product_of_step_and_time_matters(self):
        one, other = optimal_stopping(model(alpha=0.01)), optimal_stopping(model(alpha=1e-5))
        assert other.time == pytest.approx(1000 * one.time, rel=1e-10)
        assert other.error == one.error

    @pytest.mark.parametrize("sigma2", [1e-200, 1e-30, 1e30])
    @pytest.mark.parametrize("c", [1e-9, 1.0, 1 + 1e-9, 1e6])
    @pytest.mark.parametrize("mu_norm2", [1e-6, 1.0, 1e4])
    def test_extreme_parameters_give_numbers(self, sigma2, c, mu_norm2):
        best = optimal_stopping(model(mu_norm2=mu_norm2, c=c, sigma2=sigma2))
        assert best.time > 0
        assert best_error(mu_norm2=mu_norm2, c=c) * (1 - 1e-12) <= best.error <= 0.5

    def test_the_excess_has_the_same_values_by_both_ways_of_summing(self, monkeypatch):
        one, exponents = model(), np.array([0.05, 0.09])
        measures = stopping._measures(one, 1.0)
        by_lag = stopping._excess(one, measures, exponents)
        monkeypatch.setattr(stopping, "SMALL", 0.0)
        np.testing.assert_allclose(stopping._excess(one, measures, exponents), by_lag, rtol=1e-11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"mu_norm2": 0.0, "c": 1.0}, "mu_norm2 must be > 0, got 0.0"), ({"mu_norm2": 1.0, "c": -1.0}, "c must be > 0, got -1.0")],
)
def test_threshold_refuses(arguments, message):
    with pytest.raises(ValueError) as caught:
        stopping_threshold(**arguments)
    assert str(caught.value) == message


def test_the_threshold_falls_to_0():
    values = [stopping_threshold(mu_norm2=4.0, c=c) for c in (1.5, 4.0, 100.0, 1e6)]
    assert all(np.diff(values) < 0)
    assert values[-1] == pytest.approx(2 / 1e9, rel=0.01)
    assert stopping_threshold(mu_norm2=4.0, c=1.0) == inf
    assert sqrt(stopping_threshold(mu_norm2=4.0, c=1 + 1e-6)) > 1e8
