"""What the build adds to the figures of executed chapters: small pictures, data, anchors."""

import base64
import re
from io import BytesIO

import nbformat
from PIL import Image

from learning_dynamics.companion.records.recording import agreement_file

PICTURES = "_pictures"
"""Folder of the book with a small picture of every figure, ``<label>.png``."""

DATA = "_data"
"""Folder of the book with every figure's data, ``<label>.<series>.csv``."""

TABLE = re.compile(r"record\(\s*[\"']([\w-]+)[\"'],[^()]*?agreement=")
"""What a cell says that closes with the agreement table of an entry."""

PICTURE_SIZE = (560, 420)
PICTURE_COLOURS = 48


def figure_cells(notebook):
    """The figure cells of a notebook: label → cell, in order."""
    named = ((cell.metadata.get("mystnb", {}).get("figure", {}).get("name"), cell) for cell in notebook.cells)
    return {name: cell for name, cell in named if name}


def pictures(notebook):
    """A small picture of every figure that was drawn: label → bytes of a PNG file."""
    drawn = {label: _png(cell) for label, cell in figure_cells(notebook).items()}
    return {label: small_picture(png) for label, png in drawn.items() if png}


def _png(cell):
    shown = (output.get("data", {}).get("image/png") for output in cell.outputs)
    return next((base64.b64decode(text) for text in shown if text), None)


def small_picture(png):
    """A PNG file that fits into `PICTURE_SIZE`, in few colours, as transparent as the given one."""
    image = Image.open(BytesIO(png)).convert("RGBA")
    image.thumbnail(PICTURE_SIZE, Image.Resampling.LANCZOS)
    return _with_palette(image, PICTURE_COLOURS)


def light_picture(png):
    """The same PNG file with a palette of 256 colours: lines on a plain ground look the same, at a quarter of the bytes."""
    image = Image.open(BytesIO(png))
    return png if image.mode == "P" else min(png, _with_palette(image.convert("RGBA"), 256), key=len)


def _with_palette(image, colours):
    stream = BytesIO()
    image.quantize(colours, method=Image.Quantize.FASTOCTREE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def furnished(notebook, recorded):
    """A copy in which each figure's cell and each agreement table can be linked to, and its data downloaded.

    Parameters
    ----------
    notebook : NotebookNode
        An executed chapter.
    recorded : dict
        What it recorded: entry id → content, as ``read_results`` returns it.
    """
    labels = {id(cell): label for label, cell in figure_cells(notebook).items()}
    cells, tables = [], set()
    for cell in notebook.cells:
        label, table = labels.get(id(cell)), _table_of(cell)
        if label:
            cells.append(_markdown(f"code-{label}", f"({cell_anchor(label)})="))
        if table and table not in tables:
            cells.append(_markdown(f"table-{table}", f"({table_anchor(table)})="))
        cells.append(cell)
        files = recorded.get(label, {}).get("data", [])
        if files:
            cells.append(_links(f"data-{label}", f"Data: {download_links(label, files)}"))
        if recorded.get(table, {}).get("rows"):
            cells.append(_links(f"rows-{len(cells)}", f"Rows: {download_links(table, [agreement_file(table)])}"))
        tables.add(table)
    return nbformat.from_dict({**notebook, "cells": cells})


def _table_of(cell):
    found = TABLE.search(cell.source) if cell.cell_type == "code" else None
    return found.group(1) if found else None


def _links(name, text):
    return _markdown(name, f":::{{div}} figure-data\n{text}\n:::")


def _markdown(name, source):
    return nbformat.v4.new_markdown_cell(source, id=name[:64])


def cell_anchor(label):
    """The label of the cell that makes a figure."""
    return f"code-{label}"


def table_anchor(entry_id):
    """The label of an entry's first agreement table."""
    return f"table-{entry_id}"


def download_links(label, files):
    """Links to a figure's data files, each named by its series."""
    names = [(file.removeprefix(f"{label}.").removesuffix(".csv"), file) for file in files]
    return ", ".join(f"{{download}}`{series}.csv </book/{DATA}/{file}>`" for series, file in names)
