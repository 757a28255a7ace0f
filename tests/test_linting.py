"""The linters are content, and they notice what they are there for."""

import inspect
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from learning_dynamics import random_matrix

from .linting import COMMANDS, FORMS, PROGRAMS, ROOT, files, lint

CONFIG, POLICY = ROOT / "pyproject.toml", ".github/zizmor.yml"
SETTINGS = {"code": ("--config", CONFIG), "format": ("--config", CONFIG), "types": ("--config-file", CONFIG)}
"""How a linter that looks for its settings beside what it reads is told those of the repository."""

NOTICED = {
    "code": ("broken.py", "import os\n", "F401"),
    "format": ("broken.py", "x = {  1:2}\n", "unformatted"),
    "types": ("broken.py", "def twice(x: int) -> str:\n    return 2 * x\n", "return-value"),
    "safety": (".github/workflows/broken.yml", "on: pull_request_target\njobs: {}\n", "dangerous-triggers"),
    "vendor.github-workflows": (".github/workflows/broken.yml", "on: push\njobs: {a: {steps: []}}\n", "runs-on"),
    "vendor.dependabot": (
        ".github/dependabot.yml",
        "version: 2\nupdates: [{package-ecosystem: pip, directory: /}]\n",
        "schedule",
    ),
    "vendor.github-issue-forms": (
        ".github/ISSUE_TEMPLATE/broken.yml",
        "name: a\ndescription: b\nbody: [{type: input, attributes: {}}]\n",
        "label",
    ),
    "vendor.github-issue-config": (".github/ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: perhaps\n", "boolean"),
    "vendor.citation-file-format": ("CITATION.cff", "cff-version: 1.2.0\ntitle: x\n", "authors"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_linter_is_content(name):
    done = lint(name)
    assert done.returncode == 0, done.stdout + done.stderr


def on(name, path):
    """The command of a linter for one file elsewhere, with the repository's settings."""
    program, *arguments = COMMANDS[name]
    options = [ROOT / one if one == POLICY else one for one in arguments if one not in (*FORMS.values(), ".github")]
    return [PROGRAMS / program, *options, *SETTINGS.get(name, ()), path]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_linter_notices_what_it_is_there_for(tmp_path, name):
    place, text, told = NOTICED[name]
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)
    done = subprocess.run(on(name, tmp_path / place), cwd=tmp_path, capture_output=True, text=True)
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


def commands(root):
    """What the steps of all workflows run."""
    workflows = [yaml.safe_load(file.read_text("utf-8")) for file in (root / ".github" / "workflows").glob("*.yml")]
    return [step["run"] for each in workflows for job in each["jobs"].values() for step in job["steps"] if "run" in step]


def test_make_and_the_workflows_call_what_exists(root):
    defined = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    targets = {command.split()[1] for command in commands(root) if command.split()[0] == "make"}
    folders = {folder for command in commands(root) for folder in re.findall(r"\btests/[\w/]+", command)}
    assert targets and targets <= defined
    assert folders and [folder for folder in folders if not (root / folder).is_dir()] == []


def annotated_modules(root):
    """The modules of the library that mypy is told to check."""
    listed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["files"]
    files = [file for name in listed for file in ([root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py")))]
    return [".".join(file.relative_to(root / "lib").with_suffix("").parts).removesuffix(".__init__") for file in files]


def test_every_public_function_that_mypy_checks_says_all_its_types(root):
    modules = set(annotated_modules(root))
    public = [getattr(random_matrix, name) for name in random_matrix.__all__]
    checked = [each for each in public if inspect.isfunction(each) and each.__module__ in modules]
    theory = {
        each
        for each in public
        if inspect.isfunction(each) and each.__module__.startswith("learning_dynamics.random_matrix.theory")
    }
    assert theory and theory <= set(checked)  # the whole theory of the part, and more may come
    for function in checked:
        said = function.__annotations__
        assert set(said) == {*inspect.signature(function).parameters, "return"}, function.__name__
