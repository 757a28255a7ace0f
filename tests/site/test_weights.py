"""What a reader has to load."""

import gzip
from pathlib import Path

import pytest

from learning_dynamics.companion.base.yaml_files import read_yaml
from learning_dynamics.companion.site.page_weights import MEGABYTE, page_weight, weight_report

from .conftest import QuietHandler, served
from .test_site import CHAPTERS, PAGES, PROJECT

HEAVIEST_PAGE = 1.5
SHARED = {  # on the disk
    "site.css": 0.24,
    "site.js": 0.16,
    "searchdata.js": 0.75,  # loaded by the search
    "uplot.js": 0.1,  # loaded where a figure that moves comes into view
    "explorers.js": 0.035,
    "run_box.js": 0.016,  # loaded where the box below the parameters is opened
}
OTHERS_SHARED = 0.005
FIRST_VISIT = 0.24  # over the wire, compressed; measured: 0.21
FIRST_REQUESTS = 8  # measured: 7
MOST_SHIFT = 0.05  # what readers are promised, not what is measured: 0.005


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_its_figures_is_light(html, page):
    assert page_weight(html / page) < HEAVIEST_PAGE * MEGABYTE


def test_figures_are_weighed(html):
    for chapter in CHAPTERS:
        page = html / f"book/{chapter}.html"
        assert page_weight(page) > page.stat().st_size


def test_what_all_pages_share_does_not_grow(html):
    sizes = {path.name: path.stat().st_size for path in (html / "_static").rglob("*") if path.is_file()}
    for name, most in SHARED.items():
        assert 0 < sizes.pop(name) < most * MEGABYTE, name
    assert sum(sizes.values()) < OTHERS_SHARED * MEGABYTE


def test_the_build_reports_the_weight(html):
    moved = read_yaml(PROJECT.root / "_config.yml")["sphinx"]["config"]["moved_pages"]
    assert weight_report(html).startswith(f"{len(PAGES) + len(moved)} pages with their figures ")


@pytest.fixture(scope="module")
def compressed(html):
    """The address of the site on a server that compresses texts, as public ones do."""

    class Compressing(QuietHandler):
        def do_GET(self):
            path = Path(self.translate_path(self.path))
            content = path.read_bytes() if path.is_file() else b""
            self.send_response(200 if path.is_file() else 404)
            self.send_header("Content-Type", self.guess_type(path))
            if path.suffix != ".png":
                content = gzip.compress(content)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with served(html, Compressing) as place:
        yield place


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_first_visit_is_light_and_nothing_moves(browser, compressed, chapter, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(one => {"
        " if (!one.hadRecentInput) window.shift += one.value; })).observe({type: 'layout-shift', buffered: true})"
    )
    loaded, sizes = {}, {}
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.responseReceived", lambda event: loaded.update({event["requestId"]: event["response"]["url"]}))
    devtools.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(f"{compressed}/book/{chapter}.html", wait_until="networkidle")
    shift = page.evaluate("window.shift")
    context.close()
    sent = [size for request, size in sizes.items() if not loaded[request].startswith("data:")]  # fonts came with the style sheet
    assert 0 < sum(sent) < FIRST_VISIT * MEGABYTE
    assert len(sent) <= FIRST_REQUESTS
    assert shift < MOST_SHIFT


def test_the_next_page_loads_itself_alone(browser, address, html):
    first, second = (f"book/{name}.html" for name in CHAPTERS[:2])
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/{first}", wait_until="networkidle")
    loaded = []
    page.on("requestfinished", lambda request: loaded.append(max(0, request.sizes()["responseBodySize"])))
    page.goto(f"{address}/{second}", wait_until="networkidle")
    assert 0 < sum(loaded) < 1.1 * page_weight(html / second)
    context.close()
