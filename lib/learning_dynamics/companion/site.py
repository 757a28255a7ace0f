"""Sphinx extension of the site: what makes a page of ours from one of Jupyter Book's."""

from pathlib import Path

PLAIN_FILES = ".nojekyll"
"""Tells GitHub Pages to serve folders whose names begin with an underscore, as those of Sphinx do."""

EXPLORERS = "explorers.js"
DEPRECATED_ROLES = (' role="doc-biblioentry"', ' role="list"')


def setup(app):
    """Connect the extension to Sphinx."""
    app.setup_extension("learning_dynamics.companion.addresses")
    app.setup_extension("learning_dynamics.companion.typesetting")
    app.setup_extension("learning_dynamics.companion.openings")
    app.connect("builder-inited", _mark_plain_files)
    app.connect("html-page-context", _drop_deprecated_roles)
    app.connect("html-page-context", _load_explorers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _mark_plain_files(app):
    if app.builder.format == "html":
        (Path(app.outdir) / PLAIN_FILES).touch()


def _drop_deprecated_roles(app, pagename, templatename, context, doctree):
    for role in DEPRECATED_ROLES:
        context["body"] = context.get("body", "").replace(role, "")


def _load_explorers(app, pagename, templatename, context, doctree):
    if 'class="explorer"' in context.get("body", ""):
        app.add_js_file(EXPLORERS, loading_method="defer")
