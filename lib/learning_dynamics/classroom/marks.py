"""Marks given by hand: a table that belongs to one assignment, read as spreadsheets leave it, never lost."""

from dataclasses import dataclass, field

from learning_dynamics.companion.base.errors import CompanionError, listed, shown
from learning_dynamics.companion.base.spreadsheets import number

from .parameters import normalized
from .tables import read_table, write_table

COLUMNS = ("student", "assignment", "task", "points", "comment")
MARKS_FILE = "marks.csv"


@dataclass
class Marks:
    """Points, or None, and comment by student and task; rows of students who are not there; lines about those."""

    given: dict = field(default_factory=dict)
    others: list = field(default_factory=list)

    @property
    def unused(self):
        """What to say of rows that belong to nobody here."""
        names = sorted({row["student"] for row in self.others})
        return [f"marks of students who have not handed in are kept: {', '.join(names)}"] if names else []

    def of(self, student):
        """Points and comment of one student by task."""
        return {task: mark for (name, task), mark in self.given.items() if name == student}


def read_marks(path, assignment, students):
    """The marks given by hand.

    Parameters
    ----------
    path : Path
        May be missing.
    assignment : Assignment
    students : list of str

    Returns
    -------
    Marks

    Raises
    ------
    CompanionError
        Naming the row, where the assignment or task is another's, the points are no number between 0 and the task's, a student has two, or a column of one's own holds something.
    """
    marks = Marks()
    if not path.exists() or not path.read_bytes().strip():
        return marks
    most = {task.id: task.points for task in assignment.tasks}
    names = {normalized(student): student for student in students}
    for line, row in read_table(path, ("student", "task", "points"), free="comment"):
        where = f"{path.name}, line {line}"
        _require_known_columns(where, row)
        row = {name: row.get(name, "") for name in COLUMNS}
        if row["assignment"] not in ("", assignment.name):
            raise CompanionError(
                f"{where}: the mark is for the assignment {shown(row['assignment'])}, and this is {assignment.name!r}."
            )
        if row["task"] not in most:
            raise CompanionError(f"{where}: there is no task {shown(row['task'])} in this assignment.")
        points = _points(where, row["points"], most[row["task"]])
        student = names.get(normalized(row["student"]))
        if student is None:
            if points is not None or row["comment"]:
                marks.others.append(row)
            continue
        if (student, row["task"]) in marks.given:
            raise CompanionError(f"{where}: the task {shown(row['task'])} of {shown(student)} has a line above, too.")
        marks.given[student, row["task"]] = (points, row["comment"])
    return marks


def _require_known_columns(where, row):
    """The table is written anew: what stands in a column of somebody's own would be lost."""
    other = next((name for name, value in row.items() if value and name not in COLUMNS), None)
    if other is not None:
        column = f"column {shown(other)}" if other else "column without a name"
        raise CompanionError(
            f"{where}: the table keeps the columns {listed(COLUMNS)}, and the {column} holds {shown(row[other])}; put it into the comment."
        )


def _points(where, text, most):
    if not text:
        return None
    points = number(text)
    if points is None or not 0 <= points <= most:
        raise CompanionError(f"{where}: points must be a number from 0 to {most:g}, got {shown(text)}.")
    return points


def write_marks(path, assignment, grades, marks):
    """Write the table for marks by hand: those given stay, an empty row stands for each that is missing."""
    rows = [COLUMNS]
    for found in grades:
        for task in assignment.tasks:
            points, comment = marks.given.get((found.student, task.id), (None, ""))
            if points is not None or comment or task.id in found.open:
                rows.append([found.student, assignment.name, task.id, "" if points is None else f"{points:g}", comment])
    rows += [[row[name] for name in COLUMNS] for row in marks.others]
    write_table(path, rows)
