"""Checks of arguments, each ending in one sentence that names the parameter, its value and what is allowed."""

import numbers

import numpy as np

MOST_STEPS = 10**9
"""Steps that a compiled loop takes at most: it cannot be interrupted, and this many take hours."""


def real(name, value, *, above=None, at_least=None, below=None, at_most=None) -> float:
    """Return `value` as a finite float inside the given bounds.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : real number
        Booleans, strings, complex numbers and arrays are refused.
    above, at_least, below, at_most : float, optional
        Bounds; `above` and `below` are strict.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If `value` is not finite or lies outside the bounds.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite as a float, got an integer of {len(str(abs(int(value))))} digits") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number!r}")
    _check_bounds(name, number, above=above, at_least=at_least, below=below, at_most=at_most)
    return number


def integer(name, value, *, at_least=None, at_most=None) -> int:
    """Return `value` as an int inside the given bounds.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : int
        Python or NumPy integer; booleans and floats are refused.
    at_least, at_most : int, optional
        Bounds, both allowed values.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If `value` lies outside the bounds.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    _check_bounds(name, int(value), at_least=at_least, at_most=at_most)
    return int(value)


def boolean(name, value) -> bool:
    """Return `value` if it is True or False.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def choice(name, value, options) -> str:
    """Return `value` if it is one of the strings in `options`.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not isinstance(value, str) or value not in options:
        allowed = " or ".join(repr(option) for option in options)
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return value


def real_array(name, value, *, ndim=None, at_least=None) -> np.ndarray:
    """Return `value` as a new C-contiguous float64 array of finite entries.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : array_like of real numbers
        Booleans, strings, complex numbers and objects are refused.
    ndim : int, optional
        Number of dimensions that is asked for.
    at_least : float, optional
        Lower bound of every entry.

    Returns
    -------
    numpy.ndarray of float64, shape of `value`

    Raises
    ------
    TypeError
        If an entry is not a real number.
    ValueError
        If the array is ragged, empty, of another number of dimensions, or has an entry that is not finite or too small.
    """
    array = _numeric_array(name, value, kinds="iuf", wanted="real numbers")
    array = np.array(array, dtype=np.float64, order="C")
    _check_shape(name, array, ndim)
    _check_finite(name, array)
    if at_least is not None and array.min() < at_least:
        raise ValueError(f"{name} must be >= {at_least:g}, got {array.min()!s}")
    return array


def number_array(name, value) -> np.ndarray:
    """Return `value` as a new float64 or, where its type is complex, complex128 array of finite entries.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : array_like of numbers
        Booleans, strings and objects are refused.

    Returns
    -------
    numpy.ndarray of float64 or complex128, shape of `value`

    Raises
    ------
    TypeError
        If an entry is not a number.
    ValueError
        If the array is ragged, empty, or has an entry that is not finite.
    """
    array = _numeric_array(name, value, kinds="iufc", wanted="real or complex numbers")
    array = np.array(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64, order="C")
    _check_shape(name, array, None)
    _check_finite(name, array)
    return array


def step_counts(name, value) -> np.ndarray:
    """Return `value` as a vector of strictly increasing whole numbers from 0 to `MOST_STEPS`.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : int or array_like of int, shape (m,)
        Floats without a fraction are allowed.

    Returns
    -------
    numpy.ndarray of int64, shape (m,)

    Raises
    ------
    TypeError
        If an entry is not a real number.
    ValueError
        If the entries do not increase strictly, have a fraction, or are negative or too large.
    """
    steps = np.atleast_1d(real_array(name, value, at_least=0))
    if steps.ndim > 1 or (steps != np.floor(steps)).any() or (np.diff(steps) <= 0).any():
        raise ValueError(f"{name} must be an integer or strictly increasing integers, got {steps}")
    if steps[-1] > MOST_STEPS:
        raise ValueError(f"{name} must be <= {MOST_STEPS:g}, steps being taken one by one, got {steps[-1]!s}")
    return steps.astype(np.int64)


def _check_bounds(name, number, *, above=None, at_least=None, below=None, at_most=None):
    tests = (
        (above, ">", above is not None and number > above),
        (at_least, ">=", at_least is not None and number >= at_least),
        (below, "<", below is not None and number < below),
        (at_most, "<=", at_most is not None and number <= at_most),
    )
    wanted = [(bound, sign, holds) for bound, sign, holds in tests if bound is not None]
    if not all(holds for _, _, holds in wanted):
        rule = " and ".join(f"{sign} {bound:g}" for bound, sign, _ in wanted)
        raise ValueError(f"{name} must be {rule}, got {number!r}")


def _numeric_array(name, value, *, kinds, wanted):
    if _holds_boolean(value):
        raise TypeError(f"{name} must hold {wanted}, got booleans")
    if np.ma.is_masked(value):
        raise ValueError(f"{name} must hold no masked values, got {np.ma.count_masked(value)}")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a regular array, got rows of unequal length") from error
    if array.dtype.kind not in kinds and array.size:
        raise TypeError(f"{name} must hold {wanted}, got an array of type {array.dtype}")
    return array


def _holds_boolean(value):
    if isinstance(value, (list, tuple)):
        return any(_holds_boolean(item) for item in value)
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype.kind == "b")


def _check_shape(name, array, ndim):
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one value, got an empty array")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s' * (ndim != 1)}, got shape {array.shape}")


def _check_finite(name, array):
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"{name} must be finite, got {array[bad][0]!s}")
