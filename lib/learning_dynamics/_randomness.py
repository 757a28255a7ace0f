"""Independent replicates of an experiment from one seed, with the same numbers for any number of workers."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import integer


def replicate(experiment, *, runs, seed, workers=None):
    """Run an experiment several times, each with a random generator of its own.

    Parameters
    ----------
    experiment : callable
        Called as ``experiment(rng)`` with a `numpy.random.Generator`. It runs in a thread, so it gains from workers as far
        as it spends its time in NumPy, LAPACK or compiled loops that release the lock of the interpreter.
    runs : int
        Number of replicates, at least 1.
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
    runs = integer("runs", runs, at_least=1)
    seed = integer("seed", seed, at_least=0)
    workers = available_processors() if workers is None else integer("workers", workers, at_least=1)
    generators = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(runs)]
    with one_blas_thread(), ThreadPoolExecutor(min(workers, runs)) as pool:
        return list(pool.map(experiment, generators))


def available_processors():
    """Return the number of processors that this process may use, at most ``NUMBA_NUM_THREADS`` where that is set."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, int(os.environ.get("NUMBA_NUM_THREADS") or processors))
