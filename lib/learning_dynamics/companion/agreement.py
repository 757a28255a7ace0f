"""Agreement tables: the paper's value, the theory, the simulation and a verdict, side by side."""

import math
from dataclasses import asdict, dataclass

from .registry import load_registry

AGREES = "agrees"
DISAGREES = "disagrees"
NOT_APPLICABLE = "not applicable"
SHOWN = "shown"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One quantity of an agreement table, with its verdict."""

    quantity: str
    paper: float | None
    tolerance: float | None
    theory: float | None
    simulation: float | None
    standard_error: float | None
    allowance: float
    verdict: str


class AgreementTable:
    """The comparison that closes a figure or a claim.

    Parameters
    ----------
    entry_id : str
        The registry entry that the table belongs to.
    at : dict
        The parameters at which the chapter ran.  Reference values are judged only where
        these equal the parameters at which the registry says they hold.

    Notes
    -----
    A reference value agrees when it lies within its own tolerance of the theory (or of the
    simulation, where the registry says so).  A simulation agrees with the theory when
    ``|simulation - theory| <= 4 standard errors + allowance``; the allowance is a measured
    finite-size term and 0 by default.  A verdict never raises: it is recorded.
    """

    def __init__(self, entry_id, *, at=None):
        self.entry = load_registry().entry(entry_id)
        self.applicable = _applicable(self.entry, at or {})
        self.rows = []

    def row(self, quantity, *, theory=None, simulation=None, standard_error=None, allowance=0.0, judged=True):
        """Add a quantity.

        Parameters
        ----------
        quantity : str
            Its name; a reference value of the same name in the registry is looked up.
        theory, simulation : float, optional
            The two computed values; at least one of them.
        standard_error : float, optional
            Standard error of the simulation.
        allowance : float
            Finite-size term added to four standard errors.
        judged : bool
            False where theory and simulation are expected to differ and the text says why.

        Raises
        ------
        ValueError
            Where the row can be neither shown nor judged.
        """
        if theory is None and simulation is None:
            raise ValueError(f"row {quantity!r} needs a theory or a simulation value, got neither.")
        if simulation is not None and theory is not None and judged and standard_error is None:
            raise ValueError(f"row {quantity!r} needs the standard error of its simulation.")
        reference = self.entry.reference(quantity)
        checks = []
        if judged and theory is not None and simulation is not None:
            checks.append(abs(simulation - theory) <= 4 * standard_error + allowance)
        if reference and self.applicable:
            computed = theory if reference.of == "theory" else simulation
            if computed is None:
                raise ValueError(f"row {quantity!r} needs its {reference.of} value: the registry judges it.")
            checks.append(abs(computed - reference.value) <= reference.tolerance)
        self.rows.append(
            Row(
                quantity=quantity,
                paper=reference.value if reference else None,
                tolerance=reference.tolerance if reference else None,
                theory=_float(theory),
                simulation=_float(simulation),
                standard_error=_float(standard_error),
                allowance=float(allowance),
                verdict=_verdict(checks, reference, self.applicable),
            )
        )
        return self

    @property
    def failures(self):
        """The rows whose verdict is ``disagrees``."""
        return [row for row in self.rows if row.verdict == DISAGREES]

    def as_records(self):
        """The rows as a list of dictionaries of plain values, each with whether reference values apply."""
        return [{**asdict(row), "applicable": self.applicable} for row in self.rows]

    def _repr_markdown_(self):
        columns = {
            "quantity": [row.quantity.replace("|", "\\|") for row in self.rows],
            "paper" if self.entry.paper else "reference": [self._reference_text(row) for row in self.rows],
            "theory": [_with_error(row.theory) for row in self.rows],
            "simulation": [_with_error(row.simulation, row.standard_error) for row in self.rows],
            "verdict": [row.verdict for row in self.rows],
        }
        if all(row.paper is None for row in self.rows):
            del columns["paper" if self.entry.paper else "reference"]
        rules = [":--" if name in ("quantity", "verdict") else "--:" for name in columns]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rules, *zip(*columns.values())))

    def _reference_text(self, row):
        return _with_error(row.paper, row.tolerance) if self.applicable else "—"

    def __repr__(self):
        return self._repr_markdown_()


def _applicable(entry, at):
    for name in entry.at:
        if name not in at:
            raise ValueError(f"the agreement table of {entry.id!r} needs the parameter {name!r} in 'at'.")
    return all(_same(at[name], value) for name, value in entry.at.items())


def _same(left, right):
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-12)
    return left == right


def _verdict(checks, reference, applicable):
    if checks:
        return AGREES if all(checks) else DISAGREES
    return NOT_APPLICABLE if reference and not applicable else SHOWN


def _float(value):
    return None if value is None else float(value)


def _with_error(value, error=None):
    if value is None:
        return "—"
    text = f"{value:.4g}"
    return f"{text} ± {_plain(error)}" if error is not None else text


def _plain(error):
    """One digit of an error, without an exponent while that is readable."""
    short = f"{error:.1g}"
    return f"{float(short):.6f}".rstrip("0").rstrip(".") if 1e-6 <= error < 1 else short
