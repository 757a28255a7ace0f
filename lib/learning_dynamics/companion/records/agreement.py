"""Agreement tables: what the paper prints, the theory, the simulation and two verdicts, side by side."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from learning_dynamics.companion.base.numerals import deviation, number, rounded_like, with_error
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.records.verdicts import (
    AGREES,
    DISAGREES,
    LEVEL,
    PAPER,
    REFERENCE_KINDS,
    STORED,
    is_judged,
    not_judged_because,
)

OTHER_PARAMETERS = "other parameters"
STANDARD_ERRORS = 4


@dataclass(frozen=True, kw_only=True)
class Row:
    """One quantity, or one whole curve, of an agreement table.

    Attributes
    ----------
    quantity : str
    reference, reference_tolerance : float, optional
        The reference value and how far a computed value may be away from it.
    reference_kind, reference_of : str
        One of ``paper``, ``formula``, ``stored``; and what is compared with it, ``theory`` or ``simulation``.
    theory, simulation, standard_error : float, optional
    draws : int, optional
        Independent draws behind the standard error.
    allowance, allowance_source : float, str
        What is allowed beyond four standard errors, and where it comes from.
    points, largest, rms, p_value : optional
        Of a whole curve: number of points, largest and root mean square deviation, and how likely a
        deviation at least as large is among replicates.
    against_reference, against_simulation : str
        The two verdicts: against the reference, and of theory against simulation; empty where there is nothing to compare.
    known : str
        Where a disagreement of this row is explained, if it is the finding.
    """

    quantity: str
    reference_kind: str = ""
    reference: float | None = None
    reference_tolerance: float | None = None
    reference_of: str = ""
    theory: float | None = None
    simulation: float | None = None
    standard_error: float | None = None
    draws: int | None = None
    allowance: float = 0.0
    allowance_source: str = ""
    points: int | None = None
    largest: float | None = None
    rms: float | None = None
    p_value: float | None = None
    against_reference: str = ""
    against_simulation: str = ""
    known: str = ""

    @property
    def verdicts(self):
        """The verdicts that there are, one or two."""
        return tuple(filter(None, (self.against_reference, self.against_simulation)))

    @property
    def unexpected(self):
        """Whether the row disagrees though it should not, or a known disagreement is not seen."""
        judged = [verdict for verdict in self.verdicts if is_judged(verdict)]
        return bool(judged) and (DISAGREES in judged) != bool(self.known)


class AgreementTable:
    """The comparison that closes a figure or a claim.

    Parameters
    ----------
    entry_id : str
        The registry entry that the table belongs to.
    at : dict
        The parameters at which the chapter ran.  References and published curves are judged only where
        these equal the parameters at which the registry says they hold.

    Notes
    -----
    A row has two verdicts.  *Against the reference*: the theory (or the simulation, where the registry says so) lies
    within the reference's own tolerance.  *Theory against simulation*: ``|simulation - theory| <= 4 standard errors +
    allowance``; the allowance is a measured term with a stated source, and 0 by default.  A verdict never raises: it is recorded.
    """

    def __init__(self, entry_id, *, at=None):
        self.entry = load_registry().entry(entry_id)
        self.applicable = _applicable(self.entry, at or {})
        self.rows = []

    def row(
        self,
        quantity,
        *,
        theory=None,
        simulation=None,
        standard_error=None,
        draws=None,
        allowance=0.0,
        allowance_source="",
        not_judged="",
        known="",
    ):
        """Add a quantity.

        Parameters
        ----------
        quantity : str
            Its name, in Markdown; a reference value of the same name in the registry is looked up.
        theory, simulation : float, optional
            The two computed values; at least one of them.
        standard_error : float, optional
            Standard error of the simulation.
        draws : int, optional
            Number of independent draws behind the standard error; the fewer, the likelier a false alarm.
        allowance, allowance_source : float, str
            Term added to four standard errors, and where it comes from.
        not_judged : str
            Why theory and simulation are not compared.
        known : str
            Where the row's disagreement is explained, if it is the finding.

        Raises
        ------
        ValueError
            Where the row can be neither judged nor says why not.
        """
        reference = self.entry.reference(quantity)
        if theory is None and simulation is None:
            raise ValueError(f"row {quantity!r} needs a theory or a simulation value, got neither.")
        if allowance and not allowance_source:
            raise ValueError(f"row {quantity!r} needs the source of its allowance {allowance!r}.")
        if not (reference or not_judged or (theory is not None and simulation is not None)):
            raise ValueError(f"row {quantity!r} has nothing to be compared with; say why in 'not_judged'.")
        against_simulation = not_judged_because(not_judged)
        if theory is not None and simulation is not None and not not_judged:
            if standard_error is None:
                raise ValueError(f"row {quantity!r} needs the standard error of its simulation.")
            against_simulation = _verdict(abs(simulation - theory) <= STANDARD_ERRORS * standard_error + allowance)
        self.rows.append(
            Row(
                quantity=quantity,
                theory=_float(theory),
                simulation=_float(simulation),
                standard_error=_float(standard_error),
                draws=None if draws is None else int(draws),
                allowance=float(allowance),
                allowance_source=allowance_source,
                against_simulation=against_simulation,
                known=known,
                **self._against(reference, quantity, theory, simulation),
            )
        )
        return self

    def _against(self, reference, quantity, theory, simulation):
        if not reference:
            return {}
        computed = theory if reference.of == "theory" else simulation
        if computed is None:
            raise ValueError(f"row {quantity!r} needs its {reference.of} value: the registry judges it.")
        within = abs(computed - reference.value) <= reference.tolerance
        return {
            "reference": reference.value,
            "reference_kind": reference.kind,
            "reference_tolerance": reference.tolerance,
            "reference_of": reference.of,
            "against_reference": _verdict(within) if self.applicable else not_judged_because(OTHER_PARAMETERS),
        }

    def curve(
        self,
        quantity,
        *,
        published,
        theory=None,
        simulation=None,
        tolerance=None,
        p_value=None,
        not_judged="",
        known="",
    ):
        """Add a whole published curve.

        Parameters
        ----------
        quantity : str
            Its name, in Markdown.
        published : array_like, shape (n,)
            The points that the paper draws.
        theory, simulation : array_like, shape (n,)
            Our curve at the same places; exactly one of the two.
        tolerance : float, optional
            Precision of the reading: the verdict is *agrees* if every point lies within it.
        p_value : float, optional
            How likely a curve at least as far away is among our own replicates, over the whole curve at once; the
            verdict is *agrees* from 0.001 on.
        not_judged, known : str
            As for `row`.

        Raises
        ------
        ValueError
            Where there is not exactly one curve, where shapes differ, or where there is not exactly one rule.
        """
        if (theory is None) == (simulation is None):
            raise ValueError(f"curve {quantity!r} needs a theory or a simulation, and not both.")
        if (tolerance is not None) + (p_value is not None) + bool(not_judged) != 1:
            raise ValueError(f"curve {quantity!r} needs exactly one of 'tolerance', 'p_value' and 'not_judged'.")
        of = "simulation" if theory is None else "theory"
        computed, drawn = np.asarray(simulation if theory is None else theory, float), np.asarray(published, float)
        if computed.shape != drawn.shape or drawn.ndim != 1 or not drawn.size:
            raise ValueError(f"curve {quantity!r} needs two 1-d arrays of one length, got {drawn.shape} and {computed.shape}.")
        gap = np.abs(computed - drawn)
        if not self.applicable or not_judged:
            verdict = not_judged_because(not_judged or OTHER_PARAMETERS)
        else:
            verdict = _verdict(p_value >= LEVEL if tolerance is None else gap.max() <= tolerance)
        self.rows.append(
            Row(
                quantity=quantity,
                reference_kind=PAPER,
                reference_tolerance=_float(tolerance),
                reference_of=of,
                points=drawn.size,
                reference=_only(drawn),
                **{of: _only(computed)},
                largest=float(gap.max()),
                rms=float(np.sqrt(np.mean(gap**2))),
                p_value=_float(p_value),
                against_reference=verdict,
                known=known,
            )
        )
        return self

    @property
    def failures(self):
        """The rows that disagree though they should not, and the known disagreements that are not seen."""
        return [row for row in self.rows if row.unexpected]

    def as_records(self):
        """The rows as a list of dictionaries of plain values, each with whether reference values apply."""
        return [{**asdict(row), "unexpected": row.unexpected, "applicable": self.applicable} for row in self.rows]

    def _repr_markdown_(self):
        curves = [row for row in self.rows if _is_curve(row)]
        values = [row for row in self.rows if not _is_curve(row)]
        tables = [table(rows) for table, rows in ((self._table_of_values, values), (_table_of_curves, curves)) if rows]
        return "\n\n".join("\n".join(lines) for lines in tables)

    def _table_of_values(self, rows):
        notes = list(dict.fromkeys(row.allowance_source for row in rows if row.allowance_source))
        kinds = [kind for kind in REFERENCE_KINDS if any(row.reference_kind == kind for row in rows)]
        columns = {"quantity": [_quantity(row) for row in rows]}
        for kind in kinds:
            columns[kind] = [self._reference_text(row) if row.reference_kind == kind else "—" for row in rows]
        columns["theory"] = [rounded_like(row.theory, row.standard_error) for row in rows]
        columns["simulation"] = [with_error(row.simulation, row.standard_error) for row in rows]
        columns["theory against simulation"] = [_simulation_text(row, notes) for row in rows]
        columns["against " + ", ".join(kinds)] = [_against_text(row) for row in rows]
        columns = {name: cells for name, cells in columns.items() if any(cell != "—" for cell in cells)}
        return _markdown(columns, right=("theory", "simulation", *kinds)) + _legend(notes)

    def _reference_text(self, row):
        if not self.applicable:
            return "—"
        reading_error = None if row.points else row.reference_tolerance  # of a published point it is our own scatter
        return with_error(row.reference, reading_error)

    def __repr__(self):
        return self._repr_markdown_()


def _is_curve(row):
    return (row.points or 0) > 1


def _table_of_curves(rows):
    """Whole published curves: how many points, how far away, and what decides."""
    columns = {
        "whole curve of the paper": [_quantity(row) for row in rows],
        "points": [str(row.points) for row in rows],
        "largest difference": [number(row.largest, 2) for row in rows],
        "rms": [number(row.rms, 2) for row in rows],
        "allowed, or *p*": [_rule_of_a_curve(row) for row in rows],
        f"{'theory' if all(row.reference_of == 'theory' for row in rows) else 'ours'} against paper": [
            _worded(row, row.against_reference) for row in rows
        ],
    }
    return _markdown(columns, right=("points", "largest difference", "rms", "allowed, or *p*"))


def _rule_of_a_curve(row):
    if row.p_value is not None:
        return f"p = {number(row.p_value, 2)}"
    return number(row.reference_tolerance, 2)


def _quantity(row):
    return row.quantity.replace("|", "\\|")


def _markdown(columns, *, right):
    rules = ["--:" if name in right else ":--" for name in columns]
    return ["| " + " | ".join(cells) + " |" for cells in (columns, rules, *zip(*columns.values()))]


def _applicable(entry, at):
    for name in entry.at:
        if name not in at:
            raise ValueError(f"the agreement table of {entry.id!r} needs the parameter {name!r} in 'at'.")
    return all(_same(at[name], value) for name, value in entry.at.items())


def _same(left, right):
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-12)
    return left == right


def _only(values):
    """The value of a curve of one point, which stands in the table as a value."""
    return float(values[0]) if values.size == 1 else None


def _verdict(holds):
    return AGREES if holds else DISAGREES


def _float(value):
    return None if value is None else float(value)


def _simulation_text(row, notes):
    if not is_judged(row.against_simulation):
        return row.against_simulation or "—"
    spread = STANDARD_ERRORS * row.standard_error
    note = _note(notes, row.allowance_source)
    allowed = " + ".join([number(part, 2) + mark for part, mark in ((spread, ""), (row.allowance, note)) if part]) or "0"
    gap = abs(row.simulation - row.theory)
    return f"{_worded(row, row.against_simulation)} ({deviation(gap, spread + row.allowance)} of {allowed})"


def _against_text(row):
    if not is_judged(row.against_reference):
        return row.against_reference or "—"
    word = "regression: " if row.reference_kind == STORED else ""
    return f"{word}{_worded(row, row.against_reference)} ({_distance(row)})"


def _distance(row):
    computed = row.theory if row.reference_of == "theory" else row.simulation
    gap = abs(computed - row.reference)
    if row.p_value is not None:
        return f"{number(gap, 2)}; p = {number(row.p_value, 2)}"
    return f"{deviation(gap, row.reference_tolerance)} of {number(row.reference_tolerance, 2)}"


def _worded(row, verdict):
    if row.known and verdict == DISAGREES:
        return f"{verdict}, as {row.known} explains"
    return verdict


def _note(notes, source):
    """A letter in brackets: a raised mark behind a power of ten would read as part of it."""
    return f" [{chr(ord('a') + notes.index(source) % 26)}]" if source else ""


def _legend(notes):
    return ["", "; ".join(f"{_note(notes, note).strip()} {note}" for note in notes)] if notes else []
