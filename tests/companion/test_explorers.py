"""Explorers: interpolation in tables, what is refused, and what stands in a notebook and on a page."""

import json

import numpy as np
import pytest
from bs4 import BeautifulSoup

from learning_dynamics.companion import Choice, Explorer, Slider, Table
from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.records import RESULTS_VARIABLE

NODES = np.geomspace(0.1, 10, 7)


def cubic(x, y):
    u, v = np.log10(x), np.log10(y)
    return np.array([1 + u - 2 * v**3, u**3 * v**2 - u**2])


def table(unit=1e-9):
    values = [[cubic(x, y) for y in NODES] for x in NODES]
    return Table({"x": NODES, "y": NODES}, values, unit=unit)


@pytest.mark.parametrize("x, y", [(0.1, 10), (0.13, 0.11), (1, 1), (2.3, 0.4), (9.9, 10), (10, 0.1)])
def test_cubics_in_the_logarithms_are_interpolated_exactly(x, y):
    np.testing.assert_allclose(table().at(x=x, y=y, other=5), cubic(x, y), rtol=0, atol=1e-8)


def test_nodes_keep_their_values_to_half_a_unit():
    rough = table(unit=0.01)
    for x in NODES:
        np.testing.assert_allclose(rough.at(x=x, y=NODES[2]), cubic(x, NODES[2]), rtol=0, atol=0.005 + 1e-12)


@pytest.mark.parametrize(
    "axes, values, message",
    [
        ({"x": NODES}, np.ones((6, 2)), r"values must have shape \(7, 'k'\)"),
        ({"x": NODES[:3]}, np.ones((3, 2)), "with 4 nodes or more an axis"),
        ({"x": NODES}, np.full((7, 2), np.nan), "values must be finite"),
    ],
)
def test_wrong_tables_are_refused(axes, values, message):
    with pytest.raises(CompanionError, match=message):
        Table(axes, values, unit=1e-4)


def explorer(values=2):
    return Explorer(
        "fig-some",
        "performance",
        controls=[
            Slider(name="x", label="<x>", low=0.1, high=10, start=1),
            Choice(name="kind", label="kind", options=("a", "b")),
        ],
        tables={"E": Table({"x": NODES}, np.ones((7, values)), unit=1e-4)},
        axes={},
        constants={},
    )


def test_a_stored_notebook_holds_one_line(monkeypatch):
    monkeypatch.delenv(RESULTS_VARIABLE, raising=False)
    assert explorer()._repr_html_() is None
    assert repr(explorer()) == "Explorer of fig-some: <x>, kind"


def test_a_built_page_holds_labelled_controls_and_the_tables(monkeypatch):
    monkeypatch.setenv(RESULTS_VARIABLE, "somewhere")
    soup = BeautifulSoup(explorer()._repr_html_(), "html.parser")
    names = {control["name"]: control["id"] for control in soup.select("input, select")}
    assert {label["for"]: label.text for label in soup.select("label")} == {names["x"]: "<x>", names["kind"]: "kind"}
    assert [option.text for option in soup.select("option")] == ["a", "b"]
    assert float(soup.select_one("input")["value"]) == 0
    assert soup.select_one(".explorer").has_attr("hidden")
    content = json.loads(soup.select_one("script").string)
    assert content["tables"]["E"]["values"] == np.full((7, 2), 10000).tolist()


def test_too_heavy_explorers_are_refused():
    with pytest.raises(CompanionError, match="must stay below 300000 bytes"):
        explorer(values=10_000)
