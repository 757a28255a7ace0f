"""What is run of a submission: nothing that a student wrote is lost or overruled, whatever happened to the cells."""

import copy
import random
from functools import cache

import nbformat
import pytest

from learning_dynamics.classroom.assignments import load_assignments
from learning_dynamics.classroom.completion import JUDGE, RUN, SKIP, completed
from learning_dynamics.classroom.judge import SOLUTION
from learning_dynamics.classroom.release import released
from learning_dynamics.companion.base.project import find_project

ASSIGNMENTS = load_assignments(find_project())
RELEASED = {name: released(each.master) for name, each in ASSIGNMENTS.items()}
STIELTJES = RELEASED["stieltjes"]
OWNER = "anna"


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def solved(name="stieltjes"):
    notebook = copy.deepcopy(RELEASED[name])
    for original, cell in zip(ASSIGNMENTS[name].master.cells, notebook.cells):
        if original.metadata["nbgrader"]["solution"]:
            cell.source = "\n".join(line for line in original.source.split("\n") if line.strip() not in SOLUTION)
    return notebook


def run_of(whole):
    """The steps that run, in their order."""
    return [whole.steps[index] for index in whole.order if whole.steps[index].action in (RUN, JUDGE)]


# what may happen to a notebook: each takes a random generator and a notebook, and may do nothing


def _any(draw, notebook):
    return draw.randrange(len(notebook.cells))


def add_code(draw, notebook):
    notebook.cells.insert(_any(draw, notebook), nbformat.v4.new_code_cell(f"own_{draw.random()} = 1"))


def add_text(draw, notebook):
    notebook.cells.insert(_any(draw, notebook), nbformat.v4.new_markdown_cell(f"my thought {draw.random()}"))


def add_raw(draw, notebook):
    notebook.cells.insert(_any(draw, notebook), nbformat.v4.new_raw_cell(f"raw {draw.random()}"))


def split(draw, notebook):
    at = _any(draw, notebook)
    lines = notebook.cells[at].source.split("\n")
    line = draw.randrange(len(lines) + 1)
    second = copy.deepcopy(notebook.cells[at])
    second.id = f"half-{draw.random()}"
    notebook.cells[at].source, second.source = "\n".join(lines[:line]), "\n".join(lines[line:])
    notebook.cells.insert(at + 1, second)


def merge(draw, notebook):
    at = _any(draw, notebook)
    if at + 1 < len(notebook.cells):
        notebook.cells[at].source += "\n" + notebook.cells.pop(at + 1).source


def duplicate(draw, notebook):
    cell = copy.deepcopy(notebook.cells[_any(draw, notebook)])
    cell.id = f"copy-{draw.random()}"
    cell.source += f"\n# copied {draw.random()}"
    notebook.cells.insert(_any(draw, notebook), cell)


def move(draw, notebook):
    notebook.cells.insert(_any(draw, notebook), notebook.cells.pop(_any(draw, notebook)))


def delete(draw, notebook):
    del notebook.cells[_any(draw, notebook)]


def retype(draw, notebook):
    at = _any(draw, notebook)
    old = notebook.cells[at]
    new = draw.choice([nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell, nbformat.v4.new_raw_cell])(
        old.source, metadata=old.metadata
    )
    notebook.cells[at] = new


def strip_metadata(draw, notebook):
    notebook.cells[_any(draw, notebook)].metadata = nbformat.from_dict({})


def strip_ids(draw, notebook):
    for cell in notebook.cells:
        cell.pop("id", None)


def spoil_metadata(draw, notebook):
    notebook.cells[_any(draw, notebook)].metadata = nbformat.from_dict(
        {"nbgrader": draw.choice([None, [], "x", {"grade_id": 7}, {}])}
    )


def write_more(draw, notebook):
    notebook.cells[_any(draw, notebook)].source += f"\n# written {draw.random()}"


def attach(draw, notebook):
    cell = notebook.cells[_any(draw, notebook)]
    if cell.cell_type == "markdown":
        cell.attachments = {"x.png": {"image/png": "aaaa"}}


EDITS = (
    *(add_code, add_text, add_raw, split, merge, duplicate, move, delete, retype),
    *(strip_metadata, strip_ids, spoil_metadata, write_more, attach),
)


@cache
def edited(number):
    """A submission after some edits, all drawn from a number, and what is made of it."""
    draw = random.Random(number)
    name = draw.choice(list(ASSIGNMENTS))
    notebook = solved(name)
    for _ in range(draw.randrange(1, 12)):
        if notebook.cells:
            draw.choice(EDITS)(draw, notebook)
    return name, notebook, completed(notebook, RELEASED[name], OWNER)


@pytest.mark.parametrize("start", range(0, 200, 100))
def test_everything_that_was_written_is_there_in_its_order_and_is_run(start):
    for number in range(start, start + 100):
        name, notebook, whole = edited(number)
        theirs = [step for step in whole.steps if not step.ours]
        assert [step.cell.source for step in theirs] == [cell.source for cell in notebook.cells], number
        assert [step.cell.get("attachments") for step in theirs] == [cell.get("attachments") for cell in notebook.cells]
        assert sorted(whole.order) == list(range(len(whole.steps)))
        ran = "\n".join(step.source for step in run_of(whole))
        for step in theirs:
            is_code = step.cell.cell_type == "code" and step.grade_id not in ASSIGNMENTS[name].rubric
            if is_code and step.action not in (RUN, JUDGE) and step.cell.source.strip():
                said = step.says or step.grade_id
                assert said, number
                assert (
                    step.cell.source in ran
                    or step.says.startswith("not run: another copy")
                    or step.says == "changed"
                    or not step.says
                ), number


@pytest.mark.parametrize("start", range(0, 200, 100))
def test_what_is_put_back_joined_or_skipped_is_said_and_every_task_is_judged(start):
    for number in range(start, start + 100):
        name, _, whole = edited(number)
        notes = " ".join(whole.notes)
        for step in whole.steps:
            if step.ours and step.grade_id and step.action in (RUN, JUDGE):
                assert f"'{step.grade_id}'" in notes, number
            if step.ours or step.action == SKIP:
                assert step.says, number
        judged = {step.grade_id for step in whole.steps if step.action == JUDGE}
        assert judged == {task.id for task in ASSIGNMENTS[name].tasks if not task.by_hand}, number


def test_an_unchanged_notebook_runs_as_it_is():
    for name in ASSIGNMENTS:
        notebook = solved(name)
        whole = completed(notebook, RELEASED[name], OWNER)
        assert [step.cell.source for step in whole.steps] == [cell.source for cell in notebook.cells]
        assert whole.order == list(range(len(whole.steps))) and whole.notes == []
        assert all(whole.essays.values())


def test_an_untouched_notebook_has_no_essay_and_is_run_with_the_folders_name():
    whole = completed(STIELTJES, STIELTJES, OWNER)
    assert whole.essays == {"interpretation": False}
    assert whole.notes == ["the notebook names no student; it was run with the name of its folder"]


@pytest.mark.parametrize("how", ["raw", "code", "above", "no metadata", "picture", "elsewhere"])
def test_an_essay_with_text_of_the_students_is_never_counted_as_empty(how):
    notebook = copy.deepcopy(STIELTJES)
    essay = next(cell for cell in notebook.cells if grade_id(cell) == "interpretation")
    if how == "raw":
        notebook.cells[-1] = nbformat.v4.new_raw_cell("They repel.", metadata=essay.metadata)
    elif how == "code":
        notebook.cells[-1] = nbformat.v4.new_code_cell("They repel.", metadata=essay.metadata)
    elif how == "above":
        notebook.cells[-2].source += "\n\nThey repel."
    elif how == "no metadata":
        essay.metadata, essay.id, essay.source = nbformat.from_dict({}), "new", "They repel."
    elif how == "picture":
        essay.attachments = {"x.png": {"image/png": "aaaa"}}
    else:
        notebook.cells.append(nbformat.v4.new_markdown_cell("They repel."))
    assert completed(notebook, STIELTJES, OWNER).essays == {"interpretation": True}


def test_cells_that_stand_in_another_order_are_run_in_that_of_the_assignment():
    notebook = solved()
    notebook.cells = notebook.cells[::-1]
    whole = completed(notebook, STIELTJES, OWNER)
    assert [step.grade_id for step in run_of(whole)] == [grade_id(cell) for cell in STIELTJES.cells if cell.cell_type == "code"]
    assert "another order" in whole.notes[-1]


def test_own_cells_keep_their_place():
    notebook = solved()
    notebook.cells.insert(0, nbformat.v4.new_code_cell("first = 1"))
    notebook.cells.insert(8, nbformat.v4.new_code_cell("later = 2"))
    ran = [step.source for step in run_of(completed(notebook, STIELTJES, OWNER))]
    assert ran[0] == "first = 1" and ran.index("later = 2") == ran.index(notebook.cells[9].source) - 1


def test_parts_of_an_answer_that_do_not_stand_alone_are_joined():
    notebook = solved()
    at = next(k for k, cell in enumerate(notebook.cells) if grade_id(cell) == "transform")
    source = notebook.cells[at].source
    second = copy.deepcopy(notebook.cells[at])
    lines = source.split("\n")
    notebook.cells[at].source, second.source = "\n".join(lines[:5]), "\n".join(lines[5:])
    second.id = "second"
    notebook.cells.insert(at + 1, second)
    whole = completed(notebook, STIELTJES, OWNER)
    assert source in [step.source for step in run_of(whole)]
    assert whole.notes == ["the answer 'transform' stands in 2 cells; they were joined"]
