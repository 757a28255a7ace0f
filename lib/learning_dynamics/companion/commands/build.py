"""The build: execute what is stale, then render."""

import math
import time

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import cleaned, read_source, write_notebook
from learning_dynamics.companion.base.ownership import claimed, require_outside_sources
from learning_dynamics.companion.base.project import REGISTRY_PAGES
from learning_dynamics.companion.base.suggestions import require_known
from learning_dynamics.companion.execution.build_certificate import book_version, write_certificate
from learning_dynamics.companion.execution.executor import read_summary
from learning_dynamics.companion.execution.notebook_kernel import ARGUMENTS, kernel_home
from learning_dynamics.companion.execution.pool import Job, run_all
from learning_dynamics.companion.execution.staleness import why_stale
from learning_dynamics.companion.records.parameters import (
    check_values,
    complete,
    declared_needs,
    declared_parameters,
    require_needs,
)
from learning_dynamics.companion.records.recording import EXECUTED_VARIABLE, read_results
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.records.verdicts import DISAGREES
from learning_dynamics.companion.site.page_weights import weight_report
from learning_dynamics.companion.site.render import (
    WORK,
    assemble_book,
    html_damage,
    render,
    rendered_key,
    site_key,
    site_settings,
)

BUILT = ("executed", "source", "html", "render.log", WORK)
USUAL_REASONS = ("new", "changed")


def build(project, preset, *, workers=None, say=print):
    """Execute the stale chapters at a preset, `workers` at a time, and render the site.

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
    own_place = project.output == project.root
    if not own_place:
        require_outside_sources(project, project.output)
    with claimed(project.build, command="build", about="the book", names=BUILT, doing="building the book", trusted=own_place):
        execute_stale(project, preset, workers=workers, say=say)
        page = render_site(project, preset, say=say)
        say(f"certificate: {write_certificate(project, preset)}")
    failures = failed_verdicts(project, preset)
    for failure in failures:
        say(f"verdict: {failure}")
    if failures and preset == "paper":
        raise CompanionError(f"{len(failures)} recorded verdict(s) disagree at the paper's parameters (site: {page}).")
    return page


def execute_stale(project, preset, *, workers=None, say=print):
    """Run every chapter whose outputs are out of date, several at a time; registry pages after all others.

    Parameters
    ----------
    project : Project
    preset : str
    workers : int, optional
        How many run at a time; as many as there are processors if omitted.

    Returns
    -------
    list of str
        The chapters that ran, in the order of the table of contents.

    Raises
    ------
    CompanionError
        Where chapters fail: one sentence each.  What has run is kept, and registry pages wait.
    """
    chapters = project.chapters()
    check_chapters(project, chapters)
    ran = []
    started = time.perf_counter()
    for group in ([c for c in chapters if c not in REGISTRY_PAGES], [c for c in chapters if c in REGISTRY_PAGES]):
        ran += _execute_group(project, preset, group, chapters, workers, say)
    say(f"executed {len(ran)} of {len(chapters)} notebooks in {time.perf_counter() - started:.1f} s")
    return ran


def check_chapters(project, chapters):
    """Raise a `CompanionError` where the registry speaks of a chapter that is not in the table of contents."""
    registry = load_registry(project.book / "registry.yml")
    pages = {page.removeprefix("book/") for page in project.pages()} | set(chapters)
    for entry in registry.entries:
        require_known(entry.chapter, pages, f"chapter of the registry entry {entry.id!r},")
    for chapter in registry.presets:
        require_known(chapter, chapters, "chapter with presets in the registry,")


def _execute_group(project, preset, group, chapters, workers, say):
    labels = {chapter: f"[{number}/{len(chapters)}] {chapter}" for number, chapter in enumerate(chapters, 1)}
    reasons = {chapter: why_stale(project, chapter, preset) for chapter in group}
    stale = [chapter for chapter in group if reasons[chapter]]
    for chapter in group:
        if not reasons[chapter]:
            say(f"{labels[chapter]}: up to date")
        elif reasons[chapter] not in USUAL_REASONS:
            say(f"{labels[chapter]}: {reasons[chapter]}; it is made again")
    failures = {}

    def done(job, outcome):
        if outcome.error:
            failures[job.chapter] = outcome.error
            say(f"{labels[job.chapter]}: failed")
        else:
            say(f"{labels[job.chapter]}: {outcome.seconds:.1f} s")

    jobs = [chapter_job(project, chapter, preset) for chapter in stale]
    jobs.sort(key=_last_seconds, reverse=True)
    run_all(jobs, done=done, started=lambda job: say(f"{labels[job.chapter]}: running"), workers=workers)
    if failures:
        raise CompanionError("\n".join(failures[chapter] for chapter in stale if chapter in failures))
    return stale


def chapter_job(project, chapter, preset):
    """The execution of one chapter at a preset, its values checked."""
    source = read_source(project.notebook(chapter))
    declared = declared_parameters(source)
    changes = load_registry(project.book / "registry.yml").preset(chapter, preset)
    require_needs(complete(check_values(changes, declared), declared), declared_needs(source))
    executed = project.build / "executed" / preset
    return Job(
        project=project,
        chapter=chapter,
        preset=preset,
        target=project.executed(chapter, preset),
        results=project.results(chapter, preset),
        parameters=check_values(changes, declared),
        variables={EXECUTED_VARIABLE: str(executed)} if chapter in REGISTRY_PAGES else {},
    )


def _last_seconds(job):
    """How long a chapter took when it last ran; unknown counts as longest, so that it does not begin last."""
    seconds = read_summary(job.results).get("seconds")
    return seconds if isinstance(seconds, (int, float)) else math.inf


def render_site(project, preset, *, say=print):
    """Render the site from the executed chapters, if anything in it changed."""
    source = assemble_book(project, preset)
    html = project.build / "html"
    version = book_version(project.root)
    key = f"{site_key(project, source)} {version}"
    damaged = html_damage(html)
    if rendered_key(html) == key and not damaged:
        say("site: up to date")
        return html / "index.html"
    say("site: rendering" + (f" ({damaged})" if damaged and rendered_key(html) else ""))
    started = time.perf_counter()
    page = render(source, project.output, strict=True, key=key, version=version)
    say(f"site: rendered in {time.perf_counter() - started:.1f} s")
    say(f"site: {weight_report(page.parent)}")
    return page


def failed_verdicts(project, preset):
    """One line for each recorded row that disagrees unexpectedly, or does not where it is known to."""
    recorded = read_results(project.build / "executed" / preset, "**/*.results/*.json")
    return [_failure(entry, row) for entry, content in recorded.items() for row in content["rows"] if row["unexpected"]]


def _failure(entry, row):
    names = ("theory", "simulation", "standard_error", "reference", "largest", "p_value")
    values = ", ".join(f"{name.replace('_', ' ')} {row[name]:.6g}" for name in names if row[name] is not None)
    verdict = f"the disagreement known from {row['known']} is not seen" if row["known"] else DISAGREES
    return f"{entry}, {row['quantity']}: {verdict} ({values})"


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
    notebook = read_source(path)
    with kernel_home() as home:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            kernel_manager_class=home.manager_class,
            timeout=None,
            record_timing=False,
            extra_arguments=[*ARGUMENTS],
            resources={"metadata": {"path": str(path.parent)}},
        )
        try:
            client.execute()
        except DeadKernelError:
            raise CompanionError(f"{path.name} failed because {home.ending()}.") from None
        except CellExecutionError as error:
            raise CompanionError(f"{path.name} failed with {error.ename}: {error.evalue}; it stays as it was.") from None
    return notebook
