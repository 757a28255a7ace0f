"""What verdicts are worth: how often a true theory would be blamed, and how surely a wrong one is noticed."""

import math
from dataclasses import dataclass

from scipy.stats import norm, t

from learning_dynamics.companion.records.verdicts import LEVEL, is_judged

STANDARD_ERRORS = 4
ERROR = 0.1
"""The error of a theory, relative to its value, whose discovery is asked for."""


def chance_of_a_false_alarm(row):
    """How likely a recorded row disagrees by chance alone, though theory and simulation are the same.

    The simulation's mean over n draws is then off by more than four standard errors with the two tails of
    the t-distribution of n - 1 degrees of freedom, or of the normal one where the row does not say n.  What the row
    allows beyond that is left out, which makes the number an upper bound, apart from a bias of the simulation, which is what
    the allowance stands for.  A whole curve judged by a p-value has the chance of its level.  What is judged without
    any chance (a value against a formula, a simulation without an error) has none.

    Returns
    -------
    float
        In [0, 1].
    """
    chance = LEVEL if row["p_value"] is not None and is_judged(row["against_reference"]) else 0.0
    if is_judged(row["against_simulation"]) and row["standard_error"]:
        tail = t.sf(STANDARD_ERRORS, row["draws"] - 1) if (row["draws"] or 0) > 1 else norm.sf(STANDARD_ERRORS)
        chance += 2 * float(tail)
    return min(chance, 1.0)


def expected_false_alarms(rows):
    """The sum of the chances: how many false alarms to expect, and at most the chance that there is any, whatever depends on what."""
    return math.fsum(map(chance_of_a_false_alarm, rows))


@dataclass(frozen=True)
class Sharpness:
    """How sharp a row is: its quantity, the relative error noticed in half of all cases, and the power against `ERROR`."""

    quantity: str
    half: float
    power: float


def sharpness(row):
    """The sharpness of a row that compares a theory with a simulation, or None where there is nothing to compare.

    A row whose disagreement is known proves nothing: it disagrees already.

    With a standard error s, an allowance A and a theory that is wrong by the part r of its value T, the
    row disagrees with the probability Phi((r |T| - 4 s - A)/s).  It is one half at r = (4 s + A)/|T|.
    """
    if row["known"] or not is_judged(row["against_simulation"]) or not row["theory"] or row["standard_error"] is None:
        return None
    scale, spread = abs(row["theory"]), row["standard_error"]
    allowed = STANDARD_ERRORS * spread + row["allowance"]
    excess = ERROR * scale - allowed
    power = float(norm.cdf(excess / spread)) if spread else float(excess > 0)
    return Sharpness(quantity=row["quantity"], half=allowed / scale, power=power)


def sharpest(rows):
    """The sharpest of some rows, or None where none compares a theory with a simulation."""
    found = [one for one in map(sharpness, rows) if one]
    return min(found, key=lambda one: one.half, default=None)
