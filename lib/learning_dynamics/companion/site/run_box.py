"""Sphinx extension: below the parameters of a chapter a box "Run it with your own parameters".

It holds the parameters as a table and the commands that run the chapter; ``run_box.js`` makes fields of the table's values,
checks what is typed and keeps the commands in step, and is loaded when the box is opened.  The notebook and its download do not hold it.
"""

import hashlib
import html
import json
from pathlib import Path

from docutils import nodes
from sphinx.util.osutil import relative_uri

from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.project import PRESETS
from learning_dynamics.companion.base.yaml_files import read_yaml
from learning_dynamics.companion.pages.links import binder_address
from learning_dynamics.companion.records.parameters import declared_needs, declared_parameters, names_in
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.site.openings import REGISTRY
from learning_dynamics.companion.site.page_formulas import page_formula
from learning_dynamics.companion.site.run_commands import as_text, papermill_command, rerun_command
from learning_dynamics.companion.site.source_archive import PLACE
from learning_dynamics.companion.site.text_pages import source_as_html

SCRIPT = "run_box.js"
CLASS = "run-box"
TITLE = "Run it with your own parameters"
NOTEBOOK = ".ipynb"
SETTINGS = "_config.yml"
SHOWN_PRESETS = ("quick", *(name for name in PRESETS if name != "quick"))
LOADED_WHEN_OPENED = """\
<script>
document.getElementById("run-it").addEventListener("toggle", () => {
  document.head.append(Object.assign(document.createElement("script"), { src: %s }));
}, { once: true });
</script>
"""
"""A first visit does without the script of the box."""

ESCAPED_END = "<\\/"
HEADINGS = "".join(
    f'<th role="columnheader" scope="col">{heading}</th>' for heading in ("parameter", "value", "allowed", "what it is")
)
COMMAND_NAMES = {"rerun": "The command:", "papermill": "The same with papermill:"}


def setup(app):
    """Connect the extension to Sphinx."""
    app.connect("doctree-resolved", _add_box)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_box(app, doctree, page):
    path = Path(app.env.doc2path(page))
    cell = _last_parameters(doctree) if app.builder.format == "html" and path.suffix == NOTEBOOK else None
    if cell is None:
        return
    source = read_source(path)
    chapter = page.removeprefix("book/")
    box = run_box(chapter, declared_parameters(source), declared_needs(source), _presets(app, chapter), _ways(app, page))
    if box:
        shown = box + LOADED_WHEN_OPENED % json.dumps(_script(app, page))
        cell.parent.insert(cell.parent.index(cell) + 1, nodes.raw("", shown, format="html"))


def _last_parameters(doctree):
    """The cell with the parameters or, where it follows, the one with those of a build."""
    cells = [
        node for node in doctree.findall(nodes.container) if {"tag_parameters", "tag_injected-parameters"} & {*node["classes"]}
    ]
    return cells[-1] if cells else None


def _presets(app, chapter):
    path = Path(app.srcdir) / REGISTRY
    registry = load_registry(path) if path.exists() else None
    return {name: registry.preset(chapter, name) if registry else {} for name in SHOWN_PRESETS}


def _ways(app, page):
    """Sentences on where source and notebook are had from."""
    here, (repository, branch) = app.builder.get_target_uri(page), _repository(Path(app.srcdir) / SETTINGS)
    _, archive = app.env.dlfiles.get(PLACE, (None, None))
    source = source_as_html(repository, relative_uri(here, f"_downloads/{archive}") if archive else "")
    notebook = relative_uri(here, f"_sources/{page}{NOTEBOOK}")
    sentences = [
        f"The commands run in {source}, after <code>make setup</code> and <code>source .venv/bin/activate</code>; for Windows see its "
        "<code>README.md</code>. With <code>--estimate</code> the first one says how long it would take, and runs nothing.",
        f'Or take the <a href="{html.escape(notebook)}" download>notebook</a> and change its cell of parameters; its first cell says '
        "what it needs to run.",
    ]
    binder = binder_address(repository, branch, f"{page}{NOTEBOOK}")
    return [*sentences, *([f'Or <a href="{html.escape(binder)}">open the notebook on Binder</a>.'] if binder else [])]


def _repository(settings):
    """Address and branch of the source; the theme's options hold those of Jupyter Book where there is no address."""
    named = (read_yaml(settings).get("repository") if settings.exists() else None) or {}
    return named.get("url", ""), named.get("branch", "main")


def _script(app, page):
    """Where the script stands, with a hash of it, so that browsers do not keep an old one."""
    folders = [Path(app.confdir) / folder for folder in app.config.html_static_path]
    content = next((path.read_bytes() for path in (folder / SCRIPT for folder in folders) if path.exists()), b"")
    place = relative_uri(app.builder.get_target_uri(page), f"_static/{SCRIPT}")
    return f"{place}?v={hashlib.sha256(content).hexdigest()[:10]}"


def run_box(chapter, declared, needs, presets, ways):
    """The box of a chapter.

    Parameters
    ----------
    chapter : str
        E.g. ``random_matrix/performance``.
    declared : dict
        As `declared_parameters` returns it.
    needs : list of Need
    presets : dict
        Name → what the preset changes in the defaults, in the order of the buttons.
    ways : list of str
        Sentences in HTML on where source and notebook are had from.

    Returns
    -------
    str
        HTML; nothing for a chapter without parameters.
    """
    if not declared:
        return ""
    rows = "".join(map(_row, declared.values()))
    rules = "".join(f"<li>{html.escape(_rule(need))}</li>" for need in needs)
    commands = {"rerun": rerun_command(chapter, "paper", {}), "papermill": papermill_command(chapter, {})}
    content = json.dumps(box_content(chapter, declared, needs, presets), separators=(",", ":"), ensure_ascii=False)
    return (
        f'<details class="{CLASS}" id="run-it"><summary>{TITLE}</summary><form novalidate autocomplete="off">'
        f'<table class="fields" role="table"><thead><tr role="row">{HEADINGS}</tr></thead><tbody>{rows}</tbody></table>'
        + (f'<p class="rules-name">The chapter needs</p><ul class="rules">{rules}</ul>' if needs else "")
        + "".join(_command(name, text) for name, text in commands.items())
        + "".join(f"<p>{sentence}</p>" for sentence in ways)
        + f'<script type="application/json">{content.replace("</", ESCAPED_END)}</script></form></details>\n'
    )


def _row(parameter):
    name, default = parameter.name, html.escape(as_text(parameter.default))
    cells = {"value": default, "range": html.escape(parameter.allowed or "any"), "help": html.escape(parameter.help)}
    shown = "".join(f'<td role="cell" class="{kind}" id="run-{name}-{kind}">{text}</td>' for kind, text in cells.items())
    return f'<tr role="row"><th role="rowheader" scope="row" id="run-{name}">{name}</th>{shown}</tr>'


def _rule(need):
    """What stands in the list of rules: the page checks what it can compute, and says so where it cannot."""
    return need.words if page_formula(need.formula) is not None else f"the command checks: {need.words}"


def _command(name, text):
    return (
        f'<p class="command-name">{COMMAND_NAMES[name]}</p><pre class="command" data-command="{name}">{html.escape(text)}</pre>'
    )


def box_content(chapter, declared, needs, presets):
    """What the script of the box knows, as JSON has it: values are texts, as the command line reads them."""
    return {
        "chapter": chapter,
        "parameters": [
            {"name": one.name, "type": one.type, "default": as_text(one.default), "allowed": one.allowed}
            for one in declared.values()
        ],
        "needs": [
            {"words": need.words, "names": names_in(need.formula, declared), "formula": page_formula(need.formula)}
            for need in needs
        ],
        "presets": {preset: {name: as_text(value) for name, value in changes.items()} for preset, changes in presets.items()},
    }
