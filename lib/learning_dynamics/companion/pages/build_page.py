"""The page about this build: how long its chapters ran, and with what."""

import os
import re
from importlib import metadata

from IPython.display import Markdown

from learning_dynamics.companion.base.project import REGISTRY_PAGES, find_project
from learning_dynamics.companion.execution.build_certificate import CERTIFICATE
from learning_dynamics.companion.pages.claims import executed_folder, recorded_runs, table

NOT_BUILT = Markdown("Times and versions are recorded by a build of the book; these pages come from none.")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def run_times():
    """A table of the chapters: run time and the parameters that the preset changed."""
    runs = {chapter: run for chapter, run in recorded_runs().items() if chapter not in REGISTRY_PAGES}
    if not runs:
        return NOT_BUILT
    order = [chapter for chapter in find_project().chapters() if chapter in runs]
    rows = [(f"{{doc}}`{chapter}`", f"{runs[chapter]['seconds']:.1f}", _changes(runs[chapter])) for chapter in order]
    total = sum(run["seconds"] for run in runs.values())
    lines = [
        f"Preset: `{executed_folder().name}`. Cores of this machine: {os.cpu_count()}.",
        "",
        *table(("chapter", "seconds", "parameters changed"), rows, (":--", "--:", ":--")),
        f"| **all {len(runs)} chapters** | **{total:.0f}** | |",
    ]
    return Markdown("\n".join(lines))


def _changes(run):
    return ", ".join(f"`{name}={value}`" for name, value in run["parameters"].items()) or "none"


def certificate_link():
    """A link to the certificate of this build, and the command that compares another build with it."""
    folder = executed_folder()
    if not folder:
        return NOT_BUILT
    return Markdown(
        f'<a href="../{CERTIFICATE}" download>{CERTIFICATE}</a> holds what this build computed, at the preset `{folder.name}`. '
        "Build the book yourself at the same preset, and compare:\n\n"
        f"```bash\npython -m learning_dynamics build --preset {folder.name}\npython -m learning_dynamics verify {CERTIFICATE}\n```"
    )


def versions():
    """Versions of Python and of the packages that the chapters recorded, and all that are pinned."""
    runs = recorded_runs().values()
    if not runs:
        return NOT_BUILT
    recorded = {"Python": {run["python"] for run in runs}}
    for run in runs:
        for name, version in run["versions"].items():
            recorded.setdefault(name, set()).add(version)
    rows = [(name, ", ".join(sorted(found))) for name, found in recorded.items()]
    pinned = _installed_pins()
    listed = ", ".join(f"{name} {version}" for name, version in pinned.items())
    lines = [
        *table(("package", "version"), rows),
        "",
        f":::{{dropdown}} All {len(pinned)} pinned packages of this environment",
        listed,
        ":::",
    ]
    return Markdown("\n".join(lines))


def _installed_pins():
    """The packages of ``requirements.txt`` that are installed here, with their versions."""
    names = PIN.findall((find_project().root / "requirements.txt").read_text("utf-8"))
    installed = {package.name.lower().replace("_", "-"): package.version for package in metadata.distributions()}
    keys = {name: name.lower().replace("_", "-") for name in names}
    return {name: installed[key] for name, key in keys.items() if key in installed}
