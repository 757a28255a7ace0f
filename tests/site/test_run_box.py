"""The box "Run it with your own parameters" in a browser: fields, sentences, commands, keyboard, phone, and without JavaScript."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from learning_dynamics.companion.base.notebooks import cleaned, read_notebook, read_source, write_notebook
from learning_dynamics.companion.base.project import REGISTRY_PAGES
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.notebook_kernel import installed_kernel
from learning_dynamics.companion.records.parameters import complete, declared_parameters
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.site.render import render, site_settings
from learning_dynamics.companion.site.run_box import TITLE
from learning_dynamics.companion.site.run_commands import as_text, papermill_command, rerun_command

from .test_accessibility import VIEWS
from .test_site import CHAPTERS, PROJECT, soup

REGISTRY = load_registry(PROJECT.book / "registry.yml")
TALLEST_WHEN_CLOSED = 60
SMALLEST_TARGET = 44
READY = ".run-box[data-ready]"
HARMLESS = "random_matrix/performance"
REPOSITORY = "https://github.com/someone/shelf"

TYPED = [  # chapter, preset, what is typed, and what of it is a change
    ("random_matrix/performance", "paper", {"n": "600", "alpha": " 2e-2 "}, {"n": 600, "alpha": 0.02}),
    ("random_matrix/performance", "quick", {"runs": "10", "sigma2": "1"}, {"sigma2": 1.0}),
    ("random_matrix/performance", "large", {"runs": "+1_001", "seed": "0"}, {"runs": 1001, "seed": 0}),
    ("random_matrix/mnist", "paper", {"decibel": "-20"}, {"decibel": -20.0}),
    ("time_scales/stages", "quick", {"decades": "16", "m": "20"}, {"decades": 16}),
    ("time_scales/setting", "paper", {"epsilon": "1e-5", "m": "050"}, {"epsilon": 1e-5}),
    ("bridge/explorers", "paper", {}, {}),
]
REFUSED = [  # chapter, what is typed, the fields that are marked
    ("random_matrix/performance", {"n": "6000"}, ["n"]),
    ("random_matrix/performance", {"n": "51.2"}, ["n"]),
    ("random_matrix/performance", {"alpha": ""}, ["alpha"]),
    ("random_matrix/performance", {"alpha": "0,01"}, ["alpha"]),
    ("random_matrix/performance", {"seed": "9" * 80}, ["seed"]),
    ("time_scales/setting", {"epsilon": "nan"}, ["epsilon"]),
    ("random_matrix/performance", {"alpha": "0.1", "mu_norm2": "25"}, ["mu_norm2", "p", "n", "alpha"]),
    ("random_matrix/setting", {"p": "255"}, ["p"]),
    ("overparametrized/setting", {"n": "300", "d": "3", "widest": "16000"}, ["n", "d", "widest"]),
    ("bridge/regimes", {"n": "500"}, ["n", "d", "m"]),
]


def box_of(page):
    """The opened box of a page, with its fields."""
    page.locator(".run-box summary").click()
    page.wait_for_selector(READY)
    return page.locator(READY)


def type_into(box, typed):
    """Type values into fields, as a reader does."""
    for name, text in typed.items():
        field = box.locator(f"[name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill("")
            field.press_sequentially(text)


def commands_of(box):
    return {name: box.locator(f"[data-command={name}]").inner_text() for name in ("rerun", "papermill")}


def button(box, name):
    return box.get_by_role("button", name=name, exact=True)


def values_of(chapter, preset):
    declared = declared_parameters(read_source(PROJECT.notebook(chapter)))
    return complete(REGISTRY.preset(chapter, preset), declared), complete({}, declared)


@pytest.mark.parametrize("chapter, preset, typed, changes", TYPED)
def test_what_is_typed_becomes_commands(open_page, chapter, preset, typed, changes):
    opened = open_page(f"book/{chapter}.html")
    box = box_of(opened)
    button(box, preset).click()
    type_into(box, typed)
    base, defaults = values_of(chapter, preset)
    wanted = base | changes
    assert commands_of(box) == {
        "rerun": rerun_command(chapter, preset, changes),
        "papermill": papermill_command(chapter, {k: v for k, v in wanted.items() if v != defaults[k]}),
    }
    assert box.locator("[aria-invalid=true], button:disabled").count() == 0
    assert opened.complaints == []


@pytest.mark.parametrize("chapter, typed, marked", REFUSED)
def test_a_wrong_value_gets_the_sentence_of_the_command_line(open_page, monkeypatch, capsys, chapter, typed, marked):
    box = box_of(open_page(f"book/{chapter}.html"))
    type_into(box, typed)
    monkeypatch.chdir(PROJECT.root)
    assignments = [word for name, text in typed.items() for word in ("-p", f"{name}={text}")]
    assert main(["rerun", chapter, *assignments, "--estimate"]) == 2
    sentence = capsys.readouterr().err.removeprefix("error: ").strip()
    shown = [text for text in box.locator(".refused").all_inner_texts() if text]
    assert shown == [sentence]
    invalid = box.locator("[aria-invalid=true]")
    assert {one.get_attribute("name") for one in invalid.all()} == set(marked)
    for one in invalid.all():
        described = one.evaluate(
            "one => one.getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).innerText)"
        )
        assert described[0] == sentence and len(described) == 3
    assert all("once the values are allowed" in text for text in commands_of(box).values())
    assert box.locator("button:disabled").count() == 2
    box.page.wait_for_function("words => document.querySelector('.run-box [role=status]').textContent === words", arg=sentence)
    button(box, "Reset").click()
    assert box.locator("[aria-invalid=true], button:disabled").count() == 0
    assert commands_of(box)["rerun"] == rerun_command(chapter, "paper", {})


@pytest.mark.parametrize("chapter", [HARMLESS, "time_scales/stages", "overparametrized/beyond", "bridge/regimes"])
def test_presets_are_the_registry_s(open_page, chapter):
    box = box_of(open_page(f"book/{chapter}.html"))
    for preset in ("quick", "large", "paper"):
        button(box, preset).click()
        values, defaults = values_of(chapter, preset)
        shown = {one.get_attribute("name"): one.input_value() for one in box.locator("input, select").all()}
        assert shown == {name: as_text(value) for name, value in values.items()}
        assert commands_of(box) == {
            "rerun": rerun_command(chapter, preset, {}),
            "papermill": papermill_command(chapter, {k: v for k, v in values.items() if v != defaults[k]}),
        }
        assert [one.inner_text() for one in box.locator("[aria-pressed=true]").all()] == [preset]


def test_commands_are_copied(open_page):
    opened = open_page(f"book/{HARMLESS}.html", permissions=["clipboard-read", "clipboard-write"])
    box = box_of(opened)
    type_into(box, {"runs": "3"})
    for name, what in (("rerun", "Copy: The command"), ("papermill", "Copy: The same with papermill")):
        copying = button(box, what)
        copying.click()
        box.page.wait_for_function("document.querySelector('.run-box [role=status]').textContent === 'Copied.'")
        assert copying.inner_text() == "Copied"
        assert opened.evaluate("navigator.clipboard.readText()") == commands_of(box)[name]


def test_where_the_clipboard_is_closed_the_command_is_selected(open_page):
    opened = open_page(f"book/{HARMLESS}.html")
    opened.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false }")
    box = box_of(opened)
    button(box, "Copy: The command").click()
    box.page.wait_for_function("document.querySelector('.run-box [role=status]').textContent.startsWith('Selected')")
    assert opened.evaluate("String(getSelection())").strip() == commands_of(box)["rerun"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_without_javascript_there_is_a_table_and_the_command(html, chapter):
    page = soup(html, f"book/{chapter}.html")
    (box,) = page.select("article .run-box")
    assert not box.has_attr("open") and not box.select("input, select, button")
    assert [row.th.get_text() for row in box.select("tbody tr")] == list(values_of(chapter, "paper")[1])
    assert [one.get_text() for one in box.select("pre.command")] == [
        rerun_command(chapter, "paper", {}),
        papermill_command(chapter, {}),
    ]
    cell = box.find_previous_sibling("div")
    assert {"tag_parameters", "tag_injected-parameters"} & set(cell["class"])
    links = [link["href"] for link in box.select("a[href]")]
    assert len(links) == 2 and all((html / "book" / chapter).parent.joinpath(link).exists() for link in links)
    assert links[0].endswith("/learning-dynamics.zip") and links[1].endswith(f"/_sources/book/{chapter}.ipynb")


def test_without_javascript_it_can_be_read(open_page):
    opened = open_page(f"book/{HARMLESS}.html", java_script_enabled=False)
    opened.locator(".run-box summary").click()
    box = opened.locator(".run-box[open]")
    for part in ("table.fields", ".rules", "[data-command=rerun]"):
        assert box.locator(part).is_visible(), part
    assert box.locator("#run-n-value").inner_text() == "512"


@pytest.mark.parametrize("page", REGISTRY_PAGES)
def test_a_page_without_parameters_has_no_box(html, page):
    assert "run-box" not in (html / f"book/{page}.html").read_text("utf-8")


def test_it_takes_one_line_and_no_script_until_it_is_opened(open_page):
    for width in (1280, 390):
        opened = open_page(f"book/{HARMLESS}.html", width=width)
        assert opened.locator("script[src*='run_box.js']").count() == 0
        assert opened.locator(".run-box").bounding_box()["height"] < TALLEST_WHEN_CLOSED


def test_the_keyboard_is_enough(open_page):
    opened = open_page(f"book/{HARMLESS}.html")
    opened.locator(".run-box summary").focus()
    opened.keyboard.press("Enter")
    opened.wait_for_selector(READY)
    seen = []
    for _ in range(4 + len(values_of(HARMLESS, "paper")[1]) + 2):
        opened.keyboard.press("Tab")
        name, width = opened.evaluate(
            "() => { const one = document.activeElement, style = getComputedStyle(one);"
            " return [one.name || one.ariaLabel || one.textContent, style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)] }"
        )
        assert width >= 2, name
        seen.append(name)
        if name == "quick":
            opened.keyboard.press("Space")
        if name == "seed":
            opened.keyboard.press("Control+a")
            opened.keyboard.type("7")
            opened.keyboard.press("Enter")
    copying = ["Copy: The command", "Copy: The same with papermill"]
    assert seen == ["quick", "paper", "large", "Reset", *values_of(HARMLESS, "paper")[1], *copying]
    assert commands_of(opened.locator(".run-box"))["rerun"] == rerun_command(HARMLESS, "quick", {"seed": 7})


@pytest.mark.parametrize("chapter", [HARMLESS, "random_matrix/anisotropic", "time_scales/stages"])
@pytest.mark.parametrize("width", [390, 320])
def test_it_fits_a_phone(open_page, chapter, width):
    opened = open_page(f"book/{chapter}.html", width=width, has_touch=True)
    box = box_of(opened)
    button(box, "quick").click()
    type_into(box, {"m": "9999"} if "stages" in chapter else {"alpha": "0.00000001"})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    parts = box.locator("input, select, button, .command, .refused:not(:empty), tbody th, td, li")
    for one in parts.all():
        place = one.bounding_box()
        assert place is None or (place["x"] >= 0 and place["x"] + place["width"] <= width)
    for one in box.locator("summary, input, select, button").all():
        assert one.bounding_box()["height"] >= SMALLEST_TARGET


def test_axe_finds_nothing_in_it(open_page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for scheme, width, rules in VIEWS:
        opened = open_page("book/time_scales/stages.html", scheme=scheme, width=width)
        type_into(box_of(opened), {"m": "9999"})
        broken = axe.run(opened, context=".run-box", options=rules).response["violations"]
        assert [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in broken] == [], (scheme, width)


def test_forced_colours_show_what_is_wrong_and_what_is_chosen(open_page):
    opened = open_page(f"book/{HARMLESS}.html", forced_colors="active")
    box = box_of(opened)
    type_into(box, {"n": "1"})
    assert box.locator("[name=n]").evaluate("one => getComputedStyle(one).borderTopStyle") == "dashed"
    thick, thin = (
        button(box, name).evaluate("one => parseFloat(getComputedStyle(one).borderTopWidth)") for name in ("paper", "quick")
    )
    assert thick > thin > 0


def test_it_stays_off_paper(open_page):
    opened = open_page(f"book/{HARMLESS}.html")
    box_of(opened)
    opened.emulate_media(media="print")
    assert not opened.locator(".run-box").is_visible()


def test_the_search_does_not_know_it(html):
    text = (html / "_static" / "searchdata.js").read_text("utf-8")
    known = json.loads(re.search(r"\[.*\]", text, re.DOTALL)[0])
    assert TITLE not in text and "mine.ipynb" not in text
    assert {f"book/{chapter}.html" for chapter in CHAPTERS} <= {page["page"] for page in known}


# ---- what the page gives runs


def test_a_copied_command_is_one_of_the_command_line(open_page, monkeypatch, capsys):
    opened = open_page(f"book/{HARMLESS}.html", permissions=["clipboard-read", "clipboard-write"])
    box = box_of(opened)
    type_into(box, {"n": "600", "alpha": "0.02"})
    button(box, "Copy: The command").click()
    opened.wait_for_function("document.querySelector('.run-box [role=status]').textContent === 'Copied.'")
    words = shlex.split(opened.evaluate("navigator.clipboard.readText()"))
    assert words[:3] == ["python", "-m", "learning_dynamics"]
    monkeypatch.chdir(PROJECT.root)
    assert main([*words[3:], "--estimate"]) == 0
    assert capsys.readouterr().out.startswith(f"{HARMLESS}: ")


# ---- a site that says where its source is


@pytest.fixture(scope="module")
def linked(root, tmp_path_factory):
    """A site of one notebook, with the address of its source, lists among its parameters, and no registry."""
    folder = tmp_path_factory.mktemp("linked")
    source = folder / "source"
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\n**A result.**"),
        nbformat.v4.new_code_cell(LISTS),
        nbformat.v4.new_code_cell(PRINT),
    ]
    cells[1].metadata["tags"] = ["parameters"]
    write_notebook(cleaned(nbformat.v4.new_notebook(cells=cells)), source / "book" / "one" / "first.ipynb")
    (source / "book" / "_assets").mkdir()
    shutil.copyfile(root / "book" / "_assets" / "run_box.js", source / "book" / "_assets" / "run_box.js")
    shutil.copyfile(root / "book" / "references.bib", source / "book" / "references.bib")
    (source / "_toc.yml").write_text("format: jb-book\nroot: book/one/first\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPO_URL", REPOSITORY)
        settings = site_settings(root)
    settings["html"]["favicon"] = ""
    settings["sphinx"]["config"] |= {"moved_pages": {}, "html_css_files": [], "html_js_files": []}
    (source / "_config.yml").write_text(yaml.safe_dump(settings))
    render(source, folder, strict=True)
    return folder / "_build" / "html" / "book" / "one" / "first.html"


LISTS = """\
sizes: list[int] = [32, 64]  # dimensions; in [8, 512]
flow: bool = False  # the limit of small steps
dynamics: str = "gd"  # how to move; in {gd, flow}
"""
PRINT = "print(sizes, flow, repr(dynamics))"


def test_the_box_leads_to_the_repository_and_to_binder(linked):
    box = BeautifulSoup(linked.read_text("utf-8"), "html.parser").select_one(".run-box")
    links = [link["href"] for link in box.select("a[href]")]
    assert links == [
        REPOSITORY,
        "../../_sources/book/one/first.ipynb",
        "https://mybinder.org/v2/gh/someone/shelf/main?labpath=book/one/first.ipynb",
    ]
    assert f"git clone {REPOSITORY}" in box.get_text()


def test_lists_choices_and_truth_values_have_fields_and_the_call_of_papermill_runs(linked, browser, tmp_path):
    page = browser.new_page()
    page.goto(linked.as_uri())
    box = box_of(page)
    type_into(box, {"sizes": "[8, 16]", "flow": "True", "dynamics": "flow"})
    changes = {"sizes": [8, 16], "flow": True, "dynamics": "flow"}
    commands = commands_of(box)
    assert commands == {
        "rerun": rerun_command("one/first", "paper", changes),
        "papermill": papermill_command("one/first", changes),
    }
    type_into(box, {"sizes": "8, 4"})
    assert box.locator("#run-sizes-error").inner_text() == "sizes must be in [8, 512], got 4."
    page.close()
    shutil.copytree(linked.parents[4] / "source", tmp_path / "clone")
    with installed_kernel() as variables:
        command = [sys.executable, "-m", *shlex.split(commands["papermill"]), "--no-progress-bar"]
        done = subprocess.run(command, cwd=tmp_path / "clone", env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    ran = read_notebook(tmp_path / "clone" / "mine.ipynb")
    (printed,) = (output.text for cell in ran.cells for output in cell.get("outputs", []))
    assert printed == "[8, 16] True 'flow'\n"
