"""Sphinx extension of the site: maths without a network, and roles that screen readers know."""

import shutil
from importlib.metadata import distribution
from pathlib import Path

MATHJAX = "mathjax"
PLAIN_FILES = ".nojekyll"
"""Tells GitHub Pages to serve folders whose names begin with an underscore, as those of Sphinx do."""

MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2")
EXPLORERS = "explorers.js"
DEPRECATED_ROLES = (' role="doc-biblioentry"', ' role="list"')


def setup(app):
    """Connect the extension to Sphinx."""
    app.setup_extension("learning_dynamics.companion.addresses")
    app.connect("config-inited", _use_local_mathjax)
    app.connect("builder-inited", _copy_mathjax)
    app.connect("builder-inited", _mark_plain_files)
    app.connect("html-page-context", _drop_deprecated_roles)
    app.connect("html-page-context", _load_explorers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _use_local_mathjax(app, config):
    config.mathjax_path = f"{MATHJAX}/{MATHJAX_PARTS[0]}"


def _copy_mathjax(app):
    if app.builder.format != "html":
        return
    source = _mathjax_folder()
    target = Path(app.outdir) / "_static" / MATHJAX
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / part, target / part)


def _mark_plain_files(app):
    if app.builder.format == "html":
        (Path(app.outdir) / PLAIN_FILES).touch()


def _mathjax_folder():
    package = distribution("sphinx-mathjax-offline")
    return Path(next(package.locate_file(file) for file in package.files if file.name == MATHJAX_PARTS[0])).parent


def _drop_deprecated_roles(app, pagename, templatename, context, doctree):
    for role in DEPRECATED_ROLES:
        context["body"] = context.get("body", "").replace(role, "")


def _load_explorers(app, pagename, templatename, context, doctree):
    if 'class="explorer"' in context.get("body", ""):
        app.add_js_file(EXPLORERS, loading_method="defer")
