"""What is handed in: found, read, and completed, without nbgrader."""

import importlib.util

import nbformat
import pytest

from learning_dynamics.classroom.assignments import require_assignment
from learning_dynamics.classroom.extra import require_extra
from learning_dynamics.classroom.grading import MARKS_FILE, Grade, line, read_marks, write_marks
from learning_dynamics.classroom.submissions import assigned_text, borrowed, completed, find_submissions
from learning_dynamics.companion.cli import main
from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.project import find_project

ASSIGNMENT = require_assignment(find_project(), "stieltjes")
NOBODY = frozenset()


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def test_a_folder_without_students_is_refused(tmp_path):
    with pytest.raises(CompanionError, match="must hold one folder for each student"):
        find_submissions(tmp_path, ASSIGNMENT)
    with pytest.raises(CompanionError, match="does not exist"):
        find_submissions(tmp_path / "nowhere", ASSIGNMENT)


def test_the_notebook_of_the_right_name_comes_first(tmp_path):
    (tmp_path / "anna").mkdir()
    for name in ("a copy", "stieltjes"):
        (tmp_path / "anna" / f"{name}.ipynb").write_text(ASSIGNMENT.path.read_text("utf-8"), "utf-8")
    (found,) = find_submissions(tmp_path, ASSIGNMENT)
    assert found.student == "anna"
    assert found.notes == ("not graded: a copy.ipynb", "the notebook works with the parameters of 'example'")


def test_the_notebook_of_another_assignment_is_none_of_this(tmp_path):
    other = require_assignment(find_project(), "ensemble")
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "stieltjes.ipynb").write_text(other.path.read_text("utf-8"), "utf-8")
    (found,) = find_submissions(tmp_path, ASSIGNMENT)
    assert found.problem == "stieltjes.ipynb holds no cell of this assignment"


def test_an_unchanged_notebook_is_completed_to_itself():
    master = ASSIGNMENT.master
    assert completed(master, master, NOBODY) == master


def test_answers_are_taken_and_everything_else_is_put_back():
    master, handed_in = ASSIGNMENT.master, ASSIGNMENT.master
    for cell in handed_in.cells:
        cell.source = f"changed = {grade_id(cell)!r}"
    handed_in.cells = handed_in.cells[::-1]
    whole = completed(handed_in, master, NOBODY)
    assert [grade_id(cell) for cell in whole.cells] == [grade_id(cell) for cell in master.cells]
    for cell, original in zip(whole.cells, master.cells):
        changed = cell.metadata["nbgrader"]["solution"]
        assert cell.source == (f"changed = {grade_id(cell)!r}" if changed else original.source)
        assert cell.metadata == original.metadata


def test_cells_of_the_student_keep_their_place():
    master, handed_in = ASSIGNMENT.master, ASSIGNMENT.master
    handed_in.cells.insert(0, nbformat.v4.new_code_cell("first = 1"))
    handed_in.cells.insert(8, nbformat.v4.new_code_cell("later = 2"))
    whole = completed(handed_in, master, NOBODY)
    assert [whole.cells[k].source for k in (0, 8)] == ["first = 1", "later = 2"]
    assert len(whole.cells) == len(master.cells) + 2


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from learning_dynamics.random_matrix import stieltjes as st", {"stieltjes"}),
        ("import learning_dynamics.random_matrix as rm\nrm.stieltjes(1j, c=1)", {"stieltjes"}),
        ("from learning_dynamics.random_matrix import *", {"*"}),
        ("from scipy.special import stieltjes", set()),
        ("stieltjes = 3\nprint(stieltjes)", set()),
        ("p = parameters('stieltjes', 'anna')", set()),
        ("def broken(:", set()),
    ],
)
def test_what_is_taken_from_the_library_is_seen(source, found):
    assert borrowed(source) & {"stieltjes", "*"} == found


@pytest.mark.parametrize(
    ("source", "name"),
    [("student = 'anna'", "anna"), ("student = 'a'\nstudent = 'b'", "b"), ("student = 3", None), ("student = ", None), ("", None)],
)
def test_the_identifier_of_a_notebook_is_read_without_running_it(source, name):
    assert assigned_text(source, "student") == name


def marks_file(folder, text):
    (folder / MARKS_FILE).write_text("student,task,points,comment\n" + text, "utf-8")
    return folder / MARKS_FILE


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("anna,interpretation,six,", "line 2: points must be a number from 0 to 5, got 'six'"),
        ("anna,interpretation,5.5,", "line 2: points must be a number from 0 to 5, got '5.5'"),
        ("anna,interpretation,-1,", "line 2: points must be a number from 0 to 5, got '-1'"),
        ("anna,interpretation,nan,", "line 2: points must be a number from 0 to 5, got 'nan'"),
        ("bert,interpretation,5,", "there is no student 'bert'"),
        ("anna,interpretatoin,5,", "with a task 'interpretatoin'"),
    ],
)
def test_wrong_marks_are_named_by_their_line(tmp_path, row, message):
    with pytest.raises(CompanionError, match=message):
        read_marks(marks_file(tmp_path, row + "\n"), ASSIGNMENT, ["anna"])


def test_marks_survive_being_read_and_written(tmp_path):
    rows = 'anna,interpretation,4.5,"Clear, and short."\n'
    given = read_marks(marks_file(tmp_path, rows), ASSIGNMENT, ["anna", "bert"])
    assert given == {("anna", "interpretation"): (4.5, "Clear, and short.")}
    open_ = {task.id: None if task.by_hand else 0.0 for task in ASSIGNMENT.tasks}
    grades = [Grade("anna", open_ | {"interpretation": 4.5}, []), Grade("bert", dict(open_), [])]
    write_marks(tmp_path / MARKS_FILE, ASSIGNMENT, grades, given)
    again = read_marks(tmp_path / MARKS_FILE, ASSIGNMENT, ["anna", "bert"])
    assert again == given | {("bert", "interpretation"): (None, "")}


def test_a_line_says_points_what_is_open_and_what_is_odd():
    points = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
    text = line(Grade("anna", points, ["a note"]), ASSIGNMENT)
    assert text == "anna: 25 of 30 points, 5 more to be marked by hand; a note"


def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch, capsys, tmp_path):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "nbgrader" else real(name, *rest))
    with pytest.raises(CompanionError, match="nbgrader is missing; install the extra with `make classroom`"):
        require_extra()
    assert main(["grade", str(tmp_path), "--assignment", "stieltjes", "--out", str(tmp_path / "out")]) == 2
    assert main(["classroom", "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr().err
    assert captured.count("error: nbgrader is missing") == 2 and captured.count("\n") == 2
