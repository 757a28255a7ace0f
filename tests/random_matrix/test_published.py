"""What the curves that paper 1 draws reveal: which are formulas, by which rule, and which are counts."""

import numpy as np
import pytest

from learning_dynamics.datasets import published_figure
from learning_dynamics.random_matrix import (
    MixtureClassification,
    average_test,
    generalization_error,
    least_squares_error,
    optimal_stopping,
    rectangle_errors,
    simulate,
    taylor_error,
    training_error,
)

PAPER = "liao-couillet-2018"
HALF = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
SQUARE = MixtureClassification(mu_norm2=4.0, c=1.0, sigma2=0.1, alpha=0.01)


def furthest(figure, computed, names, skip=0):
    return max(np.abs(figure[name] - values)[skip:].max() for name, values in zip(names, computed, strict=True))


def whole_multiples(values, of):
    """Whether values read to 1.5e-6 are multiples of 1/of."""
    return np.abs(values - np.round(values * of) / of).max() <= 1.5e-6


class TestFigure1:
    printed = published_figure(PAPER, 1)
    names = ("generalization_theory", "training_theory")

    def test_its_markers_are_the_rectangle_rule(self):
        assert (
            furthest(self.printed, rectangle_errors(HALF, self.printed["t"]), self.names) < self.printed.precision[self.names[0]]
        )

    @pytest.mark.parametrize(
        ("options", "miss"),
        [
            ({"step": 0.0499}, 5e-5),
            ({"rule": "midpoint"}, 1e-3),
            ({"left": -0.49}, 2e-5),
            ({"right": 6.05}, 3e-6),
            ({"height": 0.49}, 1e-5),
        ],
    )
    def test_neighbouring_rules_do_not_meet_them(self, options, miss):
        assert furthest(self.printed, rectangle_errors(HALF, self.printed["t"], **options), self.names, skip=1) > miss

    def test_exact_theory_misses_them(self):
        t = self.printed["t"]
        generalization = self.printed["generalization_theory"] - generalization_error(HALF, t)
        assert generalization[-1] == pytest.approx(1.51e-3, abs=1e-5) and np.abs(generalization).argmax() == len(t) - 1
        assert np.abs(self.printed["training_theory"] - training_error(HALF, t)).max() == pytest.approx(2.1e-4, abs=1e-5)

    def test_figure_4_contradicts_them(self):
        """At the times that both figures show, of the same parameters."""
        other = published_figure(PAPER, 4)
        t, here, there = np.intersect1d(self.printed["t"], other["t"], return_indices=True)
        gap = self.printed["generalization_theory"][here] - other["simulation"][there]
        assert list(t) == list(range(0, 300, 30))
        assert np.abs(gap).max() > 1.1e-3
        assert (np.abs(gap[t >= 180]) > 50 * other.precision["simulation"]).all()

    def test_its_simulated_curves_are_counts_of_6400(self):
        for name in ("generalization_simulation", "training_simulation"):
            assert whole_multiples(self.printed[name], 6400)
            assert not whole_multiples(self.printed[name], 3200)
        for runs, n in ((50, 256), (25, 512)):
            assert runs * n / 2 == 6400
        assert 50 * 512 / 2 != 6400

    def test_its_simulated_curves_are_like_our_averages(self):
        options = dict(p=128, t=self.printed["t"], runs=300, seed=1, counted_class=1, test_size=128)
        ours = simulate(HALF, **options)
        for kind in ("generalization", "training"):
            drawn = self.printed[f"{kind}_simulation"]
            result = average_test(drawn, getattr(ours, f"{kind}_runs"), runs=50, replicates=1999, seed=2)
            assert result.p_value > 0.01
            moved = average_test(1.1 * drawn + 0.01, getattr(ours, f"{kind}_runs"), runs=50, replicates=1999, seed=2)
            assert moved.p_value < 0.001

    def test_its_late_distance_is_that_of_a_count(self):
        """Four standard errors and more of the errors themselves, but less than two of errors counted on 6400 points."""
        end = self.printed["generalization_simulation"][-1]
        t = self.printed["t"][-1:]
        exact = simulate(HALF, p=256, t=t, runs=60, seed=3).generalization_runs
        counted = simulate(HALF, p=256, t=t, runs=60, seed=3, counted_class=1, test_size=256).generalization_runs
        expected = generalization_error(HALF, t, dynamics="gd")[0]
        assert (expected - end) / (exact.std(ddof=1) / 5) > 4
        assert 0 < (expected - end) / (counted.std(ddof=1) / 5) < 2


class TestFigure3:
    printed = published_figure(PAPER, 3)
    times = np.arange(1.0, 1001.0)

    def curves(self):
        variances = 10.0 ** (-2 + np.arange(21) / 10)
        np.testing.assert_allclose(self.printed["sigma2"], variances, rtol=5e-6)
        models = [MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=s, alpha=0.01) for s in variances]
        return models, np.array([generalization_error(model, self.times) for model in models])

    def test_its_errors_are_the_least_over_whole_times(self):
        _, curves = self.curves()
        np.testing.assert_allclose(self.printed["least_error"], curves.min(axis=1), atol=self.printed.precision["least_error"])

    def test_its_times_are_one_too_late(self):
        models, curves = self.curves()
        best = self.times[curves.argmin(axis=1)]
        np.testing.assert_array_equal(self.printed["best_time"], best + 1)
        for model, time in zip(models, best):
            assert abs(optimal_stopping(model).time - time) < 0.51


class TestFigure4:
    printed = published_figure(PAPER, 4)

    def test_its_simulation_is_the_formula(self):
        t, drawn = self.printed["t"], self.printed["simulation"]
        assert np.abs(drawn - generalization_error(HALF, t)).max() <= self.printed.precision["simulation"]
        assert drawn[0] == 0.5 and t.size == 100

    def test_an_average_of_fifty_draws_would_scatter_a_hundred_times_as_much(self):
        ours = simulate(HALF, p=256, t=[100, 500, 990], runs=50, seed=1)
        assert (ours.generalization_se > 200 * self.printed.precision["simulation"]).all()

    def test_its_other_lines(self):
        assert np.abs(self.printed["taylor"] - taylor_error(HALF, self.printed["t"])).max() <= self.printed.precision["taylor"]
        assert np.abs(self.printed["least_squares"] - least_squares_error(HALF)).max() <= self.printed.precision["least_squares"]


class TestFigure5:
    printed = published_figure(PAPER, 5)

    def as_drawn(self, name):
        """A column with the axis corrected: the Taylor line, whose formula is known, gives offset and scale."""
        truth = taylor_error(SQUARE, self.printed["t"])
        scale, offset = np.polyfit(truth, self.printed["taylor"], 1)
        return (self.printed[name] - offset) / scale

    def test_its_other_lines(self):
        for name, level in (("taylor", taylor_error(SQUARE, self.printed["t"])), ("least_squares", least_squares_error(SQUARE))):
            assert np.abs(self.printed[name] - level).max() <= self.printed.precision[name]
            assert np.abs(self.as_drawn(name) - level).max() < 1.2e-6

    def test_its_simulated_curve_is_a_count_of_12800(self):
        drawn = self.as_drawn("simulation")
        assert whole_multiples(drawn, 12800) and not whole_multiples(drawn, 6400)
        assert 50 * 512 / 2 == 12800
        assert np.abs(drawn - generalization_error(SQUARE, self.printed["t"])).max() > 1e-2

    def test_its_simulated_curve_is_like_our_averages(self):
        chosen = slice(0, None, 9)
        drawn, t = self.printed["simulation"][chosen], self.printed["t"][chosen]
        ours = simulate(SQUARE, p=512, t=t, runs=40, seed=1, counted_class=1, test_size=256).generalization_runs
        assert average_test(drawn, ours, runs=50, replicates=1999, seed=2).p_value > 0.01
        assert average_test(drawn + 0.02, ours, runs=50, replicates=1999, seed=2).p_value < 0.001
