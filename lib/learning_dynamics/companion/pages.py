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
    """A table of all claims that are no figures: statement, status, check and chapter."""
    registry = load_registry()
    recorded, _ = _recorded()
    lines = [
        "| claim | statement | status | verdicts | checked by | chapter |",
        "| :-- | :-- | :-- | :-- | :-- | :-- |",
    ]
    for entry in registry.entries:
        if entry.kind != "figure":
            cells = (
                _source(entry, registry),
                entry.statement,
                entry.status if entry.status != "not checked" else f"not checked: {entry.reason}",
                _verdicts(recorded, entry.id),
                "agreement table" if entry.check == "chapter" else f"`{entry.check}`",
                f"{{doc}}`{entry.chapter}`",
            )
            lines.append("| " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines))


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
