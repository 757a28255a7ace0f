"""Starting the process of a notebook: by itself, or, where we are root, as a copy of one that has imported what it needs."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from time import monotonic, sleep

from .isolation import clean_environment, dispose, launch, limits_of, scratch, specify, visible

RUNNER, PREPARED = "learning_dynamics.classroom.runner", "learning_dynamics.classroom.prepared"
START, EVERY, LARGEST = 120.0, 0.005, 2**16
_kept = {}


def started(isolation, forbidden, pipes, folder, seconds, user):
    """Start the process of a notebook, confined as `isolation` says.

    Parameters
    ----------
    isolation : Isolation
    forbidden : frozenset of str
    pipes : tuple of int
        Commands, replies and interrupts, the ends that are the notebook's.
    folder : Path
        Empty.
    seconds : float
        Processor time.
    user : int or None

    Returns
    -------
    subprocess.Popen or Copy
    """
    copies = _copies(isolation, forbidden)
    if copies:
        with contextlib.suppress(OSError, ValueError):
            return copies.start(pipes, {"user": user, "visible": visible(), "limits": limits_of(isolation, seconds)})
        _kept.pop((isolation, forbidden), None)
    command = [sys.executable, "-m", RUNNER, *map(str, pipes), *sorted(forbidden)]
    home = "/work" if isolation.namespaces else str(folder)
    specification = specify(isolation, command, clean_environment(home), folder, seconds, user)
    return subprocess.Popen(
        launch(specification),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=pipes,
        env={},
    )


def _copies(isolation, forbidden):
    """What copies are made of, kept for the next notebook; None where there can be none."""
    if not (isolation.namespaces and isolation.modules and os.getuid() == 0):
        return None
    key = (isolation, forbidden)
    if key not in _kept or not _kept[key].alive:
        try:
            _kept[key] = Copies(isolation, forbidden)
        except (OSError, ValueError):
            return None
    return _kept[key]


class Copies:
    """A process of `prepared`, and what is asked of it. Raises OSError or ValueError where it does not do it."""

    def __init__(self, isolation, forbidden):
        self.connection, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.settimeout(START)
        self.folder = scratch()
        settings = json.dumps({"forbidden": sorted(forbidden), "modules": isolation.modules})
        command = [sys.executable, "-m", PREPARED, str(inner.fileno()), settings]
        specification = specify(isolation, command, clean_environment("/work"), self.folder, 0, None, prepares=True)
        with inner:
            self.process = subprocess.Popen(
                launch(specification),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[inner.fileno()],
                env={},
            )
        try:
            self._answer()
        except (OSError, ValueError):
            self.process.kill()
            self.process.wait()
            raise
        finally:
            dispose(self.folder)  # what is mounted upon it, the process alone sees

    @property
    def alive(self):
        """Whether it can be asked."""
        return self.process.poll() is None

    def start(self, pipes, wanted):
        """Start a copy."""
        output, inner = os.pipe()
        try:
            socket.send_fds(self.connection, [json.dumps(wanted).encode()], [*pipes, inner])
            return Copy(self, self._answer(), output)
        except (OSError, ValueError):
            os.close(output)
            raise
        finally:
            os.close(inner)

    def status(self, number):
        """The exit status of a copy, or None while it runs."""
        self.connection.send(json.dumps({"wait": number}).encode())
        return self._answer()

    def _answer(self):
        return json.loads(self.connection.recv(LARGEST))


class Copy:
    """The process of a notebook, with what is used of `subprocess.Popen`. Its number is its own until its end has been waited for."""

    def __init__(self, copies, pid, output):
        self.copies, self.pid, self.stdout, self.ended = copies, pid, io.FileIO(output), None

    def wait(self, timeout=None):
        """Its exit status; raises `subprocess.TimeoutExpired`."""
        end = None if timeout is None else monotonic() + timeout
        while self.ended is None:
            try:
                self.ended = self.copies.status(self.pid)
            except (OSError, ValueError):
                self.ended = -signal.SIGKILL  # it ended together with what it is a copy of
            if self.ended is None:
                if end is not None and monotonic() > end:
                    raise subprocess.TimeoutExpired(PREPARED, timeout)
                sleep(EVERY)
        return self.ended

    def kill(self):
        """End it."""
        if self.ended is None:
            os.kill(self.pid, signal.SIGKILL)
