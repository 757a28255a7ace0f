"""An assignment as a program for the autograder of Gradescope: a zip that is uploaded there, and what runs in the place that it makes.

The place, by Gradescope's documentation: ``source`` holds what the zip held, ``submission`` the files of one student, ``submission_metadata.json``
says whose they are, and ``results/results.json`` is read when the program has ended.
"""

import io
import json
import shutil
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.project import Project
from learning_dynamics.companion.base.whole_files import write_whole

from .assignments import FOLDER, require_assignment
from .folders import classroom_folder
from .grading import grade, warmed
from .isolation import ISOLATE, chosen
from .optional_extra import require_extra

SETUP = """#!/usr/bin/env bash
set -e
cd "$(dirname "$0")"
python=$(command -v python3.13 || command -v python3.12 || command -v python3.11 || true)
if [ -z "$python" ] || ! "$python" -m venv --help >/dev/null 2>&1; then
  apt-get update && apt-get install -y python3.11 python3.11-venv
  python=python3.11
fi
"$python" lib/setup_environment.py --extra classroom
PYTHONPATH="$PWD/lib" .venv/bin/python -m learning_dynamics.classroom.gradescope {name}
"""
RUN = """#!/usr/bin/env bash
export PYTHONPATH="$PWD/source/lib" MPLBACKEND=agg
exec source/.venv/bin/python -m learning_dynamics.classroom.gradescope {name} {isolate}
"""
NEEDED = (
    "requirements.txt",
    "requirements-classroom.txt",
    "pyproject.toml",
    "setup.py",
    "_toc.yml",
    "_config.yml",
    "book/registry.yml",
    "LICENSE",
)
LEFT_OUT = ("__pycache__", ".egg-info")


def write_gradescope(project, name, out, *, isolate="auto", say=print):
    """Write the zip of an assignment.

    Parameters
    ----------
    project : Project
    name : str
        Name of the assignment.
    out : Path
        A folder as for `write_classroom`; its ``gradescope-<name>.zip`` is replaced.
    isolate : str
        ``auto``, ``required`` or ``none``: what is done there, see `isolation.chosen`.
    say : callable
        Called with a line.

    Returns
    -------
    Path

    Raises
    ------
    CompanionError
        If the extra is missing, there is no such assignment or word, or the folder holds something else.
    """
    require_extra()
    assignment = require_assignment(project, name)
    if isolate not in ISOLATE:
        raise CompanionError(f"isolate must be one of {', '.join(ISOLATE)}, got {shown(isolate)}.")
    classroom_folder(project, out)
    path = out / f"gradescope-{name}.zip"
    write_whole(path, _archive(project, assignment, isolate))
    say(f"for Gradescope: {path}")
    return path


def _archive(project, assignment, isolate):
    """The zip, as bytes."""
    content, root, name = io.BytesIO(), project.root, assignment.name
    library = (path for path in (root / "lib").rglob("*") if not any(part.endswith(LEFT_OUT) for part in path.parts))
    files = {path: path.relative_to(root).as_posix() for path in (*(root / each for each in NEEDED), *library)}
    files |= {path: f"{FOLDER}/{name}/{path.name}" for path in assignment.path.parent.iterdir()}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        _add_program(archive, "setup.sh", SETUP.replace("{name}", name))
        _add_program(archive, "run_autograder", RUN.format(name=name, isolate=isolate))
        for path, place in sorted(files.items()):
            if path.is_file():
                archive.write(path, place)
    return content.getvalue()


def _add_program(archive, name, text):
    entry = zipfile.ZipInfo(name)
    entry.external_attr, entry.compress_type = (stat.S_IFREG | 0o755) << 16, zipfile.ZIP_DEFLATED
    archive.writestr(entry, text)


def run(place, name, isolate):
    """Grade the submission in a place that Gradescope made, and write ``results/results.json``.

    Parameters
    ----------
    place : Path
    name : str
        Name of the assignment.
    isolate : str
        See `write_gradescope`.

    Raises
    ------
    CompanionError
        If it could not be graded for a reason that is not the student's: then nothing is written, and Gradescope says that the autograder failed.
    """
    project = Project(root=place / "source", output=place / "source")
    assignment, said = require_assignment(project, name), []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        handed_in = _as_a_class(place, folder)
        (found,) = grade(project, handed_in, name, folder / "out", workers=1, isolate=isolate, say=said.append)
    if found.failed:
        raise CompanionError(f"the notebook could not be graded: {found.failed}.")
    (place / "results").mkdir(exist_ok=True)
    write_whole(place / "results" / "results.json", json.dumps(results(assignment, found, said[0]), indent=1).encode())


def _as_a_class(place, folder):
    """The submission as that of a class of one."""
    shutil.copytree(place / "submission", folder / "in" / owner(place / "submission_metadata.json"), symlinks=True)
    return folder / "in"


def owner(path):
    """The mail address of the student, of a group of the first, which is the identifier.

    Raises
    ------
    CompanionError
        If the file does not tell.
    """
    try:
        name = json.loads(path.read_text("utf-8"))["users"][0]["email"].strip().replace("/", "_")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        name = ""
    if not name.strip("."):
        raise CompanionError(f"{path.name} must hold the mail address of a student, and it holds none.")
    return name


def results(assignment, found, protection):
    """What Gradescope reads of a `Grade`: each automatic task as a test; the rest is marked by hand there.

    What a task earned is shown after the due date, so that nobody tries answers until one passes.
    """
    tests = []
    for task in assignment.tasks:
        if task.by_hand:
            continue
        points = found.points[task.id]
        tests.append(
            {
                "name": f"{task.id}: {assignment.about[task.id]}",
                "score": points or 0.0,
                "max_score": task.points,
                "output": found.says.get(task.id) or ("passed" if points else "no answer"),
                "visibility": "after_due_date",
            }
        )
    by_hand = sum(task.points for task in assignment.tasks if task.by_hand)
    said = [*found.notes, f"{by_hand:g} more points are given by hand."]
    return {
        "score": sum(test["score"] for test in tests),
        "tests": tests,
        "output": "\n".join(said),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"protection": protection},
    }


def prepare(source, name):
    """Make once, while the image is built, what every submission would have to wait for."""
    warmed(
        Project(root=source, output=source), require_assignment(Project(root=source, output=source), name), chosen("auto"), print
    )


def main():
    """Grade what lies in the working folder, as ``NAME ISOLATE`` say; with a name alone prepare for that."""
    try:
        if len(sys.argv) > 2:
            run(Path.cwd(), *sys.argv[1:3])
        else:
            prepare(Path.cwd(), sys.argv[1])
    except CompanionError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
