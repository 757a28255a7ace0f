"""Training: routes against each other and against the plain twin, measures against their definitions, reproducibility."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    kernel_regression,
    polynomial_data,
    simulate,
    train,
)
from tests.overparametrized import twins

FIGURE = {
    "gain": 2**0.5,
    "bias": False,
    "initialization": "uniform",
    "scale": 5**-0.5,
    "loss": "mean",
    "learning_rate": 0.01,
}
checked = settings(max_examples=25, deadline=None, derandomize=True)


def figure_model(width, *, seed=0, **changes):
    data = polynomial_data(seed=seed)
    return TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=width, **{**FIGURE, **changes})


def small_model(**changes):
    data = polynomial_data(seed=5, n=11, d=4, norm=2.0)
    options = {"width": 60, "learning_rate": 0.02, **changes}
    return TwoLayerRegression(inputs=data.inputs, targets=data.targets, **options)


def first_difference(model, weights, signs, epochs, one, other):
    """Say at which neuron and input the activities of two methods part first, and when, by halving the number of epochs."""

    def activity(method, count):
        return train(model, weights, signs, epochs=count, method=method).weights @ model.features.T > 0

    low, high = 0, epochs
    while high - low > 1:
        middle = (low + high) // 2
        same = np.array_equal(activity(one, middle), activity(other, middle))
        low, high = (middle, high) if same else (low, middle)
    apart = np.argwhere(activity(one, high) != activity(other, high))
    return f"the first pattern that differs is at (neuron, input) {tuple(apart[0])}, epoch {high}" if len(apart) else "none"


def assert_same_run(model, weights, signs, epochs, one, other, tolerance):
    results = [train(model, weights, signs, epochs=epochs, method=method) for method in (one, other)]
    apart = np.abs(results[0].weights - results[1].weights).max()
    assert apart <= tolerance, f"weights differ by {apart:.1e}; {first_difference(model, weights, signs, epochs, one, other)}"
    assert results[0].flipped[-1] == results[1].flipped[-1]
    return results


class TestRoutes:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("width", [1000, 1001])
    def test_they_agree_after_ten_thousand_epochs(self, seed, width):
        model = figure_model(width, seed=seed)
        cold_hot, fused = assert_same_run(model, *model.draw(seed), 10_000, "cold-hot", "fused", 1e-12)
        np.testing.assert_allclose(cold_hot.outputs, fused.outputs, rtol=0, atol=1e-11)
        assert cold_hot.flips > cold_hot.flipped[-1] > 0
        assert cold_hot.flips <= cold_hot.hot_steps < 0.01 * width * 100 * 10_000
        assert fused.blocks is fused.hot_steps is fused.flips is None

    def test_a_wide_network(self):
        model = figure_model(10_000)
        assert_same_run(model, *model.draw(7), 1000, "cold-hot", "fused", 1e-12)

    @pytest.mark.parametrize("method", ["cold-hot", "fused", "blas"])
    @pytest.mark.parametrize("bias", [True, False])
    def test_against_the_plain_twin(self, method, bias):
        model = small_model(bias=bias)
        weights, signs = model.draw(2)
        run = train(model, weights, signs, epochs=500, method=method)
        scales = model.network(weights, signs)[1]
        expected = twins.descent(model.features, model.targets, weights, scales, model.step, 500)[0]
        np.testing.assert_allclose(run.weights, expected, rtol=0, atol=1e-12)

    @given(st.integers(1, 9), st.integers(1, 40), st.floats(0.01, 1.9), st.floats(1e-3, 10), st.integers(0, 1000), st.booleans())
    @checked
    @pytest.mark.filterwarnings("ignore:no neuron is active", "ignore:the loss rose")
    def test_any_shape_and_step(self, n, width, share, scale, seed, bias):
        rng = np.random.default_rng(seed)
        d = 4 if bias else 5
        inputs, targets = rng.standard_normal((n, d)), rng.standard_normal(n)
        weights, signs = scale * rng.standard_normal((width, 5)), rng.choice([-1.0, 1.0], width)
        probe = TwoLayerRegression(inputs=inputs, targets=targets, width=width, learning_rate=1.0, bias=bias)
        scales = probe.network(weights, signs)[1]
        largest = np.linalg.norm(twins.gradient(probe.features, weights, scales), 2) ** 2
        try:
            initial_linearization(probe, weights, signs)
        except ValueError:
            return
        model = replace(probe, learning_rate=share / largest)
        assert_same_run(model, weights, signs, 50, "cold-hot", "fused", 1e-10 * max(1, scale))

    def test_rounding_alone_does_not_end_blocks(self):
        model = small_model()
        weights, signs = model.draw(3)
        early, late = (train(model, weights, signs, epochs=epochs) for epochs in (10_000, 20_000))
        assert early.loss[-1] < 1e-25
        assert late.blocks - early.blocks < 0.05 * 10_000
        np.testing.assert_allclose(late.weights, early.weights, rtol=0, atol=1e-13)

    def test_records_do_not_change_the_run(self):
        model = figure_model(300)
        weights, signs = model.draw(1)
        sparse = train(model, weights, signs, epochs=[400])
        dense = train(model, weights, signs, epochs=np.arange(401))
        np.testing.assert_allclose(sparse.weights, dense.weights, rtol=0, atol=1e-13)
        assert sparse.flipped[-1] == dense.flipped[-1]
        np.testing.assert_allclose(sparse.distance[0], dense.distance[-1], rtol=1e-10)

    def test_many_inputs_need_the_route_of_matrix_products(self):
        rng = np.random.default_rng(0)
        model = TwoLayerRegression(inputs=rng.standard_normal((5, 20)), targets=np.ones(5), width=30, learning_rate=0.01)
        weights, signs = model.draw(0)
        with pytest.raises(ValueError, match="method must be 'blas' for more than 16 inputs and bias, got 'fused'"):
            train(model, weights, signs, epochs=3, method="fused")
        assert train(model, weights, signs, epochs=300, method="blas").loss[0] < 1e-3


class TestMeasures:
    def test_definitions(self):
        model = small_model(gain=1.5, loss="mean", learning_rate=0.05)
        weights, signs = model.draw(3)
        points = polynomial_data(seed=9, n=6, d=4).inputs
        run = train(model, weights, signs, epochs=[0, 10, 50], points=points)
        line = initial_linearization(model, weights, signs)
        w = train(model, weights, signs, epochs=10, method="blas").weights
        residual = model.outputs(w, signs, model.inputs) - model.targets
        assert run.loss[1] == pytest.approx(np.mean(residual**2), rel=1e-11)
        assert run.distance[1] == pytest.approx(np.sum((w - line.solution) ** 2), rel=1e-9)
        assert run.displacement[1] == pytest.approx(np.sum((w - weights) ** 2), rel=1e-11)
        assert run.largest_drift[1] == pytest.approx(np.linalg.norm(w - weights, axis=1).max(), rel=1e-11)
        assert run.flipped[1] == np.count_nonzero((w @ model.features.T > 0) != line.active)
        np.testing.assert_allclose(run.predictions[1], model.outputs(w, signs, points), rtol=0, atol=1e-12)
        np.testing.assert_allclose(run.distance, run.perpendicular + run.parallel, rtol=1e-14)
        assert run.perpendicular[0] == run.displacement[0] == run.flipped[0] == run.largest_drift[0] == 0

    @pytest.mark.parametrize("loss, factor", [("sum", 2), ("half sum", 1), ("mean", 2 / 11), ("half mean", 1 / 11)])
    def test_losses_are_steps_on_their_own_gradient(self, loss, factor):
        model = small_model(loss=loss)
        assert model.step == pytest.approx(factor * 0.02)
        weights, signs = model.draw(0)
        run = train(model, weights, signs, epochs=1)

        def value(w):
            return float(model.loss_of(np.sum((model.outputs(w, signs, model.inputs) - model.targets) ** 2)))

        direction = np.random.default_rng(0).standard_normal(weights.shape)
        slope = (value(weights + 1e-6 * direction) - value(weights - 1e-6 * direction)) / 2e-6
        assert np.vdot(weights - run.weights, direction) == pytest.approx(0.02 * slope, rel=1e-5)

    def test_initial_slope_of_the_distance(self):
        """d |w - w_L*|^2 = -2 s |f_0 - Y|^2 an epoch at the start, whatever the kernel."""
        model = figure_model(2000)
        weights, signs = model.draw(0)
        run = train(model, weights, signs, epochs=[0, 1])
        slope = -2 * model.step * np.sum((run.outputs[0] - model.targets) ** 2)
        assert run.distance[1] - run.distance[0] == pytest.approx(slope, rel=0.01)

    def test_antisymmetric_pairs_start_at_zero_and_reach_kernel_regression(self):
        data = polynomial_data(seed=1, n=20, d=3, norm=3**0.5)
        points = data.fresh(count=200, seed=8)[0]
        errors = []
        for width in (1000, 16000):
            model = TwoLayerRegression(
                inputs=data.inputs, targets=data.targets, width=width, learning_rate=0.1, antisymmetric=True
            )
            run = train(model, *model.draw(0), epochs=[0, 5000], points=points)
            assert np.abs(run.outputs[0]).max() < 1e-13
            errors.append(np.sqrt(np.mean((run.predictions[1] - kernel_regression(model, points)) ** 2)))
        assert errors[1] < 0.6 * errors[0] < 0.2


class TestFlow:
    def test_against_runge_kutta(self):
        """Classical steps, small because the slope jumps at kinks; descent itself is ten times farther away."""
        model = small_model(width=40)
        weights, signs = model.draw(4)
        scales = model.network(weights, signs)[1]

        def slope(w):
            residual = twins.outputs(model.features, w, scales) - model.targets
            return -scales[:, None] * (((w @ model.features.T > 0) * residual) @ model.features)

        exact, h = weights.copy(), model.step / 40
        for _ in range(4000):
            one = slope(exact)
            two = slope(exact + h / 2 * one)
            three = slope(exact + h / 2 * two)
            exact += h / 6 * (one + 2 * two + 2 * three + slope(exact + h * three))
        moved = np.linalg.norm(exact - weights)
        run = train(model, weights, signs, epochs=100, dynamics="flow", tolerance=1e-3)
        error = np.linalg.norm(run.weights - exact) / moved
        coarse = np.linalg.norm(train(model, weights, signs, epochs=100).weights - exact) / moved
        assert error < 2e-3
        assert 10 * error < coarse
        assert run.substeps >= 4

    def test_a_tolerance_out_of_reach_is_refused(self):
        model = small_model(width=40)
        with pytest.raises(ArithmeticError, match="the flow is uncertain by .* more than the tolerance 1e-14"):
            train(model, *model.draw(4), epochs=20, dynamics="flow", tolerance=1e-14)

    def test_the_loss_falls_along_the_flow(self):
        model = figure_model(500)
        run = train(model, *model.draw(0), epochs=np.arange(0, 2001, 200), dynamics="flow")
        assert (np.diff(run.loss) < 0).all()
        assert (np.diff(run.parallel) < 0).all()


class TestSimulate:
    def test_same_numbers_for_any_number_of_workers(self):
        model = small_model()
        runs = [simulate(model, epochs=[0, 50, 200], runs=5, seed=3, workers=workers) for workers in (1, 4)]
        for name in ("distance", "perpendicular", "loss", "outputs"):
            np.testing.assert_array_equal(getattr(runs[0], name), getattr(runs[1], name))

    def test_runs_are_those_of_train(self):
        model = small_model()
        result = simulate(model, epochs=[0, 50], runs=3, seed=3, points=model.inputs)
        children = np.random.SeedSequence(3).spawn(3)
        for k, child in enumerate(children):
            single = train(model, *model.draw(np.random.default_rng(child)), epochs=[0, 50])
            np.testing.assert_array_equal(result.distance[k], single.distance)
        np.testing.assert_allclose(result.predictions, result.outputs, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.mean("loss"), result.loss.mean(axis=0))
        np.testing.assert_allclose(result.deviation("loss"), result.loss.std(axis=0, ddof=1))
        assert np.isnan(simulate(model, epochs=5, runs=1, seed=0).deviation("loss")).all()

    def test_progress_counts_all_epochs(self):
        done = []
        simulate(small_model(), epochs=[0, 30, 100], runs=2, seed=0, workers=1, progress=done.append)
        assert done == [30, 70, 30, 70]
