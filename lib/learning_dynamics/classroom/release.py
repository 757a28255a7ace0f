"""Student versions of the assignments, and the guide for teachers."""

import copy
import json
import re
import shutil

from learning_dynamics.companion.base.errors import CompanionError

from .assignments import FOLDER, PRIVATE, load_assignments
from .folders import classroom_folder, replace_folder
from .guide import guide
from .judge import HIDDEN, SOLUTION
from .optional_extra import require_extra

STUB = "# your answer"
FUNCTION_STUB = 'raise NotImplementedError("no answer yet")  # your answer'
TEXT_STUB = "*Your answer.*"
MARK = re.compile(r"### (BEGIN|END)")


def released(master):
    """The student version of a master: stubs for solutions, and no hidden checks.

    Parameters
    ----------
    master : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    ValueError
        If a line that begins or ends a region has no partner.
    """
    notebook = copy.deepcopy(master)
    for cell in notebook.cells:
        lines = _replaced(cell.source.split("\n"), SOLUTION, TEXT_STUB if cell.cell_type == "markdown" else None)
        lines = _replaced(lines, HIDDEN, "")
        cell.source = "\n".join(lines).rstrip("\n")
        if MARK.search(cell.source):
            raise ValueError(f"the cell {cell.metadata['nbgrader']['grade_id']!r} has a region that does not begin or end")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _replaced(lines, marks, stub):
    """Lines with every region between two marks replaced by a stub: of functions one that raises."""
    kept, inside = [], False
    for line in lines:
        if not inside and line.strip() == marks[0]:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            if stub != "":
                kept.append(indent + (stub or (FUNCTION_STUB if indent else STUB)))
        elif inside and line.strip() == marks[1]:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"the region that {marks[0]!r} begins does not end")
    return kept


def write_classroom(project, out, *, say=print):
    """Write ``student/<assignment>.ipynb`` for every assignment, and ``guide.md`` and ``guide.html``, into a folder.

    Parameters
    ----------
    project : Project
    out : Path
        Its ``student`` folder is replaced, if it was written by this function.
    say : callable
        Called with one line for each file.

    Raises
    ------
    CompanionError
        If the optional extra or a master notebook is missing, or the folder holds something else.
    """
    require_extra()
    from learning_dynamics.companion.base.notebooks import write_notebook

    from .plain_page import page

    assignments = load_assignments(project)
    classroom_folder(project, out)
    with replace_folder(out / "student") as student:
        for assignment in assignments.values():
            write_notebook(released(assignment.master), student / assignment.path.name)
    for assignment in assignments.values():
        say(f"for students: {out / 'student' / assignment.path.name}")
    text = guide(assignments)
    (out / "guide.md").write_text(text, "utf-8")
    (out / "guide.html").write_text(page("Assignments: guide for teachers", text), "utf-8")
    say(f"for teachers: {out / 'guide.html'}")


def write_course(project, course, *, say=print):
    """Write masters of a course's own to ``classroom/private``: the same assignments, at other parameters for the same identifiers.

    Parameters
    ----------
    project : Project
    course : str
        A word of the course's own; who knows it can compute the parameters, and the notebooks of its students contain it.
    say : callable
        Called with one line for each file.

    Raises
    ------
    CompanionError
        If the word is empty, or there are private masters already.
    """
    if not course.strip():
        raise CompanionError("course must be a word of your own, got an empty text.")
    private = project.root / FOLDER / PRIVATE
    if private.exists():
        raise CompanionError(f"{private} exists already; move it away to write new masters.")
    for name, assignment in load_assignments(project).items():
        (private / name).mkdir(parents=True)
        text = assignment.path.read_text("utf-8")
        call = re.compile(rf'parameters\(\\"{name}\\", (\w+)\)')
        word = json.dumps(json.dumps(course, ensure_ascii=False), ensure_ascii=False)[1:-1]
        (private / name / f"{name}.ipynb").write_text(
            call.sub(lambda match, word=word: f"{match.group()[:-1]}, course={word})", text), "utf-8"
        )
        shutil.copyfile(assignment.path.with_name("assignment.yml"), private / name / "assignment.yml")
        say(f"master of your own: {private / name / f'{name}.ipynb'}")
