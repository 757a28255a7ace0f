"""Links of the registry pages: to entries where they stand in the book, and to the tests that check them."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import quote

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.records.figures import DATA

TESTS = f"{DATA}/tests"
"""Folder of the assembled book with the tests that its pages name."""

TEST = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)`")
"""A test that a page names in code font."""

CHECK = re.compile(r"^ +check: (tests/[\w/]+\.py)", re.MULTILINE)
"""A test that the registry names."""

BINDER = "https://mybinder.org"
ON_GITHUB = "https://github.com/"

DIRECTIVE = r"^`{3,}\{([\w:]+)\}[^\n]*\n(?::\w+:[^\n]*\n)*:label: %s$"


def entry_link(entry):
    """A link to a registry entry that shows its number in the book; where there is no book, the entry's name."""
    if entry.kind == "figure":
        return f"{{numref}}`{entry.id}`"
    try:
        project = find_project()
    except CompanionError:
        return f"`{entry.id}`"
    directive = re.search(DIRECTIVE % re.escape(entry.id), _markdown_of(project.notebook(entry.chapter)), re.MULTILINE).group(1)
    return f"equation {{eq}}`{entry.id}`" if directive == "math" else f"{{prf:ref}}`{entry.id}`"


@cache
def _markdown_of(path):
    notebook = read_notebook(path)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def named_tests(text):
    """The files of the tests that a page names in code font, such as ``tests/one/test_two.py::test_three``, or the registry."""
    return {Path(path) for path in (*(path for path, _ in TEST.findall(text)), *CHECK.findall(text))}


def with_linked_tests(text):
    """A page's text in which every test named in code font is a link to its source, as the assembled book holds it."""
    return TEST.sub(lambda match: link_to_test(match[1] + match[2]), text)


def link_to_test(name):
    """A link to the source of a test, which stands in the assembled book."""
    path = name.split("::")[0]
    return f"{{download}}`{name} </book/{TESTS}/{path.removeprefix('tests/')}>`"


def binder_address(repository, branch, path):
    """Where Binder opens a notebook of the repository; nothing where the source is not on GitHub."""
    if not repository.startswith(ON_GITHUB):
        return ""
    return f"{BINDER}/v2/gh/{repository.removeprefix(ON_GITHUB)}/{quote(branch, safe='')}?labpath={quote(path)}"
