"""Fixtures shared by all tests."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDED_BY_THE_WHEEL = ("pyproject.toml", "setup.py", "LICENSE", "README.md", "book/registry.yml")


@pytest.fixture(scope="session")
def root():
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def wheel(root, tmp_path_factory):
    """The wheel of this repository, made from a copy that is gone afterwards."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    shutil.copytree(root / "lib", clone / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (clone / "book").mkdir()
    for name in NEEDED_BY_THE_WHEEL:
        shutil.copyfile(root / name, clone / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", folder, clone], check=True)
    shutil.rmtree(clone)
    return next(folder.glob("*.whl"))


def pytest_collection_modifyitems(items):
    """Begin with the site, the longest file: then all workers end at about the same time."""
    items.sort(key=lambda item: "site" not in item.path.parts)
