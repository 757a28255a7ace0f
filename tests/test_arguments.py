"""Bad arguments of everything public: one sentence with the parameter, no warning, no change of what was given."""

import copy
import inspect
import linecache
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.public_calls import PARTS, calls

CALLS = calls()
LIBRARY = Path(PARTS["datasets"].__file__).parent
ALLOWED = (TypeError, ValueError, ArithmeticError, OverflowError, MemoryError)
HUGE = 10**400
RAGGED, OBJECTS = [[1.0], [1.0, 2.0]], np.array([1.0, None, "x"], dtype=object)
MASKED = np.ma.masked_array([1.0, 2.0], mask=[False, True])

BAD = {
    "number": [None, "1", True, 1j, {}, [1.0, 2.0], np.ones((9, 99)), object(), np.nan, np.inf, -np.inf, HUGE, np.ma.masked],
    "integer": [None, "1", True, 1j, {}, 1.5, [1, 2], np.ones((9, 99)), object(), np.nan, np.inf, -HUGE],
    "yes or no": [None, "no", 1, 0.0, {}, [True]],
    "word": [None, 3, "", "Spectral", b"gd", ["gd"], {}, np.array(["gd", "flow"])],
    "array": [None, "1", True, 1j, {}, object(), [], RAGGED, [[]], OBJECTS, [True, False], ["a", "b"], [1.0, None],
              [np.nan, 1.0], [np.inf, 1.0], [1.0, HUGE], MASKED, (x for x in [1.0]), np.datetime64("2020-01-01")],
    "function": [None, "x", 1.0, {}],
    "object": [None, "x", 1.0, {}, [], object()],
}  # fmt: skip


def kind(value):
    """What sort of argument it is, from a value that is allowed."""
    if isinstance(value, (bool, int, float, str)):
        return {bool: "yes or no", int: "integer", float: "number", str: "word"}[type(value)]
    if isinstance(value, (list, tuple)):
        return "array"
    return "function" if callable(value) else "object"


def odd(value):
    """Values of the same kind that may be allowed or not, but must not end in anything else."""
    if kind(value) == "number":
        return [0.0, -1.0, 1e-300, 1e300, np.float32(0.5), np.int8(1)]
    if kind(value) == "integer":
        return [-1, 0, 1, 2, 10**9, 10**15, HUGE]
    if kind(value) == "array":
        array = np.array(value)
        return [array[:0], array[:1], array[None], np.concatenate([array, array]), array[..., None], 0 * array, -array, 1e-200 * array,
                1e200 * array, np.asfortranarray(array), 1]  # fmt: skip
    return []


def outcome(function, arguments):
    """What a call ends in: an empty text, or what is wrong with it."""
    given = {name: snapshot(value) for name, value in arguments.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            function(**arguments)
            error = None
        except BaseException as raised:  # noqa: BLE001
            error = raised
    changed = [name for name, value in arguments.items() if snapshot(value) != given[name]]
    return error, changed


def snapshot(value):
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001  (a generator, a local function)
        return None


def fault(error, names):
    """What is wrong with an error, if anything."""
    text = str(error)
    if type(error) not in ALLOWED and type(error).__module__.partition(".")[0] != "learning_dynamics":
        return f"{type(error).__name__}"
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    path = Path(last.tb_frame.f_code.co_filename)
    if LIBRARY not in path.parents or not linecache.getline(str(path), last.tb_lineno).strip().startswith("raise"):
        return f"raised by {path.name}:{last.tb_lineno}"
    if "\n" in text or len(text) > 400:
        return "no sentence"
    if not any(re.search(rf"\b{re.escape(name)}\b", text) for name in names):
        return "names no parameter"
    return ""
