"""Training on parts of a pool, and the theory with the pool's own projections."""

from math import sqrt

import numpy as np
import pytest
import scipy.stats
from scipy.special import ndtri

from learning_dynamics.random_matrix import (
    MixtureClassification,
    WhitenedMixture,
    combined_error,
    count_errors,
    descent_weights,
    generalization_error,
    noise_fit,
    projected_errors,
    replicate_test,
    simulate_pool,
    statistics,
    surrogate,
    training_error,
    whiten,
)
from learning_dynamics.random_matrix.simulation import krylov as krylov_module
from learning_dynamics.random_matrix.simulation import training_on_digits as pool_module
from learning_dynamics.random_matrix.simulation.krylov import krylov_weights


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
    train, rest = pool_module.balanced_split(labels, 4, np.random.default_rng(0))
    for label, some, others in zip((-1, 1), train, rest):
        assert some.size == 4
        assert (labels[some] == label).all() and (labels[others] == label).all()
    assert sorted(np.concatenate([*train, *rest])) == list(range(15))


def test_errors_by_hand():
    z = np.array([[0.0], [2.0], [-1.0], [-3.0]])
    mixture = WhitenedMixture(z=z, labels=np.array([-1.0, -1, 1, 1]), mu=np.array([1.0]))
    margins = [pool_module._margins(mixture, np.array([[1.0]]), np.array(part)) for part in ([0, 1], [2, 3])]
    assert [of.tolist() for of in margins] == [[[1.0, -1.0]], [[0.0, -2.0]]]
    assert pool_module.miss_shares(margins).tolist() == [0.625]
    assert pool_module._counts(margins).tolist() == [[1], [2]]


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
    first, second = (simulate_pool(mixture, model=model, t=[3, 30], runs=5, seed=7, workers=workers) for workers in (1, 3))
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
    with_start, without = (statistics(MixtureClassification(sigma2=s, **other), t / 2, dynamics=dynamics).V for s in (1.0, 0.0))
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
    with pytest.raises(ValueError, match="^model must have the mu_norm2 of the mixture, 0.01[0-9]*, got 2.0$"):
        projected_errors(normal_pool(0.01), model, t)
    with pytest.raises(ValueError, match="^model must leave a variance >= 0 beside the projections, got -"):
        projected_errors(normal_pool(2.0), model, t, training_points=7900)


def test_descent_weights_are_what_the_pool_uses():
    """One run by hand, from the same stream of random numbers."""
    model = MixtureClassification(mu_norm2=1.0, c=1.0, sigma2=0.5, alpha=0.05)
    mixture = gaussian_mixture(1.0, p=20, per_class=30)
    rng = np.random.default_rng(np.random.SeedSequence(9).spawn(1)[0])
    w0 = sqrt(0.5 / 20) * rng.standard_normal(20)
    train, rest = pool_module.balanced_split(mixture.labels, 10, rng)
    train, rest = np.concatenate(train), np.concatenate(rest)
    X = mixture.points(train).T
    weights = descent_weights(X, mixture.labels[train], w0, alpha=0.05, t=[7], method="stepped")
    missed = mixture.labels[rest] * (weights @ mixture.points(rest).T) < 0
    expected = np.mean([missed[0, mixture.labels[rest] == a].mean() for a in (-1, 1)])
    result = simulate_pool(mixture, model=model, t=[7], runs=1, seed=9)
    assert result.generalization_error[0] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("p", "n"), [(1, 4), (7, 12), (30, 30), (40, 16), (33, 70)])
@pytest.mark.parametrize("dynamics", ["gd", "flow"])
def test_krylov_weights_against_all_eigenvectors(p, n, dynamics):
    rng = np.random.default_rng(p)
    points, y, w0 = rng.standard_normal((n, p)) + 1, np.sign(rng.standard_normal(n)), rng.standard_normal(p)
    options = {"alpha": 0.9 / np.linalg.norm(points, 2) ** 2 * n, "t": np.array([0.0, 1, 2, 30, 3000, 17]), "dynamics": dynamics}
    expected = descent_weights(points.T, y, w0, **options)
    np.testing.assert_allclose(krylov_weights(points, y, w0, **options), expected, rtol=1e-9, atol=1e-9)


def test_krylov_weights_step_by_step():
    rng = np.random.default_rng(5)
    points, y, w0 = rng.standard_normal((50, 50)), np.sign(rng.standard_normal(50)), rng.standard_normal(50)
    options = {"alpha": 0.2, "t": np.array([1.0, 10, 200]), "dynamics": "gd"}
    expected = descent_weights(points.T, y, w0, method="stepped", **options)
    np.testing.assert_allclose(krylov_weights(points, y, w0, **options), expected, rtol=1e-10, atol=1e-10)


def test_krylov_weights_at_the_minimum_stay():
    points, w0 = np.eye(3), np.array([1.0, -1, 1])
    np.testing.assert_array_equal(krylov_weights(points, w0, w0, alpha=0.1, t=np.array([0.0, 5]), dynamics="gd"), [w0, w0])


def test_krylov_weights_fall_back_to_all_eigenvectors(monkeypatch):
    monkeypatch.setattr(krylov_module, "LARGEST_SPACE", 3)
    rng = np.random.default_rng(5)
    points, y, w0 = rng.standard_normal((40, 30)), np.sign(rng.standard_normal(40)), rng.standard_normal(30)
    options = {"alpha": 0.2, "t": np.array([1.0, 100]), "dynamics": "gd"}
    np.testing.assert_allclose(krylov_weights(points, y, w0, **options), descent_weights(points.T, y, w0, **options), rtol=1e-12)


class TestCounts:
    MODEL = MixtureClassification(mu_norm2=1.0, c=1.0, sigma2=0.1, alpha=0.02)

    def test_training_counts_are_the_errors_of_the_simulation(self):
        pool = gaussian_mixture(1.0, p=20, per_class=60)
        counts, simulated = (run(pool, model=self.MODEL, t=[3, 30], runs=6, seed=7) for run in (count_errors, simulate_pool))
        assert counts.points == 10 and counts.training.shape == counts.generalization.shape == (6, 2, 2)
        np.testing.assert_allclose(counts.training.sum(axis=1) / 20, simulated.training_runs, atol=1e-15)

    def test_fresh_points_are_a_sample_of_all_others(self):
        pool = gaussian_mixture(1.0, p=20, per_class=60)
        counts, every = (run(pool, model=self.MODEL, t=[3, 30], runs=60, seed=7) for run in (count_errors, simulate_pool))
        difference = counts.generalization.sum(axis=1) / 20 - every.generalization_runs
        assert (abs(difference.mean(axis=0)) < 4 * difference.std(axis=0, ddof=1) / np.sqrt(60)).all()
        assert difference.std() > 0.02

    def test_too_few_points(self):
        with pytest.raises(ValueError, match="half the number of training points must be .*<= 18, got 20"):
            count_errors(gaussian_mixture(1.0, p=20, per_class=19), model=self.MODEL, t=1, runs=1, seed=0)


class TestReplicates:
    REPLICATES = np.random.default_rng(3).standard_normal((12, 1)) * 2 + 5

    def test_at_one_place_it_is_the_t_test(self):
        values = self.REPLICATES[:, 0]
        for far in (0.5, 2.0, 3.5):
            statistic = far / np.sqrt(1 + 1 / 12)
            exact = 2 * scipy.stats.t.sf(statistic, df=11)
            curve = [values.mean() + far * values.std(ddof=1)]
            found = replicate_test(curve, self.REPLICATES, draws=40000, seed=1)
            assert abs(found - exact) < 4 * np.sqrt(exact / 40000) + 1e-4

    def test_false_alarms(self):
        """Fresh curves from the same law are found unlikely as often as the probability says, at the level of one in ten."""
        rng = np.random.default_rng(8)
        alarms = 0
        for _ in range(400):
            walks = rng.standard_normal((13, 30)).cumsum(axis=1)
            alarms += replicate_test(walks[0], walks[1:], draws=400, seed=int(rng.integers(1000))) < 0.1
        assert abs(alarms / 400 - 0.1) < 4 * np.sqrt(0.09 / 400)

    def test_refused(self):
        with pytest.raises(ValueError, match=r"^replicates must have shape \(4 or more, 1\), got \(3, 1\)$"):
            replicate_test([0.0], self.REPLICATES[:3], draws=9, seed=0)
        with pytest.raises(ValueError, match="^replicates must differ at every place, got equal ones at place 1$"):
            replicate_test([0.0, 0.0], np.c_[self.REPLICATES, np.ones(12)], draws=9, seed=0)

    def test_combined_errors(self):
        error, worth = combined_error([3.0, 4.0], [41, 5])
        assert error == 5.0 and worth == 1 + int(5**4 / (3**4 / 40 + 4**4 / 4))
        assert combined_error([2.0, 0.0], [7, 3]) == (2.0, 7)
        assert combined_error([1.0, 1.0, 1.0], [9, 9, 9]) == (pytest.approx(3**0.5), 25)
        with pytest.raises(ValueError, match="^errors must have one entry for each of the 2 draws, not all 0, got "):
            combined_error([0.0, 0.0], [2, 2])
        with pytest.raises(ValueError, match="^draws must be >= 2, got 1$"):
            combined_error([1.0], [1])
