"""The set-up of a fresh machine: what it says when something is missing."""

import builtins
import importlib.util
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest


@pytest.fixture
def setup(root, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("setup_environment", root / "lib" / "setup_environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "STAMP", str(tmp_path / ".venv" / "set-up-for"))
    monkeypatch.setattr(module, "LOG", str(tmp_path / ".venv" / "set-up.log"))
    monkeypatch.setattr(sys, "argv", ["setup_environment.py"])
    return module


def said(setup, capsys):
    assert setup.main() == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ") and text.endswith(".\n") and text.count("\n") == 1
    return text


def test_python_too_old(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2))
    assert "Python 3.11 or later is needed, this is 3.9" in said(setup, capsys)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_no_venv_module(setup, monkeypatch, capsys, module):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == module:
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "no venv module" in said(setup, capsys)


def test_disk_full(setup, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 2 * 10**8))
    assert "has 0.2 GB free and the set-up needs 1.5 GB" in said(setup, capsys)


def test_no_network(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup, "create", lambda: None)
    monkeypatch.setattr(setup, "venv_python", lambda: sys.executable)
    command = setup.run

    def offline(arguments, failure):
        assert arguments[:3] == [sys.executable, "-m", "pip"]
        script = "print('WARNING: Retrying ... NewConnectionError: no route'); raise SystemExit(1)"
        return command([sys.executable, "-c", script], failure)

    monkeypatch.setattr(setup, "run", offline)
    assert "package index could not be reached" in said(setup, capsys)


def test_disk_fills_up_on_the_way(setup):
    assert "the disk is full" in setup.explanation("OSError: [Errno 28] No space left on device", "x")


def test_an_unknown_failure_names_the_log(setup, tmp_path):
    (tmp_path / ".venv").mkdir()
    assert str(tmp_path) in setup.explanation("something odd", "the packages could not be installed")
    assert (tmp_path / ".venv" / "set-up.log").read_text() == "something odd"


def test_it_runs_once_and_again_after_a_changed_pin(setup, monkeypatch, tmp_path):
    done = []
    monkeypatch.setattr(setup, "create", lambda: (tmp_path / ".venv").mkdir(exist_ok=True))
    monkeypatch.setattr(setup, "install", lambda: done.append(1))
    monkeypatch.setattr(setup, "venv_python", lambda: sys.executable)
    assert setup.main() == 0 and setup.main() == 0
    assert len(done) == 1
    monkeypatch.setattr(setup, "INPUTS", setup.INPUTS[:-1])
    assert setup.main() == 0
    assert len(done) == 2


def test_an_extra_is_installed_once_on_top_and_again_into_a_new_environment(setup, monkeypatch, tmp_path):
    done = []
    monkeypatch.setattr(setup, "create", lambda: (tmp_path / ".venv").mkdir())
    monkeypatch.setattr(setup, "install", lambda: done.append("base"))
    monkeypatch.setattr(setup, "run", lambda command, failure: done.append(command[-1]))
    monkeypatch.setattr(setup, "venv_python", lambda: sys.executable)
    monkeypatch.setattr(sys, "argv", ["setup_environment.py", "--extra", "dask"])
    pins = setup.os.path.join(setup.ROOT, "requirements-dask.txt")
    assert setup.main() == 0 and setup.main() == 0
    assert done == ["base", pins]
    shutil.rmtree(tmp_path / ".venv")
    assert setup.main() == 0
    assert done == ["base", pins] * 2


def test_make_says_so_where_python_is_missing(root):
    done = subprocess.run(
        ["make", "setup", "PYTHON=no-such-python"], cwd=root, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "error: no-such-python was not found; install Python 3.11 or later" in done.stderr


def test_an_activated_environment_can_be_made_again(setup, tmp_path):
    folder = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('setup_environment', {setup.__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        f"module.VENV = {str(folder)!r}\n"
        "sys.exit(module.create() or 0)\n"
    )
    done = subprocess.run([setup.venv_python(), "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([setup.venv_python(), "-m", "pip", "--version"], capture_output=True).returncode == 0
