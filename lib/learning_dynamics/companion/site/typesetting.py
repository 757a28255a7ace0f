r"""Sphinx extension that typesets formulas while the site is built: readers' browsers run no script for them.

MathJax itself does the work, in an engine inside this process.  A formula becomes markup whose size is fixed by the style
sheet, so that the page does not move when the fonts arrive, with MathML beside it for screen readers.
"""

import atexit
import hashlib
import json
import re
import shutil
from importlib.metadata import distribution
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from learning_dynamics.companion.base.errors import CompanionError

RENDERER = "typeset"
STYLES = "typeset.css"
FONTS = "mathjax"
"""Folder of the fonts, beside the style sheet."""

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
FONTS_OF_THE_PACKAGE = "output/chtml/fonts/woff-v2"
SCRIPTS = (
    "loader.js",
    "core.js",
    "adaptors/liteDOM.js",
    "input/tex-full.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "a11y/assistive-mml.js",
)
TEX_PACKAGES = ("base", "ams", "newcommand", "configmacros", "textmacros", "boldsymbol")
BEGIN = "var MathJax = {}; 0"
PREPARE = """
const adaptor = MathJax._.adaptors.liteAdaptor.liteAdaptor();
MathJax._.a11y["assistive-mml"].AssistiveMmlHandler(MathJax._.handlers.html_ts.RegisterHTMLHandler(adaptor));
const chtml = new MathJax._.output.chtml_ts.CHTML({
  font: new MathJax._.output.chtml.fonts.tex_ts.TeXFont({fontURL: FONTS}), adaptiveCSS: false,
});
const tex = new MathJax._.input.tex_ts.TeX({
  packages: PACKAGES, macros: MACROS, tags: "none", formatError: (jax, error) => { throw new Error(error.message); },
});
const pages = MathJax._.mathjax.mathjax.document("", {InputJax: tex, OutputJax: chtml});
function typeset(formula, display) {
  const item = new pages.options.MathItem(formula, tex, display);
  item.start.node = adaptor.body(pages.document);
  item.setMetrics(16, 7, 1280, 1e6, 1);
  item.convert(pages);
  if (display) adaptor.setAttribute(item.typesetRoot, "style", "--ems: " + chtml.getBBox(item, pages).w.toFixed(1));
  return adaptor.outerHTML(item.typesetRoot);
}
function styles() { return adaptor.textContent(chtml.styleSheet(pages)); }
0
"""
SUPERFLUOUS = re.compile(r' (?:xmlns="[^"]*"|unselectable="on"|(?:data-mjx-)?texclass="\w+"|style="position: relative;")')
ALONE = re.compile(r"<mrow>(<(m[ion])\b[^>]*>[^<]*</\2>)</mrow>")
STYLE = re.compile(r' style="([^"]*)"')
FORM = 3
"""Counts the ways in which formulas were written down, so that old ones are not taken for new ones."""

PLACED = "mjx-container.MathJax { position: relative }\n"
"""What `SUPERFLUOUS` takes from every formula, said once."""

logger = logging.getLogger(__name__)


class Typesetter:
    """TeX → HTML; what was typeset before is read from a file, and the engine starts when it is first needed.

    Parameters
    ----------
    memory : Path
        File that keeps typeset formulas between builds.
    macros : dict
        Macros of the book, as MathJax takes them.
    """

    def __init__(self, memory, macros):
        self.memory = memory
        self.setup = _with_values(PREPARE, FONTS=FONTS, PACKAGES=TEX_PACKAGES, MACROS=macros)
        made_with = (self.setup, distribution(MATHJAX_PACKAGE).version, FORM)
        self.key = hashlib.sha256(repr(made_with).encode()).hexdigest()
        self.known = _remembered(memory, self.key)
        self.engine = None

    def html(self, formula, *, display):
        r"""The markup of a formula.

        Parameters
        ----------
        formula : str
            TeX without delimiters.
        display : bool
            Whether it stands on a line of its own.

        Raises
        ------
        CompanionError
            Where it is no TeX, or needs an unknown macro.
        """
        name = f"{'display' if display else 'inline'}: {formula}"
        if name not in self.known:
            self.known[name] = shortened(self._ask("typeset", formula, display))
        return self.known[name]

    def styles(self):
        """The style sheet of all formulas."""
        if "styles" not in self.known:
            self.known["styles"] = PLACED + self._ask("styles")
        return self.known["styles"]

    def close(self):
        """Write down what was typeset, and stop the engine."""
        self.memory.write_text(json.dumps({"key": self.key, "known": self.known}), "utf-8")
        self._stop()

    def _stop(self):
        if self.engine:
            self.engine.close()
            self.engine = None

    def _ask(self, function, *arguments):
        if self.engine is None:
            atexit.register(self._stop)  # a process does not end while its engine runs
            self.engine = _started(self.setup)
        try:
            return self.engine.call(function, *arguments)
        except JSEvalException as error:
            reason = re.search(r"Error: (.*)", str(error))
            raise CompanionError(f"the formula {arguments[0]!r} must be TeX that MathJax knows: {reason[1]}.") from None


def shortened(markup):
    """The markup of a formula without what says nothing."""
    short = STYLE.sub(lambda match: f' style="{_short_style(match[1])}"', SUPERFLUOUS.sub("", markup))
    return ALONE.sub(r"\1", short)


def _short_style(text):
    return re.sub(r"(?<![\d.])0\.", ".", text.replace(": ", ":").replace("; ", ";").rstrip(";"))


def _started(setup):
    engine, folder = MiniRacer(), mathjax_folder()
    for script in (BEGIN, *((folder / name).read_text("utf-8") + ";0" for name in SCRIPTS), setup):
        engine.eval(script)
    return engine


def _with_values(script, **values):
    declared = "\n".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    return declared + script


def _remembered(memory, key):
    try:
        content = json.loads(memory.read_text("utf-8"))
        return content["known"] if content["key"] == key else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def mathjax_folder():
    """The folder of MathJax in its installed package."""
    package = distribution(MATHJAX_PACKAGE)
    return Path(next(package.locate_file(file) for file in package.files if file.name == SCRIPTS[0])).parent


def setup(app):
    """Connect the extension to Sphinx."""
    app.add_html_math_renderer(RENDERER, (_visit_inline, None), (_visit_display, None))
    app.connect("config-inited", _choose_renderer)
    app.connect("builder-inited", _begin)
    app.connect("build-finished", _end)
    return {"parallel_read_safe": True, "parallel_write_safe": False}


def _choose_renderer(app, config):
    config.html_math_renderer = RENDERER


def _begin(app):
    if app.builder.format != "html":
        return
    macros = (app.config.mathjax3_config or {}).get("tex", {}).get("macros", {})
    app.typesetter = Typesetter(Path(app.doctreedir) / "formulas.json", macros)
    static = Path(app.outdir) / "_static"
    shutil.copytree(mathjax_folder() / FONTS_OF_THE_PACKAGE, static / FONTS, dirs_exist_ok=True)
    (static / STYLES).write_text(app.typesetter.styles(), "utf-8")
    app.add_css_file(STYLES)


def _end(app, failure):
    if app.builder.format == "html":
        app.typesetter.close()


def _visit_inline(translator, node):
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(_typeset(translator, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def _visit_display(translator, node):
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"] and not node["nowrap"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        translator.body.append("</span>")
    formula = node.astext() if node["nowrap"] else joined(node.astext())
    translator.body.append(_typeset(translator, node, formula, display=True) + "</div>\n")
    raise nodes.SkipNode


def joined(text):
    r"""The equations of a displayed formula as one: blank lines separate equations, and ``\\`` the lines of one."""
    parts = [part for part in text.split("\n\n") if part.strip()]
    lines = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    return lines[0] if len(lines) == 1 else r"\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}"


def _typeset(translator, node, formula, *, display):
    try:
        return translator.builder.app.typesetter.html(formula, display=display)
    except CompanionError as error:
        logger.warning(str(error), location=node)
        return f'<code class="math-error">{translator.encode(formula)}</code>'
