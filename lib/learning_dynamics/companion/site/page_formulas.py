"""Formulas of ``# needs`` for the page: trees of numbers, names and a few operators, which a script evaluates without `eval`."""

import ast

ARITHMETIC = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
JOINED = {ast.And: "and", ast.Or: "or"}
SIGNS = {ast.USub: "negative", ast.UAdd: "positive", ast.Not: "not"}
FUNCTIONS = ("max", "min", "sqrt")
"""What a page computes as Python does; `normal_quantile` is left to the command."""

LARGEST_INTEGER = 2**53
"""Beyond it the numbers of a page, which all are floats, are not those of Python."""


class _NotForPages(Exception):
    """A part of a formula that only Python evaluates."""


def page_formula(formula):
    """A formula as a tree for the page.

    Parameters
    ----------
    formula : str
        As it stands after ``# needs``.

    Returns
    -------
    list, str, int, float or None
        A name, a number, or a list of an operator and its parts: ``2 * n < m`` is ``["<", ["*", 2, "n"], "m"]``; a chain of
        comparisons is joined by ``and``.  None where a part is not in the lists of this file.

    Notes
    -----
    The script computes in floats.  A tree gives what Python gives as long as no whole number in it passes 2⁵³.
    """
    try:
        return _tree(ast.parse(formula, mode="eval").body)
    except _NotForPages:
        return None


def _tree(node):
    for kind, part in PARTS.items():
        if isinstance(node, kind):
            return part(node)
    raise _NotForPages


def _operator(known, operator):
    if type(operator) not in known:
        raise _NotForPages
    return known[type(operator)]


def _constant(node):
    if type(node.value) not in (int, float) or abs(node.value) > LARGEST_INTEGER:
        raise _NotForPages
    return node.value


def _comparison(node):
    sides = [_tree(side) for side in (node.left, *node.comparators)]
    pairs = [[_operator(COMPARISONS, sign), *sides[k : k + 2]] for k, sign in enumerate(node.ops)]
    return pairs[0] if len(pairs) == 1 else ["and", *pairs]


def _call(node):
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
        raise _NotForPages
    if len(node.args) < (1 if node.func.id == "sqrt" else 2) or (node.func.id == "sqrt" and len(node.args) > 1):
        raise _NotForPages
    return [node.func.id, *map(_tree, node.args)]


PARTS = {
    ast.Name: lambda node: node.id,
    ast.Constant: _constant,
    ast.Compare: _comparison,
    ast.BoolOp: lambda node: [_operator(JOINED, node.op), *map(_tree, node.values)],
    ast.BinOp: lambda node: [_operator(ARITHMETIC, node.op), _tree(node.left), _tree(node.right)],
    ast.UnaryOp: lambda node: [_operator(SIGNS, node.op), _tree(node.operand)],
    ast.Call: _call,
}
"""Kinds of a formula's parts → what makes a tree of one."""
