"""What the model takes, and its refusals, each one sentence with parameter, value and what is allowed."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data, train

GOOD = {"inputs": [[1.0, 0.0], [0.0, 2.0]], "targets": [1.0, -1.0], "width": 4, "learning_rate": 0.1}
BAD = [
    ({"inputs": [1.0, 2.0]}, ValueError, "inputs must have 2 dimensions"),
    ({"inputs": [[1.0, np.nan], [0.0, 1.0]]}, ValueError, "inputs must be finite, got nan"),
    (
        {"inputs": [[0.0, 0.0], [0.0, 1.0]], "bias": False},
        ValueError,
        "inputs must hold no row of zeros without a bias, .* row 0",
    ),
    ({"targets": [1.0]}, ValueError, "targets must hold one entry a row of inputs, 2, got 1"),
    ({"targets": ["a", "b"]}, TypeError, "targets must hold real numbers"),
    ({"width": 0}, ValueError, "width must be >= 1, got 0"),
    ({"width": 4.0}, TypeError, "width must be an integer, got 4.0"),
    ({"width": 5, "antisymmetric": True}, ValueError, "width must be even for antisymmetric pairs, got 5"),
    ({"learning_rate": 0.0}, ValueError, "learning_rate must be > 0, got 0.0"),
    ({"gain": -1.0}, ValueError, "gain must be > 0, got -1.0"),
    ({"scale": -1.0}, ValueError, "scale must be >= 0, got -1.0"),
    ({"loss": "max"}, ValueError, "loss must be 'sum' or 'half sum' or 'mean' or 'half mean', got 'max'"),
    ({"initialization": "xavier"}, ValueError, "initialization must be 'normal' or 'uniform', got 'xavier'"),
    ({"bias": 1}, TypeError, "bias must be True or False, got 1"),
    ({"antisymmetric": "yes"}, TypeError, "antisymmetric must be True or False, got 'yes'"),
]


@pytest.mark.parametrize("change, error, message", BAD)
def test_refusals(change, error, message):
    with pytest.raises(error, match=message):
        TwoLayerRegression(**{**GOOD, **change})


def test_the_model_keeps_copies_that_nobody_can_change():
    inputs = np.array(GOOD["inputs"])
    model = TwoLayerRegression(**{**GOOD, "inputs": inputs})
    inputs[:] = 7
    assert model.inputs[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        model.inputs[0, 0] = 3.0


def test_features():
    assert TwoLayerRegression(**GOOD).features.tolist() == [[1, 0, 1], [0, 2, 1]]
    assert TwoLayerRegression(**GOOD, bias=False).features.tolist() == [[1, 0], [0, 2]]


@pytest.mark.parametrize("initialization, deviation", [("normal", 0.7), ("uniform", 0.7 / 3**0.5)])
def test_initial_weights(initialization, deviation):
    model = TwoLayerRegression(**{**GOOD, "width": 40_000}, initialization=initialization, scale=0.7)
    weights, signs = model.draw(3)
    assert weights.shape == (40_000, 3)
    assert weights.std() == pytest.approx(deviation, rel=0.01)
    assert abs(weights.mean()) < 0.01
    assert abs(signs.mean()) < 0.02
    np.testing.assert_array_equal(np.abs(signs), 1)
    if initialization == "uniform":
        assert np.abs(weights).max() <= 0.7
    np.testing.assert_array_equal(model.draw(np.random.default_rng(3))[0], weights)


def test_antisymmetric_pairs():
    model = TwoLayerRegression(**GOOD, antisymmetric=True)
    weights, signs = model.draw(0)
    np.testing.assert_array_equal(weights[:2], weights[2:])
    np.testing.assert_array_equal(signs[:2], -signs[2:])
    assert np.abs(model.outputs(weights, signs, model.inputs)).max() < 1e-15


def test_outputs():
    model = TwoLayerRegression(**GOOD, gain=3.0)
    weights, signs = model.draw(0)
    x = np.array([0.3, -2.0])
    expected = 3 / 2 * sum(a * max(w @ [*x, 1.0], 0) for a, w in zip(signs, weights))
    assert model.outputs(weights, signs, [x])[0] == pytest.approx(expected, rel=1e-13)


def test_refusals_of_weights_and_signs():
    model = TwoLayerRegression(**GOOD)
    weights, signs = model.draw(0)
    for bad, message in (
        ((weights[:3], signs), r"weights must have shape \(4, 3\), one row a neuron, got \(3, 3\)"),
        ((weights, signs[:3]), "signs must be 4 numbers 1 or -1"),
        ((weights, 2 * signs), "signs must be 4 numbers 1 or -1"),
        ((np.full_like(weights, np.inf), signs), "weights must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            train(model, *bad, epochs=1)
    for epochs in (-1, 2.5, [3, 2], [1, 1], [[1]]):
        with pytest.raises(ValueError, match="epochs must be"):
            train(model, weights, signs, epochs=epochs)
    with pytest.raises(ValueError, match="points must have 2 columns, got 1"):
        train(model, weights, signs, epochs=1, points=[[1.0]])
    with pytest.raises(ValueError, match="method must be 'cold-hot' or 'fused' or 'blas', got 'numpy'"):
        train(model, weights, signs, epochs=1, method="numpy")


class TestData:
    def test_the_paper_s_data(self):
        data = polynomial_data(seed=4)
        np.testing.assert_allclose(np.linalg.norm(data.inputs, axis=1), 1, rtol=1e-14)
        assert data.targets.mean() == pytest.approx(0, abs=1e-14)
        assert data.targets.std() == pytest.approx(1, rel=1e-14)
        np.testing.assert_allclose(data.targets, ((data.inputs @ data.beta) ** 2 - data.shift) / data.spread, rtol=1e-13)
        assert np.abs(data.beta).max() <= 1
        np.testing.assert_array_equal(polynomial_data(seed=4).inputs, data.inputs)

    def test_fresh_points_follow_the_same_rule(self):
        data = polynomial_data(seed=4, degree=3, norm=2.0)
        points, targets = data.fresh(count=50, seed=1)
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 2, rtol=1e-14)
        np.testing.assert_allclose(targets, data.target(points))
        np.testing.assert_allclose(data.target(data.inputs), data.targets, rtol=1e-12)

    def test_without_standardisation(self):
        data = polynomial_data(seed=4, degree=0, standardize=False, beta_norm=0.5)
        assert (data.targets == 1).all()
        assert np.linalg.norm(data.beta) == pytest.approx(0.5)

    def test_equal_targets_cannot_be_standardised(self):
        for options in ({"degree": 0}, {"n": 1}):
            with pytest.raises(ValueError, match="standardize must be False where all targets are equal"):
                polynomial_data(seed=0, **options)
