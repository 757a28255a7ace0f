"""Where Numba and Matplotlib keep what they have made, on machines on which nothing can be written."""

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
PACKAGE = Path(__file__).resolve().parent


def provide_cache():
    """Let Numba compile for this process alone where it has no folder to keep its results in.

    Numba looks at the folder in ``NUMBA_CACHE_DIR``, at ``__pycache__`` beside the code, and at the reader's own cache, and
    refuses to import a cached function where it can write to none of them: in an installation that belongs to root,
    for a user without a home.  A temporary folder, removed at the end, then stands for them; processes that are
    started from here use it as well.
    """
    if importlib.util.find_spec("numba") is None or any(_is_writable(folder) for folder in _candidates()):
        return
    if _provide(VARIABLE):
        print(
            f"No folder for compiled code can be written to: it is compiled anew for this process ({VARIABLE}=FOLDER keeps it).",
            file=sys.stderr,
        )


def provide_settings():
    """Let Matplotlib keep its list of fonts for this process and its children where the reader has no home to keep it in."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if not os.environ.get("MPLCONFIGDIR") and not _is_writable(Path(home) / "matplotlib"):
        _provide("MPLCONFIGDIR")


def _provide(variable):
    """Set a variable of the environment to a temporary folder; whether there is one."""
    try:
        folder = tempfile.mkdtemp(prefix="learning-dynamics-")
    except OSError:
        return False
    os.environ[variable] = folder
    atexit.register(_remove, folder, os.getpid())
    return True


def _candidates():
    if os.environ.get(VARIABLE):
        yield Path(os.environ[VARIABLE])
    yield PACKAGE / "__pycache__"
    yield _own_cache()


def _own_cache():
    """The folder that Numba takes for the reader's own cache."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "numba" / "Cache"
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches")) / "numba"
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "numba"


def _is_writable(folder):
    """Found out by writing: what the access rights say is not true for every user and file system."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _remove(folder, process):
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
