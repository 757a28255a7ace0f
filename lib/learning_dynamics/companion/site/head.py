"""What stands in the head of every page for those who pass it on: search engines, messengers, reference managers."""

import html
import json
import re
from urllib.parse import urljoin

from learning_dynamics.companion.base.yaml_files import read_yaml

HOME = "book/intro.html"
NOT_FOUND = "404.html"
CITATION = "CITATION.cff"
LONGEST = 160
"""Characters of a description that search engines show."""

CHAPTERS = re.compile(r"book/(?:random_matrix|time_scales|overparametrized|bridge)/")
ENTRANCE = "index.html"
ENTRANCE_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{book}</title>
<meta http-equiv="refresh" content="0; url={home}">
{canonical}</head>
<body><main><p><a href="{home}">{book}</a></p></main></body>
</html>
"""
NOT_FOUND_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Page not found — {book}</title>
{base}</head>
<body style="font-family: sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark">
<main>
<h1>This page does not exist</h1>
<p>It may have moved. Begin at <a href="{home}">{book}</a>, or search:</p>
<form action="search.html" method="get">
<label>Search this book <input type="search" name="q"></label> <button>Search</button>
</form>
</main>
</body>
</html>
"""


class Head:
    """Adds descriptions to pages.

    Parameters
    ----------
    pages : dict
        Name of a page → its title, summary and first image.
    base : str
        The site's public address, or nothing: then nothing that needs an address is written.
    source : Path or None
        The assembled book, for author and date.
    """

    def __init__(self, pages, base, source):
        self.pages, self.base = pages, base
        path = source / CITATION if source else None
        self.citation = read_yaml(path) if path and path.exists() else {}
        self.book = self.citation.get("title") or pages.get(HOME, {}).get("title", "")

    def added(self, name, page):
        """A page with its metadata; pages that are not of the book stay as they are."""
        known = self.pages.get(name)
        if not known or not known["title"]:
            return page
        tags = [*self._tags(name, known), f'<script type="application/ld+json">{self._linked_data(name, known)}</script>']
        return page.replace("</head>", "\n".join(tags) + "\n</head>", 1)

    def _tags(self, name, known):
        title, summary = plain_title(known["title"]), description(known["summary"])
        yield _tag("name", "description", summary)
        shown = {"title": title, "description": summary, "type": "book" if name == HOME else "article", "site_name": self.book}
        if self.base:
            shown["url"] = urljoin(self.base, name)
            if known["image"]:
                shown["image"] = urljoin(shown["url"], known["image"])
        yield from (_tag("property", f"og:{key}", value) for key, value in shown.items() if value)
        yield _tag("name", "twitter:card", "summary_large_image" if "image" in shown else "summary")
        yield _tag("name", "citation_title", title if name == HOME else f"{title}. {self.book}")
        yield from (_tag("name", "citation_author", author) for author in self._authors())
        if "date-released" in self.citation:
            yield _tag("name", "citation_publication_date", str(self.citation["date-released"]).replace("-", "/"))
        if self.base:
            yield _tag("name", "citation_public_url", urljoin(self.base, name))

    def _linked_data(self, name, known):
        kind = "Book" if name == HOME else "Chapter" if CHAPTERS.match(name) else "WebPage"
        about = {
            "@context": "https://schema.org",
            "@type": kind,
            "name": plain_title(known["title"]),
            "description": description(known["summary"]),
            "inLanguage": "en",
            "author": [{"@type": "Organization", "name": author} for author in self._authors()],
        }
        if kind != "Book":
            about["isPartOf"] = {"@type": "Book", "name": self.book}
        if self.base:
            about["url"] = urljoin(self.base, name)
        return json.dumps(about, ensure_ascii=False).replace("<", "\\u003c")

    def _authors(self):
        return [
            author.get("name") or f"{author['given-names']} {author['family-names']}"
            for author in self.citation.get("authors", [])
        ]

    def write_entrance(self, target):
        """Write the page that stands for the folder of the site and leads to the first one."""
        if HOME not in self.pages:
            return
        canonical = f'<link rel="canonical" href="{html.escape(urljoin(self.base, HOME))}">\n' if self.base else ""
        text = ENTRANCE_PAGE.format(book=html.escape(self.book), home=HOME, canonical=canonical)
        (target / ENTRANCE).write_text(text, "utf-8")

    def write_not_found(self, target):
        """Write the page that a server shows for an address that leads nowhere."""
        base = f'<base href="{html.escape(self.base)}">\n' if self.base else ""
        (target / NOT_FOUND).write_text(NOT_FOUND_PAGE.format(book=html.escape(self.book), home=HOME, base=base), "utf-8")


def plain_title(title):
    """A heading without its number."""
    return re.sub(r"^[\d.]+\s+", "", title)


def description(text):
    """The beginning of a text, cut at a word."""
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _tag(kind, name, content):
    return f'<meta {kind}="{name}" content="{html.escape(content)}">'
