"""What the build adds to pages of plain text: links to the tests they name, and the counts of its verdicts."""

from .links import with_linked_tests
from .verdicts import COMPARISONS, count_verdicts, counts_of_one

COUNTS = "% counts of the verdicts of a build"
"""A comment in a page, which readers do not see; a build puts its counts in its place."""


def finished(text, recorded, preset):
    """A page as the site shows it.

    Parameters
    ----------
    text : str
        The page in the repository.
    recorded : dict
        What the chapters recorded: entry id → content.
    preset : str
        The preset of the build, named with the counts.
    """
    rows = [row for content in recorded.values() for row in content["rows"]]
    return with_linked_tests(text).replace(COUNTS, counts_as_list(rows, preset))


def counts_as_list(rows, preset):
    """The counts of verdicts, one kind of comparison a line."""
    counts = [f"- {COMPARISONS[kind]}: {counts_of_one(counter)}" for kind, counter in count_verdicts(rows).items()]
    return "\n".join([f"In this build, at the preset `{preset}`, the verdicts are:", "", *counts]) if counts else ""
