"""The list of errors, ``errors.yml``, and the table of what came of them, ``book/mutations.csv``."""

import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.base.project import PRESETS
from learning_dynamics.companion.base.suggestions import require_known
from learning_dynamics.companion.records.registry import load_registry

LIST = Path(__file__).with_name("errors.yml")
TABLE = "mutations.csv"
COLUMNS = (
    "name",
    "error",
    "entry",
    "chapter",
    "preset",
    "caught",
    "caught_by",
    "rows",
    "regression_rows",
    "reason",
    "seconds",
    "digest",
)
"""`rows` and `regression_rows` count the verdicts that turn; `digest` stands for file, text and replacement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutation:
    """An error: in `file`, of the library or a notebook of the book, `text` becomes `replacement`.

    `entries` maps each entry of the registry whose table must notice it to the preset of the run,
    and `missed` maps those whose table cannot notice it to the reason.
    """

    name: str
    error: str
    file: str
    text: str
    replacement: str
    entries: dict
    missed: dict = field(default_factory=dict)

    @property
    def digest(self):
        """Eight letters that change with what the error does."""
        return hashlib.sha256("\0".join((self.file, self.text, self.replacement)).encode()).hexdigest()[:8]

    def apply(self, root):
        """Make the error in the book under a folder.

        Raises
        ------
        CompanionError
            Where the text is not found exactly once in its file.
        """
        path = root / self.file
        if not path.is_file():
            raise CompanionError(f"mutation {self.name!r}: there is no file {self.file}.")
        if path.suffix == ".ipynb":
            self._apply_to_cells(path)
        else:
            path.write_text(self._replaced([path.read_text("utf-8")])[0], "utf-8")
            for stale in path.parent.glob("__pycache__/*"):
                stale.unlink()

    def _apply_to_cells(self, path):
        notebook = read_notebook(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell, source in zip(code, self._replaced([cell.source for cell in code])):
            cell.source = source
        write_notebook(notebook, path)

    def _replaced(self, sources):
        found = sum(source.count(self.text) for source in sources)
        if found != 1:
            raise CompanionError(
                f"mutation {self.name!r}: its text must be in {self.file} exactly once, it is there {found} times."
            )
        return [source.replace(self.text, self.replacement) for source in sources]


@dataclass(frozen=True)
class Catalogue:
    """All errors, and the figures without one: figure → why."""

    mutations: tuple
    without: dict

    def chosen(self, names):
        """The mutations of these names, all if there are none."""
        known = {mutation.name: mutation for mutation in self.mutations}
        for name in names:
            require_known(name, known, "mutation")
        return tuple(known[name] for name in names) if names else self.mutations


def load_catalogue(registry=None, path=LIST):
    """Read and check the list of errors.

    Raises
    ------
    CompanionError
        One sentence that names the error and what is wrong with it.
    """
    registry = registry or load_registry()
    content = yaml.safe_load(path.read_text("utf-8"))
    mutations = tuple(_mutation(item) for item in content["errors"])
    names = [mutation.name for mutation in mutations]
    for name in names:
        if names.count(name) > 1:
            raise CompanionError(f"mutation {name!r} is listed {names.count(name)} times.")
    for mutation in mutations:
        _check(mutation, registry)
    without = content.get("without") or {}
    for entry in without:
        registry.entry(entry)
    return Catalogue(mutations, without)


def _mutation(item):
    try:
        return Mutation(**item)
    except TypeError as error:
        raise CompanionError(f"mutation {item.get('name', '?')!r}: {error}.") from None


def _check(mutation, registry):
    for entry, preset in mutation.entries.items():
        registry.entry(entry)
        require_known(preset, PRESETS, "preset")
    for entry, reason in mutation.missed.items():
        require_known(entry, mutation.entries, "entry of the mutation")
        if not reason:
            raise CompanionError(f"mutation {mutation.name!r} needs a reason why {entry} misses it.")


def read_table(project):
    """The rows of ``book/mutations.csv`` as dictionaries of strings; none where there is no table yet."""
    path = project.book / TABLE
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write_table(project, rows):
    """Write ``book/mutations.csv``."""
    with (project.book / TABLE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
