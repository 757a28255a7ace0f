"""Sphinx extension of the site: what makes a page of ours from one of Jupyter Book's."""

from pathlib import Path

PLAIN_FILES = ".nojekyll"
"""Tells GitHub Pages to serve folders whose names begin with an underscore, as those of Sphinx do."""

DEPRECATED_ROLES = (' role="doc-biblioentry"', ' role="list"')


def setup(app):
    """Connect the extension to Sphinx."""
    app.setup_extension("learning_dynamics.companion.site.addresses")
    app.setup_extension("learning_dynamics.companion.site.typesetting")
    app.setup_extension("learning_dynamics.companion.site.openings")
    app.setup_extension("learning_dynamics.companion.site.charts")
    app.setup_extension("learning_dynamics.companion.site.run_box")
    app.connect("builder-inited", _mark_plain_files)
    app.connect("html-page-context", _drop_deprecated_roles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _mark_plain_files(app):
    if app.builder.format == "html":
        (Path(app.outdir) / PLAIN_FILES).touch()


def _drop_deprecated_roles(app, pagename, templatename, context, doctree):
    for role in DEPRECATED_ROLES:
        context["body"] = context.get("body", "").replace(role, "")
