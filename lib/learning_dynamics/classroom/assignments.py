"""The assignments: their master notebooks, and what is known of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook
from learning_dynamics.companion.base.suggestions import require_known

from .parameters import RANGES

FOLDER, PRIVATE = "classroom", "private"


@dataclass(frozen=True)
class Task:
    """A cell that earns points."""

    id: str
    points: float
    by_hand: bool


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer: what replaces cells of the master, by their id, and the tasks that it loses."""

    says: str
    answers: dict
    loses: tuple


@dataclass(frozen=True)
class Assignment:
    """An assignment: ``classroom/<name>/<name>.ipynb`` and ``assignment.yml`` beside it.

    `about` says in a line what each task asks, `rubric` how to mark those marked by hand. The tasks in `personal` can be passed only
    at the student's own parameters. Functions in `forbidden` are those of the library that students write themselves. `figures` names, for tasks
    by hand, the answer cell whose figure is marked with the text.
    """

    name: str
    path: Path
    title: str
    paper: str
    chapters: tuple
    goals: tuple
    minutes: int
    about: dict
    rubric: dict
    personal: frozenset
    forbidden: frozenset
    figures: dict
    mistakes: tuple

    @property
    def master(self):
        """The master notebook, with solutions and hidden checks."""
        return read_notebook(self.path)

    @cached_property
    def tasks(self):
        """All cells that earn points, in order."""
        return tuple(
            Task(id=mark["grade_id"], points=float(mark["points"]), by_hand=mark["solution"])
            for mark in marks(self.master)
            if mark["grade"]
        )

    @cached_property
    def answer_ids(self):
        """Ids of the cells in which students write code."""
        return tuple(mark["grade_id"] for mark in marks(self.master) if mark["solution"] and not mark["grade"])

    @property
    def points(self):
        """The sum of all points."""
        return sum(task.points for task in self.tasks)


def marks(notebook):
    """What nbgrader keeps with the cells of a notebook, in order."""
    return [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]


def load_assignments(project):
    """All assignments by name, in the order of `RANGES`."""
    return {name: require_assignment(project, name) for name in RANGES}


def require_assignment(project, name, masters=None):
    """The assignment of a name; a `CompanionError` with a suggestion where there is none.

    A folder `masters` holds ``<name>/<name>.ipynb`` and ``assignment.yml`` of a course of its own; otherwise ``classroom/private`` is
    looked in first, which the repository does not keep.
    """
    require_known(name, RANGES, "assignment")
    if masters is not None:
        return _load(masters / name, name)
    private = project.root / FOLDER / PRIVATE / name
    return _load(private if private.is_dir() else project.root / FOLDER / name, name)


def _load(folder, name):
    path = folder / f"{name}.ipynb"
    if not path.exists():
        raise CompanionError(f"the master notebook {path} is missing.")
    known = yaml.safe_load((folder / "assignment.yml").read_text("utf-8"))
    return Assignment(
        name=name,
        path=path,
        title=known["title"],
        paper=known["paper"],
        chapters=tuple(known["chapters"]),
        goals=tuple(known["goals"]),
        minutes=known["minutes"],
        about=known["tasks"],
        rubric=known["rubric"],
        personal=frozenset(known["personal"]),
        forbidden=frozenset(known.get("forbidden", ())),
        figures=known.get("figures", {}),
        mistakes=tuple(
            Mistake(says=mistake["says"], answers=mistake["answers"], loses=tuple(mistake["loses"]))
            for mistake in known["mistakes"]
        ),
    )
