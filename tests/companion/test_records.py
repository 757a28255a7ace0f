"""Recording results."""

import csv

import numpy as np
import pytest

from learning_dynamics.companion import AgreementTable, record
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.recording import RESULTS_VARIABLE, read_results


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.book)
    monkeypatch.delenv(RESULTS_VARIABLE, raising=False)


def test_writes_rows_alt_text_and_data(tmp_path, monkeypatch):
    monkeypatch.setenv(RESULTS_VARIABLE, str(tmp_path / "results"))
    table = AgreementTable("fig-first").row("x", theory=1.5, not_judged="only shown")
    data = {"curve": {"t": np.arange(3), "error": np.array([0.5, 0.25, 1 / 3])}}
    assert record("fig-first", agreement=table, data=data, alt="Computed.") is table
    record("fig-first", alt="More.")
    content = read_results(tmp_path / "results")["fig-first"]
    assert content["alt"] == "Computed. More."
    assert [row["theory"] for row in content["rows"]] == [1.5]
    rows = list(csv.reader((tmp_path / "results" / content["data"][0]).open()))
    assert rows[0] == ["t", "error"]
    assert float(rows[3][1]) == 1 / 3


def test_writes_nothing_outside_a_build(tmp_path):
    before = set(tmp_path.rglob("*"))
    record("fig-first", data={"curve": {"t": [1]}})
    assert set(tmp_path.rglob("*")) == before


def test_refuses_an_unknown_entry():
    with pytest.raises(CompanionError, match="did you mean 'fig-first'"):
        record("fig-fist")


def test_refuses_columns_of_different_length(tmp_path, monkeypatch):
    monkeypatch.setenv(RESULTS_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match="one length"):
        record("fig-first", data={"curve": {"t": [1, 2], "x": [1]}})
