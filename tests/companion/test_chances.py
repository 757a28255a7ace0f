"""The chance of a false alarm and the power of a row, against experiments with the real table."""

import math

import numpy as np
import pytest

from learning_dynamics.companion.records.agreement import AgreementTable
from learning_dynamics.companion.records.chances import chance_of_a_false_alarm, expected_false_alarms, sharpest, sharpness


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.book)


def recorded(**values):
    table = AgreementTable("fig-first").row("x", **{"theory": 1.0, "simulation": 1.0, "standard_error": 0.01} | values)
    return table.as_records()[0]


def share_of_disagreements(*, draws, shift=0.0, allowance=0.0, trials=20_000):
    """How often the rule says *disagrees* when means of Gaussian draws are compared with a theory that is off by a shift."""
    samples = np.random.default_rng(5).standard_normal((trials, draws))
    errors = samples.std(axis=1, ddof=1) / draws**0.5
    return np.mean(np.abs(samples.mean(axis=1) - shift) > 4 * errors + allowance)


@pytest.mark.parametrize("draws", [2, 3, 5])
def test_false_alarms_of_few_draws_are_as_frequent_as_the_t_distribution_says(draws):
    chance = chance_of_a_false_alarm(recorded(draws=draws))
    assert share_of_disagreements(draws=draws) == pytest.approx(chance, abs=4 * (chance / 20_000) ** 0.5)


def test_many_draws_or_none_said_are_gaussian():
    assert chance_of_a_false_alarm(recorded(draws=100_000)) == pytest.approx(6.334e-5, rel=1e-3)
    assert chance_of_a_false_alarm(recorded()) == pytest.approx(6.334e-5, rel=1e-3)
    assert chance_of_a_false_alarm(recorded(draws=4)) > 100 * chance_of_a_false_alarm(recorded(draws=100))


def test_what_is_not_judged_or_has_no_error_raises_no_alarm():
    for values in ({"not_judged": "only shown"}, {"standard_error": 0.0}):
        assert chance_of_a_false_alarm(recorded(**values)) == 0


def test_a_curve_has_the_chance_of_its_level():
    curve = AgreementTable("fig-first").curve("line", published=[1.0, 2.0], simulation=[1.0, 2.1], p_value=0.3).as_records()[0]
    assert chance_of_a_false_alarm(curve) == 0.001
    exact = AgreementTable("fig-first").curve("line", published=[1.0], theory=[1.0], tolerance=1e-6).as_records()[0]
    assert chance_of_a_false_alarm(exact) == 0
    assert expected_false_alarms([curve, curve, exact, recorded()]) == pytest.approx(0.002 + 6.334e-5, rel=1e-3)


@pytest.mark.parametrize(("error", "allowance"), [(0.02, 0.0), (0.024, 0.0), (0.02, 0.02)])
def test_the_power_is_how_often_a_wrong_theory_is_noticed(error, allowance):
    draws = 400
    row = recorded(standard_error=error, allowance=allowance, allowance_source="a source" if allowance else "")
    found = share_of_disagreements(draws=draws, shift=0.1 / error / draws**0.5, allowance=allowance / error / draws**0.5)
    assert sharpness(row).power == pytest.approx(found, abs=0.03)


def test_half_of_all_errors_of_the_stated_size_are_noticed():
    row = recorded(theory=-2.0, simulation=-2.0, standard_error=0.05, allowance=0.1, allowance_source="a source")
    assert sharpness(row).half == pytest.approx(0.15)
    assert sharpness(recorded(standard_error=0.025)).power == pytest.approx(0.5)


def test_a_row_without_chance_notices_all_or_nothing():
    assert sharpness(recorded(standard_error=0.0)).power == 1
    assert sharpness(recorded(standard_error=0.0, allowance=0.2, allowance_source="a source")).power == 0


@pytest.mark.parametrize("values", [{"not_judged": "only shown"}, {"theory": 0.0}])
def test_what_compares_nothing_has_no_sharpness(values):
    assert sharpness(recorded(**values)) is None
    assert sharpest([recorded(**values)]) is None


def test_the_sharpest_row_is_the_one_with_the_least_error_noticed():
    rows = [recorded(standard_error=error) | {"quantity": str(error)} for error in (0.1, 0.001, 0.01)]
    assert sharpest(rows).quantity == "0.001"
    assert math.isclose(sharpest(rows).half, 0.004)
