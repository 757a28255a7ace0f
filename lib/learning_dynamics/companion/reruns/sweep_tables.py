"""The tables of a sweep, made anew from the folders of its runs: nothing can stand in them twice."""

import csv
import json
from dataclasses import fields

from learning_dynamics.companion.records.agreement import Row
from learning_dynamics.companion.records.recording import read_results

TABLES = ("results.csv", "runs.csv")
RUN_COLUMNS = ("run", "status", "seconds")
OTHER_NAMES = {"draws": "standard_error_draws"}
"""Fields of a row whose names are also those of parameters of chapters."""
ROW_COLUMNS = ("entry", *(OTHER_NAMES.get(field.name, field.name) for field in fields(Row)))
REFERENCE_COLUMNS = ("reference_kind", "reference", "reference_tolerance", "reference_of")


def write_tables(output, runs):
    """Write ``results.csv`` and ``runs.csv``.

    Parameters
    ----------
    output : Path
    runs : list of (Run, dict)
        The runs of the grid with their records.

    Returns
    -------
    tuple of Path
        ``results.csv`` has a row for each recorded quantity of each run; a run that recorded nothing, or
        has not run, or failed, has one row without a quantity.  Reference values stand only where the run is at
        their parameters.  ``runs.csv`` has a row for each run, with the error of a failed one.
    """
    names = list(runs[0][0].parameters)
    rows = [
        {**_run_cells(run, record), **{column: row.get(column) for column in ROW_COLUMNS}}
        for run, record in runs
        for row in _recorded(run, record) or [{}]
    ]
    overview = [{**_run_cells(run, record), "error": record["error"]} for run, record in runs]
    results, table = (output / name for name in TABLES)
    _write(results, [RUN_COLUMNS[0], *names, *RUN_COLUMNS[1:], *ROW_COLUMNS], rows)
    _write(table, [RUN_COLUMNS[0], *names, *RUN_COLUMNS[1:], "error"], overview)
    return results, table


def _run_cells(run, record):
    parameters = {name: json.dumps(v) if isinstance(v, list) else v for name, v in run.parameters.items()}
    return {"run": run.folder.name, **parameters, "status": record["status"], "seconds": record["seconds"]}


def _recorded(run, record):
    if record["status"] != "finished":
        return []
    results = read_results(run.folder / "results")
    rows = [
        {"entry": entry, **{OTHER_NAMES.get(name, name): value for name, value in row.items()}}
        for entry, content in results.items()
        for row in content["rows"]
    ]
    return [row if row["applicable"] else row | dict.fromkeys(REFERENCE_COLUMNS) for row in rows]


def _write(path, columns, rows):
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)
