"""The wheel: what it brings into the environment of somebody who wants the library alone."""

import email
import importlib.metadata
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

COMPUTING = ("numba", "numpy", "scipy", "threadpoolctl")
THEORY = """
from learning_dynamics.random_matrix import MixtureClassification, generalization_error
model = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
errors = generalization_error(model, [6, 50, 300]).tolist()
"""


@pytest.fixture(scope="module")
def metadata(wheel):
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def linked(folder, distributions):
    """Put what these distributions installed into a folder, by links."""
    for name in distributions:
        files = importlib.metadata.files(name)
        for top in {file.parts[0] for file in files if file.parts[0] != ".."}:
            target = Path(importlib.metadata.distribution(name).locate_file(top)).resolve()
            if target.exists() and target.name != "__pycache__":
                (folder / top).symlink_to(target)


@pytest.fixture(scope="module")
def foreign(wheel, tmp_path_factory):
    """A process's command in which the wheel and what it computes with are all that there is."""
    folder = tmp_path_factory.mktemp("foreign")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    linked(folder, (*COMPUTING, "llvmlite"))
    begin = f"import sys; sys.path[:] = [path for path in sys.path if 'site-packages' not in path] + [{str(folder)!r}]; "
    return lambda code: [sys.executable, "-I", "-S", "-c", begin + code]


def answer(command, folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_needs_what_the_library_computes_with(metadata):
    needed = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    assert tuple(sorted(requirement.name for requirement in needed if requirement.marker is None)) == COMPUTING


def test_a_theory_is_computed_where_there_is_nothing_else(foreign, tmp_path):
    done, here = answer(foreign(f"exec({THEORY!r}); print(errors)"), tmp_path), {}
    exec(THEORY, here)
    assert done.stdout == f"{here['errors']}\n", done.stderr
    assert "No module named 'matplotlib'" in answer(foreign("import matplotlib"), tmp_path).stderr


@pytest.mark.parametrize("part", ["random_matrix", "time_scales", "overparametrized", "datasets"])
def test_every_part_can_be_imported_where_there_is_nothing_else(foreign, tmp_path, part):
    done = answer(foreign(f"import learning_dynamics.{part} as part; print(part.__name__)"), tmp_path)
    assert done.stdout == f"learning_dynamics.{part}\n", done.stderr


def test_the_command_line_says_what_it_needs(foreign, tmp_path):
    code = "import runpy; sys.argv = ['x', 'build']; runpy.run_module('learning_dynamics', run_name='__main__')"
    done = answer(foreign(code), tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "FOLDER[book]" in done.stderr


def test_the_wheel_is_typed_and_carries_registry_and_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"learning_dynamics/py.typed", "learning_dynamics/companion/registry.yml"} <= set(names)
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_one_licence_is_stated_everywhere(root, metadata):
    stated = tomllib.loads((root / "pyproject.toml").read_text())["project"]["license"]
    assert metadata["License-Expression"] == stated
    code, text, data = stated.split(" AND ")
    licence = (root / "LICENSE").read_text("utf-8")
    readme = (root / "README.md").read_text("utf-8").partition("## Licence")[2]
    for spdx in (stated, code, text, data):
        assert spdx in licence and spdx in readme
    assert yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))["license"] == code
    assert data in (root / "lib/learning_dynamics/data/README.md").read_text("utf-8")
