"""The masters in one process, for many identifiers; and the guide."""

import warnings

import matplotlib

from learning_dynamics.classroom.guide import lost
from learning_dynamics.classroom.parameters import parameters

from .conftest import ASSIGNMENTS, solved

NAMES = tuple(ASSIGNMENTS)
MANY = [f"student {number}" for number in range(8)]


def test_masters_solve_themselves_for_many_identifiers(name):
    matplotlib.use("Agg")
    for student in MANY:
        scope = {"print": lambda *texts: None}
        for cell in solved(ASSIGNMENTS[name], student).cells:
            if cell.cell_type == "code":
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    exec(compile(cell.source, f"{name}: {cell.metadata['nbgrader']['grade_id']}", "exec"), scope)
        assert scope["p"] == parameters(name, student)


def test_hidden_checks_ask_for_the_owner_of_the_folder(name):
    for cell in ASSIGNMENTS[name].master.cells:
        if cell.metadata["nbgrader"]["grade"] and f'parameters("{name}"' in cell.source:
            assert "owner = student" in cell.source.split("\n")
            assert f'parameters("{name}", owner)' in cell.source


def test_masters_are_stored_without_outputs_and_every_cell_is_known(name):
    master = ASSIGNMENTS[name].master
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in master.cells]
    assert len(ids) == len(set(ids))
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in master.cells)


def test_what_is_said_of_an_assignment_names_its_tasks(name):
    assignment = ASSIGNMENTS[name]
    tasks = {task.id for task in assignment.tasks}
    assert set(assignment.about) == tasks
    assert set(assignment.rubric) == {task.id for task in assignment.tasks if task.by_hand}
    assert assignment.personal <= tasks
    for mistake in assignment.mistakes:
        assert set(mistake.loses) <= tasks and set(mistake.answers) <= set(assignment.answer_ids)
    text = "".join(cell.source for cell in assignment.master.cells[:1])
    assert f"**Points:** {assignment.points:g}, of which" in text


def test_answers_have_other_names_in_every_assignment():
    names = [grade_id for each in ASSIGNMENTS.values() for grade_id in each.answer_ids if grade_id != "student"]
    assert len(names) == len(set(names))


def test_the_guide_names_every_task_and_every_mistake(released):
    text = (released / "guide.md").read_text("utf-8")
    for assignment in ASSIGNMENTS.values():
        automatic = sum(task.points for task in assignment.tasks if not task.by_hand)
        for task in assignment.tasks:
            assert f"| `{task.id}` | {task.points:g} |" in text
        for mistake in assignment.mistakes:
            assert f"| {mistake.says} | {automatic - lost(assignment, mistake):g} |" in text
