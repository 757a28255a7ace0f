"""BLAS and LAPACK on one thread, so that no number depends on how many processors a machine has."""

import functools
import os
import threading
from contextlib import contextmanager

import scipy.linalg  # noqa: F401  (brings its own BLAS, which has to be loaded before it can be found)
import threadpoolctl
from threadpoolctl import ThreadpoolController


class _SharedLimit:
    """One limit for all threads of the process: the first one in sets it, the last one out lifts it.

    The number of threads of a BLAS belongs to the process.  A limit for each caller would be lifted by the first of two
    threads that leaves, while the other one still computes.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Forget every holder, as in a process that was just forked: it has one thread, which is in no context."""
        self.lock, self.holders, self.limit = threading.Lock(), 0, None

    def enter(self):
        """Count a holder."""
        with self.lock:
            if not self.holders:
                _take_control()
                self.limit = _controller().limit(limits=1, user_api="blas")
            self.holders += 1

    def leave(self):
        """Count a holder less."""
        with self.lock:
            self.holders = max(self.holders - 1, 0)
            if not self.holders and self.limit is not None:
                _take_control()
                self.limit.restore_original_limits()
                self.limit = None
                _take_control()


def _take_control():
    """Let this thread change the limit: newer versions of threadpoolctl reserve that for the thread that changed it first."""
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    if hasattr(controller, "clear_controlling_thread"):
        controller.clear_controlling_thread(force=True)


@functools.cache
def _controller():
    """Looked up once: the search through the libraries of the process takes milliseconds."""
    return ThreadpoolController()


_SHARED = _SharedLimit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SHARED.reset)


@contextmanager
def one_blas_thread():
    """A context in which BLAS and LAPACK use one thread, whichever thread of the process calls them."""
    _SHARED.enter()
    try:
        yield
    finally:
        _SHARED.leave()
