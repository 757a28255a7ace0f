"""Recording what a chapter computed: values, verdicts, figure data, numbers for alt texts."""

import csv
import json
import math
import os
from pathlib import Path

import numpy as np

from learning_dynamics.companion.records.registry import load_registry

RESULTS_VARIABLE = "LEARNING_DYNAMICS_RESULTS"
"""Names the folder into which the running notebook records; set by the executor."""

EXECUTED_VARIABLE = "LEARNING_DYNAMICS_EXECUTED"
"""Names the folder of all executed chapters; set for the registry pages."""


def record(entry_id, *, agreement=None, data=None, alt=""):
    """Hand results of a chapter to the build.

    Outside a build (in Jupyter, in a test) nothing is written.  Several calls for one entry
    add up.

    Parameters
    ----------
    entry_id : str
        The registry entry that the results belong to.
    agreement : AgreementTable, optional
        Its rows and verdicts are kept, also as ``<entry_id>.agreement.csv``.
    data : dict, optional
        The data of a figure: name of a series → name of a column → array, shape ``(n,)``.
        Each series becomes the file ``<entry_id>.<series>.csv``.
    alt : str
        Computed numbers in plain words, to be added to the figure's alternative text.

    Returns
    -------
    AgreementTable or None
        The table handed in, so that a cell that ends in ``record(…)`` shows it.
    """
    load_registry().entry(entry_id)
    folder = os.environ.get(RESULTS_VARIABLE)
    if folder:
        _write(Path(folder), entry_id, agreement, data or {}, alt)
    return agreement


def _write(folder, entry_id, agreement, data, alt):
    folder.mkdir(parents=True, exist_ok=True)
    for series, columns in data.items():
        _write_csv(folder / f"{entry_id}.{series}.csv", columns)
    path = folder / f"{entry_id}.json"
    content = json.loads(path.read_text("utf-8")) if path.exists() else {"entry": entry_id, "rows": [], "data": []}
    content["rows"] += agreement.as_records() if agreement else []
    if content["rows"]:
        _write_rows(folder / agreement_file(entry_id), content["rows"])
    content["data"] += [f"{entry_id}.{series}.csv" for series in data]
    content["alt"] = " ".join(filter(None, (content.get("alt"), alt)))
    path.write_text(json.dumps(_finite(content), indent=1, allow_nan=False), "utf-8")


def agreement_file(entry_id):
    """The name of the file with the rows of an entry's agreement tables."""
    return f"{entry_id}.agreement.csv"


def _write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(_finite(rows))


def _finite(value):
    """The same with None in place of every number that is not finite: neither JSON nor CSV has a word for those."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_csv(path, columns):
    arrays = [np.asarray(column) for column in columns.values()]
    if any(array.shape != arrays[0].shape or array.ndim != 1 for array in arrays):
        shapes = {name: np.shape(column) for name, column in columns.items()}
        raise ValueError(f"columns of {path.name} must be 1-d arrays of one length, got {shapes}.")
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*(_finite(array.tolist()) for array in arrays)))


def read_results(folder, pattern="*.json"):
    """All results recorded in the files of a folder that match: entry id → content."""
    found = {}
    for path in sorted(Path(folder).glob(pattern)):
        content = json.loads(path.read_text("utf-8"))
        if "entry" in content:
            found[content["entry"]] = content
    return found
