"""What every chapter does first: it sets the one figure style, and has its parameters checked."""

import os

import matplotlib as mpl
from cycler import cycler

from learning_dynamics.companion.records.parameters import require_parameters

INK = "#7d7d7d"

STYLES = (
    {"color": "#1f86c9", "linestyle": "-", "marker": "o"},
    {"color": "#d9541e", "linestyle": "--", "marker": "s"},
    {"color": "#2b9348", "linestyle": "-.", "marker": "^"},
    {"color": "#b65fc4", "linestyle": ":", "marker": "D"},
    {"color": "#a8780b", "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
)
"""Colour, line and marker of a figure's series; each alone tells the series apart."""

PUBLISHED = {
    "color": INK,
    "linestyle": "-",
    "linewidth": 0.7,
    "marker": "x",
    "markersize": 3.2,
    "markeredgewidth": 0.7,
    "zorder": 3,
}
"""Line of a curve that a paper draws: thin, grey, with small crosses at the points that were read."""


def use_style():
    """Set the book's figure style for this notebook, and check the parameters with which it runs.

    Pictures are transparent and read on a light and on a dark page.  Every colour of the style has a contrast of at least 3 on the white and on the dark
    background of the site.  Series differ in line and marker as well as in colour: draw the
    k-th with ``**STYLES[k]``.  Settings of the reader's own (a ``matplotlibrc``) do not reach it.

    The command line checks parameters before it starts a chapter.  Here they are checked before the chapter computes
    anything, for those who run it in Jupyter or with papermill.

    Raises
    ------
    CompanionError
        One sentence where a parameter is not what its declaration allows, see `require_parameters`.
    """
    from IPython import get_ipython  # only now: the command line has no need of it

    shell = get_ipython()
    if shell is not None:
        require_parameters(shell.user_ns, shell.user_ns.get("In", []))
        _draw_into_the_notebook(shell)
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 3.9),
            "figure.dpi": 144,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "savefig.transparent": True,
            "font.size": 11,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": False,
            "axes.prop_cycle": cycler(color=[style["color"] for style in STYLES]),
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
        }
    )


def _draw_into_the_notebook(shell):
    """Let pictures stand in the notebook where ``MPLBACKEND`` of the shell that started the kernel wants windows or files.

    Who has chosen with ``%matplotlib`` since then is left alone; ``agg`` is what Matplotlib takes where windows cannot be had.
    """
    wanted = os.environ.get("MPLBACKEND", "").lower()
    if hasattr(shell, "kernel") and wanted and "inline" not in wanted and mpl.get_backend().lower() in (wanted, "agg"):
        shell.enable_matplotlib("inline")
