"""Figures 2 and 7 of paper 1, read as numbers: bars drawn half a bin too far left, and a cross too many."""

import numpy as np
import pytest

from learning_dynamics.datasets import published_figure
from learning_dynamics.random_matrix import MixtureClassification, expected_counts, mp_density, replicate_test, spectra

MODEL = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
P = 512
BARS = published_figure("liao-couillet-2018", 2)
CROSSES = np.sort(published_figure("liao-couillet-2018", 7)["eigenvalue"])


@pytest.fixture(scope="module")
def eigenvalues():
    return {signal: spectra(MODEL, p=P, runs=40, seed=5, signal=signal) for signal in (True, False)}


class TestBars:
    COUNTS = BARS["histogram_count"]
    WIDTH = np.diff(BARS["histogram_drawn_left"]).mean()
    MOVED = WIDTH * np.arange(51)
    DRAWN = MOVED - WIDTH / 2

    def chi_square(self, edges):
        expected = expected_counts(MODEL, edges, p=P)
        chosen = (expected >= 3) & (edges[1:] < MODEL.spike)
        return chosen, float(np.sum((self.COUNTS - expected)[chosen] ** 2 / expected[chosen]))

    def test_they_are_drawn_around_multiples_of_their_distance(self):
        centres = (BARS["histogram_drawn_left"] + BARS["histogram_drawn_right"]) / 2
        assert self.WIDTH == pytest.approx(0.090628, abs=1e-6)
        np.testing.assert_allclose(centres, self.WIDTH * np.arange(50), atol=2e-5)
        assert self.COUNTS.sum() == P

    def test_moved_by_half_a_bin_they_have_the_right_sum(self, eigenvalues):
        sums = eigenvalues[True].sum(axis=1)
        moved, drawn = (self.COUNTS @ (edges[1:] + edges[:-1]) / 2 for edges in (self.MOVED, self.DRAWN))
        assert moved == pytest.approx(514.50, abs=0.005) and drawn == pytest.approx(491.29, abs=0.01)
        assert abs(sums.mean() - (P + 2.25)) < 4 * sums.std(ddof=1) / np.sqrt(40)
        assert abs(moved - (P + 2.25)) < sums.std(ddof=1)
        assert P + 2.25 - drawn > 15 * sums.std(ddof=1)

    def test_moved_they_follow_the_law(self, eigenvalues):
        for edges, value, likely in ((self.MOVED, 0.9, True), (self.DRAWN, 22.3, False)):
            chosen, chi_square = self.chi_square(edges)
            assert chosen.sum() == 30 and chi_square == pytest.approx(value, abs=0.05)
            ours = np.array([np.histogram(values, edges)[0] for values in eigenvalues[True]])[:, chosen]
            p_value = replicate_test(self.COUNTS[chosen], ours, draws=4000, seed=1)
            assert (p_value > 0.05) if likely else (p_value < 0.001)

    def test_moved_none_is_below_the_bulk_and_one_holds_the_spike(self):
        low, _ = MODEL.bulk_edges
        for edges, below, at_spike in ((self.MOVED, 0, 1), (self.DRAWN, 1, 0)):
            assert self.COUNTS[edges[1:] <= low].sum() == below
            assert self.COUNTS[np.searchsorted(edges, MODEL.spike, "right") - 1] == at_spike

    def test_the_curve_is_the_density(self):
        x = np.linspace(*MODEL.bulk_edges, 200)
        np.testing.assert_allclose(BARS["density_x"], x, atol=BARS.precision["density_x"])
        np.testing.assert_allclose(BARS["density_relative"], mp_density(x, c=0.5), atol=BARS.precision["density_relative"])


class TestCrosses:
    def test_one_is_too_many(self, eigenvalues):
        _, high = MODEL.bulk_edges
        assert CROSSES.size == 514 and abs(CROSSES[0]) < 1e-4
        assert np.sum(CROSSES[1:] < high) == P
        assert (np.sum(eigenvalues[True] < high + 0.1, axis=1) == P - 1).all()

    def test_the_isolated_one_is_the_prediction(self, eigenvalues):
        assert CROSSES[-1] == pytest.approx(MODEL.spike, abs=1e-4)
        assert eigenvalues[True][:, -1].std() > 0.05

    def test_the_others_are_noise(self, eigenvalues):
        others = CROSSES[1:-1]
        assert others.sum() == pytest.approx(511.2, abs=0.05)
        noise_sums = eigenvalues[False].sum(axis=1)
        assert abs(others.sum() - noise_sums.mean()) < 2 * noise_sums.std()
        assert replicate_test(others, eigenvalues[False], draws=4000, seed=1) > 0.05
        assert replicate_test(others, eigenvalues[True], draws=4000, seed=1) < 0.001
