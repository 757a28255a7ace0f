"""The registry: every claim of the papers, where the book shows it and how it is checked."""

from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import PRESETS, find_root
from learning_dynamics.companion.base.suggestions import require_known
from learning_dynamics.companion.base.yaml_files import read_yaml
from learning_dynamics.companion.records.verdicts import REFERENCE_KINDS

KINDS = (
    "figure",
    "definition",
    "equation",
    "lemma",
    "theorem",
    "corollary",
    "remark",
    "observation",
)
STATUSES = (
    "verified",
    "verified numerically",
    "illustrated",
    "discrepancy",
    "not checked",
)
ORIGINS = ("paper", "inferred", "book")
INSTALLED_COPY = Path(__file__).parents[1] / "registry.yml"
"""Made from ``book/registry.yml`` when a wheel is built; there is none in the repository."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper that the book follows; `key` is its key in ``references.bib``.

    `others` are its numbers that we know and that no entry reproduces.
    """

    key: str
    short: str
    part: str
    others: tuple = ()


@dataclass(frozen=True, kw_only=True)
class Other:
    """A numbered item of a paper without an entry: its number, what it says, where the book speaks of it."""

    number: str
    statement: str
    page: str = ""
    functions: tuple = ()


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A value to agree with, its tolerance (reading error or rounding) and its source.

    `kind` says whose value it is: ``paper`` (what the paper prints or draws), ``formula`` (evaluated apart from the library
    from a formula) or ``stored`` (an earlier number of this project).  `checked` says how the value itself was verified.  `of` says what
    the value is compared with: the row's ``theory`` or its ``simulation``.
    """

    quantity: str
    value: float
    tolerance: float
    source: str
    kind: str
    checked: str
    of: str = "theory"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One claim.

    Attributes
    ----------
    id : str
        Name and label.  For a figure also the label of its cell.
    kind, status, parameters : str
        One of `KINDS`, `STATUSES`, `ORIGINS`.
    statement : str
        The claim in one line.
    chapter : str
        The chapter that shows it.
    paper, reproduces : str, optional
        Key of the paper and number of the claim in it; both absent for the book's own.
    check : str
        A test's id, or ``"chapter"`` where the chapter's agreement table is the check.
    reason : str
        Why a claim with status ``not checked`` is not.
    functions : tuple of str
        Functions of the part that compute the claim, as its package exports them.  A figure
        has none here: they are read off its chapter.
    letters : tuple of str
        The letters that it brings in, as on the notation page.
    at : dict
        Values of the chapter's parameters at which the reference values hold.
    references : tuple of Reference
    published : int, optional
        Number of the figure in its paper whose curves the package carries; see ``datasets.published_figure``.
    """

    id: str
    kind: str
    statement: str
    chapter: str
    parameters: str
    status: str
    paper: str = ""
    reproduces: str = ""
    check: str = ""
    reason: str = ""
    functions: tuple = ()
    letters: tuple = ()
    at: dict = field(default_factory=dict)
    references: tuple = ()
    published: int | None = None

    def reference(self, quantity):
        """The reference value of `quantity`, or None."""
        return next((r for r in self.references if r.quantity == quantity), None)


@dataclass(frozen=True)
class Registry:
    """All papers, entries and presets, as read from ``registry.yml``.

    `openings` names for a chapter the figure that stands under its title.
    """

    papers: tuple
    entries: tuple
    presets: dict
    openings: dict = field(default_factory=dict)

    @cached_property
    def by_id(self):
        return {entry.id: entry for entry in self.entries}

    def entry(self, entry_id):
        """The entry named `entry_id`; a `CompanionError` with a suggestion if there is none."""
        require_known(entry_id, self.by_id, "registry entry")
        return self.by_id[entry_id]

    def paper(self, key):
        """The paper with a key; a `CompanionError` if there is none."""
        require_known(key, [paper.key for paper in self.papers], "paper")
        return next(paper for paper in self.papers if paper.key == key)

    def of_chapter(self, chapter):
        """The entries that a chapter shows, in the registry's order."""
        return tuple(entry for entry in self.entries if entry.chapter == chapter)

    def preset(self, chapter, preset):
        """What `preset` changes in a chapter's default parameters."""
        require_known(preset, PRESETS, "preset")
        return dict(self.presets.get(chapter, {}).get(preset, {}))


def load_registry(path=None):
    """Read and check a registry file.

    Parameters
    ----------
    path : path, optional
        The file; by default ``book/registry.yml`` of the book around the current folder or,
        where there is no book, the copy that an installed package brings along.

    Returns
    -------
    Registry

    Raises
    ------
    CompanionError
        One sentence naming the entry and what is wrong with it.
    """
    path = Path(path) if path else _default_path()
    state = path.stat() if path.exists() else None
    return _read(path.resolve(), state and (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=4)
def _read(path, state):
    """The registry of a file; every table and figure asks for it, so it is read again only when the file has changed."""
    content = _mapping(read_yaml(path), path.name)
    registry = Registry(
        papers=tuple(_paper(item) for item in content.get("papers") or []),
        entries=tuple(_entry(item) for item in content.get("entries") or []),
        presets=content.get("presets") or {},
        openings=_mapping(content.get("openings") or {}, "openings"),
    )
    _check(registry)
    return registry


def _default_path():
    try:
        return find_root() / "book" / "registry.yml"
    except CompanionError:
        if INSTALLED_COPY.exists():
            return INSTALLED_COPY
        raise


def _paper(item):
    item = _mapping(item, "papers")
    others = tuple(_build(Other, other, f"paper {item.get('key', '?')!r}") for other in item.get("others", []))
    return _build(Paper, {**item, "others": others}, "papers")


def _entry(item):
    item = _mapping(item, "an entry")
    name = f"entry {item.get('id', '?')!r}"
    references = tuple(_build(Reference, reference, name) for reference in item.get("references", []))
    return _build(Entry, {**item, "references": references}, name)


def _build(kind, item, where):
    item = _mapping(item, where)
    names = {f.name for f in fields(kind)}
    for key in item:
        if key not in names:
            raise CompanionError(f"registry: {where} has the unknown key {key!r}.")
    try:
        return kind(**item)
    except TypeError as error:
        raise CompanionError(f"registry: {where}: {str(error).split(') ')[-1]}.") from None


def _mapping(item, where):
    if not isinstance(item, dict):
        raise CompanionError(f"registry: {where} must be a mapping, got {item!r}.")
    return item


def _check(registry):
    papers = {paper.key for paper in registry.papers}
    if len(registry.by_id) < len(registry.entries):
        ids = [entry.id for entry in registry.entries]
        twice = next(name for name in ids if ids.count(name) > 1)
        raise CompanionError(f"registry: the id {twice!r} stands twice.")
    for entry in registry.entries:
        _check_choice(entry, "kind", KINDS)
        _check_choice(entry, "status", STATUSES)
        _check_choice(entry, "parameters", ORIGINS)
        if entry.paper and entry.paper not in papers:
            raise CompanionError(f"registry: entry {entry.id!r} names the unknown paper {entry.paper!r}.")
        if bool(entry.paper) != bool(entry.reproduces):
            raise CompanionError(f"registry: entry {entry.id!r} needs both 'paper' and 'reproduces', or neither.")
        if entry.status == "not checked" and not entry.reason:
            raise CompanionError(f"registry: entry {entry.id!r} is not checked and gives no 'reason'.")
        if entry.published is not None and not entry.paper:
            raise CompanionError(f"registry: entry {entry.id!r} has published curves and no 'paper'.")
        for reference in entry.references:
            if reference.kind not in REFERENCE_KINDS:
                raise CompanionError(
                    f"registry: kind of the reference {reference.quantity!r} of entry {entry.id!r} must be one of "
                    f"{', '.join(REFERENCE_KINDS)}; got {reference.kind!r}."
                )
        if entry.status != "not checked" and not entry.check:
            raise CompanionError(f"registry: entry {entry.id!r} names no 'check'.")
    for chapter, label in registry.openings.items():
        if label not in {entry.id for entry in registry.of_chapter(chapter) if entry.kind == "figure"}:
            raise CompanionError(f"registry: the opening of {chapter!r} must be one of its figures, got {label!r}.")
    for chapter, presets in registry.presets.items():
        for preset in presets:
            if preset == "paper":
                raise CompanionError(
                    f"registry: the preset 'paper' of {chapter!r} is its default parameters and cannot be listed."
                )
            require_known(preset, PRESETS, f"preset (chapter {chapter!r})")


def _check_choice(entry, name, allowed):
    if getattr(entry, name) not in allowed:
        raise CompanionError(
            f"registry: {name} of entry {entry.id!r} must be one of {', '.join(allowed)}; got {getattr(entry, name)!r}."
        )
