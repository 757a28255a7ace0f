"""Readings of the recipe of figure 6, and the law of the squared norm of mu under them."""

import numpy as np
import pytest

from learning_dynamics.random_matrix import (
    MixtureClassification,
    add_noise,
    fitted_mu_norm2,
    generalization_error,
    noise_and_scale,
    power_measures,
    readings_of_the_text,
    signal_law,
    training_error,
    whiten,
)
from learning_dynamics.random_matrix.mathematics.noise_readings import READINGS

CONSTANTS = {"pixel_mean": 0.1307, "pixel_variance": 0.0949, "centred_power": 0.0673}
MEAN_SQUARE = 0.0949 + 0.1307**2
POINTS = np.array([[0.0, 1.0], [0.5, 0.5]])


def test_noise_and_scale():
    assert noise_and_scale(POINTS, reading="power ratio", **CONSTANTS) == (pytest.approx(0.1 * 0.375), 1.0)
    power, scale = noise_and_scale(POINTS, reading="inverse variance", **CONSTANTS)
    assert power == pytest.approx(0.1 / 0.0949)
    assert scale**-2 == pytest.approx(power + 0.0673)
    assert noise_and_scale(POINTS, reading="inverse variance", decibel=0, **CONSTANTS)[0] == pytest.approx(10 * power)
    power, scale = noise_and_scale(POINTS, reading="signal to noise", **CONSTANTS)
    assert power == pytest.approx(10 * MEAN_SQUARE)
    assert scale**2 * power == pytest.approx(1)
    assert noise_and_scale(POINTS, reading="signal to noise", decibel=-20, **CONSTANTS)[0] == pytest.approx(10 * power)
    power, scale = noise_and_scale(POINTS, reading="unit noise", **CONSTANTS)
    assert power == 1 and scale**-2 == pytest.approx(1 + MEAN_SQUARE)


def test_what_the_readings_do_to_images():
    """After noise and scaling: the noise is the unit, or the mean square of images and noise is 1."""
    rng = np.random.default_rng(2)
    points = rng.random((400, 50)) ** 4
    of_all = {"pixel_mean": points.mean(), "pixel_variance": points.var(), "centred_power": points.var(axis=0).mean()}
    for reading, signal_to_noise in (("signal to noise", 0.1), ("unit noise", np.mean(points**2))):
        power, scale = noise_and_scale(points, reading=reading, **of_all)
        assert np.mean((scale * points) ** 2) / (scale**2 * power) == pytest.approx(signal_to_noise)
        noisy = scale * add_noise(points, power=power, seed=1)
        expected = 1.1 if reading == "signal to noise" else 1.0
        assert np.mean(noisy**2) == pytest.approx(expected, rel=0.04)
    power, scale = noise_and_scale(points, reading="inverse variance", **of_all)
    noisy = scale * add_noise(points, power=power, seed=1)
    assert noisy.var(axis=0).mean() == pytest.approx(1, rel=0.04)


def test_readings_of_the_text():
    measures = power_measures(POINTS, **CONSTANTS)
    assert measures["mean square"] == 0.375 and measures["mean square of all"] == pytest.approx(MEAN_SQUARE)
    assert measures["variance"] == pytest.approx(np.var(POINTS)) and measures["centred power"] == pytest.approx(0.0625)
    found = readings_of_the_text(measures)
    assert len(found) == 6 * 2 * 4 + 8 + 7
    assert len({(reading.noise, reading.unit) for reading in found}) == len(found)
    pairs = {(round(reading.power, 12), round(reading.scale, 12)) for reading in found}
    for reading in ("power ratio", "signal to noise", "unit noise"):
        assert tuple(np.round(noise_and_scale(POINTS, reading=reading, **CONSTANTS), 12)) in pairs, reading


def test_the_law_by_drawing_noise():
    rng = np.random.default_rng(0)
    labels = np.repeat([-1.0, 1.0], [30, 20])
    points = rng.random((50, 6)) + 0.3 * labels[:, None]
    law = signal_law(points, labels, power=0.5, scale=0.7)
    norms = np.array([whiten(add_noise(points, power=0.5, seed=k), labels, scale=0.7).mu_norm2 for k in range(3000)])
    assert abs(norms.mean() - law.mean) < 4 * law.standard_deviation / np.sqrt(3000)
    assert norms.std() == pytest.approx(law.standard_deviation, rel=0.06)
    p_values = np.array([law.p_value(norm) for norm in norms])
    for level in (0.01, 0.1, 0.5):
        assert abs(np.mean(p_values < level) - level) < 4 * np.sqrt(level * (1 - level) / 3000)


@pytest.mark.parametrize("norm2", [5.9, 6.48155, 7.2])
def test_the_norm_is_found_again(norm2):
    model = MixtureClassification(mu_norm2=6.5, c=1.0, sigma2=0.1, alpha=0.01)
    true = MixtureClassification(mu_norm2=norm2, c=1.0, sigma2=0.1, alpha=0.01)
    t = np.arange(6.0, 300, 24)
    found, largest = fitted_mu_norm2(model, t, training=training_error(true, t), generalization=generalization_error(true, t))
    assert found == pytest.approx(norm2, abs=1e-7)
    assert largest < 1e-9


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: noise_and_scale(POINTS, reading="text", **CONSTANTS), "reading must be 'power ratio' or"),
        (
            lambda: noise_and_scale(POINTS, reading="unit noise", **(CONSTANTS | {"pixel_variance": 0})),
            "pixel_variance must be > 0",
        ),
        (lambda: signal_law(POINTS, [1, 1], power=1, scale=1), "labels must be -1 or [+]1, one for each point, and both present"),
        (lambda: signal_law(POINTS, [-1, 1], power=0, scale=1), "power must be > 0"),
        (lambda: readings_of_the_text({"a": 0.0}), "powers must be > 0"),
    ],
)
def test_refused(call, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}"):
        call()


def test_four_readings():
    assert READINGS == ("power ratio", "signal to noise", "unit noise", "inverse variance")
