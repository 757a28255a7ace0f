"""Interactive figures: formulas of the page's own script, and tables on a grid of settings that it interpolates."""

import html
import itertools
import json
import os
from dataclasses import dataclass

import numpy as np

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.recording import RESULTS_VARIABLE

LARGEST_SCRIPT = 150_000
NODES = 4
OPENS = 'class="explorer opens"'
"""How the HTML of a figure begins that opens its chapter."""
FORMULA_NOTE = "Computed on this page from the formula, within 10⁻⁶ of the library."
POSITIONS = 200
"""Places of a slider; the number beside it may be anything between its ends."""


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A slider with a number beside it.

    Parameters
    ----------
    name, label : str
    low, high, start : float
        Ends, which the slider reaches, and the value at the start.
    log : bool
        Whether the slider moves in the logarithm.
    whole : bool
        Whether the values are integers.

    Raises
    ------
    CompanionError
        If the start is outside the ends, or a logarithmic slider has an end <= 0.
    """

    name: str
    label: str
    low: float
    high: float
    start: float
    log: bool = True
    whole: bool = False

    def __post_init__(self):
        if not self.low <= self.start <= self.high or not self.low < self.high:
            raise CompanionError(f"start of {self.name} must be in [{self.low:g}, {self.high:g}], got {self.start:g}.")
        if self.log and self.low <= 0:
            raise CompanionError(f"low of {self.name}, whose slider is logarithmic, must be > 0, got {self.low:g}.")

    def allows(self, value):
        """Whether a setting may have this value."""
        return self.low <= value <= self.high

    def as_record(self):
        """The slider for the page."""
        names = ("name", "low", "high", "start", "log", "whole")
        return {name: getattr(self, name) for name in names}

    def fields(self, key):
        """The slider and the number beside it, of which the first has the label `key`."""
        number = f"{key}-number"
        step = "1" if self.whole else "any"
        return (
            f'<input type="range" id="{key}" name="{self.name}" min="0" max="{POSITIONS}" step="1">'
            f'<input type="number" id="{number}" name="{self.name} number" aria-label="{html.escape(self.label)}, as a number" '
            f'min="{self.low:.9g}" max="{self.high:.9g}" step="{step}" inputmode="decimal" required>'
        )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A list to choose from: name, label, and the options; the first is chosen at the start."""

    name: str
    label: str
    options: tuple

    def allows(self, value):
        """Whether a setting may have this value."""
        return value in self.options

    def as_record(self):
        """The list for the page."""
        return {"name": self.name, "options": list(self.options), "start": self.options[0]}

    def fields(self, key):
        """The list, which has the label `key`."""
        options = "".join(f"<option>{html.escape(option)}</option>" for option in self.options)
        return f'<select id="{key}" name="{self.name}">{options}</select>'


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis of a chart: label, ends, and whether it is logarithmic; without ends it reaches from -r to r as the formula says."""

    label: str
    low: float | None = None
    high: float | None = None
    log: bool = False

    def as_record(self):
        """The axis for the page."""
        return {"label": self.label, "low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of an interactive figure: two axes, the names of its curves, and whether these are drawn as points."""

    x: Axis
    y: Axis
    curves: tuple
    points: bool = False

    def as_record(self):
        """The chart for the page."""
        return {"x": self.x.as_record(), "y": self.y.as_record(), "curves": list(self.curves), "points": self.points}


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
        """The table for the page: of each curve the second differences, which are small numbers."""
        axes = [{"name": name, "nodes": axis.round(9).tolist()} for name, axis in self.axes.items()]
        steps = np.diff(self.stored, axis=-1, prepend=0)
        return {"axes": axes, "unit": self.unit, "steps": np.diff(steps, axis=-1, prepend=0).tolist()}


class Explorer:
    """An interactive figure, which stands beside a still one on the built page.

    Parameters
    ----------
    figure : str
        Label of the still figure that shows the same.
    formula : str
        Name of the function in ``explorers.js`` that makes curves of a setting.
    question : str
        What readers should predict before they move anything.
    charts : list of Chart
    controls : list of Slider and Choice
    tables : dict of Table, optional
    constants : dict, optional
        Further numbers that the formula needs.
    presets : dict of dict, optional
        Words on a button → values of controls; the others get those of the start.
    play : str, optional
        The slider that a button moves from end to end.
    note : str
        Where the curves come from, and how exact they are.
    opens : bool
        Whether the site shows it at the beginning of its chapter, under the picture that opens it.

    Raises
    ------
    CompanionError
        If a preset or `play` names no control, a value is outside its control, or the content is too long.

    Notes
    -----
    Outside a build it shows one line of text, so that a stored notebook holds no tables.
    """

    def __init__(
        self,
        figure,
        formula,
        *,
        question,
        charts,
        controls,
        tables=None,
        constants=None,
        presets=None,
        play=None,
        note=FORMULA_NOTE,
        opens=True,
    ):
        self.figure, self.question, self.controls, self.note, self.opens = figure, question, controls, note, opens
        self.presets, self.play = presets or {}, play
        self._check()
        self.content = json.dumps(
            {
                "figure": figure,
                "formula": formula,
                "charts": [chart.as_record() for chart in charts],
                "controls": [control.as_record() for control in controls],
                "tables": {name: table.as_record() for name, table in (tables or {}).items()},
                "constants": constants or {},
                "presets": list(self.presets.values()),
                "play": play,
            },
            separators=(",", ":"),
            allow_nan=False,
        ).replace("</", "<\\/")
        if len(self.content) > LARGEST_SCRIPT:
            size = len(self.content)
            raise CompanionError(f"the explorer of {figure} must stay below {LARGEST_SCRIPT} bytes, got {size}.")

    def _check(self):
        known = {control.name: control for control in self.controls}
        if self.play is not None and not isinstance(known.get(self.play), Slider):
            raise CompanionError(f"play must name a slider, got {self.play!r}.")
        for words, setting in self.presets.items():
            for name, value in setting.items():
                if name not in known or not known[name].allows(value):
                    raise CompanionError(
                        f"the preset {words!r} must set controls to values that they allow, got {name} = {value!r}."
                    )

    def __repr__(self):
        return f"Explorer of {self.figure}: {', '.join(control.label for control in self.controls)}"

    def _repr_html_(self):
        if not os.environ.get(RESULTS_VARIABLE):
            return None
        key = f"move-{self.figure}"
        fields = "".join(
            f'<p class="control"><label for="{key}-{control.name}">{html.escape(control.label)}</label>'
            f"{control.fields(f'{key}-{control.name}')}</p>"
            for control in self.controls
        )
        presets = "".join(f'<button type="button" class="preset">{html.escape(words)}</button>' for words in self.presets)
        play = '<button type="button" class="play">Play</button>' if self.play else ""
        return (
            f'<div class="explorer{" opens" if self.opens else ""}" id="{key}" data-figure="{self.figure}" role="group" '
            f'aria-labelledby="{key}-question"><p class="question" id="{key}-question">'
            f"<strong>Predict first:</strong> {html.escape(self.question)}</p>"
            '<div class="charts"></div><p class="reading"></p><p class="visually-hidden" aria-live="polite"></p>'
            f'<form novalidate>{fields}<p class="buttons">{play}{presets}<button type="reset">Reset</button>'
            f'<a class="setting" href="#{key}">Link to this setting</a></p></form>'
            f'<p class="note">{html.escape(self.note)}</p>'
            "<noscript><style>.explorer { display: none }</style></noscript>"
            f'<script type="application/json">{self.content}</script></div>'
        )


def _weights(axis, x):
    """The nodes next to x and their weights in the polynomial through them."""
    first = int(np.clip(np.searchsorted(axis, x, side="right") - NODES // 2, 0, len(axis) - NODES))
    near = range(first, first + NODES)
    return [(i, float(np.prod([(x - axis[j]) / (axis[i] - axis[j]) for j in near if j != i]))) for i in near]
