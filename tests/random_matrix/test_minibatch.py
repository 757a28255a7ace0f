"""Stochastic gradient descent: the Volterra equation against itself written out, against its corners, and against training."""

import numpy as np
import pytest

from learning_dynamics.random_matrix import (
    MixtureClassification,
    classification_error,
    generalization_error,
    largest_noisy_step,
    minibatch_statistics,
    mp_atom,
    mp_density,
    one_pass_statistics,
    simulate_minibatch,
    simulate_one_pass,
    statistics,
)

MODELS = [
    MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.05),
    MixtureClassification(mu_norm2=1.0, c=2.0, sigma2=1.0, alpha=0.1),
    MixtureClassification(mu_norm2=2.25, c=1.0, sigma2=0.0, alpha=0.02),
]
MOMENTS = ("E", "V", "E_train", "V_train", "train_variance")


@pytest.mark.parametrize("model", MODELS)
def test_the_whole_set_is_gradient_descent(model):
    t = [0, 1, 7, 60]
    full, plain = minibatch_statistics(model, t, batch_ratio=1 / model.c, replacement=False), statistics(model, t, dynamics="gd")
    huge = minibatch_statistics(model, t, batch_ratio=1e12)
    for name in MOMENTS:
        np.testing.assert_allclose(getattr(full, name), getattr(plain, name), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(getattr(huge, name), getattr(plain, name), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_equation_written_out(model):
    """The double sum of the docstring, with integrals over the density by the midpoint rule in the angle."""
    steps, ratio = 40, 0.3
    low, high = model.bulk_edges
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    weights = mp_density(x, c=model.c) * (high - low) / 2 * np.sin(angle) * np.pi / 4000
    assert weights.sum() + mp_atom(model.c) == pytest.approx(1, abs=1e-12)
    kernel = [[weights @ (x**power * (1 - model.alpha * x) ** (2 * j)) for j in range(steps)] for power in (1, 2)]
    plain = statistics(model, np.arange(steps + 1), dynamics="gd")
    gamma, noise, margin = model.alpha**2 / ratio, np.zeros(steps + 1), np.zeros(steps + 1)
    for t in range(1, steps + 1):
        psi = 1 - 2 * plain.E_train[:t] + plain.V_train[:t] + margin[:t]
        noise[t] = gamma * sum(psi[s] * kernel[0][t - 1 - s] for s in range(t))
        margin[t] = gamma * sum(psi[s] * kernel[1][t - 1 - s] for s in range(t))
    found = minibatch_statistics(model, np.arange(steps + 1), batch_ratio=ratio)
    np.testing.assert_allclose(found.V, plain.V + noise, rtol=1e-13)
    np.testing.assert_allclose(found.V_train, plain.V_train + margin, rtol=1e-13)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("model", [MODELS[0], MixtureClassification(mu_norm2=1.0, c=2.0, sigma2=0.01, alpha=0.05)])
def test_moments_of_trained_weights(model, replacement):
    """A naive loop, and the four moments themselves."""
    p, steps, batch, runs = 240, 30, 12, 24
    n, rng, found = round(p / model.c), np.random.default_rng(5), []
    labels = np.repeat([-1.0, 1.0], n // 2)
    mean = np.zeros(p)
    mean[0] = model.mu_norm2**0.5
    for _ in range(runs):
        points = labels[:, None] * mean + rng.standard_normal((n, p))
        w = (model.sigma2 / p) ** 0.5 * rng.standard_normal(p)
        for _ in range(steps):
            chosen = rng.choice(n, batch, replace=replacement)
            w = w - model.alpha / batch * points[chosen].T @ (points[chosen] @ w - labels[chosen])
        margins = labels * (points @ w)
        found.append([mean @ w, w @ w, margins.mean(), np.mean(margins**2), margins.var()])
    found = np.array(found)
    theory = minibatch_statistics(model, steps, batch_ratio=batch / p, replacement=replacement)
    for k, name in enumerate(MOMENTS):
        value, error = getattr(theory, name)[0], found[:, k].std(ddof=1) / runs**0.5
        assert abs(found[:, k].mean() - value) < 4 * error, name
    noise = theory.V[0] - statistics(model, steps, dynamics="gd").V
    assert noise > 4 * found[:, 1].std(ddof=1) / runs**0.5  # the test can see the noise


@pytest.mark.parametrize("replacement", [True, False])
def test_generalisation_errors_of_the_experiment(replacement):
    model, p, t = MODELS[0], 200, [0, 5, 20, 100]
    result = simulate_minibatch(model, p=p, t=t, batch=25, runs=20, seed=3, replacement=replacement)
    theory = minibatch_statistics(model, t, batch_ratio=0.125, replacement=replacement)
    errors = classification_error(theory.E, theory.V)
    assert (np.abs(result.generalization_error - errors) < 4 * result.generalization_se).all()
    assert (errors[1:] > generalization_error(model, t, dynamics="gd")[1:] + 0.005).all()


def test_one_pass_over_fresh_points():
    model, p, t = MODELS[0], 200, [0, 3, 20, 100]
    result = simulate_one_pass(model, p=p, t=t, batch=50, runs=20, seed=4)
    theory = one_pass_statistics(model, t, batch_ratio=0.25)
    errors = classification_error(theory.E, theory.V)
    assert (np.abs(result.generalization_error - errors) < 4 * result.generalization_se).all()
    of_the_next_batch = classification_error(theory.E_train, theory.train_variance)
    assert (np.abs(result.training_error - of_the_next_batch) < 4 * result.training_se).all()


def test_one_pass_is_the_limit_of_many_points():
    """With n far above p, batches of the training points are as good as fresh ones."""
    model = MixtureClassification(mu_norm2=2.0, c=1e-6, sigma2=0.5, alpha=0.1)
    t = [0, 1, 10, 60]
    batches, fresh = minibatch_statistics(model, t, batch_ratio=0.5), one_pass_statistics(model, t, batch_ratio=0.5)
    for name in ("E", "V"):
        np.testing.assert_allclose(getattr(batches, name), getattr(fresh, name), rtol=3e-6)


@pytest.mark.parametrize("ratio", [0.01, 0.05])
@pytest.mark.parametrize("model", MODELS)
def test_the_largest_step_parts_bounded_noise_from_growing(model, ratio):
    edge = largest_noisy_step(model, batch_ratio=ratio)
    assert edge < 1 / model.largest_eigenvalue
    ends = []
    for factor in (0.9, 1.1):
        near = MixtureClassification(mu_norm2=model.mu_norm2, c=model.c, sigma2=model.sigma2, alpha=factor * edge)
        late = minibatch_statistics(near, [4000, 8000], batch_ratio=ratio).V_train
        ends.append(late[1] / late[0])
    assert ends[0] < 1.001
    assert ends[1] > 1e6


def test_wrong_input():
    model = MODELS[0]
    with pytest.raises(ValueError, match="batch_ratio must be at most 1/c = 2 without replacement, got 3"):
        minibatch_statistics(model, 1, batch_ratio=3, replacement=False)
    with pytest.raises(ValueError, match="batch must be at most n = 64 without replacement, got 65"):
        simulate_minibatch(model, p=32, t=1, batch=65, runs=1, seed=0, replacement=False)
    with pytest.raises(TypeError, match="replacement"):
        minibatch_statistics(model, 1, batch_ratio=1, replacement="no")
    with pytest.raises(ValueError, match="t must be"):
        one_pass_statistics(model, [2, 1], batch_ratio=1)
    with pytest.raises(ValueError, match="alpha must be < "):
        minibatch_statistics(MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.2), 1, batch_ratio=1)
