"""Each compiled loop against its plain twin, over awkward sizes."""

from itertools import pairwise

import numpy as np
import pytest

from learning_dynamics.overparametrized.kernels import hot_pairs as kernels
from learning_dynamics.overparametrized.kernels import unrolled
from learning_dynamics.overparametrized.kernels.fused_descent import fused_descent
from tests.overparametrized import twins

SHAPES = [(1, 1, 1), (1, 7, 2), (3, 1, 2), (7, 9, 1), (9, 17, 5), (33, 31, 5), (65, 63, 2), (127, 33, 5)]


def prepared(n, m, D, *, step=None):
    X, y, weights, scales = twins.problem(n, m, D)
    step = 0.5 / np.linalg.norm(X, 2) ** 2 if step is None else step
    points, zero = np.ascontiguousarray(X.T), (0.0,) * D
    active, f = weights @ X.T > 0, twins.outputs(X, weights, scales)
    return X, y, weights, scales, step, points, zero, active, f


def cold_hot(X, y, weights, scales, step, points, zero, active, f, epochs, limit=1e9, work=np.inf):
    """Epochs, blocks, steps of hot pairs and flips of the descent in calls of so much work, and how often each pair of inputs is shared."""
    ones = active.astype(float)
    halves = 0.5 * (ones.T @ ones)
    gram = step * scales[0] ** 2 * (X @ X.T)
    kernel = gram * halves
    arguments = (
        points,
        zero,
        np.linalg.norm(X, axis=1),
        np.linalg.norm(X, 2),
        gram,
        y,
        weights,
        scales,
        active,
        f,
        halves,
        kernel,
        step,
        epochs,
        limit,
        kernels.rounding_allowance(zero, weights, scales, step),
    )
    counts, block, vectors = np.zeros(6, np.int64), np.array([kernels.FIRST_BLOCK, 0.0]), np.zeros((4, y.size))
    pairs, finished, calls = (np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0)), False, 0
    while not finished:
        finished, pairs = kernels.cold_hot_descent(*arguments, counts, block, vectors, pairs, work)
        calls += 1
    assert work == np.inf or epochs < 2 or calls > 1
    np.testing.assert_array_equal(kernel, gram * halves)
    return counts[:4].tolist(), halves + halves.T


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epochs", [0, 1, 2, 37])
def test_fused_descent(shape, epochs):
    X, y, weights, scales, step, points, zero, active, f = prepared(*shape)
    expected, activities = twins.descent(X, y, weights, scales, step, epochs)
    assert fused_descent(points, zero, y, weights, scales, active, f, step, epochs, 1e9) == epochs
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(active, activities[-1])
    np.testing.assert_allclose(f, twins.outputs(X, expected, scales), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epochs", [0, 1, 2, 37, 300])
def test_cold_hot_descent(shape, epochs):
    X, y, weights, scales, step, points, zero, active, f = prepared(*shape)
    expected, activities = twins.descent(X, y, weights, scales, step, epochs)
    (done, blocks, _, flips), counts = cold_hot(X, y, weights, scales, step, points, zero, active, f, epochs)
    assert done == epochs
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(active, activities[-1])
    np.testing.assert_array_equal(counts, active.astype(float).T @ active)
    np.testing.assert_allclose(f, twins.outputs(X, expected, scales), rtol=0, atol=1e-12)
    assert flips == sum(np.count_nonzero(a != b) for a, b in pairwise(activities))
    assert (blocks > 0) == (epochs > 0)


@pytest.mark.parametrize("shape", [(9, 17, 5), (33, 31, 5)])
@pytest.mark.parametrize("work", [0.0, 1e4, 1e5])
def test_pauses_change_no_bit(shape, work):
    whole, parts = prepared(*shape), prepared(*shape)
    assert cold_hot(*whole, 300)[0] == cold_hot(*parts, 300, work=work)[0]
    for one, other in zip((*whole[:4], *whole[-2:]), (*parts[:4], *parts[-2:])):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["fused", "cold-hot"])
def test_descent_stops_at_its_limit(method):
    X, y, weights, scales, step, points, zero, active, f = prepared(9, 17, 5)
    limit = 0.5 * np.sum((f - y) ** 2)
    if method == "fused":
        assert fused_descent(points, zero, y, weights, scales, active, f, step, 5, limit) == 0
    else:
        assert cold_hot(X, y, weights, scales, step, points, zero, active, f, 5, limit)[0][0] == 0


@pytest.mark.parametrize("shape", [(9, 17, 5), (33, 31, 5)])
def test_step_at_the_edge_of_stability_is_the_same_by_both_routes(shape):
    """Residuals that alternate break the certificates at once, and blocks shrink."""
    X, y, weights, scales, _, points, zero, active, f = prepared(*shape)
    kernel = twins.gradient(X, weights, scales).T @ twins.gradient(X, weights, scales)
    step = 1.9 / np.linalg.eigvalsh(kernel)[-1]
    expected, activities = twins.descent(X, y, weights, scales, step, 60)
    cold_hot(X, y, weights, scales, step, points, zero, active, f, 60)
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(active, activities[-1])


@pytest.mark.parametrize("shape", [(9, 17, 5), (33, 31, 5), (40, 300, 3)])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_every_pair_that_flips_was_hot(shape, length):
    """Along the true descent for as long as its residuals keep within the caps and the slack."""
    X, y, weights, scales, step, points, zero, active, f = prepared(*shape)
    r, norm = f - y, np.linalg.norm(X, 2)
    gradient = twins.gradient(X, weights, scales)
    change = step * (gradient.T @ gradient) @ r
    caps, slack = (
        length * np.abs(r) + 0.55 * length**2 * np.abs(change),
        0.55 * length**2 * kernels.drift_bound(points, norm, change),
    )
    options = (points, zero, np.linalg.norm(X, axis=1), weights, scales, active, r)
    hot = kernels.certify(*options, np.empty_like(f), step, length, slack)
    hot, starts, places, heights = kernels.hot_pairs(*options, step, length, slack, caps, hot)
    listed = np.zeros(active.shape, bool)
    neurons = np.repeat(hot, np.diff(starts))
    listed[neurons, places] = True
    np.testing.assert_allclose(heights, scales[neurons] * (weights @ points)[neurons, places], rtol=0, atol=1e-14)
    total, lengths, now = np.zeros_like(r), np.zeros_like(r), weights
    flipped = np.zeros_like(active)
    for done in range(length):
        residual = twins.outputs(X, now, scales) - y
        total, lengths = total + residual, lengths + np.abs(residual)
        if (lengths > caps).any() or kernels.drift_bound(points, norm, total - (done + 1) * r) > slack:
            break
        now = twins.descent(X, y, now, scales, step, 1)[0]
        flipped |= (now @ points > 0) != active
    assert flipped.any() and not (flipped & ~listed).any()
    assert listed.mean() < 0.8


def test_a_flip_at_one_point_brings_other_kinks_within_reach():
    """Two points pull one neuron in opposite directions; once the first has switched off, the second has it all."""
    points = np.array([[1.0, -0.95], [0.1, 0.1]])
    weights, active, r = np.array([[0.0, 1.0]]), np.ones((1, 2), bool), np.array([1.0, 0.9])
    options = (points, (0.0, 0.0), np.linalg.norm(points, axis=0), weights, np.ones(1), active, r, 1.0, 1, 0.0)
    assert kernels.hot_pairs(*options, np.zeros(2), np.zeros(1, int))[2].tolist() == [0]
    assert kernels.hot_pairs(*options, np.abs(r), np.zeros(1, int))[2].tolist() == [0, 1]


@pytest.mark.parametrize("n", [1, 7, 33])
def test_masked_product(n):
    rng = np.random.default_rng(n)
    row, path, mask = rng.standard_normal(n), rng.standard_normal(n), rng.random(n) < 0.5
    assert kernels.masked_product(row, mask, path) == pytest.approx(np.sum(row * mask * path), rel=0, abs=1e-14 * n)


@pytest.mark.parametrize("n", [1, 2, 5, 33])
def test_drift_bound_holds_for_every_activity(n):
    X, path, weights, _ = twins.problem(n, 400, 5)
    bound = kernels.drift_bound(np.ascontiguousarray(X.T), np.linalg.norm(X, 2), path)
    masks = np.vstack([weights @ X.T > 0, np.random.default_rng(1).random((400, n)) < 0.5, path > 0, path < 0])
    drifts = np.linalg.norm((masks * path) @ X, axis=1)
    assert drifts.max() <= bound * (1 + 1e-14)
    assert bound <= np.linalg.norm(X, 2) * np.linalg.norm(path) * (1 + 1e-14)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_flip_keeps_the_counts(n):
    rng = np.random.default_rng(n)
    active, gram = rng.random((12, n)) < 0.5, rng.standard_normal((n, n))
    ones = active.astype(float)
    halves = 0.5 * (ones.T @ ones)
    kernel = gram * halves
    for k, i in zip(rng.integers(12, size=50), rng.integers(n, size=50)):
        before = active[k, i]
        kernels.flip(active[k], i, gram, halves, kernel)
        assert active[k, i] != before
        ones = active.astype(float)
        np.testing.assert_array_equal(halves + halves.T, ones.T @ ones)
        np.testing.assert_array_equal(kernel, gram * halves)


@pytest.mark.parametrize("n", [1, 3, 8, 101])
def test_kernel_product(n):
    rng = np.random.default_rng(n)
    kernel, r, image = rng.standard_normal((n, n)), rng.standard_normal(n), np.empty(n)
    kernels.kernel_product(kernel, r, image)
    np.testing.assert_allclose(image, (kernel + kernel.T) @ r, rtol=0, atol=1e-13 * n)


def test_python_forms_of_the_unrolled_arithmetic():
    points = np.arange(6.0).reshape(3, 2)
    assert unrolled.product((1.0, 2.0, 3.0), points, 1) == 1 + 6 + 15
    assert unrolled.added((1.0, 1.0, 1.0), 2.0, points, 1) == (3.0, 7.0, 11.0)
    assert unrolled.moved((1.0, 2.0), 0.5, (2.0, 2.0)) == (0.0, 1.0)
    assert unrolled.loaded(points[:, 1], (0.0,) * 3) == (1.0, 3.0, 5.0)
    row = np.zeros(2)
    unrolled.store(row, (1.0, 2.0))
    assert row.tolist() == [1.0, 2.0]
