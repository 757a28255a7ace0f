"""Whose a folder is: only what a command made is replaced, and one command at a time works in a folder.

A command marks the folder of its output with a file ``.made-by-<command>``, which lists what it makes there and is
locked while it runs.  The lock belongs to the process: it goes when the process goes, however that ends, and does not
depend on a process number, which another process, container or machine may have as well.
"""

import contextlib
import json
import os
import socket
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import is_root

try:
    import fcntl
except ImportError:
    fcntl = None
    import msvcrt

MARK = ".made-by-"
SOURCES = ("book", "lib", "tests", "classroom", "benchmarks", "_build", ".git", ".venv", ".ci", ".github", ".binder")
"""Folders of the repository into which no command writes results."""

FAR = 1 << 30
"""Windows locks bytes for readers too: one behind the content is locked."""


@contextlib.contextmanager
def claimed(folder, *, command, about, names, doing, trusted=False):
    """Hold a folder for one command.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    command : str
        The command that writes into it, e.g. ``"rerun"``.
    about : str
        What the folder is for, e.g. the chapter; a folder serves one purpose only.
    names : iterable of str
        Files and folders in it that the command makes or replaces.
    doing : str
        What goes on, as it shall stand behind "process 17 is".
    trusted : bool
        Whether what the folder holds is ours whether marked or not, as the repository's own ``_build`` is.

    Raises
    ------
    CompanionError
        One sentence, before anything is changed: something in the folder that this command did not make stands in the
        way, the folder lies inside the output of another command or serves another purpose, or the command runs there now.
    """
    names = tuple(names)
    if folder == folder.parent or folder == Path(os.path.expanduser("~")):
        raise CompanionError(f"--out must be a folder for results alone, got {folder}; name one in it.")
    try:
        _require_outside_other_output(folder)
        if not trusted:
            require_ours(folder, command=command, about=about, names=names)
    except OSError as error:
        raise _not_writable(folder, error) from None
    require_writable(folder)
    with _locked(folder / f"{MARK}{command}", folder, doing) as mark:
        made = set(_content(mark).get("names", ()))
        _write(mark, {"about": about, "names": sorted(made | set(names)), "process": os.getpid(), "host": _host()})
        yield


def require_ours(folder, *, command, about, names):
    """Raise a `CompanionError` where something stands in the way; see `claimed`."""
    marked = (folder / f"{MARK}{command}").is_file()
    content = _read(folder / f"{MARK}{command}")
    if content.get("about", about) != about:
        raise CompanionError(f"{folder} holds a {command} of {content['about']}; give another --out.")
    made = set(content.get("names", names)) if marked else set()
    for name in names:
        path = folder / name
        if path.is_symlink() or (path.exists() and name not in made):
            raise CompanionError(
                f"{path} stands in the way and was not made by this command; move it away or give another --out."
            )


def require_outside_sources(project, folder):
    """Raise a `CompanionError` where results would be written among the sources of a book.

    Parameters
    ----------
    project : Project or None
        Whose sources; every clone in which the folder lies counts too.
    folder : Path
    """
    around = [root for root in (folder, *folder.parents) if is_root(root)]
    for root in dict.fromkeys([*([project.root] if project else []), *around]):
        inside = [name for name in SOURCES if folder == root / name or root / name in folder.parents]
        if folder == root or inside:
            where = f"{inside[0]}/ of the repository" if inside else "the repository itself"
            raise CompanionError(f"--out must not be in {where}, got {folder}; a folder in runs/ is free.")


def require_writable(folder):
    """Make a folder for results, or raise a `CompanionError` that says why nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        try:
            probe.write_text("x")
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from None


def _not_writable(folder, error):
    return CompanionError(f"the output folder {folder} cannot be written to: {error.strerror or error}.")


def _require_outside_other_output(folder):
    """Nothing is put into what another command will replace as a whole, e.g. ``<output of a rerun>/results``."""
    below = folder
    for above in folder.parents:
        for mark in _marks(above):
            if below.name in _read(mark).get("names", ()):
                command = mark.name.removeprefix(MARK)
                raise CompanionError(f"{folder} lies in {below}, which a {command} made and replaces; give another --out.")
        below = above


def _marks(folder):
    try:
        return [path for path in folder.iterdir() if path.name.startswith(MARK)]
    except OSError:
        return []


@contextlib.contextmanager
def _locked(path, folder, doing):
    with open(path, "a+", encoding="utf-8") as mark:
        if not _lock(mark):
            holder = _read(path)
            where = f" on {holder['host']}" if holder.get("host", _host()) != _host() else ""
            raise CompanionError(
                f"process {holder.get('process', 'unknown')}{where} is {doing} in {folder}; wait for it or give another --out."
            )
        yield mark


def _lock(stream):
    """Whether this process got the lock; where the file system has no locks, it goes without."""
    try:
        if fcntl:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            stream.seek(FAR)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _read(path):
    try:
        return _checked(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _content(stream):
    stream.seek(0)
    return _checked(stream.read())


def _checked(text):
    """What a mark says; nothing where it was cut off by a full disk: then its folder counts as ours all the same."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("names"), list) else {}


def _write(stream, content):
    stream.seek(0)
    stream.truncate()
    stream.write(json.dumps(content, indent=1))
    stream.flush()


def _host():
    return socket.gethostname()
