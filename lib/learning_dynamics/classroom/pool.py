"""Several submissions at a time, each worker a process of its own; a worker that ends costs its submission alone."""

import multiprocessing
import sys
from collections import deque
from multiprocessing.connection import wait

from .worker import serve

TRIES = 2
START = "forkserver" if sys.platform == "linux" else "spawn"  # imports are done once for all workers where that is safe
ENDED = "grading it ended the grading process"


def run_all(jobs, settings, workers):
    """Grade jobs, and give each result as soon as it is there.

    Parameters
    ----------
    jobs : dict
        Arguments of a job by its key.
    settings : tuple
        Assignment, isolation and time limit, see `worker.serve`.
    workers : int
        How many at a time, > 0.

    Yields
    ------
    (key, dict or str)
        The result, or, where none came in two tries, why not.
    """
    if START == "forkserver":
        multiprocessing.set_forkserver_preload([serve.__module__, "numba", "scipy.optimize"])
    waiting, tries, busy = deque(jobs), dict.fromkeys(jobs, 0), {}
    try:
        for _ in range(min(workers, len(jobs))):
            _give(_Worker(settings), waiting, busy, jobs)
        while busy:
            for connection in wait(list(busy)):
                worker, key = busy.pop(connection)
                try:
                    result = connection.recv()
                except (EOFError, OSError):
                    _end(worker)
                    worker, result = _Worker(settings), ENDED
                tries[key] += 1
                again = isinstance(result, str) and tries[key] < TRIES
                if again:
                    waiting.append(key)
                _give(worker, waiting, busy, jobs)
                if not again:
                    yield key, result
    finally:
        for worker, _ in busy.values():
            _end(worker)


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, settings):
        context = multiprocessing.get_context(START)
        self.connection, inner = context.Pipe()
        self.process = context.Process(target=serve, args=(inner, *settings), daemon=True)
        self.process.start()
        inner.close()


def _give(worker, waiting, busy, jobs):
    if not waiting:
        worker.connection.close()
        return
    key = waiting.popleft()
    worker.connection.send(jobs[key])
    busy[worker.connection] = (worker, key)


def _end(worker):
    worker.process.kill()
    worker.connection.close()
    worker.process.join()
