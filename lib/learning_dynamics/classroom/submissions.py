"""What students hand in: finding it, reading it, and putting their answers into a whole notebook."""

import ast
import copy
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.reader import NotJSONError

from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.notebooks import read_notebook

from .parameters import normalized

PACKAGE = "learning_dynamics"
STUDENT_CELL = "student"
NOT_ALLOWED = "a cell was not run, for it is not allowed"
BLOCKED = "raise RuntimeError({message!r})\n{code}"


@dataclass(frozen=True)
class Submission:
    """One student's folder: its notebook, or the reason why there is none, and what is odd about it."""

    student: str
    notebook: object = None
    problem: str = ""
    notes: tuple = ()


def find_submissions(folder, assignment):
    """The submissions in a folder with one folder a student, in the order of their names.

    Parameters
    ----------
    folder : Path
        Holds ``<student>/<assignment>.ipynb`` or ``<student>/<assignment>/<assignment>.ipynb``; a notebook of another name
        is taken if it holds the assignment's cells.
    assignment : Assignment

    Returns
    -------
    list of Submission

    Raises
    ------
    CompanionError
        If the folder is missing or holds no folder of a student.
    """
    if not folder.is_dir():
        raise CompanionError(f"the folder of submissions {folder} does not exist.")
    students = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not students:
        raise CompanionError(f"{folder} must hold one folder for each student, named by the identifier, and holds none.")
    return [_submission(path, assignment) for path in students]


def _submission(folder, assignment):
    wanted = set(assignment.answer_ids) - {STUDENT_CELL}
    found, problems = [], []
    for path in _notebooks(folder, assignment.name):
        name = path.relative_to(folder).as_posix()
        notebook, problem = _read(path)
        if notebook is None:
            problems.append(f"{name} {problem}")
        elif not wanted & grade_ids(notebook):
            problems.append(f"{name} holds no cell of this assignment")
        else:
            found.append((name, notebook))
    if not found:
        return Submission(student=folder.name, problem="; ".join(problems) or "there is no notebook in the folder")
    name, notebook = found[0]
    notes = list(problems)
    if Path(name).name != f"{assignment.name}.ipynb":
        notes.append(f"{name} is graded as {assignment.name}.ipynb")
    if len(found) > 1:
        notes.append("not graded: " + ", ".join(other for other, _ in found[1:]))
    return Submission(student=folder.name, notebook=notebook, notes=tuple(notes + _identity(notebook, folder.name)))


def _notebooks(folder, name):
    """Notebooks below a student's folder, those of the right name first."""
    found = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    return sorted(found, key=lambda path: (path.stem != name, len(path.parts)))


def _read(path):
    """A notebook, or None and what is wrong with the file."""
    if path.stat().st_size == 0:
        return None, "is empty"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubled cell ids, which are mended on reading
            notebook = read_notebook(path)
            nbformat.validate(notebook, relax_add_props=True)
        return notebook, ""
    except (NotJSONError, UnicodeDecodeError):
        return None, "is not a notebook (its text is not JSON)"
    except Exception as error:  # nbformat raises its own errors, and KeyError or AttributeError on odd content
        return None, f"is not a notebook ({type(error).__name__})"


def grade_ids(notebook):
    """The ids by which cells of an assignment are known."""
    return {_grade_id(cell) for cell in notebook.cells} - {None}


def _grade_id(cell):
    mark = cell.metadata.get("nbgrader")
    return mark.get("grade_id") if isinstance(mark, dict) else None


def _identity(notebook, student):
    """What to say of the identifier that the student's notebook works with."""
    written = [cell.source for cell in notebook.cells if _grade_id(cell) == STUDENT_CELL]
    name = assigned_text("\n".join(written), "student")
    if name is None:
        return ["the notebook names no student"]
    if normalized(name) != normalized(student):
        return [f"the notebook works with the parameters of {name!r}"]
    return []


def assigned_text(source, variable):
    """The text that a piece of code last assigns to a variable, or None."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    values = [
        node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
    ]
    return values[-1] if values and isinstance(values[-1], str) else None


def completed(notebook, released, forbidden):
    """The released notebook with a student's answers in it, and the cells that the student added.

    Whatever else was changed, deleted, doubled or moved is as it was released. A cell of the student's that takes a function
    of `forbidden` from the library raises instead of running.

    Parameters
    ----------
    notebook, released : nbformat.NotebookNode
        As handed in, and as handed out.
    forbidden : frozenset of str
        Names of the library's functions that the assignment asks the student to write.

    Returns
    -------
    nbformat.NotebookNode
    """
    known = {_grade_id(cell) for cell in released.cells}
    answers, added, last = {}, {}, None
    for cell in notebook.cells:
        if _grade_id(cell) in known:
            last = _grade_id(cell)
            answers.setdefault(last, cell.source)
        elif cell.cell_type == "code":
            added.setdefault(last, []).append(nbformat.v4.new_code_cell(_allowed(cell.source, forbidden)))
    whole = copy.deepcopy(released)
    whole.cells = list(added.get(None, []))
    for cell in copy.deepcopy(released.cells):
        if cell.metadata["nbgrader"]["solution"] and _grade_id(cell) in answers:
            answer = answers[_grade_id(cell)]
            cell.source = _allowed(answer, forbidden) if cell.cell_type == "code" else answer
        whole.cells += [cell, *added.get(_grade_id(cell), [])]
    return whole


def _allowed(source, forbidden):
    used = sorted((forbidden | {"*"}) & borrowed(source))
    if not forbidden or not used:
        return source
    message = f"{NOT_ALLOWED} to take {', '.join(used)} from the library: this assignment asks for your own code"
    return BLOCKED.format(message=message, code="\n".join("# " + line for line in source.splitlines()))


def borrowed(source):
    """The names that a piece of code takes from the library, and every name after a dot; none where it cannot be parsed."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            found |= {alias.name for alias in node.names}
    return found
