"""The solution of the flow: filter, least-squares end, and what is kept of the start."""

import numpy as np
import pytest
from scipy.linalg import expm

from learning_dynamics.random_matrix import (
    MixtureClassification,
    decay_filter,
    descent_weights,
    least_squares_weights,
    mp_atom,
    simulate_start,
    start_kept,
    statistics,
)


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 2.25, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


def problem(p, n):
    rng = np.random.default_rng(1)
    return rng.standard_normal((p, n)), rng.choice([-1.0, 1.0], n), rng.standard_normal(p)


@pytest.mark.parametrize("shape", [(1, 1), (5, 12), (6, 6), (12, 5)])
@pytest.mark.parametrize("dynamics", ["flow", "gd"])
def test_the_solution_of_the_flow(shape, dynamics):
    """w(t) = F w_0 + (1 - F) w_LS with F = exp(-alpha t XX^T/n) or (1 - alpha XX^T/n)^t, paper 1 equation (1)."""
    X, y, w0 = problem(*shape)
    A, t = X @ X.T / y.size, 37
    alpha = 0.5 / np.linalg.eigvalsh(A)[-1]
    F = expm(-alpha * t * A) if dynamics == "flow" else np.linalg.matrix_power(np.eye(shape[0]) - alpha * A, t)
    expected = F @ w0 + (np.eye(shape[0]) - F) @ least_squares_weights(X, y)
    for method in ("eigen", "stepped"):
        got = descent_weights(X, y, w0, alpha=alpha, t=t, dynamics=dynamics, method=method)[0]
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-10)


class TestLeastSquares:
    def test_closed_forms(self):
        X, y, _ = problem(4, 9)
        np.testing.assert_allclose(least_squares_weights(X, y), np.linalg.solve(X @ X.T, X @ y), rtol=1e-12)
        X, y, _ = problem(9, 4)
        np.testing.assert_allclose(least_squares_weights(X, y), X @ np.linalg.solve(X.T @ X, y), rtol=1e-12)

    @pytest.mark.parametrize("shape", [(5, 12), (12, 5)])
    def test_training_tends_to_it_and_keeps_the_null_space(self, shape):
        X, y, w0 = problem(*shape)
        end = descent_weights(X, y, w0, alpha=1.0, t=1e6, dynamics="flow")[0]
        outside = w0 - X @ np.linalg.lstsq(X, w0, rcond=None)[0]
        np.testing.assert_allclose(end, least_squares_weights(X, y) + outside, atol=1e-10)
        assert (np.linalg.norm(outside) > 1) == (shape[0] > shape[1])

    def test_bad_input(self):
        with pytest.raises(ValueError, match=r"^y must have 2 entries \(one entry a column of X\), got 1$"):
            least_squares_weights(np.eye(2), [1.0])


class TestFilter:
    def test_shapes_and_values(self):
        x, t = np.array([[0.0, 0.5], [1.0, 3.0]]), np.array([0, 1, 5])
        flow, steps = (decay_filter(x, t, alpha=0.3, dynamics=kind) for kind in ("flow", "gd"))
        assert flow.shape == steps.shape == (3, 2, 2)
        np.testing.assert_allclose(flow, np.exp(-0.3 * t[:, None, None] * x), rtol=1e-15)
        np.testing.assert_allclose(steps, (1 - 0.3 * x) ** t[:, None, None], rtol=1e-14)
        assert decay_filter(1.0, 2, alpha=0.5, dynamics="gd") == 0.25
        assert decay_filter([1.0, 2.0], 2, alpha=0.5, dynamics="gd").shape == (2,)
        assert decay_filter(1.0, [1, 2], alpha=0.5, dynamics="gd").shape == (2,)

    def test_three_regimes_of_a_step(self):
        f = decay_filter([0.5, 1.5, 2.5], np.arange(6), alpha=1.0, dynamics="gd")
        assert (np.diff(f[:, 0]) < 0).all() and (f[:, 0] > 0).all()
        assert (f[1::2, 1] < 0).all() and (np.diff(np.abs(f[:, 1])) < 0).all()
        assert (np.diff(np.abs(f[:, 2])) > 0).all()

    def test_steps_tend_to_the_flow(self):
        x = np.linspace(0, 4, 9)
        gaps = [
            np.abs(decay_filter(x, 3 * k, alpha=1 / k, dynamics="gd") - decay_filter(x, 3, alpha=1.0)).max()
            for k in (100, 200, 400)
        ]
        assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.05)
        assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.03)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"x": -1.0}, ValueError, "^x must be >= 0, got -1.0$"),
            ({"t": 0.5}, ValueError, "^t must hold integers for dynamics 'gd', got 0.5$"),
            ({"alpha": 0.0}, ValueError, "^alpha must be > 0, got 0.0$"),
            ({"dynamics": "sgd"}, ValueError, "^dynamics must be 'flow' or 'gd', got 'sgd'$"),
            ({"x": 5.0, "t": 10000}, OverflowError, r"^gradient descent with alpha \* x = 5 leaves the range of floats$"),
        ],
    )
    def test_bad_input(self, arguments, error, message):
        with pytest.raises(error, match=message):
            decay_filter(**{"x": 1.0, "t": 1, "alpha": 1.0, "dynamics": "gd", **arguments})


class TestStart:
    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
    @pytest.mark.parametrize("dynamics", ["gd", "flow"])
    def test_it_is_what_the_start_adds_to_V(self, c, dynamics):
        t = np.array([0, 1, 30, 500])
        with_start, without = (statistics(model(c=c, sigma2=s), t, dynamics=dynamics).V for s in (0.7, 0.0))
        np.testing.assert_allclose(0.7 * start_kept(model(c=c), t, dynamics=dynamics), with_start - without, rtol=1e-11)

    @pytest.mark.parametrize("c", [0.3, 1.0, 1.5, 50.0])
    def test_its_ends(self, c):
        kept = start_kept(model(c=c, alpha=1.0), [0.0, 1e12])
        assert kept[0] == pytest.approx(1, rel=1e-13)
        assert kept[1] == pytest.approx(mp_atom(c), abs=1e-6)

    @pytest.mark.parametrize("c", [0.5, 2.0])
    def test_simulation_against_theory(self, c):
        t = [0, 20, 100, 2000]
        small, large = (simulate_start(model(c=c), p=p, t=t, runs=runs, seed=3) for p, runs in ((64, 60), (128, 60)))
        limit = start_kept(model(c=c), t, dynamics="gd")
        error = np.hypot(2 * large.std(axis=0, ddof=1), small.std(axis=0, ddof=1)) / np.sqrt(60)
        assert (np.abs(2 * large.mean(axis=0) - small.mean(axis=0) - limit) < 4 * error + 1e-12).all()
        assert (error[1:] < 0.1).all()

    def test_it_is_the_difference_of_two_trainings(self):
        rng = np.random.default_rng(np.random.SeedSequence(9).spawn(1)[0])
        X = rng.standard_normal((12, 6)) + np.outer(1.5 * np.eye(12)[0], np.repeat([-1.0, 1.0], 3))
        w0 = np.sqrt(0.1 / 12) * rng.standard_normal(12)
        y, options = np.repeat([-1.0, 1.0], 3), {"alpha": 0.01, "t": [0, 7, 90]}
        left = descent_weights(X, y, w0, **options) - descent_weights(X, y, np.zeros(12), **options)
        got = simulate_start(model(c=2.0), p=12, t=[0, 7, 90], runs=1, seed=9)[0]
        np.testing.assert_allclose(got, (left**2).sum(axis=1) / (w0 @ w0), rtol=1e-10)

    def test_without_a_start_there_is_nothing_to_measure(self):
        with pytest.raises(ValueError, match=r"^model must have sigma2 > 0, got 0.0: there is no start to forget$"):
            simulate_start(model(sigma2=0.0), p=8, t=[1], runs=1, seed=0)
        with pytest.raises(ValueError, match="^t must hold integers"):
            simulate_start(model(), p=8, t=[0.5], runs=1, seed=0)
