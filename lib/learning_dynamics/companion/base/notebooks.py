"""The forms of a notebook: as the repository keeps it, and as its readers download it."""

import nbformat

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.whole_files import write_whole

KEPT_METADATA = ("tags", "mystnb")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ABOUT = """\
This notebook is a page of the book *Learning dynamics, executed*, with the outputs that the book shows.
To run it, install the book's package where your Jupyter finds it: `python -m pip install "FOLDER[chapters]"`, where
`FOLDER` is a copy of the book's repository.  The extension `jupyterlab-myst` sets theorems, exercises and references
as the book does; without it they are plain text.
"""


def read_notebook(path):
    """Read a notebook as nbformat 4."""
    return nbformat.read(path, as_version=4)


def read_source(path):
    """Read a notebook of the book; a `CompanionError` names the file where it is none.

    That happens where two versions were merged by hand, or a disk was full.
    """
    try:
        notebook = read_notebook(path)
        for cell in notebook.cells:
            _ = cell.source, cell.metadata
    except (OSError, MemoryError):
        raise
    except Exception as error:  # nbformat raises its own errors, and KeyError or AttributeError on odd content
        raise CompanionError(f"{path} is not a notebook: {str(error).strip().partition(chr(10))[0][:200]}.") from None
    return notebook


def notebook_bytes(notebook):
    """A notebook as the content of its file, with a final newline."""
    return (nbformat.writes(notebook) + "\n").encode()


def write_notebook(notebook, path):
    """Write a notebook to a file, which stays as it was where the disk is full or the process is killed."""
    write_whole(path, notebook_bytes(notebook))


def cleaned(notebook):
    """A copy in the form that the repository keeps.

    Pictures are dropped (their text stands for them), execution counts run from 1, cell ids
    count the cells, and only the metadata `KEPT_METADATA` stay: a rerun that computes the
    same numbers gives the same file.
    """
    cells = []
    count = 0
    for index, cell in enumerate(notebook.cells, 1):
        new = _bare(cell, f"cell-{index:02d}")
        if cell.cell_type == "code":
            count += 1
            new["execution_count"] = count
            new["outputs"] = _joined([_cleaned_output(output, count) for output in cell.outputs if _is_kept(output)])
        cells.append(new)
    return _notebook(cells)


def published(notebook):
    """A copy of an executed notebook for its readers.

    Outputs stay with their pictures; times, folders and other traces of the run go.  A first
    cell, which the site leaves out, says how to run the notebook.
    """
    cells = [{"id": "about", "cell_type": "markdown", "metadata": {"tags": ["remove-cell"]}, "source": ABOUT}]
    for index, cell in enumerate(notebook.cells, 1):
        new = _bare(cell, f"cell-{index:02d}")
        if cell.cell_type == "code":
            new["execution_count"] = cell.execution_count
            new["outputs"] = [output for output in cell.outputs if _is_kept(output)]
        cells.append(new)
    return _notebook(cells)


def _bare(cell, name):
    metadata = {key: cell.metadata[key] for key in KEPT_METADATA if cell.metadata.get(key)}
    return {"id": name, "cell_type": cell.cell_type, "metadata": metadata, "source": cell.source}


def _notebook(cells):
    return nbformat.from_dict({"cells": cells, "metadata": NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5})


def _is_kept(output):
    return not (output.output_type == "stream" and output.name == "stderr")


def _joined(outputs):
    """Text printed in one go, whose parts arrive in as many outputs as it happens, made one output."""
    joined = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream":
            joined[-1]["text"] += output.text
        else:
            joined.append(output)
    return joined


def _cleaned_output(output, count):
    output = nbformat.from_dict(output)
    if output.output_type == "execute_result":
        output["execution_count"] = count
    if "data" in output:
        output["data"] = {kind: value for kind, value in output["data"].items() if not kind.startswith("image/")}
        output["metadata"] = {}
    return output
