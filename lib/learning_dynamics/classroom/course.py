"""The one place that talks to nbgrader: a course in a folder, its release, its grading, its feedback."""

import logging
import os
import re
import shutil
import sysconfig
import warnings
from pathlib import Path
from time import monotonic

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, LimitOutput, NbGraderPreprocessor, SaveAutoGrades
from traitlets import Float, Unicode
from traitlets.config import Config, LoggingConfigurable

from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.notebooks import read_notebook, write_notebook

from .feedback import self_contained

STUB = {"python": "# your answer"}
TEXT_STUB = "*Your answer.*"
OWNER_LINE = "owner = student"
QUIET_KERNEL = ["--log-level=CRITICAL", "--HistoryManager.hist_file=:memory:"]
EXCEPTION = re.compile(r"[\w.]+: ")
LAST_SECOND = 1


class AskOwner(NbGraderPreprocessor):
    """Hidden checks ask for the parameters of the folder's owner, whatever the notebook says."""

    owner = Unicode().tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.metadata.get("nbgrader", {}).get("locked"):
            lines = [f"owner = {self.owner!r}" if line == OWNER_LINE else line for line in cell.source.split("\n")]
            cell.source = "\n".join(lines)
        return cell, resources


class ExecuteWithin(Execute):
    """Execution with a limit for each cell and one for the whole notebook; a warning is not a failure."""

    total = Float(600.0).tag(config=True)

    def preprocess(self, *arguments, **options):
        deadline = monotonic() + self.total
        limit = self.timeout
        self.timeout_func = lambda cell: int(max(LAST_SECOND, min(limit, deadline - monotonic())))
        return super().preprocess(*arguments, **options)

    def on_cell_executed(self, **arguments):
        super().on_cell_executed(**arguments)
        cell = arguments["cell"]
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


class Course:
    """A course of one teacher in a folder of its own.

    Parameters
    ----------
    root : Path
        Made anew.
    """

    def __init__(self, root):
        _find_programs()
        self.root = Path(root).resolve()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        self.log = logging.getLogger("learning_dynamics.classroom")
        self.log.propagate = False
        self.trouble = _Kept()
        self.log.handlers = [self.trouble]

    def release(self, assignment):
        """Make the student version of an assignment, and return its notebook."""
        write_notebook(assignment.master, self.root / "source" / assignment.name / assignment.path.name)
        try:
            self._run(GenerateAssignment, assignment.name)
        except NbGraderException:
            raise CompanionError(f"nbgrader could not make the student version of {assignment.name}: {self.trouble.last}") from None
        return read_notebook(self.released(assignment))

    def released(self, assignment):
        """The path of the student version."""
        return self.root / "release" / assignment.name / assignment.path.name

    def autograde(self, assignment, key, owner, notebook, *, timeout, total):
        """Run and grade a complete notebook; returns points by task, None where they are given by hand.

        `key` is the course's own name of the student, `owner` the identifier whose parameters count.
        """
        write_notebook(notebook, self.root / "submitted" / key / assignment.name / assignment.path.name)
        config = Config()
        config.AskOwner.owner = owner
        config.ExecuteWithin.extra_arguments = QUIET_KERNEL
        config.ExecuteWithin.raise_on_iopub_timeout = False
        config.ExecuteWithin.timeout = timeout
        config.ExecuteWithin.total = total
        config.Autograde.autograde_preprocessors = [AskOwner, ExecuteWithin, LimitOutput, SaveAutoGrades]
        self._run(Autograde, assignment.name, key, config)
        with self._gradebook() as book:
            submission = book.find_submission_notebook(assignment.name, assignment.name, key)
            return {grade.name: None if grade.needs_manual_grade else grade.score for grade in submission.grades}

    def mark(self, assignment, key, task, points, comment):
        """Enter points that were given by hand, with a comment."""
        with self._gradebook() as book:
            grade = book.find_grade(task, assignment.name, assignment.name, key)
            grade.manual_score, grade.needs_manual_grade = points, False
            book.find_comment(task, assignment.name, assignment.name, key).manual_comment = comment or None
            book.db.commit()

    def feedback(self, assignment, key):
        """The feedback page of a graded notebook."""
        self._run(GenerateFeedback, assignment.name, key)
        page = self.root / "feedback" / key / assignment.name / f"{assignment.name}.html"
        return self_contained(page.read_text("utf-8"))

    def graded(self, assignment, key):
        """The path of the executed and graded notebook."""
        return self.root / "autograded" / key / assignment.name / assignment.path.name

    def _run(self, converter, assignment, key=None, config=None):
        config = config or Config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.assignment_id = assignment
        config.ClearSolutions.code_stub = STUB
        config.ClearSolutions.text_stub = TEXT_STUB
        if key:
            config.CourseDirectory.student_id = key
        parent = LoggingConfigurable(config=config, log=self.log)
        self.trouble.last = ""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converter(coursedir=CourseDirectory(parent=parent), parent=parent, config=config).start()

    def _gradebook(self):
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")


def _find_programs():
    """Let nbgrader, which calls alembic by its name, find it where the environment is not activated."""
    folder, path = sysconfig.get_path("scripts"), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, path])


class _Kept(logging.Handler):
    """Keeps the last exception of the last traceback, for the sentence that reports it."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.last = ""

    def emit(self, record):
        text = record.getMessage()
        if "Traceback" in text:
            self.last = ([line for line in text.splitlines() if EXCEPTION.match(line)] or [""])[-1]
