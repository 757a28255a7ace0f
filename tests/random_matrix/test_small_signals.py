"""Section 4 of paper 1, the limit of V for ‖μ‖ → 0: the print's measure rho has a factor 1/(c + 1) too many."""

import numpy as np
import pytest
from scipy.integrate import quad

from learning_dynamics.random_matrix import MixtureClassification, statistics, taylor_statistics

CASES = [(0.5, 0.16136, 0.10758), (1.5, 0.30526, 0.12210)]
TIME = 1.0


def bulk_integral(c, divisor):
    """The integral of ((1 - f)/x)^2 with the density sqrt((x - l_-)(l_+ - x))/divisor, at alpha t = 1."""
    low, high = (1 - c**0.5) ** 2, (1 + c**0.5) ** 2
    return quad(lambda x: (np.expm1(-TIME * x) / x) ** 2 * ((x - low) * (high - x)) ** 0.5 / divisor, low, high)[0]


def norms_of_pure_noise(c, p=200, draws=20):
    """Squared norms of weights trained from 0 on labels that have nothing to do with the points."""
    n = round(p / c)
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        Z, y = rng.standard_normal((p, n)), np.repeat([-1.0, 1.0], [n // 2, n - n // 2])
        _, singular, W = np.linalg.svd(Z / n**0.5, full_matrices=False)
        yield np.sum((-np.expm1(-TIME * singular**2) / singular * (W @ y)) ** 2) / n


@pytest.mark.parametrize(("c", "right", "printed"), CASES)
def test_the_limit_for_small_signals_has_no_factor_c_plus_1(c, right, printed):
    assert bulk_integral(c, 2 * np.pi) == pytest.approx(right, abs=5e-6)
    assert bulk_integral(c, 2 * np.pi * (c + 1)) == pytest.approx(printed, abs=5e-6)
    for mu_norm2, tolerance in ((1e-3, 1e-2), (1e-6, 1e-5)):
        model = MixtureClassification(mu_norm2=mu_norm2, c=c, sigma2=0.0, alpha=1.0)
        assert statistics(model, TIME).V == pytest.approx(bulk_integral(c, 2 * np.pi), rel=tolerance)


@pytest.mark.parametrize(("c", "right", "printed"), CASES)
def test_training_on_pure_noise_gives_the_limit_without_the_factor(c, right, printed):
    norms = np.array(list(norms_of_pure_noise(c)))
    error = norms.std(ddof=1) / norms.size**0.5
    assert abs(norms.mean() - right) < 4 * error + right / 200
    assert abs(norms.mean() - printed) > 10 * error


def test_the_print_contradicts_its_own_approximation_for_short_times():
    c, t = 0.5, 1e-3
    model = MixtureClassification(mu_norm2=1e-12, c=c, sigma2=0.0, alpha=1.0)
    V = taylor_statistics(model, t).V
    assert V == pytest.approx(c * t**2, rel=1e-9)
    assert statistics(model, t).V == pytest.approx(V, rel=5e-3)
