"""Sphinx extension that opens every chapter with its result: the first sentence, and below it the chapter's main picture.

An interactive figure that is marked so stands under this picture; without JavaScript the picture is all there is.

The registry names the figure.  The picture is the same file as the figure's own, so a page does not weigh more; it has no
number and no label, so nothing counts it; and notebooks and their downloads do not hold it.
"""

from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from learning_dynamics.companion.records.explorers import OPENS
from learning_dynamics.companion.records.registry import load_registry

REGISTRY = Path("book") / "registry.yml"
CLASS = "opening"

logger = logging.getLogger(__name__)


class opening(nodes.General, nodes.Element):
    """A picture with a caption and without a number."""


class opening_caption(nodes.General, nodes.TextElement):
    """What to see, and where the figure stands in full."""


def setup(app):
    """Connect the extension to Sphinx."""
    app.add_node(opening, html=(_begin_opening, _end_opening))
    app.add_node(opening_caption, html=(_begin_caption, _end_caption))
    app.connect("doctree-resolved", _open_chapter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def figure_of(source, page):
    """The label of the figure that opens a page of an assembled book, or nothing."""
    path = Path(source) / REGISTRY
    return load_registry(path).openings.get(page.removeprefix("book/"), "") if path.exists() else ""


def _open_chapter(app, doctree, page):
    label = figure_of(app.srcdir, page) if app.builder.format == "html" else ""
    if not label:
        return
    figure = next((one for one in doctree.findall(nodes.figure) if label in one["ids"]), None)
    picture = next(figure.findall(nodes.image), None) if figure else None
    result = next(doctree.findall(nodes.paragraph), None)
    if picture is None or result is None:
        logger.warning("the figure %r, which opens the page, has no picture", label, location=page)
        return
    numbers = app.env.toc_fignumbers.get(page, {}).get("figure", {}).get(label, ())
    result["classes"].append("result")
    shown = [_picture_of(figure, picture, app.config.numfig_format["figure"], numbers), *_moved(doctree)]
    place = result.parent.index(result) + 1
    result.parent[place:place] = shown


def _moved(doctree):
    """The outputs that hold interactive figures for the opening, taken out of their cells."""
    found = [node for node in doctree.findall(nodes.raw) if OPENS in node.astext()]
    for node in found:
        node.parent.remove(node)
    return found


def _picture_of(figure, picture, form, numbers):
    place = form % ".".join(map(str, numbers)) if numbers else "the figure"
    link = nodes.reference("", place, refid=figure["ids"][0], internal=True)
    caption = opening_caption("", "", *what_to_see(figure), nodes.Text(" In full: "), link, nodes.Text("."))
    return opening("", picture.deepcopy(), caption)


def what_to_see(figure):
    """The first words of a figure's caption, which its author set in bold type; all of a caption without such words."""
    caption = next(figure.findall(nodes.caption))
    bold = next(caption.findall(nodes.strong), caption)
    return [child.deepcopy() for child in bold.children]


def _begin_opening(translator, node):
    translator.body.append(f'<figure class="{CLASS}">\n')


def _end_opening(translator, node):
    translator.body.append("</figure>\n")


def _begin_caption(translator, node):
    translator.body.append("<figcaption>")


def _end_caption(translator, node):
    translator.body.append("</figcaption>\n")
