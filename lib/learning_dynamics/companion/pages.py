"""The pages made from the registry: the atlas of figures and the list of claims."""

import json
import os
from collections import Counter
from pathlib import Path

from IPython.display import Markdown

from .execution import SUMMARY
from .records import EXECUTED_VARIABLE, read_results
from .registry import load_registry

ORIGIN_TEXT = {"paper": "the paper's", "inferred": "inferred", "book": "the book's own"}


def atlas():
    """A table of all figures: what each reproduces, its verdicts and its chapter's run time."""
    registry = load_registry()
    recorded, seconds = _recorded()
    lines = [
        "| figure | shows | reproduces | parameters | verdicts | chapter runs in |",
        "| :-- | :-- | :-- | :-- | :-- | --: |",
    ]
    for entry in registry.entries:
        if entry.kind == "figure":
            cells = (
                f"{{numref}}`{entry.id}`",
                entry.statement,
                _source(entry, registry),
                ORIGIN_TEXT[entry.parameters],
                _verdicts(recorded, entry.id),
                _duration(seconds.get(entry.chapter)),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines))


def claims():
    """Tables of all claims that are no figures, paper by paper: statement, status and check."""
    registry = load_registry()
    recorded, _ = _recorded()
    entries = [entry for entry in registry.entries if entry.kind != "figure"]
    groups = [(paper.key, paper.short) for paper in registry.papers] + [("", "The book's own")]
    lines = []
    for key, title in groups:
        rows = [_claim(entry, recorded) for entry in entries if entry.paper == key]
        if rows:
            lines += [f"**{title}**", "", "| claim | statement | status | checked by |", "| :-- | :-- | :-- | :-- |"]
            lines += [*rows, ""]
    return Markdown("\n".join(lines))


def _claim(entry, recorded):
    link = f"{{doc}}`{entry.reproduces or entry.kind.capitalize()} <{entry.chapter}>`"
    status = f"not checked: {entry.reason}" if entry.status == "not checked" else entry.status
    return f"| {link} | {entry.statement} | {status} | {_check(entry, recorded)} |"


def _check(entry, recorded):
    if entry.check == "chapter":
        return f"agreement table: {_verdicts(recorded, entry.id)}"
    if not entry.check:
        return "—"
    path, _, name = entry.check.partition("::")
    return f"test: {name.removeprefix('test_').replace('_', ' ')} ({Path(path).stem.removeprefix('test_').replace('_', ' ')})"


def _recorded():
    folder = os.environ.get(EXECUTED_VARIABLE)
    if not folder:
        return {}, {}
    seconds = {
        path.parent.relative_to(folder).with_suffix("").as_posix(): json.loads(path.read_text("utf-8"))["seconds"]
        for path in Path(folder).glob(f"**/*.results/{SUMMARY}")
    }
    return read_results(folder, "**/*.results/*.json"), seconds


def _source(entry, registry):
    if not entry.paper:
        return "the book's own"
    paper = next(paper for paper in registry.papers if paper.key == entry.paper)
    return f"{paper.short}, {entry.reproduces}"


def _verdicts(recorded, entry_id):
    if not recorded:
        return "not recorded"
    counts = Counter(row["verdict"] for row in recorded.get(entry_id, {"rows": []})["rows"])
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "—"


def _duration(seconds):
    return "not recorded" if seconds is None else f"{seconds:.0f} s"
