"""Every chapter shows first: its result and its picture on the first screens, and little code before readers ask for it."""

import re

import pytest

from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.records.registry import load_registry

from .test_site import CHAPTERS, PROJECT, soup

OPENINGS = load_registry(PROJECT.book / "registry.yml").openings
SCREENS = ((1280, 900), (390, 844))
FIRST_SCREENS = 1.5
MOST_CODE = 0.15
END_OF_OPENING = "document.querySelector('article figure.opening').getBoundingClientRect().bottom + scrollY"
SHARE_OF_CODE = """
() => {
  const shown = [...document.querySelectorAll('article .cell_input, article div.highlight')]
    .filter(one => one.checkVisibility() && !one.parentElement.closest('.cell_input, div.highlight'));
  const height = one => one.getBoundingClientRect().height;
  return shown.map(height).reduce((sum, one) => sum + one, 0) / height(document.querySelector('article'));
}
"""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_begins_with_its_result_and_its_picture(html, chapter):
    page = soup(html, f"book/{chapter}.html")
    result, opening = page.select_one("article h1").find_next_siblings(limit=2)
    assert "result" in result["class"]
    assert len(re.findall(r"[.?!](?=\s|$)", result.get_text().strip())) == 1
    assert "opening" in opening["class"]
    label = OPENINGS[chapter]
    figure = page.find("figure", id=label)
    assert opening.img["src"] == figure.img["src"]
    assert opening.img["alt"] == figure.img["alt"]
    assert opening.select_one("figcaption a")["href"] == f"#{label}"
    number = figure.select_one(".caption-number").get_text(strip=True)
    assert opening.select_one("figcaption a").get_text() == number
    begins = figure.select_one(".caption-text strong").get_text(" ", strip=True)[:12]
    assert begins and opening.get_text(" ", strip=True).startswith(begins)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_picture_that_opens_a_chapter_is_not_counted(html, chapter):
    page = soup(html, f"book/{chapter}.html")
    opening = page.select_one("figure.opening")
    assert not opening.find(id=True) and not opening.has_attr("id")
    assert not opening.select(".caption-number, .headerlink")
    numbers = [one.get_text(strip=True) for one in page.select("article figcaption .caption-number")]
    assert len(numbers) == len(set(numbers)) == len(page.select("article figure[id]"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_result_and_picture_stand_on_the_first_screen_and_a_half(browser, address, chapter):
    for width, height in SCREENS:
        with browser.new_context(viewport={"width": width, "height": height}) as context:
            page = context.new_page()
            page.goto(f"{address}/book/{chapter}.html", wait_until="load")
            assert page.evaluate(END_OF_OPENING) <= FIRST_SCREENS * height, (width, height)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_code_takes_little_of_a_page_until_it_is_unfolded(open_page, chapter):
    assert open_page(f"book/{chapter}.html").evaluate(SHARE_OF_CODE) <= MOST_CODE


def test_the_share_of_code_counts_what_is_open_only(browser):
    page = browser.new_page()
    page.set_content(
        "<article><div class=cell_input style='height: 100px'><div class=highlight style='height: 80px'></div></div>"
        "<details><summary>code</summary><div class=highlight style='height: 500px'></div></details>"
        "<p style='height: 300px; margin: 0'></p></article>"
    )
    article = page.evaluate("document.querySelector('article').getBoundingClientRect().height")
    assert page.evaluate(SHARE_OF_CODE) == pytest.approx(100 / article)
    page.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_downloaded_notebooks_hold_every_picture_once(html, chapter):
    link = next(one["href"] for one in soup(html, f"book/{chapter}.html").select("a[href$='.ipynb']"))
    notebook = read_notebook((html / "book" / chapter).parent / link)
    drawn = [
        output.data["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert drawn and len(drawn) == len(set(drawn))
