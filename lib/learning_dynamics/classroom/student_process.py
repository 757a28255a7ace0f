"""The trusted end of a student's process: send it cells, ask it for values, call its functions; and end it."""

import os
import select
import signal
import subprocess
from dataclasses import dataclass, field

from .isolation import User, dispose, scratch
from .patience import Deadline, first_child
from .starting import started
from .wire import HEADER, LARGEST, WireError, message_bytes, pack, take_message, unpack

CHUNK = 2**16
GRACE = 3.0
START = 60.0
MOST_OUTPUT = 6 * 2**20
MOST_RECEIVED = 96 * 2**20
MOST_OUTPUTS = 400
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
SHOWN = ("text/plain", "text/html", "text/markdown", "text/latex", *PICTURES)
DIED, TOO_MUCH = "the process of the notebook ended", "all its processes together took too much memory"
TOO_MUCH_MEMORY = 99


class NotStarted(Exception):
    """A process could not be started, which is no fault of the notebook."""


class KernelDied(Exception):
    """The student's process is gone; its message says why.

    `again` says whether that may be the machine's doing, so that it is worth another try; `stuck` whether it could not be interrupted.
    """

    def __init__(self, text, *, again=False, stuck=False):
        super().__init__(text)
        self.again, self.stuck, self.outputs = again, stuck, []


class StudentError(Exception):
    """What a student's function raised, as a name and a text."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}" if text else name)
        self.name, self.text = name, text


@dataclass
class Outcome:
    """What came of a cell: outputs as a notebook keeps them, the error as a text, whether it was stopped, and forbidden functions used."""

    outputs: list = field(default_factory=list)
    error: str = ""
    stopped: bool = False
    taken: frozenset = frozenset()


class StudentKernel:
    """A confined process with one notebook's names.

    Parameters
    ----------
    isolation : Isolation
    forbidden : frozenset of str
        Functions of the library whose use is to be noticed.
    seconds : float
        Processor time that it may use in all.

    Raises
    ------
    NotStarted
        If it does not answer.

    Notes
    -----
    All limits in seconds are of the time that the notebook has for itself, see `patience`; `spent` adds it up.
    """

    def __init__(self, isolation, forbidden=frozenset(), *, seconds=600):
        self.user, self.folder = User(isolation), scratch()
        self.nested, self.runner, self.spent = isolation.namespaces, None, 0.0
        self.taken = set()
        self.buffer, self.raw, self.received = bytearray(), bytearray(), 0
        commands, replies, interrupts = os.pipe(), os.pipe(), os.pipe()
        inner = (commands[0], replies[1], interrupts[0])
        self.process = started(isolation, forbidden, inner, self.folder, seconds, self.user.number)
        for number in inner:
            os.close(number)
        self.commands, self.replies, self.interrupts = commands[1], replies[0], interrupts[1]
        os.set_blocking(self.commands, False)
        self.out = self.process.stdout.fileno()
        try:
            self._receive(Deadline(START, self._main), lambda output: None)
        except (KernelDied, TimeoutError) as error:
            said = bytes(self.raw[-500:]).decode("utf-8", "replace").strip() or str(error) or f"no answer for {START:g} s"
            self.close()
            raise NotStarted(f"its process did not start ({said})") from None

    def _main(self):
        """The number of the process in which the notebook runs: within namespaces the child of the child of ours."""
        if not self.nested:
            return self.process.pid
        if self.runner is None:
            init = first_child(self.process.pid)
            self.runner = init and first_child(init)
        return self.runner

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """End the process and all that it started, and remove its folder; once is enough."""
        if self.commands is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()
        self.process.wait()
        for number in (self.commands, self.replies, self.interrupts):
            if number is not None:
                os.close(number)
        self.commands = self.replies = self.interrupts = None
        self.process.stdout.close()
        self.user.release()
        dispose(self.folder)

    def run(self, source, seconds):
        """Run a cell.

        Returns
        -------
        Outcome

        Raises
        ------
        KernelDied
            If the process ended, or had to be ended because the cell could not be interrupted. `outputs` holds what came until then.
        """
        outcome = Outcome()
        collected = Collected()
        try:
            reply, outcome.stopped = self._ask({"do": "run", "source": source}, seconds, collected.add)
            outcome.error = f"{reply.get('error') or ''}"[:2000]
        except KernelDied as error:
            error.outputs = collected.outputs
            raise
        collected.add_raw(bytes(self.raw))
        self.raw.clear()
        outcome.outputs, outcome.taken = collected.outputs, frozenset(self.taken)
        return outcome

    def values(self, names, seconds):
        """The values that names have in the notebook, those that are data; functions become callables. Others are left out.

        Raises StudentError where looking at a value raises.
        """
        reply, _ = self._ask({"do": "values", "names": sorted(names)}, seconds)
        if reply.get("kind") == "raised":
            raise _raised(reply)
        values = reply.get("value")
        if not isinstance(values, dict):
            return {}
        return {name: self._value(packed, seconds) for name, packed in values.items() if name in names}

    def _value(self, packed, seconds):
        try:
            return unpack(packed, lambda name: StudentFunction(self, name, seconds))
        except WireError as error:
            return StudentError("WireError", str(error))

    def call(self, name, arguments, options, seconds):
        """Call a function of the notebook.

        Arrays among `arguments` that the function changes are changed here, too. Raises StudentError where it raises.
        """
        callbacks = {}

        def keep(value):
            callbacks[str(len(callbacks))] = value
            return str(len(callbacks) - 1)

        message = {"do": "call", "name": name, "arguments": pack(arguments, keep), "options": pack(options, keep)}
        reply, _ = self._ask(message, seconds, callbacks=callbacks)
        if reply.get("kind") != "value":
            raise _raised(reply)
        try:
            for index, packed in (reply.get("changed") or {}).items():
                arguments[int(index)][...] = unpack(packed)
            return unpack(reply.get("value"))
        except (WireError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise StudentError(type(error).__name__, str(error)) from None

    def _ask(self, message, seconds, output=lambda output: None, callbacks=None):
        """Send a message and wait for the answer; after `seconds` interrupt, and after a while more end the process."""
        self.received, self.raw[:] = 0, b""
        deadline = Deadline(seconds, self._main)
        try:
            return self._answered(message, deadline, output, callbacks or {})
        finally:
            self.spent += deadline.used

    def _answered(self, message, deadline, output, callbacks):
        stopped, seconds = False, deadline.seconds
        self._send(message, deadline)
        while True:
            try:
                reply = self._receive(deadline, output)
            except TimeoutError:
                if stopped:
                    self.close()
                    raise KernelDied(f"it could not be interrupted after {seconds:g} s", stuck=True) from None
                stopped, deadline = True, Deadline(GRACE, self._main)
                os.write(self.interrupts, b"i")
                continue
            if reply.get("kind") != "callback":
                taken = reply.get("taken")
                self.taken = {f"{name}"[:80] for name in taken} if isinstance(taken, list) else set()
                return reply, stopped
            self._send(_answer(callbacks, reply), deadline)

    def _send(self, message, deadline):
        data = memoryview(message_bytes(message))
        while data:
            if self.commands is None:
                raise KernelDied(DIED, again=True)
            try:
                self._wait([], [self.commands], deadline)
                data = data[os.write(self.commands, data) :]
            except TimeoutError:
                self.close()
                raise KernelDied("it does not listen") from None
            except BrokenPipeError:
                raise self._death() from None

    @staticmethod
    def _wait(reading, writing, deadline):
        """The pipes to read from that are ready, when any pipe is; raises TimeoutError at the deadline."""
        while True:
            left = deadline.left
            readable, writable, _ = select.select(reading, writing, [], left)
            if readable or writable:
                return readable
            if left == 0:
                raise TimeoutError

    def _receive(self, deadline, output):
        """The next message that is no output."""
        while True:
            try:
                message = take_message(self.buffer)
            except WireError as error:
                self.close()
                raise KernelDied(f"it sent something else than data ({error})") from None
            if message is not None and message.get("kind") != "output":
                return message
            if message is not None:
                output(message.get("output"))
            else:
                self._read(deadline)

    def _read(self, deadline):
        """Read what has arrived; raises TimeoutError at the deadline."""
        if self.replies is None:
            raise KernelDied(DIED, again=True)
        watched = [self.replies] if self.process.stdout.closed else [self.replies, self.out]
        ready = self._wait(watched, [], deadline)
        if self.out in ready:
            self._read_raw()
        if self.replies in ready:
            chunk = os.read(self.replies, CHUNK)
            if not chunk:
                raise self._death()
            self.buffer += chunk
            self._count(len(chunk))

    def _read_raw(self):
        chunk = os.read(self.out, CHUNK)
        if not chunk:
            self.process.wait()
            self._drain()
            raise self._death()
        if len(self.raw) < MOST_OUTPUT:
            self.raw += chunk
        self._count(len(chunk))

    def _drain(self):
        """Read the answer that came with the end."""
        while len(self.buffer) < LARGEST + HEADER.size and select.select([self.replies], [], [], 0)[0]:
            chunk = os.read(self.replies, CHUNK)
            if not chunk:
                return
            self.buffer += chunk

    def _count(self, length):
        self.received += length
        if self.received > MOST_RECEIVED:
            self.close()
            raise KernelDied("it sent more than 96 MB at once")

    def _death(self):
        """The error that says why the process is gone. Anything but too much memory of its own may be the machine's doing."""
        try:
            status = self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            status = None
        return KernelDied(TOO_MUCH) if status == TOO_MUCH_MEMORY else KernelDied(DIED, again=True)


def _raised(reply):
    return StudentError(f"{reply.get('name')}"[:80], f"{reply.get('text')}"[:500])


class StudentFunction:
    """A function of the notebook, called from here with data."""

    def __init__(self, kernel, name, seconds):
        self.kernel, self.name, self.seconds = kernel, name, seconds

    def __call__(self, *arguments, **options):
        return self.kernel.call(self.name, arguments, options, self.seconds)


def _answer(callbacks, message):
    try:
        function = callbacks[f"{message.get('key')}"]
        return {"value": pack(function(*unpack(message.get("arguments"))))}
    except Exception as error:  # the student's code called with something that the function does not take
        return {"error": f"{type(error).__name__}: {error}"}


class Collected:
    """Outputs of a cell in the form of a notebook, as many and as large as are kept."""

    def __init__(self):
        self.outputs, self.size = [], 0

    def add(self, output):
        """Take one output; what is not of the known forms is dropped."""
        kept = _kept(output)
        if kept is None:
            return
        last = self.outputs[-1] if self.outputs else {}
        self.size += sum(len(text) for text in _texts(kept))
        if self.size > MOST_OUTPUT or len(self.outputs) >= MOST_OUTPUTS:
            return
        if kept["output_type"] == "stream" and last.get("output_type") == "stream" and last["name"] == kept["name"]:
            last["text"] += kept["text"]
        else:
            self.outputs.append(kept)

    def add_raw(self, data):
        """Take what was written past Python, by compiled code or other programs."""
        text = data[:MOST_OUTPUT].decode("utf-8", "replace")[:200_000]
        if text.strip():
            self.add({"output_type": "stream", "name": "stdout", "text": text})


def _texts(output):
    return [output.get("text", ""), *output.get("data", {}).values(), *output.get("traceback", ())]


def _kept(output):
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": f"{output.get('text')}"}
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": kind,
            "ename": f"{output.get('ename')}"[:200],
            "evalue": f"{output.get('evalue')}"[:2000],
            "traceback": [f"{each}"[:20_000] for each in lines[:60]] if isinstance(lines, list) else [],
        }
    data = output.get("data")
    if kind in ("display_data", "execute_result") and isinstance(data, dict):
        kept = {"output_type": kind, "data": {key: f"{data[key]}" for key in SHOWN if key in data}, "metadata": {}}
        return kept | ({"execution_count": None} if kind == "execute_result" else {})
    return None
