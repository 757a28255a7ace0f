"""Running chapters on copies of the book whose library has an error."""

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import Project
from learning_dynamics.companion.commands.build import chapter_job
from learning_dynamics.companion.execution.executor import read_summary
from learning_dynamics.companion.execution.pool import run_all
from learning_dynamics.companion.execution.staleness import dependencies, why_stale
from learning_dynamics.companion.records.recording import read_results
from learning_dynamics.companion.records.registry import load_registry

from .catalogue import Mutation
from .verdicts import turned, unexpected

COPIED_FOLDERS = ("book", "lib")
COPIED_FILES = ("_toc.yml", "requirements.txt")
CLEAN = "clean"
COPIES_AT_A_TIME = 8


@dataclass(frozen=True, kw_only=True)
class Run:
    """One chapter at a preset, with an error or, where `mutation` is None, without; `project` is where it runs."""

    chapter: str
    preset: str
    project: Project
    mutation: Mutation | None = None

    def __str__(self):
        name = self.mutation.name if self.mutation else "without an error"
        return f"{name}: {self.chapter}, {self.preset}"

    @property
    def job(self):
        """Its execution, in which the project's own library comes before any other."""
        job = chapter_job(self.project, self.chapter, self.preset)
        return replace(job, variables={**job.variables, "PYTHONPATH": str(self.project.root / "lib")})

    @property
    def is_due(self):
        """Whether there are no results yet, or something that they depend on has changed."""
        return bool(why_stale(self.project, self.chapter, self.preset))

    @property
    def results(self):
        """The folder of what it records."""
        return self.project.results(self.chapter, self.preset)

    @property
    def recorded(self):
        """The recorded rows: entry → list."""
        return {entry: content["rows"] for entry, content in read_results(self.results).items()}

    @property
    def seconds(self):
        """How long it took."""
        return read_summary(self.results)["seconds"]


class Runner:
    """Runs mutations and keeps what they recorded, so that an interrupted list goes on where it stopped.

    Parameters
    ----------
    project : Project
        The book; nothing is written to it.
    keep : Path
        Folder for what the runs record.
    workers : int, optional
        How many run at a time; one a processor if omitted.
    say : callable
        Told of the beginning and the end of each run.
    """

    def __init__(self, project, keep, *, workers=None, say=print):
        self.project, self.keep, self.workers, self.say = project, keep, workers, say
        self.registry = load_registry(project.book / "registry.yml")

    def run(self, mutations):
        """Run the chapters that mutations need, first without an error and then with each.

        Returns
        -------
        rows : list of dict
            The table's row for each entry of each mutation whose chapter ran.
        problems : list of str
            A sentence for each chapter that was refused, and for each run that failed.
        """
        needed = {mutation: self.chapters_of(mutation) for mutation in mutations}
        pairs = [pair for pairs in needed.values() for pair in pairs]
        self.left = len(pairs) + len(set(pairs))
        clean, rows, problems = {}, [], []
        for first in range(0, len(mutations), COPIES_AT_A_TIME):
            group = {mutation: needed[mutation] for mutation in mutations[first : first + COPIES_AT_A_TIME]}
            new = dict.fromkeys(pair for pairs in group.values() for pair in pairs if pair not in clean)
            refused = self._run_clean(new, clean)
            found, failed = self._run_group(group, clean)
            rows += found
            problems += [*refused, *failed]
        return rows, problems

    def chapters_of(self, mutation):
        """The pairs (chapter, preset) that a mutation needs; a `CompanionError` where a chapter does not use its file."""
        pairs = dict.fromkeys((self.registry.entry(entry).chapter, preset) for entry, preset in mutation.entries.items())
        for chapter, _ in pairs:
            if self.project.root / mutation.file not in dependencies(self.project, chapter):
                raise CompanionError(f"mutation {mutation.name!r}: {chapter} does not depend on {mutation.file}.")
        return list(pairs)

    def _run_clean(self, pairs, clean):
        """Run chapters without an error and put their recorded rows into `clean`, None for a chapter that is refused.

        Returns a sentence for each of those.
        """
        project = Project(root=self.project.root, output=self.keep / CLEAN)
        runs = [Run(chapter=chapter, preset=preset, project=project) for chapter, preset in pairs]
        failed = self._execute(runs)
        problems = list(failed.values())
        for run in runs:
            recorded = {} if run in failed else run.recorded
            wrong = [quantity for rows in recorded.values() for quantity in unexpected(rows)]
            clean[run.chapter, run.preset] = None if wrong or run in failed else recorded
            if wrong:
                problems.append(f"{run.chapter} ({run.preset}) disagrees without an error and was refused: {'; '.join(wrong)}.")
        return problems

    def _run_group(self, group, clean):
        """Run some mutations, each on a copy of its own."""
        with contextlib.ExitStack() as stack:
            runs = []
            for mutation, pairs in group.items():
                root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="learning-dynamics-")))
                self._copy(root, mutation)
                project = Project(root=root, output=self.keep / mutation.name)
                fit = [pair for pair in pairs if clean[pair] is not None]
                self.left -= len(pairs) - len(fit)
                runs += [Run(chapter=c, preset=p, project=project, mutation=mutation) for c, p in fit]
            failed = self._execute(runs)
            rows = [row for run in runs if run not in failed for row in self._rows(run, clean[run.chapter, run.preset])]
        return rows, list(failed.values())

    def _copy(self, root, mutation):
        for name in COPIED_FOLDERS:
            shutil.copytree(self.project.root / name, root / name)
        for name in COPIED_FILES:
            shutil.copy2(self.project.root / name, root / name)
        mutation.apply(root)

    def _execute(self, runs):
        """Execute what is due; the sentences of the runs that fail."""
        due, failed = {}, {}
        for run in runs:
            if run.is_due:
                due[run.job] = run
            else:
                self._tell(run, "up to date")

        def done(job, outcome):
            run = due[job]
            if outcome.error:
                failed[run] = f"{run}: {outcome.error}"
            self._tell(run, "failed" if outcome.error else f"{outcome.seconds:.1f} s")

        run_all(list(due), done=done, workers=self.workers)
        return failed

    def _tell(self, run, what):
        self.left -= 1
        self.say(f"[{self.left} to go] {run}: {what}")

    def _rows(self, run, clean):
        """The table's rows of a run that has ended."""
        mutation, recorded = run.mutation, run.recorded
        for entry, preset in mutation.entries.items():
            if (self.registry.entry(entry).chapter, preset) == (run.chapter, run.preset):
                found = turned(clean.get(entry, []), recorded.get(entry, []))
                caught = [one for one in found if not one.is_regression]
                yield {
                    "name": mutation.name,
                    "error": mutation.error,
                    "entry": entry,
                    "chapter": run.chapter,
                    "preset": preset,
                    "caught": "yes" if caught else "no",
                    "caught_by": str(caught[0]) if caught else "",
                    "rows": len(caught),
                    "regression_rows": len(found) - len(caught),
                    "reason": mutation.missed.get(entry, ""),
                    "seconds": run.seconds,
                    "digest": mutation.digest,
                }
