"""What will be run of a submission, in which order: everything that the student wrote, and what has to be put back.

No text of a student is dropped or overruled. Cells of the assignment are recognised by their id, the notebook's own cell id, their text, or the names
that they define; all the student's cells stay in the student's order. Cells of the assignment that are gone or changed are
put back where the code needs them. Everything that was put back, joined or skipped is said.
"""

import ast
import copy
from collections import Counter
from dataclasses import dataclass, field

import nbformat

from .judge import bound_names

STUDENT_CELL = "student"
RUN, SKIP, SHOW, JUDGE = "run", "skip", "show", "judge"


@dataclass
class Step:
    """One cell of the executed notebook: the cell, the assignment's id or None, what is done with it, what is said about it, its rank.

    `source` is what runs where `action` is RUN. A rank is the place in the assignment of the last recognised cell up to here.
    """

    cell: object
    grade_id: str | None
    action: str
    says: str = ""
    source: str = ""
    rank: int = -1
    ours: bool = False


@dataclass
class Completed:
    """A submission ready to run: its cells in the order of display, the order of running, notes, and tasks by hand with and without text."""

    steps: list
    order: list
    notes: list
    essays: dict = field(default_factory=dict)


def completed(notebook, released, owner, figures=None):
    """Plan the run of a submission.

    Parameters
    ----------
    notebook, released : nbformat.NotebookNode
        As handed in, and as handed out.
    owner : str
        The identifier of the folder, used where the notebook names no student.
    figures : dict, optional
        For tasks by hand the answer cell whose figure belongs to the answer.

    Returns
    -------
    Completed
    """
    known = {_mark(cell)["grade_id"]: (rank, cell) for rank, cell in enumerate(released.cells)}
    names = {key: bound_names(cell.source) for key, (_, cell) in known.items() if _is_answer(cell)}
    cells = [_as_cell(cell) for cell in notebook.cells]
    ids = _identities(cells, known, names)
    steps, notes = _students_steps(cells, ids, known)
    notes += _join_parts(steps)
    steps += _put_back(steps, known, owner, notes)
    steps = _display_order(steps)
    order = sorted(range(len(steps)), key=lambda index: steps[index].rank)
    moved = [steps[index].cell.source for index in order if not steps[index].ours] != [
        each.cell.source for each in steps if not each.ours
    ]
    if moved:
        notes.append("cells stand in another order than in the assignment; they were run in its order")
    return Completed(steps, order, notes, _essays(steps, known, figures or {}))


def _mark(cell):
    mark = cell.metadata.get("nbgrader")
    return mark if isinstance(mark, dict) else {}


def _is_answer(cell):
    mark = _mark(cell)
    return cell.cell_type == "code" and mark["solution"] and not mark["grade"]


def _as_cell(cell):
    """A copy of a cell of the student's in the form that is shown and run."""
    new = copy.deepcopy(cell)
    new["source"] = "".join(new.source) if isinstance(new.get("source"), list) else str(new.get("source", ""))
    if not isinstance(new.get("metadata"), dict):
        new["metadata"] = nbformat.from_dict({})
    return new


def _plain(source):
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _identities(cells, known, names):
    """The assignment's id of each cell, or None: by metadata, cell id, text, and for answers by what they define."""
    texts = {}
    for key, (_, cell) in known.items():
        texts.setdefault(_plain(cell.source), []).append(key)
    by_cell_id = {cell.get("id"): key for key, (_, cell) in known.items()}
    found = [_mark(cell).get("grade_id") for cell in cells]
    found = [key if key in known else None for key in found]
    for index, cell in enumerate(cells):
        if found[index] is None and cell.source.strip():
            keys = texts.get(_plain(cell.source), [])
            found[index] = next((key for key in keys if key not in found), keys[-1] if keys else None)
    for index, cell in enumerate(cells):
        key = by_cell_id.get(cell.get("id"))
        if found[index] is None and key not in (None, *found) and cell.cell_type == known[key][1].cell_type:
            found[index] = key
    for index, cell in enumerate(cells):
        if found[index] is None and cell.cell_type == "code":
            defined = bound_names(cell.source)
            keys = [key for key, wanted in names.items() if key not in found and wanted and wanted & defined]
            found[index] = keys[0] if keys else None
    return found


def _students_steps(cells, ids, known):
    steps, notes, rank, seen = [], [], -1, set()
    several = Counter(key for key in ids if key)
    for cell, key in zip(cells, ids):
        first = key is not None and key not in seen
        if first:
            rank = known[key][0]
            seen.add(key)
        step = _step(cell, key, known, several[key], notes)
        step.rank = rank
        steps.append(step)
    return steps, notes


def _step(cell, key, known, several, notes):
    """What is done with one cell of the student's."""
    if key is None:
        return Step(cell, None, RUN if cell.cell_type == "code" else SHOW, "your own cell", cell.source)
    original = known[key][1]
    mark, same = _mark(original), _plain(cell.source) == _plain(original.source)
    if original.cell_type == "markdown":
        return Step(cell, key, SHOW, "" if same or mark["solution"] else "changed")
    if not cell.source.strip():
        return Step(cell, key, JUDGE if mark["grade"] else SHOW, "emptied")
    if _is_answer(original):
        if same and several > 1:
            notes.append(f"the cell '{key}' stands here {several} times; copies without an answer were not run")
            return Step(cell, key, SKIP, "not run: another copy of this cell holds the answer")
        if cell.cell_type != "code":
            notes.append(f"the answer '{key}' is no code cell; it was run as one")
        return Step(cell, key, RUN, "", cell.source)
    if same:
        return Step(cell, key, JUDGE if mark["grade"] else RUN, "", cell.source)
    if mark["grade"]:
        notes.append(f"the check '{key}' was changed; what was written there was run, and the check was made as handed out")
        return Step(
            cell, key, JUDGE, "changed by you; it was run as you wrote it", cell.source if cell.cell_type == "code" else ""
        )
    notes.append(f"the cell '{key}' was changed; it was run as handed out, then as written")
    return Step(
        cell, key, RUN if cell.cell_type == "code" else SHOW, "changed by you; the original was run before it", cell.source
    )


def _join_parts(steps):
    """Run the parts of an answer that was split within a statement as one; returns notes."""
    notes, parts = [], {}
    for step in steps:
        if step.action == RUN and step.grade_id and not step.ours:
            parts.setdefault(step.grade_id, []).append(step)
    for key, these in parts.items():
        if len(these) == 1:
            continue
        joined = "\n".join(step.source for step in these)
        if any(not _parses(step.source) for step in these) and _parses(joined):
            these[0].source = joined
            for step in these[1:]:
                step.action, step.says = SKIP, "run together with the cell above that it continues"
            notes.append(f"the answer '{key}' stands in {len(these)} cells; they were joined")
        else:
            notes.append(f"the answer '{key}' stands in {len(these)} cells; all were run, in their order")
    return notes


def _parses(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _put_back(steps, known, owner, notes):
    """Cells of the assignment that are missing, or that have to run before a changed copy."""
    whole = {step.grade_id for step in steps if step.grade_id and step.says == ""}
    there = {step.grade_id for step in steps}
    new = []
    for key, (rank, cell) in known.items():
        mark = _mark(cell)
        if cell.cell_type == "markdown":
            if key not in there:
                new.append(_ours(cell, key, SHOW, rank))
        elif _is_answer(cell):
            if key not in there:
                notes.append(f"the answer cell '{key}' is missing")
        elif mark["grade"]:
            if key not in there:
                new.append(_ours(cell, key, JUDGE, rank))
        elif key not in whole:
            new.append(_ours(cell, key, RUN, rank))
    missing = [step.grade_id for step in new if step.grade_id not in there and step.action != SHOW]
    if missing:
        notes.append("put back: " + ", ".join(f"'{key}'" for key in missing))
    if not _names_a_student(steps):
        cell = nbformat.v4.new_code_cell(f"student = {owner!r}")
        new.append(
            Step(cell, None, RUN, "put in: the notebook names no student", cell.source, known[STUDENT_CELL][0] + 0.5, True)
        )
        notes.append("the notebook names no student; it was run with the name of its folder")
    return new


def _ours(cell, key, action, rank):
    new = copy.deepcopy(cell)
    return Step(new, key, action, "put back", new.source if new.cell_type == "code" else "", rank, True)


def _names_a_student(steps):
    from .submissions import named_student

    return named_student([step.source for step in steps if step.action in (RUN, JUDGE)]) is not None


def _display_order(steps):
    """The student's cells in their order; what was put back stands after the last cell of a lower rank, originals before changed copies."""
    theirs = [step for step in steps if not step.ours]
    for step in sorted((step for step in steps if step.ours), key=lambda step: step.rank):
        at = next((index for index, other in enumerate(theirs) if other.rank >= step.rank), len(theirs))
        theirs.insert(at, step)
    return theirs


def _essays(steps, known, figures):
    """For each task by hand whether there is any text, or code of its figure, of the student's that may answer it."""
    essays = [key for key, (_, cell) in known.items() if _mark(cell)["grade"] and _mark(cell)["solution"]]
    loose = any(step.cell.source.strip() and not step.ours for step in steps if step.grade_id is None and step.action == SHOW)
    loose = loose or any(step.says == "changed" and step.cell.source.strip() for step in steps)
    written = {}
    for key in essays:
        cells = {key, figures.get(key)} - {None}
        own = [
            (step.grade_id, step.cell) for step in steps if step.grade_id in cells and not step.ours and step.cell.source.strip()
        ]
        changed = any(_plain(cell.source) != _plain(known[one][1].source) or cell.get("attachments") for one, cell in own)
        written[key] = bool(changed or loose)
    return written
