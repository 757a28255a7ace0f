"""Only what a command made is replaced; one command at a time works in a folder."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import write_notebook
from learning_dynamics.companion.base.ownership import claimed
from learning_dynamics.companion.commands.cli import main

from .conftest import ROOT, notebook
from .test_pool import obey_interruptions, wait_until

RERUN = ["rerun", "one/first", "-p", "runs=2", "--out"]
MADE = ("first.ipynb", "first.failed.ipynb", "results", "_build")


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def claim(folder, names=("results",), about="a chapter", command="rerun"):
    return claimed(folder, command=command, about=about, names=names, doing="running")


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_others_made_is_refused_by_name_before_anything_runs(project, tmp_path, capsys, name, kind):
    folder = tmp_path / "mine"
    folder.mkdir()
    if kind == "file":
        (folder / name).write_text("mine")
    elif kind == "folder":
        (folder / name).mkdir()
        (folder / name / "thesis.csv").write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        (folder / name).symlink_to(tmp_path / "elsewhere")
    before = content(folder)
    assert main([*RERUN, str(folder)]) == 2
    error = capsys.readouterr().err
    assert (
        error
        == f"error: {folder / name} stands in the way and was not made by this command; move it away or give another --out.\n"
    )
    assert content(folder) == before


@pytest.mark.parametrize("command", ["rerun", "sweep"])
@pytest.mark.parametrize(
    "place", [".", "book", "book/one", "lib", "lib/learning_dynamics/data", "_build", "_build/html", "./book/../book/one/deeper"]
)
def test_the_sources_of_the_book_are_no_place_for_results(project, capsys, command, place):
    before = content(project.root)
    assert main([command, "one/first", "-p", "runs=2", "--out", place]) == 2
    assert "error: --out must not be in " in capsys.readouterr().err
    assert content(project.root) == before


@pytest.mark.parametrize("command", [["rerun", "one/first", "-p", "runs=2"], ["sweep", "one/first", "-p", "runs=1"]])
@pytest.mark.parametrize("place", ["/", "home"])
def test_a_root_and_a_home_are_no_folders_for_results(tmp_path, monkeypatch, capsys, command, place):
    home = tmp_path / "me"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    folder = str(home) if place == "home" else place
    assert main([*command, "--out", folder]) == 2
    assert capsys.readouterr().err == f"error: --out must be a folder for results alone, got {folder}; name one in it.\n"
    assert not list(home.iterdir())


@pytest.mark.parametrize("place", [".", "classroom/graded", "_build/graded"])
@pytest.mark.parametrize(
    "command",
    [
        ["grade", "in", "--assignment", "stieltjes"],
        ["classroom", "--course", "spring"],
        ["classroom", "--gradescope", "stieltjes"],
    ],
)
def test_nor_for_grades_and_assignments(project, capsys, command, place):
    pytest.importorskip("bleach")
    shutil.copytree(ROOT / "classroom" / "stieltjes", project.root / "classroom" / "stieltjes")
    (project.root / "in" / "anna").mkdir(parents=True)
    before = content(project.root)
    assert main([*command, "--out", place]) == 2
    assert "error: --out must not be in " in capsys.readouterr().err
    assert content(project.root) == before


EMPTY = ["grade", "in", "--assignment", "stieltjes", "--out", "graded"]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ([*EMPTY[:-1], " "], "--out must name a folder"),
        (["classroom", "--out", ""], "--out must name a folder"),
        (["predict", "a.csv", "--train", "4", "--out", ""], "--out must name a folder"),
        (["verify", "a.json", "--out", ""], "--out must name a folder"),
        (["verify", ""], "CERTIFICATE must name a file"),
        (["grade", "", *EMPTY[2:]], "FOLDER must name a folder"),
        ([*EMPTY, "--roster", ""], "--roster must name a file"),
        ([*EMPTY, "--masters", ""], "--masters must name a folder"),
        ([*EMPTY, "--deadline", " "], "--deadline must be a time like 2026-11-30 18:00 or a date like 2026-11-30"),
    ],
)
def test_an_empty_text_stands_for_nothing(project, capsys, command, sentence):
    before = content(project.root)
    assert main(command) == 2
    assert capsys.readouterr().err == f"error: {sentence}, got an empty text.\n"
    assert content(project.root) == before


@pytest.mark.parametrize("command", [[*RERUN, ""], ["sweep", "one/first", "-p", "runs=1", "--out", " "], ["build", "--out", ""]])
def test_an_empty_name_is_no_folder(capsys, command):
    assert main(command) == 2
    assert capsys.readouterr().err == "error: --out must name a folder, got an empty text.\n"


def test_a_build_goes_where_nothing_of_others_is(project, tmp_path, capsys):
    assert main(["build", "--out", "book"]) == 2
    assert "--out must not be in book/" in capsys.readouterr().err
    other = tmp_path / "thesis"
    (other / "_build" / "html").mkdir(parents=True)
    (other / "_build" / "html" / "index.html").write_text("mine")
    assert main(["build", "--out", str(other)]) == 2
    assert f"{other / '_build' / 'html'} stands in the way" in capsys.readouterr().err
    assert content(other) == {(other / "_build/html/index.html").relative_to(other): b"mine"}


def test_a_folder_serves_one_chapter(tmp_path):
    with claim(tmp_path / "mine"):
        pass
    with claim(tmp_path / "mine"):
        (tmp_path / "mine" / "results").mkdir()
    with claim(tmp_path / "mine"):
        pass
    with pytest.raises(CompanionError, match="mine holds a rerun of a chapter; give another --out"):
        with claim(tmp_path / "mine", about="another chapter"):
            pass


def test_nothing_goes_into_what_another_command_replaces(tmp_path):
    with claim(tmp_path / "mine"):
        pass
    for inner in ("mine/results", "mine/results/a/b"):
        with pytest.raises(CompanionError, match="lies in .*results, which a rerun made and replaces; give another --out"):
            with claim(tmp_path / inner, command="sweep"):
                pass
    with claim(tmp_path / "mine" / "sweep", command="sweep"):
        pass


def test_a_mark_that_a_full_disk_cut_off_is_a_mark(tmp_path):
    with claim(tmp_path / "mine"):
        (tmp_path / "mine" / "results").mkdir()
    for text in ("", '{"na', "[]", "3"):
        (tmp_path / "mine" / ".made-by-rerun").write_text(text)
        with claim(tmp_path / "mine"):
            pass


def test_a_file_that_somebody_put_among_the_results_is_named_and_stays(project, capsys):
    assert main([*RERUN, "mine"]) == 0
    assert main([*RERUN, "mine"]) == 0, "what it made itself it makes again"
    (project.root / "mine/results/thesis.csv").write_text("mine")
    before = content(project.root / "mine")
    capsys.readouterr()
    assert main([*RERUN, "mine"]) == 2
    assert f"{project.root / 'mine/results/thesis.csv'} was not recorded by this chapter" in capsys.readouterr().err
    assert content(project.root / "mine") == before
    assert main(["rerun", "one/second", "--out", "mine"]) == 2
    assert "mine holds a rerun of one/first; give another --out" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_second_command_on_one_folder_says_so_and_a_kill_frees_it(project, capsys):
    body = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)"
    write_notebook(notebook({"parameters": "runs: int = 3", "body": body}), project.notebook("one/first"))
    first = subprocess.Popen(
        [sys.executable, "-m", "learning_dynamics", *RERUN, "mine"], stderr=subprocess.DEVNULL, preexec_fn=obey_interruptions
    )
    wait_until((project.book / "one/started").exists)
    assert main([*RERUN, "mine"]) == 2
    said = capsys.readouterr().err
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert said == (
        f"error: process {first.pid} is running one/first in {project.root / 'mine'}; wait for it or give another --out.\n"
    )
    with claim(project.root / "mine", about="one/first"):
        pass
    assert os.path.exists(project.root / "mine/.made-by-rerun")
