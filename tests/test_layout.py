"""The layers: who may import whom, and what a chapter may contain."""

import ast
import re
from pathlib import Path

import pytest

from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.base.project import find_project

LIB = Path(__file__).resolve().parents[1] / "lib" / "learning_dynamics"
WINGS = [folder.name for folder in sorted(LIB.iterdir()) if list(folder.glob("kernels*"))]
PACKAGES = {"kernels", "mathematics", "theory", "simulation"}
LEVEL = {"kernels": 0, "mathematics": 1, "model": 2, "theory": 3, "simulation": 3, "__init__": 4}
"""The rooms of a part, and how high each stands: it imports from below."""

COMPILER, ARRAYS = "learning_dynamics._compiled", "arrays.py"
"""What loops import besides one another, and the file of their array forms."""

PROJECT = find_project(LIB.parents[1])
CHAPTERS = PROJECT.chapters()


def imports(path):
    """Absolute names of the project's modules that a file imports."""
    package = ("learning_dynamics", *path.relative_to(LIB).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("learning_dynamics"))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, node.module or ""]).strip(".")
            if module.startswith("learning_dynamics"):
                yield from (f"{module}.{alias.name}" for alias in node.names) if node.module is None else (module,)


COMPANION = ("base", "records", "execution", "pages", "site", "reruns", "commands")
"""The rooms of the companion, each of which imports from those before it."""


def files(part):
    return sorted((LIB / part).rglob("*.py"))


def room(wing, path):
    return path.relative_to(LIB / wing).parts[0].removesuffix(".py")


def kernels(wing):
    """The functions in the room of the loops, each with its file."""
    for path in [path for path in files(wing) if room(wing, path) == "kernels"]:
        yield from ((path, node) for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))


def test_there_is_a_wing():
    assert WINGS


@pytest.mark.parametrize("wing", WINGS)
def test_every_wing_has_the_same_rooms(wing):
    assert {room(wing, path) for path in files(wing)} == set(LEVEL)
    assert {path.parent.name for path in files(wing) if path.name == "__init__.py" and path.parent != LIB / wing} == PACKAGES


@pytest.mark.parametrize("wing", WINGS)
def test_the_public_names_of_a_wing_are_typed_once(wing):
    """The part imports each from its module; the rooms repeat nothing."""
    for package in PACKAGES:
        text = (LIB / wing / package / "__init__.py").read_text("utf-8")
        assert [type(node) for node in ast.parse(text).body] == [ast.Expr], f"{wing}/{package}"
    text = (LIB / wing / "__init__.py").read_text("utf-8")
    names = [alias.name for node in ast.parse(text).body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert len(set(names)) == len(names)
    assert text.endswith("__all__ = _public(globals())\n")


@pytest.mark.parametrize("wing", WINGS)
def test_imports_run_one_way(wing):
    for path in files(wing):
        own = room(wing, path)
        for name in imports(path):
            parts = name.split(".")
            if parts[1:2] == [wing] and len(parts) > 2 and parts[2] != own:
                level = LEVEL[parts[2]]
                assert own != "kernels", f"{path} imports {name}"
                assert level < LEVEL[own], f"{path} imports {name}"
            elif own == "kernels":
                assert name == COMPILER or parts[1:3] == [wing, own], f"{path} imports {name}"


def test_the_companion_has_its_rooms_and_data_flow_one_way_through_them():
    assert {room("companion", path) for path in files("companion")} == {*COMPANION, "__init__"}
    for path in files("companion"):
        own = room("companion", path)
        for name in imports(path):
            parts = name.split(".")
            if own != "__init__" and parts[1:2] == ["companion"] and len(parts) > 2 and parts[2] != own:
                assert COMPANION.index(parts[2]) < COMPANION.index(own), f"{path} imports {name}"


@pytest.mark.parametrize("wing", WINGS)
def test_no_wing_imports_another_or_the_companion(wing):
    others = {f"learning_dynamics.{name}" for name in [*WINGS, "companion"] if name != wing}
    for path in files(wing):
        for name in imports(path):
            assert ".".join(name.split(".")[:2]) not in others, f"{path} imports {name}"


@pytest.mark.parametrize("package", ["companion", "classroom"])
def test_the_packages_around_the_wings_know_none(package):
    wings = {f"learning_dynamics.{name}" for name in WINGS}
    assert files(package)
    for path in files(package):
        for name in imports(path):
            assert ".".join(name.split(".")[:2]) not in wings, f"{path} imports {name}"


@pytest.mark.parametrize("wing", WINGS)
def test_kernels_are_compiled_and_documented(wing):
    for path, node in kernels(wing):
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        assert path.name == ARRAYS or any("jit" in text for text in decorators), f"{path}: {node.name}"
        assert ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.parametrize("wing", WINGS)
def test_array_forms_stand_for_loops(wing):
    """Each is named by the decorator of a loop, or used by one that is."""
    texts = {path: path.read_text("utf-8") for path in files(wing) if room(wing, path) == "kernels"}
    named = set(re.findall(r"array_form=arrays\.(\w+)", "".join(texts.values())))
    for path in [path for path in texts if path.name == ARRAYS]:
        tree = ast.parse(texts[path])
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} <= named | used


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_define_no_mathematics(chapter):
    for cell in read_notebook(PROJECT.notebook(chapter)).cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                assert not isinstance(node, (ast.FunctionDef, ast.ClassDef)), cell.source


def test_no_file_of_the_library_is_too_long():
    for path in LIB.rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 420, path
