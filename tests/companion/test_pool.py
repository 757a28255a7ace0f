"""Chapters run several at a time: same numbers, nothing lost, nothing left running."""

import json
import signal
import subprocess
import sys
import time

import psutil
import pytest

from learning_dynamics._randomness import available_processors
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import write_notebook
from learning_dynamics.companion.commands.build import chapter_job, execute_stale
from learning_dynamics.companion.execution.pool import run_all

from .conftest import notebook

SECONDS_TO_WAIT = 180
COMPUTES = """
import numpy as np
from learning_dynamics._randomness import available_processors, replicate
from learning_dynamics.companion import record
from learning_dynamics.random_matrix.kernels import eigenmodes
def draw(rng):
    a = rng.standard_normal((80, 80))
    return np.linalg.eigvalsh(a + a.T)
values = np.concatenate(replicate(draw, runs=6, seed=2018))
record('fig-first', data={'values': {'x': values}}, alt=f'{available_processors()} threads.')
"""
SLEEPS = """
import os, pathlib, time
pathlib.Path('pid').write_text(str(os.getpid()))
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def replace_body(project, chapter, body):
    write_notebook(notebook({"parameters": "runs: int = 3", "body": body}), project.notebook(chapter))


def silent(text):
    """Say nothing."""


def test_one_and_two_workers_give_the_same_numbers_and_share_the_processors(project):
    replace_body(project, "one/first", COMPUTES)
    results = project.results("one/first", "paper")
    values, alts, outcomes = [], [], []
    for workers in (1, 2):
        job = chapter_job(project, "one/first", "paper")
        run_all([job], workers=workers, done=lambda job, outcome: outcomes.append(outcome))
        values.append((results / "fig-first.values.csv").read_bytes())
        alts.append(json.loads((results / "fig-first.json").read_text())["alt"])
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert values[0] == values[1]
    assert alts == [f"{max(1, available_processors() // workers)} threads." for workers in (1, 2)]


@pytest.mark.parametrize(
    ("seconds", "order"),
    [
        ({"one/first": 1.0, "one/second": 2.0}, ["one/second", "one/first"]),
        ({"one/first": 2.0, "one/second": 1.0}, ["one/first", "one/second"]),
        ({"one/first": 2.0}, ["one/second", "one/first"]),
        ({}, ["one/first", "one/second"]),
    ],
)
def test_the_longest_chapter_begins_an_unknown_one_before_it_and_pages_wait(project, monkeypatch, seconds, order):
    for chapter, value in seconds.items():
        project.results(chapter, "quick").mkdir(parents=True)
        (project.results(chapter, "quick") / "chapter.json").write_text(json.dumps({"seconds": value}))
    groups = []
    monkeypatch.setattr("learning_dynamics.companion.commands.build.run_all", lambda jobs, **options: groups.append(jobs))
    assert execute_stale(project, "quick", say=silent) == ["one/first", "one/second", "atlas"]
    assert [[job.chapter for job in jobs] for jobs in groups] == [order, ["atlas"]]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import os; os._exit(7)", "first.ipynb failed because its kernel ended with status 7"),
        (
            "import os, sys; sys.__stderr__.write('the last words\\n'); sys.__stderr__.flush(); os.abort()",
            r"first.ipynb failed because its kernel was ended by signal 6 \(SIGABRT\)",
        ),
        (
            "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
            r"one/first failed because its process was ended by signal 9 \(SIGKILL\), not for lack of memory",
        ),
    ],
)
def test_a_process_that_dies_is_a_failure_and_the_others_are_kept(project, body, sentence):
    replace_body(project, "one/first", body)
    with pytest.raises(CompanionError, match=sentence):
        execute_stale(project, "quick", say=silent)
    assert project.executed("one/second", "quick").exists()
    assert not project.executed("atlas", "quick").exists()
    assert not list(project.build.rglob(".running-*"))


def test_every_failure_is_reported(project):
    replace_body(project, "one/first", "1 / 0")
    replace_body(project, "one/second", "[][1]")
    with pytest.raises(CompanionError) as caught:
        execute_stale(project, "quick", say=silent)
    first, second = str(caught.value).splitlines()
    assert "ZeroDivisionError" in first
    assert "IndexError" in second


def test_a_number_of_workers_below_one_is_refused(project):
    with pytest.raises(CompanionError, match="workers must be at least 1, got 0"):
        execute_stale(project, "quick", workers=0, say=silent)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interruption_ends_the_kernels_and_keeps_what_has_run(project, sent):
    replace_body(project, "one/first", "pass")
    replace_body(project, "one/second", SLEEPS)
    build = subprocess.Popen(
        [sys.executable, "-m", "learning_dynamics", "build", "--preset", "quick", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_interruptions,
    )
    pid = project.book / "one" / "pid"
    wait_until(lambda: pid.exists() and pid.read_text() and project.executed("one/first", "quick").exists())
    time.sleep(0.5)
    build.send_signal(sent)
    error = build.communicate()[1]
    if sent == signal.SIGINT:
        assert build.returncode == 130
        assert error.strip().startswith("interrupted: what has run is kept")
        assert not list(project.build.rglob(".running-*"))
    wait_until(lambda: not psutil.pid_exists(int(pid.read_text())))
    replace_body(project, "one/second", "pass")
    assert execute_stale(project, "quick", say=silent) == ["one/second", "atlas"]
    assert not list(project.build.rglob(".running-*"))


def obey_interruptions():
    """In a new process: end at SIGINT, which a process that a shell starts in the background ignores."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition):
    """Wait until a condition holds; fail if that takes too long."""
    end = time.monotonic() + SECONDS_TO_WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
