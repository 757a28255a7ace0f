"""Doubled dimensions: the fit, the limits that it finds, and the steps against the flow."""

import numpy as np
import pytest

from learning_dynamics.random_matrix import (
    MixtureClassification,
    finite_size,
    generalization_error,
    simulate,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.simulation.finite_size import _fit, draws_at, first_dimension


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


def test_the_fit_recovers_a_known_line():
    sizes, counts = np.array([8, 16, 32, 64]), np.array([400, 200, 100, 50])
    rng = np.random.default_rng(0)
    errors = [0.1 + 0.4 / p + rng.standard_normal((r, 3)) / np.sqrt(p) / 10 for p, r in zip(sizes, counts)]
    fit = _fit(sizes, counts, errors, resolution=0.0)
    assert (abs(fit.limit - 0.1) < 4 * fit.limit_error).all()
    assert (abs(fit.coefficient - 0.4) < 4 * fit.coefficient_error).all()
    assert (abs(fit.scatter_slope + 0.5) < 4 * fit.scatter_slope_error).all()
    assert (fit.limit_error < 0.003).all()


def test_errors_that_are_all_zero_have_a_limit():
    sizes, counts = np.array([8, 16]), np.array([10, 10])
    fit = _fit(sizes, counts, [np.zeros((10, 1)), np.zeros((10, 1))], resolution=0.1)
    assert fit.limit[0] == 0
    assert np.isfinite([fit.limit_error, fit.coefficient_error, fit.scatter_slope]).all()


@pytest.mark.parametrize("c", [0.5, 2.0, 2 / 3])
def test_the_limits_are_the_theorems(c):
    one = model(c=c)
    t = np.array([20.0, 100.0])
    sizes = finite_size(one, t=t, smallest_p=16, doublings=2, runs=1200, seed=11, dynamics="flow")
    for fit, limit in (
        (sizes.generalization, generalization_error(one, t)),
        (sizes.training, training_error(one, t)),
    ):
        assert (abs(fit.limit - limit) < 4 * fit.limit_error + 0.002).all()
        assert (fit.limit_error < 0.003).all()


def test_sizes_are_doubled_and_fit_the_ratio():
    for draws, runs in (("banded", [40, 40, 40]), ("points", [40, 20, 10])):
        sizes = finite_size(model(c=2 / 3), t=[1], smallest_p=9, doublings=2, runs=40, seed=1, draws=draws)
        assert sizes.p.tolist() == [10, 20, 40]
        assert sizes.runs.tolist() == runs
        assert sizes.generalization.mean.shape == (3, 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"doublings": 0}, "doublings must be >= 1"),
        ({"smallest_p": 0}, "smallest_p must be >= 1"),
        ({"runs": 0}, "runs must be >= 1"),
    ],
)
def test_refuses(changes, sentence):
    arguments = {"t": [1], "smallest_p": 8, "doublings": 1, "runs": 8, "seed": 1}
    one = model(c=changes.pop("c", 0.5))
    with pytest.raises(ValueError, match=sentence):
        finite_size(one, **{**arguments, **changes})


@pytest.mark.parametrize("n", [511, 513, 500, 1001])
def test_a_neighbour_costs_about_the_same(n):
    assert first_dimension(256 / n, 32) < 2 * 32
    assert first_dimension(0.5, 32) == 32
    assert first_dimension(2048 / 4095, 32) < 64


@pytest.mark.parametrize(("c", "smallest", "first"), [(8.0, 8, 16), (16.0, 8, 32), (4.0, 8, 8), (4.5, 8, 9), (128.0, 256, 256)])
def test_the_first_dimension_has_two_points_at_least(c, smallest, first):
    assert first_dimension(c, smallest) == first
    assert min(n for n, _, _ in draws_at(c, np.array([first]), np.array([8]), 1)[0]) >= 2


@pytest.mark.parametrize("c", [256 / 513, np.pi / 4, 8.1, 0.01])
def test_the_ratio_holds_on_average(c):
    sizes, counts = first_dimension(c, 16) * 2 ** np.arange(3), np.array([4000, 2000, 1000])
    for p, count, groups in zip(sizes, counts, draws_at(c, sizes, counts, 5)):
        assert sum(number for _, number, _ in groups) == count
        assert sum(number * p / n for n, number, _ in groups) / count == pytest.approx(c, abs=c / count)
        assert min(n for n, _, _ in groups) >= 2
    seeds = [seed for groups in draws_at(c, sizes, counts, 5) for _, _, seed in groups]
    assert len(set(seeds)) == len(seeds)


def test_the_limits_at_a_ratio_that_no_small_size_has():
    one, t = model(c=16 / 33), np.array([20.0, 100.0])
    sizes = finite_size(one, t=t, smallest_p=15, doublings=2, runs=2400, seed=11, dynamics="flow")
    assert sizes.p.tolist() == [16, 32, 64]
    uneven = finite_size(model(c=256 / 513), t=t, smallest_p=16, doublings=2, runs=2400, seed=12, dynamics="flow")
    for found, ratio in ((sizes, 16 / 33), (uneven, 256 / 513)):
        limit = generalization_error(model(c=ratio), t)
        assert (abs(found.generalization.limit - limit) < 4 * found.generalization.limit_error + 0.001).all()


def test_theory_of_steps_by_both_routes():
    t = np.array([1, 6, 50, 300])
    for one in (model(), model(c=2.0, mu_norm2=0.5, alpha=0.1), model(c=0.1, mu_norm2=0.2, alpha=0.3)):
        spectral, contour = (statistics(one, t, method=method, dynamics="gd") for method in ("spectral", "contour"))
        for name in ("E", "V", "E_train", "V_train", "train_variance"):
            np.testing.assert_allclose(getattr(spectral, name), getattr(contour, name), rtol=1e-8)


def test_theory_of_one_step_by_moments():
    """After one step 1 - f = alpha x, so E = alpha mu2 and the rest are moments of the Marchenko-Pastur law."""
    one = model(c=1.5, mu_norm2=2.0, sigma2=0.7, alpha=0.05)
    first = statistics(one, np.array([1]), dynamics="gd")
    a, s, c, m = 0.05, 0.7, 1.5, 2.0
    assert first.E[0] == pytest.approx(a * m, rel=1e-13)
    assert first.V[0] == pytest.approx(a**2 * (m + c) + s * (1 - 2 * a + a**2 * (1 + c)), rel=1e-13)


def test_theory_of_steps_tends_to_that_of_the_flow():
    alphas = 0.02 / 2.0 ** np.arange(3)
    gaps = []
    for alpha in alphas:
        one, t = model(alpha=alpha), np.round(0.1 / alpha)
        gaps.append(generalization_error(one, t, dynamics="gd") - generalization_error(one, t))
    ratios = np.array(gaps[:-1]) / gaps[1:]
    np.testing.assert_allclose(ratios, 2, rtol=0.1)
    assert abs(ratios[1] - 2) < 0.6 * abs(ratios[0] - 2)


def test_gap_between_descent_and_flow_is_that_of_the_theories():
    one, t = model(alpha=0.04), np.array([2, 6, 20])
    runs = {d: simulate(one, p=256, t=t, runs=60, seed=3, dynamics=d).generalization_runs for d in ("gd", "flow")}
    gap = runs["gd"] - runs["flow"]
    theory = generalization_error(one, t, dynamics="gd") - generalization_error(one, t)
    error = gap.std(axis=0, ddof=1) / np.sqrt(60)
    assert (abs(gap.mean(axis=0) - theory) < 4 * error + 2e-4).all()
    assert theory[0] < -0.01


@pytest.mark.parametrize(
    ("changes", "t", "sentence"),
    [
        ({"alpha": 0.2}, [1], r"alpha must be < 0\.177778, 1 over the largest eigenvalue, for dynamics 'gd', got 0\.2"),
        ({}, [1.5], "t must hold integers for dynamics 'gd', got 1.5"),
    ],
)
def test_theory_of_steps_refuses(changes, t, sentence):
    with pytest.raises(ValueError, match=sentence):
        statistics(model(**changes), t, dynamics="gd")


def test_unknown_dynamics_is_refused():
    with pytest.raises(ValueError, match="dynamics must be 'flow' or 'gd', got 'sgd'"):
        statistics(model(), [1], dynamics="sgd")
