"""Grading a folder of submissions: points, feedback pages, a table, and marks given by hand."""

import csv
import html
import shutil
from dataclasses import dataclass

from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.notebooks import read_notebook

from .assignments import require_assignment
from .extra import require_extra
from .submissions import NOT_ALLOWED, completed, find_submissions

MARKS = ("student", "task", "points", "comment")
MARKS_FILE = "marks.csv"
GRADES_FILE = "grades.csv"
WORK, PAGES, NOTEBOOKS = ".work", "pages", "notebooks"
TOTAL_FACTOR = 5
TIMEOUT = "CellTimeoutError"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 2em auto"><h1>{title}</h1><p>{text}</p></body></html>
"""


@dataclass
class Grade:
    """What one student gets: points by task, None where a mark is still to be given, and notes."""

    student: str
    points: dict
    notes: list

    @property
    def total(self):
        """The points so far."""
        return sum(value or 0 for value in self.points.values())

    @property
    def open(self):
        """The tasks that are still to be marked by hand."""
        return [task for task, value in self.points.items() if value is None]


def grade(project, folder, name, out, *, timeout=60, say=print):
    """Grade all submissions of an assignment.

    Writes ``grades.csv``, ``feedback/<student>.html``, ``graded/<student>.ipynb`` and ``marks.csv`` into `out` when all are graded.
    Marks that stand in ``marks.csv`` are entered and kept. Whatever goes wrong with one submission is noted there and ends no other.

    Parameters
    ----------
    project : Project
    folder : Path
        Submissions, see `find_submissions`.
    name : str
        Name of the assignment.
    out : Path
    timeout : int
        Seconds that a cell may take, > 0; a whole notebook may take five times as long.
    say : callable
        Called with one line for each submission.

    Returns
    -------
    list of Grade

    Raises
    ------
    CompanionError
        If the optional extra is missing, or a name, a folder or a mark is wrong.
    """
    require_extra()
    if timeout <= 0:
        raise CompanionError(f"timeout must be > 0 seconds, got {timeout}.")
    from .course import Course

    assignment = require_assignment(project, name)
    submissions = find_submissions(folder, assignment)
    given = read_marks(out / MARKS_FILE, assignment, [submission.student for submission in submissions])
    course = Course(out / WORK)
    try:
        grades = _grade_all(course, assignment, submissions, given, timeout, say)
    except KeyboardInterrupt:
        raise CompanionError(f"interrupted: {out} is as it was before.") from None
    else:
        _replace(course.root / PAGES, out / "feedback")
        _replace(course.root / NOTEBOOKS, out / "graded")
        write_grades(out / GRADES_FILE, assignment, grades)
        write_marks(out / MARKS_FILE, assignment, grades, given)
    finally:
        shutil.rmtree(course.root, ignore_errors=True)
    return grades


def _grade_all(course, assignment, submissions, given, timeout, say):
    for place in (PAGES, NOTEBOOKS):
        (course.root / place).mkdir()
    released = course.release(assignment)
    grades = []
    for number, submission in enumerate(submissions):
        grades.append(_grade_one(course, assignment, released, submission, f"s{number}", timeout, given))
        say(line(grades[-1], assignment))
    return grades


def _replace(source, target):
    shutil.rmtree(target, ignore_errors=True)
    source.rename(target)


def _grade_one(course, assignment, released, submission, key, timeout, given):
    result = Grade(submission.student, {task.id: 0.0 for task in assignment.tasks}, list(submission.notes))
    page = course.root / PAGES / f"{submission.student}.html"
    mine = {task: mark for (student, task), mark in given.items() if student == submission.student and mark[0] is not None}
    try:
        if submission.problem:
            raise CompanionError(submission.problem)
        notebook = completed(submission.notebook, released, assignment.forbidden)
        limits = {"timeout": timeout, "total": TOTAL_FACTOR * timeout}
        result.points = course.autograde(assignment, key, submission.student, notebook, **limits)
        result.notes += seen_while_running(read_notebook(course.graded(assignment, key)), timeout)
        for task, (points, comment) in mine.items():
            course.mark(assignment, key, task, points, comment)
        page.write_text(course.feedback(assignment, key), "utf-8")
        shutil.copyfile(course.graded(assignment, key), course.root / NOTEBOOKS / f"{submission.student}.ipynb")
    except Exception as error:  # one submission may fail in any way and must not end the others
        result.notes.append(_reason(course, error))
        title = f"{assignment.title}: {submission.student}"
        page.write_text(PAGE.format(title=html.escape(title), text=html.escape("; ".join(result.notes))), "utf-8")
    result.points.update({task: points for task, (points, _) in mine.items()})
    return result


def _reason(course, error):
    if isinstance(error, CompanionError):
        return str(error)
    text = course.trouble.last or f"{type(error).__name__}: {error}"
    return f"not graded ({' '.join(text.split())})"


def seen_while_running(notebook, timeout):
    """Notes on an executed notebook: cells that were stopped, cells that were not run."""
    errors = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    stopped = sum(error.ename == TIMEOUT for error in errors)
    notes = []
    if stopped:
        notes = [f"1 cell was stopped after {timeout} s" if stopped == 1 else f"{stopped} cells were stopped after at most {timeout} s"]
    return notes + sorted({error.evalue for error in errors if error.evalue.startswith(NOT_ALLOWED)})


def line(found, assignment):
    """One line on one student."""
    text = f"{found.student}: {found.total:g} of {assignment.points:g} points"
    if found.open:
        waiting = sum(task.points for task in assignment.tasks if task.id in found.open)
        text += f", {waiting:g} more to be marked by hand"
    return "; ".join([text, *found.notes])


def write_grades(path, assignment, grades):
    """Write the table of all students: total, maximum, tasks to be marked, points by task, notes."""
    tasks = [task.id for task in assignment.tasks]
    rows = [["student", "points", "maximum", "to mark", *tasks, "notes"]]
    for found in grades:
        points = ["" if found.points[task] is None else f"{found.points[task]:g}" for task in tasks]
        rows.append(
            [found.student, f"{found.total:g}", f"{assignment.points:g}", " ".join(found.open), *points, "; ".join(found.notes)]
        )
    _write(path, rows)


def write_marks(path, assignment, grades, given):
    """Write the table for marks by hand: those given stay, an empty row stands for each that is missing."""
    rows = [MARKS]
    for found in grades:
        for task in assignment.tasks:
            points, comment = given.get((found.student, task.id), (None, ""))
            if points is not None or task.id in found.open:
                rows.append([found.student, task.id, "" if points is None else f"{points:g}", comment])
    _write(path, rows)


def read_marks(path, assignment, students):
    """The marks given by hand: points, or None, and comment, by student and task.

    Raises
    ------
    CompanionError
        Naming the row, where a student or task is unknown or the points are no number between 0 and the task's.
    """
    if not path.exists():
        return {}
    most = {task.id: task.points for task in assignment.tasks}
    given = {}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), 2):
            where = f"{path.name}, line {number}"
            student, task, text, comment = ((row.get(name) or "").strip() for name in MARKS)
            if student not in students or task not in most:
                raise CompanionError(f"{where}: there is no student {student!r} with a task {task!r} in this assignment.")
            given[student, task] = (_points(where, text, most[task]), comment)
    return given


def _points(where, text, most):
    if not text:
        return None
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= most:
        raise CompanionError(f"{where}: points must be a number from 0 to {most:g}, got {text!r}.")
    return points


def _write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
