"""Standard output and error that nothing depends on: a line that cannot be printed is not worth a result."""

import contextlib
import os
import sys


class _Tolerant:
    """A text stream that goes on where its reader has gone away, its disk is full, or it lacks a character."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self):
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def tolerant_output():
    """Let both streams show what they cannot encode as ``\\x..``, and swallow what cannot be written."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = map(_Tolerant, before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before
        _forget_unwritten(before)


def _forget_unwritten(streams):
    """Python itself would complain, and change the exit status, about what it cannot write at its end."""
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
