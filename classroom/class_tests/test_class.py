"""A whole class, messy and hostile members among them, graded with one command: killed half-way and continued, it gets the same marks."""

import csv
import os
import signal
import subprocess
import sys
import time
from itertools import cycle, islice

import pytest

from learning_dynamics.classroom.grading import GRADES_FILE, STATE
from learning_dynamics.classroom.release import released as released_version

from .conftest import ASSIGNMENTS, cell, hand_in, solved
from .test_attacks import WITH_ANSWERS, WITHOUT_ANSWERS
from .test_zoo import FILES, ZOO

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
SIZE, TIMEOUT = 120, 15
HOSTILE = ("fork bomb", "memory bomb", "parents killed", "groups killed", "output flood", "processes", "links", "namespaces left")
WITHOUT = ("replaced expect", "frames", "an object that agrees", "forged messages")
PLACES = "MASTERS = OUT = HANDED_IN = PACKAGE = '/nowhere'\n"

pytestmark = pytest.mark.nightly


def _with_cell(notebook, source):
    at = next(k for k, each in enumerate(notebook.cells) if each.metadata["nbgrader"]["grade_id"] == "text-05")
    made = {
        "cell_type": "code",
        "id": "attack",
        "metadata": {},
        "source": PLACES + source,
        "outputs": [],
        "execution_count": None,
    }
    notebook.cells.insert(at, type(notebook.cells[0])(made))
    return notebook


def _messy(name):
    notebook = solved(ASSIGNMENT, f"messy {name}")
    ZOO[name][0](notebook)
    return notebook


def _without(name):
    notebook = released_version(ASSIGNMENT.master)
    cell(notebook, "student").source = f"student = {f'empty {name}'!r}"
    cell(notebook, "transform").source = PLACES + WITHOUT_ANSWERS[name]
    return notebook


def write_class(folder):
    """Hand in the work of a class: every strange notebook and file, some hostile ones, and as many ordinary ones as are missing."""
    notebooks = {f"messy {name}": _messy(name) for name in ZOO}
    notebooks |= {f"hostile {name}": _with_cell(solved(ASSIGNMENT, f"hostile {name}"), WITH_ANSWERS[name][0]) for name in HOSTILE}
    notebooks |= {f"empty {name}": _without(name) for name in WITHOUT}
    kinds = [None, None, None, *(mistake.answers for mistake in ASSIGNMENT.mistakes)]
    for number, answers in enumerate(islice(cycle(kinds), SIZE - len(notebooks) - len(FILES))):
        notebooks[f"s{number:03d}"] = solved(ASSIGNMENT, f"s{number:03d}", answers)
    for student, notebook in notebooks.items():
        hand_in(notebook, folder, student, ASSIGNMENT.name)
    for student, (name, text, _) in FILES.items():
        (folder / student).mkdir()
        (folder / student / name).write_text(text)
    return len(notebooks) + len(FILES)


def _started(project, handed_in, out):
    command = [
        sys.executable,
        "-m",
        "learning_dynamics",
        "grade",
        str(handed_in),
        "--assignment",
        ASSIGNMENT.name,
        "--out",
        str(out),
        "--timeout",
        str(TIMEOUT),
    ]
    return subprocess.Popen(
        command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def _finished(process):
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def _marks(out):
    with (out / ASSIGNMENT.name / GRADES_FILE).open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    kept = ["student", "points", "to mark", *(task.id for task in ASSIGNMENT.tasks)]
    return {row["student"]: [row[key] for key in kept] for row in rows}


def _graded(out):
    return len(list((out / ASSIGNMENT.name / STATE).glob("*.json"))) if (out / ASSIGNMENT.name / STATE).is_dir() else 0


def test_a_class_that_was_killed_half_way_gets_the_same_marks(project, tmp_path, capsys):
    assert write_class(tmp_path / "in") == SIZE
    begun = time.monotonic()
    _finished(_started(project, tmp_path / "in", tmp_path / "whole"))
    took = time.monotonic() - begun
    killed = _started(project, tmp_path / "in", tmp_path / "killed")
    while _graded(tmp_path / "killed") < SIZE // 2 and killed.poll() is None:
        time.sleep(0.2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    half = _graded(tmp_path / "killed")
    assert SIZE // 2 <= half < SIZE - len(FILES) and not (tmp_path / "killed" / ASSIGNMENT.name / GRADES_FILE).exists()
    said = _finished(_started(project, tmp_path / "in", tmp_path / "killed"))
    assert sum(" left)" in line or f"({SIZE} of {SIZE})" in line for line in said.splitlines()) == SIZE - len(FILES) - half
    whole, again = _marks(tmp_path / "whole"), _marks(tmp_path / "killed")
    assert whole == again and len(whole) == SIZE
    assert "not graded" not in {row[2] for row in whole.values()}
    full = f"{sum(task.points for task in ASSIGNMENT.tasks if not task.by_hand):g}"
    expected = {f"hostile {name}": full for name in HOSTILE} | {f"empty {name}": "0" for name in WITHOUT}
    assert {student: whole[student][1] for student in expected} == expected
    with capsys.disabled():
        print(f"\n{SIZE} submissions in {took:.0f} s; killed after {half}")
