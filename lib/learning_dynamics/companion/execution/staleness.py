"""What a chapter's outputs depend on, and whether they are out of date."""

import ast
import hashlib
import json
import sys

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.project import REGISTRY_PAGES
from learning_dynamics.companion.base.yaml_files import read_yaml
from learning_dynamics.companion.execution.executor import damage, read_summary

PACKAGE = "learning_dynamics"
DATASETS = f"{PACKAGE}.datasets"
EXECUTOR = ("execution/executor.py", "execution/notebook_kernel.py", "base/environment.py")


def why_stale(project, chapter, preset):
    """Why a chapter must run (again), in a few words; nothing where its outputs are whole and up to date."""
    target, results = project.executed(chapter, preset), project.results(chapter, preset)
    if not target.exists() and not results.exists():
        return "new"
    if read_summary(results).get("fingerprint", "") not in ("", fingerprint(project, chapter, preset)):
        return "changed"
    return damage(target, results)


def fingerprint(project, chapter, preset):
    """A hash of everything that a chapter's outputs depend on.

    That is: its notebook, the modules of ``lib/`` that it imports and those that they import,
    the data files that these load, its entries and presets in the registry, the pins, the
    Python version.  A registry page depends on the whole registry, on all results, on the code
    of all chapters, on the notation page and on the table of mutations.
    """
    digest = hashlib.sha256(f"{preset} {sys.version_info[:2]}".encode())
    for path in sorted(dependencies(project, chapter)):
        _add_file(digest, path, project.root)
    digest.update(_registry_part(project, chapter).encode())
    if chapter in REGISTRY_PAGES:
        for path in _results_of_chapters(project, preset):
            _add_file(digest, path, project.build)
        for path in _pages_read(project):
            _add_file(digest, path, project.root)
    return digest.hexdigest()


def _add_file(digest, path, base):
    digest.update(path.relative_to(base).as_posix().encode())
    digest.update(hashlib.sha256(path.read_bytes()).digest())


def _registry_part(project, chapter):
    content = read_yaml(project.book / "registry.yml")
    if chapter in REGISTRY_PAGES:
        return json.dumps(content, sort_keys=True)
    entries = [entry for entry in content.get("entries") or [] if entry.get("chapter") == chapter]
    return json.dumps([entries, (content.get("presets") or {}).get(chapter)], sort_keys=True)


def _results_of_chapters(project, preset):
    folders = [project.results(name, preset) for name in project.chapters() if name not in REGISTRY_PAGES]
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]


def _pages_read(project):
    pages = [project.notebook(name) for name in project.chapters() if name not in REGISTRY_PAGES]
    return [
        path
        for path in (*pages, project.root / "_toc.yml", *(project.book / name for name in ("notation.md", "mutations.csv")))
        if path.exists()
    ]


def dependencies(project, chapter):
    """The files of the repository that a chapter's outputs depend on, the registry apart.

    Imports are followed through ``lib/``.  A function imported from ``datasets`` stands for
    the data file of its name; an import of the whole module stands for all data files.
    """
    notebook = project.notebook(chapter)
    cells = [cell.source for cell in read_source(notebook).cells if cell.cell_type == "code"]
    waiting = set()
    for number, source in enumerate(cells, 1):
        waiting |= _imports(_plain_python(source), package="", where=f"code cell {number} of {notebook}")
    found = {
        notebook,
        project.root / "requirements.txt",
        *(project.root / "lib" / PACKAGE / "companion" / name for name in EXECUTOR),
    }
    seen = set()
    while waiting:
        module, name = item = waiting.pop()
        seen.add(item)
        for path in _files(project, module, name):
            if path not in found:
                found.add(path)
                if path.suffix == ".py":
                    waiting |= _imports(path.read_text("utf-8"), package=_package(project, path), where=path)
        waiting -= seen
    return found


def _plain_python(source):
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


def _package(project, path):
    return ".".join(path.relative_to(project.root / "lib").parts[:-1])


def _imports(code, *, package, where):
    """The pairs (module, imported name or None) of the project that a piece of code imports."""
    found = set()
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError) as error:
        raise CompanionError(f"{where} is not Python: {error}.") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(alias.name, None) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            found |= {(module, alias.name) for alias in node.names}
    return {item for item in found if item[0].split(".")[0] == PACKAGE}


def _absolute(node, package):
    if not node.level:
        return node.module
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _files(project, module, name):
    """The files that importing `name` from `module` reads: packages above it, itself, its data."""
    lib = project.root / "lib"
    parts = module.split(".")
    candidates = [lib.joinpath(*parts[: k + 1], "__init__.py") for k in range(len(parts))]
    candidates.append(lib.joinpath(*parts).with_suffix(".py"))
    if name:
        candidates.append(lib.joinpath(*parts, f"{name}.py"))
        candidates.append(lib.joinpath(*parts, name, "__init__.py"))
    if DATASETS in (module, f"{module}.{name}"):
        data = lib / PACKAGE / "data"
        one = data / f"{name}.npz"
        candidates += [one] if one.exists() else sorted(data.glob("*.npz"))
    return [path for path in candidates if path.exists()]
