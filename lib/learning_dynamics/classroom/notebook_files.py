"""Reading a notebook that was handed in, whatever wrote it."""

import copy
import json
import warnings
from pathlib import Path

import nbformat

from learning_dynamics.companion.base.errors import first_line

ENCODINGS = "UTF-8, or in UTF-16 or UTF-32"
_IN_WORDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
_PARTS = {
    "code": {"metadata": {}, "source": "", "outputs": [], "execution_count": None},
    "markdown": {"metadata": {}, "source": ""},
    "raw": {"metadata": {}, "source": ""},
}
_OUTPUTS = {
    "stream": {"name": "stdout", "text": ""},
    "display_data": {"data": {}, "metadata": {}},
    "execute_result": {"data": {}, "metadata": {}, "execution_count": None},
    "error": {"ename": "", "evalue": "", "traceback": []},
}
"""What a cell and an output must have, and the empty value of it."""


def read_handed_in(data):
    """A notebook as it was handed in.

    Parameters
    ----------
    data : Path or bytes
        JSON in UTF-8, UTF-16 or UTF-32, with or without a mark.

    Returns
    -------
    (nbformat.NotebookNode or None, str)
        The notebook, with what its cells lack or have as null, and nothing; or None, and what is wrong with the file.
    """
    try:
        content = content_of(data)
    except OSError as error:
        return None, f"cannot be read ({error.strerror or first_line(error)})"
    if not content.strip():
        return None, "is empty"
    try:
        text = content.decode(json.detect_encoding(content))  # by its mark, or by where the first bytes are 0
    except UnicodeDecodeError:
        return None, f"is not a notebook (its text must be in {ENCODINGS})"
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return None, "is not a notebook (its text is not JSON)"
    return _as_notebook(known)


def _as_notebook(known):
    """The notebook that some JSON is, with what editors leave out or write as null, or None and why it is none."""
    if not isinstance(known, dict):
        return None, f"is not a notebook (its JSON is {_IN_WORDS.get(type(known), 'a number')})"
    if not isinstance(known.get("cells", known.get("worksheets")), list):
        return None, "is not a notebook (it has no list of cells)"
    odd = next((number for number, cell in enumerate(known.get("cells", ()), 1) if not _is_cell(cell)), None)
    if odd:
        return None, f"is not a notebook (cell {odd} is not in the form of a notebook)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubled cell ids, which are mended on reading
            notebook = nbformat.reads(json.dumps(_mended(known)), as_version=4)
            nbformat.validate(notebook, relax_add_props=True)
        return notebook, ""
    except nbformat.ValidationError as error:
        return None, f"is not a notebook ({_place(error)} is not in the form of a notebook)"
    except Exception:  # nbformat raises KeyError, AttributeError and others on odd content
        return None, "is not a notebook (its JSON is not in the form of a notebook)"


def _is_cell(cell):
    return isinstance(cell, dict) and isinstance(cell.get("cell_type"), str) and cell["cell_type"] in _PARTS


def _is_output(output):
    return isinstance(output, dict) and isinstance(output.get("output_type"), str) and output["output_type"] in _OUTPUTS


def _mended(known):
    """A notebook of which nothing that may be empty is missing or null; the cells' texts are as they were."""
    if "cells" not in known:
        return known
    cells = [_filled(cell, _PARTS[cell["cell_type"]]) for cell in known["cells"]]
    for cell in cells:
        if isinstance(cell.get("outputs"), list):
            outputs = filter(_is_output, cell["outputs"])
            cell["outputs"] = [_filled(output, _OUTPUTS[output["output_type"]]) for output in outputs]
    return _filled(known, {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}) | {"cells": cells}


def _filled(part, wanted):
    """A part of a notebook without its nulls, and with copies of what is wanted and is not there."""
    kept = {key: value for key, value in part.items() if value is not None}
    return copy.deepcopy(wanted) | kept


def _place(error):
    """Where the form of a notebook is broken."""
    path = list(error.relative_path)
    number = path[1] + 1 if path[:1] == ["cells"] and len(path) > 1 and isinstance(path[1], int) else None
    return f"cell {number}" if number else "its JSON"


def content_of(data):
    """The bytes of a file in a folder, or of one that came out of an archive."""
    return data.read_bytes() if isinstance(data, Path) else data
