"""Spectrum: one draw against its definition, forms against their limits, the leading eigenpair, refusals."""

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

from learning_dynamics.random_matrix import (
    MixtureClassification,
    concentration,
    deterministic_equivalents,
    expected_counts,
    leading_pairs,
    mp_density,
    resolvent_bilinear,
    sample_spectrum,
    simulate,
    spectra,
    spike_overlap,
)
from learning_dynamics.random_matrix.mathematics.bilinear_forms import PAIRS

FIGURE_2 = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
POINTS = np.array([1 + 1j, -1.0, 12.0 - 0.5j])


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 2.25, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


@pytest.fixture(scope="module")
def figure_2():
    return sample_spectrum(FIGURE_2, p=512, seed=2018)


def test_figure_2(figure_2):
    assert round(FIGURE_2.spike, 4) == 3.9722
    assert figure_2.X.shape == (512, 1024)
    low, high = FIGURE_2.bulk_edges
    inside = (figure_2.eigenvalues > low - 0.05) & (figure_2.eigenvalues < high + 0.05)
    assert inside[:-1].all() and not inside[-1]
    pairs = leading_pairs(FIGURE_2, p=512, runs=8, seed=2018)
    assert pairs.eigenvalue[0] == pytest.approx(figure_2.eigenvalues[-1], rel=1e-12)
    assert pairs.overlap[0] == pytest.approx(figure_2.overlap, rel=1e-9)
    assert abs(figure_2.eigenvalues[-1] - FIGURE_2.spike) < 4 * pairs.eigenvalue.std(ddof=1)


class TestSample:
    @pytest.mark.parametrize(("p", "c"), [(1, 0.5), (7, 0.5), (16, 1.0), (9, 3.0)])
    def test_decomposition(self, p, c):
        sample = sample_spectrum(model(c=c), p=p, seed=3)
        n = sample.y.size
        product = sample.eigenvectors * sample.eigenvalues @ sample.eigenvectors.T
        np.testing.assert_allclose(product, sample.X @ sample.X.T / n, atol=1e-12)
        np.testing.assert_allclose(sample.eigenvectors.T @ sample.eigenvectors, np.eye(p), atol=1e-12)
        assert (np.diff(sample.eigenvalues) >= 0).all()
        assert (sample.eigenvalues == 0).sum() == max(p - n, 0)
        assert sample.mu @ sample.mu == pytest.approx(2.25, rel=1e-15)

    def test_it_is_the_first_draw_of_the_experiment(self):
        sample = sample_spectrum(FIGURE_2, p=32, seed=5, class_proportions=(0.25, 0.75))
        result = simulate(FIGURE_2, p=32, t=0, runs=1, seed=5, class_proportions=(0.25, 0.75))
        assert (sample.y < 0).sum() == 16
        assert result.training_error[0] == np.mean(sample.y * (sample.w0 @ sample.X) < 0)

    def test_overlap(self):
        sample = sample_spectrum(FIGURE_2, p=20, seed=1)
        leading = np.linalg.eigh(sample.X @ sample.X.T)[1][:, -1]
        assert sample.overlap == pytest.approx((leading @ sample.mu) ** 2 / 2.25, rel=1e-10)

    def test_signal_weights(self):
        sample = sample_spectrum(FIGURE_2, p=24, seed=4)
        for power in (0, 1, 2):
            moment = sample.mu @ np.linalg.matrix_power(sample.X @ sample.X.T / 48, power) @ sample.X @ sample.y / 48
            assert sample.signal_weights @ sample.eigenvalues**power == pytest.approx(moment, rel=1e-11)

    @pytest.mark.parametrize(("p", "c"), [(1, 0.5), (17, 0.5), (12, 2.0)])
    def test_forms_by_three_routes(self, p, c):
        sample = sample_spectrum(model(c=c), p=p, seed=2)
        n = sample.y.size
        noise = (sample.X - np.outer(sample.mu, sample.y)) @ sample.y / n
        vectors = {"mu": sample.mu, "noise": noise, "pull": sample.X @ sample.y / n, "start": sample.w0}
        forms = sample.forms(POINTS)
        for name, (a, b) in PAIRS.items():
            left, right = vectors[a], vectors[b]
            solved = [left @ scipy.linalg.solve(sample.X @ sample.X.T / n - z * np.eye(p), right.astype(complex)) for z in POINTS]
            from_pairs = resolvent_bilinear(sample.eigenvalues, sample.eigenvectors, left, right, POINTS)
            np.testing.assert_allclose(getattr(forms, name), solved, rtol=1e-10, atol=1e-13)
            np.testing.assert_allclose(getattr(forms, name), from_pairs, rtol=1e-11, atol=1e-14)

    def test_real_points_give_real_forms(self):
        forms = sample_spectrum(FIGURE_2, p=8, seed=1).forms(-1.0)
        assert all(getattr(forms, name).dtype == float for name in PAIRS)

    def test_an_eigenvalue_is_refused(self):
        sample = sample_spectrum(model(c=2.0), p=8, seed=1)
        with pytest.raises(ValueError, match=r"^z must not be an eigenvalue, got 0.0$"):
            sample.forms([1.0 + 1e-9, 0.0])

    def test_bad_input(self):
        with pytest.raises(ValueError, match="^p must be >= 1, got 0$"):
            sample_spectrum(FIGURE_2, p=0, seed=1)
        with pytest.raises(ValueError, match="^seed must be >= 0, got -1$"):
            sample_spectrum(FIGURE_2, p=8, seed=-1)
        with pytest.raises(ValueError, match="^class_proportions must"):
            sample_spectrum(FIGURE_2, p=8, seed=1, class_proportions=(0, 1))


class TestSpectra:
    def test_the_first_draw_is_that_of_the_sample(self):
        found = spectra(FIGURE_2, p=24, runs=3, seed=4)
        np.testing.assert_allclose(found[0], sample_spectrum(FIGURE_2, p=24, seed=4).eigenvalues, rtol=1e-10)
        assert found.shape == (3, 24) and (np.diff(found, axis=1) >= 0).all()

    def test_noise_alone_interlaces(self):
        """No eigenvalue moves beyond its next neighbours: the change has one positive and one negative eigenvalue."""
        with_signal, noise = (spectra(FIGURE_2, p=40, runs=5, seed=4, signal=signal) for signal in (True, False))
        assert (with_signal[:, :-1] <= noise[:, 1:] + 1e-12).all()
        assert (with_signal[:, 1:] >= noise[:, :-1] - 1e-12).all()
        assert abs(with_signal - noise).max() > 0.1

    @pytest.mark.parametrize("c", [0.5, 2.0])
    @pytest.mark.parametrize("factor", [0.5, 2.5])
    def test_no_eigenvalue_outside_the_support_but_the_spike(self, c, factor):
        one = model(c=c, mu_norm2=factor * np.sqrt(c))
        low, high = one.bulk_edges
        found = spectra(one, p=400, runs=10, seed=3)
        outside = ((found < low - 0.1) | (found > high + 0.12 * high)) & (np.abs(found) > 1e-10)
        assert (outside.sum(axis=1) == int(one.has_spike)).all()


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_forms_converge_uniformly_on_a_path(c):
    """The largest distance on a path around the whole spectrum falls like 1/sqrt(p), and so does that of a contour integral."""
    one = model(c=c)
    reach = one.spike + 1
    turn = 2 * np.pi * np.arange(96) / 96
    path = (reach / 2 + (reach / 2 + 0.8) * np.cos(turn)) + 0.8j * np.sin(turn)
    step = -(reach / 2 + 0.8) * np.sin(turn) + 0.8j * np.cos(turn)
    limit = deterministic_equivalents(one, path)
    distances, integrals = [], []
    for p in (40, 640):
        forms = [sample_spectrum(one, p=p, seed=k).forms(path) for k in range(12)]
        gaps = {name: np.array([getattr(of, name) - getattr(limit, name) for of in forms]) for name in PAIRS}
        distances.append(np.mean([np.abs(gap).max(axis=1) for gap in gaps.values()]))
        integrals.append(np.mean([np.abs((gap * np.exp(-path) * step).sum(axis=1)) for gap in gaps.values()]))
    for small, large in (distances, integrals):
        assert small / large == pytest.approx(4, rel=0.5)


@pytest.mark.parametrize("c", [0.3, 1.0, 2.5])
def test_expected_counts(c):
    """Against the density by adaptive quadrature, the total, and draws."""
    one = model(c=c, mu_norm2=3.0)
    low, high = one.bulk_edges
    edges = np.linspace(-0.05, 1.1 * one.spike, 30)
    expected = expected_counts(one, edges, p=300)
    assert expected.sum() == pytest.approx(300, abs=1e-6)
    inner = expected_counts(one, [low + 0.1, low + 0.4, high - 0.2], p=300)
    for left, right, count in zip((low + 0.1, low + 0.4), (low + 0.4, high - 0.2), inner):
        assert count == pytest.approx(299 * scipy.integrate.quad(lambda x: mp_density(x, c=c), left, right)[0], rel=1e-8)
    found = np.mean([np.histogram(values, edges)[0] for values in spectra(one, p=300, runs=20, seed=2)], axis=0)
    assert np.abs(found - expected).max() < 2.5
    with pytest.raises(ValueError, match="^edges must ascend, and be at least 2, got array"):
        expected_counts(one, [1.0, 1.0], p=3)


class TestConcentration:
    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
    @pytest.mark.parametrize("mu_norm2", [0.3, 2.25])
    def test_the_limits_and_the_rate(self, c, mu_norm2):
        """Means miss the limits by order 1/p, single draws by order 1/sqrt(p)."""
        one = model(c=c, mu_norm2=mu_norm2, sigma2=0.5)
        limits = deterministic_equivalents(one, POINTS)
        measured = concentration(one, z=POINTS, smallest_p=48, doublings=2, runs=400, seed=7)
        np.testing.assert_array_equal(measured.p, 48 * 2 ** np.arange(3))
        np.testing.assert_array_equal(measured.runs, [400, 200, 100])
        for name in PAIRS:
            mean, deviation = getattr(measured.mean, name), getattr(measured.standard_deviation, name)
            error = deviation / np.sqrt(measured.runs)[:, None]
            extrapolated = 2 * mean[2] - mean[1]
            assert (np.abs(extrapolated - getattr(limits, name)) < 4.5 * np.hypot(2 * error[2], error[1])).all(), name
            slope = np.log(deviation[2] / deviation[0]) / np.log(4)
            slope_error = np.sqrt(1 / 800 + 1 / 200) / np.log(4)
            assert np.abs(slope + 0.5).max() < 4 * slope_error, name

    def test_it_repeats_single_draws(self):
        measured = concentration(FIGURE_2, z=[1j], smallest_p=8, doublings=1, runs=8, seed=4)
        values = []
        for child in np.random.SeedSequence(4).spawn(8):
            rng = np.random.default_rng(child)
            X = rng.standard_normal((8, 16)) + np.outer(1.5 * np.eye(8)[0], np.repeat([-1.0, 1.0], 8))
            values.append(1.5 * np.linalg.inv(X @ X.T / 16 - 1j * np.eye(8))[0, 0] * 1.5)
        assert measured.mean.mu_mu[0, 0] == pytest.approx(np.mean(values), rel=1e-12)
        assert measured.standard_deviation.mu_mu[0, 0] == pytest.approx(np.std(values, ddof=1), rel=1e-12)

    def test_same_bits_for_any_number_of_workers(self):
        one, two = (concentration(FIGURE_2, z=[1j], smallest_p=16, doublings=1, runs=9, seed=1, workers=k) for k in (1, 2))
        np.testing.assert_array_equal(one.mean.pull_pull, two.mean.pull_pull)

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"z": 1j}, ValueError, r"^z must have 1 dimension, got shape \(\)$"),
            ({"doublings": 0}, ValueError, "^doublings must be >= 1 and <= 20, got 0$"),
            ({"runs": 1.0}, TypeError, "^runs must be an integer, got 1.0$"),
            ({"smallest_p": 0}, ValueError, "^smallest_p must be >= 1, got 0$"),
        ],
    )
    def test_bad_input(self, changes, error, message):
        with pytest.raises(error, match=message):
            concentration(FIGURE_2, **{"z": [1j], "smallest_p": 8, "doublings": 1, "runs": 8, "seed": 0, **changes})


class TestPhaseTransition:
    @pytest.mark.parametrize("c", [0.5, 2.0])
    @pytest.mark.parametrize("factor", [2.0, 4.0])
    def test_above_the_threshold(self, c, factor):
        strong = model(c=c, mu_norm2=factor * np.sqrt(c))
        small, large = (leading_pairs(strong, p=p, runs=runs, seed=6) for p, runs in ((100, 240), (200, 120)))
        for field, limit in (("eigenvalue", strong.spike), ("overlap", spike_overlap(strong))):
            values = [getattr(pairs, field) for pairs in (small, large)]
            errors = [value.std(ddof=1) / np.sqrt(value.size) for value in values]
            assert abs(2 * values[1].mean() - values[0].mean() - limit) < 4 * np.hypot(2 * errors[1], errors[0])
            assert errors[1] < 0.025 * limit

    def test_below_the_threshold(self):
        """The largest eigenvalue approaches the edge by order p^(-2/3), and the overlap vanishes."""
        weak = model(mu_norm2=0.2)
        assert spike_overlap(weak) == 0
        pairs = [leading_pairs(weak, p=p, runs=runs, seed=6) for p, runs in ((64, 200), (256, 60))]
        gaps = [weak.bulk_edges[1] - pair.eigenvalue.mean() for pair in pairs]
        assert gaps[0] / gaps[1] == pytest.approx(4 ** (2 / 3), rel=0.3)
        assert pairs[1].overlap.mean() < 0.5 * pairs[0].overlap.mean() < 0.05

    def test_models_share_their_noise(self):
        weak, strong = (leading_pairs(model(mu_norm2=mu2), p=64, runs=5, seed=1) for mu2 in (9.0, 9.0001))
        np.testing.assert_allclose(weak.eigenvalue, strong.eigenvalue, rtol=1e-4)

    def test_corners(self):
        assert spike_overlap(model(mu_norm2=1e9)) == pytest.approx(1, abs=1e-8)
        assert spike_overlap(model(mu_norm2=np.sqrt(0.25), c=0.25)) == 0.0


class TestEquivalents:
    def test_sums_of_vectors(self):
        forms = deterministic_equivalents(FIGURE_2, POINTS)
        np.testing.assert_allclose(forms.mu_pull, forms.mu_mu + forms.mu_noise, rtol=1e-13)
        total = forms.mu_mu + 2 * forms.mu_noise + forms.noise_noise
        np.testing.assert_allclose(forms.pull_pull, total, rtol=1e-13)

    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
    def test_far_away_they_are_inner_products(self, c):
        """-z Q(z) tends to the identity: |mu|^2, 0, c, and sigma^2 are the limits of the inner products."""
        forms = deterministic_equivalents(model(c=c), -1e9)
        scaled = {name: 1e9 * float(getattr(forms, name)) for name in PAIRS}
        expected = {"mu_mu": 2.25, "noise_noise": c, "mu_pull": 2.25, "pull_pull": 2.25 + c, "start_start": 0.1}
        for name in PAIRS:
            assert scaled[name] == pytest.approx(expected.get(name, 0.0), rel=1e-7, abs=1e-7), name

    def test_scalar_and_real_points(self):
        forms = deterministic_equivalents(FIGURE_2, 5.0)
        assert forms.mu_mu.shape == () and forms.mu_mu.dtype == float
        assert forms.mu_start == 0 == forms.pull_start

    @pytest.mark.parametrize("z", [0.5, [1j, 2.0]])
    def test_the_bulk_is_refused(self, z):
        with pytest.raises(ValueError, match="^z must lie off the support"):
            deterministic_equivalents(FIGURE_2, z)

    def test_the_spike_is_refused(self):
        with pytest.raises(ValueError, match="^z must not be the isolated eigenvalue 3.97222"):
            deterministic_equivalents(FIGURE_2, [1j, FIGURE_2.spike])
        weak = model(mu_norm2=0.5)
        assert np.isfinite(deterministic_equivalents(weak, weak.spike).mu_mu)


def test_dimensions_that_no_machine_holds_are_named():
    model = MixtureClassification(mu_norm2=4.0, c=1e6, sigma2=0.1, alpha=0.01)
    with pytest.raises(MemoryError, match="smallest_p and doublings must be smaller or fewer"):
        concentration(model, z=[5 + 1j], smallest_p=2 * 10**6, doublings=1, runs=1, seed=0)
