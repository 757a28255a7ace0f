"""What the build adds to pages of plain text: links to the tests they name, where the source is, and the counts of its verdicts."""

import html

from .links import with_linked_tests
from .source_archive import FOLDER, PLACE
from .verdicts import COMPARISONS, count_verdicts, counts_of_one

COUNTS = "% counts of the verdicts of a build"
"""A comment in a page, which readers do not see; a build puts its counts in its place."""


CLONE = "a clone of the repository"
"""Words of pages; the build makes them lead to the repository, or to the archive where it has no public address."""


def finished(text, recorded, preset, repository=""):
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
    """
    rows = [row for content in recorded.values() for row in content["rows"]]
    return with_linked_tests(text).replace(COUNTS, counts_as_list(rows, preset)).replace(CLONE, source_in_words(repository))


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
