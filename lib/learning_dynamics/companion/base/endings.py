"""How a process ended, in words; only one that the system ended for memory is said to lack memory."""

import signal
from pathlib import Path

COUNTERS = ("/proc/vmstat", "/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def memory_kills():
    """How many processes the system has ended so far because memory ran out; None where it does not tell."""
    found = [int(words[1]) for path in COUNTERS for words in _lines(path) if words[:1] == ["oom_kill"]]
    return sum(found) if found else None


def _lines(path):
    try:
        return [line.split() for line in Path(path).read_text("utf-8").splitlines()]
    except OSError:
        return []


def how_it_ended(status, kills_before):
    """The end of a process, to follow the word that names it.

    Parameters
    ----------
    status : int or None
        As `subprocess` gives it: negative for a signal; None where it is not known.
    kills_before : int or None
        `memory_kills` before the process began.
    """
    if status is None:
        return "died"
    if status >= 0:
        return f"ended with status {status}"
    name = f"signal {-status} ({_signal_name(-status)})"
    if -status != getattr(signal, "SIGKILL", None):
        return f"was ended by {name}"
    kills = memory_kills()
    if kills is None or kills_before is None:
        return f"was ended by {name}, as happens where memory runs out"
    if kills > kills_before:
        return f"was ended by {name}: memory ran out"
    return f"was ended by {name}, not for lack of memory"


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
