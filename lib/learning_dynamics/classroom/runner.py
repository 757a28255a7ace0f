"""The process in which a student's notebook runs: cells in, outputs out; names read and functions called on request.

It holds no hidden check, no master and no mark. Whatever its code does to it, it can only send data about itself.
Started as ``python -m learning_dynamics.classroom.runner COMMANDS REPLIES INTERRUPTS`` with the numbers of three pipes, or as a copy of `prepared`.
"""

import io
import os
import signal
import sys
import threading

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from . import borrowing
from .wire import message_bytes, pack, take_message, unpack

CHUNK = 2**16
MOST_TEXT = 200_000
KEEPS = "\n[the rest of this output was too long]\n"


class Pipe:
    """Messages to and from the process that started this one."""

    def __init__(self, commands, replies):
        self.commands, self.replies, self.buffer = commands, replies, bytearray()
        self.lock, self.owner = threading.RLock(), os.getpid()

    def send(self, **message):
        """Send a message; a forked copy of this process sends none."""
        if os.getpid() != self.owner:
            return
        data = memoryview(message_bytes(message))
        with self.lock:
            while data:
                data = data[os.write(self.replies, data) :]

    def receive(self):
        """Wait for the next message; None when the other side has gone."""
        while True:
            if os.getpid() != self.owner:
                os._exit(0)  # a copy that the notebook forked has nothing to say here
            message = take_message(self.buffer)
            if message is not None:
                return message
            chunk = os.read(self.commands, CHUNK)
            if not chunk:
                return None
            self.buffer += chunk


class Stream(io.TextIOBase):
    """Standard output as messages, up to a limit a cell."""

    encoding = "utf-8"

    def __init__(self, pipe, name):
        self.pipe, self.name, self.left = pipe, name, MOST_TEXT

    def writable(self):
        """True."""
        return True

    def write(self, text):
        """Send a text."""
        text = str(text)
        if os.getpid() != self.pipe.owner:
            os.write(1, text.encode("utf-8", "replace"))
        elif self.left > 0:
            kept = text[: self.left] + (KEEPS if len(text) > self.left else "")
            self.left -= len(text)
            self.pipe.send(kind="output", output={"output_type": "stream", "name": self.name, "text": kept})
        return len(text)


class Publisher(DisplayPublisher):
    """Sends what a cell displays."""

    def publish(self, data, metadata=None, **options):
        """Send a mapping of formats."""
        self.shell.pipe.send(kind="output", output={"output_type": "display_data", "data": _texts(data), "metadata": {}})

    def clear_output(self, wait=False):
        """Nothing is taken back."""


class Hook(DisplayHook):
    """Sends the value of a cell's last line."""

    def write_output_prompt(self):
        """There is no prompt."""

    def write_format_data(self, format_dict, md_dict=None):
        """Send a mapping of formats."""
        output = {"output_type": "execute_result", "data": _texts(format_dict), "metadata": {}, "execution_count": None}
        self.shell.pipe.send(kind="output", output=output)


class Shell(InteractiveShell):
    """IPython without history, files of its own, prompts or windows."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)

    def init_history(self):
        """Keep no history."""
        super().init_history()
        self.history_manager.enabled = False

    def enable_gui(self, gui=None):
        """There are no windows."""

    def ask_exit(self):
        """The notebook goes on."""

    def _showtraceback(self, etype, evalue, stb):
        error = {
            "output_type": "error",
            "ename": str(getattr(etype, "__name__", etype)),
            "evalue": str(evalue),
            "traceback": list(stb),
        }
        self.pipe.send(kind="output", output=error)


def _texts(data):
    return {str(key): _text(value) for key, value in data.items()}


def _text(value):
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    return value if isinstance(value, str) else str(value)


class Runner:
    """Does what it is told, one message at a time."""

    def __init__(self, pipe, taken):
        self.pipe, self.calls, self.busy = pipe, [], False
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        config.InteractiveShell.xmode = "Context"
        self.shell = Shell.instance(config=config)
        self.shell.pipe = pipe
        self.shell.display_pub.shell = self.shell
        self.taken = taken
        sys.stdout, sys.stderr = Stream(pipe, "stdout"), Stream(pipe, "stderr")

    def serve(self):
        """Answer messages until there are no more."""
        while (message := self.pipe.receive()) is not None:
            self.answer(message)

    def answer(self, message):
        """Answer one message."""
        sys.stdout.left = sys.stderr.left = MOST_TEXT
        self.taken.clear()
        try:
            self.busy = True
            reply = getattr(self, "do_" + message["do"])(message)
        except BaseException as error:  # whatever a student's code raises is an answer
            reply = {"kind": "raised", "name": type(error).__name__, "text": _said(error)}
        finally:
            self.busy = False
        self.pipe.send(**reply, taken=sorted(self.taken))

    def do_run(self, message):
        """Run a cell."""
        result = self.shell.run_cell(message["source"], store_history=False)
        error = result.error_before_exec or result.error_in_exec
        return {"kind": "done", "error": "" if error is None else f"{type(error).__name__}: {_said(error)}"}

    def do_values(self, message):
        """Read names; those that are not bound are left out."""
        space = self.shell.user_ns
        names = {name for name in message["names"] if name in space}
        return {"kind": "value", "value": {name: pack(space[name], lambda value, name=name: name) for name in names}}

    def do_call(self, message):
        """Call a function of the notebook, and say which of its arguments it changed."""
        arguments, options = unpack(message["arguments"], self._callback), unpack(message["options"], self._callback)
        before = [each.copy() if isinstance(each, np.ndarray) else None for each in arguments]
        value = self.shell.user_ns[message["name"]](*arguments, **options)
        changed = {
            str(index): pack(each)
            for index, (each, old) in enumerate(zip(arguments, before))
            if old is not None and not np.array_equal(each, old, equal_nan=each.dtype.kind in "fc")
        }
        return {"kind": "value", "value": pack(value), "changed": changed}

    def _callback(self, key):
        def function(*arguments):
            self.pipe.send(kind="callback", key=key, arguments=pack(arguments))
            message = self.pipe.receive()
            if message is None:
                raise SystemExit
            if "error" in message:
                raise ValueError(message["error"])
            return unpack(message["value"])

        return function


def _said(error):
    try:
        return str(error)[:2000]
    except BaseException:  # an error of a student's own may fail to say what it is
        return ""


def _listen(pipe, main, runner):
    while os.read(pipe, 1):
        if runner.busy:
            signal.pthread_kill(main, signal.SIGINT)


def _interrupt(runner):
    def handler(number, frame):
        if runner.busy:
            raise KeyboardInterrupt("this took too long")

    return handler


def main():
    """Be the process of a notebook."""
    taken = set()
    borrowing.watch(frozenset(sys.argv[4:]), taken.add)
    run(*(int(text) for text in sys.argv[1:4]), taken)


def run(commands, replies, interrupts, taken):
    """Serve until the other side closes the pipe; `taken` is the set that `borrowing.watch` adds to."""
    for number in (commands, replies, interrupts):
        os.set_inheritable(number, False)
    runner = Runner(Pipe(commands, replies), taken)
    signal.signal(signal.SIGINT, _interrupt(runner))
    threading.Thread(target=_listen, args=(interrupts, threading.main_thread().ident, runner), daemon=True).start()
    runner.pipe.send(kind="ready")
    runner.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
