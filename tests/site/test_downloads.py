"""The notebooks that readers download: what is in them, and that they run without the repository."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from urllib.parse import unquote

import pytest

from learning_dynamics.companion.base.notebooks import cleaned, read_notebook
from learning_dynamics.companion.base.project import REGISTRY_PAGES

from .test_site import CHAPTERS, soup

NOTEBOOKS = [*CHAPTERS, *REGISTRY_PAGES]
RUN_ELSEWHERE = ["random_matrix/mnist", "claims"]


def download(html, name):
    """The file behind the download button of a page."""
    page = html / f"book/{name}.html"
    buttons = soup(html, f"book/{name}.html").select(".dropdown-download-buttons a[href$='.ipynb']")
    assert len(buttons) == 1
    return (page.parent / unquote(buttons[0]["href"])).resolve()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_button_gives_what_the_page_shows(html, name):
    notebook = read_notebook(download(html, name))
    assert "pip install" in notebook.cells[0].source
    assert "pip install" not in soup(html, f"book/{name}.html").select_one("article").get_text()
    images = [o for cell in notebook.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    shown = soup(html, f"book/{name}.html").select("article .cell_output img")
    assert len(images) == len([image for image in shown if not image.find_parent(class_="figure-card")])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_trace_of_the_machine_is_published(html, name):
    text = download(html, name).read_text("utf-8")
    assert not re.search(r'"papermill"|"iopub|/(?:tmp|work|root|home)/', text)
    assert str(Path.home()) not in text
    assert sys.prefix not in text


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """The Python of an environment into which the package was installed from a wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    subprocess.run([*pip, "install", "-q", "--no-deps", wheel], check=True)
    purelib = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip()
    Path(purelib, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.mark.parametrize("name", RUN_ELSEWHERE)
def test_a_downloaded_notebook_runs_where_there_is_no_repository(html, elsewhere, tmp_path, name):
    shutil.copyfile(download(html, name), tmp_path / "chapter.ipynb")
    place = [elsewhere, "-c", "import learning_dynamics; print(learning_dynamics.__file__)"]
    assert subprocess.check_output(place, cwd=tmp_path, text=True).startswith(str(elsewhere.parents[1]))
    command = [elsewhere, "-m", "papermill", "--no-progress-bar", "-k", "python3", "chapter.ipynb", "ran.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = (cleaned(read_notebook(tmp_path / file)) for file in ("chapter.ipynb", "ran.ipynb"))
    if name not in REGISTRY_PAGES:
        assert after == before


def test_outside_a_repository_building_says_so(elsewhere, tmp_path):
    command = [elsewhere, "-m", "learning_dynamics", "build"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no book found in ") and done.stderr.count("\n") == 1
