"""A chapter at a grid of parameters: planned, run by a local pool or a cluster, resumed, collected.

A sweep keeps its runs in ``<output>/runs/``, a folder a run, named by its parameters.  A folder
appears only when its run has ended, as a whole, with ``run.json`` that says how: so a sweep may be
stopped at any moment, and the same command goes on from there.
"""

import hashlib
import itertools
import json
import math
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.ownership import claimed, require_outside_sources
from learning_dynamics.companion.base.whole_files import write_whole
from learning_dynamics.companion.execution.dask_cluster import check_address, run_on_cluster
from learning_dynamics.companion.execution.estimates import estimate, in_words, total, what_is_known
from learning_dynamics.companion.execution.executor import SCRATCH, SUMMARY, damage, read_summary
from learning_dynamics.companion.execution.pool import Job, checked_workers, run_all
from learning_dynamics.companion.execution.staleness import fingerprint
from learning_dynamics.companion.records.parameters import (
    check_values,
    complete,
    declared_needs,
    declared_parameters,
    parse_grid,
    require_needs,
)
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.reruns.rerun import known_or_measured
from learning_dynamics.companion.reruns.sweep_tables import TABLES, write_tables

FINISHED, FAILED, NOT_RUN = "finished", "failed", "not run"
RECORD = "run.json"
RECORDED = ("fingerprint", "status", "seconds", "error", "notebook")
RESULTS = "results"
PRESET = "sweep"
SWEEP_SCRATCH = f"{SCRATCH}sweep"
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
        """How the run ended under the fingerprint `key`; damaged files count as not run, with what is wrong."""
        if not self.folder.exists():
            return _not_run()
        content = self._content()
        if not content:
            return _not_run(f"{RECORD} is missing or cannot be read")
        if content["fingerprint"] != key:
            return _not_run()
        if content["status"] == FINISHED:
            found = damage(self.folder / content["notebook"], self.folder / RESULTS)
            return _not_run(found) if found else content
        return content

    def _content(self):
        try:
            content = json.loads((self.folder / RECORD).read_text("utf-8"))
            return content if set(RECORDED) <= set(content) else {}
        except (OSError, ValueError, TypeError):
            return {}


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a sweep ended: `failed` maps a run's folder to its sentence, `tables` are the files that collect it."""

    finished: int
    failed: dict
    tables: tuple


def sweep(project, chapter, *, preset, assignments, output, workers=None, scheduler=None, retry_failed=False, say=print):
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
    if scheduler is not None:
        check_address(scheduler)
    runs = plan(project, chapter, preset=preset, assignments=assignments, output=output)
    key = fingerprint(project, chapter, PRESET)
    require_outside_sources(project, output)
    names = ("runs", *TABLES, *(f"{Path(name).stem}.unfinished" for name in TABLES))
    with claimed(output, command="sweep", about=chapter, names=names, doing="running a sweep"):
        scratch = _fresh_scratch(output)
        before = {run.folder: run.record(key) for run in runs}
        waiting = [run for run in runs if _is_waiting(before[run.folder]["status"], retry_failed)]
        for run in waiting:
            if before[run.folder].get("damage"):
                say(f"{run.folder.name}: {before[run.folder]['damage']}; it runs again")
        known = waiting and what_is_known(project, chapter, output)
        time = f": {_estimated(project, chapter, waiting, known, workers)}" if known else ""
        say(f"{chapter}: {_counted(before.values(), waiting)}{time}")
        jobs = {_job(project, chapter, run, scratch, key): run for run in waiting}
        try:
            _execute(jobs, key, workers, scheduler, say)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            records = {run.folder: run.record(key) for run in runs}
            tables = write_tables(output, [(run, records[run.folder]) for run in runs])
    return Report(
        finished=sum(record["status"] == FINISHED for record in records.values()),
        failed={folder: record["error"] for folder, record in records.items() if record["status"] == FAILED},
        tables=tables,
    )


def estimate_sweep(project, chapter, *, preset, assignments, output, workers=None, say=print):
    """How long a sweep would take, as a sentence; nothing is run but, where no run is recorded, the quick preset.

    Parameters as for `sweep`.
    """
    chapter = project.require_chapter(chapter)
    workers = checked_workers(workers)
    runs = plan(project, chapter, preset=preset, assignments=assignments, output=output)
    key = fingerprint(project, chapter, PRESET)
    before = {run.folder: run.record(key) for run in runs}
    waiting = [run for run in runs if before[run.folder]["status"] == NOT_RUN]
    counted = _counted(before.values(), waiting)
    if not waiting:
        return f"{chapter}: {counted}."
    known = known_or_measured(project, chapter, output, say)
    return f"{chapter}: {counted}: {_estimated(project, chapter, waiting, known, workers)}, {workers} at a time."


def _estimated(project, chapter, waiting, known, workers):
    declared = declared_parameters(read_source(project.notebook(chapter)))
    each = [estimate(known, run.changed, declared) for run in waiting]
    return in_words(total(each, checked_workers(workers)), known)


def plan(project, chapter, *, preset, assignments, output):
    """The runs of a grid, in its order: the parameter given last changes fastest.

    Parameters as for `sweep`.

    Returns
    -------
    list of Run
        The folder of a run depends on its parameters alone, not on how they were given.
    """
    source = read_source(project.notebook(chapter))
    declared, needs = declared_parameters(source), declared_needs(source)
    base = check_values(load_registry(project.book / "registry.yml").preset(chapter, preset), declared)
    grid = parse_grid(assignments, declared)
    if not grid:
        raise CompanionError("give at least one -p NAME=VALUE,VALUE to sweep over.")
    size = math.prod(len(values) for values in grid.values())
    if size > LARGEST_GRID:
        raise CompanionError(f"the grid has {size} runs; at most {LARGEST_GRID} are allowed.")
    points = (dict(zip(grid, point)) for point in itertools.product(*grid.values()))
    runs = [_run(base, point, declared, output) for point in points]
    for run in runs:
        require_needs(run.parameters, needs)
    return runs


def _execute(jobs, key, workers, scheduler, say):
    """Run the jobs of some runs (job → run), each settled as soon as it has ended."""
    progress = _Progress(len(jobs), say)

    def done(job, outcome):
        _settle(jobs[job], job, outcome, key)
        progress.count(jobs[job], outcome)

    if scheduler and jobs:
        run_on_cluster(list(jobs), address=scheduler, done=done, say=say)
    else:
        run_all(list(jobs), done=done, workers=workers)


def _run(base, point, declared, output):
    parameters = complete({**base, **point}, declared)
    changed = {name: value for name, value in parameters.items() if value != declared[name].default}
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:8]
    label = re.sub(r"[^\w.=,+-]+", "_", _listed(changed).replace(" ", "") or "defaults")
    label = label.encode()[:LONGEST_LABEL].decode(errors="ignore")
    return Run(point=point, parameters=parameters, changed=changed, folder=output / "runs" / f"{label}-{digest}")


def _listed(values):
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _is_waiting(status, retry_failed):
    return status == NOT_RUN or (retry_failed and status == FAILED)


def _not_run(damage=""):
    return {"status": NOT_RUN, "seconds": None, "error": "", "damage": damage}


def _counted(records, waiting):
    statuses = [record["status"] for record in records]
    failed = statuses.count(FAILED)
    parts = [f"{len(statuses)} runs", f"{statuses.count(FINISHED)} finished before"]
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
        results=folder / RESULTS,
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
        "notebook": job.target.name,
    }
    write_whole(folder / RECORD, json.dumps(record, indent=1).encode())
    if run.folder.exists():
        _keep_added_files(run.folder, folder)
        run.folder.replace(folder.with_name(f"{folder.name}.before"))
    run.folder.parent.mkdir(exist_ok=True)
    folder.replace(run.folder)


def _keep_added_files(before, now):
    """Take along what somebody put into the folder of a run that ran again."""
    notebook = next((path.stem for path in now.glob("*.ipynb")), "").removesuffix(".failed")
    own = {RECORD, RESULTS, f"{notebook}.ipynb", f"{notebook}.failed.ipynb"}
    results = before / RESULTS
    recorded = read_summary(results).get("files", ())
    added = [path for path in before.iterdir() if path.name not in own]
    added += [path for path in results.glob("*") if recorded and path.name not in (SUMMARY, *recorded)]
    for path in added:
        place = now / path.relative_to(before)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)


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


def _fresh_scratch(output):
    """A folder for what is running; what a killed sweep left goes, the folders of other commands stay."""
    for left in output.glob(f"{SCRATCH}*"):
        if left.name.removeprefix(SCRATCH).isdecimal() or left.name == SWEEP_SCRATCH:
            shutil.rmtree(left, ignore_errors=True)
    (output / "runs").mkdir(exist_ok=True)
    folder = output / SWEEP_SCRATCH
    folder.mkdir()
    return folder
