"""Judging: the checks of a master run here, in a process that the student's code never enters.

A check sees the names of the assignment's own cells, computed here at the parameters of the submission's owner, and the
student's answers: numbers that were fetched, and functions that are called through a pipe.
"""

import ast
import builtins
import contextlib
import io
import numbers
import warnings
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .student_process import KernelDied, StudentError, StudentFunction

NO_ANSWER = "no answer yet"
LONGEST, MOST_ENTRIES, DIGITS = 400, 16, 6
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")


@dataclass(frozen=True)
class Verdict:
    """Whether a check passed, what is said otherwise, the forbidden functions that the answers called, and the numbers that were given."""

    passed: bool
    says: str = ""
    taken: frozenset = frozenset()
    numbers: tuple = ()


@dataclass
class Plan:
    """What the judge knows of an assignment's code: cells of its own that the checks build on, checks, and who binds which answer."""

    setup: list
    checks: dict
    answers: dict
    needs: dict = field(default_factory=dict)


def judging_plan(cells):
    """Read a master's cells.

    Parameters
    ----------
    cells : list of nbformat.NotebookNode
        All with nbgrader's metadata.

    Returns
    -------
    Plan
        `setup` are the sources of cells that need no answer; `checks` sources by task; `answers` the names that an answer cell binds, by
        its id; `needs` the answers' names that a check uses, by task.
    """
    code = [(cell.metadata["nbgrader"], cell.source) for cell in cells if cell.cell_type == "code"]
    answers = {mark["grade_id"]: bound_names(without(source, SOLUTION)) for mark, source in code if mark["solution"]}
    own = {"student"}
    asked = {name for names in answers.values() for name in names} - own
    setup = [source for mark, source in code if not mark["solution"] and not mark["grade"] and not used_names(source) & asked]
    checks = {mark["grade_id"]: source for mark, source in code if mark["grade"]}
    needs = {task: (used_names(source) & asked) - bound_names(source) for task, source in checks.items()}
    return Plan(setup, checks, {key: names - own for key, names in answers.items()}, needs)


def without(source, marks):
    """A cell's text without what stands between two lines, as students see it."""
    kept, inside = [], False
    for line in source.split("\n"):
        if line.strip() == marks[0]:
            inside = True
        if not inside:
            kept.append(line)
        if line.strip() == marks[1]:
            inside = False
    return "\n".join(kept)


def without_marks(source):
    """A master's cell as its solution, without the lines that begin and end regions."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in (*SOLUTION, *HIDDEN))


def bound_names(source):
    """The names that a piece of code binds at its top level, loops and branches included; none where it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting += ast.iter_child_nodes(node)
    return names


def used_names(source):
    """The names that a piece of code reads anywhere; none where it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


class Judge:
    """Judges the answers to one assignment of one owner after the other.

    Parameters
    ----------
    plan : Plan
    owner : str
        The identifier whose parameters count.
    """

    def __init__(self, plan, owner):
        self.plan = plan
        self.scope = {"student": owner}
        for source in plan.setup:
            self._execute(source, self.scope)

    def verdict(self, task, kernel, seconds):
        """Judge one task by what the student's kernel holds now.

        Raises
        ------
        KernelDied
            If the kernel ends meanwhile.
        """
        needed = self.plan.needs[task]
        try:
            found = kernel.values(needed, seconds)
        except StudentError as error:
            return Verdict(False, sentence(error))
        if any(found.get(name) is None or found[name] is Ellipsis for name in needed):
            return Verdict(False, NO_ANSWER)
        watched = {name: _Watched(value) if isinstance(value, StudentFunction) else value for name, value in found.items()}
        try:
            self._execute(self.plan.checks[task], self.scope | watched)
            passed, says = True, ""
        except KernelDied:
            raise
        except Exception as error:  # the check is ours, but what it is given may be anything
            passed, says = False, sentence(error)
        taken = frozenset().union(*(value.taken for value in watched.values() if isinstance(value, _Watched)))
        functions = [value for value in watched.values() if isinstance(value, _Watched)]
        if not passed and functions and all(value.empty for value in functions):
            says = NO_ANSWER
        return Verdict(passed, says, taken, given_numbers(found))

    @staticmethod
    def _execute(source, scope):
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exec(_compiled(source), scope)


class _Watched:
    """A student's function that remembers what it took, and whether it only ever gave nothing."""

    def __init__(self, function):
        self.function, self.taken, self.empty = function, set(), True

    def __call__(self, *arguments, **options):
        try:
            value = self.function(*arguments, **options)
        except StudentError as error:
            self.empty = self.empty and error.name == "NotImplementedError"
            raise
        finally:
            self.taken |= self.function.kernel.taken
        self.empty = self.empty and value is None
        return value


def given_numbers(found):
    """The numbers among answers, to six digits, as far as they tell anything: few entries, and not all of them short."""
    texts = []
    for name, value in sorted(found.items()):
        if isinstance(value, (numbers.Number, np.generic, np.ndarray)) and not isinstance(value, bool):
            entries = np.ravel(value)
            if (
                0 < entries.size <= MOST_ENTRIES
                and entries.dtype.kind in "fc"
                and np.isfinite(entries).all()
                and not all(map(_is_short, entries))
            ):
                texts.append(f"{name} = " + ", ".join(f"{each:.{DIGITS}g}" for each in entries))
    return tuple(texts)


def _is_short(value):
    """Whether a number is one that many people write down: 0, 1, 0.25, 1e6."""
    return f"{value:.{DIGITS}g}" == f"{value:.3g}"


@cache
def _compiled(source):
    return compile(source, "<check>", "exec")


def sentence(error):
    """What went wrong with an answer, in at most one sentence of ours or of the student's code."""
    if isinstance(error, AssertionError):
        text = str(error)
    elif isinstance(error, StudentError):
        text = f"your code raised {error}"
    else:
        text = f"{type(error).__name__}: {error}"
    text = " ".join(text.split()) or "not accepted"
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def unbound(plan):
    """The names that each check reads and that nothing provides, by task: a mistake in the master."""
    given = {name for source in plan.setup for name in bound_names(source)} | {"student"} | set(dir(builtins))
    missing = {}
    for task, source in plan.checks.items():
        local = {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg)}
        inner = {
            node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        missing[task] = used_names(source) - given - local - inner - bound_names(source) - plan.needs[task]
    return {task: names for task, names in missing.items() if names}
