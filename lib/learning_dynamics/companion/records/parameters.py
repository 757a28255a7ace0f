"""The knobs of a chapter: reading their declarations, checking what a user sets.

A chapter declares its parameters in the cell tagged ``parameters``, one a line::

    runs: int = 50  # independent draws; in [1, 10000]
    dynamics: str = "gd"  # discrete steps or their limit; in {gd, flow}

The text after ``; in`` is the range: an interval with square or round brackets, or a set.  What must hold of several
parameters together, or beyond a range, stands on lines of its own, in words after the colon if the formula needs them::

    # needs m % 2 == 0: m is even
    # needs 4 * n < m * d

A formula is a comparison of parameters and numbers; it may use the functions of `FUNCTIONS`.
"""

import ast
import math
import re
from dataclasses import dataclass
from statistics import NormalDist

from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.suggestions import require_known

FUNCTIONS = {"max": max, "min": min, "sqrt": math.sqrt, "normal_quantile": NormalDist().inv_cdf}
"""What a formula of ``# needs`` may call; `normal_quantile` is the inverse of the standard normal distribution function."""
INJECTED = "# Parameters\n"
"""The first line of the cell in which papermill sets parameters."""

_RANGE = re.compile(r";\s*in\s*(?P<range>[\[({].*[\])}])\s*$")
_INTEGER = re.compile(r"[+-]?[0-9]+(_[0-9]+)*")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


_NEED = re.compile(r"^#\s*needs\s+(?P<formula>[^:]+?)\s*(:\s*(?P<words>.+?)\s*)?$", re.MULTILINE)
_FORMULA = (
    ast.Expression, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.Call,
    ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Need:
    """What must hold of a chapter's parameters: a formula in their names, and the same in words."""

    formula: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A declared parameter: `type` is its annotation, `allowed` its range as declared."""

    name: str
    type: str
    default: object
    help: str
    allowed: str = ""


def declared_parameters(notebook):
    """The parameters that a notebook declares.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict
        Name → `Parameter`, in the order of the cell; empty where no cell is tagged.

    Raises
    ------
    CompanionError
        Where a line of the cell is not an annotated assignment of a literal.
    """
    return _parameters_in(_cell_source(notebook))


def _cell_source(notebook):
    return next((cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), "")


def _parameters_in(source):
    lines = source.splitlines()
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise CompanionError(f"parameters cell: {error}.") from None
    parameters = [_declaration(node, lines[node.end_lineno - 1]) for node in statements]
    return {parameter.name: parameter for parameter in parameters}


def declared_needs(notebook):
    """What a notebook needs of its parameters beyond their ranges: a list of `Need`."""
    return _needs_in(_cell_source(notebook))


def _needs_in(source):
    names = _parameters_in(source)
    needs = [Need(formula=item["formula"], words=item["words"] or item["formula"]) for item in _NEED.finditer(source)]
    for need in needs:
        _check_formula(need.formula, names)
    return needs


def _check_formula(formula, names):
    try:
        nodes = list(ast.walk(ast.parse(formula, mode="eval")))
    except SyntaxError:
        nodes = [None]
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    known = all(isinstance(function, ast.Name) and function.id in FUNCTIONS for function in called)
    if not known or not all(isinstance(node, _FORMULA) for node in nodes):
        raise CompanionError(f"parameters cell: what is needed must be a comparison of parameters and numbers, got {formula!r}.")
    for node in nodes:
        if isinstance(node, ast.Name) and node not in called:
            require_known(node.id, names, "parameter")


def require_needs(values, needs):
    """Raise a `CompanionError` where values (name → value, of all parameters) do not go together.

    The sentence names the values concerned and what is needed of them.
    """
    for need in needs:
        names = {name: values[name] for name in names_in(need.formula, values)}
        try:
            holds = eval(compile(need.formula, "needs", "eval"), {"__builtins__": {}, **FUNCTIONS}, names)
        except (ArithmeticError, ValueError):
            holds = False
        if not holds:
            given = ", ".join(f"{name} = {shown(value)}" for name, value in names.items())
            raise CompanionError(f"the chapter needs {need.words}, got {given}.")


def names_in(formula, known):
    """The names of a formula that are in `known`, each once, in the order in which a sentence lists them."""
    tree = ast.parse(formula, mode="eval")
    return list(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in known))


def _declaration(node, line):
    if not (isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name)):
        raise CompanionError(f"parameters cell: every line must read 'name: type = value', got {line!r}.")
    comment = line[node.end_col_offset :].strip().lstrip("#").strip()
    found = _RANGE.search(comment)
    parameter = Parameter(
        name=node.target.id,
        type=ast.unparse(node.annotation),
        default=_literal(node, line),
        help=comment[: found.start()] if found else comment,
        allowed=found["range"] if found else "",
    )
    _check_range(parameter)
    return parameter


def _literal(node, line):
    try:
        return ast.literal_eval(node.value)
    except (ValueError, TypeError, RecursionError):
        raise CompanionError(f"parameters cell: the value must be written out, got {line!r}.") from None


def _check_range(parameter):
    if parameter.allowed and not parameter.allowed.startswith("{"):
        try:
            _low, _high = (float(edge) for edge in parameter.allowed[1:-1].split(","))
        except ValueError:
            raise CompanionError(
                f"parameters cell: the range of {parameter.name} must be two numbers with a comma, got {parameter.allowed}."
            ) from None


def parse_assignments(assignments, declared):
    """Turn ``name=value`` strings into checked values.

    Parameters
    ----------
    assignments : iterable of str
        A whole number is read in base ten, zeros in front or not, a float as Python reads it, a list with or
        without brackets.  Nothing else is a number: no date, no colon, no base but ten.
    declared : dict
        As `declared_parameters` returns it.

    Returns
    -------
    dict
        Name → value of the declared type.

    Raises
    ------
    CompanionError
        One sentence: an unknown name (with a suggestion), a name given twice, a wrong type, a value out of range.
    """
    values = {}
    for assignment in assignments:
        name, text = _name_and_text(assignment, declared)
        if name in values:
            raise CompanionError(f"{name} is given twice; give it once.")
        values[name] = _parse(text, declared[name])
    return check_values(values, declared)


def parse_grid(assignments, declared):
    """Turn ``name=value,value,…`` strings into lists of checked values.

    Parameters
    ----------
    assignments : iterable of str
        Values of a parameter that is itself a list are separated by ``;``.
    declared : dict
        As `declared_parameters` returns it.

    Returns
    -------
    dict
        Name → its values in the order given, each once.

    Raises
    ------
    CompanionError
        As `parse_assignments`, and where a parameter is given twice or has an empty value.
    """
    grid = {}
    for assignment in assignments:
        name, text = _name_and_text(assignment, declared)
        if name in grid:
            raise CompanionError(f"{name} is given twice; give all its values in one {name}=VALUE,VALUE.")
        parts = [part.strip() for part in text.split(";" if declared[name].type.startswith("list") else ",")]
        if not all(parts):
            raise CompanionError(f"{name} has an empty value in {shown(text)}.")
        values = [check_values({name: _parse(part, declared[name])}, declared)[name] for part in parts]
        grid[name] = [value for index, value in enumerate(values) if value not in values[:index]]
    return grid


def require_parameters(namespace, inputs):
    """Check the parameters of a running chapter, whoever set them: papermill, or a reader who edited the cell.

    `use_style` does so at the beginning of every chapter.

    Parameters
    ----------
    namespace : dict
        The variables of the notebook.
    inputs : list of str
        The cells that were run, in their order.  The last one that declares parameters, and nothing else, counts.

    Raises
    ------
    CompanionError
        One sentence: the parameter, its value, what is allowed.  Where no cell declares parameters, nothing is refused.
    """
    place, source = next(((k, cell) for k, cell in reversed(list(enumerate(inputs))) if _only_declares(cell)), (0, ""))
    declared = _parameters_in(source)
    for cell in inputs[place + 1 :]:
        if declared and cell.startswith(INJECTED):
            _require_known_names(cell, declared)
    given = check_values({name: namespace[name] for name in declared if name in namespace}, declared)
    require_needs(complete(given, declared), _needs_in(source))


def _only_declares(cell):
    try:
        statements = ast.parse(cell).body
    except (SyntaxError, ValueError):
        return False
    return bool(statements) and all(isinstance(node, ast.AnnAssign) for node in statements)


def _require_known_names(cell, declared):
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            require_known(node.id, declared, "parameter")


def complete(values, declared):
    """All parameters of a chapter: `values` in their declared types, defaults for the others."""
    chosen = {name: values.get(name, parameter.default) for name, parameter in declared.items()}
    check_values(chosen, declared)
    return {name: _convert(value, declared[name].type) for name, value in chosen.items()}


def _name_and_text(assignment, declared):
    name, separator, text = assignment.partition("=")
    if not separator:
        raise CompanionError(f"a parameter is set as name=value, got {shown(assignment)}.")
    require_known(name.strip(), declared, "parameter")
    return name.strip(), text.strip()


def check_values(values, declared):
    """Check values (name → value) against their declarations and return them."""
    for name, value in values.items():
        require_known(name, declared, "parameter")
        parameter = declared[name]
        if not _has_type(value, parameter.type):
            raise _wrong_type(parameter, value)
        for item in value if isinstance(value, list) else [value]:
            if not _is_allowed(item, parameter.allowed):
                allowed = f"in {parameter.allowed}" if parameter.allowed else "finite"
                raise CompanionError(f"{name} must be {allowed}, got {shown(item)}.")
    return values


def _wrong_type(parameter, value):
    return CompanionError(f"{parameter.name} must be of type {parameter.type}, got {shown(value)}.")


def _parse(text, parameter):
    try:
        return _read(text, parameter.type)
    except ValueError:
        raise _wrong_type(parameter, text) from None


def _read(text, type_name):
    """The value that a text stands for; a `ValueError` where it stands for none of this type."""
    if type_name.startswith("list["):
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        return [_read(item.strip(), type_name[5:-1]) for item in inner.split(",")]
    if type_name == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if type_name == "float" and text.isascii():
        return float(text)
    if type_name == "bool" and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if type_name == "str":
        return text
    raise ValueError(text)


def _convert(value, type_name):
    """A checked value in its declared type: a whole number may stand for a float."""
    if type_name.startswith("list["):
        return [_convert(item, type_name[5:-1]) for item in value]
    return float(value) if type_name == "float" else value


def _has_type(value, type_name):
    if type_name.startswith("list["):
        return isinstance(value, list) and all(_has_type(item, type_name[5:-1]) for item in value)
    if type_name == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_name == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    return type(value).__name__ == type_name


def _is_allowed(value, allowed):
    if not allowed:
        return not isinstance(value, float) or math.isfinite(value)
    if allowed.startswith("{"):
        return str(value) in [item.strip() for item in allowed[1:-1].split(",")]
    low, high = (float(edge) for edge in allowed[1:-1].split(","))
    above = value >= low if allowed[0] == "[" else value > low
    below = value <= high if allowed[-1] == "]" else value < high
    return above and below
