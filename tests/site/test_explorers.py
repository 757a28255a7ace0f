"""The explorers in a browser: the page's own script against the library, the keyboard, reset, and no JavaScript."""

import re

import numpy as np
import pytest

from learning_dynamics.random_matrix import MixtureClassification, generalization_error, training_error
from learning_dynamics.time_scales import SingleIndex, learning_times, mean_field_flow, uniform_start

PAGE = "book/bridge/explorers.html"
FIGURES = ("fig-bridge-performance", "fig-bridge-staircase", "fig-bridge-distances")
STATE = """(root, setting) => {
  for (const name in setting) root.querySelector("form").elements[name].value = setting[name];
  return root.state();
}"""
SAME = "([id, d]) => document.querySelector(`#${id} svg .curve`).getAttribute('d') === d"
SCRIPT = re.compile(r"<script[^>]*src=[^>]*explorers\.js")
SPOKEN = "before => document.querySelector('.explorer [aria-live]').textContent !== before"


def explorer(opened, figure):
    return opened.locator(f".explorer[data-figure={figure}]")


def state(opened, figure, setting):
    """What the script draws: curves and marks at slider positions (decades)."""
    return explorer(opened, figure).evaluate(STATE, setting)


@pytest.mark.parametrize("seed", range(4))
def test_the_script_gives_the_errors_of_part_one(open_page, seed):
    c, mu_norm2, sigma2, alpha = np.random.default_rng(seed).uniform(
        np.log10([0.1, 0.25, 0.01, 0.003]), np.log10([4, 16, 2, 0.03])
    )
    opened = open_page(PAGE)
    setting = {"c": c, "mu_norm2": mu_norm2, "sigma2": sigma2, "alpha": alpha}
    drawn = state(opened, FIGURES[0], {name: float(value) for name, value in setting.items()})
    names = ("c", "mu_norm2", "sigma2", "alpha")
    kept = [10 ** float(explorer(opened, FIGURES[0]).locator(f"[name={name}]").input_value()) for name in names]
    model = MixtureClassification(**dict(zip(names, kept)))
    for curve, library in zip(drawn["curves"], (generalization_error, training_error)):
        np.testing.assert_allclose(curve["y"], library(model, np.array(curve["x"])), rtol=0, atol=1e-3)


@pytest.mark.parametrize("epsilon", [2e-12, 3e-7, 4e-3])
def test_the_script_gives_the_times_of_part_two(open_page, epsilon):
    opened = open_page(PAGE)
    drawn = state(opened, FIGURES[1], {"epsilon": float(np.log10(epsilon))})
    kept = 10 ** float(explorer(opened, FIGURES[1]).locator("[name=epsilon]").input_value())
    problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=kept)
    flow = mean_field_flow(problem, uniform_start(50), t_end=20.0, rtol=1e-10)
    curve = drawn["curves"][0]
    library = np.interp(-np.array(curve["y"]), -flow.risk, flow.t)
    np.testing.assert_allclose(np.log10(curve["x"]), np.log10(library), rtol=0, atol=0.02)
    times = [mark["x"] for mark in drawn["marks"]]
    np.testing.assert_allclose(times, learning_times(flow, tolerance=0.1).times[:3], rtol=0.05)


def test_a_wider_network_leaves_the_span_less(open_page):
    opened = open_page(PAGE)
    sliders = explorer(opened, FIGURES[2]).locator("[name=width]")
    ends = [float(sliders.get_attribute(name)) for name in ("min", "max")]
    narrow, wide = (state(opened, FIGURES[2], {"width": end})["curves"] for end in ends)
    assert wide[0]["y"][-1] < narrow[0]["y"][-1] / 2
    assert wide[3]["y"] == narrow[3]["y"]


@pytest.mark.parametrize("figure", FIGURES)
def test_the_keyboard_moves_the_curves_and_reset_brings_them_back(open_page, figure):
    opened = open_page(PAGE)
    root = explorer(opened, figure)
    curve = opened.locator(f"figure#{figure} svg .curve").first
    before, said = curve.get_attribute("d"), root.locator(".reading").inner_text()
    slider = root.locator("input[type=range]").first
    slider.focus()
    for _ in range(15):
        opened.keyboard.press("ArrowRight")
    assert curve.get_attribute("d") != before
    assert root.locator(".reading").inner_text() != said
    assert slider.get_attribute("aria-valuetext") == root.locator(".value").first.inner_text()
    root.locator("button").press("Enter")
    opened.wait_for_function(SAME, arg=[figure, before])
    assert opened.complaints == []


def test_the_spoken_reading_waits_for_the_last_move(open_page):
    opened = open_page(PAGE)
    spoken = explorer(opened, FIGURES[0]).locator("[aria-live]")
    opened.wait_for_function(SPOKEN, arg="")
    first = spoken.text_content()
    explorer(opened, FIGURES[0]).locator("[name=c]").press("ArrowRight")
    assert spoken.text_content() == first
    opened.wait_for_function(SPOKEN, arg=first)


@pytest.mark.parametrize("figure", FIGURES)
def test_without_a_script_the_figure_stands(browser, address, figure):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{PAGE}")
    assert page.locator(f"figure#{figure} img").is_visible()
    assert not page.locator(f".explorer[data-figure={figure}]").is_visible()
    context.close()


def test_other_pages_do_not_load_the_script(html):
    loading = [page for page in html.glob("book/**/*.html") if SCRIPT.search(page.read_text("utf-8"))]
    assert loading == [html / PAGE]
