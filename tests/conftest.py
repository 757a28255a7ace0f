"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """The root of the repository."""
    return ROOT


def pytest_collection_modifyitems(items):
    """Begin with the site, the longest file: then all workers end at about the same time."""
    items.sort(key=lambda item: "site" not in item.path.parts)
