"""What the build adds to pages of plain text: links to tests, where the source is, counts of its verdicts, and figures that move."""

import html
import re

from learning_dynamics.companion.pages.links import with_linked_tests
from learning_dynamics.companion.records.verdicts import (
    AGREES,
    COMPARISONS,
    DISAGREES,
    EXPLAINED,
    NOT_JUDGED,
    SIMULATION,
    count_verdicts,
    counts_of_one,
)
from learning_dynamics.companion.site.source_archive import FOLDER, PLACE

COUNTS = "% counts of the verdicts of a build"
"""A comment in a page, which readers do not see; a build puts its counts in its place."""

SCORE = "% score of a build"
"""Likewise, for one sentence."""

CITE = "% how to cite"
"""Likewise, for an entry of BibTeX."""

MOVING = re.compile(r"^% the figure that moves in (\S+)$", re.MULTILINE)
"""Likewise, for the figure that opens a chapter."""

CLONE = "a clone of the repository"
"""Words of pages; the build makes them lead to the repository, or to the archive where it has no public address."""


def finished(text, recorded, preset, repository="", moving=None, citation=None):
    """A page as the site shows it.

    Parameters
    ----------
    text : str
        The page in the repository.
    recorded : dict
        What the chapters recorded: entry id → content.
    preset : str
        The preset of the build, named with the counts.
    repository : str
        The public address of the repository, or nothing.
    moving : callable, optional
        Takes a chapter and returns the HTML of the figure that moves and opens it, or nothing.
    citation : dict, optional
        The content of ``CITATION.cff``.
    """
    rows = [row for content in recorded.values() for row in content["rows"]]
    text = MOVING.sub(lambda found: raw_html(moving(found[1]) if moving else ""), with_linked_tests(text))
    text = text.replace(SCORE, score(rows)).replace(COUNTS, counts_as_list(rows, preset))
    text = text.replace(CITE, bibtex(citation, repository) if citation else "")
    return text.replace(CLONE, source_in_words(repository))


def raw_html(html):
    """HTML as a page holds it."""
    return f"````{{raw}} html\n{html}\n````" if html else ""


def bibtex(citation, repository):
    """The book as an entry of BibTeX, in a block that can be copied; braces keep its capitals."""
    fields = {
        "title": f"{{{citation['title']}}}",
        "author": f"{{{' and '.join(author['name'] for author in citation['authors'])}}}",
        "year": str(citation.get("date-released", ""))[:4],
        "version": str(citation["version"]),
        "license": citation["license"],
        "url": repository,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join(["```bibtex", "@software{learning-dynamics-executed,", *lines, "}", "```"])


def score(rows):
    """One sentence on the comparisons of theory and simulation; nothing where there are none."""
    counts = count_verdicts(rows).get(SIMULATION)
    if not counts:
        return ""
    words = {
        "agreement": AGREES,
        "disagreement": DISAGREES,
        "disagreement with a reason that the book gives": EXPLAINED,
        "no verdict, and the reason": NOT_JUDGED,
    }
    found = ", ".join(f"{word} in {counts[verdict]}" for word, verdict in words.items() if counts[verdict])
    return f"**The score of this build:** {counts.total()} comparisons of theory and simulation: {found}."


def source_in_words(repository):
    """Where a reader has the source from, in the form of the pages."""
    if repository:
        return f"[a clone of the repository]({repository}) (`git clone {repository}`)"
    return f"{{download}}`a copy of the source </{PLACE}>` (unpack it, then `cd {FOLDER}`)"


def source_as_html(repository, archive):
    """The same for a page of the site; `archive` leads to the source as one file, or is empty where the site has none."""
    if repository:
        link = html.escape(repository)
        return f'<a href="{link}">a clone of the repository</a> (<code>git clone {link}</code>)'
    if archive:
        return f'<a href="{html.escape(archive)}" download>a copy of the source</a> (unpack it, then <code>cd {FOLDER}</code>)'
    return CLONE


def counts_as_list(rows, preset):
    """The counts of verdicts, one kind of comparison a line."""
    counts = [f"- {COMPARISONS[kind]}: {counts_of_one(counter)}" for kind, counter in count_verdicts(rows).items()]
    return "\n".join([f"In this build, at the preset `{preset}`, the verdicts are:", "", *counts]) if counts else ""
