"""The surroundings of the processes that we start: the same whatever shell, home and settings the reader has."""

import os
import sys
import sysconfig

from learning_dynamics._start import LIBRARY
from learning_dynamics.companion.base.errors import CompanionError, shown

DROPPED = ("PYTHONHOME", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONVERBOSE", "PYTHONWARNINGS")
"""Variables that change what a Python process does or prints."""

WHOLE_NUMBERS = ("NUMBA_NUM_THREADS",)
INLINE = "module://matplotlib_inline.backend_inline"


def child_environment():
    """The environment for a process of ours: text is UTF-8, the library is the one that runs here, and no window opens."""
    variables = {name: value for name, value in os.environ.items() if name not in DROPPED}
    variables |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "agg"}
    if str(LIBRARY) not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(LIBRARY), variables.get("PYTHONPATH"))))
    return variables


def kernel_environment(folder):
    """The environment for a kernel: pictures as in a bare one, and no settings of the reader's.

    Parameters
    ----------
    folder : Path
        An empty folder that stays while the kernel runs.
    """
    style, ipython = folder / "matplotlibrc", folder / "ipython"
    style.touch()
    ipython.mkdir(exist_ok=True)
    return child_environment() | {"MPLBACKEND": INLINE, "MATPLOTLIBRC": str(style), "IPYTHONDIR": str(ipython)}


def python_command(function):
    """The command that begins a process of ours with a function of ``learning_dynamics._start``."""
    return [sys.executable, "-c", f"from learning_dynamics._start import {function}; {function}()"]


def check_variables():
    """Raise a `CompanionError` where a variable of the environment would stop every computation.

    Numba refuses to be imported, in the middle of a chapter, where its number of threads is none.
    """
    for name in WHOLE_NUMBERS:
        text = os.environ.get(name, "")
        if text and not (text.strip().isdecimal() and int(text) >= 1):
            raise CompanionError(f"the environment variable {name} must be a whole number of at least 1, got {shown(text)}.")
