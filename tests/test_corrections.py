"""The page of corrections: every entry has a check, and every check is a test of the repository."""

import ast
import re

import pytest

from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.pages.links import TEST

PROJECT = find_project(__file__.rsplit("/tests/", 1)[0])
PAGE = (PROJECT.book / "corrections.md").read_text("utf-8")
NAMED = [
    (page.name, path, names)
    for page in sorted(PROJECT.book.glob("*.md"))
    for path, names in TEST.findall(page.read_text("utf-8"))
]
ENTRY = re.compile(r"^\*\*([^*]+)\*\*(.*?)(?=^\*\*|^#|\Z)", re.MULTILINE | re.DOTALL)


def entries():
    return {title.strip(" ."): body for title, body in ENTRY.findall(PAGE)}


def defined(path):
    """Names of the tests of a file and of their classes, tests of a class also with its name."""
    tree = ast.parse((PROJECT.root / path).read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inner = {f"::{c.name}::{f.name}" for c in classes for f in c.body if isinstance(f, ast.FunctionDef)}
    return inner | {f"::{node.name}" for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def test_there_are_entries():
    assert len(entries()) >= 15


@pytest.mark.parametrize("title", entries())
def test_every_entry_names_its_check(title):
    body = entries()[title]
    assert "*Check:*" in body
    assert TEST.search(body) or "agreement table" in body


@pytest.mark.parametrize(("page", "path", "names"), NAMED)
def test_every_test_that_a_page_names_exists(page, path, names):
    assert (PROJECT.root / path).exists(), page
    assert not names or names in defined(path)


def test_no_check_is_left_open():
    assert not re.search(r"CHECK_|TODO|XXX", PAGE)
