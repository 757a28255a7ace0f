"""The build: execute what is stale, then render."""

import json
import time

from nbclient import NotebookClient

from .agreement import DISAGREES
from .errors import CompanionError
from .execution import QUIET_KERNEL, SUMMARY, execute
from .notebooks import cleaned, read_notebook, write_notebook
from .parameters import check_values, declared_parameters
from .project import REGISTRY_PAGES
from .records import EXECUTED_VARIABLE, read_results
from .registry import load_registry
from .render import STAMP, assemble_book, render, site_key, site_settings
from .staleness import fingerprint, is_stale
from .weights import weight_report


def build(project, preset, *, say=print):
    """Execute the stale chapters at a preset and render the site.

    Returns
    -------
    Path
        The site's first page.

    Raises
    ------
    CompanionError
        Where a setting of the site is wrong (told before anything runs), where a chapter or
        the rendering fails, or where, at the paper's parameters, a recorded verdict is
        ``disagrees``; in that last case the site stands all the same.
    """
    site_settings(project.root)
    execute_stale(project, preset, say=say)
    page = render_site(project, preset, say=say)
    failures = failed_verdicts(project, preset)
    for failure in failures:
        say(f"verdict: {failure}")
    if failures and preset == "paper":
        raise CompanionError(f"{len(failures)} recorded verdict(s) disagree at the paper's parameters (site: {page}).")
    return page


def execute_stale(project, preset, *, say=print):
    """Run every chapter whose outputs are out of date; what has run stays if one fails.

    Returns
    -------
    list of str
        The chapters that ran.
    """
    chapters = project.chapters()
    ran = []
    started = time.perf_counter()
    for number, chapter in enumerate(chapters, 1):
        if not is_stale(project, chapter, preset):
            say(f"[{number}/{len(chapters)}] {chapter}: up to date")
            continue
        say(f"[{number}/{len(chapters)}] {chapter}: running")
        seconds = run_chapter(project, chapter, preset)["seconds"]
        say(f"[{number}/{len(chapters)}] {chapter}: {seconds:.1f} s")
        ran.append(chapter)
    say(f"executed {len(ran)} of {len(chapters)} notebooks in {time.perf_counter() - started:.1f} s")
    return ran


def run_chapter(project, chapter, preset):
    """Execute one chapter at a preset and mark it as up to date."""
    key = fingerprint(project, chapter, preset)
    declared = declared_parameters(read_notebook(project.notebook(chapter)))
    changes = load_registry(project.book / "registry.yml").preset(chapter, preset)
    results = project.results(chapter, preset)
    executed = project.build / "executed" / preset
    summary = execute(
        project.notebook(chapter),
        project.executed(chapter, preset),
        parameters=check_values(changes, declared),
        results=results,
        cwd=project.notebook(chapter).parent,
        variables={EXECUTED_VARIABLE: str(executed)} if chapter in REGISTRY_PAGES else {},
    )
    (results / SUMMARY).write_text(json.dumps({**summary, "fingerprint": key}, indent=1), "utf-8")
    return summary


def render_site(project, preset, *, say=print):
    """Render the site from the executed chapters, if anything in it changed."""
    source = assemble_book(project, preset)
    stamp = project.build / "html" / STAMP
    page = project.build / "html" / "index.html"
    key = site_key(project, source)
    if page.exists() and stamp.exists() and stamp.read_text() == key:
        say("site: up to date")
        return page
    say("site: rendering")
    stamp.unlink(missing_ok=True)
    started = time.perf_counter()
    page = render(source, project.output, strict=True)
    stamp.write_text(key)
    say(f"site: rendered in {time.perf_counter() - started:.1f} s")
    say(f"site: {weight_report(page.parent)}")
    return page


def failed_verdicts(project, preset):
    """One line for each recorded row whose verdict is ``disagrees``."""
    recorded = read_results(project.build / "executed" / preset, "**/*.results/*.json")
    return [
        f"{entry}, {row['quantity']}: theory {row['theory']}, simulation {row['simulation']}, paper {row['paper']}"
        for entry, content in recorded.items()
        for row in content["rows"]
        if row["verdict"] == DISAGREES
    ]


def refresh(project, chapters, *, say=print):
    """Run source notebooks at their defaults and store their text outputs in the repository's form.

    Where nothing that they compute has changed, the files stay the same to the byte.
    """
    for chapter in chapters:
        say(f"{chapter}: running")
        notebook = run_in_memory(project.notebook(chapter))
        write_notebook(cleaned(notebook), project.notebook(chapter))


def run_in_memory(path):
    """The notebook in `path`, executed at its defaults; the file is left alone."""
    notebook = read_notebook(path)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=None,
        record_timing=False,
        extra_arguments=[QUIET_KERNEL],
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    return notebook
