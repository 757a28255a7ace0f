"""One lock, read by every way of installing the book, and bounds for those who install the library alone."""

import importlib.metadata
import os
import platform
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import learning_dynamics

EXTRAS = ("dask", "classroom")
THIS_PYTHON = platform.python_version()
APART = ("classroom",)  # installed by `make test-classroom`, which runs this file once more


def pins(root, *extras, python=THIS_PYTHON):
    names = ["requirements.txt", *(f"requirements-{extra}.txt" for extra in extras)]
    lines = [line for name in names for line in (root / name).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [pin for pin in found if pin.marker is None or pin.marker.evaluate({"python_full_version": python})]


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.11.4", "3.11.5", "3.11.7", "3.12.1", "3.13.0"])
def test_every_package_is_pinned_exactly_and_once(root, python):
    for requirement in pins(root, *EXTRAS, python=python):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
    names = [requirement.name.lower() for requirement in pins(root, *EXTRAS, python=python)]
    assert len(names) == len(set(names))
    assert set(names) == {pin.name.lower() for pin in pins(root, *EXTRAS)}


def test_every_python_that_is_let_in_suits_every_pin(root):
    oldest = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    for pin in pins(root):
        needs = importlib.metadata.metadata(pin.name).get("Requires-Python")
        if pin.marker is None and needs:
            assert f"{oldest}.0" in SpecifierSet(needs), f"{pin} needs Python {needs}"


def bounds(root):
    """Every requirement of the library, of its extras and of the groups, by the name of what needs it."""
    tables = tomllib.loads((root / "pyproject.toml").read_text())
    groups = tables["project"]["optional-dependencies"] | tables["dependency-groups"]
    needed = {"library": tables["project"]["dependencies"]} | groups
    texts = {name: [text for text in listed if isinstance(text, str)] for name, listed in needed.items()}
    return {name: [Requirement(text) for text in texts[name]] for name in texts}


def test_the_lock_lies_within_the_bounds(root):
    locked = {pin.name.lower(): next(iter(pin.specifier)).version for pin in pins(root, *EXTRAS)}
    for name, requirements in bounds(root).items():
        for requirement in requirements:
            if requirement.name != "learning-dynamics":
                assert locked[requirement.name.lower()] in requirement.specifier, f"{name} needs {requirement}"


def test_the_library_needs_what_it_computes_with_and_pins_nothing(root):
    library = bounds(root)["library"]
    assert {requirement.name for requirement in library} == {"numba", "numpy", "scipy", "threadpoolctl"}
    for requirement in library:
        assert [specifier.operator for specifier in requirement.specifier] == [">="], requirement


def test_an_extra_brings_no_browser_no_dictionary_and_no_test_runner(root):
    for_tests = {
        "playwright",
        "axe-playwright-python",
        "pyspellchecker",
        "codespell",
        "pytest",
        "hypothesis",
        "nbval",
        "ruff",
        "mypy",
    }
    needed = bounds(root)
    for extra in ("library", "chapters", "book", *EXTRAS):
        assert not for_tests & {requirement.name for requirement in needed[extra]}, extra
    assert for_tests <= {requirement.name for name in ("test", "test-parts", "lint") for requirement in needed[name]}


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_locked_completely_and_known_to_pip(root, extra):
    locked = {pin.name for pin in pins(root, extra)}
    assert {requirement.name for requirement in bounds(root)[extra]} <= {"learning-dynamics", *locked}
    if not all(installed(pin.name) for pin in pins(root, extra)):
        message = f"the optional packages of requirements-{extra}.txt are not installed (make setup-{extra})"
        required = os.environ.get("REQUIRE_EXTRAS") and extra not in APART
        (pytest.fail if required else pytest.skip)(message)
    agree_with_what_is_installed(pins(root, extra))


def installed(name):
    return bool(list(importlib.metadata.distributions(name=name)))


def test_what_is_installed_is_what_is_pinned(root):
    for requirement in pins(root):
        if requirement.marker is None or requirement.marker.evaluate():
            assert importlib.metadata.version(requirement.name) in requirement.specifier


def test_pins_need_nothing_that_is_not_pinned(root):
    agree_with_what_is_installed(pins(root))


def agree_with_what_is_installed(pinned):
    names = {requirement.name.lower().replace("_", "-") for requirement in pinned}
    for requirement in pinned:
        assert importlib.metadata.version(requirement.name) in requirement.specifier
        for text in importlib.metadata.requires(requirement.name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                name = needed.name.lower().replace("_", "-")
                assert name in names, f"{requirement.name} needs {name}"
                assert importlib.metadata.version(name) in needed.specifier, f"{requirement.name} needs {needed}"


def test_conda_and_pip_read_the_same_list(root):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    inner = next(item for item in environment["dependencies"] if isinstance(item, dict))
    assert inner == {"pip": ["-r requirements.txt", "-e ."]}
    python = next(item for item in environment["dependencies"] if str(item).startswith("python"))
    project = tomllib.loads((root / "pyproject.toml").read_text())
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
