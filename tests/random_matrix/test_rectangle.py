"""The rule with equal steps along a rectangle: what it converges to, how, and what its corners cost."""

import numpy as np
import pytest

from learning_dynamics.random_matrix import (
    MixtureClassification,
    generalization_error,
    rectangle_errors,
    rectangle_statistics,
    statistics,
    stieltjes,
    training_error,
)
from learning_dynamics.random_matrix.theory.ellipse_contours import Filter, theorem_integrands

FIELDS = ("E", "V", "E_train", "V_train", "train_variance")
FIGURE_1 = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
TIMES = np.array([0.0, 6.0, 100.0, 294.0])


def gaps(model=FIGURE_1, t=TIMES, **options):
    exact, coarse = statistics(model, t), rectangle_statistics(model, t, **options)
    return {name: getattr(coarse, name) - getattr(exact, name) for name in FIELDS}


@pytest.mark.parametrize("c", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("mu_norm2", [0.5, 4.0])
@pytest.mark.parametrize("rule", ["trapezoid", "midpoint"])
def test_it_converges_to_the_theorems_with_the_square_of_the_step(c, mu_norm2, rule):
    one = MixtureClassification(mu_norm2=mu_norm2, c=c, sigma2=0.5, alpha=0.01)
    options = {"right": 20.0, "height": 1.0, "rule": rule}
    coarse, fine = (gaps(one, step=step, **options) for step in (0.02, 0.01))
    for name in FIELDS[:4]:
        np.testing.assert_allclose(fine[name], coarse[name] / 4, rtol=0.05, atol=1e-9)
        assert np.abs(fine[name]).max() < 3e-3


@pytest.mark.parametrize("rule", ["trapezoid", "midpoint"])
def test_the_error_is_that_of_the_corners(rule):
    t, step, found = 294.0, 0.01, gaps(t=[294.0], step=0.01, rule=rule)
    f = Filter(FIGURE_1.alpha * t, lambda z: z)
    corners = np.array([-0.5 - 0.5j, 6 - 0.5j, 6 + 0.5j, -0.5 + 0.5j])
    turns = np.array([-1, 1, -1, 1]) * 2  # u^2 of the side that ends there minus u^2 of the one that begins
    slopes = sum(weight * theorem_integrands(corners + shift, FIGURE_1, f) for weight, shift in ((5e5, 1e-6), (-5e5, -1e-6)))
    by_corner = (slopes * turns * step**2 / 12 / (2j * np.pi)).real * (1 if rule == "trapezoid" else -0.5)
    for name, parts in zip(FIELDS, by_corner):
        assert found[name][0] == pytest.approx(parts.sum(), rel=2e-3)
    left, right = np.abs(by_corner[1, [0, 3]].sum()), np.abs(by_corner[1, [1, 2]].sum())
    assert right < left / 50


def test_the_corners_of_the_paper_s_rectangle_cost_more_with_time():
    found = np.abs(gaps(t=[100.0, 200.0, 300.0])["V"])
    assert (np.diff(np.log(found)) > 0.5).all()
    near = np.abs(gaps(left=-0.1, t=[300.0])["V"])
    assert near < found[-1] / 5


def test_a_side_that_is_no_multiple_of_the_step_is_divided_evenly():
    reference = rectangle_statistics(FIGURE_1, TIMES, step=0.05)
    for step, same in ((0.05 * (1 + 1e-12), True), (0.0501, True), (0.0499, False)):
        other = rectangle_statistics(FIGURE_1, TIMES, step=step)
        assert np.allclose(other.V, reference.V, rtol=1e-12) == same


def test_errors_are_those_of_the_moments():
    generalization, training = rectangle_errors(FIGURE_1, TIMES, step=0.002)
    np.testing.assert_allclose(generalization, generalization_error(FIGURE_1, TIMES), atol=5e-6)
    np.testing.assert_allclose(training, training_error(FIGURE_1, TIMES), atol=5e-6)
    assert (rectangle_errors(FIGURE_1, 0.0)[0], rectangle_statistics(FIGURE_1, 5.0).E.shape) == (0.5, ())


def test_the_integrals_by_a_sum_in_plain_sight():
    t, c, mu_norm2, sigma2 = 120.0, 0.5, 4.0, 0.1
    total = 0
    corners = [-0.5 - 0.5j, 6 - 0.5j, 6 + 0.5j, -0.5 + 0.5j, -0.5 - 0.5j]
    for start, end, pieces in zip(corners, corners[1:], (130, 20, 130, 20)):
        z = np.linspace(start, end, pieces + 1)
        f, m = np.exp(-0.01 * t * z), stieltjes(z, c=c)
        values = ((1 - f) / z) ** 2 / ((mu_norm2 + c) * m + 1) - sigma2 * f**2 * m
        total += np.trapezoid(values, z) / (2j * np.pi)
    assert rectangle_statistics(FIGURE_1, t).V == pytest.approx(total.real, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"left": 0.0}, "left must be"),
        ({"right": 5.0}, "right must be > 5.625, the largest eigenvalue, got 5.0"),
        ({"height": 0}, "height must be"),
        ({"step": -1}, "step must be"),
        ({"rule": "simpson"}, "rule must be 'trapezoid' or 'midpoint', got 'simpson'"),
        ({"t": 1e6}, "t must be <= 60000, or f_t overflows on the left side, got 1e"),
        ({"t": -1.0}, "t must"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        rectangle_statistics(FIGURE_1, **{"t": 1.0, **options})


def test_a_variance_below_zero_is_refused():
    with pytest.raises(ArithmeticError, match="step must be shorter at t = 3000: a variance comes out as"):
        rectangle_errors(FIGURE_1, [10.0, 3000.0], step=0.3)
