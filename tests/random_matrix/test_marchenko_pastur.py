"""Stieltjes transform, density and atom of the Marchenko-Pastur law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from learning_dynamics.random_matrix import MixtureClassification, mp_atom, mp_density, stieltjes

ASPECTS = st.floats(1e-3, 50) | st.sampled_from([1.0, 1 - 1e-3, 1 + 1e-3])
POINTS = st.builds(lambda size, angle: 10**size * np.exp(1j * angle), st.floats(-6, 6), st.floats(1e-3, np.pi - 1e-3))
checked = settings(max_examples=300, deadline=None, derandomize=True)


@checked
@given(POINTS, ASPECTS)
def test_it_solves_its_quadratic_equation(z, c):
    m = stieltjes(z, c=c)
    parts = [c * z * m**2, -(1 - c - z) * m, 1]
    assert abs(sum(parts)) <= 1e-14 * max(map(abs, parts))


@checked
@given(POINTS, ASPECTS)
def test_the_branch_is_the_right_one(z, c):
    m = stieltjes(z, c=c)
    assert m.imag > 0
    assert stieltjes(z.conjugate(), c=c) == m.conjugate()
    assert abs(m) <= (1 + 1e-14) / z.imag


@checked
@given(POINTS, ASPECTS)
def test_transposing_the_data_exchanges_c_and_its_inverse(z, c):
    companion = c * stieltjes(z, c=c) - (1 - c) / z
    other = stieltjes(z / c, c=1 / c) / c
    assert abs(companion - other) <= 1e-12 * (abs(other) + abs((1 - c) / z))


@checked
@given(st.floats(1e-3, 50), st.floats(1e-6, 1e6))
def test_real_points_outside_give_real_values_of_the_right_sign(c, distance):
    high = (1 + c**0.5) ** 2
    right, left = stieltjes(high * (1 + 1e-12) + distance, c=c), stieltjes(-distance, c=c)
    assert isinstance(right, float)
    assert isinstance(left, float)
    assert right < 0 < left
    assert 1 / (high + distance) * 0.999999 <= -right <= 1 / distance
    assert 1 / (high + distance) <= left * (1 + 1e-14)
    assert left <= (1 + 1e-14) / distance


@pytest.mark.parametrize("c", [0.2, 1.0, 3.0])
def test_real_values_are_the_limit_of_complex_ones(c):
    for z in (-2.0, (1 + c**0.5) ** 2 + 1.0):
        assert stieltjes(z + 1e-14j, c=c) == pytest.approx(stieltjes(z, c=c), rel=1e-12)


@pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("z", [-0.7 + 0j, 1.0 + 0.3j, 9.0 - 2.0j])
def test_it_is_the_integral_over_the_law(c, z):
    def part(take):
        def integrand(angle):
            x = 1 + c + 2 * c**0.5 * np.cos(angle)
            return take(mp_density(x, c=c) / (x - z)) * 2 * c**0.5 * np.sin(angle)

        return quad(integrand, 0, np.pi, epsabs=1e-11)[0]

    assert part(np.real) + 1j * part(np.imag) - mp_atom(c) / z == pytest.approx(stieltjes(z, c=c), abs=1e-9)


@pytest.mark.parametrize("c", [1e-3, 0.5, 1 - 1e-3, 1.0, 1 + 1e-3, 2.0, 50.0])
def test_the_total_mass_is_one(c):
    def integrand(angle):
        x = 1 + c + 2 * c**0.5 * np.cos(angle)
        return mp_density(x, c=c) * 2 * c**0.5 * np.sin(angle)

    mass = quad(integrand, 0, np.pi, points=[np.pi - 0.01], epsabs=1e-12, limit=400)[0]
    assert mass + mp_atom(c) == pytest.approx(1, abs=1e-9)


def test_far_away_it_is_minus_one_over_z():
    z = np.array([1e8, -1e8, 1e150, 1e8j])
    np.testing.assert_allclose(stieltjes(z, c=0.3), -1 / z, rtol=2e-8)


def test_known_values():
    assert stieltjes(0.0, c=0.5) == 2.0
    assert stieltjes(0, c=0.0625) == pytest.approx(1 / 0.9375, rel=1e-15)
    assert mp_atom(4.0) == 0.75
    assert mp_atom(0.5) == 0.0
    assert mp_density(1.0, c=1.0) == pytest.approx(3**0.5 / (2 * np.pi), rel=1e-15)
    np.testing.assert_array_equal(mp_density([-1.0, 0.0, 5.0], c=0.25), [0.0, 0.0, 0.0])
    assert mp_density(0.0, c=1.0) == np.inf


@pytest.mark.parametrize(
    ("z", "c"), [(0.5, 0.5), (0.0, 1.0), (0.0, 2.0), (0j, 2.0), ([9.0, 1.0 + 0j], 1.0), (4.0, 1.0), (0.25, 0.25)]
)
def test_points_on_the_support_are_refused(z, c):
    with pytest.raises(ValueError, match="^z must lie off the support"):
        stieltjes(z, c=c)


@pytest.mark.parametrize("function", [lambda c: stieltjes(-1.0, c=c), lambda c: mp_density(1.0, c=c), mp_atom])
@pytest.mark.parametrize("c", [0.0, -1.0])
def test_a_bad_aspect_ratio_is_refused(function, c):
    with pytest.raises(ValueError, match=f"^c must be > 0, got {c}$"):
        function(c)


def test_bad_points_are_refused():
    with pytest.raises(TypeError, match="^z must hold real or complex numbers, got booleans$"):
        stieltjes([True], c=1.0)
    with pytest.raises(ValueError, match="^z must be finite, got nan$"):
        stieltjes(float("nan"), c=1.0)
    with pytest.raises(TypeError, match="^x must hold real numbers, got an array of type complex128$"):
        mp_density(1j, c=1.0)


@pytest.mark.parametrize("c", [0.01, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("excess", [1e-3, 0.2, 5.0])
def test_the_spike_is_the_pole_of_the_theorems(c, excess):
    """(mu2 + c) m(l) + 1 vanishes at l_s above the threshold, and keeps its sign on the other sides of the bulk below it."""
    strong = MixtureClassification(mu_norm2=np.sqrt(c) * (1 + excess), c=c, sigma2=0.0, alpha=1.0)
    assert strong.has_spike
    assert (strong.mu_norm2 + c) * stieltjes(strong.spike, c=c) == pytest.approx(-1, rel=1e-6)
    weak = MixtureClassification(mu_norm2=np.sqrt(c) / (1 + excess), c=c, sigma2=0.0, alpha=1.0)
    assert not weak.has_spike
    beyond = weak.bulk_edges[1] * (1 + np.logspace(-9, 3, 200))
    assert ((weak.mu_norm2 + c) * stieltjes(beyond, c=c) + 1 > 0).all()
