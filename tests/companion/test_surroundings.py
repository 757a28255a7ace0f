"""Any shell, home, settings and machine: the same numbers and pictures, or one sentence; the true reason where a process ends."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from nbclient import NotebookClient

import learning_dynamics._cache as cache
import learning_dynamics._randomness as randomness
from learning_dynamics._start import LIBRARY
from learning_dynamics.companion.base import endings
from learning_dynamics.companion.base.environment import child_environment, python_command
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.base.project import Project
from learning_dynamics.companion.commands.build import run_in_memory
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.executor import execute
from learning_dynamics.companion.execution.notebook_kernel import installed_kernel
from learning_dynamics.companion.execution.pool import Job, run_alone

from .conftest import notebook

DRAWS = (
    "import matplotlib.pyplot as plt\nimport numpy\nfrom learning_dynamics.companion import use_style\nuse_style()\n"
    "plt.plot([1, 2], [3, 4], label='a')\nplt.xlabel(r'$x$')\nplt.legend()\nplt.show()"
)
COMMAND = [sys.executable, "-m", "learning_dynamics"]


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def replace_body(project, body, parameters="runs: int = 3"):
    write_notebook(notebook({"parameters": parameters, "body": body}), project.notebook("one/first"))


def run(*arguments, **variables):
    return subprocess.run(
        [*COMMAND, *arguments], env={**os.environ, "PYTHONPATH": str(LIBRARY), **variables}, capture_output=True
    )


def picture(project, tmp_path, name):
    source = project.notebook("one/first")
    execute(source, tmp_path / name / "a.ipynb", parameters={}, results=tmp_path / name / "r", cwd=source.parent, progress=False)
    outputs = [output for cell in read_notebook(tmp_path / name / "a.ipynb").cells for output in cell.get("outputs", ())]
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.fixture
def other_kernel(tmp_path):
    """A kernel called python3 that does not start."""
    folder = tmp_path / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return tmp_path / "jupyter"


def test_settings_of_the_reader_change_no_picture(project, tmp_path, monkeypatch, other_kernel):
    replace_body(project, DRAWS)
    bare = picture(project, tmp_path, "bare")
    assert len(bare) == 1
    settings = tmp_path / "settings"
    startup = settings / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "0.py").write_text("import os; os._exit(3)")
    (settings / "profile_default" / "ipython_kernel_config.py").write_text("c.InlineBackend.figure_format = 'svg'")
    (settings / "matplotlibrc").write_text("text.usetex: True\nfont.family: serif\nsavefig.bbox: tight\nlines.linewidth: 9\n")
    (settings / "numpy.py").write_text("raise ImportError('the NumPy of another program')")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("MATPLOTLIBRC", str(settings / "matplotlibrc"))
    monkeypatch.setenv("IPYTHONDIR", str(settings))
    monkeypatch.setenv("JUPYTER_PATH", str(other_kernel))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(settings), str(LIBRARY)]))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert picture(project, tmp_path, "set") == bare
    source = project.notebook("one/first").read_bytes()
    cells = run_in_memory(project.notebook("one/first")).cells
    assert ["image/png" in output["data"] for output in cells[-1].outputs] == [True]
    assert project.notebook("one/first").read_bytes() == source


@pytest.mark.parametrize("backend", ["Agg", "qtagg", "svg"])
def test_pictures_stand_in_a_notebook_that_others_run(project, tmp_path, monkeypatch, backend):
    """Papermill and nbclient, with the reader's own kernel and the backend of the reader's shell."""
    replace_body(project, DRAWS)
    bare = picture(project, tmp_path, "bare")
    with installed_kernel() as variables:
        for name, value in (variables | {"MPLBACKEND": backend}).items():
            monkeypatch.setenv(name, value)
        ran = NotebookClient(read_notebook(project.notebook("one/first")), kernel_name="python3").execute()
    assert [output["data"]["image/png"] for output in ran.cells[-1].outputs if "data" in output] == bare


def test_a_figure_cell_that_drew_nothing_is_named(project, capsys):
    replace_body(project, "plt = None\n# record(")
    path = project.notebook("one/first")
    path.write_text(path.read_text().replace("display(Image", "repr(Image"))
    assert main(["rerun", "one/first"]) == 2
    assert "first.ipynb failed: its cell of the figure fig-first ran and drew no picture." in capsys.readouterr().err
    assert main(["sweep", "one/first", "-p", "runs=1"]) == 1
    assert "its cell of the figure fig-first ran and drew no picture" in capsys.readouterr().err


def test_a_kernel_that_does_not_start_is_one_sentence(project, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(
        "learning_dynamics.companion.execution.notebook_kernel.python_command",
        lambda name: [sys.executable, "-c", "raise ImportError('no zmq here')"],
    )
    assert main(["rerun", "one/first"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        "error: first.ipynb failed at its start (Kernel died before replying to kernel_info): its kernel ended"
    )
    assert "ended with status 1: ImportError: no zmq here" in error


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1.5"])
def test_a_number_of_threads_that_numba_refuses_is_one_sentence(capsys, monkeypatch, text):
    monkeypatch.setenv("NUMBA_NUM_THREADS", text)
    assert main(["rerun", "one/first"]) == 2
    sentence = f"the environment variable NUMBA_NUM_THREADS must be a whole number of at least 1, got {text!r}."
    assert capsys.readouterr().err == f"error: {sentence}\n"
    with pytest.raises(ValueError, match="NUMBA_NUM_THREADS must be a whole number of at least 1"):
        randomness.available_processors()


@pytest.mark.parametrize("backend", ["nonsense", "qtagg", "module://nowhere"])
def test_no_command_needs_a_window(project, backend):
    for arguments, status in ((["rerun", "--list"], 0), (["verify", "x"], 2), (["sweep", "one/first", "-p", "runs=1"], 0)):
        done = run(*arguments, MPLBACKEND=backend)
        assert done.returncode == status and b"Traceback" not in done.stderr and b"backend" not in done.stderr, done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_line_that_cannot_be_encoded_is_no_failure(project, encoding):
    replace_body(project, "pass", parameters="runs: int = 3  # the letter \u03b2, \u0141\u00f3")
    done = run("rerun", "one/first", "--list", PYTHONIOENCODING=encoding)
    assert done.returncode == 0 and done.stderr == b""
    assert ("\u03b2" if encoding == "utf-8" else "\\u03b2").encode() in done.stdout


def test_a_reader_that_goes_away_is_no_failure():
    process = subprocess.Popen([*COMMAND, "rerun", "--list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_help_without_docstrings():
    command = [sys.executable, "-OO", "-m", "learning_dynamics", "--help"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(LIBRARY)}, capture_output=True, text=True)
    assert done.returncode == 0 and "The book from the command line" in done.stdout, done.stderr


def test_the_library_comes_first_and_packages_of_others_last(tmp_path):
    (tmp_path / "yaml.py").write_text("raise ImportError('another yaml')")
    (tmp_path / "only_here.py").write_text("")
    code = "from learning_dynamics._start import pinned_first; pinned_first(); import yaml, only_here, learning_dynamics as l; print(l.__file__)"
    path = os.pathsep.join([str(tmp_path), str(LIBRARY)])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.stdout.strip() == str(LIBRARY / "learning_dynamics" / "__init__.py"), done.stderr


def test_without_a_folder_for_compiled_code_it_is_said_once_and_kept_for_the_process(monkeypatch, capsys):
    monkeypatch.setattr(cache, "_is_writable", lambda folder: False)
    monkeypatch.setenv(cache.VARIABLE, "/nonexistent")
    cache.provide_cache()
    folder = Path(os.environ[cache.VARIABLE])
    assert folder.is_dir() and str(folder) != "/nonexistent"
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.undo()
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    cache.provide_cache()
    assert os.environ[cache.VARIABLE] == str(folder) and capsys.readouterr().err == ""
    cache._remove(str(folder), os.getpid())
    assert not folder.exists()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "odd"}, None),
        ({}, None),
    ],
)
def test_the_share_of_a_container_counts(tmp_path, monkeypatch, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(randomness, "CONTROL_GROUPS", tmp_path)
    assert randomness._quota() == expected


@pytest.mark.parametrize(
    ("status", "kills", "words"),
    [
        (0, (0, 0), "ended with status 0"),
        (3, (0, 1), "ended with status 3"),
        (-6, (0, 1), "was ended by signal 6 (SIGABRT)"),
        (-11, (None, None), "was ended by signal 11 (SIGSEGV)"),
        (-9, (4, 5), "was ended by signal 9 (SIGKILL): memory ran out"),
        (-9, (4, 4), "was ended by signal 9 (SIGKILL), not for lack of memory"),
        (-9, (None, None), "was ended by signal 9 (SIGKILL), as happens where memory runs out"),
        (None, (0, 0), "died"),
    ],
)
def test_only_a_process_that_was_ended_for_memory_lacks_it(monkeypatch, status, kills, words):
    monkeypatch.setattr(endings, "memory_kills", lambda: kills[1])
    assert endings.how_it_ended(status, kills[0]) == words


def test_kills_for_memory_are_counted(tmp_path, monkeypatch):
    (tmp_path / "vmstat").write_text("nr_free 5\noom_kill 3\n")
    monkeypatch.setattr(endings, "COUNTERS", (str(tmp_path / "vmstat"), str(tmp_path / "missing")))
    assert endings.memory_kills() == 3
    monkeypatch.setattr(endings, "COUNTERS", ())
    assert endings.memory_kills() is None


def test_an_unexpected_error_of_a_worker_is_told_with_its_text(project, tmp_path):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "first.ipynb"
    job = Job(project=project, chapter="one/first", preset="s", target=place, results=place, parameters={})
    error = run_alone(job, 1).error
    assert error.startswith("one/first failed with ") and str(tmp_path / "file") in error
    assert "memory" not in error and "signal" not in error


def test_a_worker_ends_in_order(project, tmp_path):
    """Its standard input is open to its end, as it is in a build: Python must not abort there."""
    job = Job(project=project, chapter="one/nowhere", preset="s", target=tmp_path / "a", results=tmp_path / "b", parameters={})
    (tmp_path / "job").write_bytes(pickle.dumps((job, {})))
    process = subprocess.Popen(
        [*python_command("worker"), str(tmp_path)], env=child_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.wait() == 0, process.stderr.read()
    process.stdin.close()
    assert "no such file" in pickle.loads((tmp_path / "outcome").read_bytes()).error.lower()


def test_a_worker_ends_when_its_parent_is_gone(tmp_path):
    code = "import time; from learning_dynamics.companion.execution.worker import end_with_parent; end_with_parent(); print(1, flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"1\n"
    process.stdin.close()
    assert process.wait(30) == 1


ODD = unicodedata.normalize("NFD", "a [1] {runs} {prefix} 100%20 #x 'q\" $HOME;& \u00e9") + " \u0141\u03b2"


def test_a_clone_and_results_in_folders_of_any_name(project, tmp_path, monkeypatch, capsys):
    clone = tmp_path / ODD
    shutil.move(project.root, clone)
    monkeypatch.chdir(clone)
    out = tmp_path / unicodedata.normalize("NFC", ODD) / "out"
    assert main(["rerun", "one/first", "-p", "runs=04", "--out", str(out)]) == 0, capsys.readouterr().err
    assert '"theory": 8.0' in (out / "results" / "fig-first.json").read_text()
    assert (out / "_build/html/book/one/first.html").exists()
    assert (out / "_build/html/.nojekyll").exists()
    assert main(["sweep", "one/first", "-p", "runs=1", "--out", str(tmp_path / ("n" * 255))]) == 0
    assert Project(root=clone, output=clone).notebook("one/first").exists()


def test_a_name_that_is_too_long_is_one_sentence(tmp_path, capsys):
    assert main(["rerun", "one/first", "--out", str(tmp_path / ("n" * 300))]) == 2
    assert "cannot be written to: File name too long" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_of_the_kernel_is_named(project):
    replace_body(project, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(CompanionError, match=r"its kernel was ended by signal 11 \(SIGSEGV\)"):
        run_in_memory(project.notebook("one/first"))
