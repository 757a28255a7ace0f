"""Jobs on the workers of an existing Dask cluster.

A worker runs a job from its own clone of the repository, which must be the same as here (the job's fingerprint
decides), and hands back all files as bytes: no file system needs to be shared.
"""

import io
import tempfile
import zipfile
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from .errors import CompanionError
from .pool import Outcome, run_alone
from .project import find_project

SECONDS_TO_CONNECT = 10


def run_on_cluster(jobs, *, address, done):
    """Run jobs on a cluster, one on each of its threads at a time.

    Parameters
    ----------
    jobs : list of Job
        The files of a job appear in the folder of its `target`.
    address : str
        Of the scheduler, e.g. ``tcp://10.0.0.1:8786``.
    done : callable
        Called as ``done(job, outcome)`` in this thread as soon as a job has ended.

    Raises
    ------
    CompanionError
        Where Dask is not installed, the scheduler does not answer, has no worker, or is lost on the way.

    Notes
    -----
    A job whose worker dies is given to another one; it fails after as many deaths as the scheduler allows.  A result
    that has arrived is released at once, or the cluster would compute it again when its worker dies.
    """
    distributed = _distributed()
    with _connected(distributed, address) as client:
        futures = {client.submit(run_packed, job, key=f"{job.chapter}-{uuid4().hex}"): job for job in jobs}
        for future in distributed.as_completed(list(futures), loop=client.loop):
            job = futures.pop(future)
            outcome = _outcome(distributed, future, job)
            future.release()
            done(job, outcome)


def run_packed(job):
    """Run a job on this worker; returns its outcome, its files as bytes and the folder they were in."""
    with tempfile.TemporaryDirectory(prefix="learning-dynamics-") as name:
        folder = Path(name)
        here = replace(job, project=find_project(), target=folder / job.target.name, results=folder / job.results.name)
        outcome = run_alone(here, threads=1)
        return outcome, _pack(folder), name


def _distributed():
    try:
        import distributed
    except ImportError:
        raise CompanionError(
            "--scheduler needs Dask, which is not installed: make setup-dask or pip install -r requirements-dask.txt."
        ) from None
    return distributed


def _connected(distributed, address):
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise CompanionError(f"no Dask scheduler answers at {address!r}: {_first_line(error)}") from None
    if not client.scheduler_info()["workers"]:
        client.close()
        raise CompanionError(f"the Dask scheduler at {address} has no workers; start some and give the command again.")
    return client


def _outcome(distributed, future, job):
    try:
        outcome, packed, folder = future.result()
    except CancelledError:
        raise CompanionError("the Dask scheduler was lost; what has run is kept, the same command goes on.") from None
    except distributed.KilledWorker:
        why = "the workers that ran it died, as happens where memory runs out"
        return Outcome(error=f"{job.chapter} failed because {why}.")
    except Exception as error:
        return Outcome(error=f"{job.chapter} could not run on its worker: {type(error).__name__}: {_first_line(error)}")
    _unpack(packed, job.target.parent)
    return replace(outcome, error=outcome.error.replace(folder, str(job.target.parent)))


def _first_line(error):
    return str(error).strip().partition("\n")[0]


def _pack(folder):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def _unpack(packed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
