"""Independent replicates of an experiment from one seed, with the same numbers for any number of workers."""

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from learning_dynamics._interruption import wanted_until
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import integer, size

MOST_RUNS = 10**7
"""More generators than that do not fit into the memory of a small machine, and all results are kept."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def replicate(experiment, *, runs, seed, workers=None):
    """Run an experiment several times, each with a random generator of its own.

    Parameters
    ----------
    experiment : callable
        Called as ``experiment(rng)`` with a `numpy.random.Generator`. It runs in a thread, so it gains from workers as far
        as it spends its time in NumPy, LAPACK or compiled loops that release the lock of the interpreter.
    runs : int
        Number of replicates, from 1 to 10^7.
    seed : int
        Seed, at least 0. Replicate number k gets the k-th child of ``numpy.random.SeedSequence(seed)``.
    workers : int, optional
        Number of threads; as many as the process may use processors if omitted.

    Returns
    -------
    list
        The results, in the order of the replicates.

    Raises
    ------
    TypeError, ValueError
        If `runs`, `seed` or `workers` is not allowed.

    Notes
    -----
    BLAS and LAPACK are held to one thread meanwhile. The results are the same to the last bit for any number of workers.
    """
    runs = integer("runs", integer("runs", runs, at_least=1), at_most=MOST_RUNS)
    seed = integer("seed", seed, at_least=0)
    workers = available_processors() if workers is None else size("workers", workers)
    abandoned = threading.Event()

    def run(k):
        with wanted_until(abandoned):
            return experiment(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,))))

    with one_blas_thread(), ThreadPoolExecutor(min(workers, runs)) as pool:
        try:
            return list(pool.map(run, range(runs)))
        except BaseException:  # an interrupt, too: the other threads then end at the next opportunity
            abandoned.set()
            raise


def available_processors():
    """Return the number of processors that this process may use, at most ``NUMBA_NUM_THREADS`` where that is set.

    A container's share of the processors counts: 2 where it may use 1.5 of 64.  A `ValueError` is raised where that variable
    holds no whole number of at least 1.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processors = min(processors, math.ceil(_quota() or processors))
    return min(processors, _thread_limit() or processors)


def _thread_limit():
    text = os.environ.get("NUMBA_NUM_THREADS", "").strip()
    if text and not (text.isdecimal() and int(text) >= 1):
        raise ValueError(f"NUMBA_NUM_THREADS must be a whole number of at least 1, got {text!r}.")
    return int(text or 0)


def _quota():
    """The processors that the control group of this process may use, as a number with a fraction; None without a limit."""
    for folder in (CONTROL_GROUPS, *_own_groups()):
        try:
            if (folder / "cpu.max").exists():
                allowed, period = (folder / "cpu.max").read_text().split()
            else:
                allowed, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if allowed != "max" and float(allowed) > 0:
                return float(allowed) / float(period)
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return None


def _own_groups():
    """The folders of the control groups of this process, in either version of that interface."""
    try:
        lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
        groups = [(kinds.split(","), path.lstrip("/")) for _, kinds, path in lines]
    except (OSError, ValueError):
        groups = []
    found = [CONTROL_GROUPS / path for kinds, path in groups if kinds == [""]]
    found += [CONTROL_GROUPS / "cpu" / path for kinds, path in groups if "cpu" in kinds]
    return [*found, CONTROL_GROUPS / "cpu"]
