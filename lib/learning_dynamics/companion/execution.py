"""The one executor: runs a chapter through papermill and keeps its results."""

import contextlib
import json
import os
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

from .errors import CompanionError
from .notebooks import read_notebook, write_notebook
from .records import RESULTS_VARIABLE, read_results

SUMMARY = "chapter.json"
QUIET_KERNEL = "--log-level=CRITICAL"
SCRATCH = ".running-"
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
        Environment variables for its kernel.  They are set in this process as well while the
        notebook runs, and so is the working folder: one notebook at a time in a process.
    fingerprint : str
        What the outputs are made from, kept in the summary.
    progress : bool
        Whether to show a bar of its cells on standard error.

    Returns
    -------
    dict
        The content of the summary ``chapter.json`` in `results`.

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
        with _environment({**(variables or {}), RESULTS_VARIABLE: str(recorded)}):
            _run(source, ran, parameters, cwd, target, progress)
        summary = {
            "parameters": parameters,
            "fingerprint": fingerprint,
            "seconds": round(time.perf_counter() - started, 2),
            "python": platform.python_version(),
            "versions": {name: metadata.version(name) for name in PACKAGES},
        }
        (recorded / SUMMARY).write_text(json.dumps(summary, indent=1), "utf-8")
        add_computed_alt_texts(ran, recorded)
        shutil.rmtree(results, ignore_errors=True)
        recorded.replace(results)
        ran.replace(target)
    return summary


def clear_scratch(target):
    """Remove what a killed run of the same notebook left behind."""
    for folder in target.parent.glob(f"{_scratch_prefix(target)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _scratch_prefix(target):
    return f"{SCRATCH}{target.stem}-"


def _run(source, ran, parameters, cwd, target, progress):
    bar = {"file": sys.stderr, "leave": False, "desc": source.stem}
    try:
        papermill.execute_notebook(
            str(source),
            str(ran),
            parameters=parameters,
            kernel_name="python3",
            cwd=str(cwd),
            extra_arguments=[QUIET_KERNEL],
            progress_bar=bar if progress else False,
        )
    except PapermillExecutionError as error:
        where = f"in its code cell {error.exec_count} with {error.ename}: {error.evalue}"
        raise _failure(source, ran, target, where) from None
    except DeadKernelError:
        raise _failure(source, ran, target, "because its kernel died, as happens where memory runs out") from None


def _failure(source, ran, target, why):
    kept = target.with_name(f"{target.stem}.failed.ipynb")
    shutil.copyfile(ran, kept)
    return CompanionError(f"{source.name} failed {why} (as far as it ran: {kept}).")


@contextlib.contextmanager
def _environment(variables):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
