"""What the book adds to paper 3: laziness, switches, the flow of wide networks."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    linearized_training,
    polynomial_data,
    train,
)

DATA = polynomial_data(seed=3, n=25, d=4)


def model_of(width, **options):
    setting = {"learning_rate": 0.1, "loss": "mean", "bias": False, "initialization": "uniform", "scale": 0.5}
    return TwoLayerRegression(width=width, **{"inputs": DATA.inputs, "targets": DATA.targets} | setting | options)


@pytest.mark.parametrize("method", ["cold-hot", "fused", "blas"])
@pytest.mark.parametrize("alpha", [0.25, 8.0])
def test_gain_and_start_are_one_knob(method, alpha):
    one = model_of(60, gain=1.5)
    other = model_of(60, gain=1.5 * alpha, learning_rate=0.1 / alpha**2)
    weights, signs = one.draw(7)
    run, copy = (
        train(model, start, signs, epochs=[0, 1, 30, 400], method=method)
        for model, start in ((one, weights), (other, weights / alpha))
    )
    np.testing.assert_allclose(copy.outputs, run.outputs, atol=1e-11)
    np.testing.assert_allclose(alpha * copy.weights, run.weights, atol=1e-11)
    np.testing.assert_array_equal(copy.flipped, run.flipped)
    assert run.flipped[-1] > 0


def switched_share(width, laziness, runs=6):
    gain = laziness / (0.5 * width**0.5)
    model = model_of(width, gain=gain, learning_rate=0.3 / gain**2, antisymmetric=True)
    shares = [train(model, *model.draw(seed), epochs=[0, 400]).flipped[-1] / (width * 25) for seed in range(runs)]
    return np.mean(shares), np.std(shares, ddof=1) / runs**0.5


@pytest.mark.parametrize("laziness", [2.0, 10.0, 50.0])
def test_equal_laziness_switches_an_equal_share(laziness):
    (narrow, narrow_error), (wide, wide_error) = (switched_share(width, laziness) for width in (200, 1600))
    assert abs(narrow - wide) < 4 * np.hypot(narrow_error, wide_error)


def test_laziness_is_inverse_to_the_share_of_switched_pairs():
    shares = [switched_share(400, laziness)[0] for laziness in (40.0, 160.0)]
    assert shares[0] / shares[1] == pytest.approx(4, rel=0.15)
    assert switched_share(400, 1.0)[0] < 0.6


def test_flipped_counts_pairs():
    model = model_of(40)
    weights, signs = model.draw(1)
    linearization = initial_linearization(model, weights, signs)
    moved = weights + 0.3 * np.random.default_rng(0).standard_normal(weights.shape)
    by_hand = sum((w @ x > 0) != (w0 @ x > 0) for w, w0 in zip(moved, weights) for x in model.features)
    assert linearization.flipped(moved) == by_hand > 0
    assert linearization.flipped(weights) == 0
    assert linearization.flipped(-weights) == 40 * 25


def both(width, seed, *, epochs, dynamics, **options):
    model = model_of(width, **options)
    weights, signs = model.draw(seed)
    linearization = initial_linearization(model, weights, signs)
    linear = linearized_training(model, epochs, linearization=linearization, dynamics=dynamics)
    return linear, train(model, weights, signs, epochs=epochs, dynamics=dynamics)


def test_linear_weights_predict_the_switches_the_better_the_more_points():
    """A pair that switches changes the push of one point on its own neuron, at any width."""
    gaps = []
    for points in (8, 60):
        data = polynomial_data(seed=3, n=points, d=4)
        runs = [both(1600, seed, epochs=[0, 800], dynamics="gd", inputs=data.inputs, targets=data.targets) for seed in range(4)]
        assert all(linear.flipped[0] == run.flipped[0] == 0 for linear, run in runs)
        gaps.append(1 - np.mean([run.flipped[1] / linear.flipped[1] for linear, run in runs]))
    assert 0 < gaps[1] < gaps[0] / 2
    assert linearized_training(model_of(10), 3).flipped is None


def test_functions_along_the_flow_of_a_wide_network():
    """Both functions come closer to those of the same network's linear flow, by a factor of at least (width ratio)^(1/4)."""
    errors, outside = [], []
    for width in (200, 3200):
        runs = [both(width, seed, epochs=[20, 100], dynamics="flow", gain=2.0) for seed in range(3)]
        errors.append(np.mean([np.abs(run.parallel / linear.distance - 1).max() for linear, run in runs]))
        outside.append(np.mean([run.perpendicular[-1] for _, run in runs]))
    assert errors[1] < errors[0] / 2
    assert outside[1] < outside[0] / 4
