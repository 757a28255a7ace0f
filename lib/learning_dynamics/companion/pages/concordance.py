"""Where each numbered item of the papers stands in the book, and which letters the papers share."""

import re

from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.pages.claims import links_to, table, wide
from learning_dynamics.companion.pages.links import entry_link
from learning_dynamics.companion.pages.provenance import PACKAGE, functions_behind
from learning_dynamics.companion.records.registry import load_registry

RESULTS = ("Assumptions", "Definition", "Theorem", "Lemma", "Corollary", "Proposition", "Remark", "Proof")
COLUMNS = ("in the paper", "what it says", "in the book", "status", "function", "letters")
NUMBERS = re.compile(r"\((\d+)\)(?: to \((\d+)\))?")
BASE_LETTER = re.compile(r"\\(?:lVert|rVert|lvert|tilde|hat|bar|mathcal|mathrm|nabla|langle)\b|[{}\s,]")


def concordance(paper_key):
    """A table of the numbered items of a paper: what each says and where the book has it.

    Equation numbers below the highest one that we know, and that we cannot name, end the
    table as unknown.
    """
    project, registry = find_project(), load_registry()
    paper = registry.paper(paper_key)
    entries = [entry for entry in registry.entries if entry.paper == paper_key]
    notebooks = {name: read_notebook(project.notebook(name)) for name in {entry.chapter for entry in entries}}
    rows = [(entry.reproduces, _entry_cells(entry, notebooks[entry.chapter])) for entry in entries]
    rows += [(other.number, _other_cells(paper, other)) for other in paper.others]
    lines = table(COLUMNS, [(number, *cells) for number, cells in sorted(rows, key=lambda row: _rank(row[0]))])
    gaps = unknown_equations([number for number, _ in rows])
    if gaps:
        lines.append(f"| Equations {', '.join(gaps)} | not known to us | — | unknown | — | — |")
    return wide(lines)


def _entry_cells(entry, notebook):
    functions = functions_behind(notebook)[entry.id] if entry.kind == "figure" else full_names(entry)
    letters = ", ".join(entry.letters)
    return entry.statement, entry_link(entry), entry.status, links_to(functions) or "—", letters or "—"


def _other_cells(paper, other):
    functions = [f"{PACKAGE}.{paper.part}.{name}" for name in other.functions]
    page = f"{{doc}}`{other.page}`" if other.page else "—"
    return other.statement, page, "no entry", links_to(functions) or "—", "—"


def full_names(entry):
    """Full names of the functions that compute a claim, in the package of the claim's part."""
    return [f"{PACKAGE}.{entry.chapter.split('/')[0]}.{name}" for name in entry.functions]


def _rank(number):
    """Sort key of an item: results, equations, figures, the rest; then its first number, then its text."""
    word = number.split()[0]
    kind = 0 if word in RESULTS else {"Equation": 1, "Figure": 2}.get(word.removesuffix("s"), 3)
    digits = re.search(r"\d+(?:\.\d+)?", number)
    return kind, float(digits.group()) if digits else 0.0, number


def unknown_equations(numbers):
    """The equations up to the highest known number that are not among `numbers`, as ranges in words."""
    known = set()
    for text in numbers:
        if text.startswith("Equation"):
            for first, last in NUMBERS.findall(text):
                known |= set(range(int(first), int(last or first) + 1))
    missing = [number for number in range(1, max(known, default=0)) if number not in known]
    starts = [number for number in missing if number - 1 not in missing]
    ends = [number for number in missing if number + 1 not in missing]
    return [f"({a})" if a == b else f"({a}) to ({b})" for a, b in zip(starts, ends)]


def shared_letters():
    """A table of the letters that occur in more than one part, with their meanings side by side.

    It is read off the notation page.
    """
    parts = notation()
    letters = dict.fromkeys(letter for meanings in parts.values() for letter in meanings)
    shared = [letter for letter in letters if sum(letter in meanings for meanings in parts.values()) > 1]
    rows = [(f"${letter}$", *("; ".join(meanings.get(letter, ["—"])) for meanings in parts.values())) for letter in shared]
    return wide(table(("letter", *parts), rows))


def notation():
    """The notation page as data: part → letter → what it means there, one text for each row."""
    text = (find_project().book / "notation.md").read_text("utf-8")
    sections = re.findall(r"^## (Part [IVX]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return {title: _meanings(body) for title, body in sections}


def _meanings(body):
    found = {}
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and cells[0].startswith("$"):
            for letter in dict.fromkeys(map(base_letter, re.findall(r"\$([^$]+)\$", cells[0]))):
                found.setdefault(letter, []).append(f"{cells[0]}: {cells[1]}")
    return found


def base_letter(symbol):
    """The letter of a symbol, without accents, indices and arguments: ``\\\\tilde E`` → ``E``."""
    return re.match(r"\\[A-Za-z]+|.", BASE_LETTER.sub("", symbol)).group()
