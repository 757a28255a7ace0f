"""A chapter at a grid of parameters: planned, run by a local pool or a cluster, resumed, collected.

A sweep keeps its runs in ``<output>/runs/``, a folder a run, named by its parameters.  A folder
appears only when its run has ended, as a whole, with ``run.json`` that says how: so a sweep may be
stopped at any moment, and the same command goes on from there.
"""

import contextlib
import hashlib
import itertools
import json
import math
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from .cluster import run_on_cluster
from .errors import CompanionError
from .execution import SCRATCH
from .notebooks import read_notebook
from .parameters import check_values, complete, declared_parameters, parse_grid
from .pool import Job, checked_workers, run_all
from .registry import load_registry
from .rerun import require_writable
from .staleness import fingerprint
from .sweep_tables import write_tables

FINISHED, FAILED, NOT_RUN = "finished", "failed", "not run"
RECORD = "run.json"
PRESET = "sweep"
LARGEST_GRID = 10_000
LONGEST_LABEL = 80


@dataclass(frozen=True, kw_only=True)
class Run:
    """One `point` of the grid: all `parameters` of the chapter, and those that differ from its defaults."""

    point: dict
    parameters: dict
    changed: dict
    folder: Path

    def record(self, key):
        """How the run ended under the fingerprint `key`."""
        path = self.folder / RECORD
        content = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return content if content.get("fingerprint") == key else {"status": NOT_RUN, "seconds": None, "error": ""}


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a sweep ended: `failed` maps a run's folder to its sentence, `tables` are the files that collect it."""

    finished: int
    failed: dict
    tables: tuple


def sweep(
    project, chapter, *, preset, assignments, output, workers=None, scheduler=None, retry_failed=False, say=print
):
    """Run a chapter at every point of a grid of parameters and collect what it records.

    Parameters
    ----------
    project : Project
    chapter : str
        Name of a chapter, e.g. ``random_matrix/performance``.
    preset : str
        Where the parameters that are not swept come from.
    assignments : list of str
        The grid, as `parse_grid` reads it.
    output : Path
        Folder of the sweep: ``results.csv``, ``runs.csv``, ``runs/``.
    workers : int, optional
        Runs at a time on this machine; as many as there are processors if omitted.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers then run the chapters.
    retry_failed : bool
        Whether runs that failed before are run again.
    say : callable
        Takes a line of progress.

    Returns
    -------
    Report

    Raises
    ------
    CompanionError
        One sentence; the grid is checked before anything runs.  A run that fails is reported, not raised.
    """
    chapter = project.require_chapter(chapter)
    checked_workers(workers)
    runs = plan(project, chapter, preset=preset, assignments=assignments, output=output)
    key = fingerprint(project, chapter, PRESET)
    require_writable(output / "runs")
    with _scratch(output) as scratch:
        waiting = [run for run in runs if _is_waiting(run.record(key)["status"], retry_failed)]
        say(f"{chapter}: {_counted(runs, key, waiting)}")
        jobs = {_job(project, chapter, run, scratch, key): run for run in waiting}
        try:
            _execute(jobs, key, workers, scheduler, say)
        finally:
            tables = write_tables(output, [(run, run.record(key)) for run in runs])
    records = {run.folder: run.record(key) for run in runs}
    return Report(
        finished=sum(record["status"] == FINISHED for record in records.values()),
        failed={folder: record["error"] for folder, record in records.items() if record["status"] == FAILED},
        tables=tables,
    )


def plan(project, chapter, *, preset, assignments, output):
    """The runs of a grid, in its order: the parameter given last changes fastest.

    Parameters as for `sweep`.

    Returns
    -------
    list of Run
        The folder of a run depends on its parameters alone, not on how they were given.
    """
    declared = declared_parameters(read_notebook(project.notebook(chapter)))
    base = check_values(load_registry(project.book / "registry.yml").preset(chapter, preset), declared)
    grid = parse_grid(assignments, declared)
    if not grid:
        raise CompanionError("give at least one -p NAME=VALUE,VALUE to sweep over.")
    size = math.prod(len(values) for values in grid.values())
    if size > LARGEST_GRID:
        raise CompanionError(f"the grid has {size} runs; at most {LARGEST_GRID} are allowed.")
    points = (dict(zip(grid, point)) for point in itertools.product(*grid.values()))
    return [_run(base, point, declared, output) for point in points]


def _execute(jobs, key, workers, scheduler, say):
    """Run the jobs of some runs (job → run), each settled as soon as it has ended."""
    progress = _Progress(len(jobs), say)

    def done(job, outcome):
        _settle(jobs[job], job, outcome, key)
        progress.count(jobs[job], outcome)

    if scheduler and jobs:
        run_on_cluster(list(jobs), address=scheduler, done=done)
    else:
        run_all(list(jobs), done=done, workers=workers)


def _run(base, point, declared, output):
    parameters = complete({**base, **point}, declared)
    changed = {name: value for name, value in parameters.items() if value != declared[name].default}
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:8]
    label = re.sub(r"[^\w.=,+-]+", "_", _listed(changed).replace(" ", "") or "defaults")[:LONGEST_LABEL]
    return Run(point=point, parameters=parameters, changed=changed, folder=output / "runs" / f"{label}-{digest}")


def _listed(values):
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _is_waiting(status, retry_failed):
    return status == NOT_RUN or (retry_failed and status == FAILED)


def _counted(runs, key, waiting):
    statuses = [run.record(key)["status"] for run in runs]
    failed = statuses.count(FAILED)
    parts = [f"{len(runs)} runs", f"{statuses.count(FINISHED)} finished before"]
    if failed:
        parts.append(f"{failed} failed before")
    return ", ".join([*parts, f"{len(waiting)} to run"])


def _job(project, chapter, run, scratch, key):
    folder = scratch / run.folder.name
    return Job(
        project=project,
        chapter=chapter,
        preset=PRESET,
        target=folder / project.notebook(chapter).name,
        results=folder / "results",
        parameters=run.changed,
        expected=key,
    )


def _settle(run, job, outcome, key):
    """Put what a run left behind, with the record of how it ended, in its place as a whole."""
    folder = job.target.parent
    folder.mkdir(exist_ok=True)
    record = {
        "chapter": job.chapter,
        "parameters": run.parameters,
        "fingerprint": key,
        "status": FAILED if outcome.error else FINISHED,
        "seconds": outcome.seconds or None,
        "error": outcome.error.replace(str(folder), str(run.folder)),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1), "utf-8")
    shutil.rmtree(run.folder, ignore_errors=True)
    folder.replace(run.folder)


class _Progress:
    """A line for each run that has ended, with the time that the others will need."""

    def __init__(self, total, say):
        self.total, self.say = total, say
        self.count_done = 0
        self.began = time.perf_counter()

    def count(self, run, outcome):
        self.count_done += 1
        ended = "failed" if outcome.error else f"{outcome.seconds:.1f} s"
        left = self.total - self.count_done
        needed = (time.perf_counter() - self.began) / self.count_done * left
        more = f", about {needed:.0f} s left" if left else ""
        self.say(f"[{self.count_done}/{self.total}] {_listed(run.point)}: {ended}{more}")


@contextlib.contextmanager
def _scratch(output):
    """A folder for what is running, named by this process; one sweep at a time writes to `output`."""
    for left in output.glob(f"{SCRATCH}*"):
        pid = int(left.name.removeprefix(SCRATCH))
        if psutil.pid_exists(pid):
            raise CompanionError(
                f"process {pid} is running a sweep in {output}; wait for it or give another --out (or remove {left})."
            )
        shutil.rmtree(left)
    folder = output / f"{SCRATCH}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
