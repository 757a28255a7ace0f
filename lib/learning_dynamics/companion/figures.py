"""What the build adds to the figures of executed chapters: small pictures, data, anchors."""

import base64
from io import BytesIO

import nbformat
from PIL import Image

PICTURES = "_pictures"
"""Folder of the book with a small picture of every figure, ``<label>.png``."""

DATA = "_data"
"""Folder of the book with every figure's data, ``<label>.<series>.csv``."""

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
    stream = BytesIO()
    image.quantize(PICTURE_COLOURS, method=Image.Quantize.FASTOCTREE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def furnished(notebook, recorded):
    """A copy in which each figure's cell can be linked to and its data downloaded.

    Parameters
    ----------
    notebook : NotebookNode
        An executed chapter.
    recorded : dict
        What it recorded: entry id → content, as ``read_results`` returns it.
    """
    labels = {id(cell): label for label, cell in figure_cells(notebook).items()}
    cells = []
    for cell in notebook.cells:
        label = labels.get(id(cell))
        if label:
            cells.append(_markdown(f"code-{label}", f"({cell_anchor(label)})="))
        cells.append(cell)
        files = recorded.get(label, {}).get("data", [])
        if files:
            cells.append(_markdown(f"data-{label}", f":::{{div}} figure-data\nData: {download_links(label, files)}\n:::"))
    return nbformat.from_dict({**notebook, "cells": cells})


def _markdown(name, source):
    return nbformat.v4.new_markdown_cell(source, id=name[:64])


def cell_anchor(label):
    """The label of the cell that makes a figure."""
    return f"code-{label}"


def download_links(label, files):
    """Links to a figure's data files, each named by its series."""
    names = [(file.removeprefix(f"{label}.").removesuffix(".csv"), file) for file in files]
    return ", ".join(f"{{download}}`{series}.csv </book/{DATA}/{file}>`" for series, file in names)
