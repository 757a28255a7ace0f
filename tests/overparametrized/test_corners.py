"""Degenerate data, tiny and huge networks, steps too large: a clear error or an honest warning, never a silent NaN."""

import warnings

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    kernel_regression,
    polynomial_data,
    simulate,
    smallest_eigenvalue,
    squared_norm,
    train,
)


def model_of(inputs, targets, **options):
    return TwoLayerRegression(inputs=inputs, targets=targets, **{"width": 50, "learning_rate": 0.05, **options})


def all_finite(run):
    names = ("perpendicular", "parallel", "distance", "displacement", "largest_drift", "loss", "outputs", "weights")
    return all(np.isfinite(getattr(run, name)).all() for name in names)


DEGENERATE = [
    ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], True, "inputs 0 and 2 are parallel"),
    ([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], False, "inputs 0 and 2 are parallel"),
]


@pytest.mark.parametrize("inputs, bias, message", DEGENERATE)
@pytest.mark.parametrize("consistent", [True, False])
def test_duplicate_and_parallel_points(inputs, bias, message, consistent):
    model = model_of(inputs, [1.0, 0.0, 1.0 if consistent else 2.0], bias=bias)
    weights, signs = model.draw(0)
    for call in (
        lambda: smallest_eigenvalue(model),
        lambda: squared_norm(model),
        lambda: kernel_regression(model, [[1.0, 1.0]]),
        lambda: initial_linearization(model, weights, signs),
        lambda: train(model, weights, signs, epochs=1),
        lambda: simulate(model, epochs=1, runs=1, seed=0),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_points_on_a_ray_are_not_parallel_with_a_bias():
    model = model_of([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], [1.0, 0.0, 2.0], width=400)
    assert smallest_eigenvalue(model) > 1e-3
    assert all_finite(train(model, *model.draw(0), epochs=[0, 100]))


def test_one_neuron():
    model = model_of([[1.0], [2.0]], [1.0, 0.0], width=1, learning_rate=0.1)
    run = train(model, [[1.0, 1.0]], [1.0], epochs=[0, 2000])
    assert all_finite(run)
    np.testing.assert_allclose(run.weights, [[-1, 2]], atol=1e-9)
    assert run.distance[-1] < 1e-15


def test_one_neuron_that_is_inactive_at_an_input():
    model = model_of([[1.0], [-1.0]], [1.0, 0.0], width=1)
    with pytest.raises(ValueError, match="weights must make a neuron active at every input, but none is at input 1"):
        train(model, [[1.0, 0.0]], [1.0], epochs=1)


def test_more_targets_than_trained_weights():
    model = model_of(np.arange(1.0, 6.0)[:, None], np.ones(5), width=2)
    with pytest.raises(ValueError, match="targets must be at most 4, the number of trained weights, got 5"):
        train(model, np.ones((2, 2)), [1.0, -1.0], epochs=1)


def test_as_many_targets_as_trained_weights_but_of_one_pattern():
    """Two neurons with the same activity everywhere give a gradient of rank 2."""
    model = model_of([[1.0], [2.0], [3.0]], np.ones(3), width=2)
    with pytest.raises(ValueError, match="the tangent kernel at the initial weights is not above its rounding"):
        train(model, np.ones((2, 2)), [1.0, -1.0], epochs=1)


@pytest.mark.parametrize("dynamics", ["gd", "flow"])
@pytest.mark.parametrize("method", ["cold-hot", "fused", "blas"])
def test_zero_targets_from_zero_outputs_stand_still(method, dynamics):
    data = polynomial_data(seed=0, n=6, d=3)
    model = model_of(data.inputs, np.zeros(6), antisymmetric=True)
    run = train(model, *model.draw(0), epochs=[0, 1, 100], method=method, dynamics=dynamics)
    assert all_finite(run)
    assert run.displacement.max() < 1e-25
    assert run.distance.max() < 1e-25
    assert squared_norm(model) == 0
    assert (kernel_regression(model, data.inputs) == 0).all()


def test_zero_targets_from_other_outputs_are_reached():
    data = polynomial_data(seed=0, n=6, d=3)
    model = model_of(data.inputs, np.zeros(6), width=500, learning_rate=0.2)
    run = train(model, *model.draw(0), epochs=[0, 5000])
    assert all_finite(run)
    assert run.loss[1] < 1e-6 * run.loss[0]


@pytest.mark.parametrize("method", ["cold-hot", "fused", "blas"])
def test_a_step_that_diverges(method):
    data = polynomial_data(seed=0, n=6, d=3, norm=2.0)
    model = model_of(data.inputs, data.targets, learning_rate=50.0)
    with pytest.warns(RuntimeWarning, match="the linearised descent diverges"):
        with pytest.raises(ArithmeticError, match="descent diverges after epoch .* learning_rate must make the step smaller"):
            train(model, *model.draw(0), epochs=[0, 10_000], method=method)


def test_a_step_that_kills_all_neurons_warns():
    """The loss ends at |Y|^2/2 and would look like slow progress."""
    data = polynomial_data(seed=0, n=6, d=3, norm=2.0)
    model = model_of(data.inputs, data.targets, learning_rate=3.0)
    with pytest.warns(RuntimeWarning) as caught:
        run = train(model, *model.draw(0), epochs=[0, 1000])
    messages = [str(warning.message) for warning in caught]
    assert any("no neuron is active any more at 6 of 6 inputs" in message for message in messages)
    assert run.loss[-1] == pytest.approx(np.sum(data.targets**2) / 2)


def test_a_step_just_too_large_warns_and_stays_finite():
    data = polynomial_data(seed=0, n=6, d=3)
    model = model_of(data.inputs, data.targets, width=500)
    largest = initial_linearization(model, *model.draw(0)).eigenvalues[-1]
    model = model_of(data.inputs, data.targets, width=500, learning_rate=2.05 / largest)
    with pytest.warns(RuntimeWarning, match="is not below"):
        try:
            assert all_finite(train(model, *model.draw(0), epochs=[0, 500]))
        except ArithmeticError as error:
            assert "descent diverges" in str(error)


def test_a_good_step_does_not_warn():
    data = polynomial_data(seed=0, n=6, d=3)
    model = model_of(data.inputs, data.targets, width=500)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(model, *model.draw(0), epochs=100)


def test_one_point():
    model = model_of([[0.0, 0.0]], [2.0], width=30, learning_rate=0.5)
    run = train(model, *model.draw(1), epochs=[0, 1000])
    assert all_finite(run)
    assert run.loss[-1] < 1e-20


def test_weights_exactly_on_a_kink_count_as_inactive():
    """relu'(0) = 0: the neuron that starts at w x = 0 never moves by that input."""
    model = model_of([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], width=2, bias=False, learning_rate=0.3)
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    for method in ("cold-hot", "fused", "blas"):
        run = train(model, weights, [1.0, 1.0], epochs=[0, 1000], method=method)
        assert run.flipped[-1] == 0
        np.testing.assert_allclose(run.weights, np.sqrt(2) * weights, atol=1e-12)
        assert run.weights[0, 1] == run.weights[1, 0] == 0.0


SIZES = [
    ({"inputs": [[1e160, 1.0]]}, "inputs must be at most 1e\\+100 in size, got 1e\\+160"),
    ({"targets": [-1e160]}, "targets must be at most 1e\\+100 in size, got 1e\\+160"),
    ({"inputs": [[1e-160, 0.0]], "bias": False}, "no row of zeros without a bias, got the largest entry 1e-160 at row 0"),
]


@pytest.mark.parametrize("options, message", SIZES)
def test_sizes_whose_squares_overflow_or_vanish(options, message):
    with pytest.raises(ValueError, match=message):
        model_of(**{"inputs": [[1.0, 1.0]], "targets": [1.0]} | options)


def test_large_and_small_sizes_within_the_limits():
    inputs, targets = np.eye(2), np.array([1e60, -2e60])
    model = model_of(inputs, targets, learning_rate=0.2)
    assert all_finite(train(model, *model.draw(0), epochs=[0, 50]))
    model = model_of(1e-60 * inputs, targets, bias=False, learning_rate=1e119)
    assert all_finite(train(model, *model.draw(0), epochs=[0, 50]))
