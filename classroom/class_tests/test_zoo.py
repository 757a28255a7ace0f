"""One class in which everything goes wrong that can: each is graded for what is right, and none disturbs another."""

import copy
import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from learning_dynamics.classroom.grading import GRADES_FILE, grade

from .conftest import ASSIGNMENTS, cell, hand_in, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
NOTHING = dict.fromkeys(FULL, 0.0)
EXPERIMENT = {"experiment-mean": 0.0, "experiment-sd": 0.0}
FIRST = {"transform-upper": 0.0, "transform-everywhere": 0.0, "transform-corners": 0.0}
ON_TRANSFORM = FIRST | {"moments": 0.0, "log-mean": 0.0, "sd-independent": 0.0}


def _without(grade_ids):
    def change(notebook):
        notebook.cells = [each for each in notebook.cells if each.metadata["nbgrader"]["grade_id"] not in grade_ids]

    return change


def _with(grade_id, source):
    def change(notebook):
        cell(notebook, grade_id).source = source

    return change


def _tampered(notebook):
    for each in notebook.cells:
        if each.metadata["nbgrader"]["grade"] and each.cell_type == "code":
            each.source, each.metadata["nbgrader"]["points"] = "pass", 1000
    cell(notebook, "transform").source = "transform = None"


def _shuffled(notebook):
    notebook.cells = notebook.cells[::-1] + copy.deepcopy(notebook.cells[5:8])


def _own_cells(notebook):
    at = next(k for k, each in enumerate(notebook.cells) if each.metadata["nbgrader"]["grade_id"] == "transform")
    notebook.cells.insert(at, nbformat.v4.new_code_cell("helper = np.sqrt"))
    cell(notebook, "transform").source = cell(notebook, "transform").source.replace("np.sqrt(z", "helper(z")


def _borrowed_elsewhere(notebook):
    notebook.cells.insert(3, nbformat.v4.new_code_cell("from learning_dynamics.random_matrix import stieltjes as mine"))
    cell(notebook, "transform").source = "transform = lambda z, c: mine(z, c=c)"


BORROWED = "import learning_dynamics.random_matrix as rm\ntransform = lambda z, c: rm.stieltjes(z, c=c)"
ZOO = {  # name: (change of the notebook, points that differ from full)
    "a syntax error": (_with("experiment", "mean_L = = 3"), EXPERIMENT),
    "an answer deleted": (_without({"experiment"}), EXPERIMENT),
    "an essay deleted": (_without({"interpretation"}), {"interpretation": 0.0}),
    "a check deleted": (_without({"transform-upper", "circle"}), {}),
    "an answer and its checks deleted": (_without({"transform", *FIRST}), ON_TRANSFORM),
    "all text deleted": (_without({f"text-{k:02d}" for k in range(20)}), {}),
    "checks replaced": (_tampered, ON_TRANSFORM),
    "cells moved and doubled": (_shuffled, {}),
    "cells added": (_own_cells, {}),
    "the library's function": (_with("transform", BORROWED), ON_TRANSFORM),
    "the library's function, from afar": (_borrowed_elsewhere, ON_TRANSFORM),
    "texts for numbers": (_with("experiment", "mean_L = 'about 3'\nsd_L = '1.2'"), EXPERIMENT),
    "functions for numbers": (_with("experiment", "mean_L = sd_L = print"), EXPERIMENT),
    "arrays for numbers": (_with("experiment", "mean_L = sd_L = np.ones(3)"), EXPERIMENT),
    "not a number": (_with("experiment", "mean_L = sd_L = np.nan"), EXPERIMENT),
    "a question to the user": (_with("experiment", "mean_L = sd_L = float(input())"), EXPERIMENT),
    "numbers without code": (_with("experiment", "import sys\nprint('x' * 10**6)\nmean_L = sd_L = 1e9"), EXPERIMENT),
}
FILES = {  # name: (path in the student's folder, its text, what is said)
    "an empty file": ("stieltjes.ipynb", "", "stieltjes.ipynb is empty"),
    "a broken file": ("stieltjes.ipynb", '{"cells": [', "stieltjes.ipynb is not a notebook (its text is not JSON)"),
    "a list": ("stieltjes.ipynb", "[1, 2]", "stieltjes.ipynb is not a notebook"),
    "another notebook": (
        "stieltjes.ipynb",
        json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
        "stieltjes.ipynb holds no cell of this assignment",
    ),
    "a text": ("answers.txt", "m = 3", "there is no notebook in the folder"),
}


@pytest.fixture(scope="session")
def zoo(project, tmp_path_factory):
    """The grades of the zoo by student, the folder of results, and the lines that were printed."""
    folder = tmp_path_factory.mktemp("zoo")
    for student, (change, _) in ZOO.items():
        notebook = solved(ASSIGNMENT, student)
        change(notebook)
        hand_in(notebook, folder / "in", student, ASSIGNMENT.name)
    for student, (name, text, _) in FILES.items():
        (folder / "in" / student).mkdir()
        (folder / "in" / student / name).write_text(text)
    hand_in(solved(ASSIGNMENT, "a renamed file"), folder / "in", "a renamed file", "final version (2)")
    hand_in(solved(ASSIGNMENT, "zoe"), folder / "in" / "zoe", "stieltjes", ASSIGNMENT.name)
    lines = []
    grades = grade(project, folder / "in", ASSIGNMENT.name, folder / "out", say=lines.append)
    return {each.student: each for each in grades}, folder / "out", lines


@pytest.mark.parametrize("student", ZOO)
def test_a_strange_notebook_earns_what_is_right_in_it(zoo, student):
    assert zoo[0][student].points == FULL | ZOO[student][1]


@pytest.mark.parametrize("student", FILES)
def test_a_file_that_is_no_submission_is_named(zoo, student):
    grades, out, _ = zoo
    assert grades[student].points == NOTHING
    assert FILES[student][2] in grades[student].notes[-1]
    assert FILES[student][2] in (out / "feedback" / f"{student}.html").read_text("utf-8")


def test_a_renamed_file_is_found_by_its_cells(zoo):
    assert zoo[0]["a renamed file"].points == FULL
    assert zoo[0]["a renamed file"].notes == ["final version (2).ipynb is graded as stieltjes.ipynb"]


def test_nested_folders_are_read(zoo):
    assert (zoo[0]["zoe"].points, zoo[0]["zoe"].notes) == (FULL, [])


def test_what_was_taken_from_the_library_is_named(zoo):
    for student in ("the library's function", "the library's function, from afar"):
        (note,) = zoo[0][student].notes
        assert "stieltjes from the library" in note


def test_one_line_one_row_and_one_page_for_everybody(zoo):
    grades, out, lines = zoo
    assert len(lines) == len(grades) == len(ZOO) + len(FILES) + 2
    assert [line.split(":")[0] for line in lines] == list(grades)
    assert len((out / GRADES_FILE).read_text("utf-8").splitlines()) == len(grades) + 1
    assert {path.stem for path in (out / "feedback").iterdir()} == set(grades)


def test_feedback_pages_load_nothing_and_show_formulas(zoo):
    for path in (zoo[1] / "feedback").iterdir():
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert not page.select("script, link[href*='//'], img[src^=http], iframe")
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", str(page.select("style")))
        assert (len(page.select("math")) > 20) == (path.stem not in FILES), path.stem
