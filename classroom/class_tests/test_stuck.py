"""Notebooks that do not end, or end their kernel: the others are graded as ever."""

import pytest

from learning_dynamics.classroom.grading import grade

from .conftest import ASSIGNMENTS, cell, hand_in, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
NOTHING = dict.fromkeys(FULL, 0.0)
EXPERIMENT = {"experiment-mean": 0.0, "experiment-sd": 0.0}
SHORT = 15


@pytest.fixture(scope="session")
def stuck(project, tmp_path_factory):
    """Grades of notebooks that do not end, with a short limit, and of one that does."""
    folder = tmp_path_factory.mktemp("stuck")
    loops = {
        "endless": "while True:\n    pass",
        "stubborn": "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
        "suicide": "import os\nos._exit(1)",
        "wise": cell(ASSIGNMENT.master, "experiment").source,
    }
    for student, source in loops.items():
        hand_in(solved(ASSIGNMENT, student, {"experiment": source}), folder / "in", student, ASSIGNMENT.name)
    grades = grade(project, folder / "in", ASSIGNMENT.name, folder / "out", timeout=SHORT, say=lambda text: None)
    return {each.student: each for each in grades}


def test_an_endless_loop_costs_its_own_task(stuck):
    assert stuck["endless"].points == FULL | EXPERIMENT
    assert stuck["endless"].notes == [f"1 cell was stopped after {SHORT} s"]


def test_a_loop_that_cannot_be_interrupted_costs_what_follows(stuck):
    assert stuck["stubborn"].points == FULL | EXPERIMENT
    assert "were stopped" in stuck["stubborn"].notes[0]


def test_a_notebook_that_ends_its_kernel_earns_nothing_and_says_so(stuck):
    assert stuck["suicide"].points == NOTHING
    assert "Kernel died" in stuck["suicide"].notes[0]


def test_the_others_are_graded_as_ever(stuck):
    assert (stuck["wise"].points, stuck["wise"].notes) == (FULL, [])
