"""The page of each student, and the page of all answers to one essay."""

import hashlib
import html
import re

from .feedback import page

NOT_MARKED, NOT_GRADED = "not marked yet", "not graded"
TO_DECIDE = "your teacher decides"
LONGEST_NAME = 80


def file_name(student):
    """A name for a student's files that every file system takes, and no two students share."""
    plain = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", student)
    plain = plain.strip(" .")[:LONGEST_NAME].rstrip(" .")
    while len(plain.encode("utf-8", "replace")) > 2 * LONGEST_NAME:
        plain = plain[:-1]
    if plain == student and not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", plain):
        return plain
    return f"{plain or 'student'}-{hashlib.sha256(student.encode('utf-8', 'replace')).hexdigest()[:8]}"


def student_page(assignment, grade, cells, comments):
    """The page of feedback for one student.

    Parameters
    ----------
    assignment : Assignment
    grade : Grade
    cells : list of (str, str or None)
        HTML of each cell, already clean, and the task that it checks.
    comments : dict of str
        By task.
    """
    title = f"{assignment.title}: {grade.student}"
    boxes = {task.id: _box(task, grade, comments.get(task.id, "")) for task in assignment.tasks}
    rows = "".join(f"<tr><td>{html.escape(task.id)}</td>{_cells(task, grade)}</tr>" for task in assignment.tasks)
    total = NOT_GRADED if grade.failed else f"{grade.total:g} of {assignment.points:g} points"
    if grade.deducted:
        total += f" ({grade.earned:g} less {grade.deducted:g} for being late)"
    if grade.open and not grade.failed:
        total += " so far; some are not marked yet"
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in grade.notes)
    shown, parts = set(), []
    for body, task in cells:
        parts.append(f'<div class="cell">{body}{boxes[task] if task and task not in shown else ""}</div>')
        shown.add(task)
    missing = "".join(boxes[task.id] for task in assignment.tasks if task.id not in shown) if cells else ""
    return page(
        title,
        f"<h1>{html.escape(title)}</h1>\n<p><strong>{total}</strong></p>\n"
        + (f"<h2>Notes</h2><ul>{notes}</ul>\n" if notes else "")
        + f"<h2>Points</h2><table><tr><th>task</th><th>points</th><th>of</th><th>what was said</th></tr>{rows}</table>\n"
        + (f'<h2>Your notebook</h2><div class="notebook">{"".join(parts)}{missing}</div>' if cells else ""),
    )


def _points(task, grade):
    value = grade.points[task.id]
    if value is None and grade.failed:
        return NOT_GRADED
    return (NOT_MARKED if task.by_hand else TO_DECIDE) if value is None else f"{value:g}"


def _cells(task, grade):
    return f"<td>{_points(task, grade)}</td><td>{task.points:g}</td><td>{html.escape(grade.says.get(task.id, ''))}</td>"


def _box(task, grade, comment):
    lost = grade.points[task.id] is not None and grade.points[task.id] < task.points
    texts = [html.escape(text) for text in (grade.says.get(task.id, ""), comment) if text]
    return (
        f'<div class="verdict{" lost" if lost else ""}"><strong>{html.escape(task.id)}: {_points(task, grade)} of {task.points:g}</strong>'
        + "".join(f"<br>{text}" for text in texts)
        + "</div>"
    )


def essay_page(assignment, task, answers):
    """All answers to one task by hand, under numbers instead of names, with its rubric.

    Parameters
    ----------
    answers : list of (str, str)
        A number or name that `marks.csv` knows, and clean HTML.
    """
    rubric = "".join(f"<li>{html.escape(line)}</li>" for line in assignment.rubric.get(task, ()))
    parts = "".join(f'<h2>{html.escape(number)}</h2><div class="notebook">{body}</div>' for number, body in answers)
    title = f"{assignment.title}: answers to {task}"
    return page(title, f"<h1>{html.escape(title)}</h1><h2>Rubric</h2><ul>{rubric}</ul>{parts}")
