"""A grid of runs: what is planned, kept, retried, collected, and said."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest
import yaml

from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.records.parameters import declared_parameters
from learning_dynamics.companion.reruns.sweep import plan
from learning_dynamics.companion.reruns.sweep_tables import ROW_COLUMNS, RUN_COLUMNS

from .conftest import notebook
from .test_pool import obey_interruptions, wait_until

PARAMETERS = (
    "runs: int = 3  # how often; in [1, 10]\n"
    "scale: float = 2.0  # a factor; in (0, 5]\n"
    "widths: list[int] = [1, 2]  # sizes; in [1, 9]\n"
    'rule: str = "plain"  # a word; in {plain, other}'
)
COUNTS = """
import pathlib
with open('started', 'a') as stream:
    stream.write(f'{runs}\\n')
from learning_dynamics.companion import AgreementTable, record
if runs == 2 and not pathlib.Path('mended').exists():
    raise ValueError('two is too many')
table = AgreementTable('fig-first').row('product', theory=runs * scale, not_judged='only shown').row('sum', theory=runs + scale, not_judged='only shown')
record('fig-first', agreement=table)
"""


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)
    write_body(project, COUNTS)


def write_body(project, body):
    write_notebook(notebook({"parameters": PARAMETERS, "body": body}), project.notebook("one/first"))


def started(project):
    return sorted((project.book / "one" / "started").read_text().split())


def table(project, name="results.csv", folder="runs/one/first/sweep"):
    with (project.root / folder / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def points(project, *assignments, preset="paper"):
    runs = plan(project, "one/first", preset=preset, assignments=assignments, output=project.root)
    return [run.changed for run in runs]


def test_the_grid_is_the_product_of_the_values_each_once(project):
    assert points(project, "runs=1, 2,1", "scale=0.5,1") == [
        {"runs": 1, "scale": 0.5},
        {"runs": 1, "scale": 1.0},
        {"runs": 2, "scale": 0.5},
        {"runs": 2, "scale": 1.0},
    ]
    assert points(project, "widths=1,2;3,4;[5]") == [{}, {"widths": [3, 4]}, {"widths": [5]}]
    assert points(project, "rule=plain,other") == [{}, {"rule": "other"}]
    assert points(project, "scale=1,1.0,1e0") == [{"scale": 1.0}]
    assert points(project, "scale=1", preset="quick") == [{"runs": 1, "scale": 1.0}]


def test_a_folder_is_named_by_the_parameters_however_they_are_given(project):
    def name(*assignments, preset="paper"):
        (run,) = plan(project, "one/first", preset=preset, assignments=assignments, output=project.root)
        return run.folder.name

    assert name("runs=1", "scale=1") == name("scale=1.0", preset="quick")
    assert name("runs=1").startswith("runs=1-")
    assert name("runs=3").startswith("defaults-")
    assert name("runs=1") != name("runs=1", "scale=1")
    assert len(name("widths=" + ",".join("9" * 200))) < 120


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["one/frst", "-p", "runs=1"], "there is no chapter 'one/frst'; did you mean 'one/first'?"),
        (["one/first"], "give at least one -p NAME=VALUE,VALUE to sweep over."),
        (["one/first", "-p", "rums=1,2"], "there is no parameter 'rums'; did you mean 'runs'?"),
        (["one/first", "-p", "runs"], "a parameter is set as name=value, got 'runs'."),
        (["one/first", "-p", "runs=1,2.5"], "runs must be of type int, got '2.5'."),
        (["one/first", "-p", "scale=1", "-p", "runs=1,11"], "runs must be in [1, 10], got 11."),
        (["one/first", "-p", "runs=1,,2"], "runs has an empty value in '1,,2'."),
        (["one/first", "-p", "widths=1,2;"], "widths has an empty value in '1,2;'."),
        (["one/first", "-p", "rule=plain,odd"], "rule must be in {plain, other}, got 'odd'."),
        (
            ["one/first", "-p", "runs=1", "-p", "runs=2"],
            "runs is given twice; give all its values in one runs=VALUE,VALUE.",
        ),
        (["one/first", "-p", "runs=1", "--workers", "0"], "workers must be at least 1, got 0."),
        (
            ["one/first", "-p", "runs=1,2,3,4,5,6,7,8,9,10", "-p", f"scale={','.join(f'{k}e-3' for k in range(1, 1002))}"],
            "the grid has 10010 runs; at most 10000 are allowed.",
        ),
    ],
)
def test_wrong_input_ends_in_one_sentence_before_anything_runs(project, capsys, arguments, sentence):
    assert main(["sweep", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"error: {sentence}\n"
    assert captured.out == ""
    assert not (project.root / "runs").exists()


def test_a_sweep_reports_failures_resumes_and_retries_on_demand(project, capsys):
    command = ["sweep", "one/first", "-p", "runs=1,2", "-p", "scale=0.5,1"]
    source = project.notebook("one/first").read_bytes()
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert out.startswith("one/first: 4 runs, 0 finished before, 4 to run\n[1/4] runs=")
    assert "s left\n[4/4] runs=" in out
    assert "2 finished, 2 failed; --retry-failed runs them again\n" in out
    failures = err.splitlines()
    assert len(failures) == 2
    assert all(line.startswith("failed: runs=2,scale=") and "ValueError: two is too many" in line for line in failures)
    for row in table(project, "runs.csv"):
        folder = project.root / "runs/one/first/sweep/runs" / row["run"]
        assert (folder / "first.failed.ipynb").exists() == (row["status"] == "failed")
        assert (folder / "first.ipynb").exists() == (row["status"] == "finished")
        assert (str(folder / "first.failed.ipynb") in row["error"]) == (row["status"] == "failed")
    assert project.notebook("one/first").read_bytes() == source

    before = table(project)
    assert main(command) == 1
    assert "4 runs, 2 finished before, 2 failed before, 0 to run" in capsys.readouterr().out
    assert started(project) == ["1", "1", "2", "2"]
    assert table(project) == before

    (project.book / "one" / "mended").touch()
    assert main([*command, "--retry-failed"]) == 0
    assert started(project) == ["1", "1", "2", "2", "2", "2"]
    rows = table(project)
    assert len(rows) == len({(row["run"], row["quantity"]) for row in rows}) == 8
    for row in rows:
        runs, scale = int(row["runs"]), float(row["scale"])
        assert row["status"] == "finished"
        assert row["entry"] == "fig-first"
        assert float(row["theory"]) == (runs * scale if row["quantity"] == "product" else runs + scale)
        assert json.loads(row["widths"]) == [1, 2]
        assert float(row["seconds"]) > 0


def test_a_changed_chapter_is_run_again_and_a_grown_grid_only_where_it_grew(project):
    (project.book / "one" / "mended").touch()
    assert main(["sweep", "one/first", "-p", "runs=1"]) == 0
    assert main(["sweep", "one/first", "-p", "runs=1,2"]) == 0
    assert started(project) == ["1", "2"]
    write_body(project, COUNTS.replace("runs + scale", "runs - scale"))
    assert main(["sweep", "one/first", "-p", "runs=1"]) == 0
    assert started(project) == ["1", "1", "2"]
    assert [row["theory"] for row in table(project)] == ["2.0", "-1.0"]


def test_a_run_that_dies_has_failed_and_has_a_row(project, capsys):
    write_body(project, "import os, signal\nif runs == 2: os.kill(os.getppid(), signal.SIGKILL)")
    assert main(["sweep", "one/first", "-p", "runs=1,2", "--out", "mine"]) == 1
    assert "its process was ended by signal 9 (SIGKILL)" in capsys.readouterr().err
    assert [(row["runs"], row["status"], row["theory"]) for row in table(project, folder="mine")] == [
        ("1", "finished", ""),
        ("2", "failed", ""),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_sweep_goes_on_where_it_stopped(project, sent):
    hangs = "\nimport time\nif runs == 3 and not pathlib.Path('mended').exists(): time.sleep(600)"
    write_body(project, COUNTS.replace("runs == 2", "False") + hangs)
    command = [sys.executable, "-m", "learning_dynamics", "sweep", "one/first", "-p", "runs=1,2,3", "--workers", "1"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=obey_interruptions)
    wait_until(lambda: (project.book / "one" / "started").exists() and len(started(project)) == 3)
    first.send_signal(sent)
    assert first.wait() == (130 if sent == signal.SIGINT else -9)
    if sent == signal.SIGINT:
        assert [row["status"] for row in table(project, "runs.csv")] == ["finished", "finished", "not run"]
    (project.book / "one" / "mended").touch()
    assert main(command[3:]) == 0
    assert started(project) == ["1", "2", "3", "3"]
    assert [row["runs"] for row in table(project, "runs.csv")] == ["1", "2", "3"]
    output = project.root / "runs/one/first/sweep"
    assert {path.name for path in output.iterdir()} == {"results.csv", "runs.csv", "runs", ".made-by-sweep"}


def test_a_reference_value_stands_only_at_its_own_parameters(project):
    path = project.book / "registry.yml"
    content = yaml.safe_load(path.read_text())
    reference = {"quantity": "product", "value": 6.0, "tolerance": 0.5, "kind": "paper", "source": "a test", "checked": "by hand"}
    content["entries"][0].update(at={"runs": 3}, references=[reference])
    path.write_text(yaml.safe_dump(content))
    write_body(project, COUNTS.replace("'fig-first')", "'fig-first', at={'runs': runs})", 1))
    assert main(["sweep", "one/first", "-p", "runs=3,4"]) == 0
    rows = [row for row in table(project) if row["quantity"] == "product"]
    assert [(row["runs"], row["reference"], row["reference_tolerance"], row["against_reference"]) for row in rows] == [
        ("3", "6.0", "0.5", "agrees"),
        ("4", "", "", "not judged: other parameters"),
    ]


@pytest.mark.parametrize("left", [".running-{}", ".running-1", ".running-sweep", ".running-first-x1"])
def test_what_a_killed_command_left_does_not_stop_a_sweep(project, left):
    left = left.format(os.getpid())
    (project.root / "mine" / left / "deeper").mkdir(parents=True)
    assert main(["sweep", "one/first", "-p", "runs=1", "--out", "mine", "--workers", "1"]) == 0
    assert (project.root / "mine" / left).exists() == (left == ".running-first-x1"), "a rerun's folder is its own business"


def test_two_sweeps_do_not_write_to_one_folder(project, capsys):
    write_body(project, "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)")
    command = [sys.executable, "-m", "learning_dynamics", "sweep", "one/first", "-p", "runs=1", "--out", "mine"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=obey_interruptions)
    wait_until((project.book / "one" / "started").exists)
    assert main([*command[3:-4], "-p", "runs=2", "--out", "mine"]) == 2
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert f"error: process {first.pid} is running a sweep in {project.root / 'mine'}; wait for it" in capsys.readouterr().err
    write_body(project, "pass")
    assert main(command[3:]) == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', '{"fingerprint": 1}', None])
def test_a_damaged_record_of_a_run_is_named_and_the_run_made_again(project, capsys, content):
    command = ["sweep", "one/first", "-p", "runs=1,3", "--workers", "1"]
    assert main(command) == 0
    path = sorted((project.root / "runs/one/first/sweep/runs").glob("*/run.json"))[0]
    path.unlink() if content is None else path.write_text(content)
    capsys.readouterr()
    assert main(command) == 0
    assert f"{path.parent.name}: run.json is missing or cannot be read; it runs again" in capsys.readouterr().out
    assert len(started(project)) == 3


@pytest.mark.parametrize("name", ["first.ipynb", "results/fig-first.json", "results/chapter.json"])
def test_damaged_files_of_a_run_are_noticed_and_added_ones_kept(project, capsys, name):
    command = ["sweep", "one/first", "-p", "runs=1", "--workers", "1"]
    assert main(command) == 0
    (folder,) = (project.root / "runs/one/first/sweep/runs").iterdir()
    before = table(project)
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    (folder / "notes.txt").write_text("mine")
    capsys.readouterr()
    assert main(command) == 0
    assert "it runs again" in capsys.readouterr().out
    assert without_seconds(table(project)) == without_seconds(before)
    assert (folder / "notes.txt").read_text() == "mine"


def without_seconds(rows):
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows]


def test_a_folder_serves_the_sweep_of_one_chapter_and_files_of_others_stay(project, capsys):
    assert main(["sweep", "one/first", "-p", "runs=1", "--out", "mine"]) == 0
    before = (project.root / "mine/results.csv").read_bytes()
    assert main(["sweep", "one/second", "-p", "size=1", "--out", "mine"]) == 2
    assert f"{project.root / 'mine'} holds a sweep of one/first; give another --out" in capsys.readouterr().err
    assert (project.root / "mine/results.csv").read_bytes() == before
    for name in ("results.csv", "runs", "results.unfinished"):
        folder = project.root / f"with-{name}"
        folder.mkdir()
        (folder / name).write_text("mine")
        assert main(["sweep", "one/first", "-p", "runs=1", "--out", str(folder)]) == 2
        assert f"{folder / name} stands in the way and was not made by this command" in capsys.readouterr().err
        assert {path.name: path.read_text() for path in folder.iterdir()} == {name: "mine"}


def test_no_parameter_has_the_name_of_another_column():
    project = find_project()
    for chapter in project.chapters():
        names = set(declared_parameters(read_notebook(project.notebook(chapter))))
        assert not names & {*RUN_COLUMNS, *ROW_COLUMNS, "error"}, chapter
