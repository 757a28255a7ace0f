"""The zip for Gradescope's autograder, run in a copy of the place that its documentation describes."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from learning_dynamics.classroom.gradescope import owner, write_gradescope
from learning_dynamics.classroom.isolation import what_is_missing
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import write_notebook
from learning_dynamics.companion.commands.cli import main

from .checks_of_assignments import automatic_points
from .conftest import ASSIGNMENTS, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
AUTOMATIC = automatic_points(ASSIGNMENT)
STUDENT = "anna@example.org"
WRONG = {"experiment": "mean_L = sd_L = 1e9"}


@pytest.fixture(scope="session")
def autograder(project, tmp_path_factory):
    """The place with what the zip holds, and an environment as its `setup.sh` makes one."""
    place = tmp_path_factory.mktemp("autograder")
    path = write_gradescope(project, "stieltjes", place, isolate="auto", say=lambda text: None)
    with zipfile.ZipFile(path) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        archive.extractall(place / "source")
    assert modes["setup.sh"] & 0o111 and modes["run_autograder"] & 0o111
    (place / "source" / ".venv").symlink_to(sys.prefix)
    setup = (place / "source" / "setup.sh").read_text().splitlines()
    assert "lib/setup_environment.py --extra classroom" in setup[-2]
    subprocess.run(["bash", "-c", setup[-1]], cwd=place / "source", check=True, capture_output=True)
    assert list(place.glob("source/_build/classroom-cache/*/stieltjes-*-done"))
    (place / "run_autograder").write_bytes((place / "source" / "run_autograder").read_bytes())
    (place / "run_autograder").chmod(0o755)
    return place


def graded(place, notebook, metadata):
    """What `run_autograder` makes of a notebook: its results, None where it wrote none, and what it said."""
    (place / "results" / "results.json").unlink(missing_ok=True)
    (place / "submission").mkdir(exist_ok=True)
    write_notebook(notebook, place / "submission" / "stieltjes.ipynb")
    (place / "submission_metadata.json").write_text(json.dumps(metadata))
    bare = {"PATH": os.environ["PATH"], "HOME": str(place)}
    done = subprocess.run([place / "run_autograder"], cwd=place, env=bare, capture_output=True, text=True, check=False)
    path = place / "results" / "results.json"
    assert path.exists() == (done.returncode == 0), done.stderr
    return (json.loads(path.read_text()) if path.exists() else None), done.stderr


@pytest.mark.parametrize(
    ("answers", "lost"), [({}, set()), (WRONG, {"experiment-mean", "experiment-sd"})], ids=["solved", "wrong"]
)
def test_a_submission_gets_its_points_by_task(autograder, answers, lost):
    found, _ = graded(autograder, solved(ASSIGNMENT, STUDENT, answers), {"users": [{"email": STUDENT}]})
    earned = {test["name"].split(":")[0]: test["score"] for test in found["tests"]}
    assert earned == {task: 0 if task in lost else points for task, points in AUTOMATIC.items()}
    assert {test["name"].split(":")[0]: test["max_score"] for test in found["tests"]} == AUTOMATIC
    assert found["score"] == sum(earned.values())
    for test in found["tests"]:
        assert test["visibility"] == "after_due_date"
        assert (test["output"] == "passed") == (test["score"] > 0) and test["output"]
    assert "more points are given by hand" in found["output"]
    assert ("NOT prevented" in found["extra_data"]["protection"]) == bool(what_is_missing())


def test_numbers_of_somebody_else_earn_nothing_where_they_are_personal(autograder):
    found, _ = graded(autograder, solved(ASSIGNMENT, "bert@example.org"), {"users": [{"email": STUDENT}]})
    lost = {test["name"].split(":")[0] for test in found["tests"] if not test["score"]}
    assert lost >= ASSIGNMENT.personal and lost < set(AUTOMATIC) and "bert@example.org" in found["output"]


def test_without_a_student_nothing_is_written(autograder):
    found, said = graded(autograder, solved(ASSIGNMENT, STUDENT), {"users": []})
    assert found is None
    assert said == "error: submission_metadata.json must hold the mail address of a student, and it holds none.\n"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"users": [{}]}', '{"users": [{"email": ".."}]}', '{"users": [{"email": 1}]}'])
def test_whose_a_submission_is_must_be_said(tmp_path, text):
    (tmp_path / "about.json").write_text(text)
    with pytest.raises(CompanionError, match=r"^about\.json must hold"):
        owner(tmp_path / "about.json")


def test_the_zip_asks_for_the_isolation_that_was_wanted_and_holds_one_assignment(project, tmp_path):
    path = write_gradescope(project, "stieltjes", tmp_path, isolate="required", say=lambda text: None)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("run_autograder").decode().rstrip().endswith("gradescope stieltjes required")
        names = archive.namelist()
    assert "classroom/stieltjes/stieltjes.ipynb" in names and not any("averaging" in Path(name).parts for name in names)
    with pytest.raises(CompanionError, match="isolate must be one of auto, required, none, got 'much'"):
        write_gradescope(project, "stieltjes", tmp_path, isolate="much", say=lambda text: None)


def test_the_command_writes_the_zip(tmp_path, capsys):
    assert main(["classroom", "--gradescope", "spike", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"for Gradescope: {tmp_path / 'gradescope-spike.zip'}\n"
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["gradescope-spike.zip"]
    assert main(["classroom", "--gradescope", "spike", "--out", str(tmp_path)]) == 0


def test_nothing_of_others_is_replaced_and_no_word_is_ignored(tmp_path, capsys):
    mine = tmp_path / "gradescope-spike.zip"
    mine.write_text("mine")
    assert main(["classroom", "--gradescope", "spike", "--out", str(tmp_path)]) == 2
    assert "it holds other files" in capsys.readouterr().err and mine.read_text() == "mine"
    assert main(["classroom", "--gradescope", "spike", "--out", str(mine)]) == 2
    assert capsys.readouterr().err == f"error: {mine} must be a folder, and is a file.\n"
    assert main(["classroom", "--isolate", "none", "--out", str(tmp_path / "new")]) == 2
    assert "--gradescope" in capsys.readouterr().err and not (tmp_path / "new").exists()
