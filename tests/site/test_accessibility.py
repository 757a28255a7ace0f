"""Pages for readers who see little or nothing, or have no mouse: WCAG 2.2, levels A and AA, and good practice, as axe checks them."""

import re
from xml.etree import ElementTree

import pytest

from learning_dynamics.companion.site.accessible import accessible, on_one_line

from .test_site import CHAPTERS, PROJECT, soup

OTHERS = ["search.html", "genindex.html", "prf-prf.html"]
PAGES = [*(f"{page}.html" for page in PROJECT.pages()), *OTHERS]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
VIEWS = (("light", 1280, ALL_RULES), ("light", 390, ALL_RULES), ("dark", 1280, CONTRAST), ("dark", 390, CONTRAST))
"""Colours alone depend on the scheme."""

KINDS = (
    "intro",
    "random_matrix/least_squares",
    "overparametrized/constant",
    "bridge/explorers",
    "claims",
    "reference_time_scales",
)
ONE_OF_EACH_KIND = [*(f"book/{name}.html" for name in KINDS), "search.html"]


def violations(open_page, name):
    """What axe finds on a page with everything unfolded, and nothing half faded in."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for scheme, width, rules in VIEWS:
        page = open_page(name, scheme=scheme, width=width)
        page.add_style_tag(content="* { animation: none !important; transition: none !important }")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        broken = axe.run(page, options=rules).response["violations"]
        found += [(scheme, width, rule["id"], [node["html"][:160] for node in rule["nodes"][:4]]) for rule in broken]
    return found


@pytest.mark.parametrize("page", ONE_OF_EACH_KIND)
def test_axe_finds_nothing(open_page, page):
    assert violations(open_page, page) == []


@pytest.mark.nightly
@pytest.mark.parametrize("page", sorted({*PAGES} - {*ONE_OF_EACH_KIND}))
def test_axe_finds_nothing_on_any_page(open_page, page):
    assert violations(open_page, page) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_id_stands_twice_on_a_page(html, page):
    ids = [tag["id"] for tag in soup(html, page).find_all(id=True)]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_folded_code_has_a_name_of_its_own(html, chapter):
    names = [one.get_text(" ", strip=True) for one in soup(html, f"book/{chapter}.html").select("details.hide > summary")]
    assert len(names) == len(set(names))
    assert any(re.match(r"Show code of Fig\. \d+\.\d+ ", name) for name in names)
    assert not soup(html, f"book/{chapter}.html").select("summary[aria-label]")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_verdicts_come_first_on_a_phone(open_page, chapter):
    opened = open_page(f"book/{chapter}.html", width=390)
    rows = opened.locator("table.verdicts tbody tr")
    assert rows.count()
    for row in rows.all()[:6]:
        heights = row.evaluate(
            "row => [...row.cells].map(one => [one.className.includes('verdict'), one.getBoundingClientRect()]"
            ".map(part => part.top ?? part))"
        )
        verdicts, numbers = ([top for is_verdict, top in heights[1:] if is_verdict is kind] for kind in (True, False))
        assert max(verdicts) < min(numbers)
        assert row.evaluate("row => [...row.cells].every(one => one.getBoundingClientRect().right <= 390)")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<math><msup><mi>σ</mi><mn>2</mn></msup></math>", "σ²"),
        ("<math><mi>m</mi><msqrt><mi>ε</mi></msqrt></math>", "m√(ε)"),
        (
            "<math><msub><mi>T</mi><mn>1</mn></msub><mo>=</mo><msup><mi>ε</mi><mrow><mn>1</mn><mo>/</mo><mn>4</mn></mrow></msup></math>",
            "T1=ε^(1/4)",
        ),
    ],
)
def test_a_heading_that_is_a_formula_has_a_name(formula, text):
    assert on_one_line(ElementTree.fromstring(formula)) == text
    heading = f'<th class="head"><p><span class="math"><mjx-container class="x"><mjx-math></mjx-math>{formula}</mjx-container></span></p></th>'
    assert f'<th class="head"><p><span class="heading-name">{text}</span><span aria-hidden="true" class="math">' in accessible(
        heading
    )
    assert "heading-name" not in accessible(heading.replace("</span>", "</span> of a step"))


def test_the_keyboard_shows_where_it_is_and_never_stops_at_a_formula(open_page):
    opened = open_page(f"book/{CHAPTERS[2]}.html")
    stops = 0
    for _ in range(45):
        opened.keyboard.press("Tab")
        name, width, formula = opened.evaluate(
            "() => { const one = document.activeElement, style = getComputedStyle(one);"
            " return [one.tagName, style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth), !!one.closest('mjx-container')] }"
        )
        if name in ("A", "BUTTON", "SUMMARY", "INPUT"):
            stops += 1
            assert width >= 2, name
        assert not formula
    assert stops > 20


def test_a_page_without_statements_and_tables_stays_as_it_is():
    page = '<main><table class="table"><thead><tr><th class="head"><p>name</p></th></tr></thead></table><p>text</p></main>'
    assert accessible(page) == page
