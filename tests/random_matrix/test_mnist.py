"""The digits: what the printed figure gives away, which reading of the recipe can give it, and the gap that it shows."""

from itertools import pairwise

import numpy as np
import pytest

from learning_dynamics.datasets import digit_counts, mnist_ones_sevens, published_figure
from learning_dynamics.random_matrix import (
    MixtureClassification,
    add_noise,
    classification_error,
    fitted_mu_norm2,
    generalization_error,
    noise_and_scale,
    power_measures,
    projected_errors,
    readings_of_the_text,
    replicate_test,
    signal_law,
    simulate_pool,
    stieltjes,
    training_error,
    whiten,
)
from learning_dynamics.random_matrix.mathematics.noise_readings import READINGS

SEED = 31
PRINTED = published_figure("liao-couillet-2018", 6)
NORM2 = 6.48155
AFTER_START = PRINTED["t"] > 0
STRONG = ("signal to noise", "unit noise", "inverse variance")


def model_of(norm2, **changes):
    return MixtureClassification(**({"mu_norm2": norm2, "c": 1.0, "sigma2": 0.1, "alpha": 0.01} | changes))


@pytest.fixture(scope="module")
def images():
    data = mnist_ones_sevens()
    constants = {name: getattr(data, name) for name in ("pixel_mean", "pixel_variance", "centred_power")}
    return data.images / 255, data.labels, constants


@pytest.fixture(scope="module")
def mixtures(images):
    points, labels, constants = images
    found = {}
    for reading in ("power ratio", "signal to noise"):
        power, scale = noise_and_scale(points, reading=reading, **constants)
        found[reading] = whiten(add_noise(points, power=power, seed=SEED), labels, scale=scale)
    return found


def largest_deviation(model):
    t = PRINTED["t"][AFTER_START]
    errors = {"training": training_error(model, t), "generalization": generalization_error(model, t)}
    return max(np.abs(values - PRINTED[f"{kind}_theory"][AFTER_START]).max() for kind, values in errors.items())


class TestPrintedTheory:
    def test_it_is_exact_at_one_norm(self):
        curves = {kind: PRINTED[f"{kind}_theory"] for kind in ("training", "generalization")}
        norm2, largest = fitted_mu_norm2(model_of(6.5), PRINTED["t"], **curves)
        assert norm2 == pytest.approx(NORM2, abs=1e-5)
        assert largest < PRINTED.precision["training_theory"]
        assert largest_deviation(model_of(NORM2)) < PRINTED.precision["training_theory"]

    @pytest.mark.parametrize(
        "changes", [{"norm2": NORM2 + 3e-5}, {"norm2": NORM2 - 3e-5}, {"c": 1.0001}, {"sigma2": 0.1001}, {"alpha": 0.010001}]
    )
    def test_at_no_neighbour_it_is(self, changes):
        assert largest_deviation(model_of(**({"norm2": NORM2} | changes))) > PRINTED.precision["training_theory"]

    def test_equal_steps_on_a_rectangle_miss_it(self):
        """The rule behind figure 1, with a rectangle long enough for this isolated eigenvalue."""
        assert NORM2 + 2 + 1 / NORM2 < 9
        corners = np.array([-0.5 - 0.5j, 9.5 - 0.5j, 9.5 + 0.5j, -0.5 + 0.5j, -0.5 - 0.5j])
        sides = [np.arange(round(abs(b - a) / 0.05)) * 0.05 * (b - a) / abs(b - a) + a for a, b in pairwise(corners)]
        z = np.concatenate([*sides, corners[:1]])
        t = PRINTED["t"][AFTER_START][:, None]
        f, m = np.exp(-0.01 * t * z), stieltjes(z, c=1.0)
        D = (NORM2 + 1) * m + 1
        E = -np.trapezoid((1 - f) / z * NORM2 * m / D, z) / 2j / np.pi
        V = np.trapezoid(((1 - f) / z) ** 2 / D - 0.1 * f**2 * m, z) / 2j / np.pi
        errors = classification_error(E.real, V.real)
        assert np.abs(errors - generalization_error(model_of(NORM2), t[:, 0])).max() < 0.01
        assert (
            np.abs(errors - PRINTED["generalization_theory"][AFTER_START]).max()
            > 100 * PRINTED.precision["generalization_theory"]
        )


class TestPrintedSimulation:
    @pytest.mark.parametrize("kind", ["training", "generalization"])
    def test_it_is_a_count_on_one_class(self, kind):
        """Multiples of 1/39 200 = 1/(392 * 100), and not of a half or a quarter of this number."""
        values = PRINTED[f"{kind}_simulation"]
        counts = 39_200 * values
        assert np.abs(counts - np.round(counts)).max() < 39_200 * PRINTED.precision[f"{kind}_simulation"]
        for fewer in (9_800, 19_600, 13_007):
            assert np.abs(fewer * values - np.round(fewer * values)).max() > 0.2

    def test_it_lies_above_the_printed_theory(self):
        """By 13 % at t = 48 and 20 % at t = 294; the training error is 2.2 times the theory's at t = 48. Far more than it scatters."""
        early, last = np.searchsorted(PRINTED["t"], (48, 294))

        def ratio(kind, at):
            return PRINTED[f"{kind}_simulation"][at] / PRINTED[f"{kind}_theory"][at]

        assert ratio("generalization", early) == pytest.approx(1.13, abs=0.005)
        assert ratio("generalization", last) == pytest.approx(1.20, abs=0.005)
        assert ratio("training", early) == pytest.approx(2.2, abs=0.05)
        stored = digit_counts()
        for kind, at in (("generalization", last), ("training", early)):
            spread = stored.of("signal to noise", kind, 1)[:, at].std(ddof=1) / stored.points
            assert PRINTED[f"{kind}_simulation"][at] - PRINTED[f"{kind}_theory"][at] > 4.5 * spread
        scatter = stored.of("signal to noise", "generalization", 1)[:, 1:] / stored.points
        around_theory = scatter - scatter.mean(axis=0) + PRINTED["generalization_theory"][1:]
        assert replicate_test(PRINTED["generalization_simulation"][1:], around_theory, draws=4000, seed=1) < 0.001

    @pytest.mark.parametrize("kind", ["training", "generalization"])
    def test_only_strong_noise_gives_it(self, kind):
        """The whole curve beside 16 repetitions, with mu scaled to the printed norm in all of them."""
        for reading in READINGS:
            counts = digit_counts().of(reading, kind, 1)
            chosen = counts.mean(axis=0) >= 5
            curve = np.sqrt(PRINTED[f"{kind}_simulation"][chosen] * 39_200)
            p_value = replicate_test(curve, np.sqrt(counts[:, chosen]), draws=4000, seed=1)
            assert (p_value > 0.05) if reading in STRONG else (p_value < 0.001), reading


class TestReadings:
    def test_the_norm_excludes_the_literal_reading_alone(self, images):
        points, labels, constants = images
        for reading in READINGS:
            power, scale = noise_and_scale(points, reading=reading, **constants)
            law = signal_law(points, labels, power=power, scale=scale)
            assert (law.p_value(NORM2) > 0.05) if reading in STRONG else (law.p_value(NORM2) < 1e-12), reading

    def test_of_all_readings_of_the_text_two_are_left(self, images):
        points, labels, constants = images
        held = []
        for reading in readings_of_the_text(power_measures(points, **constants)):
            if signal_law(points, labels, power=reading.power, scale=reading.scale).p_value(NORM2) >= 0.001:
                held.append((reading.noise, reading.unit))
        assert held == [("signal to noise, mean square of all", "noise"), ("variance 1", "both, mean square of all")]

    def test_grey_levels_from_0_to_1_cannot_give_it(self, images):
        """Whatever the strength of the noise is."""
        points, labels, _ = images
        for power in np.geomspace(1e-3, 1e3, 61):
            law = signal_law(points, labels, power=power, scale=1.0)
            assert NORM2 < law.mean - 8 * law.standard_deviation

    def test_the_noise_powers_differ_by_a_factor_of_130(self, images):
        points, _, constants = images
        literal, inverse = (noise_and_scale(points, reading=r, **constants)[0] for r in ("power ratio", "inverse variance"))
        assert inverse / literal == pytest.approx(130, abs=0.5)


def test_the_gap_between_theory_and_digits_is_real(mixtures):
    """In both readings; the theory with the digits' own projections closes most of it."""
    t = np.array([50])
    for mixture in mixtures.values():
        model = model_of(mixture.mu_norm2)
        result = simulate_pool(mixture, model=model, t=t, runs=12, seed=SEED)
        gap = result.generalization_error[0] - generalization_error(model, 50, dynamics="gd")
        left = result.generalization_error[0] - projected_errors(mixture, model, t, training_points=784, dynamics="gd")[0][0]
        assert gap > 4 * result.generalization_se[0]
        assert abs(left) < gap / 2


def test_projections_lean_towards_the_other_class(mixtures):
    mixture = mixtures["power ratio"]
    signed = mixture.labels * mixture.projections
    for label in (-1, 1):
        values = signed[mixture.labels == label]
        assert np.mean(values**3) < -1
        assert np.mean(values**4) > 5
