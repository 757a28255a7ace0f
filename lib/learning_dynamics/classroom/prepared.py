"""A process that has imported what notebooks of an assignment import, and of which a copy becomes the process of each notebook.

Started by `launch_confined` as root, with the files before it that notebooks see and an empty environment; it never runs what a student wrote. A copy takes
namespaces, user and limits of its own before it does, exactly as a process that is started for one notebook alone.
Started as ``python -m learning_dynamics.classroom.prepared SOCKET SETTINGS``: the number of a socket, and as JSON the functions to be watched and
the modules to be imported.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback

import numpy as np

from . import borrowing, launch_confined, runner

LARGEST, PIPES = 2**16, 4
ENDED = 1


def main():
    """Import, and answer requests until there are no more."""
    settings, taken = json.loads(sys.argv[2]), set()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    borrowing.watch(frozenset(settings["forbidden"]), taken.add)
    for name in settings["modules"]:
        with contextlib.suppress(Exception):  # a notebook that imports it is told why it cannot be
            importlib.import_module(name)
    gc.freeze()
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    connection.send(b'"ready"')
    while True:
        data, numbers, _, _ = socket.recv_fds(connection, LARGEST, PIPES)
        if not data:
            return
        connection.send(json.dumps(answer(json.loads(data), numbers, taken)).encode())


def answer(request, numbers, taken):
    """Start a copy, and give its number; or give the exit status of one, which is None while it runs."""
    if "wait" in request:
        number, status = os.waitpid(request["wait"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if number else None
    child = os.fork()
    if child == 0:
        become(request, numbers, taken)
    for number in numbers:
        os.close(number)
    return child


def become(wanted, numbers, taken):
    """As a copy: be the process of a notebook, which never returns."""
    try:
        launch_confined.prctl(launch_confined.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        keep_only(numbers)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        launch_confined.enter_namespaces(wanted, launch_confined.renew_view)
        launch_confined.limit(wanted["limits"])
        launch_confined.prctl(launch_confined.PR_SET_DUMPABLE, 1)  # as after a start of its own: it may look at its own /proc
        np.random.seed()  # noqa: NPY002  (the global generator of a notebook that sets no seed is not that of the others)
        runner.run(*numbers[:3], taken)
    except BaseException:  # whatever happens, a copy must not go on as what it is a copy of
        with contextlib.suppress(BaseException):
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(ENDED)


def keep_only(numbers):
    """Close all files but three pipes; the fourth becomes what is written to, and there is nothing to read."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, place in ((nothing, 0), (numbers[3], 1), (numbers[3], 2)):
        os.dup2(number, place)
    first = 3
    for number in sorted(numbers[:3]):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


if __name__ == "__main__":
    main()
