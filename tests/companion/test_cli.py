"""The command line, as a new user meets it."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections import namedtuple

import pytest

from learning_dynamics.companion.commands.cli import main


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def test_lists_chapters_and_parameters(capsys):
    assert main(["rerun", "--list"]) == 0
    assert capsys.readouterr().out.split() == ["one/first", "one/second", "atlas"]
    assert main(["rerun", "one/first", "--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "parameter  type   default  allowed",
        "runs       int    3        [1, 10]  how often",
        "scale      float  2.0      (0, 5]   a factor",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rerun"], "error: name a chapter, or give --list to see them all."),
        (["rerun", "one/frst"], "error: there is no chapter 'one/frst'; did you mean 'one/first'?"),
        (["rerun", "one/first", "-p", "rums=2"], "error: there is no parameter 'rums'; did you mean 'runs'?"),
        (["rerun", "one/first", "-p", "runs=2.5"], "error: runs must be of type int, got '2.5'."),
        (["rerun", "one/first", "-p", "scale=0"], "error: scale must be in (0, 5], got 0.0."),
        (["refresh", "one/frst"], "error: there is no chapter 'one/frst'; did you mean 'one/first'?"),
    ],
)
def test_wrong_input_ends_in_one_sentence(project, capsys, arguments, sentence):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err == sentence + "\n"
    assert captured.out == ""
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["build", "--workers", "-" + "9" * 400],
        ["build", "--workers", "a" * 9999],
        ["rerun", "--" + "x" * 9999],
        ["rerun", "one/first", "-p", "x" * 9999],
        ["sweep", "one/first", "-p", "runs=1", "--scheduler", "y" * 9999],
        ["predict", "a.csv", "--label", "y", "--train", "4", "--check", "9" * 400],
        ["predict", "a" * 9999, "--train", "4"],
        ["verify", "long.json"],
    ],
)
def test_nothing_is_echoed_in_full_that_is_long(project, capsys, arguments):
    certificate = {"format": "learning-dynamics certificate", "version": "v" * 9999}
    (project.root / "long.json").write_text(json.dumps(certificate), "utf-16")
    try:
        assert main(arguments) == 2
    except SystemExit as end:
        assert end.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "error: " in error and len(error) < 400


def test_unknown_preset_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("PRESET", "papper")
    assert main(["build"]) == 2
    assert "PRESET must be one of paper, quick, large, got 'papper'" in capsys.readouterr().err


def test_output_folder_that_cannot_be_written(project, capsys):
    (project.root / "taken").write_text("a file")
    assert main(["rerun", "one/first", "--out", "taken/deeper"]) == 2
    assert "cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["deep/er/mine", None])
def test_a_full_disk_that_the_system_does_not_name_is_looked_for_where_results_go(project, capsys, monkeypatch, place):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("learning_dynamics.companion.commands.cli.rerun", full)
    free = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: free(3e9 if folder == project.root else 1e9))
    assert main(["rerun", "one/first", *(["--out", place] if place else [])]) == 2
    room = f"3.0 GB free in {project.root}, 1.0 GB free in {tempfile.gettempdir()}"
    assert capsys.readouterr().err == f"error: No space left on device ({room}).\n"


def test_the_disk_of_the_file_that_failed_is_named(project, capsys, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.EDQUOT, "Disk quota exceeded", str(project.root / "runs" / "x" / "a.csv"))

    monkeypatch.setattr("learning_dynamics.companion.commands.cli.rerun", full)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: namedtuple("usage", "free")(0))
    assert main(["rerun", "one/first"]) == 2
    place = project.root / "runs" / "x" / "a.csv"
    assert capsys.readouterr().err == f"error: Disk quota exceeded ({place}; 0.0 GB free in {project.root}).\n"


def test_outside_a_clone_the_sentence_says_so(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    code = (
        "import pathlib, learning_dynamics.companion.base.project as p\n"
        "p.__file__ = '/nowhere/a/b/c/d.py'\n"
        "from learning_dynamics.companion.commands.cli import main; raise SystemExit(main(['rerun', '--list']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "empty", capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no book found in ")


def test_rerun_writes_notebook_results_and_page_and_leaves_the_source(project, capsys):
    source = project.notebook("one/first").read_bytes()
    assert main(["rerun", "book/one/first.ipynb", "-p", "runs=4", "--out", "mine"]) == 0
    out = project.root / "mine"
    assert (out / "first.ipynb").exists()
    assert '"theory": 8.0' in (out / "results" / "fig-first.json").read_text()
    page = out / "_build" / "html" / "book" / "one" / "first.html"
    assert "8" in page.read_text()
    assert str(page) in capsys.readouterr().out
    assert project.notebook("one/first").read_bytes() == source


@pytest.mark.parametrize("failing", ["tests", "--nbval", None])
def test_tests_see_plain_surroundings_and_notebooks_those_of_a_kernel(monkeypatch, failing):
    calls = []

    def run(command, cwd, env=None):
        calls.append((command, env))
        return subprocess.CompletedProcess(command, int(failing in command))

    monkeypatch.setattr(subprocess, "run", run)
    assert main(["test"]) == int(failing is not None)
    (tests, plain), (notebooks, kernel) = calls
    assert "tests" in tests and "--nbval" not in tests and plain is None
    assert "--nbval" in notebooks and "JUPYTER_PATH" in kernel
