"""What joins the three parts: one formula for two trainings, one network in two sets of coordinates."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    linearized_training,
    train,
)
from learning_dynamics.random_matrix import descent_weights
from learning_dynamics.time_scales import (
    SingleIndex,
    draw_directions,
    hermite_sum,
    network_flow,
    population_descent,
)
from learning_dynamics.time_scales.simulation.first_layer import FirstLayer
from learning_dynamics.time_scales.simulation.networks import _Directions, overlap_kernel

PROBLEM = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=0.3)


def start(m, d, seed):
    rng = np.random.default_rng(seed)
    return draw_directions(m=m, d=d, seed=seed) * rng.uniform(0.5, 2, (m, 1)), rng.choice([-1.0, 1.0], m)


def risk(weights, signs):
    norms = np.linalg.norm(weights, axis=1)
    state = network_flow(PROBLEM, signs * norms, weights / norms[:, None], times=[0.0], kernel="exact")
    return state.risk[0]


@pytest.mark.parametrize("m, d", [(1, 2), (1, 9), (3, 2), (7, 5), (8, 30)])
def test_the_velocity_is_the_gradient_of_the_risk(m, d):
    weights, signs = start(m, d, 10 * m + d)
    velocity = FirstLayer(PROBLEM, signs).velocity(weights)
    for index in np.ndindex(weights.shape):
        bump = np.zeros_like(weights)
        bump[index] = 1e-5
        slope = (risk(weights + bump, signs) - risk(weights - bump, signs)) / 2e-5
        assert velocity[index] == pytest.approx(-m * slope, abs=1e-8)


@pytest.mark.parametrize("m, d", [(1, 2), (5, 6), (8, 30)])
def test_each_neuron_has_its_own_epsilon(m, d):
    weights, signs = start(m, d, m + d)
    norms = np.linalg.norm(weights, axis=1)
    a, u = signs * norms, weights / norms[:, None]
    both = _Directions(PROBLEM, overlap_kernel(PROBLEM, "exact"))
    da, du = both.split(both.velocity(0.0, both.start(a, u)))
    velocity = FirstLayer(PROBLEM, signs).velocity(weights)
    radial = np.einsum("ij,ij->i", velocity, u)
    turning = (velocity - radial[:, None] * u) / norms[:, None]
    np.testing.assert_allclose(signs * radial, PROBLEM.epsilon * da, rtol=0, atol=1e-13)
    np.testing.assert_allclose(turning, du / a[:, None] ** 2, rtol=0, atol=1e-13)


def test_the_velocity_is_the_mean_over_samples():
    weights, signs = start(6, 9, 1)
    rng = np.random.default_rng(2)
    parts = []
    for _ in range(20):
        x = rng.standard_normal((5000, weights.shape[1]))
        heights = x @ weights.T
        residual = hermite_sum(PROBLEM.phi, x[:, 0]) - np.maximum(heights, 0) @ signs / signs.size
        parts.append(signs[:, None] * ((heights > 0) * residual[:, None]).T @ x / len(x))
    error = np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts))
    deviation = np.abs(np.mean(parts, axis=0) - FirstLayer(PROBLEM, signs).velocity(weights))
    assert (deviation <= 6 * error).all()
    assert (error < 0.1).all()


def test_the_gain_enters_through_the_start_alone():
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((40, 6))
    outputs = []
    for gain in (0.1, 1.0, 7.0):
        model = TwoLayerRegression(
            inputs=inputs,
            targets=hermite_sum(PROBLEM.phi, inputs[:, 0]),
            width=20,
            learning_rate=0.2 / gain**2,
            loss="half mean",
            gain=gain,
            bias=False,
        )
        weights, signs = model.draw(4)
        outputs.append(train(model, weights / gain, signs, epochs=[0, 50], method="blas").outputs)
    np.testing.assert_allclose(outputs[1:], outputs[:1] * np.ones((2, 1, 1)), rtol=0, atol=1e-11)


def test_many_samples_train_as_the_population_does():
    gaps = []
    rng = np.random.default_rng(5)
    for n in (100, 300, 700):
        inputs = rng.standard_normal((n, 8))
        model = TwoLayerRegression(
            inputs=inputs,
            targets=hermite_sum(PROBLEM.phi, inputs[:, 0]),
            width=200,
            learning_rate=0.25,
            loss="half mean",
            gain=1.0,
            bias=False,
            scale=8**-0.5,
            antisymmetric=True,
        )
        weights, signs = model.draw(6)
        trained = train(model, weights, signs, epochs=[60], method="blas").weights
        limit = population_descent(PROBLEM, 200**0.5 * weights, signs, step=0.25, epochs=[60])
        along = limit.a[-1] * limit.s[-1]
        gaps.append(np.linalg.norm(200**0.5 * signs * trained[:, 0] - along) / np.linalg.norm(along))
    assert gaps[2] < gaps[1] < gaps[0]
    assert gaps[2] < 0.1


def test_two_trainings_are_one_formula():
    rng = np.random.default_rng(7)
    inputs, targets = rng.standard_normal((15, 4)), rng.standard_normal(15)
    model = TwoLayerRegression(inputs=inputs, targets=targets, width=12, learning_rate=0.1)
    weights, signs = model.draw(8)
    tangent = initial_linearization(model, weights, signs)
    gradient = np.column_stack([tangent.gradient_product(unit).ravel() for unit in np.eye(15)])
    for dynamics in ("gd", "flow"):
        here = linearized_training(model, [0, 3, 50], linearization=tangent, dynamics=dynamics).weights
        there = descent_weights(gradient, targets, weights.ravel(), alpha=15 * model.step, t=[0, 3, 50], dynamics=dynamics)
        np.testing.assert_allclose(there, here.reshape(3, -1), rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"signs": [1.0, 2.0]}, "signs must be 2 numbers 1 or -1"),
        ({"weights": [[0.0, 0.0], [1.0, 0.0]]}, "weights must hold no row of zeros, got one at row 0"),
        ({"step": 0.0}, "step must be > 0"),
        ({"epochs": [1.5]}, "epochs must be an integer or strictly increasing integers"),
        ({"epochs": [2, 1]}, "epochs must be an integer or strictly increasing integers"),
        ({"problem": SingleIndex(activation=[1, 1], target=[1, 1], epsilon=1.0)}, "activation must be 'relu'"),
    ],
)
def test_wrong_input_is_named(change, message):
    given = {"problem": PROBLEM, "weights": np.eye(2), "signs": [1.0, -1.0], "step": 0.1, "epochs": [3]} | change
    with pytest.raises(ValueError, match=message):
        population_descent(given.pop("problem"), given.pop("weights"), given.pop("signs"), **given)


def test_a_step_that_is_too_large_is_refused():
    with np.errstate(all="ignore"), pytest.raises(ArithmeticError, match="step must be smaller than 1e\\+200"):
        population_descent(PROBLEM, np.eye(2), [1.0, -1.0], step=1e200, epochs=[50])
