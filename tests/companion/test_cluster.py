"""A sweep on a Dask cluster of two local workers: nothing lost, nothing twice, every trouble one sentence."""

import os
import pickle
import signal
import socket
import sys
import threading

import psutil
import pytest

from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.dask_cluster import _packed, run_packed
from learning_dynamics.companion.execution.pool import Job

from .test_pool import wait_until
from .test_sweep import COUNTS, started, table, write_body

try:
    import distributed
except ImportError:
    distributed = None
MENDED = COUNTS.replace("runs == 2", "False")
WAITS = f"""{MENDED}
import os, time
pathlib.Path(f'pid-{{runs}}').write_text(str(os.getpid()))
while runs > 2 and not pathlib.Path('released').exists():
    time.sleep(0.1)
"""
KILLS_ITS_WORKER = f"{MENDED}\nimport psutil\nif runs == 2: psutil.Process().parents()[1].kill()"
WITHOUT_DASK = "needs Dask, which is not installed: make setup-dask"


@pytest.fixture
def dask():
    if distributed is None:
        message = "the optional packages of requirements-dask.txt are not installed (make setup-dask)"
        (pytest.fail if os.environ.get("REQUIRE_EXTRAS") else pytest.skip)(message)


@pytest.fixture
def cluster(dask, project, monkeypatch, tmp_path):
    """Two worker processes of one thread on the loopback, started inside the project."""
    monkeypatch.chdir(project.root)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options, dashboard_address="127.0.0.1:0", local_directory=str(tmp_path)) as running:
        yield running


def sweep(cluster, *assignments):
    address = cluster.scheduler_address
    return main(["sweep", "one/first", *(f"-p{text}" for text in assignments), "--scheduler", address])


def local(project, folder, *assignments):
    assert main(["sweep", "one/first", *(f"-p{text}" for text in assignments), "--out", str(folder)]) == 0


def without_time(rows):
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_worker_killed_half_way_loses_nothing_and_doubles_nothing(project, cluster):
    write_body(project, WAITS)
    statuses = []
    running = threading.Thread(target=lambda: statuses.append(sweep(cluster, "runs=1,2,3,4,5", "scale=1")))
    running.start()
    pids = [project.book / "one" / f"pid-{runs}" for runs in (3, 4)]
    wait_until(lambda: all(path.exists() and path.read_text() for path in pids))
    kernel = psutil.Process(int(pids[0].read_text()))
    (victim,) = {process.pid for process in kernel.parents()} & {worker.pid for worker in cluster.workers.values()}
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not kernel.is_running())
    (project.book / "one" / "released").touch()
    running.join()
    assert statuses == [0]
    assert started(project) == ["1", "2", "3", "3", "4", "5"]
    rows = table(project)
    assert [(row["runs"], row["quantity"]) for row in rows] == [
        (str(runs), quantity) for runs in range(1, 6) for quantity in ("product", "sum")
    ]
    assert {row["status"] for row in rows} == {"finished"}
    assert len(list((project.root / "runs/one/first/sweep/runs").iterdir())) == 5
    local(project, "here", "runs=1,2,3,4,5", "scale=1")
    assert without_time(table(project, folder="here")) == without_time(rows)


def test_failures_come_back_with_their_notebook_and_another_clone_is_refused(project, cluster, capsys, monkeypatch):
    write_body(project, COUNTS)
    assert sweep(cluster, "runs=1,2") == 1
    (failed,) = [row for row in table(project, "runs.csv") if row["status"] == "failed"]
    kept = project.root / "runs/one/first/sweep/runs" / failed["run"] / "first.failed.ipynb"
    assert kept.exists()
    assert "ValueError: two is too many" in failed["error"]
    assert str(kept) in failed["error"]
    capsys.readouterr()
    monkeypatch.setattr("learning_dynamics.companion.reruns.sweep.fingerprint", lambda *a: "of another clone")
    assert sweep(cluster, "runs=1") == 1
    assert "one/first was not run: it, its library or its Python version are not those that" in capsys.readouterr().err


def test_a_run_that_kills_every_worker_fails_and_the_others_finish(project, cluster, capsys):
    cluster.scheduler.allowed_failures = 0
    write_body(project, KILLS_ITS_WORKER)
    assert sweep(cluster, "runs=1,2") == 1
    assert "one/first failed because the workers that ran it died" in capsys.readouterr().err
    assert [(row["runs"], row["status"]) for row in table(project, "runs.csv")] == [("1", "finished"), ("2", "failed")]


def test_troubles_with_the_scheduler_are_one_sentence(project, dask, capsys, monkeypatch):
    monkeypatch.chdir(project.root)
    monkeypatch.setattr("learning_dynamics.companion.execution.dask_cluster.SECONDS_TO_CONNECT", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    for address in (
        closed,
        "nonsense",
        "",
        "tcp://",
        "tcp://host",
        "http://127.0.0.1:1",
        "tcp://127.0.0.1:x",
        f"tls{closed[3:]}",
    ):
        assert main(["sweep", "one/first", "-p", "runs=1", "--scheduler", address]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"error: no Dask scheduler answers at {address!r}: ")
        assert error.count("\n") == 1


def test_workers_may_come_later(project, dask, capsys, monkeypatch):
    monkeypatch.chdir(project.root)
    with distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        threading.Timer(3, cluster.scale, [1]).start()
        assert main(["sweep", "one/first", "-p", "runs=1", "--scheduler", cluster.scheduler_address]) == 0
    assert "waiting for workers of tcp://127.0.0.1:" in capsys.readouterr().out


def test_an_adaptive_cluster_starts_workers(project, dask, monkeypatch):
    monkeypatch.chdir(project.root)
    options = {"n_workers": 0, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster:
        cluster.adapt(minimum=0, maximum=1)
        assert main(["sweep", "one/first", "-p", "runs=1,2", "--scheduler", cluster.scheduler_address]) == 0


def test_what_is_sent_holds_no_path_and_other_packages_are_refused(project):
    here = project.root
    job = Job(project=project, chapter="a", preset="s", target=here / "a.ipynb", results=here / "r", parameters={"n": 1})
    sent = pickle.dumps((run_packed, _packed(job)))
    assert b"Path" not in sent and str(here).encode() not in sent
    assert b"PosixPath" not in pickle.dumps(job)
    back = pickle.loads(pickle.dumps(job))
    assert (back.project, back.target, back.results, back.parameters) == (project, job.target, job.results, job.parameters)
    other = {**_packed(job), "versions": {"numpy": "1.0"}}
    assert "its worker has other packages (numpy 1.0 there, " in run_packed(other)[0].error


def test_without_dask_the_sentence_says_what_to_install(project, capsys, monkeypatch):
    monkeypatch.chdir(project.root)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["sweep", "one/first", "-p", "runs=1", "--scheduler", "tcp://127.0.0.1:8786"]) == 2
    assert WITHOUT_DASK in capsys.readouterr().err
