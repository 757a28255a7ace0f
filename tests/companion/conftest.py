"""A book of three tiny notebooks, for tests of the machinery."""

import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from learning_dynamics.companion.base.notebooks import cleaned, write_notebook
from learning_dynamics.companion.base.project import Project

ROOT = Path(__file__).resolve().parents[2]
LIB = "lib/learning_dynamics"

FIRST = {
    "parameters": "runs: int = 3  # how often; in [1, 10]\nscale: float = 2.0  # a factor; in (0, 5]",
    "body": "from learning_dynamics.random_matrix import MixtureClassification\n"
    "from learning_dynamics.companion import AgreementTable, record\n"
    "table = AgreementTable('fig-first').row('product', theory=runs * scale, not_judged='only shown')\n"
    "record('fig-first', agreement=table, data={'s': {'x': [1, 2]}}, alt='The product is 6.')",
}
SECOND = {"parameters": "size: int = 1", "body": "from learning_dynamics.datasets import mnist_ones_sevens\nprint(size)"}
ATLAS = {"body": "from learning_dynamics.companion.pages.gallery import atlas\natlas()"}
REGISTRY = {
    "papers": [{"key": "a-paper", "short": "A paper", "part": "one"}],
    "presets": {"one/first": {"quick": {"runs": 1}}},
    "entries": [
        {
            "id": "fig-first",
            "kind": "figure",
            "statement": "A product",
            "chapter": "one/first",
            "parameters": "book",
            "status": "verified",
            "check": "chapter",
        },
        {
            "id": "obs-second",
            "kind": "observation",
            "statement": "A size",
            "chapter": "one/second",
            "parameters": "book",
            "status": "not checked",
            "reason": "it is a test",
        },
    ],
}


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
DRAWS = f"import base64\nfrom IPython.display import Image, display\ndisplay(Image(base64.b64decode('{PIXEL}')))\n"


def notebook(sources):
    """A notebook with one cell for each given source; the key is its tag.  A cell that records draws a picture."""
    cells = [nbformat.v4.new_markdown_cell("# A page")]
    for tag, source in sources.items():
        source = DRAWS + source if "record(" in source else source
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": [tag]})
        if "record(" in source:
            cell.metadata["mystnb"] = {"figure": {"name": "fig-first"}, "image": {"alt": "A picture."}}
        cells.append(cell)
    return cleaned(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture
def project(tmp_path):
    """A complete small project in a folder of its own, with a copy of the library."""
    root = tmp_path / "clone"
    shutil.copytree(ROOT / LIB, root / LIB, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements.txt").write_text("numpy\n")
    toc = {
        "format": "jb-book",
        "root": "book/atlas",
        "parts": [{"chapters": [{"file": "book/one/first"}, {"file": "book/one/second"}]}],
    }
    (root / "_toc.yml").write_text(yaml.safe_dump(toc))
    (root / "_config.yml").write_text((ROOT / "_config.yml").read_text())
    for name, sources in (("one/first", FIRST), ("one/second", SECOND), ("atlas", ATLAS)):
        write_notebook(notebook(sources), root / "book" / f"{name}.ipynb")
    (root / "book" / "registry.yml").write_text(yaml.safe_dump(REGISTRY))
    return Project(root=root, output=root)
