"""Submissions made from the masters."""

import warnings

import nbformat
import pytest

from learning_dynamics.classroom import execution
from learning_dynamics.classroom.assignments import load_assignments
from learning_dynamics.classroom.grading import warmed
from learning_dynamics.classroom.isolation import chosen
from learning_dynamics.classroom.judge import SOLUTION
from learning_dynamics.classroom.release import released as released_version
from learning_dynamics.classroom.release import write_classroom
from learning_dynamics.classroom.student_process import StudentKernel
from learning_dynamics.classroom.worker import Bench, graded
from learning_dynamics.companion.base.notebooks import write_notebook
from learning_dynamics.companion.base.project import find_project

ASSIGNMENTS = load_assignments(find_project())


def cell(notebook, grade_id):
    """The cell of a notebook with a given id."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def solved(assignment, student, answers=None):
    """The released notebook with the master's answers, as a student would hand it in, some of them replaced."""
    notebook = released_version(assignment.master)
    for original, each in zip(assignment.master.cells, notebook.cells):
        if original.metadata["nbgrader"]["solution"]:
            each.source = "\n".join(line for line in original.source.split("\n") if line.strip() not in SOLUTION)
    for grade_id, source in {"student": f"student = {student!r}", **(answers or {})}.items():
        cell(notebook, grade_id).source = source
    return notebook


def hand_in(notebook, folder, student, name):
    """Store a notebook as a submission; doubled cell ids are among what students hand in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nbformat.warnings.DuplicateCellId)
        write_notebook(notebook, folder / student / f"{name}.ipynb")


def ready(assignment, isolate="auto"):
    """The isolation with which an assignment is graded: its notebooks find the library compiled and imported."""
    return warmed(find_project(), assignment, chosen(isolate), lambda text: None)


class ReusedKernel:
    """Hands out the same confined process for one notebook after the other, emptied in between: for notebooks of our own, which harm nothing."""

    def __init__(self):
        self.kernel, self.end = None, lambda: None

    def __call__(self, isolation, forbidden, *, seconds):
        if self.kernel is None or self.kernel.commands is None:
            self.kernel = StudentKernel(isolation, forbidden, seconds=seconds * 20)
            self.end, self.kernel.close = self.kernel.close, lambda: None
        self.kernel.run("import matplotlib.pyplot\nmatplotlib.pyplot.close('all')\nget_ipython().reset(new_session=False)", 60)
        assert self.kernel.run("assert not {'np', 'p', 'student'} & set(globals())", 60).error == ""
        self.kernel.spent = 0.0
        return self.kernel


def graded_in_one_process(assignment, answers_by_student, timeout):
    """Results of notebooks with the master's answers, some of them replaced, judged as ever; only the start of their process is shared."""
    bench, kernel = Bench.of(assignment, ready(assignment), timeout), ReusedKernel()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(execution, "StudentKernel", kernel)
            return {
                student: graded(bench, student, nbformat.writes(solved(assignment, student, answers)))
                for student, answers in answers_by_student.items()
            }
    finally:
        kernel.end()


@pytest.fixture(scope="session")
def project():
    """The project that holds the masters."""
    return find_project()


@pytest.fixture(scope="session")
def released(project, tmp_path_factory):
    """The folder that `make classroom` writes."""
    folder = tmp_path_factory.mktemp("classroom")
    write_classroom(project, folder, say=lambda text: None)
    return folder


def pytest_generate_tests(metafunc):
    """Run what holds of every assignment for those that a file of tests names."""
    names = getattr(metafunc.module, "NAMES", ())
    if "number" in metafunc.fixturenames:
        cases = [(name, number) for name in names for number in range(len(ASSIGNMENTS[name].mistakes))]
        metafunc.parametrize(("name", "number"), cases)
    elif "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)
