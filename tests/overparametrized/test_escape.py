"""The limit of sqrt(m) V_perp: against closed form, against single paths, and against networks that are trained."""

import numpy as np
import pytest

from learning_dynamics.datasets import wide_descents
from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    driven_escape,
    escape_limit,
    infinite_width,
    initial_linearization,
    kink_paths,
    pairwise_escape,
    polynomial_data,
    train,
)


def few_points(width=2, **changes):
    data = polynomial_data(seed=3, n=6, d=2)
    setting = {"inputs": data.inputs, "targets": data.targets, "learning_rate": 0.05, "antisymmetric": True}
    return TwoLayerRegression(width=width, **setting | changes)


@pytest.mark.parametrize("gain", [0.5, 2.0])
@pytest.mark.parametrize("scale", [0.3, 1.0])
@pytest.mark.parametrize("size", [1.0, 3.0])
def test_one_point_has_a_closed_form(gain, scale, size):
    model = TwoLayerRegression(inputs=[[size]], targets=[0.7], width=1, learning_rate=0.05, gain=gain, scale=scale, bias=False)
    rate = model.step * gain**2 * size**2 / 2
    times = np.array([0, 0.3, 2, 30]) / rate
    pushed = 0.7 / (gain**2 * size**2 / 2) * -np.expm1(-rate * times)
    limit = escape_limit(model, times, samples=8, steps=200, seed=0)
    wanted = (gain * size * pushed) ** 3 / (6 * np.sqrt(2 * np.pi) * scale)
    np.testing.assert_allclose(limit.values, wanted, rtol=3e-4, atol=1e-14)
    np.testing.assert_allclose(limit.standard_errors, 0, atol=1e-14)


def test_one_point_on_a_cube_has_another_density():
    shared = {"inputs": [[2.0]], "targets": [1.0], "width": 1, "learning_rate": 0.05, "bias": False}
    normal, cube = (
        escape_limit(TwoLayerRegression(initialization=law, **shared), 100, samples=8, seed=0).values[0]
        for law in ("normal", "uniform")
    )
    assert cube / normal == pytest.approx(np.sqrt(2 * np.pi) / 2, rel=1e-12)


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_it_is_the_mean_over_single_paths(law):
    """The same integral by brute force: neurons drawn near each kink, each followed in small steps of time."""
    model, time, count, steps = few_points(initialization=law), 60.0, 16_000, 600
    limit = escape_limit(model, time, samples=4096, seed=1)
    rng, features = np.random.default_rng(2), model.features
    kernel = initial_linearization(model.__class__(**vars(model) | {"width": 400_000}), *drawn(model, 400_000)).tangent_kernel
    values, vectors = np.linalg.eigh(kernel)
    edges = np.linspace(0, time, steps + 1)
    integrals = (-np.expm1(-np.outer(edges, model.step * values)) * (-model.targets @ vectors) / values) @ vectors.T
    pushes, gram, total, variance = np.diff(integrals, axis=0), features @ features.T, 0.0, 0.0
    for i in range(len(features)):
        reach = 1.2 * np.abs(model.gain * gram[i]) @ np.abs(pushes).sum(axis=0)
        heights, window = rng.uniform(-reach, reach, count), 1e-2
        weights, signs = drawn(model, 200_000, seed=int(rng.integers(1000)))
        near = np.flatnonzero(np.abs(weights @ features[i]) < window)
        density = len(near) / len(weights) / (2 * window)
        active = (weights[rng.choice(near, count)] @ features.T > 0).astype(float)
        active[:, i] = 0
        signs = rng.choice([-1.0, 1.0], count)
        height, integral = heights.copy(), np.zeros(count)
        for push in pushes:
            on = height > 0
            integral += push[i] * (on.astype(float) - (heights > 0))
            height = height - model.gain * signs * ((active * gram[i]) @ push + gram[i, i] * push[i] * on)
        shares = model.gain**2 * gram[i, i] * density * 2 * reach * integral**2
        total, variance = total + shares.mean(), variance + shares.var() / count + shares.mean() ** 2 / len(near)
    error = np.hypot(np.sqrt(variance), limit.standard_errors[0])
    assert abs(total - limit.values[0]) < 4 * error
    assert error < 0.025 * total  # an error of 10 % is seen


def drawn(model, width, seed=0):
    return TwoLayerRegression(**vars(model) | {"width": width}).draw(seed)


def test_intervals_of_time_do_not_matter():
    model = few_points()
    coarse, fine = (escape_limit(model, [1, 20, 400], steps=steps, seed=0).values for steps in (50, 400))
    np.testing.assert_allclose(coarse, fine, rtol=5e-3)


def test_the_standard_error_is_that_of_other_seeds():
    model = few_points()
    limits = [escape_limit(model, 100, samples=64, seed=seed) for seed in range(60)]
    scatter = np.std([limit.values[0] for limit in limits], ddof=1)
    stated = np.sqrt(np.mean([limit.standard_errors[0] ** 2 for limit in limits]))
    assert 0.7 < stated / scatter < 1.4


def test_paths_cross_and_slide():
    model = few_points()
    heights = np.linspace(-3, 3, 13)
    times = np.linspace(0, 400, 60)
    found = set()
    for point in range(6):
        for sign in (1, -1):
            paths = kink_paths(model, times, point=point, heights=heights, sign=sign, seed=4)
            np.testing.assert_array_equal(paths[0], heights)
            crossed = (paths[0] != 0) & (np.sign(paths[0]) == -np.sign(paths[-1])) & (paths[-1] != 0)
            found |= {"crosses"} if crossed.any() else set()
            found |= {"slides"} if (paths[1:] == 0).any() else set()
    assert found == {"crosses", "slides"}


def test_pairs_at_one_point_have_a_closed_form():
    model = TwoLayerRegression(inputs=[[2.0]], targets=[0.7], width=5000, learning_rate=0.05, bias=False)
    weights, signs = model.draw(8)
    line = initial_linearization(model, weights, signs)
    pushed = (line.outputs[0] - 0.7) / line.eigenvalues[0]
    heights, step = 2 * weights[:, 0], line.scales * 4
    reached = (heights > 0) & (step * pushed > heights)
    missed = np.abs(pushed) - heights[reached] / np.abs(step[reached])
    wanted = 4 * np.sum((line.scales[reached] * missed) ** 2)
    assert reached.sum() > 5
    assert pairwise_escape(model, line, 1000, steps=2000)[0] == pytest.approx(wanted, rel=1e-6)


def test_the_limit_is_the_mean_over_pairs():
    ratios, widths = [], (2000, 8000, 32_000)
    limit = escape_limit(few_points(), 200, samples=4096, seed=0)
    for width in widths:
        for seed in range(400):
            model = few_points(width)
            line = initial_linearization(model, *model.draw(seed))
            ratios.append(pairwise_escape(model, line, 200)[0] * width**0.5 / limit.values[0])
    fit = infinite_width(np.repeat(widths, 400), ratios)
    assert abs(fit.level - 1) < 4 * np.hypot(fit.standard_error, limit.standard_errors[0] / limit.values[0])
    assert fit.standard_error < 0.012  # an error of 4 % is seen


def test_driven_neurons_tend_to_the_pairs_of_their_network():
    """The third route: all neurons of one wide network, driven by the residuals of its linear problem; beside its own pairs little is left to chance."""
    widths, ratios = [], []
    for width in (2000, 8000, 32_000):
        model = few_points(width)
        for seed in range(10):
            line = initial_linearization(model, *model.draw(seed))
            ratios.append(driven_escape(model, line, 200, steps=300)[0] / pairwise_escape(model, line, 200)[0])
            widths.append(width)
    fit = infinite_width(widths, ratios)
    assert abs(fit.level - 1) < 4 * fit.standard_error
    assert fit.standard_error < 0.012  # an error of 5 % is seen


def test_driven_neurons_are_the_trained_ones_but_for_what_switches_do_to_the_residuals():
    """That effect grows with time, and falls with the width."""
    late = []
    for width in (1250, 20_000):
        apart = []
        for seed in range(4):
            model = few_points(width, learning_rate=0.02)
            weights, signs = model.draw(seed)
            result = train(model, weights, signs, epochs=[0, 20, 1000], dynamics="flow", tolerance=1e-2)
            driven = driven_escape(model, initial_linearization(model, weights, signs), [0, 20, 1000])
            assert driven[0] == result.perpendicular[0] == 0
            assert driven[1] == pytest.approx(result.perpendicular[1], rel=0.04)
            apart.append(driven[2] / result.perpendicular[2] - 1)
        late.append(np.sqrt(np.mean(np.square(apart))))
    assert late[1] < 0.6 * late[0]
    assert late[1] < 0.15


def test_the_stored_runs_of_a_million_neurons():
    stored = wide_descents()
    from learning_dynamics.data.make_wide_descents import RUNS, SEED, model_of

    widths, ratios = [], []
    for width in (10_000, 100_000, 1_000_000):
        model = model_of(width)
        for run, child in enumerate(np.random.SeedSequence(SEED).spawn(RUNS[width])):
            line = initial_linearization(model, *model.draw(np.random.default_rng(child)))
            limit = escape_limit(model, 10_000, linearization=line, samples=256, seed=0)
            chosen = (stored.width == width) & (stored.run == run) & (stored.epoch == 10_000)
            widths.append(width)
            ratios.append(float(stored.perpendicular[chosen][0] * width**0.5 / limit.values[0]))
    fit = infinite_width(widths, ratios)
    assert abs(fit.level - 1) < 0.05  # measured: 0.002
    assert fit.standard_error < 0.02
    narrow, middle, wide = (np.mean(np.array(ratios)[np.equal(widths, width)]) for width in np.unique(widths))
    assert narrow > middle > wide


def test_extrapolation_weighs_the_widths():
    rng = np.random.default_rng(7)
    widths = np.repeat([100.0, 1000.0, 10_000.0], 40)
    levels = []
    for _ in range(200):
        values = 1 + 3 * widths**-0.5 + 0.3 * widths**-0.25 * rng.standard_normal(widths.size)
        fit = infinite_width(widths, values)
        levels.append((fit.level - 1) / fit.standard_error)
    assert 0.8 < np.std(levels) < 1.2 and abs(np.mean(levels)) < 0.3


def test_wrong_input():
    model = few_points()
    with pytest.raises(ValueError, match="scale must be > 0"):
        escape_limit(few_points(scale=0.0), 1, seed=0)
    with pytest.raises(ValueError, match="samples must be"):
        escape_limit(model, 1, samples=7, seed=0)
    with pytest.raises(ValueError, match="epochs"):
        escape_limit(model, [[1.0]], seed=0)
    with pytest.raises(ValueError, match="point must be"):
        kink_paths(model, 1, point=6, heights=[0.0], seed=0)
    with pytest.raises(ValueError, match="sign must be 1 or -1, got 2"):
        kink_paths(model, 1, point=0, heights=[0.0], sign=2, seed=0)
    with pytest.raises(ValueError, match="one entry for each of the 3 widths"):
        infinite_width([1, 2, 3], [1.0])
    with pytest.raises(ValueError, match="3 different widths"):
        infinite_width([1, 1, 2, 2], [1.0] * 4)
