"""A printed page: the text and its solutions, black on white, nothing cut."""

import re

import pytest

from .test_site import CHAPTERS

KINDS = (CHAPTERS[0], "bridge/explorers", "intro", "atlas", "concordance", "build", "reference", "reference_time_scales")
ONE_OF_EACH_KIND = [f"book/{name}.html" for name in KINDS]
DARKEST_INK = 60
TEXT_WIDTH = 673  # CSS pixels of A4 (210 mm) between margins of 16 mm


@pytest.fixture
def printed(open_page):
    """Open a page as it is printed, from dark colours on the screen."""

    def open_one(name):
        page = open_page(name, scheme="dark", width=TEXT_WIDTH)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        return page

    return open_one


def seen(page, selector):
    return page.locator(selector).evaluate_all("all => all.filter(one => one.checkVisibility()).length")


@pytest.mark.parametrize("page", ONE_OF_EACH_KIND)
def test_bars_and_buttons_stay_on_the_screen(printed, page):
    opened = printed(page)
    for part in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article", ".prev-next-area", "button"):
        assert seen(opened, part) == 0, part
    assert seen(opened, "article :is(p, td)") > 10


@pytest.mark.parametrize("page", ONE_OF_EACH_KIND)
def test_paper_is_white_and_ink_is_dark_whatever_the_screen_shows(printed, page):
    opened = printed(page)
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    colours = opened.eval_on_selector_all("article p", "all => all.map(one => getComputedStyle(one).color)")
    assert colours and all(max(map(int, re.findall(r"\d+", colour)[:3])) <= DARKEST_INK for colour in colours)
    assert opened.evaluate("document.documentElement.dataset.theme") == "light"
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nothing_is_cut_at_the_edge_of_the_paper(printed, chapter):
    opened = printed(f"book/{chapter}.html")
    wide = opened.eval_on_selector_all(
        "article :is(img, pre, table, p, mjx-container[display])",
        f"all => all.filter(one => one.checkVisibility() && (one.getBoundingClientRect().right > {TEXT_WIDTH} "
        "|| one.scrollWidth > one.clientWidth + 1 && one.tagName == 'PRE')).map(one => one.outerHTML.slice(0, 120))",
    )
    assert wide == []


def test_solutions_are_printed_and_left_out_code_is_marked(printed):
    opened = printed(f"book/{CHAPTERS[2]}.html")
    text = "article .solution p:not(details.hide *)"
    solutions = opened.locator(text).count()
    assert solutions and seen(opened, text) == solutions
    folded = opened.locator("article details.hide").first
    assert seen(opened, "article details.hide pre") == 0
    mark = folded.locator("summary").evaluate("one => getComputedStyle(one, '::after').content")
    assert "not printed" in mark
    folded.evaluate("one => { one.open = true }")
    assert seen(opened, "article details.hide pre") == 1


def test_it_becomes_a_pdf(open_page):
    pdf = open_page(f"book/{CHAPTERS[2]}.html").pdf(format="A4")
    assert pdf.startswith(b"%PDF") and len(pdf) > 100_000
