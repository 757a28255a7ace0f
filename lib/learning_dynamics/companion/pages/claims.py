"""The list of claims, a page made from the registry, and what such pages share."""

import json
import os
from pathlib import Path

from IPython.display import Markdown

from learning_dynamics.companion.execution.executor import SUMMARY
from learning_dynamics.companion.pages.links import entry_link, link_to_test
from learning_dynamics.companion.records.figures import table_anchor
from learning_dynamics.companion.records.recording import EXECUTED_VARIABLE, read_results
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.records.verdicts import counts_in_words


def claims():
    """Tables of all claims that are no figures, paper by paper: place, statement, status and check.

    In a build a check is a link: to the agreement table in its chapter, or to the source of the test.
    """
    registry = load_registry()
    recorded = recorded_results()
    entries = [entry for entry in registry.entries if entry.kind != "figure"]
    groups = [(paper.key, paper.short) for paper in registry.papers] + [("", "The book's own")]
    lines = []
    for key, title in groups:
        found = [entry for entry in entries if entry.paper == key]
        if found:
            lines += [f":::{{rubric}} {title}", ":heading-level: 2", ":::", "", *wide_lines(_claim_table(found, recorded)), ""]
    return Markdown("\n".join(lines))


def _claim_table(entries, recorded):
    columns = ("in the book", "statement", "status", "checked by")
    if entries[0].paper:
        columns = ("in the paper", *columns)
    return table(columns, [_claim(entry, recorded) for entry in entries])


def _claim(entry, recorded):
    status = f"not checked: {entry.reason}" if entry.status == "not checked" else entry.status
    cells = (entry_link(entry), cell(entry.statement), status, _check(entry, recorded))
    return (entry.reproduces, *cells) if entry.paper else cells


def _check(entry, recorded):
    if entry.check == "chapter":
        where = f"{{ref}}`agreement table <{table_anchor(entry.id)}>`" if recorded else "agreement table"
        return f"{where}: {verdicts(recorded, entry.id)}"
    if not entry.check:
        return "—"
    return f"test: {link_to_test(entry.check) if recorded else f'`{entry.check}`'}"


def executed_folder():
    """The folder of the build's executed chapters, None outside a build."""
    folder = os.environ.get(EXECUTED_VARIABLE)
    return Path(folder) if folder else None


def recorded_results():
    """What the chapters of this build recorded: entry id → content; empty outside a build."""
    folder = executed_folder()
    return read_results(folder, "**/*.results/*.json") if folder else {}


def recorded_runs():
    """How the chapters of this build ran: chapter → content of its summary; empty outside a build."""
    folder = executed_folder()
    paths = folder.glob(f"**/*.results/{SUMMARY}") if folder else ()
    return {path.parent.relative_to(folder).with_suffix("").as_posix(): json.loads(path.read_text("utf-8")) for path in paths}


def verdicts(recorded, entry_id):
    """How often each verdict was recorded for an entry, in words, kind by kind."""
    if not recorded:
        return "not recorded"
    return counts_in_words(recorded.get(entry_id, {"rows": []})["rows"]) or "—"


def duration(seconds):
    """Seconds in words, without decimals."""
    return "not recorded" if seconds is None else f"{seconds:.0f} s"


def table(columns, rows, rules=None):
    """Lines of a Markdown table."""
    rules = rules or [":--"] * len(columns)
    return ["| " + " | ".join(cells) + " |" for cells in (columns, rules, *rows)]


def cell(text):
    """A text as a cell of a Markdown table: a bar in it is no border."""
    return text.replace("|", "\\|")


def wide_lines(lines):
    """Lines of a table that may be wider than the text."""
    return [":::{div} wide-table", *lines, ":::"]


def wide(lines):
    """A table that may be wider than the text, as the output of a cell."""
    return Markdown("\n".join(wide_lines(lines)))


def links_to(functions):
    """Links to functions, given by their full names, on the reference page."""
    return ", ".join(f"{{py:obj}}`~{name}`" for name in functions)
