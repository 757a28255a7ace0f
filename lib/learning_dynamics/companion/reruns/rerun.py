"""Running one chapter at parameters of the reader's own."""

import tempfile
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.ownership import claimed, require_outside_sources
from learning_dynamics.companion.execution.estimates import Known, estimate, in_words, what_is_known
from learning_dynamics.companion.execution.executor import SUMMARY, execute, read_summary
from learning_dynamics.companion.records.parameters import (
    check_values,
    complete,
    declared_needs,
    declared_parameters,
    parse_assignments,
    require_needs,
)
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.site.render import assemble_page, render


def rerun(project, chapter, *, preset, assignments, output, say=print):
    """Run a chapter into a folder of its own; the source is never touched.

    Parameters
    ----------
    project : Project
    chapter : str
        Name of a chapter, e.g. ``random_matrix/performance``.
    preset : str
        The preset to start from.
    assignments : list of str
        Changes to it as ``name=value``.
    output : Path
        Folder for ``<chapter>.ipynb``, its results and its page ``html/``.

    Returns
    -------
    Path
        The rendered page.

    Raises
    ------
    CompanionError
        One sentence; names, types and ranges are checked before anything runs.
    """
    chapter = project.require_chapter(chapter)
    source = project.notebook(chapter)
    values, declared = _checked(project, chapter, preset, assignments)
    require_outside_sources(project, output)
    names = (source.name, f"{source.stem}.failed.ipynb", "results", "_build")
    with claimed(output, command="rerun", about=chapter, names=names, doing=f"running {chapter}"):
        _require_own_results(output / "results")
        known = what_is_known(project, chapter, output)
        time = f": {in_words(estimate(known, values, declared), known)}" if known else ""
        say(f"{chapter}: running with {_listed(values) or 'its default parameters'}{time}")
        return _run(project, chapter, values, output, say)


def estimate_rerun(project, chapter, *, preset, assignments, say=print):
    """How long a run would take, as a sentence; nothing is run but, where no run is recorded, the quick preset.

    Parameters as for `rerun`.
    """
    chapter = project.require_chapter(chapter)
    values, declared = _checked(project, chapter, preset, assignments)
    known = known_or_measured(project, chapter, None, say)
    return f"{chapter}: {in_words(estimate(known, values, declared), known)}; its page takes about half a minute more."


def known_or_measured(project, chapter, output, say):
    """What is known of a chapter's times or, where that is nothing, a run that is measured here at the quick preset."""
    known = what_is_known(project, chapter, output)
    if known:
        return known
    say(f"{chapter}: no run is recorded here; measuring one with the quick preset")
    values, _ = _checked(project, chapter, "quick", [])
    source = project.notebook(chapter)
    with tempfile.TemporaryDirectory(prefix="learning-dynamics-") as name:
        folder = Path(name)
        results = folder / "results"
        summary = execute(source, folder / source.name, parameters=values, results=results, cwd=source.parent)
    return Known(runs=[(values, summary["seconds"])], costs=[])


def _checked(project, chapter, preset, assignments):
    """The values that differ from a chapter's defaults, and all its parameters as declared."""
    source = read_source(project.notebook(chapter))
    declared = declared_parameters(source)
    values = check_values(load_registry(project.book / "registry.yml").preset(chapter, preset), declared)
    values |= parse_assignments(assignments, declared)
    require_needs(complete(values, declared), declared_needs(source))
    return values, declared


def _run(project, chapter, values, output, say):
    source = project.notebook(chapter)
    target = output / source.name
    summary = execute(source, target, parameters=values, results=output / "results", cwd=source.parent)
    say(f"{chapter}: {summary['seconds']:.1f} s; rendering")
    page_source = assemble_page(project, target, chapter, output / "results", output / "_build" / "source")
    render(page_source, output, strict=False)
    return output / "_build" / "html" / "book" / f"{chapter}.html"


def _require_own_results(results):
    """Refuse to replace a folder of results into which somebody has put a file."""
    own = {SUMMARY, *read_summary(results).get("files", ())}
    added = sorted(path.name for path in results.iterdir() if path.name not in own) if len(own) > 1 else []
    if added:
        raise CompanionError(f"{results / added[0]} was not recorded by this chapter; move it away or give another --out.")


def parameter_table(project, chapter):
    """The parameters of a chapter as lines of text: name, type, default, range, help."""
    chapter = project.require_chapter(chapter)
    source = read_source(project.notebook(chapter))
    declared = declared_parameters(source)
    if not declared:
        return f"{chapter} has no parameters."
    rows = [("parameter", "type", "default", "allowed", "")]
    rows += [(p.name, p.type, repr(p.default), p.allowed or "any", p.help) for p in declared.values()]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = ["  ".join([*(cell.ljust(w) for cell, w in zip(row, widths)), row[4]]).rstrip() for row in rows]
    return "\n".join(lines + [f"needs {need.words}" for need in declared_needs(source)])


def _listed(values):
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
