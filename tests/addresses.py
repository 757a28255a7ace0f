"""Addresses of pages, figures, claims, equations and exercises that readers may have kept.

``python -m tests.addresses`` adds the new ones to the list ``addresses.txt``.  None is taken away.
"""

import re
from pathlib import Path

from .test_book import NOTEBOOKS, PROJECT, cells, labels

FORMULA = re.compile(r"^```\{math\}\n:label: (\S+)", re.MULTILINE)
LIST = Path(__file__).with_name("addresses.txt")


def published():
    """The addresses on the list."""
    return set(LIST.read_text("utf-8").split())


def present():
    """The addresses that the sources of the book have now."""
    return {f"{page}.html" for page in PROJECT.pages()} | {
        f"book/{name}.html#{anchor}" for name in NOTEBOOKS for anchor in _anchors(name)
    }


def _anchors(name):
    formulas = {label for cell in cells(name, "markdown") for label in FORMULA.findall(cell.source)}
    return {f"equation-{label}" if label in formulas else label for label in labels(name)}


if __name__ == "__main__":
    LIST.write_text("\n".join(sorted(published() | present())) + "\n", "utf-8")
