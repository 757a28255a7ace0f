"""Addresses of pages, figures, claims, equations and exercises that readers may have kept.

``python -m tests.addresses`` adds the new ones to the list ``addresses.txt``.  None is taken away.
"""

from pathlib import Path

from .test_book import NOTEBOOKS, PROJECT, labels

LIST = Path(__file__).with_name("addresses.txt")


def published():
    """The addresses on the list."""
    return set(LIST.read_text("utf-8").split())


def present():
    """The addresses that the sources of the book have now."""
    return {f"{page}.html" for page in PROJECT.pages()} | {
        f"book/{name}.html#{_anchor(label)}" for name in NOTEBOOKS for label in labels(name)
    }


def _anchor(label):
    return f"equation-{label}" if label.startswith("eq-") else label


if __name__ == "__main__":
    LIST.write_text("\n".join(sorted(published() | present())) + "\n", "utf-8")
