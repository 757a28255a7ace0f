"""Exact trajectories against stepping, errors against theory, reproducibility, refusals."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.special import ndtr
from scipy.stats import ortho_group

from learning_dynamics.random_matrix import (
    MixtureClassification,
    descent_weights,
    generalization_error,
    resolvent_bilinear,
    simulate,
    stieltjes,
    training_error,
)
from learning_dynamics.random_matrix.simulation import descent
from learning_dynamics.random_matrix.simulation.experiment import summarised

MODEL = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
SHAPES = ((5, 12), (12, 12), (13, 5), (1, 4), (4, 1), (1, 1))
checked = settings(max_examples=40, deadline=None, derandomize=True)


def problem(p, n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((p, n)), rng.choice([-1.0, 1.0], n), rng.standard_normal(p)


def largest_eigenvalue(X):
    return np.linalg.norm(X, 2) ** 2 / X.shape[1]


class TestDescentWeights:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("share", [0.05, 0.5, 0.75, 0.999])
    def test_gd_against_stepping(self, shape, share):
        X, y, w0 = problem(*shape)
        alpha, t = 2 * share / largest_eigenvalue(X), [7, 0, 1, 2, 300, 7]
        eigen = descent_weights(X, y, w0, alpha=alpha, t=t)
        stepped = descent_weights(X, y, w0, alpha=alpha, t=t, method="stepped")
        assert eigen.shape == (6, shape[0])
        np.testing.assert_allclose(eigen, stepped, atol=3e-13, rtol=0)

    @pytest.mark.parametrize("shape", [(40, 90), (90, 40), (64, 64), (65, 64), (1, 70), (70, 1)])
    @pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
    def test_the_cheaper_route_is_the_same(self, shape, share, monkeypatch):
        """Steps with the small matrix against its eigenvectors and against steps with the data, at any time and up to the limit."""
        monkeypatch.setattr(descent, "_is_short", lambda t, q: True)
        monkeypatch.setattr(descent, "_weights_by_rows", None)
        monkeypatch.setattr(descent, "_weights_by_columns", None)
        X, y, w0 = problem(*shape)
        matrix = X @ X.T if shape[0] <= shape[1] else X.T @ X
        alpha, t = 2 * share * shape[1] / np.abs(matrix).sum(axis=1).max(), [7, 0, 3000, 1, 2, 300, 7]
        got = descent_weights(X, y, w0, alpha=alpha, t=t)
        monkeypatch.undo()
        for method in ("eigen", "stepped"):
            expected = descent_weights(X, y, w0, alpha=alpha, t=t, method=method)
            np.testing.assert_allclose(got, expected, atol=1e-12 * np.abs(expected).max(), rtol=0)

    @pytest.mark.parametrize("shape", [(12, 5), (5, 12)])
    @pytest.mark.parametrize("share", [0.99, 1 - 1e-9])
    def test_at_the_limit_of_stability_the_sums_are_right(self, shape, share):
        X, y, w0 = problem(*shape)
        alpha = 2 * share / largest_eigenvalue(X)
        rows = X if shape[0] <= shape[1] else X.T
        pull = alpha * (y - w0 @ X) / shape[1]
        t = np.array([400.0, 0, 31, 400])
        sums = descent._summed_steps(alpha * rows @ rows.T / shape[1], rows @ pull if rows is X else pull, t)
        expected = descent_weights(X, y, w0, alpha=alpha, t=t, method="stepped") - w0
        np.testing.assert_allclose(sums if rows is X else sums @ X.T, expected, atol=1e-12, rtol=0)

    def test_the_route_is_chosen_by_cost_and_only_where_it_is_safe(self, monkeypatch):
        assert descent._is_short(np.array([294.0]), 256)
        assert not descent._is_short(np.array([10_000.0]), 256)
        assert not descent._is_short(np.array([1.0]), 2)
        monkeypatch.setattr(descent, "_is_short", lambda t, q: True)
        X, y, w0 = problem(6, 9)
        limit = 2 / largest_eigenvalue(X)
        eigen = descent_weights(X, y, w0, alpha=0.999 * limit, t=[0, 9], method="eigen")
        np.testing.assert_array_equal(descent_weights(X, y, w0, alpha=0.999 * limit, t=[0, 9]), eigen)
        with pytest.raises(ValueError, match="or gradient descent diverges"):
            descent_weights(X, y, w0, alpha=1.0001 * limit, t=[0, 9])
        with pytest.raises(ValueError, match="entries whose squares are finite"):
            descent_weights(1e200 * X, y, w0, alpha=0.1, t=[0, 9])

    @pytest.mark.parametrize("shape", SHAPES)
    def test_flow_against_stepping(self, shape):
        X, y, w0 = problem(*shape)
        t = [7.5, 0.0, 1e-9, 100.0]
        eigen = descent_weights(X, y, w0, alpha=0.1, t=t, dynamics="flow")
        stepped = descent_weights(X, y, w0, alpha=0.1, t=t, dynamics="flow", method="stepped")
        np.testing.assert_allclose(eigen, stepped, atol=1e-10, rtol=0)

    @pytest.mark.parametrize("shape", [(5, 12), (12, 12), (13, 5)])
    def test_flow_against_the_matrix_exponential(self, shape):
        X, y, w0 = problem(*shape)
        p, n = shape
        least_squares = np.linalg.pinv(X.T) @ y
        decay = expm(-0.1 * 20 / n * X @ X.T)
        expected = decay @ w0 + (np.eye(p) - decay) @ least_squares
        got = descent_weights(X, y, w0, alpha=0.1, t=20, dynamics="flow")
        np.testing.assert_allclose(got, [expected], atol=1e-12)

    def test_it_starts_at_w0_and_ends_at_least_squares(self):
        X, y, w0 = problem(4, 30)
        got = descent_weights(X, y, w0, alpha=0.5, t=[0, 100000])
        np.testing.assert_allclose(got, [w0, np.linalg.lstsq(X.T, y)[0]], atol=1e-13)

    def test_beyond_the_data_w0_stays(self):
        X, y, w0 = problem(9, 3)
        orthogonal = np.linalg.svd(X)[0][:, 3:]
        got = descent_weights(X, y, w0, alpha=0.1, t=[3, 50000])
        np.testing.assert_allclose(got @ orthogonal, [w0 @ orthogonal] * 2, atol=1e-13)
        np.testing.assert_allclose(got[1] @ X, y, atol=1e-12)

    def test_flat_directions_move_uniformly(self):
        X, y, w0 = np.zeros((3, 5)), np.ones(5), np.ones(3)
        np.testing.assert_array_equal(descent_weights(X, y, w0, alpha=0.1, t=[0, 5, 10**6]), np.ones((3, 3)))
        rank_one = np.outer([1.0, 1.0, 0.0], np.ones(5))
        got = descent_weights(rank_one, y, np.zeros(3), alpha=0.1, t=[1, 4, 9])
        expected = 0.5 * (1 - 0.8 ** np.array([1, 4, 9]))
        np.testing.assert_allclose(got, np.outer(expected, [1, 1, 0]), atol=1e-15)

    def test_a_step_that_kills_a_direction_at_once(self):
        X, y = np.array([[1.0, 1.0]]), np.array([1.0, 1.0])
        np.testing.assert_array_equal(descent_weights(X, y, [3.0], alpha=1.0, t=[0, 1, 2, 7])[:, 0], [3, 1, 1, 1])

    def test_a_long_step_alternates(self):
        X, y = np.array([[1.0, 1.0]]), np.array([0.0, 0.0])
        np.testing.assert_allclose(
            descent_weights(X, y, [1.0], alpha=1.75, t=[1, 2, 3, 4])[:, 0], [-0.75, 0.75**2, -(0.75**3), 0.75**4], rtol=1e-15
        )

    @checked
    @given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6), st.sampled_from(["gd", "flow"]))
    def test_rotating_the_space_rotates_the_weights(self, p, n, seed, dynamics):
        X, y, w0 = problem(p, n, seed)
        alpha, t = 1.5 / largest_eigenvalue(X), [0, 1, 5, 40]
        rotation = ortho_group.rvs(p, random_state=seed) if p > 1 else -np.eye(1)
        plain = descent_weights(X, y, w0, alpha=alpha, t=t, dynamics=dynamics)
        rotated = descent_weights(rotation @ X, y, rotation @ w0, alpha=alpha, t=t, dynamics=dynamics)
        scale = 1 + np.abs(plain).max() + 1 / np.sqrt(largest_eigenvalue(X))
        np.testing.assert_allclose(rotated, plain @ rotation.T, atol=1e-11 * scale)

    @checked
    @given(st.permutations([0, 1, 2, 17, 400]))
    def test_the_order_of_times_does_not_matter(self, t):
        X, y, w0 = problem(6, 9)
        for method in ("eigen", "stepped"):
            mixed = descent_weights(X, y, w0, alpha=0.2, t=t, method=method)
            ordered = descent_weights(X, y, w0, alpha=0.2, t=sorted(t), method=method)
            np.testing.assert_allclose(mixed[np.argsort(t)], ordered, atol=1e-15)

    def test_gd_tends_to_the_flow(self):
        X, y, w0 = problem(8, 20)
        flow = descent_weights(X, y, w0, alpha=1.0, t=2.0, dynamics="flow")
        gaps = [np.abs(descent_weights(X, y, w0, alpha=1 / k, t=2 * k) - flow).max() for k in (64, 128, 256)]
        assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.05)
        assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.03)

    @pytest.mark.parametrize("method", ["eigen", "stepped"])
    @pytest.mark.parametrize("shape", [(5, 12), (13, 5)])
    def test_a_step_too_long_is_refused(self, method, shape):
        X, y, w0 = problem(*shape)
        alpha = 2.001 / largest_eigenvalue(X)
        with pytest.raises(ValueError, match=r"^alpha must be < [\d.]+, 2 over the largest eigenvalue of X X\^T/n, or gradient"):
            descent_weights(X, y, w0, alpha=alpha, t=[1], method=method)
        assert np.isfinite(descent_weights(X, y, w0, alpha=alpha, t=[1], dynamics="flow", method=method)).all()

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"t": [1.5]}, ValueError, "t must hold integers for dynamics 'gd', got 1.5"),
            ({"t": [-1]}, ValueError, "t must be >= 0, got -1.0"),
            ({"t": [[1]]}, ValueError, "t must be a number or have 1 dimension, got shape (1, 1)"),
            ({"X": np.ones(3)}, ValueError, "X must have 2 dimensions, got shape (3,)"),
            ({"X": [[1.0, 2.0], [1.0]]}, ValueError, "X must be a regular array, got rows of unequal length"),
            ({"X": np.full((2, 3), np.nan)}, ValueError, "X must be finite, got nan"),
            ({"y": np.ones(2)}, ValueError, "y must have 3 entries (one entry a column of X), got 2"),
            ({"w0": np.ones(3)}, ValueError, "w0 must have 2 entries (one entry a row of X), got 3"),
            ({"w0": [1j, 0]}, TypeError, "w0 must hold real numbers, got an array of type complex128"),
            ({"alpha": 0.0}, ValueError, "alpha must be > 0, got 0.0"),
            ({"dynamics": "sgd"}, ValueError, "dynamics must be 'gd' or 'flow', got 'sgd'"),
            ({"method": "exact"}, ValueError, "method must be 'auto' or 'eigen' or 'stepped', got 'exact'"),
        ],
    )
    def test_bad_input(self, changes, error, message):
        good = {"X": np.ones((2, 3)), "y": np.ones(3), "w0": np.ones(2), "alpha": 0.1, "t": [1]}
        with pytest.raises(error) as caught:
            descent_weights(**{**good, **changes})
        assert str(caught.value) == message

    def test_the_input_is_left_alone(self):
        X, y, w0 = problem(4, 6)
        copies = X.copy(), y.copy(), w0.copy()
        for method in ("eigen", "stepped"):
            descent_weights(X, y, w0, alpha=0.1, t=[3], method=method)
        for array, copy in zip((X, y, w0), copies):
            np.testing.assert_array_equal(array, copy)


class TestSimulate:
    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
    @pytest.mark.parametrize("dynamics", ["gd", "flow"])
    def test_eigen_against_stepped(self, c, dynamics):
        model = MixtureClassification(mu_norm2=4.0, c=c, sigma2=0.1, alpha=0.05)
        options = {"p": 32, "t": [0, 3, 40, 200], "runs": 3, "seed": 5, "dynamics": dynamics}
        eigen, stepped = simulate(model, **options), simulate(model, **options, method="stepped")
        np.testing.assert_allclose(eigen.generalization_runs, stepped.generalization_runs, rtol=1e-9)
        np.testing.assert_array_equal(eigen.training_runs, stepped.training_runs)

    @pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
    def test_against_theory(self, c):
        model = MixtureClassification(mu_norm2=4.0, c=c, sigma2=0.1, alpha=0.01)
        t = np.array([6, 50, 200])
        small, large = (simulate(model, p=p, t=t, runs=runs, seed=3) for p, runs in ((128, 48), (256, 24)))
        for kind, theory in (("generalization", generalization_error(model, t)), ("training", training_error(model, t))):
            means = [getattr(result, f"{kind}_error") for result in (small, large)]
            counting = np.sqrt(theory / (large.n * 24))  # a scatter that 24 draws may have hidden
            errors = [np.hypot(getattr(result, f"{kind}_se"), counting) for result in (small, large)]
            extrapolated = 2 * means[1] - means[0]
            assert (np.abs(extrapolated - theory) < 4 * np.hypot(2 * errors[1], errors[0])).all()
            assert (np.abs(means[1] - theory) < 0.05 * theory + 4 * errors[1]).all()

    def test_weights_of_one_draw(self):
        result = simulate(MODEL, p=8, t=[0, 5], runs=2, seed=7)
        for child, generalization, training in zip(
            np.random.SeedSequence(7).spawn(2), result.generalization_runs, result.training_runs
        ):
            rng = np.random.default_rng(child)
            y = np.repeat([-1.0, 1.0], 8)
            X = rng.standard_normal((8, 16)) + np.outer(2.0 * np.eye(8)[0], y)
            w = np.sqrt(0.1 / 8) * rng.standard_normal(8)
            for k, steps in enumerate((0, 5)):
                for _ in range(steps):
                    w = w + 0.01 / 16 * X @ (y - X.T @ w)
                assert generalization[k] == pytest.approx(ndtr(-2 * w[0] / np.linalg.norm(w)), rel=1e-12)
                assert training[k] == np.mean(y * (X.T @ w) < 0)

    def test_means_and_standard_errors(self):
        result = simulate(MODEL, p=16, t=[0, 20], runs=5, seed=1)
        assert (result.p, result.n) == (16, 32)
        assert result.generalization_runs.shape == result.training_runs.shape == (5, 2)
        for kind in ("generalization", "training"):
            runs = getattr(result, f"{kind}_runs")
            np.testing.assert_allclose(getattr(result, f"{kind}_error"), runs.mean(axis=0), rtol=1e-15)
            np.testing.assert_allclose(getattr(result, f"{kind}_se"), runs.std(axis=0, ddof=1) / np.sqrt(5), rtol=1e-14)

    def test_no_miss_in_any_draw_is_known_to_one_point(self):
        easy = MixtureClassification(mu_norm2=400.0, c=0.5, sigma2=0.1, alpha=0.001)
        result = simulate(easy, p=16, t=200, runs=5, seed=1, test_size=64)
        assert result.training_error == result.generalization_error == 0
        assert result.training_se == pytest.approx(1 / (5 * 32))
        assert result.generalization_se == pytest.approx(1 / (5 * 64))

    def test_a_single_miss_has_the_least_standard_error(self):
        missed = np.zeros((5, 1))
        missed[2] = 1 / 32
        result = summarised(missed, missed, t=np.zeros(1), p=16, n=32, tested=32)
        spread = missed.std(ddof=1) / np.sqrt(5)
        assert result.training_se == pytest.approx(spread, rel=1e-14) == 1 / (5 * 32)

    def test_one_draw_has_no_standard_error(self):
        result = simulate(MODEL, p=16, t=20, runs=1, seed=1)
        assert result.generalization_error.shape == (1,)
        assert np.isnan(result.generalization_se).all()
        assert np.isnan(result.training_se).all()

    def test_no_weights_mean_guessing(self):
        model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.0, alpha=0.01)
        for test_size in (None, 7):
            result = simulate(model, p=8, t=[0], runs=2, seed=1, test_size=test_size)
            assert (result.generalization_runs == 0.5).all()
            assert (result.training_runs == 0.5).all()

    def test_exact_error_against_a_test_set(self):
        t, size, runs = [0, 20, 100], 20000, 6
        exact = simulate(MODEL, p=32, t=t, runs=runs, seed=2)
        sampled = simulate(MODEL, p=32, t=t, runs=runs, seed=2, test_size=size)
        np.testing.assert_array_equal(sampled.training_runs, exact.training_runs)
        spread = np.sqrt(exact.generalization_runs * (1 - exact.generalization_runs) / size)
        deviations = (sampled.generalization_runs - exact.generalization_runs) / spread
        assert np.abs(deviations).max() < 4.5
        assert 0.4 < deviations.std() < 1.7

    def test_the_test_set_is_not_the_training_set(self):
        model = MixtureClassification(mu_norm2=0.01, c=2.0, sigma2=0.0, alpha=0.1)
        result = simulate(model, p=64, t=[2000], runs=4, seed=1, test_size=32)
        assert result.training_error[0] == 0
        assert result.generalization_error[0] > 0.3

    def test_class_proportions(self):
        t, model = [300], MixtureClassification(mu_norm2=1.0, c=0.1, sigma2=0.1, alpha=0.1)
        result = simulate(model, p=20, t=t, runs=8, seed=1, class_proportions=(0.25, 0.75), test_size=4000)
        mirrored = simulate(model, p=20, t=t, runs=8, seed=1, class_proportions=(0.75, 0.25))
        assert result.generalization_error == pytest.approx(generalization_error(model, t), abs=0.03)
        assert mirrored.generalization_error == pytest.approx(generalization_error(model, t), abs=0.03)

    def test_same_seed_same_bits_for_any_number_of_workers(self):
        results = [simulate(MODEL, p=64, t=range(0, 50, 7), runs=7, seed=11, workers=k) for k in (1, 2, 3)]
        for other in results[1:]:
            np.testing.assert_array_equal(other.generalization_runs, results[0].generalization_runs)
            np.testing.assert_array_equal(other.training_runs, results[0].training_runs)

    def test_draws_differ_and_more_draws_keep_the_first(self):
        few, many = (simulate(MODEL, p=16, t=[10], runs=runs, seed=4) for runs in (3, 5))
        np.testing.assert_array_equal(many.generalization_runs[:3], few.generalization_runs)
        assert len(np.unique(many.generalization_runs)) == 5
        assert simulate(MODEL, p=16, t=[10], runs=3, seed=5).generalization_runs[0] != few.generalization_runs[0]

    def test_same_bits_for_any_thread_setting_of_the_environment(self):
        code = (
            "import hashlib\n"
            "from learning_dynamics.random_matrix import *\n"
            "model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)\n"
            "result = simulate(model, p=192, t=range(0, 90, 7), runs=3, seed=1)\n"
            "moments = statistics(model, range(300))\n"
            "parts = (result.generalization_runs, result.training_runs, moments.V, moments.train_variance)\n"
            "print(hashlib.sha256(b''.join(part.tobytes() for part in parts)).hexdigest())\n"
        )
        digests = set()
        for threads in ("1", "2", None):
            names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
            environment = {key: value for key, value in os.environ.items() if key not in names}
            environment.update(dict.fromkeys(names, threads) if threads else {})
            run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
            digests.add(run.stdout)
        assert len(digests) == 1

    def test_errors_of_both_classes_add_up(self):
        options = dict(p=16, t=[0, 20, 200], runs=4, seed=1, class_proportions=(0.25, 0.75))
        both, first, second = (simulate(MODEL, **options, counted_class=counted) for counted in (None, 1, 2))
        np.testing.assert_allclose(first.training_runs / 4 + second.training_runs * 3 / 4, both.training_runs, atol=1e-15)
        np.testing.assert_array_equal(first.training_runs * 8, np.round(first.training_runs * 8))
        assert (first.training_runs != second.training_runs).any()
        np.testing.assert_array_equal(first.generalization_runs, both.generalization_runs)

    @pytest.mark.parametrize(("counted", "label"), [(1, -1.0), (2, 1.0)])
    def test_one_class_is_counted_point_by_point(self, counted, label):
        result = simulate(MODEL, p=16, t=[30], runs=1, seed=5, counted_class=counted, test_size=40)
        (child,) = np.random.SeedSequence(5).spawn(1)
        rng = np.random.default_rng(child)
        y, mean = np.repeat([-1.0, 1.0], 16), 2 * np.eye(1, 16)[0]
        X = rng.standard_normal((16, 32)) + np.outer(mean, y)
        w0 = np.sqrt(MODEL.sigma2 / 16) * rng.standard_normal(16)
        w = descent_weights(X, y, w0, alpha=MODEL.alpha, t=30)[0]
        rng.random(40)
        fresh = rng.standard_normal((16, 40)) + label * mean[:, None]
        assert result.training_runs[0, 0] == np.mean(label * (w @ X[:, y == label]) < 0)
        assert result.generalization_runs[0, 0] == np.mean(label * (w @ fresh) < 0)

    @pytest.mark.parametrize("counted", [1, 2])
    def test_the_theorems_hold_class_by_class(self, counted):
        t, options = [10, 50], dict(dynamics="flow", class_proportions=(0.25, 0.75), counted_class=counted)
        result = simulate(MODEL, p=128, t=t, runs=250, seed=3, **options)
        assert (np.abs(result.training_error - training_error(MODEL, t)) < 4 * result.training_se).all()
        assert (4 * result.training_se < 0.3 * result.training_error).all()

    def test_the_least_standard_error_is_that_of_the_counted_points(self):
        easy = MixtureClassification(mu_norm2=400.0, c=0.5, sigma2=0.1, alpha=0.001)
        result = simulate(easy, p=16, t=200, runs=5, seed=1, class_proportions=(0.25, 0.75), counted_class=1)
        assert result.training_se == pytest.approx(1 / (5 * 8))

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"p": 0}, ValueError, "p must be >= 1, got 0"),
            ({"p": 8.0}, TypeError, "p must be an integer, got 8.0"),
            ({"runs": 0}, ValueError, "runs must be >= 1, got 0"),
            ({"runs": True}, TypeError, "runs must be an integer, got True"),
            ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
            ({"seed": None}, TypeError, "seed must be an integer, got None"),
            ({"t": [0.5]}, ValueError, "t must hold integers for dynamics 'gd', got 0.5"),
            ({"dynamics": "x"}, ValueError, "dynamics must be 'gd' or 'flow', got 'x'"),
            ({"method": None}, ValueError, "method must be 'eigen' or 'stepped', got None"),
            ({"workers": 0}, ValueError, "workers must be >= 1, got 0"),
            ({"test_size": 0}, ValueError, "test_size must be >= 1, got 0"),
            ({"counted_class": 3}, ValueError, "counted_class must be >= 1 and <= 2, got 3"),
            ({"counted_class": "both"}, TypeError, "counted_class must be an integer, got 'both'"),
            ({"class_proportions": (0.5, 0.6)}, ValueError, "class_proportions must be two numbers with sum 1, got (0.5, 0.6)"),
            (
                {"class_proportions": (0.0, 1.0)},
                ValueError,
                "class_proportions must leave no class empty, got (0.0, 1.0) with n = 16",
            ),
            ({"class_proportions": (-0.5, 1.5)}, ValueError, "class_proportions must be >= 0, got -0.5"),
        ],
    )
    def test_bad_input(self, changes, error, message):
        with pytest.raises(error) as caught:
            simulate(MODEL, **{"p": 8, "t": [1], "runs": 1, "seed": 0, **changes})
        assert str(caught.value) == message

    @pytest.mark.parametrize(("c", "p"), [(0.3, 100), (1 - 1e-3, 998), (50.0, 7), (2.0, 2)])
    def test_an_aspect_ratio_that_p_cannot_have_is_refused(self, c, p):
        model = MixtureClassification(mu_norm2=4.0, c=c, sigma2=0.1, alpha=0.01)
        with pytest.raises(ValueError, match=f"^p must make p/c an integer >= 2 to within rounding, got p = {p} with c = {c}"):
            simulate(model, p=p, t=[1], runs=1, seed=0)

    def test_an_aspect_ratio_with_rounding_is_accepted(self):
        model = MixtureClassification(mu_norm2=4.0, c=1 / 3, sigma2=0.1, alpha=0.01)
        assert simulate(model, p=7, t=[1], runs=1, seed=0).n == 21

    def test_a_step_too_long_is_refused_before_any_number_is_returned(self):
        model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=1.0)
        with pytest.raises(ValueError, match="^alpha must be < "):
            simulate(model, p=32, t=[1], runs=2, seed=0)


class TestResolvent:
    @pytest.mark.parametrize("size", [1, 5, 16])
    def test_against_linear_solves(self, size):
        X, _, a = problem(size, 2 * size)
        b = np.arange(1.0, size + 1)
        A = X @ X.T / (2 * size)
        z = np.array([[1 + 0.5j, -3.0], [2 - 1e-3j, 40.0]])
        got = resolvent_bilinear(*np.linalg.eigh(A), a, b, z)
        expected = [[a @ np.linalg.solve(A - point * np.eye(size), b) for point in row] for row in z]
        np.testing.assert_allclose(got, expected, rtol=1e-11)

    def test_real_points_give_real_values(self):
        value = resolvent_bilinear([1.0, 2.0], np.eye(2), [1.0, 1.0], [1.0, 3.0], 0.0)
        assert isinstance(value, float)
        assert value == 2.5

    def test_the_limit_of_the_quadratic_form_of_mu(self):
        p, n, draws = 100, 200, 40
        y = np.repeat([-1.0, 1.0], n // 2)
        mu = 2.0 * np.eye(p)[0]
        z = np.array([1 + 1j, -1.0, 8.0])
        m = stieltjes(z, c=0.5)
        limit = (1 + 0.5 * m) * 4.0 * m / ((4.0 + 0.5) * m + 1)
        forms = []
        for child in np.random.SeedSequence(1).spawn(draws):
            X = np.random.default_rng(child).standard_normal((p, n)) + np.outer(mu, y)
            forms.append(resolvent_bilinear(*np.linalg.eigh(X @ X.T / n), mu, mu, z))
        standard_error = np.std(forms, axis=0) / np.sqrt(draws)
        assert (standard_error < 0.03 * np.abs(limit)).all()
        assert (np.abs(np.mean(forms, axis=0) - limit) < 4 * standard_error).all()

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"z": [0.5, 2.0]}, ValueError, "z must not be an eigenvalue, got 2.0"),
            ({"z": 1 + 0j}, ValueError, "z must not be an eigenvalue, got (1+0j)"),
            ({"eigenvectors": np.eye(3)}, ValueError, "eigenvectors must have shape (2, 2), got (3, 3)"),
            ({"a": [1.0]}, ValueError, "a must have 2 entries (one entry an eigenvalue), got 1"),
            ({"b": [True, False]}, TypeError, "b must hold real numbers, got booleans"),
            ({"z": "1"}, TypeError, "z must hold real or complex numbers, got an array of type <U1"),
        ],
    )
    def test_bad_input(self, changes, error, message):
        good = {"eigenvalues": [1.0, 2.0], "eigenvectors": np.eye(2), "a": [1.0, 1.0], "b": [1.0, 1.0], "z": 0.0}
        with pytest.raises(error) as caught:
            resolvent_bilinear(*{**good, **changes}.values())
        assert str(caught.value) == message
