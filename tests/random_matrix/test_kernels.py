"""Each compiled loop against its plain twin, over awkward sizes."""

import numpy as np
import pytest

from learning_dynamics.random_matrix.kernels import eigenmodes, miscounts, resolvents
from learning_dynamics.random_matrix.mathematics import spectral_filters as filters
from tests.random_matrix import twins

SIZES = (1, 2, 3, 7, 8, 9, 15, 17, 31, 33, 63, 65, 127)
COUNTS = (1, 5, 8, 13)


def agree(got, expected, tolerance):
    scale = np.abs(expected) + 1e-300
    assert np.max(np.abs(got - expected) / scale) < tolerance


def test_decay_is_exact_to_two_units_in_the_last_place():
    z = -np.concatenate(([0.0], np.logspace(-300, np.log10(700), 20001), np.log(2) * np.arange(0.5, 1000, 0.5)))
    z = z[z >= -700]
    got = np.array([eigenmodes.decay(value) for value in z]).T
    for ours, plain in zip(got, twins.decay(z)):
        agree(ours, plain, 5e-16)


def test_decay_far_below_the_range():
    assert eigenmodes.decay(-1e300) == eigenmodes.decay(-700.0)
    assert eigenmodes.decay(-1e300)[0] < 1e-303
    assert eigenmodes.decay(-1e300)[1] == 1.0
    assert eigenmodes.decay(0.0) == (1.0, 0.0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_spectral_sums(size, count):
    rng = np.random.default_rng(size * 100 + count)
    x, p, nu = rng.uniform(0.1, 4, size), rng.dirichlet(np.ones(size)), rng.random(size)
    rates = rng.uniform(0.1, 4, size)
    exponents = 10 ** rng.uniform(-2, 1, count)
    got = eigenmodes.spectral_sums(x, rates, p, p / x, nu, 0.3, exponents)
    assert got.shape == (4, count)
    agree(got, twins.spectral_sums(x, rates, p, p / x, nu, 0.3, exponents), 1e-13)


def test_spectral_sums_of_one_node_have_no_spread():
    one = np.ones(1)
    sums = eigenmodes.spectral_sums(one, one, one, one, one, 0.0, np.array([0.1, 3.0]))
    assert (sums[3] == 0).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_descent_modes(size, count):
    rng = np.random.default_rng(size * 100 + count)
    eigenvalues, rates = rng.uniform(1e-3, 4, size), rng.uniform(0, 3, size)
    alternates = rng.integers(0, 2, size).astype(float)
    t = rng.integers(0, 9, count).astype(float)
    start, pull = rng.standard_normal((2, size))
    got = eigenmodes.descent_modes(eigenvalues, rates, alternates, t, start, pull)
    expected = twins.descent_modes(eigenvalues, rates, alternates, t, start, pull)
    assert got.shape == (count, size)
    assert np.max(np.abs(got - expected) / (np.abs(start) + np.abs(expected - start))) < 2e-15


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_error_shares(size, count):
    rng = np.random.default_rng(size * 100 + count)
    margins = rng.integers(-2, 3, (count, size)).astype(float)
    labels = rng.choice([-1.0, 1.0], size)
    np.testing.assert_allclose(miscounts.error_shares(margins, labels), twins.error_shares(margins, labels), rtol=1e-15)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_resolvent_sums(size, count):
    rng = np.random.default_rng(size * 100 + count)
    eigenvalues, products = rng.uniform(0, 4, size), rng.random(size)
    z = rng.uniform(-2, -1, count) + 1j * rng.standard_normal(count)
    agree(resolvents.resolvent_sums(eigenvalues, products, z), twins.resolvent_sums(eigenvalues, products, z), 1e-14)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.97])
def test_two_step_recurrence(size, momentum):
    pulls = np.random.default_rng(size).uniform(0, 2 * (1 + momentum), size)
    t = np.array([0.0, 1.0, 2.0, 7.0, 7.0, 300.0])
    for first, push in ((1.0, 0.0), (0.0, 0.3)):
        got = filters.stepped(pulls, momentum, first, push, t)
        expected = twins.two_step_recurrence(pulls, momentum, first, push, t)
        assert got.shape == (6, size)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
