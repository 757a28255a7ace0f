"""The kernel of a chapter: this interpreter, whatever kernels are installed here, and how it ended."""

import json
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from learning_dynamics.companion.base.endings import how_it_ended, memory_kills
from learning_dynamics.companion.base.environment import kernel_environment, python_command

ARGUMENTS = ["--log-level=CRITICAL", "--HistoryManager.hist_file=:memory:"]
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


class KernelHome:
    """A folder in which one kernel runs, with what it leaves there.

    Attributes
    ----------
    manager_class : type
        For ``nbclient`` or ``papermill``: it starts this interpreter with `variables`.
    """

    def __init__(self, folder, variables):
        self.folder = folder
        self.log = folder / "kernel.log"
        self.environment = kernel_environment(folder) | variables
        self.kills_before = memory_kills()
        self.process = None
        self.manager_class = _manager_class(self)

    def ending(self):
        """How the kernel ended, with the last line that it printed."""
        status = self.process.poll() if self.process else None
        lines = _last_lines(self.log)
        return f"its kernel {how_it_ended(status, self.kills_before)}{f': {lines[-1]}' if lines else ''}"


@contextmanager
def kernel_home(parent=None, variables=None):
    """A `KernelHome` in a temporary folder inside `parent`, or where temporary folders are."""
    with tempfile.TemporaryDirectory(dir=parent, prefix=".kernel-", ignore_cleanup_errors=True) as name:
        yield KernelHome(Path(name), variables or {})


def _last_lines(log):
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return [line for line in COLOUR_CODES.sub("", text).splitlines() if line.strip()]


def _manager_class(home):
    class Manager(AsyncKernelManager):
        """Starts the interpreter that runs now, in the folder of `home`."""

        @property
        def kernel_spec(self):
            return KernelSpec(argv=python_command("kernel"), display_name="Python 3", language="python")

        def format_kernel_cmd(self, extra_arguments=None):
            return [*self.kernel_spec.argv, "-f", self.connection_file, *(extra_arguments or [])]

        async def _async_pre_start_kernel(self, **options):
            self.connection_file = str(home.folder / "connection.json")
            return await super()._async_pre_start_kernel(**{**options, "env": home.environment})

        async def _async_launch_kernel(self, command, **options):
            with home.log.open("ab") as log:
                await super()._async_launch_kernel(command, **{**options, "stderr": log})
            home.process = self.provisioner.process

    return Manager


@contextmanager
def installed_kernel():
    """Environment variables with which programs that look for a kernel called ``python3`` find this interpreter."""
    with tempfile.TemporaryDirectory(prefix="learning-dynamics-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        spec = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [*python_command("kernel"), "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}), "utf-8")
        paths = os.pathsep.join(filter(None, (str(folder / "jupyter"), os.environ.get("JUPYTER_PATH"))))
        yield kernel_environment(folder) | {"JUPYTER_PATH": paths}
