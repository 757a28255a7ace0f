"""The knobs of a chapter: reading their declarations, checking what a user sets.

A chapter declares its parameters in the cell tagged ``parameters``, one a line::

    runs: int = 50  # independent draws; in [1, 10000]
    dynamics: str = "gd"  # discrete steps or their limit; in {gd, flow}

The text after ``; in`` is the range: an interval with square or round brackets, or a set.
"""

import ast
import math
import re
from dataclasses import dataclass

import yaml

from .errors import CompanionError
from .suggestions import require_known

_RANGE = re.compile(r";\s*in\s*(?P<range>[\[({].*[\])}])\s*$")


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
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if not cells:
        return {}
    source = cells[0].source
    lines = source.splitlines()
    parameters = [_declaration(node, lines[node.end_lineno - 1]) for node in ast.parse(source).body]
    return {parameter.name: parameter for parameter in parameters}


def _declaration(node, line):
    if not (isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name)):
        raise CompanionError(f"parameters cell: every line must read 'name: type = value', got {line!r}.")
    comment = line[node.end_col_offset :].strip().lstrip("#").strip()
    found = _RANGE.search(comment)
    return Parameter(
        name=node.target.id,
        type=ast.unparse(node.annotation),
        default=ast.literal_eval(node.value),
        help=comment[: found.start()] if found else comment,
        allowed=found["range"] if found else "",
    )


def parse_assignments(assignments, declared):
    """Turn ``name=value`` strings into checked values.

    Parameters
    ----------
    assignments : iterable of str
    declared : dict
        As `declared_parameters` returns it.

    Returns
    -------
    dict
        Name → value of the declared type.

    Raises
    ------
    CompanionError
        One sentence: an unknown name (with a suggestion), a wrong type, a value out of range.
    """
    named = [_name_and_text(assignment, declared) for assignment in assignments]
    return check_values({name: _parse(text, declared[name]) for name, text in named}, declared)


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
            raise CompanionError(f"{name} has an empty value in {text!r}.")
        values = [check_values({name: _parse(part, declared[name])}, declared)[name] for part in parts]
        grid[name] = [value for index, value in enumerate(values) if value not in values[:index]]
    return grid


def complete(values, declared):
    """All parameters of a chapter: `values` in their declared types, defaults for the others."""
    chosen = {name: values.get(name, parameter.default) for name, parameter in declared.items()}
    check_values(chosen, declared)
    return {name: _convert(value, declared[name].type, None) for name, value in chosen.items()}


def _name_and_text(assignment, declared):
    name, separator, text = assignment.partition("=")
    if not separator:
        raise CompanionError(f"a parameter is set as name=value, got {assignment!r}.")
    require_known(name.strip(), declared, "parameter")
    return name.strip(), text.strip()


def check_values(values, declared):
    """Check values (name → value) against their declarations and return them."""
    for name, value in values.items():
        require_known(name, declared, "parameter")
        parameter = declared[name]
        if not _has_type(value, parameter.type):
            raise CompanionError(f"{name} must be of type {parameter.type}, got {value!r}.")
        for item in value if isinstance(value, list) else [value]:
            if not _is_allowed(item, parameter.allowed):
                allowed = f"in {parameter.allowed}" if parameter.allowed else "finite"
                raise CompanionError(f"{name} must be {allowed}, got {item!r}.")
    return values


def _parse(text, parameter):
    if parameter.type == "str":
        return text
    wrong = CompanionError(f"{parameter.name} must be of type {parameter.type}, got {text!r}.")
    try:
        value = yaml.safe_load(f"[{text}]" if _needs_brackets(text, parameter.type) else text)
    except yaml.YAMLError:
        raise wrong from None
    return _convert(value, parameter.type, wrong)


def _needs_brackets(text, type_name):
    return type_name.startswith("list") and not text.startswith("[")


def _convert(value, type_name, wrong):
    if type_name.startswith("list[") and isinstance(value, list):
        return [_convert(item, type_name[5:-1], wrong) for item in value]
    if type_name == "float" and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            raise wrong from None
    if not _has_type(value, type_name):
        raise wrong
    return value


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
