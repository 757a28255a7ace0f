"""Which recorded verdicts turn from *agrees* to *disagrees* when the library has an error."""

from dataclasses import dataclass

from learning_dynamics.companion.records.verdicts import AGREES, COMPARISONS, DISAGREES, SIMULATION, STORED


@dataclass(frozen=True)
class Turned:
    """A verdict that turned: the row's quantity, and the kind of comparison, a key of `COMPARISONS`."""

    quantity: str
    kind: str

    @property
    def is_regression(self):
        """Whether the comparison is with a number of our own, which does not count."""
        return self.kind == STORED

    def __str__(self):
        return f"{self.quantity} ({COMPARISONS[self.kind]})"


def turned(clean, mutated):
    """The verdicts of one entry that turn.

    Parameters
    ----------
    clean, mutated : list of dict
        The recorded rows of the run without and of the run with the error.

    Returns
    -------
    list of Turned
        Theory against simulation first, regressions last.
    """
    found = [
        Turned(before["quantity"], kind)
        for before, after in _pairs(clean, mutated)
        for kind, verdict in _verdicts(before)
        if verdict == AGREES and (kind, DISAGREES) in _verdicts(after)
    ]
    return sorted(found, key=lambda one: list(COMPARISONS).index(one.kind))


def unexpected(rows):
    """The quantities of recorded rows that disagree although that is no finding of the book."""
    return [row["quantity"] for row in rows if not row["known"] and DISAGREES in dict(_verdicts(row)).values()]


def _verdicts(row):
    """The pairs of kind and verdict of a recorded row."""
    return [(SIMULATION, row["against_simulation"]), (row["reference_kind"], row["against_reference"])]


def _pairs(clean, mutated):
    """Rows by their place; by their quantity where the error adds or removes rows."""
    if len(clean) == len(mutated):
        return list(zip(clean, mutated))
    later = {row["quantity"]: row for row in mutated}
    return [(row, later[row["quantity"]]) for row in clean if row["quantity"] in later]
