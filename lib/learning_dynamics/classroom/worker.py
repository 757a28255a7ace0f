"""Grades one submission after the other, in a process of its own."""

import ctypes
import os
import signal
import sys
from dataclasses import dataclass

import nbformat

from .assignments import Assignment
from .borrowing import taken_in
from .completion import JUDGE, RUN, completed
from .execution import Execution
from .feedback import cell_html
from .isolation import Isolation
from .judge import judging_plan
from .noted_uses import unusual
from .release import released

PR_SET_PDEATHSIG = 1
DECIDE = "passed, but it uses {} of the library, which you were asked to write yourself: your teacher decides"


@dataclass(frozen=True)
class Bench:
    """What all submissions of an assignment are graded with."""

    assignment: Assignment
    released: object
    plan: object
    isolation: Isolation
    timeout: float

    @classmethod
    def of(cls, assignment, isolation, timeout):
        """From an assignment and how to run it."""
        return cls(assignment, released(assignment.master), judging_plan(assignment.master.cells), isolation, timeout)


def serve(connection, assignment, isolation, timeout):
    """Answer jobs ``(owner, text of the notebook)`` until there are no more: with a result, or with a text that says why there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    bench = Bench.of(assignment, isolation, timeout)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            os._exit(0)
        try:
            connection.send(graded(bench, *job))
        except Exception as error:  # one submission may fail in any way and must not end the others
            connection.send(f"{type(error).__name__}: {error}"[:500])


def graded(bench, owner, text):
    """Grade one notebook.

    Returns
    -------
    dict
        Data only: `points` by task (None where a person decides), `says` and `numbers` by task, `notes`, `cells` as pairs of HTML and task, `essays`
        as HTML by task, `notebook` as text.
    """
    assignment = bench.assignment
    whole = completed(nbformat.reads(text, as_version=4), bench.released, owner, assignment.figures)
    execution = Execution(
        whole.steps, whole.order, bench.plan, owner, bench.isolation, assignment.forbidden, timeout=bench.timeout
    )
    report = execution.run()
    points, says = _points(assignment, whole, report)
    return {
        "points": points,
        "says": says,
        "numbers": {task: list(verdict.numbers) for task, verdict in report.verdicts.items() if verdict.numbers},
        "notes": _notes(assignment, whole, report),
        "cells": [_page_cell(step, index, report, assignment) for index, step in enumerate(whole.steps)],
        "essays": {task: _essay(whole, report, task, assignment.figures.get(task)) for task in whole.essays},
        "notebook": nbformat.writes(_executed(whole, report, points, says)),
    }


def _points(assignment, whole, report):
    points, says = {}, {}
    for task in assignment.tasks:
        if task.by_hand:
            points[task.id] = None if whole.essays[task.id] else 0.0
            says[task.id] = "" if whole.essays[task.id] else "no answer yet"
            continue
        verdict, taken = report.verdicts[task.id], sorted(report.taken.get(task.id, ()))
        points[task.id] = task.points if verdict.passed else 0.0
        says[task.id] = verdict.says
        if verdict.passed and taken:
            points[task.id], says[task.id] = None, DECIDE.format(", ".join(taken))
    return points, says


def _notes(assignment, whole, report):
    notes = whole.notes + report.notes
    taken = sorted(set().union(*report.taken.values()))
    if taken:
        tasks = ", ".join(sorted(report.taken))
        notes.append(f"uses {', '.join(taken)} of the library, which students are asked to write ({tasks}): please decide")
    sources = [step.source for step in whole.steps if step.action in (RUN, JUDGE) and not step.ours]
    named = set().union(*(taken_in(source, assignment.forbidden) for source in sources)) - set(taken)
    if named:
        notes.append(f"names {', '.join(sorted(named))} of the library")
    odd = set().union(*(unusual(source) for source in sources))
    if odd:
        notes.append("uses what no answer needs: " + ", ".join(sorted(odd)))
    return notes


def _page_cell(step, index, report, assignment):
    cell = {"cell_type": step.cell.cell_type, "source": step.cell.source, "attachments": step.cell.get("attachments")}
    if step.cell.cell_type == "raw" or (step.cell.cell_type != "markdown" and step.grade_id in assignment.rubric):
        cell["cell_type"] = "raw" if step.cell.cell_type == "raw" else "markdown"
    cell["outputs"] = report.outputs.get(index, [])
    says = "; ".join(filter(None, [step.says, report.says.get(index, "")]))
    tasks = {task.id for task in assignment.tasks}
    return [cell_html(cell, says), step.grade_id if step.grade_id in tasks else None]


def _essay(whole, report, task, figure):
    """All that may answer a task by hand, as HTML: its text, and what its figure's cell shows."""
    own = [
        step
        for step in whole.steps
        if not step.ours and step.cell.cell_type != "code" and (step.grade_id == task or step.grade_id is None)
    ]
    own += [step for step in whole.steps if step.grade_id == task and not step.ours and step.cell.cell_type == "code"]
    texts = [
        cell_html({"cell_type": "markdown", "source": step.cell.source, "attachments": step.cell.get("attachments")})
        for step in own
        if step.cell.source.strip()
    ]
    drawn = [index for index, step in enumerate(whole.steps) if figure and step.grade_id == figure and not step.ours]
    pictures = [
        cell_html({"cell_type": "raw", "source": whole.steps[index].cell.source, "outputs": report.outputs.get(index, [])})
        for index in drawn
    ]
    return "".join(pictures + texts)


def _executed(whole, report, points, says):
    cells = []
    for index, step in enumerate(whole.steps):
        cell = {
            "id": f"cell-{index + 1:03d}",
            "cell_type": step.cell.cell_type,
            "metadata": dict(step.cell.metadata),
            "source": step.cell.source,
        }
        if step.cell.get("attachments") and cell["cell_type"] != "code":
            cell["attachments"] = step.cell["attachments"]
        if cell["cell_type"] == "code":
            cell["execution_count"] = None
            cell["outputs"] = list(report.outputs.get(index, []))
            if step.grade_id in points and step.action == JUDGE:
                earned = points[step.grade_id]
                said = f"{'to be decided' if earned is None else f'{earned:g} points'}  {says[step.grade_id]}".strip()
                cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": said + "\n"})
        cells.append(cell)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
