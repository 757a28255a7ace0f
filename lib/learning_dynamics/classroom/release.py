"""Student versions of all assignments, and the guide for teachers."""

import shutil

from .assignments import load_assignments
from .extra import require_extra
from .guide import guide


def write_classroom(project, out, *, say=print):
    """Write ``student/<assignment>.ipynb`` for every assignment, and ``guide.md`` and ``guide.html``, into a folder.

    Parameters
    ----------
    project : Project
    out : Path
        Its ``student`` folder is replaced.
    say : callable
        Called with one line for each file.

    Raises
    ------
    CompanionError
        If the optional extra or a master notebook is missing.
    """
    require_extra()
    from .course import Course
    from .page import page

    assignments = load_assignments(project)
    shutil.rmtree(out / "student", ignore_errors=True)
    (out / "student").mkdir(parents=True)
    course = Course(out / ".work")
    for assignment in assignments.values():
        course.release(assignment)
        target = out / "student" / assignment.path.name
        shutil.copyfile(course.released(assignment), target)
        say(f"for students: {target}")
    shutil.rmtree(course.root)
    text = guide(assignments)
    (out / "guide.md").write_text(text, "utf-8")
    (out / "guide.html").write_text(page("Assignments: guide for teachers", text), "utf-8")
    say(f"for teachers: {out / 'guide.html'}")
