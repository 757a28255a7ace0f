"""Running one submission: its cells in a confined kernel, each check judged at its place, and going on when the kernel dies."""

from dataclasses import dataclass, field
from time import monotonic

from .completion import JUDGE, RUN
from .judge import Judge, Verdict, bound_names
from .kernel import KernelDied, NotStarted, StudentKernel

MOST_STARTS, MOST_FAILURES = 8, 3
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
        Seconds for a cell; the whole may take five times as long.
    number : int
        Tells apart those that run at the same time.
    """

    def __init__(self, steps, order, plan, owner, isolation, forbidden, *, timeout, number=0):
        self.steps, self.order, self.plan = steps, order, plan
        self.judge = Judge(plan, owner)
        self.isolation, self.forbidden, self.timeout, self.number = isolation, forbidden, timeout, number
        self.deadline = monotonic() + TOTAL_FACTOR * timeout
        self.report, self.starts, self.deadly, self.done = Report(), 0, set(), []
        self.kernel, self.borrowed = None, {}

    def run(self):
        """Run everything, and return a `Report`."""
        try:
            for index in self.order:
                if self.steps[index].action in (RUN, JUDGE):
                    self._step(index)
            self._second_chance()
        except OutOfStarts as error:
            self.report.notes.append(f"the process of the notebook ended {self.starts} times ({error}); what followed was not run")
        finally:
            if self.kernel:
                self.kernel.close()
        for task in self.plan.checks:
            self.report.verdicts.setdefault(task, Verdict(False, "not reached"))
        if self.report.stopped:
            cells = "1 cell was" if self.report.stopped == 1 else f"{self.report.stopped} cells were"
            self.report.notes.append(f"{cells} stopped after at most {self.timeout:g} s")
        return self.report

    def _seconds(self):
        return max(LAST_SECONDS, min(self.timeout, self.deadline - monotonic()))

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
        step, seconds = self.steps[index], self._seconds()
        try:
            outcome = self._alive().run(step.source, seconds)
        except KernelDied as error:
            self.report.outputs[index] = getattr(error, "outputs", [])
            self.report.says[index] = f"here the process of the notebook ended: {error}"
            where = f"in '{step.grade_id}'" if step.grade_id else "in an own cell"
            self.report.notes.append(f"the process of the notebook ended {where} ({error}); the rest was run without this cell")
            self.deadly.add(index)
            self.kernel = None
            return "interrupted" in str(error)
        self.report.outputs[index] = outcome.outputs
        if outcome.stopped:
            self.report.stopped += 1
            self.report.says[index] = STOPPED.format(seconds)
        for name in outcome.taken:
            for answer in bound_names(step.source):
                self.borrowed.setdefault(answer, set()).add(name)
        return outcome.stopped

    def _alive(self):
        """The kernel; where it died, a new one in which everything but the deadly cells has been run again."""
        while self.kernel is None:
            if self.starts >= MOST_STARTS:
                raise OutOfStarts("too often")
            self.starts += 1
            try:
                self.kernel = StudentKernel(
                    self.isolation, self.forbidden, seconds=TOTAL_FACTOR * self.timeout + 60, number=self.number
                )
                self._replay()
            except NotStarted:
                if self.starts >= MOST_FAILURES and not self.done:
                    raise
            except KernelDied as error:
                self.kernel = None
                if self.starts >= MOST_STARTS:
                    raise OutOfStarts(error) from None
        return self.kernel

    def _replay(self):
        for index in self.done:
            if index in self.deadly or not self.steps[index].source.strip():
                continue
            try:
                self.kernel.run(self.steps[index].source, self._seconds())
            except KernelDied:
                self.deadly.add(index)
                raise

    def _verdict(self, task):
        try:
            verdict = self.judge.verdict(task, self._alive(), self._seconds())
        except KernelDied as error:
            self.kernel = None
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


class OutOfStarts(Exception):
    """The kernel died too often."""


