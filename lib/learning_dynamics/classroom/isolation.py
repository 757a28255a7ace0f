"""What protects the teacher's machine from the notebooks, and how much of it this system offers."""

import errno
import os
import platform
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError, shown

PACKAGE = Path(__file__).resolve().parents[1]
LAUNCHER = Path(__file__).with_name("launch_confined.py")
SHARED = (
    "__init__.py",
    "checks.py",
    "parameters.py",
    "runner.py",
    "prepared.py",
    "launch_confined.py",
    "wire.py",
    "borrowing.py",
)
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/fonts", "/etc/localtime", "/etc/alternatives", "/etc/mime.types", "/nix/store"),
)
ISOLATE = ("auto", "required", "none")
FIRST_USER, USERS = 310_000, 50_000
START = 600  # seconds: however busy the machine is, weaker protection must not follow from it
GIGABYTE = 2**30
NO_THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")}
ALWAYS = "a process of its own with limits on time, memory, files and output, and an empty environment"
MORE = "no network, no file outside its own folder, a read-only library, and nothing outlives it"


@dataclass(frozen=True)
class Limits:
    """What one notebook may take: bytes of memory, of disk and of one file, and numbers of processes and open files."""

    memory: int = 4 * GIGABYTE
    disk: int = GIGABYTE // 8
    file: int = GIGABYTE // 16
    processes: int = 64
    files: int = 256


@dataclass(frozen=True)
class Isolation:
    """How a notebook is run: with namespaces or without, and folders that it must not see.

    To make its start quick, it gets copies of `caches`, pairs of folder and name, and `modules` are imported beforehand where that can be, see `prepared`.
    """

    namespaces: bool
    hidden: tuple = ()
    caches: tuple = ()
    modules: tuple = ()
    limits: Limits = Limits()

    def warmed(self, caches, modules):
        """The same with caches and modules."""
        return replace(self, caches=tuple(caches), modules=tuple(modules))

    @property
    def sentence(self):
        """One line that says what is in force."""
        if self.namespaces:
            return f"Protection: each notebook runs in {ALWAYS}; {MORE}."
        return f"Protection: each notebook runs in {ALWAYS}. NOT prevented here: network, reading your files, writing where you may write."


def chosen(isolate, hidden=()):
    """The isolation that ``--isolate`` asks for.

    Raises
    ------
    CompanionError
        If it is `required` and the system does not offer it, or is no known word.
    """
    if isolate not in ISOLATE:
        raise CompanionError(f"isolate must be one of {', '.join(ISOLATE)}, got {shown(isolate)}.")
    problem = "not wanted" if isolate == "none" else what_is_missing()
    if isolate == "required" and problem:
        raise CompanionError(
            f"isolation is required and this system does not offer it ({problem}); use a container or --isolate auto."
        )
    return Isolation(namespaces=not problem, hidden=tuple(str(Path(path).resolve()) for path in hidden))


@lru_cache(maxsize=1)
def what_is_missing():
    """Why notebooks cannot run in namespaces here, or an empty text: tried out, not guessed."""
    if sys.platform != "linux":
        return "it needs Linux"
    if platform.machine() not in ("x86_64", "aarch64"):
        return f"it is not known for {platform.machine()}"
    with tempfile.TemporaryDirectory() as folder:
        test = "import numpy, threading, os; t = threading.Thread(target=print); t.start(); t.join(); open('x', 'w').close(); print('yes')"
        command, environment = [sys.executable, "-c", test], clean_environment("/work")
        user = None
        try:
            user = User(Isolation(True))
            specification = specify(Isolation(True), command, environment, folder, 60, user.number)
            done = subprocess.run(launch(specification), capture_output=True, text=True, timeout=START, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{type(error).__name__}"
        finally:
            if user:
                user.release()
    return "" if done.stdout.strip().endswith("yes") else (done.stderr.strip().splitlines() or ["it did not start"])[-1]


def launch(specification):
    """The command that starts a confined program."""
    import json

    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(specification)]


class User:
    """A user that no other notebook on this machine has at the same time.

    Limits on the number of processes hold for all processes of a user, and those of a notebook that was ended may take a while to go. So each start of a
    notebook has a user of its own, drawn at random and held by a name in the kernel, which goes with the process that holds it.
    Only root can give others; `number` is None for anybody else.
    """

    def __init__(self, isolation):
        self.number, self.held = None, None
        while isolation.namespaces and os.getuid() == 0 and self.number is None:
            self._take(FIRST_USER + secrets.randbelow(USERS))

    def _take(self, number):
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0learning-dynamics-user-{number}")
            self.number, self.held = number, held
        except OSError as error:
            held.close()
            if error.errno != errno.EADDRINUSE:
                raise

    def release(self):
        """Let others have it."""
        if self.held:
            self.held.close()


def specify(isolation, command, environment, folder, seconds, user, prepares=False):
    """What the launcher has to know to run a command with a folder, empty or to be mounted upon, of its own."""
    return {
        "namespaces": isolation.namespaces,
        "prepares": prepares,
        "command": command,
        "environment": environment,
        "folder": str(folder),
        "mount_point": str(folder),
        "visible": visible(),
        "empty": [str(PACKAGE / "classroom"), *isolation.hidden],
        "shown_again": [str(PACKAGE / "classroom" / name) for name in SHARED],
        "copies": isolation.caches,
        "user": user,
        "limits": limits_of(isolation, seconds),
    }


def limits_of(isolation, seconds):
    """The limits of one notebook as the launcher sets them."""
    limits = vars(isolation.limits) | {"seconds": int(seconds) + 1}
    if not (isolation.namespaces and _counts_processes()):
        limits["processes"] = None
    return limits


def _counts_processes():
    """Whether the kernel counts processes for each user namespace by itself."""
    major, minor = (int(part) for part in platform.release().split(".")[:2])
    return os.getuid() == 0 or (major, minor) >= (5, 14)


def visible():
    """The folders of the system, of Python and of the library that a notebook needs, outer ones first."""
    python = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        str(Path(sys.executable).resolve().parent.parent),
        *site.getsitepackages(),
    }
    inner = sorted({os.path.abspath(path) for path in python} | {os.path.realpath(path) for path in python} | {str(PACKAGE)})
    return [*SYSTEM, *(path for path in inner if not path.startswith("/usr/") and path != "/usr")]


def clean_environment(home):
    """The whole environment of a notebook: nothing of the teacher's."""
    return {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HOME": home + "/home",
        "TMPDIR": "/tmp" if home == "/work" else home,
        "IPYTHONDIR": home + "/home/ipython",
        "MPLCONFIGDIR": home + "/home/matplotlib",
        "NUMBA_CACHE_DIR": home + "/home/numba",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PIP_NO_INDEX": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **NO_THREADS,
    }


def scratch():
    """A new empty folder for one notebook."""
    return Path(tempfile.mkdtemp(prefix="notebook-"))


def dispose(folder):
    """Remove such a folder, whatever has become of it."""
    shutil.rmtree(folder, ignore_errors=True)
