"""Files that are complete or as they were, whatever happens while they are written."""

import os
import tempfile
from pathlib import Path

READABLE = 0o644


def write_whole(path, content):
    """Let a file have this content of bytes, or stay as it was."""
    write_together({path: content})


def write_together(contents):
    """Let files have these contents, or all stay as they were: each is written beside its place before the first is replaced.

    Parameters
    ----------
    contents : dict
        Bytes by path; folders are made where they are missing.

    Raises
    ------
    OSError
        It names the file that could not be written, which the system does not do where a disk is full.
    """
    unfinished = {}
    try:
        for path, content in contents.items():
            path = path.resolve()
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(
                    prefix=".", suffix=".unfinished", dir=path.parent
                )  # of no other process or thread
                unfinished[path] = Path(name)
                os.close(handle)
                unfinished[path].write_bytes(content)
                unfinished[path].chmod(path.stat().st_mode if path.exists() else READABLE)
            except OSError as error:
                error.filename = str(path)
                raise
        for path, new in unfinished.items():
            new.replace(path)
    finally:
        for new in unfinished.values():
            new.unlink(missing_ok=True)
