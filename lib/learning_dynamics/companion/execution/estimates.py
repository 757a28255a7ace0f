"""How long a run will take, guessed from what the chapter's cells cost and from its runs that were recorded on this machine.

``book/costs.json`` has, for each cell of a chapter, its processor seconds at the defaults and the powers with which these grow
in the chapter's sizes (`benchmarks/costs.py` measures them).  The recorded runs say how fast this machine is, and correct the
powers as far as they differ.  What is not known makes the interval wide, and it is said.
"""

import json
import math
from dataclasses import dataclass

import numpy as np

from learning_dynamics.companion.execution.executor import read_summary

COSTS = "book/costs.json"

UNKNOWN_POWERS, POWER_DEVIATION = (1.0, 1.0), 0.25
"""Expected power of a size where no costs are measured, with its standard deviation; and the deviation where they are."""

MACHINE_DEVIATION = 0.5
"""Standard deviation of the logarithm of the speed of a machine on which nothing is recorded yet."""

TIME_DEVIATION = 0.3
"""Standard deviation of the logarithm of the time of one and the same run: other programs, other temperatures."""

WIDE = 2.0
"""Standard deviations on either side of the middle."""

LEAST = 0.01
"""Seconds of a cell that are no longer measured."""

START = 3.0
"""Seconds that any run takes: the kernel starts and imports the library."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds: the middle, and where the time lies in about 19 of 20 cases."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a chapter's times are judged by.

    Attributes
    ----------
    runs : list of (dict, float)
        As `recorded_runs` returns them.
    costs : list of (float, dict)
        As `read_costs` returns it.
    """

    runs: list
    costs: list

    def __bool__(self):
        return bool(self.runs or self.costs)


def what_is_known(project, chapter, output=None):
    """The runs of a chapter that are recorded on this machine, and the costs of its cells."""
    return Known(runs=recorded_runs(project, chapter, output), costs=read_costs(project, chapter))


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


def read_costs(project, chapter):
    """The measured costs of a chapter's cells, a list of (seconds, {size: power}), which add up; empty where none are."""
    path = project.root / COSTS
    costs = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return [(seconds, powers) for seconds, powers in costs.get(chapter, {}).get("terms", [])]


def estimate(known, wanted, declared):
    """The time of a run.

    Parameters
    ----------
    known : Known
        Something at least.
    wanted : dict
        The parameters that differ from the defaults.
    declared : dict
        As `declared_parameters` returns it.

    Returns
    -------
    Estimate
    """
    runs, costs = known.runs, known.costs
    names = [name for name, parameter in declared.items() if is_size(parameter)]
    power, power_deviation = (0.0, POWER_DEVIATION) if costs else UNKNOWN_POWERS
    points = np.array([_logarithms(values, names, declared) for values, _ in (*runs, (wanted, None))])
    expected = np.array([_expected(point, names, declared, costs) for point in points])
    times = np.log([max(seconds - START, 0.1) for _, seconds in runs])
    # Unknown: how much longer the wanted run takes than expected, and by how much the powers are wrong, with their priors.
    rows = np.hstack([np.ones((len(runs), 1)), points[:-1] - points[-1]]) / TIME_DEVIATION
    precision = np.diag([MACHINE_DEVIATION**-2 if costs else 0.0] + [power_deviation**-2] * len(names))
    prior = np.array([0.0] + [power] * len(names))
    covariance = np.linalg.inv(rows.T @ rows + precision)
    correction = covariance @ (rows.T @ ((times - expected[:-1]) / TIME_DEVIATION) + precision @ prior)
    deviation = math.hypot(math.sqrt(covariance[0, 0]), TIME_DEVIATION)
    logarithms = (expected[-1] + correction[0] + k * WIDE * deviation for k in (-1, 0, 1))
    low, middle, high = (START + math.exp(min(logarithm, 50.0)) for logarithm in logarithms)
    return Estimate(middle=middle, low=low, high=high)


def is_size(parameter):
    """Whether a parameter is a size or a count: what a run's time may depend on."""
    return parameter.type == "int" and parameter.name != "seed" and parameter.default > 0


def _logarithms(values, names, declared):
    return np.array([math.log(max(values.get(name, declared[name].default), 1)) for name in names])


def _expected(point, names, declared, costs):
    """The logarithm of the time that the costs of the cells add up to."""
    if not costs:
        return 0.0
    relative = dict(zip(names, point - _logarithms({}, names, declared)))
    logs = [
        math.log(max(seconds, LEAST)) + sum(relative[name] * power for name, power in powers.items()) for seconds, powers in costs
    ]
    return float(np.logaddexp.reduce(logs))


def total(estimates, workers):
    """The time of several runs, `workers` at a time; their errors are taken to go the same way."""
    sums = {name: sum(getattr(item, name) for item in estimates) / workers for name in ("low", "middle", "high")}
    longest = {name: max(getattr(item, name) for item in estimates) for name in sums}
    return Estimate(**{name: max(sums[name], longest[name]) for name in sums})


def in_words(found, known):
    """An estimate as a clause, with what it is based on."""
    count = len(known.runs)
    runs = {0: "", 1: "one recorded run"}.get(count, f"{count} recorded runs")
    based = " and ".join(filter(None, ["the measured costs of its cells" if known.costs else "", runs]))
    return f"about {duration(found.middle)}, between {duration(found.low)} and {duration(found.high)}, judging by {based}"


def duration(seconds):
    """A time in the unit that fits it, to two digits."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"
