"""Training on parts of a pool, and the theory with the pool's own projections."""

from math import sqrt

import numpy as np
import pytest
from scipy.special import ndtri

from learning_dynamics.random_matrix import (
    MixtureClassification,
    WhitenedMixture,
    descent_weights,
    generalization_error,
    noise_fit,
    projected_errors,
    simulate_pool,
    statistics,
    surrogate,
    training_error,
    whiten,
)
from learning_dynamics.random_matrix.simulation import pool as pool_module


def gaussian_mixture(mu_norm2, *, p, per_class, seed=0):
    rng = np.random.default_rng(seed)
    mu = np.zeros(p)
    mu[0] = sqrt(mu_norm2)
    labels = np.repeat([-1.0, 1.0], per_class)
    return WhitenedMixture(z=rng.standard_normal((2 * per_class, p)), labels=labels, mu=mu)


def normal_pool(mu_norm2, number=4001, p=3):
    """A mixture whose projections are the quantiles of the normal law."""
    z = np.zeros((2 * number, p))
    z[:, 0] = np.tile(ndtri((np.arange(number) + 0.5) / number), 2)
    mu = np.zeros(p)
    mu[0] = np.sqrt(mu_norm2)
    return WhitenedMixture(z=z, labels=np.repeat([-1.0, 1.0], number), mu=mu)


def test_split_is_balanced_and_leaves_nothing_out():
    labels = np.repeat([-1.0, 1.0], [9, 6])
    train, rest = pool_module._balanced_split(labels, 4, np.random.default_rng(0))
    assert labels[train].tolist() == [-1] * 4 + [1] * 4
    assert sorted([*train, *rest]) == list(range(15))


def test_errors_by_hand():
    z = np.array([[0.0], [2.0], [-1.0], [-3.0]])
    mixture = WhitenedMixture(z=z, labels=np.array([-1.0, -1, 1, 1]), mu=np.array([1.0]))
    generalization, training = pool_module._pool_errors(mixture, np.array([[1.0]]), np.array([0, 2]), np.array([1, 3]))
    assert generalization.tolist() == [1.0]
    assert training.tolist() == [0.25]


def test_a_gaussian_pool_obeys_the_theorems():
    """The pool is large, so that its own luck is small beside the runs' standard error times four."""
    model = MixtureClassification(mu_norm2=2.0, c=1.0, sigma2=0.1, alpha=0.02)
    t = np.array([5, 50, 200])
    result = simulate_pool(gaussian_mixture(2.0, p=100, per_class=20000), model=model, t=t, runs=60, seed=1)
    expected = generalization_error(model, t, dynamics="gd"), training_error(model, t, dynamics="gd")
    assert (abs(result.generalization_error - expected[0]) < 4 * result.generalization_se + 0.003).all()
    assert (abs(result.training_error - expected[1]) < 4 * result.training_se + 0.003).all()


def test_same_numbers_for_any_number_of_workers():
    model = MixtureClassification(mu_norm2=1.0, c=2.0, sigma2=0.1, alpha=0.02)
    mixture = gaussian_mixture(1.0, p=40, per_class=60)
    first, second = (
        simulate_pool(mixture, model=model, t=[3, 30], runs=5, seed=7, workers=workers) for workers in (1, 3)
    )
    np.testing.assert_array_equal(first.generalization_runs, second.generalization_runs)
    np.testing.assert_array_equal(first.training_runs, second.training_runs)
    assert (first.p, first.n) == (40, 20)


@pytest.mark.parametrize(
    ("c", "per_class", "sentence"),
    [
        (2.0, 5, "half the number of training points must be .*<= 4, got 10"),
        (40 / 21, 60, "c must make p/c an even number of training points, got 21"),
        (0.77, 60, "p must make p/c an integer"),
    ],
)
def test_refuses_a_pool_that_does_not_fit(c, per_class, sentence):
    model = MixtureClassification(mu_norm2=1.0, c=c, sigma2=0.1, alpha=0.02)
    with pytest.raises(ValueError, match=sentence):
        simulate_pool(gaussian_mixture(1.0, p=40, per_class=per_class), model=model, t=[1], runs=1, seed=1)


@pytest.mark.parametrize("dynamics", ["flow", "gd"])
def test_noise_fit_by_the_initialisations_part_of_v(dynamics):
    """V depends on sigma2 through the mean of f_t^2 over nu, and f_t^2 is f at twice the time."""
    other = {"mu_norm2": 2.0, "c": 1.5, "alpha": 0.01}
    t = np.array([0.0, 2.0, 60.0, 400.0])
    with_start, without = (
        statistics(MixtureClassification(sigma2=s, **other), t / 2, dynamics=dynamics).V for s in (1.0, 0.0)
    )
    model = MixtureClassification(sigma2=0.3, **other)
    np.testing.assert_allclose(noise_fit(model, t, dynamics=dynamics), 1.5 * (1 - (with_start - without)), atol=1e-12)


@pytest.mark.parametrize("c", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("mu_norm2", [0.5, 6.5])
def test_normal_projections_give_back_the_theorems(c, mu_norm2):
    model = MixtureClassification(mu_norm2=mu_norm2, c=c, sigma2=0.1, alpha=0.01)
    t = np.array([6.0, 50.0, 300.0])
    errors = projected_errors(normal_pool(mu_norm2), model, t)
    np.testing.assert_allclose(errors[0], generalization_error(model, t), rtol=2e-3)
    np.testing.assert_allclose(errors[1], training_error(model, t), rtol=2e-2, atol=2e-6)


def test_skewed_projections_against_training():
    """Along mu each class has an exponential tail towards the other one, all else is normal; p = n = 300, fresh draws."""
    model = MixtureClassification(mu_norm2=6.5, c=1.0, sigma2=0.1, alpha=0.01)
    t, p, mu = np.array([50.0]), 300, np.sqrt(6.5) * np.eye(300)[0]
    labels = np.repeat([-1.0, 1.0], 400)

    counted = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((800, p))
        z[:, 0] = labels * (1 - rng.exponential(size=800))
        mixture = WhitenedMixture(z=z, labels=labels, mu=mu)
        result = simulate_pool(mixture, model=model, t=t, runs=1, seed=seed)
        counted.append([result.generalization_error[0], result.training_error[0]])
    mean, error = np.mean(counted, axis=0), np.std(counted, axis=0, ddof=1) / np.sqrt(60)

    quantiles = 1 + np.log1p(-(np.arange(4001) + 0.5) / 4001)
    z = np.outer(np.r_[-quantiles, quantiles], mu / np.sqrt(6.5))
    exact = WhitenedMixture(z=z, labels=np.repeat([-1.0, 1.0], 4001), mu=mu)
    predicted = np.ravel(projected_errors(exact, model, t))
    plain = np.ravel([generalization_error(model, t), training_error(model, t)])
    assert (np.abs(mean - predicted) < 4 * error + 0.001).all()
    assert (np.abs(mean - plain) > 8 * error).all()


def test_a_larger_part_of_the_pool_leaves_harder_test_points():
    """An exactly whitened pool minus its training points; measured at two sizes of one pool."""
    t = np.array([400])
    model = MixtureClassification(mu_norm2=3.0, c=1.0, sigma2=0.1, alpha=0.02)
    plain = gaussian_mixture(3.0, p=60, per_class=200, seed=3)
    white = whiten(plain.points(np.arange(400)), plain.labels)
    exact = WhitenedMixture(z=white.z, labels=white.labels, mu=plain.mu)
    result = simulate_pool(surrogate(exact, "gaussian pool", seed=4), model=model, t=t, runs=200, seed=5)
    ignored, _ = projected_errors(exact, model, t)
    counted_in, _ = projected_errors(exact, model, t, training_points=60)
    assert counted_in[0] > ignored[0]
    assert abs(result.generalization_error[0] - counted_in[0]) < abs(result.generalization_error[0] - ignored[0])


def test_projected_errors_refuse():
    model = MixtureClassification(mu_norm2=2.0, c=1.0, sigma2=0.1, alpha=0.01)
    t = np.array([6.0, 50.0])
    with pytest.raises(ValueError, match="training_points must be"):
        projected_errors(normal_pool(2.0), model, t, training_points=8002)
    with pytest.raises(ValueError, match="model must leave a variance >= 0"):
        projected_errors(normal_pool(0.01), model, t)


def test_descent_weights_are_what_the_pool_uses():
    """One run by hand, from the same stream of random numbers."""
    model = MixtureClassification(mu_norm2=1.0, c=1.0, sigma2=0.5, alpha=0.05)
    mixture = gaussian_mixture(1.0, p=20, per_class=30)
    rng = np.random.default_rng(np.random.SeedSequence(9).spawn(1)[0])
    w0 = sqrt(0.5 / 20) * rng.standard_normal(20)
    train, rest = pool_module._balanced_split(mixture.labels, 10, rng)
    X = mixture.points(train).T
    weights = descent_weights(X, mixture.labels[train], w0, alpha=0.05, t=[7], method="stepped")
    missed = mixture.labels[rest] * (weights @ mixture.points(rest).T) < 0
    expected = np.mean([missed[0, mixture.labels[rest] == a].mean() for a in (-1, 1)])
    result = simulate_pool(mixture, model=model, t=[7], runs=1, seed=9)
    assert result.generalization_error[0] == pytest.approx(expected, abs=1e-15)
