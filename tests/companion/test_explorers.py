"""Explorers: interpolation in tables, what is refused, and what stands in a notebook and on a page."""

import json

import numpy as np
import pytest
from bs4 import BeautifulSoup

from learning_dynamics.companion import Axis, Chart, Choice, Explorer, Slider, Table
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.recording import RESULTS_VARIABLE

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


def explorer(values=2, **options):
    return Explorer(
        "fig-some",
        "errors",
        question="Up & down?",
        charts=[Chart(x=Axis(label="t", low=1, high=10, log=True), y=Axis(label="a"), curves=("one",))],
        controls=[
            Slider(name="x", label="<x>", low=0.1, high=10, start=1),
            Choice(name="kind", label="kind", options=("a", "b")),
        ],
        tables={"E": Table({"x": NODES}, np.ones((7, values)), unit=1e-4)},
        **{"presets": {"<far>": {"x": 10}, "near": {"kind": "b"}}} | options,
    )


def page_of(monkeypatch, **options):
    monkeypatch.setenv(RESULTS_VARIABLE, "somewhere")
    return BeautifulSoup(explorer(**options)._repr_html_(), "html.parser")


def test_a_stored_notebook_holds_one_line(monkeypatch):
    monkeypatch.delenv(RESULTS_VARIABLE, raising=False)
    assert explorer()._repr_html_() is None
    assert repr(explorer()) == "Explorer of fig-some: <x>, kind"


def test_a_built_page_holds_labelled_controls_and_the_tables(monkeypatch):
    soup = page_of(monkeypatch)
    named = {control["name"]: control for control in soup.select("input, select")}
    assert {label["for"]: label.text for label in soup.select("label")} == {named["x"]["id"]: "<x>", named["kind"]["id"]: "kind"}
    assert named["x number"]["aria-label"] == "<x>, as a number"
    assert (named["x number"]["min"], named["x number"]["max"]) == ("0.1", "10")
    assert [option.text for option in soup.select("option")] == ["a", "b"]
    assert [button.text for button in soup.select("button")] == ["<far>", "near", "Reset"]
    assert soup.select_one(".question").get_text() == "Predict first: Up & down?"
    assert soup.select_one(".setting")["href"] == f"#{soup.select_one('.explorer')['id']}"
    assert soup.select_one(".note").text.startswith("Computed on this page")
    content = json.loads(soup.select_one("script").string)
    assert content["presets"] == [{"x": 10}, {"kind": "b"}]
    assert content["tables"]["E"]["steps"] == [[10000, -10000]] * 7


def test_a_table_is_stored_by_second_differences():
    values = np.array([cubic(x, 2.0) for x in NODES])
    stored = Table({"x": NODES}, values, unit=1e-6)
    steps = np.array(stored.as_record()["steps"])
    np.testing.assert_array_equal(steps.cumsum(axis=1).cumsum(axis=1), np.rint(values / 1e-6))


@pytest.mark.parametrize("opens, classes", [(True, ["explorer", "opens"]), (False, ["explorer"])])
def test_it_opens_its_chapter_or_stays(monkeypatch, opens, classes):
    assert page_of(monkeypatch, opens=opens).select_one("div")["class"] == classes


def test_a_play_button_moves_a_slider(monkeypatch):
    assert page_of(monkeypatch, play="x").select_one("button.play").text == "Play"
    for play in ("kind", "unknown"):
        with pytest.raises(CompanionError, match=f"play must name a slider, got '{play}'"):
            explorer(play=play)


@pytest.mark.parametrize("setting", [{"x": 11}, {"x": 0.05}, {"kind": "c"}, {"unknown": 1}])
def test_presets_that_no_control_allows_are_refused(setting):
    with pytest.raises(CompanionError, match="the preset 'bad' must set controls to values that they allow"):
        explorer(presets={"bad": setting})


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(low=1, high=2, start=3), r"start of x must be in \[1, 2\], got 3"),
        (dict(low=2, high=2, start=2), "start of x must be in"),
        (dict(low=0, high=2, start=1), "low of x, whose slider is logarithmic, must be > 0, got 0"),
    ],
)
def test_sliders_that_cannot_move_are_refused(options, message):
    with pytest.raises(CompanionError, match=message):
        Slider(name="x", label="x", **options)


def test_a_slider_of_differences_may_start_at_nothing():
    assert Slider(name="x", label="x", low=0, high=2, start=0, log=False).allows(0)


def test_too_heavy_explorers_are_refused():
    with pytest.raises(CompanionError, match="must stay below 150000 bytes"):
        explorer(values=100_000)
