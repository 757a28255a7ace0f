"""The commands, as a teacher meets them."""

import os
import subprocess
import sys

import pytest

from learning_dynamics.classroom import grading, isolation
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.commands.cli import main

from .conftest import ASSIGNMENTS, hand_in, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]


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
    out = handed_in.parent / "out" / "stieltjes"
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("Protection: each notebook runs in a process of its own")
    assert rest == [
        "anna: 0 of 30 points; stieltjes.ipynb is empty",
        f"grades:   {out / 'grades.csv'}",
        f"feedback: {out / 'feedback'}",
        f"marks:    {out / 'marks.csv'}",
    ]
    assert {"essays", "feedback", "graded", "grades.csv", "marks.csv"} <= {path.name for path in out.iterdir()}


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
        ({"more": ["--workers", "0"]}, "error: workers must be > 0, got 0."),
        ({"more": ["--isolate", "much"]}, "error: isolate must be one of auto, required, none, got 'much'."),
    ],
)
def test_wrong_input_ends_in_one_sentence(handed_in, capsys, options, sentence):
    assert grade(handed_in, *options.pop("more", []), **options) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def test_a_folder_that_does_not_exist_is_named(tmp_path, capsys):
    assert grade(tmp_path / "in") == 2
    assert capsys.readouterr().err == f"error: the folder of submissions {tmp_path / 'in'} does not exist.\n"


def test_marks_are_checked_before_anything_runs_and_never_lost(handed_in, capsys):
    assert grade(handed_in) == 0
    marks = handed_in.parent / "out" / "stieltjes" / "marks.csv"
    marks.write_text("student,task,points,comment\nanna,interpretation,50,\n")
    assert grade(handed_in) == 2
    assert "marks.csv, line 2: points must be a number from 0 to 5, got '50'" in capsys.readouterr().err
    assert marks.read_text().endswith("50,\n")


def test_marks_belong_to_their_assignment(handed_in, capsys):
    assert grade(handed_in) == 0
    marks = handed_in.parent / "out" / "stieltjes" / "marks.csv"
    marks.write_text("student,assignment,task,points,comment\nanna,stieltjes,interpretation,5,Great rigidity\n")
    assert grade(handed_in) == 0 and grade(handed_in, name="averaging") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("anna")]
    assert [line.split(";")[0] for line in lines] == ["anna: 0 of 30 points", "anna: 5 of 30 points", "anna: 0 of 30 points"]
    other = handed_in.parent / "out" / "averaging"
    assert "rigidity" not in (other / "marks.csv").read_text("utf-8-sig") + (other / "feedback" / "anna.html").read_text("utf-8")
    (other / "marks.csv").write_bytes(marks.read_bytes())
    assert grade(handed_in, name="averaging") == 2
    assert "the mark is for the assignment 'stieltjes', and this is 'averaging'" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["in", "in/out", "."])
def test_folders_of_others_are_refused_before_anything_runs(handed_in, capsys, out):
    folder = handed_in.parent
    (folder / "thesis.tex").write_text("all my work")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["grade", str(handed_in), "--assignment", "stieltjes", "--out", str(folder / out)]) == 2
    assert "must not lie within each other" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_isolation_that_is_required_and_not_there_is_refused(handed_in, capsys, monkeypatch):
    monkeypatch.setattr(isolation, "what_is_missing", lambda: "it needs Linux")
    assert grade(handed_in, "--isolate", "required") == 2
    assert "isolation is required and this system does not offer it (it needs Linux)" in capsys.readouterr().err
    assert grade(handed_in) == 0
    assert "NOT prevented here: network" in capsys.readouterr().out


def test_without_namespaces_notebooks_are_graded_too(tmp_path, project):
    for student in ("anna", "bert"):
        hand_in(solved(ASSIGNMENT, student), tmp_path / "in", student, "stieltjes")
    hand_in(solved(ASSIGNMENT, "carl", {"experiment": "import os\nos._exit(1)"}), tmp_path / "in", "carl", "stieltjes")
    found = grading.grade(project, tmp_path / "in", "stieltjes", tmp_path / "out", isolate="none", say=lambda text: None)
    assert [each.total for each in found] == [25, 25, 21]


class Killed(BaseException):
    """What ends a run from outside."""


@pytest.mark.parametrize("end", [KeyboardInterrupt, Killed])
def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, project, monkeypatch, end):
    for number in range(4):
        hand_in(solved(ASSIGNMENT, f"s{number}"), tmp_path / "in", f"s{number}", "stieltjes")
    run, jobs_given = grading.run_all, []

    def stopped(jobs, settings, workers):
        jobs_given.append(set(jobs))
        for number, each in enumerate(run(jobs, settings, workers), 1):
            yield each
            if number == 2:
                raise end

    monkeypatch.setattr(grading, "run_all", stopped)
    with pytest.raises(CompanionError if end is KeyboardInterrupt else Killed) as caught:
        grading.grade(project, tmp_path / "in", "stieltjes", tmp_path / "out", say=lambda text: None)
    if end is KeyboardInterrupt:
        assert str(caught.value) == "interrupted: 2 of 4 are graded; the same command goes on from there."
    lines = []
    monkeypatch.setattr(grading, "run_all", lambda jobs, *rest: (jobs_given.append(set(jobs)), run(jobs, *rest))[1])
    found = grading.grade(project, tmp_path / "in", "stieltjes", tmp_path / "out", say=lines.append)
    assert [each.total for each in found] == [25] * 4
    assert len(jobs_given[0]) == 4 and len(jobs_given[1]) == 2
    assert any(line.endswith(" left)") and "(3 of 4, about" in line for line in lines) and any(
        "(4 of 4)" in line for line in lines
    )


def test_a_submission_that_ends_the_grading_process_costs_itself_alone(tmp_path, project):
    for student in ("anna", "bert"):
        hand_in(solved(ASSIGNMENT, student), tmp_path / "in", student, "stieltjes")
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    hand_in(solved(ASSIGNMENT, "carl", {"experiment": kill}), tmp_path / "in", "carl", "stieltjes")
    found = grading.grade(project, tmp_path / "in", "stieltjes", tmp_path / "out", isolate="none", say=lambda text: None)
    assert [each.total for each in found] == [25, 25, 0]
    assert set(found[2].points.values()) == {None}
    assert found[2].notes[-1] == "not graded: grading it ended the grading process"


def test_only_what_has_changed_is_run_again(tmp_path, project, monkeypatch):
    for student in ("anna", "bert"):
        hand_in(solved(ASSIGNMENT, student), tmp_path / "in", student, "stieltjes")
    run, jobs_given = grading.run_all, []
    monkeypatch.setattr(grading, "run_all", lambda jobs, *rest: (jobs_given.append(set(jobs)), run(jobs, *rest))[1])
    for answer in (None, None, {"experiment": "mean_L = 1"}):
        hand_in(solved(ASSIGNMENT, "bert", answer), tmp_path / "in", "bert", "stieltjes")
        found = grading.grade(project, tmp_path / "in", "stieltjes", tmp_path / "out", say=lambda text: None)
    assert jobs_given == [{"anna", "bert"}, {"bert"}]
    assert [each.total for each in found] == [25, 21]
