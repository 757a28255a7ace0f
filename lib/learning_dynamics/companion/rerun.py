"""Running one chapter at parameters of the reader's own."""

from .errors import CompanionError
from .execution import execute
from .notebooks import read_notebook
from .parameters import check_values, declared_parameters, parse_assignments
from .registry import load_registry
from .render import assemble_page, render


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
    declared = declared_parameters(read_notebook(source))
    values = check_values(load_registry(project.book / "registry.yml").preset(chapter, preset), declared)
    values.update(parse_assignments(assignments, declared))
    require_writable(output)
    target = output / source.name
    say(f"{chapter}: running with {_listed(values) or 'its default parameters'}")
    summary = execute(source, target, parameters=values, results=output / "results", cwd=source.parent)
    say(f"{chapter}: {summary['seconds']:.1f} s; rendering")
    page_source = assemble_page(project, target, chapter, output / "results", output / "_build" / "source")
    render(page_source, output, strict=False)
    return output / "_build" / "html" / "book" / f"{chapter}.html"


def parameter_table(project, chapter):
    """The parameters of a chapter as lines of text: name, type, default, range, help."""
    chapter = project.require_chapter(chapter)
    declared = declared_parameters(read_notebook(project.notebook(chapter)))
    if not declared:
        return f"{chapter} has no parameters."
    rows = [("parameter", "type", "default", "allowed", "")]
    rows += [(p.name, p.type, repr(p.default), p.allowed or "any", p.help) for p in declared.values()]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    return "\n".join("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths)), row[4]]).rstrip() for row in rows)


def _listed(values):
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def require_writable(folder):
    """Make a folder for results, or raise a `CompanionError` that says why nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CompanionError(f"the output folder {folder} cannot be written to: {error.strerror}.") from None
