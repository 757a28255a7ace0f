"""Rendering: from executed notebooks to the site, with Jupyter Book."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from .addresses import BASE_VARIABLE, checked_base
from .errors import CompanionError
from .figures import DATA, PICTURES, furnished, pictures
from .notebooks import notebook_bytes, published, read_notebook
from .records import agreement_file, read_results

STAMP = ".rendered"
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def assemble_book(project, preset):
    """Lay out ``_build/source``: the book with its notebooks replaced by executed copies.

    The copies get links to their figures' data; the data and a small picture of every figure
    are added to the book.  A picture that the book keeps under the same name gives way.  A file is written only where its content changes, so that unchanged pages are not
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
    wanted[Path("_toc.yml")] = (project.root / "_toc.yml").read_bytes()
    wanted[Path("_config.yml")] = _as_yaml(site_settings(project.root))
    for name, content in wanted.items():
        _write_if_changed(target / name, content)
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
    return target


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
        if path.suffix not in (".ipynb", ".md"):
            _write_if_changed(target / "book" / path.relative_to(project.book), path.read_bytes())
    for name, content in _chapter_files(chapter, notebook, results).items():
        _write_if_changed(target / name, content)
    _write_if_changed(target / "_config.yml", _as_yaml(site_settings(project.root)))
    toc = {"format": "jb-book", "root": f"book/{chapter}"}
    _write_if_changed(target / "_toc.yml", yaml.safe_dump(toc).encode())
    return target


def site_settings(root):
    """The settings in ``_config.yml`` for rendering: nothing is executed, and the site's address is checked.

    The environment variable ``BASE_URL``, where it is set, stands for ``html.baseurl``.

    Raises
    ------
    CompanionError
        Where the address is none.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    settings["execute"]["execute_notebooks"] = "off"
    html = settings["html"]
    html["baseurl"] = checked_base(os.environ.get(BASE_VARIABLE) or html.get("baseurl", ""))
    return settings


def render(source, output, *, strict):
    """Build the site of an assembled book.

    Parameters
    ----------
    source : Path
        As the assembling functions return it.
    output : Path
        The site appears in ``<output>/_build/html``.
    strict : bool
        Whether warnings are errors.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    CompanionError
        Where Jupyter Book fails; the sentence holds what it printed last and names the log.
    """
    log = output / "_build" / "render.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-W", "-n", "--keep-going"] if strict else ["-n"]
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*program, "build", *flags, "--path-output", str(output), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace")
    text = COLOUR_CODES.sub("", done.stdout + done.stderr)
    log.write_text(text, "utf-8")
    if done.returncode:
        telling = [line for line in text.splitlines() if "WARNING" in line or "ERROR" in line]
        last = "\n".join(telling[-12:] or text.splitlines()[-12:])
        raise CompanionError(f"Jupyter Book could not build the site (all of its output: {log}):\n{last}")
    return output / "_build" / "html" / "index.html"


def site_key(project, source):
    """A hash of everything that the rendered site depends on."""
    digest = hashlib.sha256((project.root / "requirements.txt").read_bytes())
    for folder in (source, project.root / "lib"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in (".pyc", ".nbi", ".nbc"):
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
