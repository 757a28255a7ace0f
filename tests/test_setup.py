"""The set-up of a fresh machine: what it says when something is missing."""

import builtins
import importlib.util
import os
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


def environment_of_before(setup, tmp_path):
    """A finished environment that was made from other pins."""
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "package").write_text("works")
    (folder / "set-up-for").write_text("other pins")
    return folder


def test_a_working_environment_stays_where_the_new_one_cannot_be_made(setup, monkeypatch, tmp_path, capsys):
    folder = environment_of_before(setup, tmp_path)
    monkeypatch.setattr(setup, "create", lambda: folder.mkdir())
    monkeypatch.setattr(setup, "install", lambda: setup.explanation("NewConnectionError", "x"))
    assert "could not be reached; the first set-up needs the network" in said(setup, capsys)
    assert (folder / "package").read_text() == "works"
    assert (folder / "set-up-for").read_text() == "other pins"
    assert [path.name for path in tmp_path.iterdir()] == [".venv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_set_up_leaves_or_gives_back_what_was_there(setup, monkeypatch, tmp_path, capsys, error):
    folder = environment_of_before(setup, tmp_path)
    monkeypatch.setattr(setup, "create", lambda: folder.mkdir())

    def interrupted():
        raise error

    monkeypatch.setattr(setup, "install", interrupted)
    if error is KeyboardInterrupt:
        assert setup.main() == 130
        assert "error: the set-up was interrupted; give the command again." in capsys.readouterr().err
    else:
        pytest.raises(SystemExit, setup.main)
        setup.restore()
    assert (folder / "package").read_text() == "works"


def test_an_environment_that_others_made_is_not_removed(setup, tmp_path, capsys):
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("mine")
    assert f"{folder} was not made by this set-up; move it away" in said(setup, capsys)
    assert (folder / "pyvenv.cfg").read_text() == "mine"
    shutil.rmtree(folder)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert "was not made by this set-up" in said(setup, capsys)
    assert folder.is_symlink()


def test_an_unknown_failure_shows_the_error_that_pip_printed(setup, tmp_path):
    text = "Collecting a\nERROR: No matching distribution found for soupsieve==4.1.2\nWARNING: a new pip\n"
    assert "failed: ERROR: No matching distribution found for soupsieve==4.1.2" in setup.explanation(text, "failed")


def test_settings_that_send_packages_elsewhere_do_not_reach_pip(setup, monkeypatch):
    for name in ("PIP_USER", "PIP_TARGET", "PIP_DRY_RUN", "PIP_REQUIRE_HASHES", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    found = setup.environment()
    assert (found["PIP_USER"], found["PIP_DRY_RUN"], found["PIP_REQUIRE_HASHES"]) == ("0", "0", "0")
    assert not {"PIP_TARGET", "PYTHONPATH", "PYTHONHOME"} & set(found)
    assert found["PIP_INDEX_URL"] == "https://example.org/simple"


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_second_set_up_waits_for_the_first(setup):
    code = (
        "import importlib.util, time\n"
        f"spec = importlib.util.spec_from_file_location('setup_environment', {setup.__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "with module.alone(): print('in', flush=True); input()\n"
    )
    start = [sys.executable, "-c", code]
    first, second = (
        subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    lines = {process: process.stdout.readline() for process in (first, second)}
    waiting = first if "waiting" in lines[first] else second
    holding = second if waiting is first else first
    assert lines[holding] == "in\n"
    assert lines[waiting] == "Another set-up of this folder is running; waiting for it.\n"
    holding.communicate("\n")
    assert waiting.communicate("\n")[0] == "in\n"


ODD_NAMES = ["a b", "it's", 'a"b', "a$b", "a;b", "a(b)", "a [1]", "a{b}", "a%20b", "a#b", "a&b", "a\\b", "\u0141\u00f3", "-a", "a\nb"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_make_works_in_a_folder_of_any_name_and_with_any_python(root, setup, tmp_path, name):
    clone = tmp_path / name
    (clone / "lib").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    for file in ("Makefile", "lib/setup_environment.py", "requirements.txt", "pyproject.toml"):
        shutil.copyfile(root / file, clone / file)
    python.write_text('#!/bin/sh\necho "RAN $@"\n')
    python.chmod(0o755)
    stamp = "import sys; sys.path.insert(0, 'lib'); import setup_environment as s; open(s.STAMP, 'w').write(s.key())"
    subprocess.run([sys.executable, "-c", stamp], cwd=clone, check=True)
    given = tmp_path / f"python of {name}"
    given.symlink_to(sys.executable)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    for target, ran in (("book", "-m learning_dynamics build --preset quick"), ("test", "-m learning_dynamics test")):
        command = ["make", target, f"PYTHON={given}", "PRESET=quick"]
        done = subprocess.run(command, cwd=clone, env=plain, capture_output=True, text=True)
        assert done.stdout == f"RAN {ran}\n", done.stderr


@pytest.mark.parametrize("name", ["a {c} $f", "it's [1] #%20 \u00e9"])
def test_a_clone_whose_name_looks_like_a_template_is_linked_by_hand(root, setup, monkeypatch, tmp_path, name):
    clone = tmp_path / name
    (clone / "lib").mkdir(parents=True)
    shutil.copytree(root / "lib" / "learning_dynamics", clone / "lib" / "learning_dynamics", ignore=shutil.ignore_patterns("data"))
    shutil.copyfile(root / "pyproject.toml", clone / "pyproject.toml")
    monkeypatch.setattr(setup, "ROOT", str(clone))
    monkeypatch.setattr(setup, "VENV", str(clone / ".venv"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    asked = []
    monkeypatch.setattr(setup, "pip_install", lambda arguments, failure: asked.append(arguments[0]))
    assert setup.install() is None
    assert asked == (["-r"] if "{" in name else ["-r", "--no-deps"])
    setup.link_itself()
    code = "import learning_dynamics, importlib.metadata as m; print(learning_dynamics.__file__); print(m.version('learning-dynamics'))"
    done = subprocess.run([setup.venv_python(), "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == str(clone / "lib" / "learning_dynamics" / "__init__.py"), done.stderr
