"""Notebooks that do not end, or end their kernel: the others are graded as ever."""

import pytest

from learning_dynamics.classroom.grading import grade

from .conftest import ASSIGNMENTS, cell, hand_in, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
EXPERIMENT = {"experiment-mean": 0.0, "experiment-sd": 0.0}
SHORT = 4


@pytest.fixture(scope="session")
def stuck(project, tmp_path_factory):
    """Grades of notebooks that do not end, with a short limit, and of one that does."""
    folder = tmp_path_factory.mktemp("stuck")
    loops = {
        "endless": "while True:\n    pass",
        "stubborn": "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
        "suicide": "import os\nos._exit(1)",
        "a wrong address": "import ctypes\nctypes.string_at(0)",
        "all the memory": "np.ones(10**12)",
        "wise": cell(ASSIGNMENT.master, "experiment").source,
    }
    calls = {
        "a function that ends": "def circle_integral(g, centre, radius, nodes=400):\n    __import__('os')._exit(1)",
        "a function that hangs": "def circle_integral(g, centre, radius, nodes=400):\n    while True:\n        pass",
    }
    for student, source in calls.items():
        hand_in(solved(ASSIGNMENT, student, {"circle_integral": source}), folder / "in", student, ASSIGNMENT.name)
    for student, source in loops.items():
        hand_in(solved(ASSIGNMENT, student, {"experiment": source}), folder / "in", student, ASSIGNMENT.name)
    grades = grade(project, folder / "in", ASSIGNMENT.name, folder / "out", timeout=SHORT, say=lambda text: None)
    return {each.student: each for each in grades}


def test_an_endless_loop_costs_its_own_task(stuck):
    assert stuck["endless"].points == FULL | EXPERIMENT
    assert stuck["endless"].notes == [f"1 cell was stopped after at most {SHORT} s"]


def test_a_loop_that_cannot_be_interrupted_costs_its_own_task(stuck):
    assert stuck["stubborn"].points == FULL | EXPERIMENT
    assert any("could not be interrupted" in note for note in stuck["stubborn"].notes)


@pytest.mark.parametrize("student", ["suicide", "a wrong address"])
def test_a_notebook_that_ends_its_kernel_loses_its_own_task_and_says_so(stuck, student):
    assert stuck[student].points == FULL | EXPERIMENT
    assert any("ended in 'experiment'" in note for note in stuck[student].notes)


def test_an_answer_that_needs_all_memory_loses_its_own_task(stuck):
    assert stuck["all the memory"].points == FULL | EXPERIMENT


@pytest.mark.parametrize("student", ["a function that ends", "a function that hangs"])
def test_a_function_that_does_not_return_loses_what_needs_it(stuck, student):
    lost = {"circle": 0.0, "moments": 0.0, "log-mean": 0.0, "sd-independent": 0.0}
    assert stuck[student].points == FULL | lost


def test_the_others_are_graded_as_ever(stuck):
    assert (stuck["wise"].points, stuck["wise"].notes) == (FULL, [])
