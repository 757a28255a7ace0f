"""Which recorded verdicts turn from *agrees* to *disagrees* when the library has an error."""

from dataclasses import dataclass

from learning_dynamics.companion.agreement import AGREES, DISAGREES

AGAINST_THEORY = "theory against simulation"
STORED = "stored"


@dataclass(frozen=True)
class Turned:
    """A verdict that turned: the row, and what was compared."""

    quantity: str
    compared: str

    @property
    def is_regression(self):
        """Whether it was compared with a stored number of our own, which does not count."""
        return self.compared == STORED

    def __str__(self):
        return f"{self.quantity} ({self.compared})"


def turned(clean, mutated):
    """The verdicts of one entry that turn.

    Parameters
    ----------
    clean, mutated : list of dict
        The recorded rows of the run without and of the run with the error.

    Returns
    -------
    list of Turned
        Those of theory against simulation first.
    """
    found = [
        Turned(before["quantity"], compared)
        for before, after in _pairs(clean, mutated)
        for compared, verdict in _verdicts(before).items()
        if verdict == AGREES and _verdicts(after).get(compared) == DISAGREES
    ]
    return sorted(found, key=lambda one: (one.is_regression, one.compared != AGAINST_THEORY))


def unexpected(rows):
    """The quantities of recorded rows that disagree although no reader is told so."""
    return [row["quantity"] for row in rows if DISAGREES in _verdicts(row).values() and not row.get("known")]


def _pairs(clean, mutated):
    """Rows by their place; by their quantity where the error adds or removes rows."""
    if len(clean) == len(mutated):
        return list(zip(clean, mutated))
    later = {row["quantity"]: row for row in mutated}
    return [(row, later[row["quantity"]]) for row in clean if row["quantity"] in later]


def _verdicts(row):
    """What was compared → verdict."""
    return {AGAINST_THEORY: row["verdict"]}
