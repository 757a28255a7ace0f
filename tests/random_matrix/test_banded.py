"""Banded draws: the law of the literal ones, the algebra that leads to them, and the corner that stands for the whole."""

import numpy as np
import pytest
from scipy import stats

from learning_dynamics.random_matrix import (
    MixtureClassification,
    finite_size,
    generalization_error,
    heavy_ball,
    ridge_regression,
    simulate,
    simulate_filter,
    training_error,
)
from learning_dynamics.random_matrix.simulation import banded
from learning_dynamics.random_matrix.simulation.descent import weights_at


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 2.0, "c": 0.5, "sigma2": 0.3, "alpha": 0.05, **changes})


def far(first, second):
    """Largest difference of means, in standard errors, over times; equal where both are constant."""
    error = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second))
    gap = abs(first.mean(axis=0) - second.mean(axis=0))
    return (gap / np.where(error > 0, error, 1)).max()


def assert_same_law(first, second):
    """Of errors (runs, times): means, every quantile at each time, and how times hang together."""
    assert far(first, second) < 4
    assert far(first**2, second**2) < 4
    assert far(first[:, :-1] * first[:, 1:], second[:, :-1] * second[:, 1:]) < 4
    for one, other in zip(first.T, second.T):
        assert stats.ks_2samp(one, other, method="asymp").pvalue > 1e-4


@pytest.mark.parametrize(
    ("changes", "p", "runs"),
    [({}, 48, 1200), ({"c": 2.0}, 24, 1200), ({"c": 1.0, "sigma2": 0.0}, 5, 1500), ({"c": 0.25}, 1, 1500), ({"c": 1.5}, 3, 1500)],
    ids=["wide", "c2", "square", "line", "two-points"],
)
def test_the_law_is_that_of_drawn_points(changes, p, runs):
    one, options = model(**changes), {"p": p, "t": [0, 1, 5, 30, 80], "runs": runs}
    literal = simulate(one, seed=1, **options)
    found = simulate(one, seed=2, draws="banded", **options)
    assert_same_law(literal.generalization_runs, found.generalization_runs)
    assert_same_law(literal.training_runs, found.training_runs)


def test_the_law_of_one_class_is_that_of_its_points():
    options = {"p": 12, "t": [1, 20], "runs": 1500, "class_proportions": (0.25, 0.75), "counted_class": 1}
    literal, found = simulate(model(), seed=1, **options), simulate(model(), seed=2, draws="banded", **options)
    assert_same_law(literal.training_runs, found.training_runs)
    assert set((found.training_runs * 6 * 2).ravel() % 1) == {0.0}


@pytest.mark.parametrize("method", [heavy_ball(alpha=0.05, momentum=0.5), ridge_regression()], ids=["ball", "ridge"])
def test_the_law_under_other_filters(method):
    options = {"spectral_filter": method, "p": 20, "t": [1, 10, 40], "runs": 1000}
    literal, found = simulate_filter(model(), seed=1, **options), simulate_filter(model(), seed=2, draws="banded", **options)
    assert_same_law(literal.generalization_runs, found.generalization_runs)
    assert_same_law(literal.training_runs, found.training_runs)


def complement(vector, basis):
    """What is left of a vector beside orthonormal rows, with length 1; nothing if nothing is left."""
    for row in (*basis, *basis):
        vector = vector - (row @ vector) * row
    length = np.linalg.norm(vector)
    return [vector / length] if length > 1e-8 else []


def bases(X, mean, w0, y):
    """The two bases of the module, from drawn points."""
    left = complement(mean, [])
    left += complement(w0, left)
    right = complement(y, [])
    for k in range(max(X.shape)):
        if k < len(right):
            left += complement(X @ right[k], left)
        if k < len(left):
            right += complement(left[k] @ X, right)
    return np.array(left), np.array(right)


@pytest.mark.parametrize(("p", "n"), [(7, 12), (12, 7), (6, 6), (2, 5), (1, 4), (9, 2)])
def test_drawn_points_have_four_diagonals_in_these_bases(p, n):
    rng = np.random.default_rng(p + n)
    y, mean, w0 = np.ones(n), np.eye(1, p)[0] * 1.5, rng.standard_normal(p)
    X = rng.standard_normal((p, n)) + np.outer(mean, y)
    left, right = bases(X, mean, w0, y)
    matrix = left @ X @ right.T
    rows, columns = np.indices(matrix.shape)
    assert abs(matrix[(columns - rows > 1) | (rows - columns > 2)]).max(initial=0) < 1e-12
    assert (np.diagonal(matrix, 1) > 0).all()
    assert (np.diagonal(matrix, -2) > 0).all()
    drawn, start = banded.banded_draw(model(), p, n, rng)
    assert banded.corner(drawn, 99).shape == matrix.shape
    assert start.size == min(p, 2)
    # training in these coordinates is training on the points
    t = np.array([1.0, 10.0, 50.0])
    arguments = {"alpha": 0.02, "t": t, "dynamics": "gd", "method": "eigen"}
    scale, k = np.sqrt(len(right) / n), len(right)
    small = weights_at(matrix * scale, np.sqrt(k) * np.eye(1, k)[0], left @ w0, **arguments)
    np.testing.assert_allclose(small @ left, weights_at(X, y, w0, **arguments), rtol=0, atol=1e-12)


@pytest.mark.parametrize("changes", [{}, {"c": 1.0}, {"c": 3.0}, {"c": 0.1, "alpha": 0.2}])
@pytest.mark.parametrize("last", [3, 60, 2000])
def test_a_corner_stands_for_the_whole(changes, last, monkeypatch):
    one, t = model(**changes), np.array([0.0, last // 3, last])
    p, n = 240, round(240 / one.c)
    sizes = []

    def train(X, y, w0, _):
        sizes.append(len(X))
        return weights_at(X, y, w0, alpha=one.alpha, t=t, dynamics="gd", method="eigen")

    drawn = banded.banded_draw(one, p, n, np.random.default_rng(4))
    X, weights = banded._trained_corner(*drawn, train, n, 32, None)
    _, whole = banded._trained_corner(*drawn, train, n, 10**6, None)
    k = len(X)
    assert sizes[0] == 32
    assert abs(whole[:, :k] - weights).max() + abs(whole[:, k:]).max(initial=0) < 1e-11 * abs(whole).max()
    if last == 3:
        assert k == 32


def test_scores_of_the_points_are_a_rotation_of_the_coordinates():
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((3, 8))
    margins = banded._margins(scores, 20, rng)
    np.testing.assert_allclose(margins @ margins.T, scores @ scores.T, atol=1e-12)
    np.testing.assert_allclose(margins.sum(axis=1) / np.sqrt(20), scores[:, 0], atol=1e-12)
    frames = np.array([banded._random_frame(2, 4, rng) for _ in range(8000)])
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=0.02)  # no sign is preferred
    np.testing.assert_allclose((frames**2).mean(axis=0), 1 / 4, atol=0.02)


def test_dimensions_that_no_memory_holds_have_the_errors_of_the_theory():
    one, t = model(alpha=0.01), np.array([20.0, 100.0])
    found = simulate(one, p=2**15, t=t, runs=30, seed=1, draws="banded", dynamics="flow")
    for mean, error, limit in (
        (found.generalization_error, found.generalization_se, generalization_error(one, t)),
        (found.training_error, found.training_se, training_error(one, t)),
    ):
        assert (abs(mean - limit) < 4 * error + 1e-5).all()
        assert (error < 1e-3).all()


def test_the_numbers_do_not_depend_on_the_threads():
    runs = [simulate(model(), p=64, t=[5, 50], runs=9, seed=7, draws="banded", workers=k).training_runs for k in (1, 3)]
    np.testing.assert_array_equal(*runs)


def test_doubled_dimensions_from_both_kinds_of_draws():
    options = {"t": [20.0, 60.0], "smallest_p": 16, "doublings": 2, "runs": 800, "dynamics": "flow"}
    literal, found = (finite_size(model(), seed=k, draws=kind, **options) for k, kind in enumerate(("points", "banded")))
    for kind in ("generalization", "training"):
        one, other = getattr(literal, kind), getattr(found, kind)
        error = np.hypot(one.standard_error, other.standard_error)
        assert (abs(one.mean - other.mean) < 4 * error).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"draws": "diagonal"}, "draws must be 'points' or 'banded', got 'diagonal'"),
        ({"draws": "banded", "test_size": 10}, "test_size must be left out with banded draws, whose error is exact, got 10"),
    ],
)
def test_refuses(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        simulate(model(), p=8, t=[1], runs=2, seed=1, **changes)


def test_scores_that_no_memory_holds_are_refused():
    with pytest.raises(MemoryError, match="p and n must be smaller or fewer: .* do not fit"):
        simulate(model(), p=10**8, t=range(1000), runs=2, seed=1, draws="banded")
    with pytest.raises(MemoryError, match="smallest_p and doublings must be smaller or fewer: .* do not fit"):
        finite_size(model(), t=range(1000), smallest_p=10**5, doublings=10, runs=8, seed=1)


def test_steps_that_diverge_are_refused():
    with pytest.raises(ValueError, match="alpha must be < "):
        simulate(model(alpha=0.9), p=400, t=[1], runs=2, seed=1, draws="banded")
