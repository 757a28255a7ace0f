"""A machine that is busy, or that fails: it costs no student a point, and is never called a 0."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from learning_dynamics.classroom import execution, grading
from learning_dynamics.classroom.isolation import Isolation, User, chosen, what_is_missing
from learning_dynamics.classroom.patience import MOST, Deadline, waited
from learning_dynamics.classroom.student_process import KernelDied, NotStarted, StudentKernel
from learning_dynamics.classroom.worker import Bench, graded

from .conftest import ASSIGNMENTS, hand_in, ready, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
NEEDS_NAMESPACES = pytest.mark.skipif(bool(what_is_missing()), reason="this system has no namespaces to offer")
NEEDS_WAITING_TIMES = pytest.mark.skipif(
    sys.platform != "linux", reason="this system does not say how long a process stood ready"
)
WORK = "import time\nstart = time.process_time()\nwhile time.process_time() - start < 1.5:\n    pass\nprint('done')"
BOMB = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)"


@pytest.fixture
def kernel():
    with StudentKernel(chosen("auto")) as made:
        yield made


@pytest.fixture
def busy():
    """Far more to do than this machine has processors."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(12)]
    yield
    for each in loops:
        each.kill()
        each.wait()


@NEEDS_WAITING_TIMES
def test_a_cell_has_its_time_on_a_busy_machine_too(kernel, busy):
    outcome = kernel.run(WORK, 3)
    assert not outcome.stopped and outcome.outputs[0]["text"] == "done\n"
    assert kernel.spent < 3


def test_a_cell_that_waits_for_itself_has_no_more_time(kernel):
    assert kernel.run("import time\ntime.sleep(100)", 1).stopped
    assert kernel.spent < 4


def test_waiting_is_taken_off_up_to_a_factor(monkeypatch):
    now, stood = [0.0], [5.0]
    monkeypatch.setattr("learning_dynamics.classroom.patience.monotonic", lambda: now[0])
    monkeypatch.setattr("learning_dynamics.classroom.patience.waited", lambda number: stood[0])
    deadline = Deadline(10, lambda: 1)
    assert deadline.left == 10
    now[0], stood[0] = 8.0, 11.0
    assert (deadline.used, deadline.left) == (2, 8)
    now[0], stood[0] = 200.0, 205.0
    assert deadline.used == 200 / MOST and deadline.left == 0
    assert waited(-1) == 0


@NEEDS_NAMESPACES
def test_a_neighbour_who_takes_all_processes_keeps_nobody_from_starting(kernel):
    bomb = threading.Thread(target=lambda: kernel.run(BOMB, 6))
    bomb.start()
    for _ in range(2):
        with StudentKernel(chosen("required")) as other:
            assert other.run("import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()", 20).error == ""
    assert bomb.is_alive()
    bomb.join()


def test_no_two_notebooks_have_a_user_in_common(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setattr("learning_dynamics.classroom.isolation.USERS", 3)
    if sys.platform == "linux":
        users = [User(Isolation(True)) for _ in range(3)]
        assert len({each.number for each in users}) == 3
        users[1].release()
        assert User(Isolation(True)).number == users[1].number
    assert User(Isolation(False)).number is None


@pytest.mark.skipif(sys.platform != "linux", reason="users are held by names that Linux alone has")
def test_a_system_that_lends_no_user_says_so(monkeypatch):
    def refused(*arguments):
        raise PermissionError("not here")

    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setattr(
        "learning_dynamics.classroom.isolation.socket.socket", lambda kind: SimpleNamespace(bind=refused, close=list)
    )
    with pytest.raises(PermissionError):
        User(Isolation(True))


class Failing:
    """Stands for kernels: the given errors first, one a start or a cell, then real ones."""

    def __init__(self, at_start=(), in_cells=()):
        self.at_start, self.in_cells, self.starts = list(at_start), list(in_cells), 0

    def __call__(self, *arguments, **options):
        self.starts += 1
        if self.at_start:
            raise self.at_start.pop(0)
        made = StudentKernel(*arguments, **options)
        run = made.run

        def failing(source, seconds):
            if self.in_cells and "def circle_integral" in source:
                raise self.in_cells.pop(0)
            return run(source, seconds)

        made.run = failing
        return made


def result_with(failing, monkeypatch):
    monkeypatch.setattr(execution, "StudentKernel", failing)
    monkeypatch.setattr(execution, "PAUSES", (0, 0, 0))
    notebook = grading.nbformat.writes(solved(ASSIGNMENT, "anna"))
    return graded(Bench.of(ASSIGNMENT, ready(ASSIGNMENT), 240), "anna", notebook)


@pytest.mark.parametrize(
    "failing",
    [
        Failing([NotStarted("no memory"), OSError("no space left")]),
        Failing(in_cells=[KernelDied("ended from outside", again=True)]),
    ],
    ids=["at the start", "in a cell"],
)
def test_what_fails_once_is_done_again(failing, monkeypatch):
    result = result_with(failing, monkeypatch)
    assert (result["points"], result["notes"]) == (FULL, [])
    assert failing.starts > 1


def test_what_ends_a_cell_twice_is_the_cell(monkeypatch):
    result = result_with(Failing(in_cells=[KernelDied("ended", again=True)] * 2), monkeypatch)
    assert result["points"]["circle"] == 0 and result["points"]["transform-upper"] == FULL["transform-upper"]
    assert any("ended in 'circle_integral'" in note for note in result["notes"])


def test_a_kernel_that_never_starts_gives_no_points_and_no_zero(monkeypatch):
    failing = Failing([NotStarted("no memory")] * 9)
    with pytest.raises(NotStarted):
        result_with(failing, monkeypatch)
    assert failing.starts == 3


def test_what_could_not_be_graded_is_said_everywhere_and_tried_again(project, tmp_path, monkeypatch):
    hand_in(solved(ASSIGNMENT, "anna"), tmp_path / "in", "anna", ASSIGNMENT.name)
    (tmp_path / "roster.csv").write_text("identifier\nanna\n")
    reasons, lines = ["NotStarted: no memory"] * 2, []
    monkeypatch.setattr(grading, "run_all", lambda jobs, *rest: [(key, reasons.pop()) for key in jobs])
    for _ in range(2):
        (found,) = grading.grade(
            project, tmp_path / "in", ASSIGNMENT.name, tmp_path / "out", roster=tmp_path / "roster.csv", say=lines.append
        )
        assert set(found.points.values()) == {None} and found.failed
    assert reasons == []
    out = tmp_path / "out" / ASSIGNMENT.name
    assert "anna,stieltjes,1,,30,not graded," in (out / "grades.csv").read_text("utf-8-sig")
    assert "0 of" not in (out / "feedback" / "anna.html").read_text("utf-8") and "not graded" in (
        out / "feedback" / "anna.html"
    ).read_text("utf-8")
    assert "anna,,,," in (out / "upload" / "moodle.csv").read_text("utf-8-sig")
    assert any(line.startswith("anna: not graded: NotStarted: no memory") for line in lines)
    assert lines[-1] == "not graded: anna; nothing is held against them, and the same command tries again."
