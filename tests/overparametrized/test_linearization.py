"""The expansion at w(0) through n x n matrices against the full gradient, and the closed form of linearised training."""

import numpy as np
import pytest
from scipy.linalg import expm

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    driven_escape,
    escape_limit,
    first_order_escape,
    initial_linearization,
    kernel_matrix,
    kink_paths,
    linearized_training,
    pairwise_escape,
    polynomial_data,
    squared_norm,
    switched_share,
    train,
)
from tests.overparametrized import twins

KINDS = [
    {"bias": True},
    {"bias": False, "gain": 2**0.5, "initialization": "uniform", "scale": 0.4, "loss": "mean"},
    {"bias": False, "antisymmetric": True, "loss": "sum"},
    {"bias": True, "scale": 0.1, "loss": "half mean"},
]


def made(kind, *, n=7, d=2, width=40, seed=3, share=0.2):
    data = polynomial_data(seed=seed, n=n, d=d, norm=d**0.5)
    settings = {"inputs": data.inputs, "targets": data.targets, "width": width, **kind}
    unit = TwoLayerRegression(**settings, learning_rate=1.0)
    weights, signs = unit.draw(seed)
    largest = initial_linearization(unit, weights, signs).eigenvalues[-1]
    model = TwoLayerRegression(**settings, learning_rate=share / largest / unit.step)
    return model, weights, signs


@pytest.mark.parametrize("kind", KINDS)
class TestAgainstTheFullGradient:
    def test_projection_and_solution(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        G = twins.gradient(model.features, weights, line.scales)
        np.testing.assert_allclose(line.tangent_kernel, G.T @ G, rtol=0, atol=1e-13)
        np.testing.assert_allclose(line.outputs, twins.outputs(model.features, weights, line.scales), atol=1e-14)
        Q = np.linalg.qr(G)[0]
        u = np.random.default_rng(0).standard_normal(weights.shape)
        np.testing.assert_allclose(line.project(u).ravel(), Q @ (Q.T @ u.ravel()), rtol=0, atol=1e-10)
        move = np.linalg.lstsq(G.T, model.targets - line.outputs, rcond=None)[0]
        np.testing.assert_allclose((line.solution - weights).ravel(), move, rtol=0, atol=1e-9)
        np.testing.assert_allclose(line.outputs_at(line.solution), model.targets, rtol=0, atol=1e-10)

    def test_equation_1_in_its_second_form(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        second = weights - line.project(weights) + line.gradient_product(line.solve(model.targets))
        np.testing.assert_allclose(line.solution, second, rtol=0, atol=1e-9)

    def test_distances(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        w = weights + 0.1 * np.random.default_rng(1).standard_normal(weights.shape)
        perpendicular, parallel, displacement = line.distances(w)
        Q = np.linalg.qr(twins.gradient(model.features, weights, line.scales))[0]
        u = (w - line.solution).ravel()
        inside = Q @ (Q.T @ u)
        assert perpendicular == pytest.approx(np.sum((u - inside) ** 2), rel=1e-10)
        assert parallel == pytest.approx(np.sum(inside**2), rel=1e-9)
        assert perpendicular + parallel == pytest.approx(np.sum((w - line.solution) ** 2), rel=1e-10)
        assert displacement == pytest.approx(np.sum((w - weights) ** 2), rel=1e-13)

    def test_gradient_by_differences(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        direction = np.random.default_rng(2).standard_normal(weights.shape)
        h = 1e-7
        slope = model.outputs(weights + h * direction, signs, model.inputs) - model.outputs(
            weights - h * direction, signs, model.inputs
        )
        np.testing.assert_allclose(line.gradient_adjoint(direction), slope / (2 * h), rtol=0, atol=1e-6)

    def test_closed_form_against_stepping(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        epochs = [0, 1, 5, 200]
        closed = linearized_training(model, epochs, linearization=line)
        G, w, rows = twins.gradient(model.features, weights, line.scales), weights.ravel(), []
        for epoch in range(201):
            if epoch in epochs:
                rows.append(w)
            w = w - model.step * G @ (G.T @ w - model.targets)
        np.testing.assert_allclose(closed.weights.reshape(4, -1), rows, rtol=0, atol=1e-11)
        np.testing.assert_allclose(closed.outputs, np.array(rows) @ G, rtol=0, atol=1e-11)
        apart = np.array(rows) - line.solution.ravel()
        np.testing.assert_allclose(closed.distance, np.sum(apart**2, axis=1), rtol=1e-9)
        np.testing.assert_allclose(closed.displacement, np.sum((np.array(rows) - rows[0]) ** 2, axis=1), rtol=1e-9)
        np.testing.assert_allclose(closed.loss, model.loss_of(np.sum((closed.outputs - model.targets) ** 2, axis=1)), rtol=1e-12)

    def test_flow_against_the_matrix_exponential(self, kind):
        model, weights, signs = made(kind)
        line = initial_linearization(model, weights, signs)
        times = [0.0, 0.5, 30.0]
        closed = linearized_training(model, times, linearization=line, dynamics="flow")
        residual = line.outputs - model.targets
        for outputs, time in zip(closed.outputs, times):
            expected = model.targets + expm(-line.tangent_kernel * model.step * time) @ residual
            np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [1.0, 1.5, 1.999])
def test_closed_form_for_modes_that_alternate(share):
    model, weights, signs = made({"bias": True}, share=share)
    line = initial_linearization(model, weights, signs)
    closed = linearized_training(model, [0, 1, 2, 7], linearization=line)
    residual = line.outputs - model.targets
    factor = np.eye(7) - model.step * line.tangent_kernel
    for outputs, k in zip(closed.outputs, [0, 1, 2, 7]):
        np.testing.assert_allclose(outputs, model.targets + np.linalg.matrix_power(factor, k) @ residual, rtol=0, atol=1e-11)


def test_closed_form_refuses_a_step_that_diverges():
    model, weights, signs = made({"bias": True}, share=2.0 + 1e-9)
    with pytest.raises(ValueError, match="learning_rate must make the step <"):
        linearized_training(model, 3, linearization=initial_linearization(model, weights, signs))


def test_without_a_linearization_it_is_the_limit_of_infinite_width():
    model = made({"bias": True})[0]
    limit = linearized_training(model, [0, 10**7])
    assert limit.weights is None
    assert limit.distance[0] == pytest.approx(squared_norm(model), rel=1e-10)
    assert limit.displacement[1] == pytest.approx(squared_norm(model), rel=1e-4)
    assert squared_norm(model) == pytest.approx(model.targets @ np.linalg.solve(kernel_matrix(model), model.targets), rel=1e-9)


def test_a_wide_network_comes_closer_to_its_linearization():
    """The outputs by about m^(-1/2); a hundred times the width must gain a factor of 5."""
    errors = []
    for width in (2_000, 200_000):
        model, weights, signs = made({"bias": True, "antisymmetric": True}, width=width)
        closed = linearized_training(model, [10, 100], linearization=initial_linearization(model, weights, signs))
        run = train(model, weights, signs, epochs=[10, 100])
        errors.append([np.abs(getattr(run, name) - getattr(closed, name)).max() for name in ("outputs", "displacement")])
    assert (5 * np.array(errors[1]) < errors[0]).all()
    limit = linearized_training(model, [10, 100])
    np.testing.assert_allclose(run.displacement, limit.displacement, rtol=0.05)


def lazy(width, **options):
    data = polynomial_data(seed=0, n=20, d=3)
    defaults = {"learning_rate": 0.05, "loss": "mean", "gain": 2**0.5, "bias": False, "antisymmetric": True}
    return TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=width, **defaults | options)


def test_switched_product_is_a_difference_of_gradients():
    model = lazy(30)
    weights, signs = model.draw(0)
    line, other = initial_linearization(model, weights, signs), model.draw(1)[0]
    v = np.random.default_rng(2).standard_normal(20)
    moved = initial_linearization(model, other, signs)
    np.testing.assert_allclose(line.switched_product(other, v), moved.gradient_product(v) - line.gradient_product(v), atol=1e-12)
    assert not line.switched_product(weights, v).any()


def escapes(models, runs, epochs):
    """Mean ratios of what descent does to the first order, one a model."""
    means = []
    for model in models:
        values = []
        for seed in range(runs):
            weights, signs = model.draw(seed)
            line = initial_linearization(model, weights, signs)
            end = train(model, weights, signs, epochs=epochs)
            values.append(end.perpendicular[0] / first_order_escape(model, line, epochs, steps=50)[0])
        means.append(np.mean(values))
    return np.array(means)


def test_escape_to_first_order():
    """In the paper's figure the ratio comes close to 1 as the width grows, with a distance that falls like its root."""
    data = polynomial_data(seed=0)
    options = {
        "learning_rate": 0.01,
        "loss": "mean",
        "gain": 2**0.5,
        "bias": False,
        "initialization": "uniform",
        "scale": 5**-0.5,
    }
    models = [TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=m, **options) for m in (1000, 9000)]
    narrow, wide = escapes(models, 3, 10_000)
    assert 0.65 < narrow < 0.85 < wide < 0.97
    assert (3 * wide - narrow) / 2 == pytest.approx(1, abs=0.06)


def test_escape_of_few_points_stays_below_its_first_order():
    """One point's share in the push of a neuron does not depend on the width: with 20 points a tenth is missing at any width."""
    narrow, wide = escapes([lazy(400), lazy(6400)], 4, 2000)
    assert 0.8 < narrow < wide < 0.95


def test_escape_does_not_depend_on_its_steps():
    model = lazy(500)
    line = initial_linearization(model, *model.draw(0))
    coarse, fine = (first_order_escape(model, line, [0, 100, 2000], steps=steps) for steps in (100, 1000))
    np.testing.assert_allclose(coarse, fine, rtol=0.01)
    assert coarse[0] == 0
    with pytest.raises(ValueError, match="steps must be >= 1"):
        first_order_escape(model, line, 100, steps=0)


def test_switched_share_is_the_limit_of_the_linear_count():
    """Against the counted switches of a wide network whose weights are moved to where the linear problem puts them."""
    model = lazy(40_000)
    linear = linearized_training(model, [200, 2000], linearization=initial_linearization(model, *model.draw(0)))
    np.testing.assert_allclose(linear.flipped / (40_000 * 20), switched_share(model, [200, 2000], seed=1), rtol=0.05)


def test_switched_share_scales_with_the_laziness():
    base = switched_share(lazy(400), 2000, samples=20_000, seed=1)
    wider = switched_share(lazy(1600), 2000, samples=20_000, seed=1)
    np.testing.assert_allclose(wider, base / 2, rtol=1e-12)
    gained = switched_share(lazy(400, gain=2 * 2**0.5, learning_rate=0.0125), 2000, samples=20_000, seed=1)
    np.testing.assert_allclose(gained, base / 2, rtol=1e-9)
    larger = switched_share(lazy(400, scale=3.0), 2000, samples=20_000, seed=1)
    np.testing.assert_allclose(larger, base / 3, rtol=1e-9)
    with pytest.raises(ValueError, match="samples must be >= 1000"):
        switched_share(lazy(400), 2000, samples=10, seed=1)


def test_a_linearization_of_other_data_or_another_width_is_refused():
    def of(inputs, width):
        model = TwoLayerRegression(inputs=inputs, targets=[1.0, 0.0], width=width, learning_rate=0.1)
        return model, initial_linearization(model, *model.draw(0))

    model, _ = of([[1.0], [2.0]], 8)
    _, other = of([[1.0], [3.0]], 8)
    _, narrow = of([[1.0], [2.0]], 4)
    for call in (
        lambda line: linearized_training(model, [1], linearization=line),
        lambda line: first_order_escape(model, line, [1]),
        lambda line: pairwise_escape(model, line, [1]),
        lambda line: driven_escape(model, line, [1]),
    ):
        with pytest.raises(ValueError, match="linearization must be of a network on the model's inputs and targets"):
            call(other)
        with pytest.raises(ValueError, match="linearization must be of a network with the model's width 8, got one of width 4"):
            call(narrow)
    for call in (escape_limit, lambda *args, **options: kink_paths(*args, point=0, heights=[0.1], **options)):
        with pytest.raises(ValueError, match="linearization must be of a network on the model's inputs"):
            call(model, [1], linearization=other, seed=0)
