"""Comparing the book that was built here with a certificate: what differs, and by how much."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.project import PRESETS, REGISTRY_PAGES
from learning_dynamics.companion.execution.build_certificate import FORMAT, VERSION, certificate
from learning_dynamics.companion.execution.staleness import why_stale

TOLERANCE = 1e-6
"""Largest relative difference of data that still counts as the same.

Other processors and libraries change the last digits, and the chapters amplify that, to far less than this where a
seed is the same.  A simulated error rate is a count: where one case is decided the other way it changes by much more,
and is reported.
"""

NEAR_ZERO = 1e-6
"""A value below this part of the largest of its column counts as that part of it when differences are made relative."""

VERDICTS = {"against_reference": "against the reference", "against_simulation": "theory against simulation"}
VALUES = ("theory", "simulation", "reference", "largest")


@dataclass
class Comparison:
    """What comparing two certificates found.

    Attributes
    ----------
    differences : list of str
        One line each: changed verdicts, missing figures, data further apart than the tolerance.
    entries, files, identical : int
        Figures and claims compared, data files compared, and how many of these are equal to the last digit.
    largest : float
        Largest relative difference of the files that are not.
    """

    differences: list = field(default_factory=list)
    entries: int = 0
    files: int = 0
    identical: int = 0
    largest: float = 0.0


def verify(project, path, *, preset=None, tolerance=TOLERANCE, say=print):
    """Compare the book that was built here with a certificate.

    Parameters
    ----------
    project : Project
        The book, built before at the certificate's preset.
    path : Path
        The certificate.
    preset : str, optional
        The preset to compare at; it must be that of the certificate, which is the default.
    tolerance : float
        Largest relative difference of data that counts as the same, in (0, 1).

    Returns
    -------
    bool
        Whether everything is the same.

    Raises
    ------
    CompanionError
        Where `path` holds no certificate that this version reads, where the presets differ, or where the book has not been
        built here, or not since its last change.
    """
    if not 0 < tolerance < 1:
        raise CompanionError(f"tolerance must be in (0, 1), got {tolerance}.")
    theirs = read_certificate(path)
    if preset and preset != theirs["preset"]:
        raise CompanionError(
            f"{path} is about the preset {shown(theirs['preset'])}; preset must be the same, got {shown(preset)}."
        )
    _require_built(project, theirs["preset"])
    ours = certificate(project, theirs["preset"])
    for line in _circumstances(ours, theirs):
        say(line)
    found = compare(ours, theirs, tolerance)
    for line in found.differences:
        say(line)
    say(_conclusion(found, tolerance))
    return not found.differences


def read_certificate(path):
    """Read a certificate; a `CompanionError` of one sentence where the file holds none."""
    try:
        content = json.loads(Path(path).read_bytes())  # in any encoding of Unicode
    except (ValueError, RecursionError):
        raise CompanionError(f"{path} is not a certificate: it holds no JSON.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CompanionError(f"{path} is not a certificate: its 'format' must be {FORMAT!r}.")
    if content.get("version") != VERSION:
        raise CompanionError(f"{path} has version {shown(content.get('version'))} of the format; this book reads {VERSION}.")
    if content.get("preset") not in PRESETS:
        raise CompanionError(f"{path}: 'preset' must be one of {', '.join(PRESETS)}, got {shown(content.get('preset'))}.")
    if not isinstance(content.get("entries"), dict) or not content["entries"]:
        raise CompanionError(f"{path} is damaged: it lists no figure.")
    for entry, item in content["entries"].items():
        if not isinstance(item, dict) or not isinstance(item.get("data"), dict) or not isinstance(item.get("rows"), list):
            raise CompanionError(f"{path} is damaged: {shown(entry)} must have 'data' and 'rows'.")
    return content


def _require_built(project, preset):
    stale = [name for name in project.chapters() if name not in REGISTRY_PAGES and why_stale(project, name, preset)]
    if stale:
        command = f"python -m learning_dynamics build --preset {preset}"
        raise CompanionError(f"{len(stale)} chapter(s) have not run here as they are now, {stale[0]} among them: {command}")


def _circumstances(ours, theirs):
    """What may explain differences: where both were made, line by line."""
    for name in ("commit", "python", "packages", "machine"):
        mine, other = ours[name], theirs.get(name)
        if mine != other:
            yield f"{name}: here {_words(mine)}; in the certificate {_words(other)}"


def _words(value):
    return ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else value


def compare(ours, theirs, tolerance=TOLERANCE):
    """Compare two certificates, entry by entry.

    Verdicts must be the same.  Values must be within `tolerance` of each other, relative to the larger of the two, or to
    `NEAR_ZERO` times the largest of their column where that is more.

    Returns
    -------
    Comparison
    """
    found = Comparison()
    for entry in sorted(ours["entries"].keys() | theirs["entries"].keys()):
        if entry not in ours["entries"]:
            found.differences.append(f"{entry}: in the certificate, and not in this book")
        elif entry not in theirs["entries"]:
            found.differences.append(f"{entry}: in this book, and not in the certificate")
        else:
            found.entries += 1
            mine, other = ours["entries"][entry], theirs["entries"][entry]
            _compare_rows(found, entry, mine["rows"], other["rows"], tolerance)
            _compare_files(found, entry, mine["data"], other["data"], tolerance)
    return found


def _compare_rows(found, entry, mine, theirs, tolerance):
    ours, others = _numbered(mine), _numbered(theirs)
    for quantity in dict.fromkeys([*others, *ours]):
        where = f"{entry}, row {quantity}"
        if quantity not in ours or quantity not in others:
            found.differences.append(f"{where}: only in {'this book' if quantity in ours else 'the certificate'}")
            continue
        row, other = ours[quantity], others[quantity]
        for key, words in VERDICTS.items():
            if row.get(key) != other.get(key):
                found.differences.append(
                    f"{where}: {words}: here {_or_none(row, key)}, in the certificate {_or_none(other, key)}"
                )
        for key in VALUES:
            if _relative(row.get(key), other.get(key), max(_allowed(row), _allowed(other))) > tolerance:
                found.differences.append(f"{where}: {key} here {row.get(key)}, in the certificate {other.get(key)}")


def _numbered(rows):
    """Rows by their quantity; where one stands twice, the second gets a number."""
    named = {}
    for row in rows:
        again = sum(name.split(" #")[0] == row["quantity"] for name in named)
        named[f"{row['quantity']} #{again + 1}" if again else row["quantity"]] = row
    return named


def _allowed(row):
    """What a row allows: a difference that is small beside it changes no verdict, even where the value is 0 but for rounding."""
    return max(4 * (row.get("standard_error") or 0.0) + (row.get("allowance") or 0.0), row.get("reference_tolerance") or 0.0)


def _or_none(row, key):
    return row.get(key) or "no verdict"


def _compare_files(found, entry, mine, theirs, tolerance):
    for name in dict.fromkeys([*theirs, *mine]):
        if name not in mine or name not in theirs:
            found.differences.append(f"{entry}, {name}: only in {'this book' if name in mine else 'the certificate'}")
            continue
        found.files += 1
        if mine[name]["sha256"] == theirs[name].get("sha256"):
            found.identical += 1
            continue
        problem, gap = difference(mine[name], theirs[name])
        found.largest = max(found.largest, gap)
        if problem and not gap <= tolerance:
            found.differences.append(f"{entry}, {name}: {problem}")


def difference(mine, theirs):
    """The largest difference of two data files, in words and as a relative number; infinite where their form differs."""
    if mine["length"] != theirs.get("length"):
        return f"{mine['length']} rows here, {theirs.get('length')} in the certificate", math.inf
    if list(mine["columns"]) != list(theirs.get("columns", {})):
        return "other columns", math.inf
    gaps = {name: _column_gap(column, theirs["columns"][name]) for name, column in mine["columns"].items()}
    worst = max(gaps, key=gaps.get, default=None)
    if worst is None:
        return "", 0.0
    return f"largest relative difference {gaps[worst]:.1e}, in the column {worst}", gaps[worst]


def _column_gap(mine, theirs):
    values, others = mine["values"], theirs.get("values", [])
    if len(values) != len(others):
        return math.inf
    numbers = [abs(value) for value in (*values, *others) if isinstance(value, (int, float))]
    floor = NEAR_ZERO * max(numbers, default=0.0)
    gaps = [_relative(a, b, floor) for a, b in zip(values, others)]
    rms = mine.get("rms") or 0.0
    gaps += [_relative(mine.get(key), theirs.get(key), rms) for key in ("mean", "rms")]
    return max(gaps, default=0.0)


def _relative(a, b, floor):
    """The difference of two values relative to the larger one, at least to `floor`; infinite for what is no number in one only."""
    if a == b:
        return 0.0
    if not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b), floor)


def _conclusion(found, tolerance):
    if found.differences:
        return (
            f"different: {len(found.differences)} difference(s) in {found.entries} figures and claims, {found.files} data files"
        )
    rest = found.files - found.identical
    within = f", {rest} within {tolerance:.0e} (largest relative difference {found.largest:.1e})" if rest else ""
    return f"the same: {found.entries} figures and claims, {found.files} data files, {found.identical} of them to the last digit{within}"
