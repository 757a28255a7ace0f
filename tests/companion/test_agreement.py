"""Agreement tables: every verdict, and how it is reached."""

import math

import pytest
import yaml

from learning_dynamics.companion import AgreementTable
from learning_dynamics.companion.errors import CompanionError

REFERENCES = [
    {"quantity": "theory value", "value": 1.0, "tolerance": 0.01, "source": "a table"},
    {"quantity": "simulated value", "value": 2.0, "tolerance": 0.1, "source": "a plot", "of": "simulation"},
]


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    path = project.book / "registry.yml"
    content = yaml.safe_load(path.read_text())
    content["entries"][0].update(references=REFERENCES, at={"c": 0.5})
    path.write_text(yaml.safe_dump(content))
    monkeypatch.chdir(project.book)


def verdict(quantity, *, at=0.5, **values):
    table = AgreementTable("fig-first", at={"c": at}).row(quantity, **values)
    return table.rows[0].verdict


@pytest.mark.parametrize(
    ("simulation", "allowance", "expected"),
    [(1.039, 0, "agrees"), (1.041, 0, "disagrees"), (1.041, 0.002, "agrees"), (0.959, 0, "disagrees")],
)
def test_simulation_is_judged_by_four_standard_errors_and_the_allowance(simulation, allowance, expected):
    found = verdict("other", theory=1.0, simulation=simulation, standard_error=0.01, allowance=allowance)
    assert found == expected


@pytest.mark.parametrize(("theory", "expected"), [(1.0099, "agrees"), (1.0101, "disagrees")])
def test_theory_is_judged_by_the_reading_error(theory, expected):
    assert verdict("theory value", theory=theory) == expected


@pytest.mark.parametrize(("simulation", "expected"), [(2.09, "agrees"), (2.11, "disagrees")])
def test_a_reference_may_speak_of_the_simulation(simulation, expected):
    assert verdict("simulated value", simulation=simulation) == expected


def test_both_comparisons_must_hold():
    assert verdict("theory value", theory=1.0, simulation=3.0, standard_error=0.1) == "disagrees"
    assert verdict("theory value", theory=3.0, simulation=3.0, standard_error=0.1) == "disagrees"


def test_references_are_not_judged_at_other_parameters():
    assert verdict("theory value", at=0.6, theory=7.0) == "not applicable"
    assert verdict("theory value", at=0.6, theory=7.0, simulation=7.0, standard_error=0.1) == "agrees"


def test_nan_never_agrees():
    assert verdict("theory value", theory=math.nan) == "disagrees"
    assert verdict("other", theory=1.0, simulation=math.nan, standard_error=1.0) == "disagrees"
    assert verdict("other", theory=1.0, simulation=1.0, standard_error=math.nan) == "disagrees"


def test_what_is_not_judged_is_shown():
    assert verdict("other", theory=1.0, simulation=9.0, judged=False) == "shown"
    assert verdict("other", theory=1.0) == "shown"


def test_a_row_that_cannot_be_judged_raises():
    table = AgreementTable("fig-first", at={"c": 0.5})
    with pytest.raises(ValueError, match="needs a theory or a simulation value"):
        table.row("other")
    with pytest.raises(ValueError, match="standard error"):
        table.row("other", theory=1.0, simulation=1.0)
    with pytest.raises(ValueError, match="needs its simulation value"):
        table.row("simulated value", theory=1.0)


def test_needs_the_parameters_of_its_references():
    with pytest.raises(ValueError, match="needs the parameter 'c'"):
        AgreementTable("fig-first")


def test_unknown_entry_gets_a_suggestion():
    with pytest.raises(CompanionError, match="did you mean 'fig-first'"):
        AgreementTable("fig-frist")


def test_text_has_at_most_four_digits():
    table = AgreementTable("fig-first", at={"c": 0.5})
    table.row("theory value", theory=1.00123456, simulation=1.00234567, standard_error=0.012345)
    assert repr(table).splitlines()[-1] == "| theory value | 1 ± 0.01 | 1.001 | 1.002 ± 0.01 | agrees |"
    assert table._repr_markdown_() == repr(table)


def test_the_reference_column_says_whose_values_it_holds():
    table = AgreementTable("fig-first", at={"c": 0.5}).row("theory value", theory=1.0)
    assert repr(table).splitlines()[0] == "| quantity | reference | theory | simulation | verdict |"
    table = AgreementTable("fig-first", at={"c": 0.5}).row("other", theory=1.0)
    assert repr(table).splitlines()[:2] == ["| quantity | theory | simulation | verdict |", "| :-- | --: | --: | :-- |"]


def test_text_shows_no_reference_value_that_does_not_apply():
    table = AgreementTable("fig-first", at={"c": 0.6}).row("theory value", theory=7.0)
    assert repr(table).splitlines()[-1] == "| theory value | — | 7 | — | not applicable |"


def test_a_bar_in_a_quantity_is_no_border_of_a_cell():
    table = AgreementTable("fig-first", at={"c": 0.5}).row("|x|", theory=1.0)
    assert repr(table).splitlines()[-1] == r"| \|x\| | 1 | — | shown |"
