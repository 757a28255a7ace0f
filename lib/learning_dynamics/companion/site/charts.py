"""The charting library of the interactive figures: uPlot, from its installed package, loaded where such a figure comes into view."""

import re
from importlib.metadata import distribution
from pathlib import Path

PACKAGE = "uplot-python"
SCRIPT, STYLES = "uPlot.iife.js", "uPlot.min.css"
DELIVERED = "uplot.js"
OWN = "explorers.js"
STATIC = "_static"

INDENTED = re.compile(r"^[ \t]+", re.MULTILINE)
COMMENTS = re.compile(r"^//.*\n", re.MULTILINE)


def setup(app):
    """Connect the extension to Sphinx."""
    app.connect("builder-inited", _add_library)
    app.connect("html-page-context", _load_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def library(name):
    """The text of a file of the package."""
    package = distribution(PACKAGE)
    return Path(next(package.locate_file(file) for file in package.files if file.name == name)).read_text("utf-8")


def lean_script(text):
    """A script without indentation and whole lines of comments; the notice of its licence, a block, stays."""
    return COMMENTS.sub("", INDENTED.sub("", text))


def _add_library(app):
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / STATIC
    static.mkdir(parents=True, exist_ok=True)
    (static / DELIVERED).write_text(lean_script(library(SCRIPT)), "utf-8")
    (static / STYLES).write_text(library(STYLES), "utf-8")


def _load_figures(app, pagename, templatename, context, doctree):
    if 'class="explorer' in context.get("body", ""):
        place = f"{STATIC}/{DELIVERED}?v={distribution(PACKAGE).version}"
        app.add_css_file(STYLES)
        app.add_js_file(OWN, loading_method="defer", **{"data-chart": place})
