"""How long a run will take, guessed from the runs of the same chapter that were recorded on this machine.

The logarithm of the time is taken as linear in the logarithms of the whole-number parameters (sizes, counts): the powers
are unknown, expected at 1 with a standard deviation of 1, and learnt from the recorded runs as far as these differ.  Other
parameters are expected to leave the time as it is.  What is not known makes the interval wide, and it is said.
"""

import json
import math
from dataclasses import dataclass

import numpy as np

from .execution import read_summary

EXPECTED_POWER = 1.0
POWER_DEVIATION = 1.0
TIME_DEVIATION = 0.3
"""Standard deviation of the logarithm of the time of one and the same run: other programs, other temperatures."""

WIDE = 2.0
"""Standard deviations on either side of the middle."""

START = 3.0
"""Seconds that any run takes: the kernel starts and imports the library."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds: the middle, and where the time lies in about 19 of 20 cases."""

    middle: float
    low: float
    high: float


def recorded_runs(project, chapter, output=None):
    """All runs of a chapter that are recorded on this machine: a list of (parameters that were set, seconds)."""
    places = [project.results(chapter, preset) for preset in ("paper", "quick", "large")]
    default = project.root / "runs" / chapter
    for folder in dict.fromkeys(filter(None, (default, default / "sweep", output))):
        places += [folder / "results", *sorted(folder.glob("runs/*/results"))]
    summaries = [read_summary(place) for place in places if _is_of(place, chapter)]
    runs = [(summary.get("parameters"), summary.get("seconds")) for summary in summaries]
    return [(values, seconds) for values, seconds in runs if isinstance(values, dict) and isinstance(seconds, (int, float))]


def _is_of(results, chapter):
    """Whether results are those of a chapter: a folder given with ``--out`` may hold another one's."""
    run = results.parent / "run.json"
    try:
        return not run.exists() or json.loads(run.read_text("utf-8")).get("chapter") == chapter
    except (ValueError, AttributeError):
        return False


def estimate(runs, wanted, declared):
    """The time of a run.

    Parameters
    ----------
    runs : list of (dict, float)
        As `recorded_runs` returns them; at least one.
    wanted : dict
        The parameters that differ from the defaults.
    declared : dict
        As `declared_parameters` returns it.

    Returns
    -------
    Estimate
    """
    names = [name for name, parameter in declared.items() if _is_size(parameter)]
    point = _logarithms(wanted, names, declared)
    rows = np.array([_logarithms(values, names, declared) - point for values, _ in runs])
    times = np.log([max(seconds - START, 0.1) for _, seconds in runs])
    # Unknown: the logarithm of the wanted time, without a prior, and the powers, with theirs.
    design = np.hstack([np.ones((len(runs), 1)), rows]) / TIME_DEVIATION
    precision = np.diag([0.0] + [POWER_DEVIATION**-2] * len(names))
    expected = np.array([0.0] + [EXPECTED_POWER] * len(names))
    covariance = np.linalg.inv(design.T @ design + precision)
    solution = covariance @ (design.T @ (times / TIME_DEVIATION) + precision @ expected)
    deviation = math.hypot(math.sqrt(covariance[0, 0]), TIME_DEVIATION)
    low, middle, high = (START + math.exp(min(solution[0] + k * WIDE * deviation, 50.0)) for k in (-1, 0, 1))
    return Estimate(middle=middle, low=low, high=high)


def _is_size(parameter):
    return parameter.type == "int" and parameter.name != "seed" and parameter.default > 0


def _logarithms(values, names, declared):
    return np.array([math.log(max(values.get(name, declared[name].default), 1)) for name in names])


def total(estimates, workers):
    """The time of several runs, `workers` at a time; their errors are taken to go the same way."""
    sums = {name: sum(getattr(item, name) for item in estimates) / workers for name in ("low", "middle", "high")}
    longest = {name: max(getattr(item, name) for item in estimates) for name in sums}
    return Estimate(**{name: max(sums[name], longest[name]) for name in sums})


def in_words(found, count):
    """An estimate as a clause, with what it is based on."""
    based = "one recorded run" if count == 1 else f"{count} recorded runs"
    return f"about {duration(found.middle)}, between {duration(found.low)} and {duration(found.high)}, judging by {based}"


def duration(seconds):
    """A time in the unit that fits it, to two digits."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"
