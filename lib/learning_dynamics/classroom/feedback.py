"""Feedback pages that need nothing beside themselves: formulas as MathML, and no script or style from elsewhere."""

import html
import re

from bs4 import BeautifulSoup, NavigableString
from latex2mathml.converter import convert

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(\S|\S.*?\S)\$", re.DOTALL)
VERBATIM = {"code", "pre", "style", "title"}
ELSEWHERE = re.compile(r"^(https?:)?//")


def self_contained(page):
    """Return a page of HTML without scripts and outside styles, and with its TeX as MathML.

    Parameters
    ----------
    page : str
        Formulas stand between single or double dollar signs; in code they stay as they are, and so does what is no TeX.

    Returns
    -------
    str
    """
    soup = BeautifulSoup(page, "html.parser")
    for tag in [*soup("script"), *soup("link", href=ELSEWHERE)]:
        tag.decompose()
    for text in soup.find_all(string=FORMULA):
        if type(text) is NavigableString and not VERBATIM & {parent.name for parent in text.parents}:
            text.replace_with(BeautifulSoup(_with_mathml(str(text)), "html.parser"))
    return str(soup)


def _with_mathml(text):
    pieces, end = [], 0
    for match in FORMULA.finditer(text):
        pieces += [html.escape(text[end : match.start()], quote=False), _mathml(match)]
        end = match.end()
    return "".join([*pieces, html.escape(text[end:], quote=False)])


def _mathml(match):
    displayed, inline = match.groups()
    try:
        return convert(displayed or inline, display="block" if displayed else "inline")
    except Exception:  # a student may have written anything between two dollar signs
        return html.escape(match.group(), quote=False)
