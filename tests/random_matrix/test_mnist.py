"""The digits: which reading of the recipe meets the printed figure, and the gap that it shows."""

import numpy as np
import pytest

from learning_dynamics.companion.project import find_root
from learning_dynamics.companion.registry import load_registry
from learning_dynamics.datasets import mnist_ones_sevens
from learning_dynamics.random_matrix import (
    MixtureClassification,
    add_noise,
    generalization_error,
    noise_and_scale,
    projected_errors,
    simulate_pool,
    whiten,
)

SEED = 31


@pytest.fixture(scope="module")
def mixtures():
    data = mnist_ones_sevens()
    images = data.images / 255
    found = {}
    for reading in ("power ratio", "inverse variance"):
        power, scale = noise_and_scale(
            images, reading=reading, pixel_variance=data.pixel_variance, centred_power=data.centred_power
        )
        found[reading] = whiten(add_noise(images, power=power, seed=SEED), data.labels, scale=scale)
    return found


def model_of(mixture):
    return MixtureClassification(mu_norm2=mixture.mu_norm2, c=1.0, sigma2=0.1, alpha=0.01)


def read_off(of):
    registry = load_registry(find_root(__file__) / "book" / "registry.yml")
    references = [r for r in registry.entry("fig-random-matrix-mnist").references if r.of == of]
    return np.array([(float(r.quantity.split("= ")[1]), r.value, r.tolerance) for r in references])


def test_one_reading_meets_the_printed_theory_and_the_literal_one_does_not(mixtures):
    t, value, tolerance = read_off("theory").T
    fits = {name: abs(generalization_error(model_of(m), t) - value) <= tolerance for name, m in mixtures.items()}
    assert fits["inverse variance"].all()
    assert not fits["power ratio"].any()


def test_the_gap_between_theory_and_digits_is_real(mixtures):
    """In both readings; the theory with the digits' own projections closes most of it."""
    t = np.array([50])
    for mixture in mixtures.values():
        model = model_of(mixture)
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
