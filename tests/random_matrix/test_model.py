"""The model: derived quantities and refusals."""

from dataclasses import FrozenInstanceError

import mpmath as mp
import numpy as np
import pytest

from learning_dynamics.random_matrix import MixtureClassification, classification_error

GOOD = {"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01}


def test_figure_2_spike():
    model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
    assert model.spike == pytest.approx(0.5 + 1 + 2.25 + 0.5 / 2.25, rel=1e-15)
    assert round(model.spike, 4) == 3.9722
    assert model.has_spike


@pytest.mark.parametrize("c", [1e-3, 0.5, 1 - 1e-3, 1 - 1e-9, 1.0, 1 + 1e-9, 2.0, 50.0])
def test_edges_are_exact_to_rounding(c):
    low, high = MixtureClassification(**{**GOOD, "c": c}).bulk_edges
    with mp.workdps(40):
        exact = [(1 - mp.sqrt(c)) ** 2, (1 + mp.sqrt(c)) ** 2]
        assert abs(low - exact[0]) <= 1e-15 * exact[0]
        assert abs(high - exact[1]) <= 1e-15 * exact[1]


def test_the_spike_leaves_the_bulk_at_the_threshold():
    at = MixtureClassification(**{**GOOD, "c": 0.25, "mu_norm2": 0.5})
    assert not at.has_spike
    assert at.spike == pytest.approx(at.bulk_edges[1], rel=1e-15)
    assert MixtureClassification(**{**GOOD, "c": 0.25, "mu_norm2": 0.5000001}).has_spike


def test_the_model_is_frozen_and_hashable():
    model = MixtureClassification(**GOOD)
    with pytest.raises(FrozenInstanceError):
        model.c = 1.0
    assert hash(model) == hash(MixtureClassification(**GOOD))


def test_integers_become_floats():
    model = MixtureClassification(mu_norm2=np.int64(4), c=np.float32(0.5), sigma2=0, alpha=1)
    assert [type(value) for value in (model.mu_norm2, model.c, model.sigma2, model.alpha)] == [float] * 4


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (-1.0, ValueError, "got -1.0"),
        (float("nan"), ValueError, "must be finite, got nan"),
        (float("inf"), ValueError, "must be finite, got inf"),
        (True, TypeError, "must be a real number, got True"),
        ("1", TypeError, "must be a real number, got '1'"),
        (1j, TypeError, "must be a real number, got 1j"),
        (None, TypeError, "must be a real number, got None"),
        ([1.0], TypeError, "must be a real number, got [1.0]"),
    ],
)
def test_bad_parameters(name, value, error, message):
    with pytest.raises(error) as caught:
        MixtureClassification(**{**GOOD, name: value})
    assert str(caught.value).startswith(f"{name} must be ")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["mu_norm2", "c", "alpha"])
def test_zero_is_refused(name):
    with pytest.raises(ValueError, match=rf"^{name} must be (> 0|>= 1e-\d+) and <= 1e\+100, got 0.0$"):
        MixtureClassification(**{**GOOD, name: 0.0})


def test_parameters_are_keyword_only():
    with pytest.raises(TypeError):
        MixtureClassification(4.0, 0.5, 0.1, 0.01)


def test_classification_error():
    np.testing.assert_allclose(
        classification_error([0.0, 1.0, -1.0, 6.0], [1.0, 1.0, 4.0, 4.0]),
        [0.5, 0.15865525393145707, 0.6914624612740131, 0.0013498980316300933],
        rtol=1e-14,
    )
    np.testing.assert_array_equal(classification_error([0.0, 1.0, -1.0], 0.0), [0.5, 0.0, 1.0])


def test_classification_error_refuses_a_negative_variance():
    with pytest.raises(ValueError, match="^margin_variance must be >= 0, got -0.1$"):
        classification_error(1.0, [1.0, -0.1])
