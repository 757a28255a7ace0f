"""The process that runs one job of `pool`: reads it from a folder, leaves its outcome there.

It ends, with its kernel, as soon as its standard input is closed: nothing goes on computing
when the process that wants the result is gone.
"""

import os
import pickle
import sys
import threading
import traceback
from pathlib import Path

import psutil

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.execution.executor import execute
from learning_dynamics.companion.execution.pool import Outcome
from learning_dynamics.companion.execution.staleness import fingerprint


def main():
    """Run the job in the folder that the first argument names."""
    folder = Path(sys.argv[1])
    end_with_parent()
    job, variables = pickle.loads((folder / "job").read_bytes())
    try:
        outcome = run(job, variables)
    except CompanionError as error:
        outcome = Outcome(error=str(error))
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome(error=f"{job.chapter} failed with {named(error)}.")
    (folder / "unfinished").write_bytes(pickle.dumps(outcome))
    (folder / "unfinished").replace(folder / "outcome")


def run(job, variables):
    """Run a job here, with so many environment variables for its kernel, and return its outcome."""
    key = fingerprint(job.project, job.chapter, job.preset)
    if job.expected and key != job.expected:
        raise CompanionError(
            f"{job.chapter} was not run: it, its library or its Python version are not those that the run was planned with."
        )
    source = job.project.notebook(job.chapter)
    summary = execute(
        source,
        job.target,
        parameters=job.parameters,
        results=job.results,
        cwd=source.parent,
        variables=variables,
        fingerprint=key,
        progress=False,
    )
    return Outcome(seconds=summary["seconds"])


def named(error):
    """An exception on one line: its type and what it says."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split())))).rstrip(".")


def end_with_parent():
    """End this process and its children as soon as its standard input is closed."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end():
    # Not through sys.stdin: Python aborts at its end where another thread holds the lock of that buffer.
    while os.read(0, 1):
        pass
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)
