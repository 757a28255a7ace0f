"""Pictures, data and links of the figures on the built site, and the pages made of them."""

import csv
import json
import re
from importlib import metadata
from io import BytesIO
from urllib.parse import unquote

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.pages.claims import verdicts
from learning_dynamics.companion.records.figures import figure_cells, pictures
from learning_dynamics.companion.records.recording import agreement_file, read_results
from learning_dynamics.companion.records.registry import load_registry

from ..chapters import CHAPTERS, PROJECT

REGISTRY = load_registry(PROJECT.book / "registry.yml")
FIGURES = [entry for entry in REGISTRY.entries if entry.kind == "figure"]
WHITE, DARK = 255, 18
LARGEST_PICTURE = 20_000
LEAST_CONTRAST = 2.8
"""A little below the 3 of the figures themselves: a reduced palette moves a colour by up to 8 of 255 levels."""


@pytest.fixture(scope="module")
def page(html):
    """Parses a page of the book, once."""
    known = {}

    def parse(name):
        if name not in known:
            known[name] = BeautifulSoup((html / "book" / f"{name}.html").read_text("utf-8"), "html.parser")
        return known[name]

    return parse


@pytest.fixture(scope="module")
def cards(page):
    """The cards of the atlas: id of a figure → its card."""
    found = page("atlas").select(".figure-card")
    return {card.select_one("a:has(img)")["href"].split("#")[1]: card for card in found}


def target(html, link):
    """The file that a link on a page in ``book/`` leads to."""
    return (html / "book" / unquote(link["href"])).resolve()


def numbers(path):
    """A CSV file: names of its columns, and its cells as numbers where they are numbers."""
    with path.open(newline="", encoding="utf-8") as stream:
        head, *rows = csv.reader(stream)
    return head, rows


def test_every_figure_has_one_card(cards, page):
    assert sorted(cards) == sorted(entry.id for entry in FIGURES)
    assert len(page("atlas").select(".figure-card")) == len(FIGURES)


def test_cards_stand_in_the_order_of_the_book(cards):
    wanted = [label for chapter in CHAPTERS for label in figure_cells(read_notebook(PROJECT.notebook(chapter)))]
    assert list(cards) == wanted


@pytest.mark.parametrize("entry", FIGURES, ids=lambda entry: entry.id)
def test_a_card_says_and_links_what_it_should(project, html, page, cards, entry):
    card, chapter = cards[entry.id], page(entry.chapter)
    image = card.select_one("img")
    assert image["loading"] == "lazy"
    assert len(image["alt"].split()) >= 15
    text = " ".join(card.get_text().split())
    assert " ".join(entry.statement.split()[:2]).split("$")[0] in text
    if entry.reproduces:
        assert entry.reproduces in text
    seconds = json.loads((project.results(entry.chapter, "quick") / "chapter.json").read_text())["seconds"]
    assert f"runs in: {seconds:.0f} s" in text
    assert verdicts(read_results(project.results(entry.chapter, "quick")), entry.id).replace("—", "by a test") in text
    hrefs = [link["href"] for link in card.select("a[href]")]
    assert f"{entry.chapter}.html#{entry.id}" in hrefs
    assert f"{entry.chapter}.html#code-{entry.id}" in hrefs
    assert any(re.match(r"reference\w*\.html#learning_dynamics\.", href) for href in hrefs)
    cell = chapter.find(id=f"code-{entry.id}")
    assert cell.find(id=entry.id) or cell.find("img"), "the anchor is on the cell with the figure"
    assert f'"{entry.id}"' in cell.get_text()


@pytest.mark.parametrize("entry", FIGURES, ids=lambda entry: entry.id)
def test_pictures_of_the_atlas_are_small_and_legible_on_both_backgrounds(html, cards, entry):
    content = (html / "book" / cards[entry.id].select_one("img")["src"]).read_bytes()
    assert len(content) <= LARGEST_PICTURE
    pixels = np.asarray(Image.open(BytesIO(content)).convert("RGBA")) / 255
    solid = pixels[pixels[..., 3] > 0.9][:, :3]
    assert len(solid)
    linear = np.where(solid <= 0.04045, solid / 12.92, ((solid + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    for background in (1.0, 0.0060):
        light, dark = np.maximum(luminance, background), np.minimum(luminance, background)
        assert np.mean((light + 0.05) / (dark + 0.05) < LEAST_CONTRAST) < 0.002


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_data_of_every_figure_can_be_downloaded_and_is_what_was_recorded(project, html, page, cards, chapter):
    results = project.results(chapter, "quick")
    recorded = {name: content["data"] for name, content in read_results(results).items() if content["data"]}
    assert recorded
    links = {link["download"] or link["href"]: link for link in page(chapter).select(".figure-data a.download")}
    offered = {
        unquote(link["href"]).split("/")[-1]: (html / "book" / chapter).parent / unquote(link["href"]) for link in links.values()
    }
    tables = {agreement_file(entry) for entry, content in read_results(results).items() if content["rows"]}
    assert sorted(offered) == sorted([*(name for names in recorded.values() for name in names), *tables])
    for name in tables:
        assert offered[name].read_bytes() == (results / name).read_bytes()
    for label, names in recorded.items():
        on_card = {target(html, link).name: target(html, link) for link in cards[label].select("a.download")}
        assert sorted(on_card) == sorted(names)
        for name in names:
            head, rows = numbers(offered[name])
            assert numbers(on_card[name]) == (head, rows) == numbers(results / name)
            assert head and rows and all(len(row) == len(head) for row in rows)
            values = np.array([[float(cell or "nan") for cell in row] for row in rows])
            assert np.isfinite(values).any()


def test_pictures_of_the_first_page_are_those_of_this_build(project, html, page):
    kept = sorted(path.stem for path in (PROJECT.book / "_pictures").glob("*.png"))
    images = page("intro").select("article img")
    assert sorted(image["src"].split("/")[-1].removesuffix(".png") for image in images) == kept
    assert len(kept) == len(REGISTRY.papers)
    for image in images:
        label = image["src"].split("/")[-1].removesuffix(".png")
        executed = read_notebook(project.executed(REGISTRY.entry(label).chapter, "quick"))
        assert (html / "book" / image["src"]).read_bytes() == pictures(executed)[label]
        assert image.parent["href"] == f"{REGISTRY.entry(label).chapter}.html#{label}"
        assert len(image["alt"].split()) >= 15


def test_the_first_page_leads_to_every_chapter(page):
    hrefs = {link["href"].split("#")[0] for link in page("intro").select("article a[href]")}
    assert {f"{chapter}.html" for chapter in CHAPTERS} <= hrefs


def test_the_page_about_the_build_holds_its_times_and_versions(project, page):
    text = " ".join(page("build").get_text().split())
    runs = [json.loads((project.results(name, "quick") / "chapter.json").read_text()) for name in CHAPTERS]
    assert "Preset: quick" in text
    for run in runs:
        assert f" {run['seconds']:.1f} " in text
        for name, value in run["parameters"].items():
            assert f"{name}={value}" in text
    assert f" {sum(run['seconds'] for run in runs):.0f} " in text
    for name, version in {**runs[0]["versions"], "Python": runs[0]["python"], "Sphinx": metadata.version("sphinx")}.items():
        assert f"{name} {version}" in text


def test_every_number_of_the_papers_is_in_the_concordance(page):
    rows = [[cell.get_text() for cell in row.select("td")] for row in page("concordance").select("article tr")]
    listed = {row[0] for row in rows if len(row) == 6}
    for entry in REGISTRY.entries:
        if entry.reproduces:
            assert entry.reproduces in listed


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_stand_on_the_background_of_the_page(open_page, scheme):
    for name in ("atlas", "intro"):
        opened = open_page(f"book/{name}.html", scheme=scheme)
        seen = opened.eval_on_selector_all(
            "article img",
            """all => all.map(one => {
                 const colours = [];
                 for (let at = one; at && !at.matches('body'); at = at.parentElement) colours.push(getComputedStyle(at).backgroundColor);
                 return [getComputedStyle(one).filter, ...colours.filter(c => c !== 'rgba(0, 0, 0, 0)')].join(' ');
               })""",
        )
        page = opened.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page == f"rgb({', '.join([str(WHITE if scheme == 'light' else DARK)] * 3)})"
        assert seen and set(seen) <= {"none", f"none {page}"}
