"""The atlas: a card for every figure, made from the registry, the chapters and their results."""

from IPython.display import Markdown

from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.pages.claims import duration, links_to, recorded_results, recorded_runs, verdicts
from learning_dynamics.companion.pages.provenance import functions_behind
from learning_dynamics.companion.records.figures import PICTURES, cell_anchor, download_links, figure_cells
from learning_dynamics.companion.records.registry import load_registry

ORIGINS = {
    "paper": "at the paper's parameters",
    "inferred": "at inferred parameters",
    "book": "at the book's parameters",
}


def atlas():
    """Cards of all figures, part by part, in the order of the book.

    A card holds a picture, the claim, the source, verdicts and run time of this build, and
    links to the cell, the functions and the data behind the figure.  Outside a build there is
    neither a picture nor a link to cell and data.
    """
    project, registry = find_project(), load_registry()
    recorded, runs = recorded_results(), recorded_runs()
    lines = []
    for caption, chapters in project.parts():
        cards = [card for chapter in chapters for card in _cards(project, registry, chapter, recorded, runs)]
        if cards:
            lines += [f":::{{rubric}} {caption}", ":heading-level: 2", ":::", ""]
            lines += ["::::::{grid} 1 1 2 2", ":gutter: 3", "", *cards, "::::::", ""]
    return Markdown("\n".join(lines))


def _cards(project, registry, chapter, recorded, runs):
    notebook = read_notebook(project.notebook(chapter))
    functions = functions_behind(notebook)
    seconds = runs.get(chapter, {}).get("seconds")
    return [
        _card(registry, registry.entry(label), cell, functions[label], recorded, seconds)
        for label, cell in figure_cells(notebook).items()
    ]


def _card(registry, entry, cell, functions, recorded, seconds):
    made = "Made"
    picture, data = [], []
    if recorded:
        picture = _picture(entry, cell.metadata["mystnb"]["image"]["alt"])
        made = f"Made by {{ref}}`its cell <{cell_anchor(entry.id)}>`"
        files = recorded.get(entry.id, {}).get("data")
        data = [f"Data: {download_links(entry.id, files)}", ""] if files else []
    lines = [
        "::::{grid-item-card}",
        ":class-card: figure-card",
        "",
        *picture,
        f"**{{numref}}`{entry.id}`.** {entry.statement}.",
        "",
        f"{_source(registry, entry)}.",
        "",
        f"{_status(entry, recorded)} Its chapter runs in: {duration(seconds)}.",
        "",
        f"{made} with {links_to(functions)}.",
        "",
        *data,
        "::::",
        "",
    ]
    return "\n".join(lines)


def _picture(entry, alt):
    return [
        f":::{{image}} {PICTURES}/{entry.id}.png",
        f":alt: {alt}",
        ":class: dark-light",
        ":loading: lazy",
        f":target: {entry.chapter}.html#{entry.id}",
        ":::",
        "",
    ]


def _status(entry, recorded):
    found = verdicts(recorded, entry.id)
    return f"{entry.status.capitalize()}, by a test." if found == "—" else f"{entry.status.capitalize()}; verdicts: {found}."


def _source(registry, entry):
    if not entry.paper:
        return f"The book's own figure, {ORIGINS[entry.parameters]}"
    return f"{registry.paper(entry.paper).short}, {entry.reproduces}, {ORIGINS[entry.parameters]}"
