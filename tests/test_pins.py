"""One list of pins, read by every way of installing the book."""

import importlib.metadata
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

import learning_dynamics


EXTRA = "requirements-classroom.txt"


def pins(root, name="requirements.txt"):
    lines = (root / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_every_package_is_pinned_exactly(root):
    for requirement in pins(root):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
    names = [requirement.name.lower() for requirement in pins(root)]
    assert len(names) == len(set(names))


def test_what_is_installed_is_what_is_pinned(root):
    for requirement in pins(root):
        if requirement.marker is None or requirement.marker.evaluate():
            assert importlib.metadata.version(requirement.name) in requirement.specifier


def test_pins_need_nothing_that_is_not_pinned(root):
    names = {requirement.name.lower().replace("_", "-") for requirement in pins(root)}
    for requirement in pins(root):
        for text in importlib.metadata.requires(requirement.name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                name = needed.name.lower().replace("_", "-")
                assert name in names, f"{requirement.name} needs {name}"
                assert importlib.metadata.version(name) in needed.specifier, f"{requirement.name} needs {needed}"


def test_the_extra_for_classrooms_is_pinned_exactly_and_pins_nothing_twice(root):
    names = [requirement.name.lower() for requirement in pins(root) + pins(root, EXTRA)]
    assert len(names) == len(set(names)) and "nbgrader" in names
    for requirement in pins(root, EXTRA):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement


def test_the_package_offers_the_extra_for_classrooms(root):
    dynamic = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["dynamic"]
    assert dynamic["optional-dependencies"] == {"classroom": {"file": [EXTRA]}}


def test_conda_and_pip_read_the_same_list(root):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    inner = next(item for item in environment["dependencies"] if isinstance(item, dict))
    assert inner == {"pip": ["-r requirements.txt", "-e ."]}
    python = next(item for item in environment["dependencies"] if str(item).startswith("python"))
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    assert python == "python=" + project["project"]["requires-python"].removeprefix(">=")


@pytest.mark.parametrize(
    "name",
    ["jupyter-book", "numpy", "scipy", "matplotlib", "numba", "papermill", "pytest", "nbval"],
)
def test_the_packages_of_the_book_are_there(root, name):
    assert name in {requirement.name for requirement in pins(root)}


def test_version_is_stated_once_per_format(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert importlib.metadata.version("learning-dynamics") == version
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == version
    assert f"## {version}" in (root / "CHANGELOG.md").read_text()
    assert learning_dynamics.__doc__
