"""BLAS and LAPACK on one thread, so that no number depends on how many processors a machine has."""

import functools

import scipy.linalg  # noqa: F401  (brings its own BLAS, which has to be loaded before it can be found)
from threadpoolctl import ThreadpoolController


def one_blas_thread():
    """Return a context in which BLAS and LAPACK use one thread."""
    return _controller().limit(limits=1, user_api="blas")


@functools.cache
def _controller():
    """Looked up once: the search through the libraries of the process takes milliseconds."""
    return ThreadpoolController()
