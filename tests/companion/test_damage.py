"""Damaged files are noticed, named and made again; a wrong file of the book is one sentence that names it."""

import json
import os
import shutil
import time

import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.whole_files import write_whole
from learning_dynamics.companion.commands.build import execute_stale
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.staleness import why_stale
from learning_dynamics.companion.site.render import STAMP, _discard_unfinished, _hashes, _publish, _reason, html_damage


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def test_every_damage_to_what_a_chapter_left_is_noticed_and_mended(project):
    execute_stale(project, "quick", say=lambda text: None)
    executed, results = project.executed("one/first", "quick"), project.results("one/first", "quick")
    whole = {path: path.read_bytes() for path in (executed, *sorted(results.iterdir()))}
    assert [path.name for path in whole][:2] == ["first.ipynb", "chapter.json"]
    for path, content in whole.items():
        for damaged in (b"", content[:-20], b"[]", content.replace(b"6", b"7"), None):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            if damaged != content:
                reason = why_stale(project, "one/first", "quick")
                assert path.name in reason or (path.name == "chapter.json" and reason == "changed"), (path.name, damaged)
            path.write_bytes(content)
        assert why_stale(project, "one/first", "quick") == ""
    (results / "fig-first.s.csv").unlink()
    said = []
    assert execute_stale(project, "quick", say=said.append)[0] == "one/first"
    assert "[1/3] one/first: fig-first.s.csv is missing; it is made again" in said
    assert (results / "fig-first.s.csv").read_bytes() == whole[results / "fig-first.s.csv"]


BROKEN = [
    ("_toc.yml", b"parts: [", "_toc.yml cannot be read: line 1: "),
    ("_toc.yml", b"", "_toc.yml is empty"),
    ("_toc.yml", b"format: jb-book\nroot: book/nowhere\n", "_toc.yml lists the page book/nowhere, and there is no such file in "),
    ("_config.yml", b"a: b: c", "_config.yml cannot be read: line 1: "),
    ("_config.yml", b"title: x\nexecute: {}\n", "_config.yml must have the mapping 'html'"),
    ("_config.yml", "title: \u00fc".encode("latin-1"), "_config.yml cannot be read: it is not UTF-8"),
    ("book/registry.yml", b"entries: [", "registry.yml cannot be read: line 1: "),
    ("book/registry.yml", b"\xff\xfe", "registry.yml cannot be read: it is not UTF-8"),
    ("book/registry.yml", b"", "registry.yml is empty"),
    ("book/registry.yml", b"- a", "registry.yml must be a mapping, got a list"),
    (
        "book/registry.yml",
        b"presets: {one/frst: {quick: {runs: 1}}}",
        "chapter with presets in the registry, 'one/frst'; did you mean 'one/first'?",
    ),
    ("book/one/first.ipynb", b"", "first.ipynb is not a notebook: "),
    ("book/one/first.ipynb", b"<<<<<<< HEAD\n{}", "first.ipynb is not a notebook: "),
    ("book/one/first.ipynb", b"\xef\xbb\xbf{}", "first.ipynb is not a notebook: "),
    ("book/one/first.ipynb", b"[]", "first.ipynb is not a notebook: "),
    (
        "book/one/first.ipynb",
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}',
        "first.ipynb is not a notebook: ",
    ),
]


@pytest.mark.parametrize(("name", "content", "sentence"), BROKEN)
def test_a_wrong_file_of_the_book_is_named_before_anything_runs(project, capsys, name, content, sentence):
    (project.root / name).write_bytes(content)
    assert main(["build", "--preset", "quick"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert sentence in captured.err
    assert "running" not in captured.out


def test_an_entry_of_a_chapter_that_is_not_there_is_named(project, capsys):
    path = project.book / "registry.yml"
    path.write_text(path.read_text().replace("chapter: one/second", "chapter: one/secondo"))
    assert main(["build", "--preset", "quick"]) == 2
    assert "chapter of the registry entry 'obs-second', 'one/secondo'; did you mean 'one/second'?" in capsys.readouterr().err


def test_a_cell_that_is_not_python_is_named(project, capsys):
    path = project.notebook("one/second")
    path.write_text(path.read_text().replace("print(size)", "print(size"))
    assert main(["build", "--preset", "quick"]) == 2
    error = capsys.readouterr().err
    assert f"code cell 2 of {path} is not Python: '(' was never closed" in error and error.count("\n") == 1


@pytest.fixture
def site(tmp_path):
    html = tmp_path / "work" / "_build" / "html"
    (html / "book").mkdir(parents=True)
    (html / "index.html").write_text("first page")
    (html / "book" / "page.html").write_text("page")
    return html


def finished(html):
    (html / STAMP).write_text(json.dumps({"key": "k", "files": _hashes(html)}))


def test_a_page_that_is_missing_or_damaged_is_named(site):
    assert html_damage(site) == "it was not finished"
    finished(site)
    assert html_damage(site) == ""
    for change in (lambda: (site / "book/page.html").write_text(""), lambda: (site / "book/page.html").unlink()):
        change()
        assert html_damage(site) == "book/page.html is missing or damaged"


def test_rendering_begins_anew_after_an_interruption_or_with_a_clock_that_was_set_back(site):
    work = site.parents[1]
    _discard_unfinished(work)
    assert not work.exists()
    site.mkdir(parents=True)
    (site / "index.html").write_text("page")
    finished(site)
    _discard_unfinished(work)
    assert (site / "index.html").exists() and not (site / STAMP).exists()
    finished(site)
    os.utime(site / "index.html", (time.time() + 3600,) * 2)
    _discard_unfinished(work)
    assert not work.exists()


def test_a_site_takes_the_place_of_another_as_a_whole(site, tmp_path):
    html = tmp_path / "html"
    html.mkdir()
    (html / "old.html").touch()
    (tmp_path / ".html-new").mkdir()
    _publish(site, html)
    assert sorted(path.name for path in html.iterdir()) == ["book", "index.html"]
    assert {path.name for path in tmp_path.iterdir() if "html" in path.name} == {"html"}


def test_a_site_stays_where_the_new_one_finds_no_room(site, tmp_path, monkeypatch):
    html = tmp_path / "html"
    html.mkdir()
    (html / "old.html").touch()

    def full(source, target):
        target.mkdir()
        raise shutil.Error([(str(source), str(target), "[Errno 28] No space left on device")] * 40)

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(
        CompanionError, match=r"^the site is made and could not be put in place: \[Errno 28\] No space left on device.$"
    ):
        _publish(site, html)
    assert {path.name for path in tmp_path.iterdir() if "html" in path.name} == {"html"}
    assert [path.name for path in html.iterdir()] == ["old.html"]


def test_a_full_disk_leaves_a_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"before")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", _no_space)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, b"after")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if entry.is_file()} == {"a.ipynb": b"before"}
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"


def _no_space(path, content):
    path.touch()
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'WARNING: target not found\n\nException occurred:\n  File "a.py", line 1, in b\n    c\n'
            "soupsieve.util.SelectorSyntaxError: Invalid character 'l' position 0\n  line 1:\nli\n^\nThe full traceback",
            "soupsieve.util.SelectorSyntaxError: Invalid character 'l' position 0",
        ),
        (
            'WARNING: x\nTraceback (most recent call last):\n  File "a", line 2\n    x\nOSError: [Errno 28] No space left\n'
            'Traceback (most recent call last):\n  File "b", line 3\nRuntimeError: \nThere was an error',
            "OSError: [Errno 28] No space left",
        ),
        ("a.md:3: WARNING: undefined label\nbuild finished with problems", "a.md:3: WARNING: undefined label"),
        ("Extension error:\nCould not import extension x", "Extension error: Could not import extension x"),
    ],
)
def test_a_failed_rendering_names_the_exception_and_not_the_last_warning(text, reason):
    assert _reason(text) == reason


def test_an_exception_while_rendering_is_shown(project, monkeypatch, capsys, tmp_path):
    (tmp_path / "ext").mkdir()
    (tmp_path / "ext" / "broken_extension.py").write_text(
        "def setup(app):\n    app.connect('env-updated', fail)\ndef fail(app, env):\n    raise KeyError('the true reason')\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "ext"), os.environ.get("PYTHONPATH", "")]))
    path = project.root / "_config.yml"
    path.write_text(path.read_text().replace("- sphinx_togglebutton", "- broken_extension\n      - sphinx_togglebutton"))
    assert main(["rerun", "one/first"]) == 2
    assert "the true reason" in capsys.readouterr().err
