"""Sphinx extension for the site's public address: its map for search engines, and pages that have moved; and that of its source."""

import html
import re
from pathlib import Path

from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from learning_dynamics.companion.base.errors import CompanionError, shown

BASE_VARIABLE = "BASE_URL"
REPOSITORY_VARIABLE = "REPO_URL"
SITEMAP = "sitemap.xml"
MOVED = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This page has moved</title>
<meta http-equiv="refresh" content="1; url={target}">
<script>location.replace("{target}" + location.hash)</script>
</head>
<body><p>This page has moved: <a href="{target}">{title}</a>.</p></body>
</html>
"""


def checked_base(address):
    """The public address of a site with a slash at its end; an empty address stays empty.

    Raises
    ------
    CompanionError
        Where it is no address of the web.
    """
    if address and not re.fullmatch(r"https?://[^\s/?#\"<>]+(/[^\s?#\"<>]*)?", address):
        raise CompanionError(
            f"{BASE_VARIABLE} (or html.baseurl in _config.yml) must be an address like "
            f"https://example.org/book/, got {shown(address)}."
        )
    return address if not address or address.endswith("/") else f"{address}/"


def checked_repository(address):
    """The public address of a repository without slash and ``.git`` at its end; an empty address stays empty.

    Raises
    ------
    CompanionError
        Where it is no address of a repository on the web.
    """
    if address and not re.fullmatch(r"https?://[^\s/?#\"<>]+(/[^\s/?#\"<>]+){2,}/?", address):
        raise CompanionError(
            f"{REPOSITORY_VARIABLE} (or repository.url in _config.yml) must be an address like "
            f"https://example.org/owner/name, got {shown(address)}."
        )
    return address.removesuffix("/").removesuffix(".git")


def setup(app):
    """Connect the extension to Sphinx; `moved_pages` maps names of old pages to new ones."""
    app.add_config_value("moved_pages", {}, "html", dict)
    app.connect("build-finished", _write_sitemap)
    app.connect("build-finished", _write_moved_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write_sitemap(app, failure):
    if failure or app.builder.format != "html":
        return
    path = Path(app.outdir) / SITEMAP
    if not app.config.html_baseurl:
        path.unlink(missing_ok=True)
        return
    places = [app.config.html_baseurl + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
    entries = "\n".join(f"<url><loc>{html.escape(place)}</loc></url>" for place in places)
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}\n</urlset>\n',
        "utf-8",
    )


def _write_moved_pages(app, failure):
    if failure or app.builder.format != "html":
        return
    for old, new in app.config.moved_pages.items():
        if new not in app.env.found_docs or old in app.env.found_docs:
            logging.getLogger(__name__).warning("moved_pages: %r cannot lead to %r", old, new)
            continue
        path = Path(app.outdir) / app.builder.get_target_uri(old)
        path.parent.mkdir(parents=True, exist_ok=True)
        target = relative_uri(app.builder.get_target_uri(old), app.builder.get_target_uri(new))
        title = html.escape(app.env.titles[new].astext())
        path.write_text(MOVED.format(target=target, title=title), "utf-8")
