"""What holds of every assignment; the tests of a paper take these and name its assignments in `NAMES`."""

import csv
import re
import shutil

import pytest

from learning_dynamics.classroom import grading
from learning_dynamics.classroom.assignments import marks
from learning_dynamics.classroom.grading import GRADES_FILE, grade
from learning_dynamics.classroom.guide import lost
from learning_dynamics.classroom.marks import MARKS_FILE
from learning_dynamics.companion.base.notebooks import read_notebook

from .conftest import ASSIGNMENTS, graded_in_one_process, hand_in, solved

IDENTIFIERS = ("anna", "Bert 7")
HEIR = "carl"
IDLE = "dora"
PATIENCE = 240  # seconds a cell: more than enough also where other tests run beside


@pytest.fixture(scope="session")
def graded(project, released, tmp_path_factory):
    """A function that grades a whole class on an assignment, once: grades by student, and the folder of results."""
    done = {}

    def result(name):
        if name not in done:
            done[name] = _grade_class(project, released, ASSIGNMENTS[name], tmp_path_factory.mktemp(name))
        return done[name]

    return result


def _grade_class(project, released, assignment, folder):
    handed_in, out = folder / "submissions", folder / "out"
    for student in IDENTIFIERS:
        hand_in(solved(assignment, student), handed_in, student, assignment.name)
    hand_in(solved(assignment, IDENTIFIERS[0]), handed_in, HEIR, assignment.name)
    (handed_in / IDLE).mkdir()
    shutil.copyfile(released / "student" / f"{assignment.name}.ipynb", handed_in / IDLE / f"{assignment.name}.ipynb")
    found = grade(project, handed_in, assignment.name, out, timeout=PATIENCE, say=lambda text: None)
    return {each.student: each for each in found}, handed_in, out


@pytest.fixture(scope="session")
def mistaken():
    """A function that gives the results of all typical mistakes of an assignment, by number."""
    done = {}

    def results(name):
        if name not in done:
            answers = {f"mistake {number}": mistake.answers for number, mistake in enumerate(ASSIGNMENTS[name].mistakes)}
            done[name] = list(graded_in_one_process(ASSIGNMENTS[name], answers, PATIENCE).values())
        return done[name]

    return results


def automatic_points(assignment):
    """Points by task of what is graded without a reader."""
    return {task.id: task.points for task in assignment.tasks if not task.by_hand}


def test_the_master_earns_everything_for_several_identifiers(graded, name):
    assignment, (grades, _, _) = ASSIGNMENTS[name], graded(name)
    for student in IDENTIFIERS:
        expected = {task.id: None if task.by_hand else task.points for task in assignment.tasks}
        assert grades[student].points == expected, student
        assert grades[student].notes == []


def test_the_untouched_version_earns_nothing(graded, name):
    grades, _, _ = graded(name)
    assert set(grades[IDLE].points.values()) == {0.0}
    assert set(grades[IDLE].says.values()) == {"no answer yet"}


def test_answers_that_were_passed_on_earn_nothing_where_they_are_personal(graded, name):
    assignment, (grades, _, _) = ASSIGNMENTS[name], graded(name)
    heir = grades[HEIR]
    assert assignment.personal
    assert all(heir.points[task] == 0 for task in assignment.personal)
    assert heir.notes == [f"the notebook works with the parameters of {IDENTIFIERS[0]!r}"]


def test_a_typical_mistake_earns_what_the_guide_says(mistaken, name, number):
    assignment, points = ASSIGNMENTS[name], mistaken(name)[number]["points"]
    mistake, automatic = assignment.mistakes[number], automatic_points(assignment)
    assert {task for task in automatic if points[task] == 0} == set(mistake.loses)
    assert sum(value or 0 for value in points.values()) == sum(automatic.values()) - lost(assignment, mistake)


def test_the_released_version_holds_no_hidden_answer(released, name):
    path = released / "student" / f"{name}.ipynb"
    text, notebook, master = path.read_text("utf-8"), read_notebook(path), ASSIGNMENTS[name].master
    assert "###" not in "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert not re.search(r"BEGIN|END|HIDDEN|owner|reference", text)
    secrets = re.findall(
        r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)\n\s*### END", "\n".join(c.source for c in master.cells), re.S
    )
    assert len(secrets) >= sum(mark["grade"] or mark["solution"] for mark in marks(master))
    for line in {line.strip() for secret in secrets for line in secret.splitlines()}:
        if len(line) > 25 and not line.startswith(("from learning_dynamics", "import")):
            assert line not in "\n".join(cell.source for cell in notebook.cells), line
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_marks_given_by_hand_complete_the_points_and_nothing_is_run_for_them(graded, project, name, monkeypatch):
    assignment, (_, handed_in, out) = ASSIGNMENTS[name], graded(name)
    monkeypatch.setattr(grading, "run_all", lambda *arguments: pytest.fail("something was run"))
    by_hand, place = [task for task in assignment.tasks if task.by_hand], out / name
    rows = read_rows(place / MARKS_FILE)
    assert rows[0] == ["student", "assignment", "task", "points", "comment"]
    mine = [[IDENTIFIERS[0], name, task.id, f"{task.points:g}", "Well said."] for task in by_hand]
    write_rows(place / MARKS_FILE, [rows[0], *mine])
    found = {each.student: each for each in grade(project, handed_in, name, out, timeout=PATIENCE, say=lambda text: None)}[
        IDENTIFIERS[0]
    ]
    assert found.total == assignment.points and not found.open
    assert [row for row in read_rows(place / MARKS_FILE) if row[0] == IDENTIFIERS[0]] == mine
    (row,) = [dict(zip(row_names, row)) for row_names, row in with_names(place / GRADES_FILE) if row[0] == IDENTIFIERS[0]]
    assert float(row["points"]) == float(row["maximum"]) == assignment.points and row["to mark"] == ""
    assert "Well said." in (place / "feedback" / f"{IDENTIFIERS[0]}.html").read_text("utf-8")
    assert "not marked yet" in (place / "feedback" / f"{IDENTIFIERS[1]}.html").read_text("utf-8")


def read_rows(path):
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.reader(stream))


def write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def with_names(path):
    rows = read_rows(path)
    return [(rows[0], row) for row in rows[1:]]
