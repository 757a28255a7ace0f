"""Rendering: from executed notebooks to the site, with Jupyter Book."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

import yaml

from learning_dynamics.companion.base.environment import child_environment, python_command
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import notebook_bytes, published, read_notebook
from learning_dynamics.companion.base.yaml_files import read_yaml
from learning_dynamics.companion.pages.links import BINDER, ON_GITHUB, TESTS, named_tests
from learning_dynamics.companion.records.explorers import OPENS
from learning_dynamics.companion.records.figures import DATA, PICTURES, furnished, pictures
from learning_dynamics.companion.records.recording import agreement_file, read_results
from learning_dynamics.companion.site.addresses import BASE_VARIABLE, REPOSITORY_VARIABLE, checked_base, checked_repository
from learning_dynamics.companion.site.delivery import deliver
from learning_dynamics.companion.site.head import CITATION
from learning_dynamics.companion.site.source_archive import PLACE, source_archive
from learning_dynamics.companion.site.text_pages import finished

STAMP = ".rendered"
"""File of a site: what it was rendered from, and the hashes of its files, by which damage to them is noticed."""

WORK = ".rendering"
"""Folder of the build in which the site is made; the site appears in ``html`` when it is whole."""
DELIVERED = "delivered"
FRAME = "frame"
"""File of that folder: a hash of what all pages depend on, of which Sphinx does not see that it has changed."""

PAGES = (".ipynb", ".md")
CLOCK_TOLERANCE = 5.0
COMPILED = (".pyc", ".nbi", ".nbc")
PACKAGE = Path(__file__).resolve().parents[2]
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def assemble_book(project, preset):
    """Lay out ``_build/source``: the book with its notebooks replaced by executed copies.

    The copies get links to their figures' data; the data, a small picture of every figure and the
    tests that the book names are added to the book, and pages of text are finished.  A picture that the book keeps under the same name gives way.  A file is written only where its content changes, so that unchanged pages are not
    rendered again.

    Returns
    -------
    Path
        The folder.
    """
    target = project.build / "source"
    wanted = {Path("book") / path.relative_to(project.book): path.read_bytes() for path in _book_files(project.book)}
    for chapter in project.chapters():
        wanted |= _chapter_files(chapter, project.executed(chapter, preset), project.results(chapter, preset))
    texts = [name for name in wanted if name.suffix == ".md"]
    recorded = read_results(project.build / "executed" / preset, "**/*.results/*.json")
    settings = site_settings(project.root)
    repository = settings.get("repository", {}).get("url", "")
    moving = partial(_moving_figure, project, preset)
    path = project.root / CITATION
    citation = read_yaml(path) if path.exists() else None
    wanted |= {name: finished(wanted[name].decode(), recorded, preset, repository, moving, citation).encode() for name in texts}
    wanted[Path(PLACE)] = source_archive(project.root)
    wanted |= _tests_of_the_book(project)
    if path.exists():
        wanted[Path(CITATION)] = path.read_bytes()
    wanted[Path("_toc.yml")] = (project.root / "_toc.yml").read_bytes()
    wanted[Path("_config.yml")] = _as_yaml(settings)
    for name, content in wanted.items():
        _write_if_changed(target / name, content)
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
    return target


def _tests_of_the_book(project):
    """The tests that the registry and the pages name: place in the assembled book → content."""
    pages = [project.book / "registry.yml", *project.book.glob("*.md")]
    named = set().union(*(named_tests(page.read_text("utf-8")) for page in pages))
    there = [name for name in named if (project.root / name).exists()]
    return {Path("book") / TESTS / name.relative_to("tests"): (project.root / name).read_bytes() for name in there}


def _moving_figure(project, preset, chapter):
    """The HTML of the figure that moves and opens an executed chapter."""
    outputs = (output for cell in read_notebook(project.executed(chapter, preset)).cells for output in cell.get("outputs", ()))
    pages = ("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    return next((html for html in pages if OPENS in html), "")


def _chapter_files(chapter, executed, results):
    """What an executed chapter brings to the book: place of a file → its content."""
    notebook, recorded = read_notebook(executed), read_results(results)
    book = Path("book")
    files = {book / f"{chapter}.ipynb": notebook_bytes(published(furnished(notebook, recorded)))}
    files |= {book / PICTURES / f"{label}.png": content for label, content in pictures(notebook).items()}
    names = [name for content in recorded.values() for name in content["data"]]
    names += [agreement_file(entry) for entry, content in recorded.items() if content["rows"]]
    return files | {book / DATA / name: (results / name).read_bytes() for name in names}


def assemble_page(project, notebook, chapter, results, target):
    """Lay out a book of one page: an executed chapter with its figures' data and the book's settings."""
    shutil.rmtree(target, ignore_errors=True)
    for path in _book_files(project.book):
        if path.suffix not in PAGES:
            _write_if_changed(target / "book" / path.relative_to(project.book), path.read_bytes())
    for name, content in _chapter_files(chapter, notebook, results).items():
        _write_if_changed(target / name, content)
    _write_if_changed(target / "_config.yml", _as_yaml(site_settings(project.root)))
    toc = {"format": "jb-book", "root": f"book/{chapter}"}
    _write_if_changed(target / "_toc.yml", yaml.safe_dump(toc).encode())
    return target


def site_settings(root):
    """The settings in ``_config.yml`` for rendering: nothing is executed, and the addresses of site and source are checked.

    The environment variables ``BASE_URL`` and ``REPO_URL``, where they are set, stand for ``html.baseurl`` and ``repository.url``.

    Raises
    ------
    CompanionError
        Where the file cannot be read, or an address is none.
    """
    settings = read_yaml(root / "_config.yml")
    for name in ("execute", "html"):
        if not isinstance(settings.get(name), dict):
            raise CompanionError(f"{root / '_config.yml'} must have the mapping {name!r}.")
    settings["execute"]["execute_notebooks"] = "off"
    html = settings["html"]
    html["baseurl"] = checked_base(os.environ.get(BASE_VARIABLE) or html.get("baseurl", ""))
    named = settings.pop("repository", None) or {}
    address = checked_repository(os.environ.get(REPOSITORY_VARIABLE) or named.get("url", ""))
    return _with_repository(settings, address, named.get("branch", "main")) if address else settings


def _with_repository(settings, address, branch):
    """The settings with buttons that lead to the source, to its issues, to the page's text and, from GitHub, to Binder."""
    settings["repository"] = {"url": address, "path_to_book": "", "branch": branch}
    settings["html"] |= {f"use_{name}_button": True for name in ("repository", "issues", "edit_page")}
    if address.startswith(ON_GITHUB):
        settings["launch_buttons"] = {"binderhub_url": BINDER, "notebook_interface": "jupyterlab"}
    return settings


def render(source, output, *, strict, key="", version=""):
    """Build the site of an assembled book; where that fails, the site that was there stays.

    Parameters
    ----------
    source : Path
        As the assembling functions return it.
    output : Path
        The site appears in ``<output>/_build/html``.
    strict : bool
        Whether warnings are errors.
    key : str
        What the site is rendered from, for `rendered_key`.
    version : str
        What stands in the footer of every page.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    CompanionError
        Where Jupyter Book fails; the sentence holds the exception that it raised, or else its warnings, and names the log.
    """
    build = output / "_build"
    work, log = build / WORK, build / "render.log"
    work.mkdir(parents=True, exist_ok=True)
    _discard_unfinished(work)
    flags = ["-W", "-n", "--keep-going"] if strict else ["-n"]
    frame, known = _frame(source), work / FRAME
    if not known.exists() or known.read_text("utf-8") != frame:
        known.unlink(missing_ok=True)
        flags.append("--all")
    status, text = _run_jupyter_book(["build", *flags, "--path-output", str(work), str(source)])
    log.write_text(text, "utf-8")
    if status:
        raise CompanionError(f"Jupyter Book could not build the site (all of its output: {log}):\n{_reason(text)}")
    known.write_text(frame, "utf-8")
    made = work / "_build" / "html"
    _stamp_files(made, key)
    base = read_yaml(source / "_config.yml")["html"].get("baseurl", "")
    delivered = work / DELIVERED
    shutil.rmtree(delivered, ignore_errors=True)
    deliver(made, delivered, source=source, base=base, version=version)
    _stamp_files(delivered, key)
    _publish(delivered, build / "html")
    return build / "html" / "index.html"


def _frame(source):
    """A hash of what is no page: style, scripts and data of the book, and the package that finishes its pages."""
    digest = hashlib.sha256()
    for folder in (source, PACKAGE):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in (*PAGES, *COMPILED):
                digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _run_jupyter_book(arguments):
    """Exit status and output of Jupyter Book, which ends when this process does."""
    process = subprocess.Popen(
        [*python_command("renderer"), *arguments],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        output = process.stdout.read()
        status = process.wait()
    finally:
        process.stdin.close()
        process.wait()
    return status, COLOUR_CODES.sub("", output.decode("utf-8", "replace"))


def _discard_unfinished(work):
    """Begin anew where rendering was interrupted, or the clock was set back: Sphinx would take pages for up to date."""
    made = work / "_build" / "html"
    newest = max((path.stat().st_mtime for path in work.rglob("*") if path.is_file()), default=0)
    if html_damage(made) or newest > time.time() + CLOCK_TOLERANCE:
        shutil.rmtree(work)
    (made / STAMP).unlink(missing_ok=True)


def _publish(made, html):
    new, old = (html.with_name(f".html-{word}") for word in ("new", "old"))
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        shutil.copytree(made, new)
    except shutil.Error as error:
        shutil.rmtree(new, ignore_errors=True)
        raise CompanionError(f"the site is made and could not be put in place: {error.args[0][0][2]}.") from None
    if html.exists():
        html.replace(old)
    new.replace(html)
    shutil.rmtree(old, ignore_errors=True)


def rendered_key(html):
    """What a site was rendered from; empty where that is not known."""
    return _stamp(html).get("key", "")


def html_damage(html):
    """What is wrong with the files of a rendered site, in a few words, or nothing."""
    expected = _stamp(html).get("files")
    if not expected:
        return "it was not finished"
    found = _hashes(html)
    return next((f"{name} is missing or damaged" for name, value in expected.items() if found.get(name) != value), "")


def _stamp_files(folder, key):
    stamp = json.dumps({"key": key, "files": _hashes(folder)}, indent=0)
    (folder / STAMP).write_text(stamp, "utf-8")


def _stamp(html):
    try:
        content = json.loads((html / STAMP).read_text("utf-8"))
        return content if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}


def _hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STAMP)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _reason(text):
    """What made Jupyter Book fail: the exception that was raised, or else its last warnings and errors."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("Exception occurred:", "Traceback (most recent call last):")):
            raised = next((later for later in lines[number + 1 :] if later.strip() and not later[0].isspace()), "")
            if raised and not raised.startswith("RuntimeError"):  # Jupyter Book's own: "look above for the cause"
                return raised
        if line.startswith(("Extension error", "Configuration error", "Theme error", "Application error")):
            return " ".join(part.strip() for part in lines[number : number + 2])
    telling = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join(telling[-12:] or lines[-12:])


def site_key(project, source):
    """A hash of everything that the rendered site depends on."""
    digest = hashlib.sha256((project.root / "requirements.txt").read_bytes())
    for folder in (source, project.root / "lib"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in COMPILED:
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _book_files(book):
    return [
        path
        for path in book.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts and not path.name.startswith(".")
    ]


def _as_yaml(settings):
    return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False).encode()


def _write_if_changed(path, content):
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
