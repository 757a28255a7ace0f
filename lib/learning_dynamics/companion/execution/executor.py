"""The one executor: runs a chapter through papermill and keeps its results."""

import hashlib
import json
import platform
import shutil
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.execution.notebook_kernel import ARGUMENTS, kernel_home
from learning_dynamics.companion.records.figures import figure_cells, pictures
from learning_dynamics.companion.records.recording import RESULTS_VARIABLE, read_results

SUMMARY = "chapter.json"
SCRATCH = ".running-"
TAKEN = "Address already in use"
FURTHER_STARTS = 2
"""Kernels that start at the same moment may choose the same port; then one of them starts again."""
PACKAGES = ("numpy", "scipy", "matplotlib", "numba", "papermill", "jupyter-book")


def execute(source, target, *, parameters, results, cwd, variables=None, fingerprint="", progress=True):
    """Run a notebook and keep its executed copy and its results.

    Both appear at their places only when the whole notebook has run.

    Parameters
    ----------
    source, target : Path
        The notebook and its executed copy; `source` is never written to.
    parameters : dict
        Checked values that differ from the defaults.
    results : Path
        Folder for what the notebook records, replaced as a whole.
    cwd : Path
        The folder in which the notebook runs.
    variables : dict, optional
        Environment variables for its kernel.  The working folder is that of this process as well while the
        notebook runs: one notebook at a time in a process.
    fingerprint : str
        What the outputs are made from, kept in the summary.
    progress : bool
        Whether to show a bar of its cells on standard error.

    Returns
    -------
    dict
        The content of the summary ``chapter.json`` in `results`: parameters, fingerprint, time, versions, and the hashes
        of all files, by which damage to them is noticed.

    Raises
    ------
    CompanionError
        Where a cell fails or the kernel dies; the sentence names the cell, the error and the
        notebook as far as it ran.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_scratch(target)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=_scratch_prefix(target)) as scratch:
        ran, recorded = Path(scratch) / target.name, Path(scratch) / "results"
        recorded.mkdir()
        started = time.perf_counter()
        with kernel_home(scratch, {**(variables or {}), RESULTS_VARIABLE: str(recorded)}) as home:
            _run(source, ran, parameters, cwd, target, progress, home)
        seconds = round(time.perf_counter() - started, 2)
        _require_pictures(source, ran)
        add_computed_alt_texts(ran, recorded)
        summary = {
            "parameters": parameters,
            "fingerprint": fingerprint,
            "seconds": seconds,
            "python": platform.python_version(),
            "interpreter": sys.executable,
            "versions": versions(),
            "notebook": file_hash(ran),
            "files": file_hashes(recorded),
        }
        (recorded / SUMMARY).write_text(json.dumps(summary, indent=1), "utf-8")
        put_in_place(recorded, results, Path(scratch))
        put_in_place(ran, target, Path(scratch))
    return summary


def versions():
    """The versions of the packages that numbers may depend on; a chapter runs without Numba, too."""
    return {name: _version(name) for name in PACKAGES}


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _require_pictures(source, ran):
    missing = sorted(set(figure_cells(notebook := read_notebook(ran))) - set(pictures(notebook)))
    if missing:
        raise CompanionError(f"{source.name} failed: its cell of the figure {missing[0]} ran and drew no picture.")


def put_in_place(new, place, scratch):
    """Let a file or folder take the place of another one, which ends up in `scratch`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.replace(scratch / f"{place.name}.before")
    new.replace(place)


def file_hash(path):
    """A hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def file_hashes(folder):
    """Name → hash of the files in a folder that a chapter recorded into."""
    return {path.name: file_hash(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != SUMMARY}


def damage(target, results):
    """What is wrong with the outputs of a chapter, in a few words, or nothing.

    Parameters
    ----------
    target, results : Path
        The executed copy and the folder of results, as given to `execute`.
    """
    summary = read_summary(results)
    if not {"fingerprint", "seconds", "notebook", "files"} <= set(summary):
        return f"{SUMMARY} is missing or cannot be read"
    expected = {target: summary["notebook"], **{results / name: value for name, value in summary["files"].items()}}
    for path, value in expected.items():
        if not path.is_file():
            return f"{path.name} is missing"
        if file_hash(path) != value:
            return f"{path.name} is damaged"
    return ""


def read_summary(results):
    """The summary in a folder of results; empty where there is none, or none that can be read."""
    try:
        content = json.loads((results / SUMMARY).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def clear_scratch(target):
    """Remove what a killed run of the same notebook left behind."""
    for folder in target.parent.glob(f"{_scratch_prefix(target)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _scratch_prefix(target):
    return f"{SCRATCH}{target.stem}-"


class _PortTaken(CompanionError):
    """A port that was free when it was chosen was taken before the kernel could use it."""


def _run(source, ran, parameters, cwd, target, progress, home):
    for _ in range(FURTHER_STARTS):
        try:
            return _start_and_run(source, ran, parameters, cwd, target, progress, home)
        except _PortTaken:
            home.log.unlink(missing_ok=True)
    return _start_and_run(source, ran, parameters, cwd, target, progress, home)


def _start_and_run(source, ran, parameters, cwd, target, progress, home):
    bar = {"file": sys.stderr, "leave": False, "desc": source.stem}
    try:
        papermill.execute_notebook(
            _plain(source),
            _plain(ran),
            parameters=parameters,
            kernel_name="python3",
            language="python",
            cwd=str(cwd),
            extra_arguments=[*ARGUMENTS],
            kernel_manager_class=home.manager_class,
            progress_bar=bar if progress else False,
        )
    except PapermillExecutionError as error:
        where = f"in its code cell {error.exec_count} with {error.ename}: {error.evalue}"
        raise _failure(source, ran, target, where) from None
    except DeadKernelError:
        raise _failure(source, ran, target, f"because {home.ending()}") from None
    except RuntimeError as error:
        if home.process is None or home.process.poll() is None:
            raise
        kind = _PortTaken if TAKEN in home.ending() else CompanionError
        raise _failure(source, ran, target, f"at its start ({error}): {home.ending()}", kind) from None


def _plain(path):
    """A path for papermill, which takes braces in a path for places of parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _failure(source, ran, target, why, kind=CompanionError):
    if not ran.exists():
        return kind(f"{source.name} failed {why}.")
    kept = target.with_name(f"{target.stem}.failed.ipynb")
    shutil.copyfile(ran, kept)
    return kind(f"{source.name} failed {why} (as far as it ran: {kept}).")


def add_computed_alt_texts(path, results):
    """Add the numbers that a notebook recorded to the alternative texts of its figures."""
    recorded = read_results(results)
    notebook = read_notebook(path)
    for cell in notebook.cells:
        mystnb = cell.metadata.get("mystnb", {})
        label = mystnb.get("figure", {}).get("name")
        computed = recorded.get(label, {}).get("alt")
        if computed:
            image = mystnb.setdefault("image", {})
            image["alt"] = f"{image.get('alt', '')} {computed}".strip()
    write_notebook(notebook, path)
