"""Jobs on the workers of an existing Dask cluster.

A worker runs a job from its own clone of the repository, which must be the same as here (the job's fingerprint
decides) and have the same packages, and hands back all files as bytes: no file system needs to be shared.  What is sent
is text and numbers, no path, so the other side may be another system.
"""

import contextlib
import io
import re
import tempfile
import warnings
import zipfile
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.execution.executor import versions
from learning_dynamics.companion.execution.pool import Job, Outcome, run_alone

SECONDS_TO_CONNECT = 10
ADDRESS = re.compile(r"((tcp|tls|ucx|ws|wss)://)?(\[[0-9A-Fa-f:.%]+\]|[^\s/:\[\]]+):[0-9]{1,5}/?")


def run_on_cluster(jobs, *, address, done, say=print):
    """Run jobs on a cluster, one on each of its threads at a time.

    Parameters
    ----------
    jobs : list of Job
        The files of a job appear in the folder of its `target`.
    address : str
        Of the scheduler, e.g. ``tcp://10.0.0.1:8786``.
    done : callable
        Called as ``done(job, outcome)`` in this thread as soon as a job has ended.
    say : callable
        Takes a line, where there is no worker yet.

    Raises
    ------
    CompanionError
        Where Dask is not installed, the address is none, the scheduler does not answer, or is lost on the way.

    Notes
    -----
    Workers may come later: what is submitted waits, and makes an adaptive cluster start some.  A job whose worker dies
    is given to another one; it fails after as many deaths as the scheduler allows.  A result that has arrived is
    released at once, or the cluster would compute it again when its worker dies.
    """
    check_address(address)
    distributed = _distributed()
    with _connected(distributed, address) as client:
        try:
            futures = {client.submit(run_packed, _packed(job), key=f"{job.chapter}-{uuid4().hex}"): job for job in jobs}
            if not client.scheduler_info()["workers"]:
                say(f"waiting for workers of {address} (Ctrl-C ends it)")
            for future in distributed.as_completed(list(futures), loop=client.loop):
                job = futures.pop(future)
                outcome = _outcome(distributed, future, job)
                future.release()
                done(job, outcome)
        except (distributed.CommClosedError, TimeoutError):
            raise _lost() from None


def check_address(address):
    """Raise a `CompanionError` where a text is no address of a scheduler."""
    if not ADDRESS.fullmatch(address):
        raise CompanionError(f"no Dask scheduler answers at {shown(address)}: an address reads tcp://HOST:PORT.")


def _packed(job):
    """What a worker needs to know of a job, in text and numbers."""
    return {
        "chapter": job.chapter,
        "preset": job.preset,
        "target": job.target.name,
        "results": job.results.name,
        "parameters": job.parameters,
        "variables": job.variables,
        "expected": job.expected,
        "versions": versions(),
    }


def run_packed(packed):
    """Run a job on this worker; returns its outcome, its files as bytes and the folder they were in."""
    packed = dict(packed)
    differ = [
        f"{name} {there} there, {here} here"
        for name, there in packed.pop("versions").items()
        if there != (here := versions()[name])
    ]
    if differ:
        return Outcome(error=f"{packed['chapter']} was not run: its worker has other packages ({'; '.join(differ)})."), b"", ""
    with tempfile.TemporaryDirectory(prefix="learning-dynamics-") as name:
        folder = Path(name)
        places = {"target": folder / packed["target"], "results": folder / packed["results"]}
        outcome = run_alone(Job(**{**packed, **places}, project=find_project()), threads=1)
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
    class Client(distributed.Client):
        """A client that failed to connect ends silently when Python removes it."""

        def __del__(self):
            with contextlib.suppress(Exception):
                super().__del__()

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions on the other side: each job finds out for itself
            return Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise CompanionError(f"no Dask scheduler answers at {shown(address)}: {_first_line(error)}") from None


def _lost():
    return CompanionError("the Dask scheduler was lost; what has run is kept, the same command goes on.")


def _outcome(distributed, future, job):
    try:
        outcome, packed, folder = future.result()
    except CancelledError:
        raise _lost() from None
    except distributed.KilledWorker:
        return Outcome(error=f"{job.chapter} failed because the workers that ran it died.")
    except Exception as error:
        return Outcome(error=f"{job.chapter} could not run on its worker: {type(error).__name__}: {_first_line(error)}")
    if not packed:
        return outcome
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
