"""Interactive explorers: tables on a grid of settings, interpolated in the page by its own script."""

import html
import itertools
import json
import os
from dataclasses import dataclass

import numpy as np

from .errors import CompanionError
from .records import RESULTS_VARIABLE

LARGEST_SCRIPT = 300_000
NODES = 4
STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A slider: name, label, bounds, start (above the lower bound); on a logarithmic scale if `log`."""

    name: str
    label: str
    low: float
    high: float
    start: float
    log: bool = True

    def as_record(self):
        """The slider for the page; positions count decades where it is logarithmic."""
        low, high, start = (float(np.log10(v)) if self.log else v for v in (self.low, self.high, self.start))
        return {"name": self.name, "label": self.label, "low": low, "high": high, "start": start, "log": self.log}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A list to choose from: name, label, and the options; the first is chosen at the start."""

    name: str
    label: str
    options: tuple

    def as_record(self):
        """The list for the page."""
        return {"name": self.name, "label": self.label, "options": list(self.options)}


class Table:
    """Curves tabulated on a grid of settings, and their interpolation by cubics through the 4 nearest nodes of an axis.

    Parameters
    ----------
    axes : dict
        Name of a slider → nodes, increasing; interpolation is in their logarithm.
    values : array_like of float, one axis for each of `axes` in their order, and a last one
        A curve of k entries at each node.
    unit : float
        The values are rounded to its multiples, as the page stores them.

    Raises
    ------
    CompanionError
        Where shapes do not fit, or a value is not finite.
    """

    def __init__(self, axes, values, *, unit):
        values = np.asarray(values, float)
        lengths = tuple(len(axis) for axis in axes.values())
        if values.shape[:-1] != lengths or min(lengths) < NODES:
            wanted = f"shape {(*lengths, 'k')} with {NODES} nodes or more an axis"
            raise CompanionError(f"values must have {wanted}, got {values.shape}.")
        if not np.isfinite(values).all():
            raise CompanionError("values must be finite.")
        self.axes = {name: np.log10(axis) for name, axis in axes.items()}
        self.stored, self.unit = np.rint(values / unit).astype(int), unit

    def at(self, **setting):
        """The curve at a setting, shape (k,); further names are ignored."""
        parts = [_weights(axis, np.log10(setting[name])) for name, axis in self.axes.items()]
        curve = 0.0
        for corner in itertools.product(*parts):
            weight = np.prod([w for _, w in corner])
            curve = curve + weight * self.stored[tuple(i for i, _ in corner)]
        return self.unit * curve

    def as_record(self):
        """The table for the page."""
        axes = [{"name": name, "nodes": axis.round(9).tolist()} for name, axis in self.axes.items()]
        return {"axes": axes, "unit": self.unit, "values": self.stored.tolist()}


class Explorer:
    """An interactive form of a figure, shown in its place on the built page.

    Parameters
    ----------
    figure : str
        Label of the figure that it replaces where the page's script runs.
    formula : str
        Name of the function in ``explorers.js`` that makes curves of the tables.
    controls : list of Slider and Choice
    tables : dict of Table
    axes : dict
        ``x`` and ``y``: label, low, high and, where logarithmic, ``log``.
    constants : dict
        Further numbers that the formula needs.

    Notes
    -----
    Outside a build it shows one line of text, so that a stored notebook holds no tables.
    """

    def __init__(self, figure, formula, *, controls, tables, axes, constants):
        self.figure, self.controls = figure, controls
        self.content = json.dumps(
            {
                "figure": figure,
                "formula": formula,
                "controls": [control.as_record() for control in controls],
                "tables": {name: table.as_record() for name, table in tables.items()},
                "axes": axes,
                "constants": constants,
            },
            separators=(",", ":"),
        ).replace("</", "<\\/")
        if len(self.content) > LARGEST_SCRIPT:
            size = len(self.content)
            raise CompanionError(f"the explorer of {figure} must stay below {LARGEST_SCRIPT} bytes, got {size}.")

    def __repr__(self):
        return f"Explorer of {self.figure}: {', '.join(control.label for control in self.controls)}"

    def _repr_html_(self):
        if not os.environ.get(RESULTS_VARIABLE):
            return None
        fields = "".join(_field(self.figure, control) for control in self.controls)
        return (
            f'<div class="explorer" data-figure="{self.figure}" hidden><form>{fields}'
            '<button type="reset">Reset</button></form><p class="reading"></p>'
            '<p class="visually-hidden" aria-live="polite"></p>'
            f'<script type="application/json">{self.content}</script></div>'
        )


def _field(figure, control):
    key, label = f"{figure}-{control.name}", html.escape(control.label)
    if isinstance(control, Choice):
        options = "".join(f"<option>{html.escape(option)}</option>" for option in control.options)
        return f'<p><label for="{key}">{label}</label><select id="{key}" name="{control.name}">{options}</select></p>'
    record = control.as_record()
    below = record["start"] - record["low"]
    step = below / max(round(STEPS * below / (record["high"] - record["low"])), 1)
    bounds = f'min="{record["low"]:.9g}" max="{record["high"]:.9g}" step="{step:.9g}" value="{record["start"]:.9g}"'
    return (
        f'<p><label for="{key}">{label}</label><input type="range" id="{key}" name="{control.name}" {bounds}>'
        f'<span class="value" data-of="{control.name}"></span></p>'
    )


def _weights(axis, x):
    """The nodes next to x and their weights in the polynomial through them."""
    first = int(np.clip(np.searchsorted(axis, x, side="right") - NODES // 2, 0, len(axis) - NODES))
    near = range(first, first + NODES)
    return [(i, float(np.prod([(x - axis[j]) / (axis[i] - axis[j]) for j in near if j != i]))) for i in near]
