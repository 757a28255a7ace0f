"""Which functions of the library a notebook takes that its assignment asks students to write.

Two ways, and neither blocks anything. `watch`, in the student's process, sees calls of the functions themselves, under whatever
name, and not calls that the library makes. `taken_in`, in the process that judges, reads the code: an attribute counts only
if it is one of a module of the library.
"""

import ast
import functools
import importlib.abc
import importlib.util
import inspect
import sys

PACKAGE = "learning_dynamics"
APART = (f"{PACKAGE}.classroom", f"{PACKAGE}.companion")


def watch(forbidden, note):
    """From now on call `note` with the name of a forbidden function whenever code outside of the library calls it."""
    if not forbidden:
        return
    sys.meta_path.insert(0, _Finder(forbidden, note))
    for name, module in list(sys.modules.items()):
        _watch_module(name, module, forbidden, note)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the others find a module of the library, and watches it when it has been loaded."""

    def __init__(self, forbidden, note):
        self.forbidden, self.note, self.busy = forbidden, note, False

    def find_spec(self, name, path, target=None):
        """Find as the others do."""
        if self.busy or not name.startswith(PACKAGE + "."):
            return None
        self.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy = False
        if spec and spec.loader and hasattr(spec.loader, "exec_module"):
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                _watch_module(name, module, self.forbidden, self.note)

            spec.loader.exec_module = exec_module
        return spec


def _watch_module(name, module, forbidden, note):
    if not name.startswith(PACKAGE + ".") or name.startswith(APART):
        return
    for key, value in list(vars(module).items()):
        if key in forbidden and inspect.isfunction(value):
            setattr(module, key, _watched(key, value, note))
        elif inspect.isclass(value) and value.__module__ == name:
            for method in forbidden & set(vars(value)):
                _watch_method(value, method, note)


def _watch_method(owner, name, note):
    held = vars(owner)[name]
    if inspect.isfunction(held):
        setattr(owner, name, _watched(name, held, note))
    elif isinstance(held, functools.cached_property):
        held.func = _watched(name, held.func, note, depth=2)
    elif isinstance(held, property):
        setattr(owner, name, property(_watched(name, held.fget, note)))


def _watched(name, function, note, depth=1):
    if getattr(function, "_watched", False):
        return function

    @functools.wraps(function)
    def watched(*arguments, **options):
        if not str(sys._getframe(depth).f_globals.get("__name__", "")).startswith(PACKAGE):
            note(name)
        return function(*arguments, **options)

    watched._watched = True
    return watched


def taken_in(source, forbidden):
    """The forbidden functions that a piece of code takes from modules of the library.

    Parameters
    ----------
    source : str
        Code; what cannot be parsed takes nothing.
    forbidden : frozenset of str

    Returns
    -------
    set of str
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found, modules = set(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.asname or PACKAGE for alias in node.names if _of_the_library(alias.name)}
        elif isinstance(node, ast.ImportFrom) and _of_the_library(node.module or ""):
            names = {alias.name for alias in node.names}
            modules |= {alias.asname or alias.name for alias in node.names}
            found |= forbidden if "*" in names and not str(node.module).startswith(APART) else names & forbidden
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in forbidden and _base(node) in modules:
            found.add(node.attr)
    return found


def _of_the_library(name):
    return name.split(".")[0] == PACKAGE


def _base(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
