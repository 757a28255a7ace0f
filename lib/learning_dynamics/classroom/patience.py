"""How long to wait for a notebook: by the time that it has had for itself, so that a busy machine takes none of it away."""

from pathlib import Path
from time import monotonic

MOST = 10
NANOSECONDS = 1e9


class Deadline:
    """The end of a time that a process has for itself.

    Time in which its main thread stood ready and the machine did other work does not count, where the system tells it (Linux); at
    most as much of it that the whole takes ten times as long.

    Parameters
    ----------
    seconds : float
    process : callable
        Returns the number of the process, or None while there is none.
    """

    def __init__(self, seconds, process):
        self.seconds, self.process = seconds, process
        self.start, self.before, self.last = monotonic(), self._waited(), 0.0

    @property
    def used(self):
        """Seconds that the process has had."""
        passed = monotonic() - self.start
        self.last = max(self.last, self._waited() - self.before)
        return max(passed - self.last, passed / MOST)

    @property
    def left(self):
        """Seconds that it has yet."""
        return max(0.0, self.seconds - self.used)

    def _waited(self):
        number = self.process()
        return 0.0 if number is None else waited(number)


def waited(number):
    """Seconds for which the main thread of a process has stood ready to run without running; 0 where nobody tells."""
    try:
        return int(Path(f"/proc/{number}/schedstat").read_text().split()[1]) / NANOSECONDS
    except (OSError, ValueError, IndexError):
        return 0.0


def first_child(number):
    """The first process that a process started and that is still there, or None."""
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return int(children[0])
    except (OSError, ValueError, IndexError):
        return None
