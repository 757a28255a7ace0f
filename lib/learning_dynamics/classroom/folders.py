"""Folders that are written: only those that are new, empty or ours, and never within what is read."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.ownership import require_outside_sources

MARKER = ".learning-dynamics"


def own_folder(path, what, others_allowed=()):
    """Make a folder ours, or refuse.

    Parameters
    ----------
    path : Path
        New, empty, or marked by an earlier call with the same `what`.
    what : str
        What the folder holds, one line.
    others_allowed : tuple of str
        Names that may stand in a folder that bears no mark yet.

    Raises
    ------
    CompanionError
        If it is a file, or holds anything else.
    """
    if path.exists() and not path.is_dir():
        raise CompanionError(f"{path} must be a folder, and is a file.")
    path.mkdir(parents=True, exist_ok=True)
    marker = path / MARKER
    held = marker.read_text("utf-8").strip() if marker.is_file() else None
    if held is None and {each.name for each in path.iterdir()} - set(others_allowed):
        raise CompanionError(f"{path} must be a new or empty folder, or one that this command has written; it holds other files.")
    if held not in (None, what):
        raise CompanionError(f"{path} holds the results of {held!r}; give another folder for {what!r}.")
    marker.write_text(f"{what}\n", "utf-8")


def classroom_folder(project, path):
    """Make a folder for what the command ``classroom`` writes, or raise a CompanionError; see `own_folder`."""
    check_classroom_folder(project, path)
    own_folder(path, "classroom", others_allowed=("guide.md", "guide.html", "student"))


def check_classroom_folder(project, path):
    """Raise a CompanionError where a folder lies among the sources, but for the place in ``_build`` that the command takes by itself."""
    if path != project.build / "classroom":
        require_outside_sources(project, path)


def refuse_nesting(folder, out):
    """Raise a CompanionError where one of two folders lies within the other."""
    one, other = Path(folder).resolve(), Path(out).resolve()
    if one == other or one in other.parents or other in one.parents:
        raise CompanionError(f"the folder of submissions {one} and that of results {other} must not lie within each other.")


@contextlib.contextmanager
def replace_folder(target):
    """A new folder to fill; in the end it takes the place of `target`, which is then complete or as before."""
    new = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    new.chmod(0o755)
    try:
        yield new
        old = new.with_name(new.name + "-old")
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)
