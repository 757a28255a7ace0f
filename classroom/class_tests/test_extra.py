"""The pins of the extra, where it is installed."""

import importlib.metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_what_is_installed_is_what_is_pinned_and_needs_nothing_else():
    extra = pins("requirements-classroom.txt")
    names = {requirement.name.lower().replace("_", "-") for requirement in pins("requirements.txt") + extra}
    for requirement in extra:
        assert importlib.metadata.version(requirement.name) in requirement.specifier
        for text in importlib.metadata.requires(requirement.name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert needed.name.lower().replace("_", "-") in names, f"{requirement.name} needs {needed}"
                assert importlib.metadata.version(needed.name) in needed.specifier
