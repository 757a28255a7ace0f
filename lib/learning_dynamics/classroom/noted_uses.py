"""What a notebook uses that no answer needs: noted for a person to look at, never held against anybody by a machine."""

import ast

MODULES = {
    "ctypes": "compiled code",
    "gc": "objects of others",
    "importlib": "imports by name",
    "inspect": "the code around it",
    "multiprocessing": "processes",
    "os": "the system",
    "pathlib": "files",
    "shutil": "files",
    "signal": "signals",
    "socket": "the network",
    "sqlite3": "files",
    "subprocess": "processes",
    "urllib": "the network",
    "requests": "the network",
    "threading": "threads",
    "site": "start-up files",
    "builtins": "names of Python itself",
    "pickle": "objects from files",
    "resource": "limits",
    "psutil": "processes",
    "pty": "processes",
}
NAMES = {
    "exec": "text as code",
    "eval": "text as code",
    "compile": "text as code",
    "open": "files",
    "vars": "names by text",
    "globals": "names by text",
    "locals": "names by text",
    "setattr": "names by text",
    "__import__": "imports by name",
    "get_ipython": "the notebook's own machinery",
    "__builtins__": "names of Python itself",
}
ATTRIBUTES = {
    "_getframe": "the code around it",
    "f_locals": "the code around it",
    "f_back": "the code around it",
    "modules": "modules of others",
    "__closure__": "the inside of functions",
    "__wrapped__": "the inside of functions",
    "__globals__": "the inside of functions",
    "__code__": "the inside of functions",
    "__subclasses__": "classes of others",
    "__builtins__": "names of Python itself",
    "meta_path": "imports",
    "excepthook": "errors",
    "set_custom_exc": "errors",
    "input_transformers_cleanup": "the notebook's own machinery",
    "ast_transformers": "the notebook's own machinery",
}
METHODS = {"__eq__", "__complex__", "__array__", "__float__", "__bool__", "__getattribute__"}
OURS = {"expect", "expect_each", "parameters"}


def unusual(source):
    """What a piece of code uses that no answer needs.

    Parameters
    ----------
    source : str
        Code of a cell; lines that begin with ``%`` or ``!`` are commands.

    Returns
    -------
    set of str
        ``what (why)``, for people.
    """
    lines = source.splitlines()
    found = {
        f"{line.strip().split()[0]} (a command)"
        for line in lines
        if line.strip().startswith(("!", "%pip", "%conda", "%%bash", "%%sh", "%%script", "%system", "%sx"))
    }
    code = "\n".join("" if line.lstrip().startswith(("!", "%")) else line for line in lines)
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in nodes:
        found |= set(_of(node))
    return found


def _of(node):
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        yield from (f"{top} ({MODULES[top]})" for top in {name.split(".")[0] for name in names} & set(MODULES))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in NAMES:
        yield f"{node.id} ({NAMES[node.id]})"
    elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
        yield f"{node.attr} ({ATTRIBUTES[node.attr]})"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in OURS:
        yield f"{node.id} (another {node.id} than the assignment's)"
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in OURS | METHODS:
        yield f"{node.name} (redefined)"
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in OURS:
        yield f"{node.attr} (another {node.attr} than the assignment's)"
