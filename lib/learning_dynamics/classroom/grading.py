"""Grading a folder of submissions: points, feedback pages, tables, and marks given by hand."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from time import monotonic

import nbformat

from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.ownership import require_outside_sources
from learning_dynamics.companion.base.whole_files import write_whole

from .assignments import require_assignment
from .folders import own_folder, refuse_nesting, replace_folder
from .isolation import PACKAGE, chosen
from .judge import without_marks
from .late import Late, Policy
from .marks import MARKS_FILE, read_marks, write_marks
from .optional_extra import require_extra
from .parameters import normalized
from .pool import run_all
from .release import released
from .reports import alike, fingerprints, same_numbers, statistics, write_uploads
from .roster import read_roster
from .student_pages import NOT_GRADED, essay_page, file_name, student_page
from .submissions import find_submissions
from .tables import write_table
from .warm import modules_of, warm_caches

GRADES_FILE, ESSAYS, FEEDBACK, NOTEBOOKS, STATE, CACHES, STATISTICS, UPLOAD = (
    "grades.csv",
    "essays",
    "feedback",
    "graded",
    ".state",
    "classroom-cache",
    "statistics.md",
    "upload",
)


@dataclass
class Grade:
    """What one student gets: points by task, None where a mark is still to be given, what was said by task, and notes.

    `failed` says why a submission that can be read could not be graded; then no point is given or taken. `late` is None without a deadline.
    """

    student: str
    points: dict
    notes: list
    says: dict = field(default_factory=dict)
    failed: str = ""
    late: Late | None = None

    @property
    def earned(self):
        """The points so far, before any deduction."""
        return sum(value or 0 for value in self.points.values())

    @property
    def deducted(self):
        """What is deducted from them for being late."""
        return round(self.earned * self.late.share, 2) if self.late else 0.0

    @property
    def total(self):
        """The points so far."""
        return self.earned - self.deducted

    @property
    def open(self):
        """The tasks that are still to be marked by hand."""
        return [task for task, value in self.points.items() if value is None]


def grade(
    project,
    folder,
    name,
    out,
    *,
    timeout=60,
    roster=None,
    workers=None,
    isolate="auto",
    masters=None,
    deadline=None,
    late_per_day=0.0,
    say=print,
):
    """Grade all submissions of an assignment.

    Writes ``grades.csv``, ``marks.csv``, ``feedback/<student>.html``, ``graded/<student>.ipynb`` and ``essays/<task>.html`` into
    ``out/<assignment>``. Results are kept one by one: what was graded once and has not changed is not run again, and a run that was
    stopped goes on where it was. Marks that stand in ``marks.csv`` are entered and kept; to enter them nothing is run.

    Parameters
    ----------
    project : Project
    folder : Path
        Submissions, see `find_submissions`.
    name : str
        Name of the assignment.
    out : Path
        A folder that is new, empty or written by this function.
    timeout : int
        Seconds that a cell may take, > 0; a whole notebook may take five times as long.
    roster : Path, optional
        A table of the students, see `read_roster`.
    workers : int, optional
        Notebooks at a time, > 0; default: one a processor.
    isolate : str
        ``auto``, ``required`` or ``none``, see `isolation.chosen`.
    masters : Path, optional
        A folder with masters of one's own.
    deadline : str, optional
        See `late.Policy`.
    late_per_day : float
        Percentage of the points earned that each day begun after the deadline costs.
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
    workers = _checked(timeout, workers)
    assignment = require_assignment(project, name, masters)
    require_outside_sources(project, out)
    refuse_nesting(folder, out)
    students = read_roster(roster) if roster else None
    policy = Policy(deadline, late_per_day, students)
    found = find_submissions(folder, assignment, students)
    own_folder(out, "grades")
    place = out / name
    own_folder(place, f"grades of {name}")
    given = read_marks(place / MARKS_FILE, assignment, [each.student for each in found.submissions])
    isolation = chosen(isolate, hidden=(project.root / "classroom", folder, out, *([masters] if masters else [])))
    say(isolation.sentence)

    def judged(each, result):
        return _grade(assignment, each, result, given, policy)

    results = _results(project, place, assignment, found.submissions, isolation, timeout, workers, judged, say)
    grades = [judged(each, results.get(each.student)) for each in found.submissions]
    _write_all(place, assignment, grades, results, given)
    _write_reports(place, assignment, grades, results, found.submissions, students)
    _say_rest(found, given, grades, say)
    return grades


def _checked(timeout, workers):
    if timeout <= 0:
        raise CompanionError(f"timeout must be > 0 seconds, got {shown(timeout)}.")
    workers = (os.cpu_count() or 1) if workers is None else workers
    if workers <= 0:
        raise CompanionError(f"workers must be > 0, got {shown(workers)}.")
    return workers


def _results(project, place, assignment, submissions, isolation, timeout, workers, judged, say):
    """The result of every submission that can be graded, by student: kept ones, and new ones as they come; `judged` makes a grade of one."""
    (place / STATE).mkdir(exist_ok=True)
    base = _fingerprint(assignment, isolation, timeout)
    texts = {each.student: nbformat.writes(each.notebook) for each in submissions if each.notebook is not None}
    owners = {each.student: each.owner for each in submissions}
    files = {student: place / STATE / f"{_hash(base, normalized(owners[student]), text)}.json" for student, text in texts.items()}
    results = {student: _kept(path) for student, path in files.items()}
    by_name = {each.student: each for each in submissions}
    progress = Progress(len(submissions))
    for each in submissions:
        if results.get(each.student) is not None or each.notebook is None:
            say(progress.line(judged(each, results.get(each.student)), assignment, fresh=False))
    jobs = {student: (owners[student], text) for student, text in texts.items() if results[student] is None}
    if not jobs:
        return results
    isolation = warmed(project, assignment, isolation, say)
    try:
        for student, result in run_all(jobs, (assignment, isolation, timeout), workers):
            if isinstance(result, str):
                result = _not_graded(assignment, result)
            else:
                write_whole(files[student], json.dumps(result).encode())
            results[student] = result
            say(progress.line(judged(by_name[student], result), assignment))
    except KeyboardInterrupt:
        raise CompanionError(
            f"interrupted: {progress.done} of {progress.total} are graded; the same command goes on from there."
        ) from None
    return results


def warmed(project, assignment, isolation, say):
    """The isolation with what makes notebooks of an assignment start quickly; caches belong to a state of the library."""
    folder = project.build / CACHES / _library()[:16]
    return isolation.warmed(warm_caches(folder, assignment, say), modules_of(assignment))


def _hash(*texts):
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()


def _fingerprint(assignment, isolation, timeout):
    """A hash of all that results depend on beside the notebook: the library, the master, the limits."""
    about = "".join(path.read_text("utf-8") for path in sorted(assignment.path.parent.glob("assignment.yml")))
    return _hash(
        _library(), assignment.path.read_text("utf-8"), about, repr(isolation.limits), repr(isolation.namespaces), repr(timeout)
    )


def _library():
    files = sorted(path for path in PACKAGE.rglob("*.py"))
    return _hash(*(path.relative_to(PACKAGE).as_posix() + path.read_text("utf-8") for path in files))


def _kept(path):
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _without_notebook(assignment, points, failed=""):
    return {
        "points": dict.fromkeys((task.id for task in assignment.tasks), points),
        "says": {},
        "numbers": {},
        "notes": [],
        "cells": [],
        "essays": {},
        "notebook": None,
        "failed": failed,
    }


def _not_graded(assignment, reason):
    """What stands for the result of a notebook that could not be run or judged: no points, and no 0 either."""
    return _without_notebook(assignment, None, reason)


def _nothing_to_grade(assignment):
    """What stands for the result where there is no notebook."""
    return _without_notebook(assignment, 0.0)


def _grade(assignment, submission, result, given, policy):
    """What a student gets, with the marks given by hand and what being late costs."""
    notes = [*submission.notes, *(result["notes"] if result else [submission.problem])]
    late = policy.of(submission.student, submission.handed_in, submission.dated_by) if submission.notebook is not None else None
    notes += [late.sentence] if late and late.sentence else []
    result = result or _nothing_to_grade(assignment)
    found = Grade(submission.student, dict(result["points"]), notes, dict(result["says"]), result.get("failed", ""), late)
    if found.failed:
        found.notes.append(f"not graded: {found.failed}")
    for task, (points, _) in given.of(submission.student).items():
        if points is not None:
            found.points[task] = points
    if not found.open:
        found.failed = ""
    return found


class Progress:
    """Counts submissions, and says how long the rest will take."""

    def __init__(self, total):
        self.total, self.done, self.fresh, self.start = total, 0, 0, monotonic()

    def line(self, found, assignment, fresh=True):
        """The line on one student, with how far we are."""
        self.done += 1
        self.fresh += fresh
        if not fresh:
            return line(found, assignment)
        left = (monotonic() - self.start) / self.fresh * (self.total - self.done)
        rest = f", about {_time(left)} left" if self.done < self.total else ""
        return f"{line(found, assignment)}  ({self.done} of {self.total}{rest})"


def _time(seconds):
    return f"{round(seconds / 60)} min" if seconds >= 90 else f"{max(1, round(seconds))} s"


def line(found, assignment):
    """One line on one student."""
    if found.failed:
        return "; ".join([f"{found.student}: {NOT_GRADED}: {found.failed}", *found.notes[:-1]])
    text = f"{found.student}: {found.total:g} of {assignment.points:g} points"
    if found.deducted:
        text += f" ({found.earned:g} less {found.deducted:g} for being late)"
    if found.open:
        waiting = sum(task.points for task in assignment.tasks if task.id in found.open)
        text += f", {waiting:g} more to be marked by hand"
    return "; ".join([text, *found.notes])


def _write_all(place, assignment, grades, results, given):
    names = {found.student: file_name(found.student) for found in grades}
    with replace_folder(place / FEEDBACK) as pages, replace_folder(place / NOTEBOOKS) as notebooks:
        for found in grades:
            result = results.get(found.student) or _nothing_to_grade(assignment)
            comments = {task: comment for task, (_, comment) in given.of(found.student).items()}
            text = student_page(assignment, found, result["cells"], comments)
            (pages / f"{names[found.student]}.html").write_text(text, "utf-8", "replace")
            if result["notebook"]:
                (notebooks / f"{names[found.student]}.ipynb").write_text(result["notebook"] + "\n", "utf-8", "replace")
    write_grades(place / GRADES_FILE, assignment, grades)
    write_marks(place / MARKS_FILE, assignment, grades, given)
    _write_essays(place, assignment, grades, results)


def _write_reports(place, assignment, grades, results, submissions, roster):
    master = assignment.master.cells
    stubs = fingerprints(cell.source for cell in released(assignment.master).cells if cell.cell_type == "code")
    answers = fingerprints(without_marks(cell.source) for cell in master if cell.metadata["nbgrader"]["solution"])
    codes = {
        each.student: fingerprints(cell.source for cell in each.notebook.cells if cell.cell_type == "code")
        for each in submissions
        if each.notebook is not None
    }
    numbers = {student: result["numbers"] for student, result in results.items() if result}
    text = statistics(assignment, grades) + alike(codes, stubs, answers) + same_numbers(grades, numbers)
    write_whole(place / STATISTICS, text.encode("utf-8", "replace"))
    if roster:
        (place / UPLOAD).mkdir(exist_ok=True)
        write_uploads(place / UPLOAD, assignment, grades, roster)


def _write_essays(place, assignment, grades, results):
    with replace_folder(place / ESSAYS) as folder:
        for task in (task.id for task in assignment.tasks if task.by_hand):
            answers = [
                (f"{number}", results[found.student]["essays"].get(task, ""))
                for number, found in enumerate(grades, 1)
                if results.get(found.student) and results[found.student]["essays"].get(task)
            ]
            (folder / f"{task}.html").write_text(essay_page(assignment, task, answers), "utf-8", "replace")


def write_grades(path, assignment, grades):
    """Write the table of all students: total after and before a deduction, maximum, when it was handed in, tasks to be marked, points by task, notes."""
    tasks = [task.id for task in assignment.tasks]
    rows = [
        ["student", "assignment", "number", "points", "maximum", "to mark", "handed in", "days late", "deducted", *tasks, "notes"]
    ]
    for number, found in enumerate(grades, 1):
        points = ["" if found.points[task] is None else f"{found.points[task]:g}" for task in tasks]
        total = [
            "" if found.failed else f"{found.total:g}",
            f"{assignment.points:g}",
            NOT_GRADED if found.failed else " ".join(found.open),
        ]
        late = [found.late.stamp, found.late.days, f"{found.deducted:g}"] if found.late else ["", "", ""]
        rows.append([found.student, assignment.name, number, *total, *late, *points, "; ".join(found.notes)])
    write_table(path, rows)


def _say_rest(found, given, grades, say):
    for note in found.ignored:
        say(f"not read: {note}")
    if found.missing:
        say(f"nothing handed in: {', '.join(found.missing)}")
    for note in given.unused:
        say(note)
    failed = [each.student for each in grades if each.failed]
    if failed:
        say(f"{NOT_GRADED}: {', '.join(failed)}; nothing is held against them, and the same command tries again.")
