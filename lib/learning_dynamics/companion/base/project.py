"""Where things are: the repository, its chapters and the build folder."""

from dataclasses import dataclass
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.suggestions import require_known
from learning_dynamics.companion.base.yaml_files import read_yaml

REGISTRY_PAGES = ("atlas", "claims", "checking", "concordance", "build")
PAGE_KINDS = (".ipynb", ".md", ".rst")
PRESETS = ("paper", "quick", "large")


@dataclass(frozen=True)
class Project:
    """The repository in `root` and its build products in ``<output>/_build``."""

    root: Path
    output: Path

    @property
    def book(self):
        return self.root / "book"

    @property
    def build(self):
        return self.output / "_build"

    def notebook(self, chapter):
        """The source notebook of a chapter named as in ``random_matrix/performance``."""
        return self.book / f"{chapter}.ipynb"

    def executed(self, chapter, preset):
        """The executed copy of a chapter."""
        return self.build / "executed" / preset / f"{chapter}.ipynb"

    def results(self, chapter, preset):
        """The folder of a chapter's recorded results."""
        return self.executed(chapter, preset).with_suffix(".results")

    def pages(self):
        """All pages of the table of contents in reading order, named as in ``book/intro``."""
        return _pages(self._toc())

    def chapters(self):
        """Names of all notebooks in the table of contents, registry pages last."""
        pages = self.pages()
        for page in pages:
            if not any((self.root / f"{page}{kind}").exists() for kind in PAGE_KINDS):
                raise CompanionError(f"_toc.yml lists the page {page}, and there is no such file in {self.root}.")
        return sorted(self._notebooks(pages), key=lambda name: name in REGISTRY_PAGES)

    def parts(self):
        """The parts of the table of contents: caption and names of the notebooks in it, registry pages apart."""
        parts = [(part.get("caption", ""), self._notebooks(_pages(part))) for part in self._toc().get("parts", [])]
        return [(caption, [name for name in names if name not in REGISTRY_PAGES]) for caption, names in parts]

    def _toc(self):
        return read_yaml(self.root / "_toc.yml")

    def _notebooks(self, pages):
        return [page.removeprefix("book/") for page in pages if (self.root / f"{page}.ipynb").exists()]

    def require_chapter(self, name):
        """The name of the chapter meant by `name`, a name or a path to its notebook."""
        short = name.removesuffix(".ipynb").removeprefix("./").removeprefix("book/")
        require_known(short, self.chapters(), "chapter")
        return short


def _pages(node):
    """Every file of a table of contents, in reading order."""
    if isinstance(node, list):
        return [page for item in node for page in _pages(item)]
    if isinstance(node, dict):
        own = [str(node[key]) for key in ("root", "file") if key in node]
        return own + [page for key in ("parts", "chapters", "sections") for page in _pages(node.get(key))]
    return []


def find_root(start=None):
    """The folder of the book: `start` or a folder above it, else the installed package's own.

    Raises
    ------
    CompanionError
        Where no folder with ``_toc.yml`` and ``book/registry.yml`` is found.
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[4]):
        if is_root(folder):
            return folder
    raise CompanionError(f"no book found in {here} or above it: run this inside a clone of the repository.")


def is_root(folder):
    """Whether a folder is that of a book."""
    try:
        return (folder / "_toc.yml").exists() and (folder / "book" / "registry.yml").exists()
    except OSError:  # a name that is too long, or a folder that may not be looked into
        return False


def find_project(output=None):
    """The project around the current folder, building into `output` (default: its root)."""
    root = find_root()
    return Project(root=root, output=Path(output).resolve() if output else root)
