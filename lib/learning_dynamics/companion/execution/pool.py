"""Several chapters at a time, each in a process of its own, held to its share of the processors."""

import pickle
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, fields
from pathlib import Path

from learning_dynamics._randomness import available_processors
from learning_dynamics.companion.base.endings import how_it_ended, memory_kills
from learning_dynamics.companion.base.environment import child_environment, python_command
from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.project import Project
from learning_dynamics.companion.execution.executor import clear_scratch

THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SECONDS_TO_STOP = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One execution of a chapter: `target` is its executed copy, `results` the folder of what it records.

    Where `expected` is given, the job is refused unless the chapter has this fingerprint when it starts.
    """

    project: Project
    chapter: str
    preset: str
    target: Path
    results: Path
    parameters: dict
    variables: dict = field(default_factory=dict)
    expected: str = ""

    def __reduce__(self):
        """Pickled as text: the path of one system cannot be read on another."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        places = {"project": (str(self.project.root), str(self.project.output))}
        return _job, ({**values, **places, "target": str(self.target), "results": str(self.results)},)


def _job(values):
    places = {
        "project": Project(*map(Path, values["project"])),
        "target": Path(values["target"]),
        "results": Path(values["results"]),
    }
    return Job(**{**values, **places})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended: its wall time, or the sentence that says why it failed."""

    seconds: float = 0.0
    error: str = ""


def run_all(jobs, *, done, started=None, workers=None):
    """Run jobs in processes of their own, several at a time.

    Parameters
    ----------
    jobs : list of Job
        Begun in this order.
    done : callable
        Called as ``done(job, outcome)`` in this thread as soon as a job has ended.
    started : callable, optional
        Called as ``started(job)`` when a job begins.
    workers : int, optional
        How many run at a time; as many as there are processors if omitted.  Each gets an equal
        share of the processors; the results do not depend on it.

    Raises
    ------
    CompanionError
        Where `workers` is less than 1.

    Notes
    -----
    A failing job is an outcome, not an exception.  Where this function is left by an exception,
    such as an interruption from the keyboard, the running jobs are ended with their kernels.
    """
    workers = checked_workers(workers)
    threads = max(1, available_processors() // workers)
    processes = _Processes(started or (lambda job: None))
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(processes.run, job, threads): job for job in jobs}
        try:
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise


def checked_workers(workers):
    """The number of jobs at a time: `workers`, or one a processor if that is None."""
    if workers is None:
        return available_processors()
    if workers < 1:
        raise CompanionError(f"workers must be at least 1, got {shown(workers)}.")
    return workers


def run_alone(job, threads):
    """Run one job in a process of its own with so many threads and return its outcome."""
    return _Processes(lambda job: None).run(job, threads)


class _Processes:
    """The processes that run now; each ends with this one, because it watches its standard input."""

    def __init__(self, started):
        self.started = started
        self.lock = threading.Lock()
        self.running = {}
        self.stopped = False

    def run(self, job, threads):
        variables = {**job.variables, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        with tempfile.TemporaryDirectory(prefix="learning-dynamics-") as name:
            folder = Path(name)
            (folder / "job").write_bytes(pickle.dumps((job, variables)))
            kills_before = memory_kills()
            process = self._start(job, folder)
            if process is None:
                return Outcome(error="not started.")
            status = process.wait()
            with self.lock:
                del self.running[process]
            process.stdin.close()
            outcome = folder / "outcome"
            if outcome.exists():
                return pickle.loads(outcome.read_bytes())
            return _died(job, how_it_ended(status, kills_before), folder / "log")

    def _start(self, job, folder):
        with self.lock, (folder / "log").open("wb") as log:
            if self.stopped:
                return None
            process = subprocess.Popen(
                [*python_command("worker"), str(folder)],
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self.running[process] = job
            self.started(job)
            return process

    def stop(self):
        with self.lock:
            self.stopped = True
            running = dict(self.running)
        for process in running:
            process.stdin.close()
        for process, job in running.items():
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
            clear_scratch(job.target)


def _died(job, ended, log):
    clear_scratch(job.target)
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    last = f" (the last that it printed: {lines[-1]})" if lines else ""
    return Outcome(error=f"{job.chapter} failed because its process {ended}{last}.")
