"""Ridge penalty, momentum and any other spectral filter: stepping, theory, simulation, refusals."""

from math import sqrt

import numpy as np
import pytest
from scipy.linalg import expm

from learning_dynamics.random_matrix import (
    MixtureClassification,
    SpectralFilter,
    best_error,
    descent_weights,
    filtered_errors,
    filtered_statistics,
    filtered_weights,
    generalization_error,
    heavy_ball,
    least_squares_error,
    ridge_flow,
    ridge_regression,
    simulate,
    simulate_filter,
    statistics,
    training_error,
)

FIELDS = ("E", "V", "E_train", "V_train", "train_variance")
SHAPES = ((5, 12), (12, 12), (13, 5), (1, 4), (4, 1))
MODEL = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, **changes})


def problem(p, n):
    rng = np.random.default_rng(100 * p + n)
    return rng.standard_normal((p, n)), rng.choice([-1.0, 1.0], n), rng.standard_normal(p)


def stepped_heavy_ball(X, y, w0, *, alpha, momentum, penalty, steps):
    before = w = w0
    for _ in range(steps):
        gradient = X @ (X.T @ w - y) / y.size + penalty * w
        before, w = w, w - alpha * gradient + momentum * (w - before)
    return w


class TestWeights:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize(("momentum", "penalty"), [(0.0, 0.0), (0.0, 0.5), (0.5, 0.0), (0.9, 0.2)])
    def test_heavy_ball_against_stepping(self, shape, momentum, penalty):
        X, y, w0 = problem(*shape)
        t = [7, 0, 1, 2, 200]
        knobs = {"alpha": 0.3, "momentum": momentum, "penalty": penalty}
        ours = filtered_weights(X, y, w0, spectral_filter=heavy_ball(**knobs), t=t)
        stepped = [stepped_heavy_ball(X, y, w0, steps=steps, **knobs) for steps in t]
        np.testing.assert_allclose(ours, stepped, atol=1e-12)

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("penalty", [0.0, 0.3])
    def test_ridge_flow_against_the_matrix_exponential(self, shape, penalty):
        X, y, w0 = problem(*shape)
        n = y.size
        generator = np.zeros((w0.size + 1, w0.size + 1))
        generator[:-1, :-1] = -(X @ X.T / n + penalty * np.eye(w0.size))
        generator[:-1, -1] = X @ y / n
        t = [0.0, 3.5, 80.0]
        expected = [(expm(0.1 * time * generator) @ np.append(w0, 1))[:-1] for time in t]
        ours = filtered_weights(X, y, w0, spectral_filter=ridge_flow(alpha=0.1, penalty=penalty), t=t)
        np.testing.assert_allclose(ours, expected, atol=1e-11)

    def test_it_ends_at_ridge_regression(self):
        X, y, w0 = problem(9, 6)
        expected = np.linalg.solve(X @ X.T / 6 + 0.4 * np.eye(9), X @ y / 6)
        for method, t in ((ridge_flow(alpha=0.2, penalty=0.4), 1e3), (heavy_ball(alpha=0.2, momentum=0.7, penalty=0.4), 1000)):
            np.testing.assert_allclose(filtered_weights(X, y, w0, spectral_filter=method, t=t), [expected], atol=1e-12)

    def test_ridge_regression(self):
        X, y, w0 = problem(9, 6)
        expected = [np.linalg.solve(X @ X.T / 6 + penalty * np.eye(9), X @ y / 6) for penalty in (0.1, 3.0)]
        ours = filtered_weights(X, y, w0, spectral_filter=ridge_regression(), t=[0.1, 3.0])
        np.testing.assert_allclose(ours, expected, atol=1e-13)
        with pytest.raises(ValueError, match=r"^t, the penalty of ridge regression, must be > 0, got 0\.0$"):
            filtered_weights(X, y, w0, spectral_filter=ridge_regression(), t=[1.0, 0.0])

    @pytest.mark.parametrize("shape", SHAPES)
    def test_plain_methods_are_those_of_descent_weights(self, shape):
        X, y, w0 = problem(*shape)
        t = [0, 3, 100]
        gd = descent_weights(X, y, w0, alpha=0.2, t=t)
        flow = descent_weights(X, y, w0, alpha=0.2, t=t, dynamics="flow")
        np.testing.assert_allclose(
            filtered_weights(X, y, w0, spectral_filter=heavy_ball(alpha=0.2, momentum=0.0), t=t), gd, atol=1e-12
        )
        np.testing.assert_allclose(
            filtered_weights(X, y, w0, spectral_filter=ridge_flow(alpha=0.2, penalty=0.0), t=t), flow, atol=1e-12
        )

    def test_a_filter_of_ones_own(self):
        X, y, w0 = problem(5, 12)
        first_step = SpectralFilter(start=lambda x, t: 1 - np.outer(t, x), learnt=lambda x, t: np.outer(t, np.ones_like(x)))
        np.testing.assert_allclose(
            filtered_weights(X, y, w0, spectral_filter=first_step, t=0.3), descent_weights(X, y, w0, alpha=0.3, t=1), atol=1e-14
        )


class TestTheory:
    @pytest.mark.parametrize("c", [0.01, 0.5, 1.0, 2.0, 20.0])
    @pytest.mark.parametrize("mu_norm2", [0.1, 1.0, 4.0])
    def test_plain_methods_are_those_of_statistics(self, c, mu_norm2):
        one = model(c=c, mu_norm2=mu_norm2)
        t = [1, 6, 50, 300]
        for dynamics, method in (("flow", ridge_flow(alpha=0.01, penalty=0.0)), ("gd", heavy_ball(alpha=0.01, momentum=0.0))):
            plain, ours = statistics(one, t, dynamics=dynamics), filtered_statistics(one, method, t)
            for name in FIELDS:
                np.testing.assert_allclose(getattr(ours, name), getattr(plain, name), rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize("penalty", [0.05, 1.0])
    def test_ridge_regression_by_the_stieltjes_transform(self, penalty):
        """At the end E and V are m and its derivative at -penalty, as bilinear forms of the resolvent."""
        from learning_dynamics.random_matrix import stieltjes

        one, h = model(c=0.7, mu_norm2=2.0), 1e-5
        level = [1 / ((2.7) * stieltjes(-penalty + step, c=0.7) + 1) for step in (-h, 0.0, h)]
        moments = filtered_statistics(one, ridge_flow(alpha=1.0, penalty=penalty), 1e5)
        assert moments.E == pytest.approx(2.0 / 2.7 * (1 - level[1]), rel=1e-12)
        assert moments.V == pytest.approx(-(level[2] - level[0]) / (2 * h), rel=1e-7)

    def test_a_penalty_is_a_shift_of_the_spectrum(self):
        """Flow with penalty: f is the plain f times exp(-alpha t penalty)."""
        one = model(sigma2=3.0)
        plain = filtered_statistics(one, ridge_flow(alpha=0.01, penalty=0.0), 40)
        none = filtered_statistics(model(sigma2=0.0), ridge_flow(alpha=0.01, penalty=0.0), 40)
        ridge = filtered_statistics(one, ridge_flow(alpha=0.01, penalty=0.5), 40)
        ridge_none = filtered_statistics(model(sigma2=0.0), ridge_flow(alpha=0.01, penalty=0.5), 40)
        assert ridge.V - ridge_none.V == pytest.approx((plain.V - none.V) * np.exp(-2 * 0.4 * 0.5), rel=1e-12)

    def test_a_filter_that_jumps_is_refused(self):
        jump = SpectralFilter(start=lambda x, t: np.ones((len(t), len(x))), learnt=lambda x, t: (x > 1.0) * t[:, None])
        with pytest.raises(ArithmeticError, match=r"^the integrals of the filter are uncertain by \d\.\de-\d\d, more than 1e-09"):
            filtered_statistics(MODEL, jump, 1.0)

    @pytest.mark.parametrize(
        ("method", "t", "message"),
        [
            (heavy_ball(alpha=0.01, momentum=0.5), 1.5, "t must hold integers for this filter, got 1.5"),
            (
                heavy_ball(alpha=1.0, momentum=0.5),
                1,
                "the filter must converge up to the largest eigenvalue 5.625, got one that diverges from 3 on",
            ),
            (ridge_flow(alpha=0.01, penalty=0.0), -1.0, "t must be >= 0, got -1.0"),
        ],
    )
    def test_bad_input(self, method, t, message):
        with pytest.raises(ValueError) as caught:
            filtered_statistics(MODEL, method, t)
        assert str(caught.value) == message


class TestRidge:
    @pytest.mark.parametrize("c", [0.5, 1.0, 3.0])
    def test_the_end_of_the_penalised_flow(self, c):
        one = model(c=c)
        flow = filtered_statistics(one, ridge_flow(alpha=1.0, penalty=0.3), 200.0)
        end = filtered_statistics(one, ridge_regression(), 0.3)
        for name in FIELDS:
            assert getattr(flow, name) == pytest.approx(getattr(end, name), rel=1e-12)

    def test_a_large_penalty_reaches_the_bound(self):
        assert filtered_errors(MODEL, ridge_regression(), 1e6)[0] == pytest.approx(best_error(mu_norm2=4.0, c=0.5), rel=1e-6)

    @pytest.mark.parametrize("c", [0.5, 3.0])
    def test_a_small_penalty_reaches_least_squares(self, c):
        error = filtered_errors(model(c=c), ridge_regression(), 1e-6)[0]
        assert error == pytest.approx(least_squares_error(model(c=c)), rel=1e-4)


class TestSimulation:
    @pytest.mark.parametrize("c", [0.5, 2.0])
    @pytest.mark.parametrize(
        "method",
        [
            ridge_flow(alpha=0.02, penalty=0.5),
            heavy_ball(alpha=0.02, momentum=0.8),
            heavy_ball(alpha=0.02, momentum=0.8, penalty=0.5),
        ],
        ids=["ridge", "momentum", "both"],
    )
    def test_errors_against_theory(self, c, method):
        one = model(c=c, sigma2=0.5)
        t = [5, 30, 200]
        run = simulate_filter(one, spectral_filter=method, p=200, t=t, runs=40, seed=11)
        generalization, training = filtered_errors(one, method, t)
        assert (run.generalization_se < 0.01).all()
        assert (np.abs(run.generalization_error - generalization) < 4 * run.generalization_se + 1 / 200).all()
        assert (np.abs(run.training_error - training) < 4 * run.training_se + 1 / 200).all()
        assert np.abs(generalization - generalization_error(one, t)).max() > 0.01
        assert np.abs(training - training_error(one, t)).max() > 0.01

    def test_the_draws_are_those_of_simulate(self):
        plain = simulate(MODEL, p=32, t=[0, 3, 50], runs=3, seed=5)
        ours = simulate_filter(MODEL, spectral_filter=heavy_ball(alpha=0.01, momentum=0.0), p=32, t=[0, 3, 50], runs=3, seed=5)
        np.testing.assert_allclose(ours.generalization_runs, plain.generalization_runs, rtol=1e-10)
        np.testing.assert_allclose(ours.training_runs, plain.training_runs, atol=1e-12)

    @pytest.mark.parametrize("direction", [np.ones(200), np.linspace(-1, 3, 200)], ids=["ones", "ramp"])
    def test_the_direction_of_the_mean_does_not_matter(self, direction):
        run = simulate(MODEL, p=200, t=[50], runs=40, seed=5, mean_direction=direction)
        limit = generalization_error(MODEL, 50, dynamics="gd")
        assert abs(run.generalization_error[0] - limit) < 4 * run.generalization_se[0] + 0.1 / 200

    def test_a_test_set_of_the_same_direction(self):
        direction = np.arange(1.0, 33)
        exact = simulate(MODEL, p=32, t=[60], runs=6, seed=5, mean_direction=direction)
        counted = simulate(MODEL, p=32, t=[60], runs=6, seed=5, mean_direction=direction, test_size=20000)
        np.testing.assert_allclose(counted.generalization_runs, exact.generalization_runs, atol=5 * sqrt(0.05 / 20000))

    @pytest.mark.parametrize(
        ("direction", "message"),
        [
            (np.zeros(8), "mean_direction must not be 0, got a vector of zeros"),
            ([1.0, 2.0], "mean_direction must have 8 entries (one entry a dimension), got 2"),
        ],
    )
    def test_bad_directions(self, direction, message):
        with pytest.raises(ValueError) as caught:
            simulate(MODEL, p=8, t=[1], runs=1, seed=0, mean_direction=direction)
        assert str(caught.value) == message

    def test_a_filter_that_diverges_is_refused(self):
        with pytest.raises(ValueError, match="^the filter must converge up to the largest eigenvalue"):
            simulate_filter(MODEL, spectral_filter=heavy_ball(alpha=1.0, momentum=0.1), p=16, t=[1], runs=1, seed=0)


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        (ridge_flow, {"alpha": 0.0, "penalty": 1.0}, ValueError, "alpha must be > 0, got 0.0"),
        (ridge_flow, {"alpha": 0.1, "penalty": -1.0}, ValueError, "penalty must be >= 0, got -1.0"),
        (heavy_ball, {"alpha": 0.1, "momentum": 1.0}, ValueError, "momentum must be >= 0 and < 1, got 1.0"),
        (heavy_ball, {"alpha": 0.1, "momentum": True}, TypeError, "momentum must be a real number, got True"),
    ],
)
def test_bad_knobs(make, arguments, error, message):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert str(caught.value) == message
