"""What a reader has to load."""

import pytest

from learning_dynamics.companion.weights import MEGABYTE, page_weight, shared_weight, weight_report
from learning_dynamics.companion.yaml_files import read_yaml

from .test_site import CHAPTERS, PAGES, PROJECT

HEAVIEST_PAGE = 1.5
SHARED = 9.0  # measured: 8.4 on the disk
FIRST_VISIT = 4.0  # measured: 3.7 without compression, of which icons 1.6, maths 1.2, the theme's styles 0.5


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_its_figures_is_light(html, page):
    assert page_weight(html / page) < HEAVIEST_PAGE * MEGABYTE


def test_figures_are_weighed(html):
    for chapter in CHAPTERS:
        page = html / f"book/{chapter}.html"
        assert page_weight(page) > page.stat().st_size


def test_what_all_pages_share_does_not_grow(html):
    assert shared_weight(html) < SHARED * MEGABYTE


def test_the_build_reports_the_weight(html):
    moved = read_yaml(PROJECT.root / "_config.yml")["sphinx"]["config"]["moved_pages"]
    assert weight_report(html).startswith(f"{len(PAGES) + len(moved)} pages with their figures ")


def test_a_first_visit_loads_what_is_shared_and_the_next_page_itself_alone(browser, address, html):
    first, second = (f"book/{name}.html" for name in CHAPTERS[:2])
    context = browser.new_context()
    page = context.new_page()
    loaded = []
    page.on("requestfinished", lambda request: loaded.append(max(0, request.sizes()["responseBodySize"])))
    page.goto(f"{address}/{first}", wait_until="networkidle")
    assert sum(loaded) < FIRST_VISIT * MEGABYTE + page_weight(html / first)
    loaded.clear()
    page.goto(f"{address}/{second}", wait_until="networkidle")
    assert 0 < sum(loaded) < 1.1 * page_weight(html / second)
    context.close()
