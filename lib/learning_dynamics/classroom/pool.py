"""Several submissions at a time, each worker a process of its own; a worker that ends costs its submission alone."""

import multiprocessing
from collections import deque
from multiprocessing.connection import wait

from .worker import serve

TRIES = 2
ENDED = "not graded: grading it ended the grading process twice"


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
        The result, or why there is none.
    """
    waiting, tries, busy = deque(jobs), dict.fromkeys(jobs, 0), {}
    try:
        for number in range(min(workers, len(jobs))):
            _give(_start(settings, number), waiting, busy, jobs)
        while busy:
            for connection in wait(list(busy)):
                worker, key = busy.pop(connection)
                try:
                    result = connection.recv()
                except (EOFError, OSError):
                    _end(worker)
                    worker = _start(settings, worker.number)
                    tries[key] += 1
                    if tries[key] < TRIES:
                        waiting.append(key)
                        result = None
                    else:
                        result = ENDED
                _give(worker, waiting, busy, jobs)
                if result is not None:
                    yield key, result
    finally:
        for worker, _ in busy.values():
            _end(worker)


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, settings, number):
        context = multiprocessing.get_context("spawn")
        self.number = number
        self.connection, inner = context.Pipe()
        self.process = context.Process(target=serve, args=(inner, *settings, number), daemon=True)
        self.process.start()
        inner.close()


def _start(settings, number):
    return _Worker(settings, number)


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
