"""Running one submission: its cells in a confined kernel, each check judged at its place, and going on when the kernel dies."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from time import sleep

from .completion import JUDGE, RUN
from .judge import Judge, Verdict, bound_names
from .student_process import KernelDied, NotStarted, StudentKernel

MOST_DEATHS, TRIES = 16, 2
PAUSES = (0.0, 1.0, 5.0, 20.0)  # seconds before each try to start a process
LAST_SECONDS = 1.0
TOTAL_FACTOR = 5
STOPPED = "stopped after {:g} s"


@dataclass
class Report:
    """What came of a run: verdicts by task, outputs and texts by step, notes, and tasks whose answers called a forbidden function."""

    verdicts: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    says: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    taken: dict = field(default_factory=dict)
    stopped: int = 0


class Execution:
    """One run of one submission.

    Parameters
    ----------
    steps, order : list
        See `completion.Completed`.
    plan : judge.Plan
    owner : str
    isolation : Isolation
    forbidden : frozenset of str
    timeout : float
        Seconds for a cell; the whole may take five times as long. Time in which the machine does other work does not count.
    """

    def __init__(self, steps, order, plan, owner, isolation, forbidden, *, timeout):
        self.steps, self.order, self.plan = steps, order, plan
        self.judge = Judge(plan, owner)
        self.isolation, self.forbidden, self.timeout = isolation, forbidden, timeout
        self.report, self.deaths, self.deadly, self.done = Report(), Counter(), set(), []
        self.kernel, self.spent, self.borrowed = None, 0.0, {}

    def run(self):
        """Run everything, and return a `Report`.

        Raises
        ------
        NotStarted
            If no process could be started, which says nothing about the notebook.
        """
        try:
            for index in self.order:
                if self.steps[index].action in (RUN, JUDGE):
                    self._step(index)
            self._second_chance()
        except DiedTooOften as error:
            self.report.notes.append(
                f"the process of the notebook ended {MOST_DEATHS} times ({error}); what followed was not run"
            )
        finally:
            self._leave()
        for task in self.plan.checks:
            self.report.verdicts.setdefault(task, Verdict(False, "not reached"))
        if self.report.stopped:
            cells = "1 cell was" if self.report.stopped == 1 else f"{self.report.stopped} cells were"
            self.report.notes.append(f"{cells} stopped after at most {self.timeout:g} s")
        return self.report

    def _seconds(self):
        spent = self.spent + (self.kernel.spent if self.kernel else 0.0)
        return max(LAST_SECONDS, min(self.timeout, TOTAL_FACTOR * self.timeout - spent))

    def _leave(self):
        """Have no kernel any more."""
        if self.kernel:
            self.spent += self.kernel.spent
            self.kernel.close()
        self.kernel = None

    def _died(self, cause, error):
        """Note that the kernel ended for a cell or a task; True where that is not to be tried again."""
        self._leave()
        self.deaths[cause] += 1
        if self.deaths.total() >= MOST_DEATHS:
            raise DiedTooOften(error) from None
        return not error.again or self.deaths[cause] >= TRIES

    def _step(self, index):
        step = self.steps[index]
        stopped = self._run_cell(index) if step.source.strip() else False
        self.done.append(index)
        if step.action == JUDGE:
            if stopped:
                self.report.verdicts[step.grade_id] = Verdict(False, STOPPED.format(self.timeout))
            elif step.grade_id not in self.report.verdicts:
                self.report.verdicts[step.grade_id] = self._verdict(step.grade_id)

    def _run_cell(self, index):
        """Run a step's code; True if it had to be stopped."""
        step, outcome = self.steps[index], None
        while outcome is None:
            try:
                kernel, seconds = self._alive(), self._seconds()
                outcome = kernel.run(step.source, seconds)
            except KernelDied as error:
                if self._died(index, error):
                    self._leave_out(index, error)
                    return error.stuck
        self.report.outputs[index] = outcome.outputs
        if outcome.stopped:
            self.report.stopped += 1
            self.report.says[index] = STOPPED.format(seconds)
        for name in outcome.taken:
            for answer in bound_names(step.source):
                self.borrowed.setdefault(answer, set()).add(name)
        return outcome.stopped

    def _leave_out(self, index, error):
        """Go on without a cell that ends the process."""
        self.deadly.add(index)
        grade_id = self.steps[index].grade_id
        self.report.outputs[index] = error.outputs
        self.report.says[index] = f"here the process of the notebook ended: {error}"
        where = f"in '{grade_id}'" if grade_id else "in an own cell"
        self.report.notes.append(f"the process of the notebook ended {where} ({error}); the rest was run without this cell")

    def _alive(self):
        """The kernel; where it died, a new one in which everything but the deadly cells has been run again."""
        while self.kernel is None:
            self.kernel = self._started()
            self._replay()
        return self.kernel

    def _started(self):
        """A new kernel. What keeps one from starting is the machine, so it gets several tries."""
        for pause in PAUSES[:-1]:
            sleep(pause)
            with suppress(NotStarted, OSError):
                return self._start()
        sleep(PAUSES[-1])
        return self._start()

    def _start(self):
        return StudentKernel(self.isolation, self.forbidden, seconds=TOTAL_FACTOR * self.timeout + 60)

    def _replay(self):
        for index in self.done:
            if index in self.deadly or not self.steps[index].source.strip():
                continue
            try:
                self.kernel.run(self.steps[index].source, self._seconds())
            except KernelDied as error:
                if self._died(index, error):
                    self._leave_out(index, error)
                return

    def _verdict(self, task):
        verdict = None
        while verdict is None:
            try:
                kernel = self._alive()
                verdict = self.judge.verdict(task, kernel, self._seconds())
            except KernelDied as error:
                if self._died(task, error):
                    return Verdict(False, f"your code ended its process: {error}")
        taken = set(verdict.taken).union(*(self.borrowed.get(name, ()) for name in self.plan.needs[task]))
        if taken:
            self.report.taken[task] = taken
        return verdict

    def _second_chance(self):
        """Judge again, by what the notebook defines in the end, where an answer was bound once more after its check."""
        for task, verdict in list(self.report.verdicts.items()):
            if verdict.passed or verdict.says.startswith("stopped"):
                continue
            if self._bound_later(task):
                again = self._verdict(task)
                if again.passed:
                    self.report.verdicts[task] = again
                    self.report.notes.append(f"the task '{task}' was judged by what the notebook defines in the end")

    def _bound_later(self, task):
        places = [place for place, index in enumerate(self.order) if self.steps[index].grade_id == task]
        later = self.order[max(places, default=-1) + 1 :]
        needed = self.plan.needs[task]
        return any(self.steps[index].action in (RUN, JUDGE) and needed & bound_names(self.steps[index].source) for index in later)


class DiedTooOften(Exception):
    """The kernel died too often."""
