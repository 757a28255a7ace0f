"""Figures that students draw: marked by hand, together with what is said about them."""

import nbformat
import pytest

from learning_dynamics.classroom.release import released as released_version
from learning_dynamics.classroom.worker import Bench, graded

from .conftest import ASSIGNMENTS, cell, ready

WITH_FIGURES = [name for name, assignment in ASSIGNMENTS.items() if assignment.figures]
DRAWN = "fig, ax = plt.subplots(figsize=(1, 1))\nax.plot([0, 1])\nplt.show()"


def result(name, answers):
    assignment = ASSIGNMENTS[name]
    notebook = released_version(assignment.master)
    notebook.cells = [each for each in notebook.cells if each.cell_type == "markdown" or not each.metadata["nbgrader"]["grade"]]
    for grade_id, source in {"student": "student = 'anna'", **answers}.items():
        cell(notebook, grade_id).source = source
    return graded(Bench.of(assignment, ready(assignment), 60), "anna", nbformat.writes(notebook))


def test_there_are_such_assignments_and_their_figures_have_cells():
    assert WITH_FIGURES
    for name in WITH_FIGURES:
        tasks = {task.id for task in ASSIGNMENTS[name].tasks if task.by_hand}
        assert set(ASSIGNMENTS[name].figures) <= tasks and set(ASSIGNMENTS[name].figures.values()) <= set(
            ASSIGNMENTS[name].answer_ids
        )


@pytest.mark.parametrize("which", WITH_FIGURES)
def test_a_figure_is_shown_beside_its_text_and_is_never_taken_for_no_answer(which):
    ((task, drawing),) = ASSIGNMENTS[which].figures.items()
    for answers, shown in (({drawing: DRAWN}, "data:image/png"), ({task: "It rises."}, "It rises.")):
        found = result(which, answers)
        assert found["points"][task] is None and shown in found["essays"][task]
    assert result(which, {})["points"][task] == 0
