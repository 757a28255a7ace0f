"""The concordance: numbers of the papers, functions, letters; nothing invented, nothing lost."""

import functools
import importlib
import inspect
import re

import pytest

from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.pages.concordance import (
    base_letter,
    concordance,
    full_names,
    notation,
    shared_letters,
    unknown_equations,
)
from learning_dynamics.companion.pages.links import entry_link
from learning_dynamics.companion.records.registry import load_registry

PROJECT = find_project(__file__.rsplit("/tests/", 1)[0])
REGISTRY = load_registry(PROJECT.book / "registry.yml")
PAPERS = [paper.key for paper in REGISTRY.papers]
NUMBERED = re.compile(r"^(Equations?|Theorem|Lemma|Corollary|Remark|Proposition|Definition) (.*)$")
PARTS = {"random_matrix": "Part I", "time_scales": "Part II", "overparametrized": "Part III"}


def numbers(paper):
    entries = [entry.reproduces for entry in REGISTRY.entries if entry.paper == paper]
    return entries + [other.number for other in REGISTRY.paper(paper).others]


def found(name):
    """The package of a part, the name that it shall export, and the object with a full name."""
    library, part, exported, *rest = name.split(".")
    package = importlib.import_module(f"{library}.{part}")
    return package, exported, functools.reduce(getattr, (exported, *rest), package)


def named():
    for entry in REGISTRY.entries:
        yield from ((entry.id, name) for name in full_names(entry))
    for paper in REGISTRY.papers:
        for other in paper.others:
            yield from ((other.number, f"learning_dynamics.{paper.part}.{name}") for name in other.functions)


@pytest.mark.parametrize(("owner", "name"), list(named()))
def test_every_function_exists_and_is_exported(owner, name):
    module, head, thing = found(name)
    assert head in module.__all__
    assert inspect.getdoc(thing), owner


@pytest.mark.parametrize("entry", [entry for entry in REGISTRY.entries if entry.functions], ids=lambda entry: entry.id)
def test_a_function_says_which_number_it_computes(entry):
    match = NUMBERED.match(entry.reproduces)
    if not match:
        return
    wanted = re.findall(r"\d+", match.group(2))
    documents = " ".join(inspect.getdoc(found(name)[2]) for name in full_names(entry))
    cited = re.findall(
        r"(?:equations?|Equations?|Theorems?|Lemma|Corollary|Remark|Proposition|Definition|paper \d)[^.;]*", documents
    )
    assert set(wanted) & set(re.findall(r"\d+", " ".join(cited))), documents[:200]


@pytest.mark.parametrize("entry", [entry for entry in REGISTRY.entries if entry.letters], ids=lambda entry: entry.id)
def test_every_letter_stands_on_the_notation_page(entry):
    part = PARTS[entry.chapter.split("/")[0]]
    explained = " ".join(text.split(":")[0] for texts in notation()[part].values() for text in texts)
    for letter in entry.letters:
        assert re.fullmatch(r"\$[^$]+\$", letter), letter
        assert letter in explained, letter


def test_figures_name_no_functions_because_they_are_read_off_the_code():
    assert not [entry.id for entry in REGISTRY.entries if entry.kind == "figure" and entry.functions]


@pytest.mark.parametrize("entry", REGISTRY.entries, ids=lambda entry: entry.id)
def test_every_entry_can_be_linked(entry):
    assert f"`{entry.id}`" in entry_link(entry)


def test_no_number_of_the_first_paper_is_missing():
    listed = numbers("liao-couillet-2018")
    assert unknown_equations(listed) == []
    assert unknown_equations([*listed, "Equation (14)"]) == ["(13)"]
    for number in (
        "Theorem 1",
        "Theorem 2",
        "Remark 1",
        *(f"Figure {k}" for k in (1, 2, 4, 5, 6, 7)),
        "Figure 3 (left)",
        "Figure 3 (right)",
    ):
        assert number in listed


def test_no_number_of_the_third_paper_is_missing():
    listed = numbers("satpathi-srikant-2021")
    results = {int(text.split()[1]) for text in listed if text.split()[0] in ("Lemma", "Theorem", "Corollary")}
    assert results == set(range(1, 9))
    assert unknown_equations(listed) == []
    assert unknown_equations([*listed, "Equation (11)"]) == ["(10)"]
    assert "Figure 1" in listed


def test_what_is_not_known_of_the_second_paper_is_said():
    text = concordance("berthier-montanari-zhou-2025").data
    assert "| Equations (1) to (4), (7) to (11), (14) to (22), (24) to (37), (39) to (91) | not known to us |" in text
    assert "number unknown" in text


@pytest.mark.parametrize("paper", PAPERS)
def test_every_number_has_exactly_one_row(paper):
    rows = [line.split(" | ")[0].removeprefix("| ") for line in concordance(paper).data.splitlines()[3:-1]]
    listed = numbers(paper)
    assert sorted(row for row in rows if row in set(listed)) == sorted(listed)
    assert len(rows) - len(listed) == bool(unknown_equations(listed))


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [
        ([], []),
        (["Equation (1)", "Equations (2) and (4)"], ["(3)"]),
        (["Equations (3) to (5)"], ["(1) to (2)"]),
        (["Theorem 9", "Section 5.3, moments"], []),
    ],
)
def test_gaps_between_equation_numbers(numbers, gaps):
    assert unknown_equations(numbers) == gaps


@pytest.mark.parametrize(
    ("symbol", "letter"),
    [
        ("c", "c"),
        (r"\lVert\mu\rVert^2", r"\mu"),
        (r"\mu(\mathrm dx)", r"\mu"),
        (r"\tilde E", "E"),
        (r"\sigma^2", r"\sigma"),
        (r"w_{\mathrm{LS}}", "w"),
        (r"\nabla f_0", "f"),
        (r"f_t(x)", "f"),
    ],
)
def test_the_letter_of_a_symbol(symbol, letter):
    assert base_letter(symbol) == letter


def test_the_letters_that_mean_different_things_are_told_apart():
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1:] for line in shared_letters().data.splitlines()[3:-1]}
    for letter in ("$c$", r"$\kappa$", r"$\alpha$", r"$\sigma$", "$t$"):
        assert sum(cell.strip(" |") != "—" for cell in rows[letter]) >= 2, letter
    assert "p/n" in rows["$c$"][0] and "eigenvalue" in rows["$c$"][2]
