"""How a process of the project begins: the packages of its own Python come before those that a shell adds.

Imported before anything else, so it uses the standard library alone.
"""

import os
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]


def pinned_first():
    """Let the folders of ``PYTHONPATH`` come last in the search for packages; this library stays where it was found.

    A shell that is set up for other work (ROS, modules of a cluster) may bring a NumPy of its own, which would be used in
    place of the pinned one.
    """
    given = {os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder}
    late = [folder for folder in sys.path if os.path.abspath(folder) in given and Path(folder).resolve() != LIBRARY]
    sys.path[:] = [folder for folder in sys.path if folder not in late] + late


def without_window():
    """Let Matplotlib draw into files, whatever the shell says; it does not even load where ``MPLBACKEND`` is a word that it does not know.

    To be called before Matplotlib is imported.  Kernels of ours are told to draw into the notebook, and are not concerned.
    """
    os.environ["MPLBACKEND"] = "agg"


def kernel():
    """Become an IPython kernel; the rest of the command line is the kernel's."""
    if sys.path and sys.path[0] == "":  # the kernel adds the working folder itself, after its own imports
        del sys.path[0]
    pinned_first()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


def worker():
    """Run one job of a build or of a sweep."""
    pinned_first()
    from learning_dynamics.companion.execution.worker import main

    main()


def renderer():
    """Be Jupyter Book, and end when the process that wants the site is gone."""
    pinned_first()
    from learning_dynamics.companion.execution.worker import end_with_parent

    end_with_parent()
    from jupyter_book.cli.main import main

    main()
