"""The linters of the repository, from the one list of pins: ``python -m tests.linting`` runs them all."""

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sysconfig.get_path("scripts"))
FORMS = {
    "vendor.github-workflows": ".github/workflows/*.yml",
    "vendor.dependabot": ".github/dependabot.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "vendor.citation-file-format": "CITATION.cff",
}
"""Which schema, of those that come with check-jsonschema, which files have to follow."""

COMMANDS = {
    "code": ("ruff", "check", "--quiet"),
    "format": ("ruff", "format", "--check", "--quiet"),
    "types": ("mypy", "--no-error-summary"),
    "safety": ("zizmor", "--offline", "--quiet", "--no-progress", "--config", ".github/zizmor.yml", ".github"),
    **{schema: ("check-jsonschema", "--builtin-schema", schema, files) for schema, files in FORMS.items()},
}


def lint(name):
    """Run one of the linters in the root; returns the finished process with what it printed."""
    program, *arguments = COMMANDS[name]
    command = [PROGRAMS / program, *(expanded for argument in arguments for expanded in files(argument))]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def files(argument):
    """The files that a pattern of `FORMS` stands for; any other argument stands for itself."""
    if argument not in FORMS.values():
        return [argument]
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(argument))


def main():
    """Run all linters, print what they have to say, and return 1 where one is not content."""
    status = 0
    for name in COMMANDS:
        done = lint(name)
        if done.returncode:
            status = 1
            print(f"{name}: {' '.join(COMMANDS[name])}\n{done.stdout}{done.stderr}")
    print("error: the linters are not content." if status else "the linters are content.")
    return status


if __name__ == "__main__":
    sys.exit(main())
