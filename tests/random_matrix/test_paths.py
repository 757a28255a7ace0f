"""The paths of supplement A.2: a third route to the theorems, and its parts against (11) and (12)."""

from math import sqrt

import mpmath as mp
import numpy as np
import pytest

from learning_dynamics.random_matrix import (
    MixtureClassification,
    contour_parts,
    contours,
    deterministic_equivalents,
    signal_atom,
    signal_density,
    signal_parts,
    start_kept,
    statistics,
)
from learning_dynamics.random_matrix.theory import paper_contours as paths

FIELDS = ("E", "V", "E_train", "V_train")
TIMES = [0.0, 1e-3, 1.0, 10.0, 100.0]


def model(**changes):
    return MixtureClassification(**{"mu_norm2": 2.25, "c": 0.5, "sigma2": 0.1, "alpha": 1.0, **changes})


@pytest.mark.parametrize("c", [1e-3, 0.3, 1 - 1e-3, 1.0, 1.1, 2.0, 50.0])
@pytest.mark.parametrize("height", [1e-3, 0.1, 2.0])
def test_three_routes(c, height):
    for mu_norm2 in (1e-2, 0.99 * sqrt(c), sqrt(c), 1.01 * sqrt(c), 1e2):
        one = model(mu_norm2=mu_norm2, c=c)
        parts, spectral = contour_parts(one, TIMES, height=height), statistics(one, TIMES)
        ellipse = statistics(one, TIMES, method="contour")
        for name in FIELDS:
            total = getattr(parts, name).sum(axis=0)
            np.testing.assert_allclose(total, getattr(spectral, name), rtol=2e-9, atol=1e-290)
            np.testing.assert_allclose(total, getattr(ellipse, name), rtol=2e-9, atol=1e-290)


@pytest.mark.parametrize("c", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("mu_norm2", [0.2, 1.1, 4.0])
def test_parts_are_the_residue_11_and_the_integral_12(c, mu_norm2):
    one = model(c=c, mu_norm2=mu_norm2)
    parts = contour_parts(one, TIMES)
    spike, bulk = signal_parts(one, TIMES)
    scale = np.maximum(spike + bulk, 1e-300)
    np.testing.assert_allclose(parts.E[0] / scale, bulk / scale, atol=1e-9)
    np.testing.assert_allclose(parts.E[1] / scale, spike / scale, atol=1e-9)
    for name in ("E", "E_train", "V_train"):
        np.testing.assert_array_less(np.abs(getattr(parts, name)[2]), 1e-12)
    np.testing.assert_allclose(parts.E_train[1] * mu_norm2 / (mu_norm2 + c) / scale, spike / scale, atol=1e-9)
    assert (parts.V[2] > 0.0999 * (1 - 1 / c)).all() if c > 1 else (parts.V[2] == 0).all()


@pytest.mark.parametrize(("c", "mu_norm2"), [(0.5, 2.25), (1.0, 1.0), (2.0, 1.0), (0.5, sqrt(0.5) * (1 + 1e-6))])
def test_signal_parts_against_thirty_digits(c, mu_norm2):
    one = model(c=c, mu_norm2=mu_norm2)
    spike, bulk = signal_parts(one, TIMES)
    with mp.workdps(30):
        root, theta = mp.sqrt(mp.mpf(c)), mp.mpf(mu_norm2)
        low, high, pole = (1 - root) ** 2, (1 + root) ** 2, (1 + theta) * (theta + mp.mpf(c)) / theta
        for k, t in enumerate(TIMES[1:], 1):

            def integrand(angle, t=mp.mpf(t)):  # noqa: B008  (the time of this round)
                x = low + (high - low) * mp.sin(angle / 2) ** 2
                learnt = t if x == 0 else -mp.expm1(-t * x) / x
                to_pole = (theta - root) ** 2 / theta + (high - low) * mp.cos(angle / 2) ** 2
                return learnt * ((high - low) * mp.sin(angle) / 2) ** 2 / (2 * mp.pi * to_pole) if to_pole else mp.mpf(0)

            ends = [0] + [mp.pi * mp.mpf(2) ** -j for j in range(5, 0, -1)]
            ends += [mp.pi - end for end in reversed(ends[:-1])]
            assert bulk[k] == pytest.approx(float(mp.quad(integrand, ends)), rel=1e-11)
            atom = max((theta**2 - mp.mpf(c)) / theta, 0)
            assert spike[k] == pytest.approx(float(-atom * mp.expm1(-t * pole) / pole), rel=1e-13)


@pytest.mark.parametrize("c", [1e-3, 0.5, 1.0, 1 + 1e-3, 50.0])
def test_the_two_parts_add_up_to_E(c):
    for mu_norm2 in (1e-2, sqrt(c) * (1 - 1e-6), sqrt(c), sqrt(c) * (1 + 1e-6), 1e2):
        one = model(c=c, mu_norm2=mu_norm2)
        for t in (TIMES, 1e5):
            np.testing.assert_allclose(sum(signal_parts(one, t)), statistics(one, t).E, rtol=1e-12)


def test_the_jump_across_the_bulk_is_the_density():
    one = model()
    x = np.linspace(*one.bulk_edges, 41)[1:-1]
    jump = deterministic_equivalents(one, x + 1e-12j).mu_pull.imag / np.pi
    np.testing.assert_allclose(jump, signal_density(one, x), rtol=1e-9)
    assert signal_density(one, [0.0, 3.9722, 9.0]).tolist() == [0, 0, 0]
    assert signal_density(one, 1.0).shape == ()


@pytest.mark.parametrize("c", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("mu_norm2", [0.3, 1.0, 4.0])
def test_masses(c, mu_norm2):
    """1 - f ~ alpha t x for small t turns E into alpha t times the mass, which is |mu|^2."""
    one = model(c=c, mu_norm2=mu_norm2)
    spike, bulk = signal_parts(one, 1e-9)
    assert (spike + bulk) / 1e-9 == pytest.approx(mu_norm2, rel=1e-7)
    assert spike / 1e-9 == pytest.approx(signal_atom(one), rel=1e-7)


class TestPaths:
    def winding(self, path, point):
        turns = np.angle((path[1:] - point) / (path[:-1] - point)).sum() / (2 * np.pi)
        return round(turns)

    @pytest.mark.parametrize("c", [0.3, 1.0, 2.0, 50.0])
    @pytest.mark.parametrize("excess", [0.5, 1.01, 4.0])
    @pytest.mark.parametrize("exponent", [0.0, 1e4])
    def test_each_goes_once_around_its_piece_and_no_other(self, c, excess, exponent):
        one = model(c=c, mu_norm2=excess * sqrt(c))
        around = contours(one, exponent=exponent)
        low, high = one.bulk_edges
        pieces = {"bulk": np.linspace(low, high, 9), "spike": [one.spike], "zero": [0.0]}
        there = {"bulk": True, "spike": one.has_spike, "zero": c > 1}
        for name, exists in there.items():
            path = getattr(around, name)
            assert bool(path.size) == exists
            for piece, points in pieces.items():
                if exists and there[piece]:
                    closed = np.append(path, path[0])
                    assert {self.winding(closed, point) for point in points} == {int(piece == name)}

    def test_height(self):
        corners = contours(model(), height=0.25).bulk
        assert corners.shape == (5,) and corners[0] == corners[-1]
        assert (np.abs(corners.imag) == 0.25).all()

    def test_pieces_too_close_are_refused(self):
        with pytest.raises(ValueError, match=r"^model must keep the bulk and the isolated eigenvalue further apart than"):
            contours(model(mu_norm2=sqrt(0.5) * (1 + 1e-5)))
        with pytest.raises(ValueError, match=r"^model must keep the bulk and the point 0 further apart than 4.0e-06, got 2"):
            contour_parts(model(c=1 + 1e-3), 1.0)

    def test_bad_input(self):
        with pytest.raises(ValueError, match="^height must be > 0, got 0.0$"):
            contours(model(), height=0)
        with pytest.raises(ValueError, match="^exponent must be >= 0, got -1.0$"):
            contours(model(), exponent=-1)
        with pytest.raises(ValueError, match="^t must be >= 0, got -1.0$"):
            contour_parts(model(), -1)
        with pytest.raises(ValueError, match="^t must have alpha \\* t <= 1e\\+12"):
            signal_parts(model(), 1e13)


class TestRefusals:
    def test_it_raises_with_the_estimate(self, monkeypatch):
        monkeypatch.setattr(paths, "CIRCLE_NODES", 8)
        with pytest.raises(
            ArithmeticError, match=r"^the paths around the pieces of the spectrum are uncertain by \d\.\de-\d\d at"
        ):
            contour_parts(model(), 3.0)

    def test_it_raises_rather_than_run_for_ever(self, monkeypatch):
        monkeypatch.setattr(paths, "MOST_PANELS", 8)
        with pytest.raises(ArithmeticError, match="^the rectangle around the bulk needs more than 8 panels with height = 0.001$"):
            contour_parts(model(), 3.0, height=1e-3)


def test_shapes():
    parts = contour_parts(model(), [[0.0, 1.0]])
    assert parts.E.shape == (3, 1, 2)
    assert contour_parts(model(), 1.0).V.shape == (3,)


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_a_strong_signal_does_not_undo_the_start(c):
    """As |mu| grows at a fixed time, E/sqrt(V) tends to 1/(sigma sqrt(int f^2 dnu)), not to infinity."""
    one = model(mu_norm2=1e8, c=c, sigma2=1.0)
    moments = statistics(one, 0.5)
    assert moments.E / np.sqrt(moments.V) == pytest.approx(1 / np.sqrt(start_kept(one, 0.5)), rel=1e-6)
    assert moments.E / np.sqrt(moments.V) < 2.5
