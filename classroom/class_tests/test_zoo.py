"""One class in which everything goes wrong that can: each is graded for what is right, and none disturbs another."""

import copy
import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from learning_dynamics.classroom.grading import GRADES_FILE, grade
from learning_dynamics.classroom.release import released as released_version

from .conftest import ASSIGNMENTS, cell, hand_in, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
NOTHING = dict.fromkeys(FULL, 0.0)
EXPERIMENT = {"experiment-mean": 0.0, "experiment-sd": 0.0}
FIRST = {"transform-upper": 0.0, "transform-everywhere": 0.0, "transform-corners": 0.0}
TO_DECIDE = dict.fromkeys([*FIRST, "moments", "log-mean", "sd-independent"])
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


def _helpers(notebook):
    own = "step = norms = weights = lambda *arguments: None\nq = c = z = x = points = wanted = low = reference = p.c"
    notebook.cells.insert(6, nbformat.v4.new_code_cell(own))


def _at(notebook, grade_id):
    return next(k for k, each in enumerate(notebook.cells) if each.metadata["nbgrader"]["grade_id"] == grade_id)


def _parts(notebook, grade_id, line):
    at = _at(notebook, grade_id)
    lines = notebook.cells[at].source.split("\n")
    second = copy.deepcopy(notebook.cells[at])
    second.id = "second-half"
    notebook.cells[at].source, second.source = "\n".join(lines[:line]), "\n".join(lines[line:])
    notebook.cells.insert(at + 1, second)


def _split(notebook):
    _parts(notebook, "experiment", 5)
    cell(notebook, "experiment").source = cell(notebook, "experiment").source.replace("    rows", "rows")


def _split_within(notebook):
    _parts(notebook, "transform", 4)


def _copied(notebook):
    at = _at(notebook, "transform")
    second = copy.deepcopy(notebook.cells[at])
    second.id = "a-copy"
    notebook.cells[at].source = cell(released_version(ASSIGNMENT.master), "transform").source
    notebook.cells.insert(at + 3, second)


def _merged(notebook):
    first, second = _at(notebook, "logarithm"), _at(notebook, "experiment")
    notebook.cells[first].source += "\n" + notebook.cells[second].source
    del notebook.cells[second]


def _merged_into_check(notebook):
    answer, check = _at(notebook, "transform"), _at(notebook, "transform-upper")
    notebook.cells[check].source = notebook.cells[answer].source + "\n" + notebook.cells[check].source
    del notebook.cells[answer]


def _renamed(notebook):
    cell(notebook, "transform").metadata["nbgrader"]["grade_id"] = "something"


def _stripped(notebook):
    for each in notebook.cells:
        each.metadata = nbformat.from_dict({})


def _stripped_of_ids(notebook):
    _stripped(notebook)
    for number, each in enumerate(notebook.cells):
        each.id = f"new-{number}"


def _pictured(notebook):
    essay = cell(notebook, "interpretation")
    essay.source = "![my picture](attachment:x.png)"
    essay.attachments = {"x.png": {"image/png": PIXEL}}


def _retyped(notebook):
    at = _at(notebook, "interpretation")
    new = nbformat.v4.new_code_cell("The eigenvalues repel each other.", metadata=notebook.cells[at].metadata)
    notebook.cells[at] = new


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
NAMESAKE = (
    cell(ASSIGNMENT.master, "experiment").source
    + "\n\n\nclass Net:\n    def stieltjes(self):\n        return 1\n\n\nNet().stieltjes()"
)
DISGUISED = """import importlib

hidden = vars(importlib.import_module("learning_dynamics.random_matrix"))["stielt" + "jes"]
transform = lambda z, c: hidden(z, c=c)"""
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
    "the library's function": (_with("transform", BORROWED), TO_DECIDE),
    "the library's function, from afar": (_borrowed_elsewhere, TO_DECIDE),
    "the library's function, by another name": (_with("transform", DISGUISED), TO_DECIDE),
    "a method of that name": (_with("experiment", NAMESAKE), {}),
    "names that checks use": (_helpers, {}),
    "no identifier": (_without({"student"}), {}),
    "an answer split": (_split, {}),
    "an answer split within a statement": (_split_within, {}),
    "an answer copied below": (_copied, {}),
    "two answers merged": (_merged, {}),
    "an answer merged into a check": (_merged_into_check, {}),
    "an answer of another name": (_renamed, {}),
    "no metadata": (_stripped, {}),
    "no metadata and other ids": (_stripped_of_ids, {}),
    "an essay with a picture": (_pictured, {}),
    "an essay as code": (_retyped, {}),
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
    "a list": ("stieltjes.ipynb", "[1, 2]", "stieltjes.ipynb is not a notebook (its JSON is a list)"),
    "another notebook": (
        "stieltjes.ipynb",
        json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
        "stieltjes.ipynb holds no cell of this assignment",
    ),
    "a text": ("answers.txt", "m = 3", "there is no notebook in the folder, only answers.txt"),
}


def _with_nulls(student):
    """A full solution in which every cell has null for its metadata and outputs, as some editors write it."""
    known = json.loads(nbformat.writes(solved(ASSIGNMENT, student)))
    for each in (known, *known["cells"]):
        each |= {"metadata": None, "outputs": None, "execution_count": None} if each is not known else {"metadata": None}
    return json.dumps(known).encode()


WRITTEN = {  # name: bytes of a full solution
    "nulls": _with_nulls,
    "UTF-16 with a mark": lambda student: nbformat.writes(solved(ASSIGNMENT, student)).encode("utf-16"),
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
    for student, written in WRITTEN.items():
        (folder / "in" / student).mkdir(parents=True)
        (folder / "in" / student / "stieltjes.ipynb").write_bytes(written(student))
    hand_in(solved(ASSIGNMENT, "a renamed file"), folder / "in", "a renamed file", "final version (2)")
    hand_in(solved(ASSIGNMENT, "zoe"), folder / "in" / "zoe", "stieltjes", ASSIGNMENT.name)
    lines = []
    grades = grade(project, folder / "in", ASSIGNMENT.name, folder / "out", timeout=240, say=lines.append)
    return (
        {each.student: each for each in grades},
        folder / "out" / ASSIGNMENT.name,
        [each for each in lines if " points" in each],
    )


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


@pytest.mark.parametrize("student", WRITTEN)
def test_how_a_full_solution_is_written_costs_nothing(zoo, student):
    assert zoo[0][student].points == FULL


def test_nested_folders_are_read(zoo):
    assert (zoo[0]["zoe"].points, zoo[0]["zoe"].notes) == (FULL, [])


def test_what_was_taken_from_the_library_is_named(zoo):
    for student in ("the library's function", "the library's function, from afar", "the library's function, by another name"):
        assert any("uses stieltjes of the library" in note for note in zoo[0][student].notes)
        assert "your teacher decides" in zoo[0][student].says["transform-upper"]
    assert not any("of the library" in note for note in zoo[0]["a method of that name"].notes)


def test_pictures_of_essays_are_on_the_page_and_in_the_notebook(zoo):
    _, out, _ = zoo
    assert PIXEL in (out / "feedback" / "an essay with a picture.html").read_text("utf-8")
    assert PIXEL in (out / "essays" / "interpretation.html").read_text("utf-8")
    assert PIXEL in (out / "graded" / "an essay with a picture.ipynb").read_text("utf-8")


def test_every_strange_notebook_is_run_to_its_end(zoo):
    for student in ZOO:
        assert not any("not graded" in note for note in zoo[0][student].notes), student


def test_one_line_one_row_and_one_page_for_everybody(zoo):
    grades, out, lines = zoo
    assert len(lines) == len(grades) == len(ZOO) + len(FILES) + len(WRITTEN) + 2
    assert sorted(line.split(":")[0] for line in lines) == sorted(grades)
    assert len((out / GRADES_FILE).read_text("utf-8").splitlines()) == len(grades) + 1
    assert {path.stem for path in (out / "feedback").iterdir()} == set(grades)


def test_feedback_pages_load_nothing_and_show_formulas(zoo):
    for path in (zoo[1] / "feedback").iterdir():
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert not page.select("script, link[href*='//'], img[src^=http], iframe")
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", str(page.select("style")))
        assert (len(page.select("math")) > 20) == (path.stem not in FILES), path.stem
