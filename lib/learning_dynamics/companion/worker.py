"""The process that runs one job of `pool`: reads it from a folder, leaves its outcome there.

It ends, with its kernel, as soon as its standard input is closed: nothing goes on computing
when the process that wants the result is gone.
"""

import os
import pickle
import sys
import threading
from pathlib import Path

import psutil

from .errors import CompanionError
from .execution import execute
from .pool import Outcome
from .staleness import fingerprint


def main():
    """Run the job in the folder that the first argument names."""
    folder = Path(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job, variables = pickle.loads((folder / "job").read_bytes())
    try:
        outcome = run(job, variables)
    except CompanionError as error:
        outcome = Outcome(error=str(error))
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


def _end_with_parent():
    sys.stdin.buffer.read()
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
