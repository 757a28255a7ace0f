"""Long computations that end when they are interrupted.

Python acts on Ctrl-C between two steps of the main thread. So no compiled call lasts much longer than a second, and threads that
work for the main one look between two such calls whether it still waits for them.
"""

import threading
from contextlib import contextmanager

_LOCAL = threading.local()


class Abandoned(Exception):
    """Nobody waits for the result of this thread any more."""


@contextmanager
def wanted_until(event):
    """A context in which `look_up` raises once the `threading.Event` is set."""
    before = getattr(_LOCAL, "event", None)
    _LOCAL.event = event
    try:
        yield
    finally:
        _LOCAL.event = before


def look_up():
    """Raise `Abandoned` in a thread whose result is not wanted any more."""
    event = getattr(_LOCAL, "event", None)
    if event is not None and event.is_set():
        raise Abandoned


@contextmanager
def compiled_call():
    """A context for a compiled call that returns arrays.

    Numba turns an interrupt that comes while it makes them into a `SystemError`; it is made an interrupt again.
    """
    try:
        yield
    except SystemError as error:
        cause = error
        while isinstance(cause, SystemError):
            cause = cause.__cause__
        if isinstance(cause, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def in_parts(total, most):
    """Yield whole numbers of at least 1 and at most `most` that add up to `total`, and look up after each."""
    while total > 0:
        part = min(total, max(1, most))
        yield part
        look_up()
        total -= part
