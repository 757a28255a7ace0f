"""The set-up of a fresh machine: what it says when something is missing."""

import builtins
import importlib.util
import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest


def anew(file):
    """The module of a file, with nothing of it replaced."""
    spec = importlib.util.spec_from_file_location("setup_environment", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(root, tmp_path, monkeypatch):
    module = anew(root / "lib" / "setup_environment.py")
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "STAMP", str(tmp_path / ".venv" / "set-up-for"))
    monkeypatch.setattr(module, "LOG", str(tmp_path / ".venv" / "set-up.log"))
    monkeypatch.setattr(sys, "argv", ["setup_environment.py"])
    monkeypatch.setattr(module, "uv_settings", lambda: None)  # as where pip does the work; the tests of uv set it
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


@pytest.fixture
def called(setup, monkeypatch, tmp_path):
    """The programs that a set-up with uv calls; `failing` are those that fail."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    monkeypatch.setattr(setup, "venv_python", lambda: str(programs / "python"))
    monkeypatch.setattr(setup, "uv_settings", lambda: {"UV_DEFAULT_INDEX": "https://example.org/simple"})
    found = namedtuple("Called", "commands failing uv")([], [], programs / "uv")

    def run(command, failure, settings=None):
        found.commands.append(command)
        if command[-1] == setup.UV and "fetch" not in found.failing:
            found.uv.touch()
        return f"{failure} with {command[0]}" if os.path.basename(command[0]) in found.failing else None

    monkeypatch.setattr(setup, "run", run)
    return found


def installers(called):
    return ["uv itself" if command[-1].startswith("uv==") else os.path.basename(command[0]) for command in called.commands]


def test_uv_is_fetched_once_and_does_the_work(setup, called):
    assert setup.install() is None and setup.install_extra("dask") is None
    assert installers(called) == ["uv itself", "uv", "uv", "uv"]
    assert called.commands[1][-2:] == ["-r", os.path.join(setup.ROOT, "requirements.txt")]
    assert called.commands[0][1:4] == ["-m", "pip", "install"]


@pytest.mark.parametrize(("failing", "tried"), [("fetch", ["uv itself", "python"]), ("uv", ["uv itself", "uv", "python"])])
def test_where_uv_cannot_be_had_or_fails_pip_does_the_work(setup, called, failing, tried):
    called.failing.append(failing)
    assert setup.install_packages(["-r", "list"], "failed") is None
    assert installers(called) == tried
    assert setup.pip()[:4] == [setup.venv_python(), "-m", "pip", "install"]
    assert called.commands[-1] == [*setup.pip(), "-r", "list"]


def test_where_both_fail_the_sentence_is_that_of_pip(setup, called):
    called.failing.extend(["uv", "python"])
    called.uv.touch()
    assert setup.install_packages(["-r", "list"], "failed") == f"failed with {setup.venv_python()}"


@pytest.fixture
def told(setup, monkeypatch, tmp_path):
    """What uv is told where pip has been told something, in a file and in variables."""
    real = anew(setup.__file__)
    monkeypatch.setattr(real, "venv_python", lambda: sys.executable)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)

    def told(text="", **variables):
        file = tmp_path / "pip.conf"
        file.write_text(text)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return real.uv_settings()

    return told


def test_uv_takes_the_packages_from_where_pip_does(told):
    text = "[global]\nindex-url = https://a.example/simple\nfind-links = /wheels\n  /more\n[install]\nextra-index-url = https://b.example\n"
    expected = {
        "UV_DEFAULT_INDEX": "https://c.example/simple",
        "UV_INDEX": "https://b.example",
        "UV_FIND_LINKS": "/wheels,/more",
    }
    found = told(text, PIP_INDEX_URL="https://c.example/simple", PIP_TIMEOUT="60")
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("setting", ["no-index = true", "trusted-host = a.example", "proxy = http://b.example", "pre = true"])
def test_where_pip_was_told_what_uv_does_not_know_pip_does_the_work(told, setting):
    assert told(f"[global]\n{setting}\n") is None


def test_what_the_readers_settings_of_uv_say_does_not_count(setup, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://example.org")
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")
    found = setup.environment()
    assert "UV_DEFAULT_INDEX" not in found and found["UV_CACHE_DIR"] == "/cache"
    assert "--no-config" in setup.UV_OPTIONS


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
    done = subprocess.run(["make", "setup", "PYTHON=no-such-python"], cwd=root, capture_output=True, text=True)
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
        with pytest.raises(SystemExit):
            setup.main()
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
    first, second = (subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2))
    lines = {process: process.stdout.readline() for process in (first, second)}
    waiting = first if "waiting" in lines[first] else second
    holding = second if waiting is first else first
    assert lines[holding] == "in\n"
    assert lines[waiting] == "Another set-up of this folder is running; waiting for it.\n"
    holding.communicate("\n")
    assert waiting.communicate("\n")[0] == "in\n"


ODD_NAMES = [
    "a b",
    "it's",
    'a"b',
    "a$b",
    "a;b",
    "a(b)",
    "a [1]",
    "a{b}",
    "a%20b",
    "a#b",
    "a&b",
    "a\\b",
    "\u0141\u00f3",
    "-a",
    "a\nb",
]


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
    shutil.copytree(
        root / "lib" / "learning_dynamics", clone / "lib" / "learning_dynamics", ignore=shutil.ignore_patterns("data")
    )
    shutil.copyfile(root / "pyproject.toml", clone / "pyproject.toml")
    monkeypatch.setattr(setup, "ROOT", str(clone))
    monkeypatch.setattr(setup, "VENV", str(clone / ".venv"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    asked = []
    monkeypatch.setattr(setup, "install_packages", lambda arguments, failure: asked.append(arguments[0]))
    assert setup.install() is None
    assert asked == (["-r"] if "{" in name else ["-r", "--no-deps"])
    setup.link_itself()
    code = "import learning_dynamics, importlib.metadata as m; print(learning_dynamics.__file__); print(m.version('learning-dynamics'))"
    done = subprocess.run([setup.venv_python(), "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == str(clone / "lib" / "learning_dynamics" / "__init__.py"), done.stderr
