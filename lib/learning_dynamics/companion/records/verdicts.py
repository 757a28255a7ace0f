"""The words of the verdicts, and how they are counted."""

from collections import Counter

AGREES = "agrees"
DISAGREES = "disagrees"
NOT_JUDGED = "not judged"
EXPLAINED = "disagrees as explained"
"""How a disagreement is counted that is a finding of the book."""

PAPER = "paper"
FORMULA = "formula"
STORED = "stored"
REFERENCE_KINDS = (PAPER, FORMULA, STORED)
"""What a reference is: printed or drawn by the paper, evaluated from formulas, or an earlier number of this project."""

SIMULATION = "simulation"
COMPARISONS = {
    SIMULATION: "theory against simulation",
    PAPER: "against the paper",
    FORMULA: "against a formula",
    STORED: "regression",
}
"""All kinds of comparison, in words.  A regression is no agreement: our number now against our number then."""

LEVEL = 0.001
"""Least p-value of a whole curve that agrees."""


def not_judged_because(reason):
    """The verdict of what is not judged, with its reason; empty without a reason."""
    return f"{NOT_JUDGED}: {reason}" if reason else ""


def is_judged(verdict):
    """Whether a verdict is one of *agrees* and *disagrees*."""
    return verdict in (AGREES, DISAGREES)


def count_verdicts(rows):
    """Count the verdicts of recorded rows, kind by kind.

    Parameters
    ----------
    rows : iterable of dict
        As `AgreementTable.as_records` returns them.

    Returns
    -------
    dict
        Key of `COMPARISONS` → Counter of ``agrees``, ``disagrees``, ``disagrees as explained`` (where the row says that
        its disagreement is known) and ``not judged``; kinds without a row are left out.
    """
    counts = {kind: Counter() for kind in COMPARISONS}
    for row in rows:
        for kind, verdict in ((row["reference_kind"], row["against_reference"]), (SIMULATION, row["against_simulation"])):
            if verdict:
                known = verdict == DISAGREES and row["known"]
                counts[kind][EXPLAINED if known else verdict.split(":")[0]] += 1
    return {kind: counter for kind, counter in counts.items() if counter}


def counts_in_words(rows):
    """The counts of recorded rows in words: ``theory against simulation: 3 agree; against the paper: 1 disagrees``."""
    return "; ".join(f"{COMPARISONS[kind]}: {counts_of_one(counter)}" for kind, counter in count_verdicts(rows).items())


def counts_of_one(counter):
    """The counts of one kind of comparison in words: ``3 agree, 1 disagrees``."""
    return ", ".join(f"{count} {_plural(word, count)}" for word, count in counter.items())


def _plural(word, count):
    return word if count == 1 else word.replace("agrees", "agree")
