"""The interactive figures in a browser: each against the library, by every control, in every scheme, and without JavaScript."""

import re

import numpy as np
import pytest

from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    linearized_training,
    polynomial_data,
    simulate,
    tangent_kernel,
)
from learning_dynamics.random_matrix import (
    MixtureClassification,
    generalization_error,
    mp_density,
    optimal_stopping,
    signal_density,
    spike_overlap,
    start_kept,
    training_error,
)
from learning_dynamics.time_scales import (
    SingleIndex,
    finite_linear_time,
    learning_times,
    mean_field_flow,
    uniform_start,
)

from .test_accessibility import VIEWS
from .test_site import soup

FIGURES = {
    "random_matrix/spectrum": ("fig-random-matrix-spectrum",),
    "random_matrix/performance": ("fig-random-matrix-performance",),
    "random_matrix/early_stopping": ("fig-random-matrix-optimal-time",),
    "time_scales/setting": ("fig-time-scales-measure",),
    "time_scales/learning_order": ("fig-time-scales-staircase",),
    "time_scales/finite_networks": ("fig-time-scales-finite-sgd",),
    "overparametrized/setting": ("fig-overparametrized-kernel",),
    "overparametrized/minimum_norm": ("fig-overparametrized-distances",),
    "overparametrized/conventions": ("fig-overparametrized-height",),
    "bridge/explorers": ("fig-bridge-performance", "fig-bridge-staircase", "fig-bridge-distances"),
}
CASES = [(f"book/{page}.html", figure) for page, figures in FIGURES.items() for figure in figures]
IN_THE_PAGE = 1e-6
SCRIPT = re.compile(r"<script[^>]*src=[^>]*explorers\.js")
DRAWN = ".explorer[data-figure={}][data-drawn]"
PLAYED = "root => JSON.parse(root.querySelector('script').textContent).play"
MOVING = "root => root.setting()[JSON.parse(root.querySelector('script').textContent).play]"
STATE = "(root, setting) => { const now = root.state(setting); return {...now.values, charts: now.charts}; }"


def explorer(opened, figure):
    return opened.locator(f".explorer[data-figure={figure}]")


def state(opened, figure, **setting):
    """What a figure shows at a setting; controls that are not named are at their start."""
    return explorer(opened, figure).evaluate(STATE, setting)


def setting_of(root):
    return root.evaluate("root => root.setting()")


def controls_of(root):
    return root.evaluate("root => JSON.parse(root.querySelector('script').textContent).controls")


def played(root):
    """The slider that the button *Play* moves."""
    return next(control for control in controls_of(root) if control["name"] == root.evaluate(PLAYED))


# ---- against the library


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("page, figure", [CASES[2], CASES[-3]])
def test_the_errors_are_the_library_s(open_page, page, figure, seed):
    names = ("c", "mu_norm2", "sigma2", "alpha")
    drawn = np.random.default_rng(seed).uniform(np.log([0.1, 0.25, 0.01, 0.003]), np.log([4, 16, 2, 0.03]))
    setting = dict(zip(names, np.exp(drawn).tolist()))
    model = MixtureClassification(**setting)
    now = state(open_page(page), figure, **setting)
    (chart,) = now["charts"]
    for curve, library in zip(chart["y"], (generalization_error, training_error)):
        np.testing.assert_allclose(curve, library(model, np.array(chart["x"])), rtol=0, atol=IN_THE_PAGE)


@pytest.mark.parametrize(
    "setting", [{}, {"c": 1.0}, {"sigma2": 0.01}, {"c": 4.0, "sigma2": 2.0}, {"c": 4.0, "sigma2": 1.0}, {"mu_norm2": 0.5}]
)
def test_the_best_time_is_the_library_s(open_page, setting):
    model = MixtureClassification(**{"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01} | setting)
    best = optimal_stopping(model)
    now = state(open_page(CASES[2][0]), CASES[2][1], **setting)
    np.testing.assert_allclose(now["time"], best.time, rtol=1e-3)
    np.testing.assert_allclose(now["least"], best.error, rtol=0, atol=IN_THE_PAGE)


def test_some_problems_should_never_stop(open_page):
    opened = open_page(CASES[2][0])
    root = explorer(opened, CASES[2][1])
    root.get_by_role("button", name="Never stop").click()
    assert root.locator(".reading").inner_text().startswith("Never stop")


@pytest.mark.parametrize("setting", [{}, {"t": 1.0}, {"t": 3000.0, "c": 1.0}, {"mu_norm2": 0.5, "sigma2": 2.0, "t": 300.0}])
def test_what_is_left_of_the_start_is_the_library_s(open_page, setting):
    known = {"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01, "t": 30.0} | setting
    t = known.pop("t")
    model = MixtureClassification(**known)
    now = state(open_page(CASES[1][0]), CASES[1][1], **setting)
    for name, library in (("start", start_kept), ("fresh", generalization_error), ("training", training_error)):
        np.testing.assert_allclose(now[name], library(model, t), rtol=0, atol=IN_THE_PAGE)


@pytest.mark.parametrize("mu_norm2, c", [(2.25, 0.5), (0.5, 0.5), (6.0, 2.0), (1.0, 1.0)])
def test_spectrum_and_signal_are_the_library_s(open_page, mu_norm2, c):
    model = MixtureClassification(mu_norm2=mu_norm2, c=c, sigma2=0.1, alpha=0.01)
    now = state(open_page(CASES[0][0]), CASES[0][1], mu_norm2=mu_norm2, c=c)
    (chart,) = now["charts"]
    x = np.array(chart["x"])
    np.testing.assert_allclose(chart["y"][0], mp_density(x, c=c), rtol=0, atol=IN_THE_PAGE)
    np.testing.assert_allclose(chart["y"][1], signal_density(model, x) / mu_norm2, rtol=0, atol=IN_THE_PAGE)
    np.testing.assert_allclose(now["spike"], model.largest_eigenvalue, rtol=0, atol=IN_THE_PAGE)
    np.testing.assert_allclose(now["overlap"], spike_overlap(model), rtol=0, atol=IN_THE_PAGE)


@pytest.mark.parametrize("epsilon, phi2", [(0.1, 2 / 3), (0.01, -1.0), (0.001, 2 / 3), (0.003, 0.0)])
def test_the_particles_are_the_library_s(open_page, epsilon, phi2):
    now = state(open_page(CASES[3][0]), CASES[3][1], epsilon=epsilon, phi2=phi2, t=1.0)
    problem = SingleIndex(activation="relu", target=[1, -1, phi2], epsilon=epsilon)
    times = np.append(now["x"], 3.001)
    flow = mean_field_flow(problem, uniform_start(20), t_end=3.001, rtol=1e-11, times=times)
    place = int(np.abs(times - now["now"]).argmin())
    np.testing.assert_allclose(now["s"], flow.s[place], rtol=0, atol=IN_THE_PAGE)
    np.testing.assert_allclose(now["a"], flow.a[place], rtol=IN_THE_PAGE, atol=IN_THE_PAGE)


@pytest.mark.parametrize("epsilon", [3e-8, 2e-6, 4e-4, 3e-3])
def test_the_staircase_is_the_library_s_between_the_nodes(open_page, epsilon):
    now = state(open_page(CASES[4][0]), CASES[4][1], epsilon=epsilon, progress=60)
    problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=epsilon)
    flow = mean_field_flow(problem, uniform_start(50), t_end=2.0, rtol=1e-10)
    risk, x = np.array(now["charts"][0]["y"][0]), np.array(now["charts"][0]["x"])
    np.testing.assert_allclose(np.log10(x), np.log10(np.interp(-risk, -flow.risk, flow.t)), rtol=0, atol=0.01)
    np.testing.assert_allclose(np.log10(now["times"]), np.log10(learning_times(flow).times[:3]), rtol=0, atol=0.01)
    state_then = mean_field_flow(problem, uniform_start(50), t_end=2.0, times=[now["now"]])
    for shown, exact in ((now["s"], state_then.s[0]), (now["a"], state_then.a[0])):
        chosen = exact[np.linspace(0, 49, 8).round().astype(int)]
        np.testing.assert_allclose(shown, chosen, rtol=0, atol=0.02 * np.abs(exact).max())


@pytest.mark.parametrize("m, d, epsilon", [(50, 1000, 1e-3), (10, 100_000, 1e-2), (1000, 100, 1e-4), (10, 10, 1e-4)])
def test_the_growth_of_degree_one_is_the_library_s(open_page, m, d, epsilon):
    problem = SingleIndex(activation="relu", target=[0, -1], epsilon=epsilon)
    now = state(open_page(CASES[5][0]), CASES[5][1], m=m, d=d, epsilon=epsilon)
    np.testing.assert_allclose(now["time"], finite_linear_time(problem, m=m, d=d, variance=1 / 3), rtol=IN_THE_PAGE)
    unlimited = finite_linear_time(problem, m=np.inf, d=np.inf, variance=1 / 3)
    np.testing.assert_allclose(now["unlimited"], unlimited, rtol=IN_THE_PAGE)


@pytest.mark.parametrize("angle", [0, 37, 90, 150])
def test_the_kernel_is_the_library_s_and_networks_scatter_as_shown(open_page, angle):
    m, turn = 100, np.radians(angle)
    points = 2**0.5 * np.array([[1.0, 0.0], [np.cos(turn), np.sin(turn)]])
    now = state(open_page(CASES[6][0]), CASES[6][1], m=m, angle=angle)
    limit = tangent_kernel(points, bias=False)[0, 1]
    np.testing.assert_allclose(now["limit"], limit / 2, rtol=0, atol=IN_THE_PAGE)
    if angle:
        draws = 2000
        model = TwoLayerRegression(inputs=points, targets=np.zeros(2), width=m, learning_rate=0.01, bias=False)
        rng = np.random.default_rng(0)
        entries = [initial_linearization(model, *model.draw(rng)).tangent_kernel[0, 1] / 2 for _ in range(draws)]
        assert abs(np.std(entries, ddof=1) - now["spread"]) <= 4 * now["spread"] / np.sqrt(2 * draws) + 1e-12


def test_a_network_between_two_widths_ends_where_the_table_says(open_page):
    opened = open_page(CASES[7][0])
    controls = {one["name"]: one for one in controls_of(explorer(opened, CASES[7][1]))}
    m, last = round(controls["m"]["low"] * 2**0.5), controls["t"]["high"]
    now = state(opened, CASES[7][1], m=m, t=last)
    data = polynomial_data(seed=0, n=100, d=5)
    conventions = dict(loss="mean", gain=2**0.5, bias=False, initialization="uniform", scale=5**-0.5)
    model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=m, learning_rate=0.01, **conventions)
    runs = simulate(model, epochs=[last], runs=8, seed=1)
    for name, quantity in (("outside", "perpendicular"), ("distance", "distance"), ("travelled", "displacement")):
        mean, scatter = runs.mean(quantity)[-1], runs.deviation(quantity)[-1]
        table_runs = 2  # at the preset of this site
        allowed = 4 * scatter * np.sqrt(1 / 8 + 1 / table_runs) + 0.05 * mean
        assert abs(now[name] - mean) <= allowed, (name, now[name], mean, allowed)


@pytest.mark.parametrize("setting", [{}, {"gain": 1.0}, {"eta": 0.05, "gain": 3.0}, {"loss": "half mean", "eta": 0.002}])
def test_the_linear_problem_is_the_library_s(open_page, setting):
    known = {"gain": 2**0.5, "eta": 0.01, "loss": "mean"} | setting
    now = state(open_page(CASES[8][0]), CASES[8][1], **setting)
    data = polynomial_data(seed=0, n=100, d=5)
    model = TwoLayerRegression(
        inputs=data.inputs,
        targets=data.targets,
        width=1,
        learning_rate=known["eta"],
        loss=known["loss"],
        gain=known["gain"],
        bias=False,
    )
    exact = linearized_training(model, now["x"])
    for name in ("distance", "displacement"):
        np.testing.assert_allclose(now[name], getattr(exact, name), rtol=IN_THE_PAGE, atol=IN_THE_PAGE)


@pytest.mark.parametrize("epsilon", [2e-12, 3e-7, 4e-3])
def test_the_times_of_every_target_are_the_library_s(open_page, epsilon):
    now = state(open_page(CASES[-2][0]), CASES[-2][1], epsilon=epsilon)
    problem = SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=epsilon)
    flow = mean_field_flow(problem, uniform_start(50), t_end=20.0, rtol=1e-10)
    (chart,) = now["charts"]
    library = np.interp(-np.array(chart["y"][0]), -flow.risk, flow.t)
    np.testing.assert_allclose(np.log10(chart["x"]), np.log10(library), rtol=0, atol=0.02)
    np.testing.assert_allclose(now["times"], learning_times(flow, tolerance=0.1).times[:3], rtol=0.05)


def test_a_wider_network_leaves_the_span_less(open_page):
    opened = open_page(CASES[-1][0])
    ends = controls_of(explorer(opened, CASES[-1][1]))[0]
    narrow, wide = (state(opened, CASES[-1][1], width=ends[end])["charts"][0]["y"] for end in ("low", "high"))
    assert wide[0][-1] < narrow[0][-1] / 2
    assert wide[3] == narrow[3]


# ---- by every control


@pytest.mark.parametrize("page, figure", CASES)
def test_every_control_moves_by_keyboard_and_by_number_and_reaches_its_ends(open_page, page, figure):
    opened = open_page(page)
    root = explorer(opened, figure)
    for control in controls_of(root):
        name = control["name"]
        field = root.locator(f"[name='{name}']")
        assert root.locator(f"label[for='{field.get_attribute('id')}']").is_visible()
        if "options" in control:
            field.select_option(control["options"][-1])
            assert setting_of(root)[name] == control["options"][-1]
            continue
        before = setting_of(root)[name]
        field.press("ArrowLeft" if before == control["high"] else "ArrowRight")
        assert setting_of(root)[name] != before
        for key, end in (("Home", "low"), ("End", "high")):
            field.press(key)
            assert setting_of(root)[name] == control[end]
        number = root.locator(f"[name='{name} number']")
        value = control["low"] if control["whole"] else 0.7 * control["low"] + 0.3 * control["high"]
        number.fill(repr(value))
        assert setting_of(root)[name] == value
        assert field.get_attribute("aria-valuetext")
        number.fill(str(control["high"] * 10))
        assert number.get_attribute("aria-invalid") == "true" and setting_of(root)[name] == value
        number.press("Tab")
        assert setting_of(root)[name] == control["high"] and number.get_attribute("aria-invalid") is None
    root.get_by_role("button", name="Reset").press("Enter")
    assert setting_of(root) == {control["name"]: control["start"] for control in controls_of(root)}
    assert opened.complaints == []


@pytest.mark.parametrize("page, figure", CASES)
def test_presets_set_what_they_say_and_a_link_brings_a_setting_back(open_page, page, figure):
    opened = open_page(page)
    root = explorer(opened, figure)
    starts = {control["name"]: control["start"] for control in controls_of(root)}
    presets = root.evaluate("root => JSON.parse(root.querySelector('script').textContent).presets")
    assert presets
    for button, preset in zip(root.locator(".preset").all(), presets):
        button.press("Enter")
        assert setting_of(root) == starts | preset
    root.locator("input[type=range]").first.press("Home")
    wanted, said = setting_of(root), root.locator(".reading").inner_text()
    again = open_page(page + root.locator(".setting").get_attribute("href"))
    assert setting_of(explorer(again, figure)) == wanted
    assert explorer(again, figure).locator(".reading").inner_text() == said
    top = explorer(again, figure).evaluate("root => root.getBoundingClientRect().top")
    assert -100 < top < 900


def test_a_number_fits_its_field(open_page):
    opened = open_page(CASES[-2][0])
    root = explorer(opened, CASES[-2][1])
    number = root.locator("[name='epsilon number']")
    for typed, shown in (("0.000001", "1e-6"), ("2.5e-9", "2.5e-9"), ("0.01", "0.01")):
        number.fill(typed)
        number.press("Tab")
        assert (setting_of(root)["epsilon"], number.input_value()) == (float(typed), shown)
    assert number.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("words", ["?c=1e9&sigma2=nonsense&t=", "?unknown=1", "?c=%3Cscript%3E"])
def test_a_link_with_wrong_values_gives_the_start(open_page, words):
    opened = open_page(f"{CASES[2][0]}#move-{CASES[2][1]}{words}")
    root = explorer(opened, CASES[2][1])
    assert setting_of(root) == {control["name"]: control["start"] for control in controls_of(root)}
    assert opened.complaints == []


@pytest.mark.parametrize("page, figure", CASES)
def test_play_moves_when_asked_and_pauses(open_page, page, figure):
    opened = open_page(page)
    root = explorer(opened, figure)
    before = root.evaluate(MOVING)
    opened.wait_for_timeout(300)
    assert root.evaluate(MOVING) == before
    if before == played(root)["high"]:
        before = played(root)["low"]
    root.get_by_role("button", name="Play").press("Enter")
    opened.wait_for_timeout(1500)
    root.get_by_role("button", name="Pause").press("Enter")
    after = root.evaluate(MOVING)
    assert after > before
    opened.wait_for_timeout(300)
    assert root.evaluate(MOVING) == after


FRAMES = """(root, count) => {
  const waiting = [];
  window.requestAnimationFrame = (frame) => waiting.push(frame);
  root.querySelector("[type=range][name='" + count.name + "']").value = 0;
  root.querySelector("[type=range][name='" + count.name + "']").dispatchEvent(new Event("input", { bubbles: true }));
  root.querySelector(".play").click();
  const seen = [];
  for (let k = 0; waiting.length && k < 3 * count.frames; k += 1) {
    waiting.shift()((8000 * k) / count.frames);
    seen.push(root.setting()[count.name]);
  }
  return seen;
}"""
"""Play from the low end with a clock of the test's own: the values frame by frame."""


@pytest.mark.parametrize("frames", [20, 2000])
@pytest.mark.parametrize("page, figure", CASES)
def test_play_takes_as_long_on_every_screen_and_reaches_the_end(open_page, page, figure, frames):
    root = explorer(open_page(page), figure)
    slider = played(root)
    seen = root.evaluate(FRAMES, {"name": slider["name"], "frames": frames})
    assert len(seen) == frames + 1
    assert (seen[0], seen[-1]) == (slider["low"], slider["high"]) and seen == sorted(seen)
    middle = (slider["low"] * slider["high"]) ** 0.5 if slider["log"] else (slider["low"] + slider["high"]) / 2
    assert seen[frames // 2] == pytest.approx(middle, rel=0.02, abs=0.5 if slider["whole"] else 0)


def test_who_takes_the_slider_stops_the_play(open_page):
    root = explorer(open_page(CASES[2][0]), CASES[2][1])
    root.get_by_role("button", name="Play").press("Enter")
    root.locator(f"[type=range][name='{played(root)['name']}']").press("ArrowRight")
    assert root.get_by_role("button", name="Play").is_visible()


def test_with_less_motion_a_press_is_a_step(open_page):
    opened = open_page(CASES[2][0], reduced_motion="reduce")
    root = explorer(opened, CASES[2][1])
    root.get_by_role("button", name="Next step").press("Enter")
    after = setting_of(root)
    assert after["t"] > 100
    opened.wait_for_timeout(400)
    assert setting_of(root) == after


# ---- for every reader


@pytest.mark.parametrize("page, figure", CASES)
@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 390)])
def test_the_charts_are_drawn_and_nothing_is_too_small_or_too_wide(open_page, page, figure, scheme, width):
    opened = open_page(page, scheme=scheme, width=width)
    root = explorer(opened, figure)
    root.locator(".charts").scroll_into_view_if_needed()
    opened.wait_for_selector(DRAWN.format(figure))
    for chart in root.locator(".chart").all():
        assert chart.get_attribute("aria-label").endswith(root.locator(".reading").inner_text())
        assert chart.locator("canvas").evaluate("one => one.width") > 200
        assert chart.evaluate("one => one.scrollHeight <= one.clientHeight + 1 && one.scrollWidth <= one.clientWidth + 1")
    for control in root.locator("form :is(input, select, button, a)").all():
        assert control.bounding_box()["height"] >= 44
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.complaints == []


@pytest.mark.parametrize("page", FIGURES)
@pytest.mark.parametrize("scheme, width, rules", VIEWS)
def test_axe_finds_nothing_in_what_moves(open_page, page, scheme, width, rules):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened = open_page(f"book/{page}.html", scheme=scheme, width=width)
    opened.locator(".explorer .charts").first.scroll_into_view_if_needed()
    opened.wait_for_selector(".explorer[data-drawn]")
    broken = axe.run(opened, context=".explorer", options=rules).response["violations"]
    assert [(rule["id"], [node["html"][:160] for node in rule["nodes"][:4]]) for rule in broken] == []


@pytest.mark.parametrize("page, figure", CASES)
def test_without_a_script_the_figure_stands(browser, address, page, figure):
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(f"{address}/{page}")
        assert opened.locator(f"figure#{figure} img").is_visible()
        assert not explorer(opened, figure).is_visible()


def test_the_spoken_reading_waits_for_the_last_move(open_page):
    opened = open_page(CASES[2][0])
    root = explorer(opened, CASES[2][1])
    spoken = root.locator("[aria-live]")
    opened.wait_for_function("document.querySelector('.explorer [aria-live]').textContent !== ''")
    first = spoken.text_content()
    root.locator("[name=c]").press("ArrowRight")
    assert spoken.text_content() == first
    opened.wait_for_function("before => document.querySelector('.explorer [aria-live]').textContent !== before", arg=first)


def test_tiny_errors_are_not_shown_to_three_digits(open_page):
    opened = open_page(f"{CASES[2][0]}#move-{CASES[2][1]}?c=0.1&mu_norm2=16&t=4000")
    assert "< 10⁻⁴" in explorer(opened, CASES[2][1]).locator(".reading").inner_text()


# ---- in its place


@pytest.mark.parametrize("page, figure", [(page, figures[0]) for page, figures in FIGURES.items()])
def test_it_stands_under_the_picture_that_opens_its_page(html, page, figure):
    place = soup(html, f"book/{page}.html").select_one("figure.opening").find_next_sibling()
    assert place.select_one(".explorer")["data-figure"] == figure


def test_only_pages_with_such_figures_load_the_script_and_all_of_them_are_listed(html):
    loading = {
        page.relative_to(html).as_posix() for page in html.glob("book/**/*.html") if SCRIPT.search(page.read_text("utf-8"))
    }
    assert loading == {page for page, _ in CASES} | {"book/intro.html"}
    links = {link["href"].split("#")[0] for link in soup(html, "book/bridge/explorers.html").select("article a[href]")}
    assert {f"../{page}.html" for page in FIGURES if page != "bridge/explorers"} <= links


def test_the_first_page_has_a_figure_of_a_chapter_that_moves(open_page):
    page, key = next(case for case in CASES if "early_stopping" in case[0])
    readings = []
    for place in (page, "book/intro.html"):
        root = explorer(open_page(place), key)
        number = root.locator("[name='sigma2 number']")
        number.fill("0.5")
        number.press("Tab")
        readings.append(root.locator(".reading").inner_text())
    assert readings[0] == readings[1]
    assert "Stop at" in readings[0]


def test_every_part_has_three():
    for part in ("random_matrix", "time_scales", "overparametrized"):
        assert sum(page.startswith(part) for page in FIGURES) >= 3
