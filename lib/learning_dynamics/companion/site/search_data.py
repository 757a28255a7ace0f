"""What the search of the site knows: titles, headings and texts of its pages, and the words that lead to them."""

import json
import re
from html.parser import HTMLParser

from learning_dynamics.companion.base.yaml_files import read_yaml

DATA = "searchdata.js"
"""A script, and no data file, so that the search works where the site is opened from a folder."""

TERMS = "book/search.yml"
"""Words by which readers look for a page that does not have them in its title: page → words."""

HEADINGS = ("h1", "h2", "h3", "dt")
LEFT_OUT = ("pre", "script", "style", "svg", "button", "summary", "form", "nav")
HIDDEN = "hidden"
ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
SKIPPED = re.compile(r"<(mjx-math|pre)\b.*?</\1>", re.DOTALL)
"""Code, and what of a formula is drawn; its MathML follows."""

MATHML = re.compile(r"<math\b.*?</math>", re.DOTALL)

BREAKS = ("p", "li", "td", "th", "dd", "dt", "div", "h1", "h2", "h3", "figcaption", "section", "tr")


class Article(HTMLParser):
    """Reads an article: its title, the parts under its headings, its first paragraphs and its first figure."""

    def __init__(self):
        super().__init__()
        self.sections, self.tags, self.within = [], [], []
        self.title, self.summary, self.image = "", "", ""
        self.parts = [{"id": "", "title": "", "text": ""}]

    def handle_starttag(self, tag, attributes):
        """Follow an element."""
        attributes = dict(attributes)
        if tag == "section":
            self.sections.append(attributes.get("id", ""))
        if tag == "img" and not self.image:
            self.image = attributes.get("src", "")
        if tag in HEADINGS and not self.within and (tag != "dt" or "id" in attributes):
            own = attributes.get("id") or (self.sections[-1] if self.sections else "")
            self.parts.append({"id": "" if tag == "h1" else own, "title": "", "text": ""})
        hidden = tag in LEFT_OUT or "headerlink" in (attributes.get("class") or "")
        if hidden or tag in (*HEADINGS, "p") or tag in self.tags:
            self.tags.append(tag)
            self.within.append(HIDDEN if hidden else tag)

    def handle_endtag(self, tag):
        """Leave an element."""
        if tag in BREAKS:
            self._put(" ")
        if tag == "section" and self.sections:
            self.sections.pop()
        if tag in self.tags:
            place = len(self.tags) - 1 - self.tags[::-1].index(tag)
            del self.tags[place:], self.within[place:]

    def handle_data(self, data):
        """Put text where it belongs."""
        if HIDDEN not in self.within:
            self._put(data)

    def _put(self, data):
        in_heading = any(tag in HEADINGS for tag in self.within)
        self.parts[-1]["title" if in_heading else "text"] += data
        if "h1" in self.within:
            self.title += data
        elif self.title and "p" in self.within and not in_heading:
            self.summary += data


def read_page(page):
    """The article of a page: ``title``, ``parts`` (``id``, ``title``, ``text``), ``summary``, ``image``."""
    article = Article()
    found = ARTICLE.search(page)
    text = SKIPPED.sub("", found[0]) if found else ""
    article.feed(MATHML.sub(lambda formula: re.sub("<[^>]*>", "", formula[0]), text))
    parts = [{key: _tidy(value) for key, value in part.items()} for part in article.parts]
    return {
        "title": _tidy(article.title),
        "parts": [part for part in parts if part["title"] or part["text"]],
        "summary": _tidy(article.summary),
        "image": article.image,
    }


def _tidy(text):
    return " ".join(text.split())


def write_search_data(pages, source, static):
    """Write what the search loads.

    Parameters
    ----------
    pages : dict
        Name of a page, with its ending → what `read_page` gives.
    source : Path or None
        The assembled book; its file `TERMS` holds further words.
    static : Path
        Folder of the site's scripts.
    """
    path = source / TERMS if source else None
    terms = read_yaml(path) if path and path.exists() else {}
    known = [
        {"page": name, "title": page["title"], "parts": page["parts"], "terms": terms.get(name.removesuffix(".html"), [])}
        for name, page in sorted(pages.items())
        if page["title"]
    ]
    (static / DATA).write_text(f"window.bookPages = {json.dumps(known, ensure_ascii=False)};\n", "utf-8")
