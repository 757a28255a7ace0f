"""The site, built once at the preset ``quick``, and a browser to look at it."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
import time

import pytest

from learning_dynamics.companion.base.project import Project
from learning_dynamics.companion.commands.build import build

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
LONGEST_BUILD = 1800


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="session")
def project(root, tmp_path_factory):
    """The book, built at the preset ``quick`` into a folder that all test processes of a session share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "site"
    built = Project(root=root, output=folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BASE_URL", raising=False)
        patch.delenv("REPO_URL", raising=False)
        once(folder, lambda: build(built, "quick", say=lambda text: None))
    return built


def once(folder, make):
    """Make the folder and call `make` in the process that comes first; the others wait until it has finished."""
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + LONGEST_BUILD
        while not (folder / "ended").exists():
            assert time.monotonic() < deadline, f"another test process has not built the site within {LONGEST_BUILD} s"
            time.sleep(0.5)
        assert (folder / "ended").read_text() == "well", "another test process failed to build the site"
        return
    end = "badly"
    try:
        make()
        end = "well"
    finally:
        (folder / "ended.part").write_text(end)
        (folder / "ended.part").replace(folder / "ended")


@pytest.fixture(scope="session")
def html(project):
    """The folder of the built site."""
    return project.build / "html"


@contextlib.contextmanager
def served(folder, handler=QuietHandler):
    """A context in which a folder is served; its value is the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="session")
def address(html):
    """The address under which the site is served."""
    with served(html) as place:
        yield place


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; without one the tests that need it are skipped, or fail if REQUIRE_BROWSER is set."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        message = "no Chromium on this machine: the tests in the browser need one (Debian: apt install chromium)"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip)(message)
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site; what the console says and what is asked of other hosts is collected."""
    with contextlib.ExitStack() as stack:

        def open_one(name, *, scheme="light", width=1280, **settings):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, **settings)
            stack.callback(context.close)
            page = context.new_page()
            page.complaints = []
            page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.on("request", lambda r: None if r.url.startswith((address, "data:")) else page.complaints.append(r.url))
            page.goto(f"{address}/{name}", wait_until="load")
            return page

        yield open_one
