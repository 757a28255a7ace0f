"""The commands, as a teacher meets them."""

import os
import subprocess
import sys

import pytest

from learning_dynamics.classroom import course
from learning_dynamics.companion.cli import main

from .conftest import ASSIGNMENTS, hand_in, solved


@pytest.fixture
def handed_in(tmp_path):
    """A folder with one submission that cannot be read, so that nothing has to run."""
    (tmp_path / "in" / "anna").mkdir(parents=True)
    (tmp_path / "in" / "anna" / "stieltjes.ipynb").touch()
    return tmp_path / "in"


def grade(folder, *more, name="stieltjes"):
    return main(["grade", str(folder), "--assignment", name, "--out", str(folder.parent / "out"), *more])


def test_grading_prints_a_line_for_each_student_and_where_the_results_are(handed_in, capsys):
    assert grade(handed_in) == 0
    out = handed_in.parent / "out"
    assert capsys.readouterr().out.splitlines() == [
        "anna: 0 of 30 points; stieltjes.ipynb is empty",
        f"grades:   {out / 'grades.csv'}",
        f"feedback: {out / 'feedback'}",
    ]
    assert sorted(path.name for path in out.iterdir()) == ["feedback", "graded", "grades.csv", "marks.csv"]


def test_the_environment_need_not_be_activated(tmp_path, project):
    bare = {key: value for key, value in os.environ.items() if key != "PATH"} | {"PATH": os.defpath}
    command = [sys.executable, "-m", "learning_dynamics", "classroom", "--out", str(tmp_path)]
    subprocess.run(command, cwd=project.root, env=bare, check=True, capture_output=True)
    assert sorted(path.stem for path in (tmp_path / "student").iterdir()) == sorted(ASSIGNMENTS)
    assert (tmp_path / "guide.html").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "stieltjs"}, "error: there is no assignment 'stieltjs'; did you mean 'stieltjes'?"),
        ({"more": ["--timeout", "0"]}, "error: timeout must be > 0 seconds, got 0."),
    ],
)
def test_wrong_input_ends_in_one_sentence(handed_in, capsys, options, sentence):
    assert grade(handed_in, *options.pop("more", []), **options) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def test_a_folder_that_does_not_exist_is_named(tmp_path, capsys):
    assert grade(tmp_path / "in") == 2
    assert capsys.readouterr().err == f"error: the folder of submissions {tmp_path / 'in'} does not exist.\n"


def test_marks_are_checked_before_anything_runs_and_never_lost(handed_in, capsys):
    marks = handed_in.parent / "out" / "marks.csv"
    marks.parent.mkdir()
    marks.write_text("student,task,points,comment\nanna,interpretation,50,\n")
    assert grade(handed_in) == 2
    assert "marks.csv, line 2: points must be a number from 0 to 5, got '50'" in capsys.readouterr().err
    assert marks.read_text().endswith("50,\n")


def test_an_interruption_leaves_everything_as_it_was(handed_in, capsys, monkeypatch):
    assert grade(handed_in) == 0
    out = handed_in.parent / "out"
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    hand_in(solved(ASSIGNMENTS["stieltjes"], "bert"), handed_in, "bert", "stieltjes")

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(course.Course, "autograde", interrupted)
    assert grade(handed_in) == 2
    assert capsys.readouterr().err == f"error: interrupted: {out} is as it was before.\n"
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
