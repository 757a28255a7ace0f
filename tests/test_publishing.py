"""Binder and the publishing workflow read the one list of pins and call what exists.  Neither service is reached from here."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from .test_pins import pins


@pytest.fixture(scope="module")
def workflow(root):
    return yaml.load((root / ".github" / "workflows" / "publish.yml").read_text("utf-8"), yaml.BaseLoader)


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_binder_installs_the_pins_and_nothing_else(root):
    folder = root / ".binder"
    lines = (folder / "requirements.txt").read_text().split("\n")
    assert lines == ["-r ../requirements.txt", ""]
    options = ["--dry-run", "--no-deps", "--no-index", "--ignore-requires-python", "-q", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", ".binder/requirements.txt"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_binder_has_the_oldest_python_that_the_book_allows(root):
    oldest = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert (root / ".binder" / "runtime.txt").read_text() == f"python-{oldest}\n"


def test_binder_installs_the_package_as_the_set_up_does(root):
    script = root / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script]).returncode == 0
    assert "pip install --no-deps --no-build-isolation -e ." in script.read_text()
    assert '"--no-deps", "--no-build-isolation", "-e"' in (root / "lib" / "setup_environment.py").read_text()
    assert {"setuptools", "wheel", "ipykernel"} <= {Requirement(str(pin)).name for pin in pins(root)}


def test_the_workflow_has_its_three_jobs(workflow):
    jobs = workflow["jobs"]
    assert set(jobs) == {"build", "deploy", "release"}
    assert jobs["deploy"]["needs"] == jobs["release"]["needs"] == "build"
    assert set(workflow["on"]) == {"push", "pull_request"}
    assert workflow["permissions"] == {"contents": "read"}


def test_every_file_and_program_of_the_workflow_exists(root, workflow):
    commands = [step["run"].split()[0] for step in steps(workflow) if "run" in step]
    assert commands == [".ci/run", "python", "gh"]
    assert os.access(root / ".ci" / "run", os.X_OK)
    targets = set(re.findall(r"^make ([\w-]+)$", (root / ".ci" / "run").read_text(), re.MULTILINE))
    defined = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert targets == {"setup-dask", "setup-classroom", "test", "test-classroom", "book"} <= defined


def test_what_one_job_hands_over_another_takes(workflow):
    used = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps(workflow) if "uses" in step}
    assert used["actions/upload-artifact"]["name"] == used["actions/download-artifact"]["name"]
    assert used["actions/upload-pages-artifact"]["path"] == "_build/html"
    zipped = next(step["run"] for step in steps(workflow) if "zipfile" in step.get("run", ""))
    assert zipped == f"python -m zipfile -c {used['actions/upload-artifact']['path']} _build/html/_sources/book"


def test_the_workflow_takes_the_address_from_the_host(workflow):
    build = next(step for step in steps(workflow) if step.get("run") == ".ci/run")
    assert build["env"] == {"BASE_URL": "${{ steps.pages.outputs.base_url }}"}
    assert any(step.get("id") == "pages" for step in workflow["jobs"]["build"]["steps"])


def test_python_is_one_version_everywhere(root, workflow):
    used = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps(workflow) if "uses" in step}
    version = used["actions/setup-python"]["python-version"]
    assert (root / ".binder" / "runtime.txt").read_text() == f"python-{version}\n"
