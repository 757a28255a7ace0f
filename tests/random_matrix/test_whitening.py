"""Whitening and look-alikes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_dynamics.random_matrix.mathematics import whitening as w


def correlated_pool(seed=0, sizes=(90, 70), p=12):
    rng = np.random.default_rng(seed)
    points = [rng.exponential(size=(n, p)) @ rng.standard_normal((p, p)) + k for k, n in enumerate(sizes)]
    labels = np.repeat([-1.0, 1.0], sizes)
    order = rng.permutation(sum(sizes))
    return np.concatenate(points)[order], labels[order]


def assert_white(mixture, tolerance=1e-9):
    for a in (-1, 1):
        z = mixture.z[mixture.labels == a]
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=tolerance)
        np.testing.assert_allclose(z.T @ z / len(z), np.eye(z.shape[1]), atol=tolerance)


@given(st.integers(0, 10**6), st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_whitened_classes_have_mean_0_and_the_identity_as_covariance(seed, scale):
    points, labels = correlated_pool(seed)
    mixture = w.whiten(points, labels, scale=scale)
    assert_white(mixture)
    gap = points[labels == 1].mean(axis=0) - points[labels == -1].mean(axis=0)
    np.testing.assert_allclose(mixture.mu, scale * gap / 2, rtol=1e-12)


def test_whitening_is_the_symmetric_root():
    """Plain form: C^(-1/2) by the eigenvectors of numpy, class by class."""
    points, labels = correlated_pool()
    mixture = w.whiten(points, labels)
    for a in (-1, 1):
        x = points[labels == a]
        values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        np.testing.assert_allclose(mixture.z[labels == a], (x - x.mean(axis=0)) @ root, rtol=1e-8, atol=1e-10)


def test_whitening_leaves_its_input_alone():
    points, labels = correlated_pool()
    before = points.copy()
    w.whiten(points, labels)
    np.testing.assert_array_equal(points, before)


def test_points_margins_and_projections():
    mixture = w.whiten(*correlated_pool())
    index = np.arange(len(mixture.labels))
    points = mixture.points(index)
    np.testing.assert_allclose(points, mixture.z + mixture.labels[:, None] * mixture.mu)
    weights = np.random.default_rng(1).standard_normal((3, 12))
    np.testing.assert_allclose(mixture.margins(weights), mixture.labels * (weights @ points.T), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mixture.projections, mixture.z @ mixture.mu / np.linalg.norm(mixture.mu))
    assert mixture.mu_norm2 == pytest.approx(np.linalg.norm(mixture.mu) ** 2)


@pytest.mark.parametrize("kind", w.SURROGATES)
def test_surrogates(kind):
    mixture = w.whiten(*correlated_pool())
    made = w.surrogate(mixture, kind, seed=3)
    assert made.z.shape == mixture.z.shape
    np.testing.assert_array_equal(made.mu, mixture.mu)
    np.testing.assert_array_equal(made.z, w.surrogate(mixture, kind, seed=3).z)
    assert not np.array_equal(made.z, w.surrogate(mixture, kind, seed=4).z)
    if kind != "gaussian":
        assert_white(made)


def test_own_projections_are_kept():
    mixture = w.whiten(*correlated_pool())
    made = w.surrogate(mixture, "own projections", seed=3)
    np.testing.assert_allclose(made.projections, mixture.projections, atol=1e-12)


def test_gaussian_projections_keep_the_rest():
    mixture = w.whiten(*correlated_pool())
    made = w.surrogate(mixture, "gaussian projections", seed=3)
    across = np.eye(12) - np.outer(mixture.mu, mixture.mu) / mixture.mu_norm2
    np.testing.assert_allclose(made.z @ across, mixture.z @ across, atol=1e-12)
    assert abs(np.corrcoef(made.projections, mixture.projections)[0, 1]) < 0.3


def test_permuted_keeps_the_values_up_to_whitening():
    mixture = w.whiten(*correlated_pool(sizes=(4000, 4000), p=3))
    made = w.surrogate(mixture, "permuted", seed=3)
    first = mixture.labels == -1
    np.testing.assert_allclose(np.sort(made.z[first, 0]), np.sort(mixture.z[first, 0]), atol=0.5)


def test_own_norms_are_kept_up_to_whitening():
    mixture = w.whiten(*correlated_pool(sizes=(4000, 4000), p=3))
    made = w.surrogate(mixture, "own norms", seed=3)
    norms = [np.linalg.norm(m.z, axis=1) for m in (mixture, made)]
    assert np.corrcoef(*norms)[0, 1] > 0.99


def test_add_noise():
    clean = np.zeros((300, 300))
    noisy = w.add_noise(clean, power=0.25, seed=1)
    assert noisy.var() == pytest.approx(0.25, rel=0.05)
    np.testing.assert_array_equal(noisy, w.add_noise(clean, power=0.25, seed=1))
    np.testing.assert_array_equal(w.add_noise(clean, power=0, seed=1), clean)


POINTS, LABELS = correlated_pool()
WHITE = w.whiten(POINTS, LABELS)
REFUSED = [
    (lambda: w.whiten(POINTS, LABELS[1:]), ValueError, "labels must have one entry a point, got 159 for 160 points"),
    (lambda: w.whiten(POINTS, np.where(LABELS < 0, 0.0, 1.0)), ValueError, "labels must be -1 or [+]1, got 0"),
    (lambda: w.whiten(POINTS, np.ones(160)), ValueError, "labels must hold both -1 and [+]1, got no -1"),
    (lambda: w.whiten(POINTS, LABELS, scale=0), ValueError, "scale must be > 0"),
    (lambda: w.whiten(POINTS[0], LABELS), ValueError, "points must have 2 dimensions"),
    (lambda: w.whiten(np.ones((160, 2)), LABELS), ValueError, "points must have different means"),
    (lambda: w.whiten(np.c_[POINTS, POINTS[:, :1]], LABELS), ValueError, "points must have a regular covariance .*label -1"),
    (lambda: w.whiten(POINTS * np.nan, LABELS), ValueError, "points must be finite"),
    (lambda: w.surrogate(WHITE, "real", seed=1), ValueError, "kind must be 'gaussian' or"),
    (lambda: w.surrogate(WHITE, "gaussian", seed=-1), ValueError, "seed must be >= 0, got -1"),
    (lambda: w.add_noise(POINTS, power=-1, seed=1), ValueError, "power must be >= 0, got -1.0"),
    (lambda: w.add_noise(POINTS, power=True, seed=1), TypeError, "power must be a real number, got True"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refused(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
