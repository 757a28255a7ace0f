"""Caches that notebooks get copies of, so that none has to compile the library or search for fonts: made by running the master once.

The master is ours; it runs in a process of its own that writes the caches, and nothing that a student wrote ever does.
"""

import os
import subprocess
import sys
from pathlib import Path

from .tables import write_whole

KINDS = {"matplotlib": "MPLCONFIGDIR", "numba": "NUMBA_CACHE_DIR"}
DONE = "done"


def warm_caches(folder, assignment, say=lambda text: None):
    """The caches for an assignment, as pairs of folder and name; made where they are not.

    Parameters
    ----------
    folder : Path
        For caches, one for each version of the library.
    assignment : Assignment
    say : callable
        Called with a line where there is something to wait for.
    """
    caches = {name: folder / name for name in KINDS}
    mark = folder / f"{assignment.name}-{DONE}"
    if not mark.exists():
        say("Preparing: running the master once.")
        for path in caches.values():
            path.mkdir(parents=True, exist_ok=True)
        variables = {KINDS[name]: str(path) for name, path in caches.items()}
        command = [sys.executable, "-m", "learning_dynamics.classroom.warm", str(assignment.path)]
        done = subprocess.run(
            command, env=os.environ | variables | {"MPLBACKEND": "agg"}, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            write_whole(mark, b"")
        else:
            say("The master did not run: " + (done.stderr.strip().splitlines() or ["no message"])[-1])
    return tuple((str(path), name) for name, path in caches.items())


def main():
    """Run the code cells of a notebook."""
    from learning_dynamics.companion.notebooks import read_notebook

    scope = {"__name__": "__main__"}
    for cell in read_notebook(Path(sys.argv[1])).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "<master>", "exec"), scope)


if __name__ == "__main__":
    main()
