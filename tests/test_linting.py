"""The linters are content, and they notice what they are there for."""

import inspect
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from learning_dynamics import random_matrix

from .linting import COMMANDS, FORMS, PROGRAMS, files, lint

NOTICED = {
    "code": ("broken.py", "import os\n", "F401"),
    "types": ("broken.py", "def twice(x: int) -> str:\n    return 2 * x\n", "return-value"),
    "safety": (".github/workflows/broken.yml", "on: pull_request_target\njobs: {}\n", "dangerous-triggers"),
    "vendor.github-workflows": (".github/workflows/broken.yml", "on: push\njobs: {a: {steps: []}}\n", "runs-on"),
    "vendor.citation-file-format": ("CITATION.cff", "cff-version: 1.2.0\ntitle: x\n", "authors"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_linter_is_content(name):
    done = lint(name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NOTICED)
def test_the_linter_notices_what_it_is_there_for(tmp_path, name):
    place, text, told = NOTICED[name]
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)
    program, *arguments = COMMANDS[name]
    options = {"code": ["check", "--isolated"], "types": ["--strict"], "safety": ["--offline", "--no-progress"]}
    command = [PROGRAMS / program, *options.get(name, arguments[:2]), tmp_path / place]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and told in done.stdout + done.stderr


@pytest.mark.parametrize("pattern", FORMS.values())
def test_every_schema_has_files(pattern):
    assert files(pattern)


def test_a_commit_is_checked_by_what_is_pinned(root):
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    for hook in hooks:
        words = hook["entry"].split()
        assert words[:4] == ["python3", "-E", "lib/setup_environment.py", "--run"], hook
        module = words[5]
        assert subprocess.run([sys.executable, "-m", module, "--help"], cwd=root, capture_output=True).returncode == 0, hook


def test_make_and_the_workflows_call_what_exists(root):
    defined = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for file in (root / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(file.read_text("utf-8"))["jobs"].values()
        for command in [step["run"] for job in jobs for step in job["steps"] if "run" in step]:
            words = command.split()
            assert words[0] != "make" or words[1] in defined, command
            for folder in re.findall(r"\btests/[\w/]+", command):
                assert (root / folder).is_dir(), command


def annotated_modules(root):
    """The modules of the library that mypy is told to check."""
    listed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["files"]
    files = [file for name in listed for file in ([root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py")))]
    return [".".join(file.relative_to(root / "lib").with_suffix("").parts).removesuffix(".__init__") for file in files]


def test_every_public_function_that_mypy_checks_says_all_its_types(root):
    modules = set(annotated_modules(root))
    public = [getattr(random_matrix, name) for name in random_matrix.__all__]
    checked = [each for each in public if inspect.isfunction(each) and each.__module__ in modules]
    assert len(checked) > 25
    for function in checked:
        said = function.__annotations__
        assert set(said) == {*inspect.signature(function).parameters, "return"}, function.__name__
