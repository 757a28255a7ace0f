"""The certificate of a build: what was computed, on what, and with which verdicts, in one JSON file."""

import csv
import hashlib
import json
import math
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from learning_dynamics.companion.base.project import REGISTRY_PAGES
from learning_dynamics.companion.execution.executor import SUMMARY
from learning_dynamics.companion.records.recording import read_results

FORMAT = "learning-dynamics certificate"
VERSION = 1
CERTIFICATE = "certificate.json"

SAMPLE = 200
"""Values of a column that a certificate holds at most; longer columns are sampled evenly, ends included."""

DIGITS = 9
KEPT_OF_A_ROW = (
    "quantity",
    "reference_kind",
    "against_reference",
    "against_simulation",
    "known",
    "theory",
    "simulation",
    "standard_error",
    "allowance",
    "reference",
    "reference_tolerance",
    "points",
    "largest",
)


def certificate(project, preset):
    """Everything that a build at a preset recorded, in a form that another build can be compared with.

    Another machine changes last digits, so checksums alone would say no more than "different".
    Hence the certificate carries the data themselves: of every column up to `SAMPLE` values to
    `DIGITS` significant digits, evenly spread, and over all its values the mean and the root
    mean square.  Nearly all columns are shorter than that, so that they are there as a whole; in a
    longer one, a change of a single value between the sampled ones shows in the two means.  It
    names neither folders nor the machine's name.

    Returns
    -------
    dict
        ``format``, ``version``, ``preset``, ``commit``, ``machine``, ``python``, ``packages``,
        ``chapters`` (seconds of each) and ``entries``: for every figure or claim with recorded
        results its ``chapter``, ``rows`` (verdicts and values), ``published`` (points of the paper's
        curves, largest deviation) and ``data`` (file → ``sha256``, ``length``, ``columns``).
    """
    chapters = [name for name in project.chapters() if name not in REGISTRY_PAGES]
    runs = {name: _summary(project.results(name, preset)) for name in chapters}
    runs = {name: run for name, run in runs.items() if run}
    return {
        "format": FORMAT,
        "version": VERSION,
        "preset": preset,
        "commit": _commit(project.root),
        "machine": _machine(),
        "python": _only(run["python"] for run in runs.values()),
        "packages": {name: _only(run["versions"][name] for run in runs.values()) for name in _packages(runs)},
        "chapters": {name: {"seconds": run["seconds"]} for name, run in runs.items()},
        "entries": {entry: content for name in runs for entry, content in _entries(project.results(name, preset), name).items()},
    }


def write_certificate(project, preset):
    """Write the certificate beside the site's first page, and return its path."""
    path = project.build / "html" / CERTIFICATE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(certificate(project, preset), separators=(",", ":"), allow_nan=False), "utf-8")
    return path


def _summary(folder):
    path = folder / SUMMARY
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _packages(runs):
    return dict.fromkeys(name for run in runs.values() for name in run["versions"])


def _only(values):
    return ", ".join(sorted(set(values)))


def _commit(root):
    """The commit that the book was built from; it says so where files differ from that commit."""
    try:
        commit, changes = (_git(root, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain")))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, with changes" if changes else commit


def book_version(root):
    """Version, date and commit of the book in one line, as far as they are known."""
    known = [f"Version {version('learning-dynamics')}"]
    try:
        date, commit = _git(root, "log", "-1", "--format=%cs %h").split()
        known += [date, f"commit {commit}"]
    except (OSError, ValueError, subprocess.CalledProcessError):
        pass
    return " · ".join(known)


def _git(root, *words):
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def _machine():
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def _entries(folder, chapter):
    return {
        entry: {
            "chapter": chapter,
            "rows": [{key: row.get(key) for key in KEPT_OF_A_ROW} for row in content["rows"]],
            "published": published_points(content["rows"]),
            "data": {name: data_summary(folder / name) for name in content["data"]},
        }
        for entry, content in read_results(folder).items()
    }


def published_points(rows):
    """How many points of a paper's curves the rows compare, and the largest deviation of each curve."""
    curves = [row for row in rows if row.get("points")]
    return {"points": sum(row["points"] for row in curves), "largest": {row["quantity"]: row["largest"] for row in curves}}


def data_summary(path):
    """Checksum, length and columns of a CSV file; the columns as `certificate` explains."""
    text = path.read_bytes()
    head, *lines = csv.reader(text.decode("utf-8").splitlines())
    columns = zip(*lines) if lines else [[] for _ in head]
    return {
        "sha256": hashlib.sha256(text).hexdigest(),
        "length": len(lines),
        "columns": {name: _column(values) for name, values in zip(head, columns)},
    }


def _column(texts):
    try:
        values = [float(text) if text else math.nan for text in texts]
    except ValueError:
        return {"values": [texts[k] for k in sampled(len(texts))]}
    finite = [value for value in values if math.isfinite(value)]
    return {
        "values": [_rounded(values[k]) for k in sampled(len(values))],
        "mean": _rounded(math.fsum(finite) / len(finite)) if finite else None,
        "rms": _rounded(_root_mean_square(finite)) if finite else None,
    }


def _root_mean_square(values):
    largest = max(map(abs, values))
    return largest * math.sqrt(math.fsum((value / largest) ** 2 for value in values) / len(values)) if largest else 0.0


def _rounded(value):
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def sampled(length):
    """The indices of a column that a certificate holds: all of them, or `SAMPLE` evenly spread ones."""
    if length <= SAMPLE:
        return range(length)
    return [round(k * (length - 1) / (SAMPLE - 1)) for k in range(SAMPLE)]
