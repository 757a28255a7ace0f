"""The site as its readers meet it: links, maths, figures, narrow screens, no network."""

import functools
import json
import re
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from learning_dynamics.companion.commands.verification import read_certificate
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.site.typesetting import Typesetter

from ..chapters import CHAPTERS, PROJECT

PAGES = [f"{page}.html" for page in PROJECT.pages()]
WHITE, DARK = 1.0, 0.0060
LEAST_CONTRAST = 3.0


@functools.cache
def parsed(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@functools.cache
def anchors(path):
    return {tag[key] for key in ("id", "name") for tag in parsed(path).find_all(attrs={key: True})}


def soup(html, page):
    return parsed(html / page)


def test_every_page_of_the_table_of_contents_is_there(html):
    assert (html / "index.html").exists()
    for page in PAGES:
        assert (html / page).exists(), page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(html, page):
    base = html / page
    for link in soup(html, page).select("a[href]"):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        target = (base.parent / unquote(parts.path)).resolve() if parts.path else base
        assert target.exists(), link["href"]
        if parts.fragment and target.suffix == ".html":
            assert unquote(parts.fragment) in anchors(target), link["href"]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere(html, page):
    for tag in soup(html, page).select("script[src], img[src], link[rel=stylesheet][href], iframe[src]"):
        address = tag.get("src") or tag.get("href")
        assert not urlsplit(address).netloc, address


@pytest.mark.parametrize("page", PAGES)
def test_no_directive_or_reference_is_left_raw(html, page):
    article = BeautifulSoup(str(soup(html, page).select_one("article")), "html.parser")
    for code in article.select("pre, code, script"):
        code.decompose()
    text = article.get_text()
    assert not re.search(r"\{(?:numref|eq|doc|ref|cite|prf:ref|py:func)[^}]*\}`", text)
    assert ":::" not in text and "```" not in text and "??" not in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_alternative_texts_hold_what_was_computed(project, html, chapter):
    images = soup(html, f"book/{chapter}.html").select("article figure img")
    assert images
    for image in images:
        assert len(image["alt"].split()) >= 15
    recorded = [json.loads(path.read_text()) for path in project.results(chapter, "quick").glob("fig-*.json")]
    for content in recorded:
        if content["alt"]:
            assert any(content["alt"] in image["alt"] for image in images), content["entry"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_agreement_table_is_recorded(project, chapter):
    for entry in load_registry(project.book / "registry.yml").of_chapter(chapter):
        if entry.check == "chapter":
            path = project.results(chapter, "quick") / f"{entry.id}.json"
            assert json.loads(path.read_text())["rows"], entry.id


@pytest.fixture(scope="module")
def typeset(tmp_path_factory):
    """A text with its formulas as the site has them, without what sets words apart."""
    typesetter = Typesetter(tmp_path_factory.mktemp("formulas") / "formulas.json", {})

    def formula(match):
        return BeautifulSoup(typesetter.html(match[1], display=False), "html.parser").get_text()

    yield lambda text: plain(re.sub(r"\$([^$]*)\$", formula, text))
    typesetter.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_recorded_quantity_is_a_cell_of_a_table(project, html, typeset, chapter):
    shown = {plain(cell.get_text()) for cell in soup(html, f"book/{chapter}.html").select("article td")}
    for path in project.results(chapter, "quick").glob("*.json"):
        for row in json.loads(path.read_text()).get("rows", []):
            assert typeset(row["quantity"]) in shown


def plain(text):
    """A cell's text without what sets italics, words and quotation marks apart."""
    return re.sub(r"[*\s]", "", text).translate(str.maketrans("’‘“”", "''\"\""))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_figures_are_legible_on_both_backgrounds(html, chapter):
    for image in soup(html, f"book/{chapter}.html").select("article figure img"):
        pixels = np.asarray(Image.open((html / "book" / chapter).parent / image["src"]).convert("RGBA")) / 255
        solid = pixels[pixels[..., 3] > 0.98][:, :3]
        assert len(solid)
        linear = np.where(solid <= 0.04045, solid / 12.92, ((solid + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        for background in (WHITE, DARK):
            light, dark = np.maximum(luminance, background), np.minimum(luminance, background)
            share = np.mean((light + 0.05) / (dark + 0.05) < LEAST_CONTRAST)
            assert share < 0.002, image["src"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_figures_stand_on_the_dark_page_without_a_panel(open_page, chapter):
    opened = open_page(f"book/{chapter}.html", scheme="dark")
    page = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page == "rgb(18, 18, 18)"
    styles = opened.eval_on_selector_all(
        "article figure img", "all => all.map(one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).filter])"
    )
    assert styles and all(style == ["rgba(0, 0, 0, 0)", "none"] for style in styles)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", ["book/intro.html", f"book/{CHAPTERS[2]}.html"])
def test_pictures_keep_their_shape(open_page, page, width):
    opened = open_page(page, width=width)
    opened.evaluate("document.querySelectorAll('img').forEach(one => { one.loading = 'eager' })")
    opened.wait_for_function("[...document.images].every(one => one.complete)")
    shapes = opened.eval_on_selector_all(
        "article img", "all => all.map(one => one.naturalWidth / one.naturalHeight / (one.clientWidth / one.clientHeight))"
    )
    assert shapes and all(abs(shape - 1) < 0.02 for shape in shapes)


def test_the_registry_pages_show_the_recorded_verdicts(html):
    text = soup(html, "book/atlas.html").get_text()
    assert "agree" in text
    assert "not recorded" not in text


def test_the_first_page_counts_the_verdicts(html):
    text = soup(html, "book/intro.html").get_text()
    assert "at the preset quick, the verdicts are" in text
    assert re.search(r"theory against simulation: \d+ agree", text)


def test_claims_link_their_tests_and_tables(html):
    page = soup(html, "book/claims.html")
    assert len(page.select("a.download[href$='.py']")) >= 40
    assert page.select("a[href*='#table-']")


def test_the_certificate_is_linked_and_can_be_read(project, html):
    certificate = read_certificate(html / "certificate.json")
    recorded = {path.stem for path in (project.build / "executed" / "quick").glob("**/*.results/fig-*.json")}
    assert certificate["entries"].keys() >= recorded
    assert str(project.root) not in (html / "certificate.json").read_text("utf-8")
    for page in ("book/build.html", "book/checking.html"):
        assert soup(html, page).select("a[href='../certificate.json']")


@pytest.mark.parametrize("page", PAGES)
def test_the_console_is_silent_and_maths_is_rendered(open_page, page):
    opened = open_page(page)
    formulas = opened.locator("article .math").count()
    assert opened.locator("article .math > mjx-container").count() == formulas
    assert opened.locator("article .math > mjx-container > mjx-assistive-mml > math").count() == formulas
    assert opened.locator("mjx-merror, .math-error, mjx-container [tabindex], mjx-container[tabindex]").count() == 0
    assert opened.complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_no_tex_is_seen_at_any_time(html, page):
    article = BeautifulSoup(str(soup(html, page)), "html.parser")
    for code in article.select("pre, code, script"):
        code.decompose()
    assert not re.search(r"\\[(\[]|\\(?:frac|lVert|mathbb|sigma|beta|sqrt)\b", article.get_text())


def test_formulas_need_no_script(open_page):
    opened = open_page(f"book/{CHAPTERS[2]}.html", java_script_enabled=False)
    box = opened.locator("article .math mjx-container").first.bounding_box()
    assert box["width"] > 5 and box["height"] > 5
    assert not opened.locator("script[src*=mathjax], script[src*=fontawesome]").count()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [390, 320])
def test_nothing_sticks_out_on_a_phone(open_page, page, width):
    opened = open_page(page, width=width)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_search_works_without_a_network(open_page):
    opened = open_page("search.html?q=Stieltjes")
    opened.wait_for_selector("#search-results li")
    assert opened.complaints == []


def test_the_site_opens_from_a_folder(browser, html):
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((html / "book" / f"{CHAPTERS[0]}.html").as_uri())
    page.wait_for_selector("mjx-container")
    assert complaints == []
    page.close()
