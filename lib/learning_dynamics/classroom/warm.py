"""Caches that notebooks get copies of, so that none has to compile the library or search for fonts, made by running the master once; and what to import beforehand.

The master is ours; it runs in a process of its own that writes the caches, and nothing that a student wrote ever does.
"""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from learning_dynamics.companion.base.whole_files import write_whole

KINDS = {"matplotlib": "MPLCONFIGDIR", "numba": "NUMBA_CACHE_DIR"}
DONE = "done"
BENEATH = {
    "matplotlib.pyplot": ("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.image", "matplotlib.widgets")
}


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
    state = hashlib.sha256(assignment.path.read_bytes()).hexdigest()[:16]
    mark = folder / f"{assignment.name}-{state}-{DONE}"
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


def modules_of(assignment):
    """The modules that the cells of an assignment import which students are given, in order.

    `matplotlib.pyplot` is left to the notebook, since it looks for one as it is loaded; what it builds upon is not.
    """
    names = []
    for cell in assignment.master.cells:
        mark = cell.metadata["nbgrader"]
        if cell.cell_type == "code" and not (mark["solution"] or mark["grade"]):
            names += imported(cell.source)
    return tuple(dict.fromkeys(each for name in names for each in BENEATH.get(name, (name,))))


def imported(source):
    """The modules that a piece of code imports."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
    return names


def main():
    """Run the code cells of a notebook."""
    from learning_dynamics.companion.base.notebooks import read_notebook

    scope = {"__name__": "__main__"}
    for cell in read_notebook(Path(sys.argv[1])).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "<master>", "exec"), scope)


if __name__ == "__main__":
    main()
