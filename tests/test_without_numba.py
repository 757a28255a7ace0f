"""The library and the book where there is no Numba, or where it compiles nothing."""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from learning_dynamics import _cache, _compiled
from learning_dynamics._interruption import Abandoned, wanted_until
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.execution import executor
from learning_dynamics.companion.records.parameters import check_values, declared_parameters
from learning_dynamics.companion.records.recording import read_results
from learning_dynamics.companion.records.registry import load_registry
from tests.chapters import CHAPTERS, PROJECT
from tests.test_same_numbers import sample

NO_NUMBA = "import sys; sys.modules['numba'] = None; "


def printed(code):
    """What a process prints, in which every warning is an error."""
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_the_parts_give_the_same_numbers():
    """Samples of all parts, with all three ways of descent; `test_same_numbers` does it with a Numba that compiles nothing."""
    code = NO_NUMBA + "import json; from tests.test_same_numbers import sample; print(json.dumps(sample()))"
    np.testing.assert_allclose(json.loads(printed(code)), sample(), rtol=1e-13, atol=1e-14)


def test_the_parts_are_imported_in_silence():
    parts = ("random_matrix", "time_scales", "overparametrized")
    assert printed(NO_NUMBA + "; ".join(f"import learning_dynamics.{part}" for part in parts)) == ""


def test_nobody_is_told_of_a_cache_that_no_numba_needs(monkeypatch, capsys):
    for there in (True, False):
        monkeypatch.setattr(_cache.importlib.util, "find_spec", lambda name, there=there: there or None)
        monkeypatch.setattr(_cache, "_is_writable", lambda folder: False)
        monkeypatch.setattr(_cache, "_provide", lambda variable: True)
        _cache.provide_cache()
        assert bool(capsys.readouterr().err) == there


def test_a_broken_numba_is_no_missing_one(tmp_path):
    """Nobody is to compute slowly without a word where Numba is there and cannot be imported."""
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs another NumPy')", "utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", "import learning_dynamics.random_matrix"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ | {"PYTHONPATH": path})
    assert ran.returncode == 1 and "Numba needs another NumPy" in ran.stderr


def test_what_stands_for_a_compiled_loop_is_silent_and_ends_when_nobody_waits(monkeypatch):
    monkeypatch.setattr(_compiled, "COMPILES", False)
    divide = _compiled.njit(cache=True, error_model="numpy")(lambda x, y: x / y)
    assert divide(np.float64(1), np.float64(0)) == np.inf
    assert _compiled.njit(array_form=np.negative, nogil=True)(lambda x: x)(2.0) == -2.0
    nobody_waits = threading.Event()
    with wanted_until(nobody_waits):
        assert divide(1.0, 2.0) == 0.5
        nobody_waits.set()
        with pytest.raises(Abandoned):
            divide(1.0, 2.0)
    typed = object()
    assert _compiled.overload(divide, jit_options={})(typed) is typed


def test_a_record_names_a_package_that_is_not_there(monkeypatch):
    monkeypatch.setattr(executor, "PACKAGES", ("numpy", "no-such-package"))
    assert executor.versions() == {"numpy": np.__version__, "no-such-package": "not installed"}


def verdicts(chapter, folder, variables):
    """All that the tables of a chapter say at the quick preset: entry, quantity, both verdicts."""
    source = PROJECT.notebook(chapter)
    preset = load_registry(PROJECT.book / "registry.yml").preset(chapter, "quick")
    values = check_values(preset, declared_parameters(read_source(source)))
    options = {"parameters": values, "cwd": source.parent, "variables": variables, "progress": False}
    executor.execute(source, folder / source.name, results=folder / "results", **options)
    keys = ("quantity", "against_reference", "against_simulation")
    return [
        (name, *(row[key] for key in keys)) for name, entry in read_results(folder / "results").items() for row in entry["rows"]
    ]


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_the_same_verdicts(chapter, tmp_path):
    compiled = verdicts(chapter, tmp_path / "compiled", {})
    assert verdicts(chapter, tmp_path / "plain", {"NUMBA_DISABLE_JIT": "1"}) == compiled
