"""One way of writing each symbol, and a place where the reader finds what a letter means."""

import re
from collections import Counter

import pytest

from .test_book import CHAPTERS, NOTEBOOKS, PROJECT, cells

PARTS = ("random_matrix", "time_scales", "overparametrized")
FORMULA = re.compile(r"\$\$(.*?)\$\$|(?<!\$)\$([^$]+)\$|```\{math\}\n(.*?)```", re.DOTALL)
NO_LETTERS = re.compile(
    r"^:label:.*$|\\(?:text|mathrm|mathsf|mathbb|mathcal|operatorname|begin|end|label)\*?\{[^}]*\}", re.MULTILINE
)
GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Sigma Phi Psi Omega"
).split()
EVERYWHERE = set("abceijklxyztCEINOPRT") | {r"\delta", r"\theta", r"\Theta"}
"""Local variables and constants, indices, points, time, orders of magnitude: said where they are used."""
ANOTHER_WAY = {
    r"\epsilon": r"\varepsilon",
    r"{\rm": r"\mathrm",
    "_{LS}": r"_{\mathrm{LS}}",
    "_{KR}": r"_{\mathrm{KR}}",
    r"^\top": r"^{\mathsf T}",
    "^T": r"^{\mathsf T}",
}


def formulas(text):
    return [next(filter(None, groups)) for groups in FORMULA.findall(text)]


def letters(text):
    """The Latin and Greek letters in the formulas of a text."""
    plain = NO_LETTERS.sub(" ", "\n".join(formulas(text)))
    return {name for name in re.findall(r"\\[A-Za-z]+|[A-Za-z]", plain) if len(name) == 1 or name[1:] in GREEK}


def prose(name):
    return "\n\n".join(cell.source for cell in cells(name, "markdown"))


def notation():
    """Part → its section of the page on notation."""
    sections = re.split(r"^## ", (PROJECT.book / "notation.md").read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(PARTS, (section for section in sections if section.startswith("Part ")), strict=True))


@pytest.mark.parametrize("part", PARTS)
def test_a_letter_of_several_chapters_stands_on_the_page_of_notation(part):
    chapters = [name for name in CHAPTERS if name.startswith(f"{part}/")]
    used = Counter(letter for name in chapters for letter in letters(prose(name)))
    shared = {letter for letter, count in used.items() if count >= 3}
    assert shared - EVERYWHERE - letters(notation()[part]) == set()


@pytest.mark.parametrize("part", PARTS)
def test_the_page_of_notation_has_no_letter_without_use(part):
    used = set().union(*(letters(prose(name)) for name in CHAPTERS if name.startswith(f"{part}/")))
    assert letters(notation()[part]) - used == set()


@pytest.mark.parametrize("source", [*(f"{name}.ipynb" for name in NOTEBOOKS), "notation.md", "corrections.md", "registry.yml"])
def test_every_symbol_is_written_in_one_way(source):
    found = formulas((PROJECT.book / source).read_text("utf-8").replace("\\\\", "\\"))
    for formula in found:
        for other, ours in ANOTHER_WAY.items():
            assert not re.search(re.escape(other) + r"(?![a-zA-Z])", formula), f"{other} is written {ours}: {formula}"


def test_letters_are_found_and_names_are_not():
    text = "$\\varepsilon a_i'$ and $$\\mathrm{limit}+\\frac Bp$$\n```{math}\n:label: eq-x\nQ(\\kappa)\n```"
    assert letters(text) == {r"\varepsilon", "a", "i", "B", "p", "Q", r"\kappa"}
