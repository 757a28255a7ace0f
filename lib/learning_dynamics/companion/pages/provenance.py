"""Which functions of the library are behind a figure, read off the code of its chapter."""

import ast

from learning_dynamics.companion.records.figures import figure_cells

PACKAGE = "learning_dynamics"
MACHINERY = f"{PACKAGE}.companion"


def functions_behind(notebook):
    """The functions and classes of the library that the data of each figure went through.

    They are found by following the names in the figure's cell back to the statements that
    wrote them.  What is kept in one container counts as one, so the list can be too long.
    A change through another name of the same object is not seen.

    Returns
    -------
    dict
        Label of a figure → sorted full names, as they are imported.
    """
    cells = {id(cell): label for label, cell in figure_cells(notebook).items()}
    found, before, imported = {}, [], {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        statements = _statements(cell.source)
        imported |= _imported(statements)
        if id(cell) in cells:
            names = _names_behind(statements, before)
            found[cells[id(cell)]] = sorted(imported[name] for name in names & set(imported))
        before += statements
    return found


def _statements(source):
    plain = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    return ast.parse("\n".join(plain)).body


def _imported(statements):
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in statements
        if isinstance(node, ast.ImportFrom) and node.module.startswith(PACKAGE)
        if not node.module.startswith(MACHINERY)
        for alias in node.names
    }


def _names_behind(statements, before):
    wanted = _read(statements)
    modules = {alias.asname or alias.name for node in before if isinstance(node, ast.Import) for alias in node.names}
    for statement in reversed(before):
        if (_written(statement) - modules) & wanted:
            wanted = (wanted - _replaced(statement)) | _read([statement])
    return wanted


def _read(statements):
    """Names whose value statements take from what stands before them."""
    wanted = set()
    for statement in reversed(statements):
        wanted -= _replaced(statement)
        if isinstance(statement, (ast.For, ast.With)):
            heads = [statement.iter] if isinstance(statement, ast.For) else [item.context_expr for item in statement.items]
            wanted |= (_read(statement.body) - _bound(statement)).union(*map(_loaded, heads))
        else:
            wanted |= _loaded(statement)
    return wanted


def _loaded(node):
    """Names that an expression or a simple statement reads; those bound inside a comprehension are its own."""
    names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    own = {
        name.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.comprehension)
        for name in ast.walk(inner.target)
        if isinstance(name, ast.Name)
    }
    return {name.id for name in names if isinstance(name.ctx, ast.Load)} - own


def _bound(statement):
    targets = [statement.target] if isinstance(statement, ast.For) else [item.optional_vars for item in statement.items]
    return {node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)}


def _replaced(statement):
    """Names whose old value an assignment makes meaningless."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def _written(statement):
    """Names that a statement binds, changes through an index or attribute, or calls a method of."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found.add(_root(node.value.func) if isinstance(node.value.func, ast.Attribute) else None)
    return found - {None}


def _root(node):
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
