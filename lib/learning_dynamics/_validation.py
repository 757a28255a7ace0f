"""Checks of arguments, each ending in one sentence that names the parameter, its value and what is allowed."""

import math
import numbers

import numpy as np

MOST_STEPS = 10**9
"""Steps that a loop takes at most: this many take hours."""
MOST_ENTRIES = 10**9
"""Largest number of points, neurons, dimensions or repetitions: more fit into no memory, or into no day."""
EXACT_AS_FLOAT = 2**53
LARGEST_SQUARABLE = 1e150
"""Sums of squares of numbers up to this size are finite."""
LONGEST_TEXT = 80


def real(name, value, *, above=None, at_least=None, below=None, at_most=None, infinite=False) -> float:
    """Return `value` as a finite float inside the given bounds.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : real number
        Booleans, strings, complex numbers and arrays are refused.
    above, at_least, below, at_most : float, optional
        Bounds; `above` and `below` are strict.
    infinite : bool
        Whether infinity is allowed, too.

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
        raise TypeError(f"{name} must be a real number, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite as a float, got {shown(value)}") from None
    if infinite and number == np.inf:
        return number
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {shown(number)}")
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
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
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
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def size(name, value, *, at_least=1) -> int:
    """Return `value` as an int from `at_least` to `MOST_ENTRIES`: a number of things that are stored or gone through one by one.

    Raises
    ------
    TypeError, ValueError
        As `integer`.
    """
    return integer(name, integer(name, value, at_least=at_least), at_most=MOST_ENTRIES)


def moderate(name, value, *, largest=1e100):
    """Return `value` as a float > 0 that is neither above `largest` nor below its inverse.

    Raises
    ------
    TypeError, ValueError
        As `real`.
    """
    return real(name, real(name, value, above=0), at_least=1 / largest, at_most=largest)


def size_or_infinite(name, value, *, at_least=1):
    """Return `value` as an int from `at_least` to 2^53, or as the float inf.

    Raises
    ------
    TypeError, ValueError
        As `integer`.
    """
    if isinstance(value, float) and value == np.inf:
        return np.inf
    return integer(name, integer(name, value, at_least=at_least), at_most=EXACT_AS_FLOAT)


def broadcast(**arrays):
    """Refuse arrays whose shapes do not fit together.

    Raises
    ------
    ValueError
        If they do not broadcast against each other.
    """
    common, before = (), []
    for name, array in arrays.items():
        try:
            common = np.broadcast_shapes(common, array.shape)
        except ValueError:
            raise ValueError(
                f"{name} must have a shape that fits that of {listed(before)}, {common}, got {array.shape}"
            ) from None
        before.append(name)


def instance(name, value, *kinds):
    """Return `value` if it is of one of the given classes.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(value, kinds):
        allowed = " or ".join(f"{_article(kind.__name__)} {kind.__name__}" for kind in kinds)
        raise TypeError(f"{name} must be {allowed}, got {shown(value)}")
    return value


def function(name, value, meaning="a function"):
    """Return `value` if it can be called; `meaning` says in the error what it is a function of.

    Raises
    ------
    TypeError
        If it cannot.
    """
    if not callable(value):
        raise TypeError(f"{name} must be {meaning}, got {shown(value)}")
    return value


def choice(name, value, options) -> str:
    """Return `value` if it is one of the strings in `options`.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not isinstance(value, str) or value not in options:
        allowed = " or ".join(repr(option) for option in options)
        raise ValueError(f"{name} must be {allowed}, got {shown(value)}")
    return value


def real_array(name, value, *, ndim=None, at_least=None, squares=False) -> np.ndarray:
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
    squares : bool
        Whether sums of squares of the entries must be finite, too.

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
    if squares and np.abs(array).max() > LARGEST_SQUARABLE:
        raise ValueError(f"{name} must have entries whose squares are finite, got one of size {np.abs(array).max():.3g}")
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


def indices(name, value, *, below):
    """Return `value` as a vector of integers from 0 to `below` - 1.

    Raises
    ------
    TypeError, ValueError
        If it holds anything else, or nothing.
    """
    array = _numeric_array(name, value, kinds="iu", wanted="integers")
    _check_shape(name, array, 1)
    if array.min() < 0 or array.max() >= below:
        raise ValueError(f"{name} must hold integers from 0 to {below - 1}, got {shown(array)}")
    return array


def time_vector(name, value) -> np.ndarray:
    """Return `value` as a vector of times >= 0, with one entry for a number.

    Raises
    ------
    TypeError, ValueError
        As `real_array`.
    """
    times = np.atleast_1d(real_array(name, value, at_least=0))
    if times.ndim > 1:
        raise ValueError(f"{name} must be a number or have 1 dimension, got shape {times.shape}")
    return times


def whole_numbers(name, value, *, at_least) -> np.ndarray:
    """Return `value` as a vector of whole numbers from `at_least` to `MOST_ENTRIES`.

    Raises
    ------
    TypeError, ValueError
        As `real_array`, and ValueError if an entry has a fraction or is too large.
    """
    array = real_array(name, value, ndim=1)
    if array.min() < at_least:
        raise ValueError(f"{name} must be >= {at_least}, got {array.min():g}")
    wrong = (array != np.floor(array)) | (array > MOST_ENTRIES)
    if wrong.any():
        raise ValueError(f"{name} must hold whole numbers up to {MOST_ENTRIES:g}, got {array[wrong][0]:g}")
    return array.astype(np.int64)


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
        raise ValueError(f"{name} must be an integer or strictly increasing integers, got {shown(steps)}")
    if steps[-1] > MOST_STEPS:
        raise ValueError(f"{name} must be <= {MOST_STEPS:g}, steps being taken one by one, got {steps[-1]!s}")
    return steps.astype(np.int64)


def shown(value):
    """A value as it stands in a message: one line, and not a long one."""
    if isinstance(value, numbers.Integral) and abs(int(value)) >= 10**30:
        return f"an integer of {_digits(abs(int(value)))} digits"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an object of the caller may fail in any way
        return f"{_article(type(value).__name__)} {type(value).__name__}"
    if len(text) <= LONGEST_TEXT:
        return text
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return text[:LONGEST_TEXT] + "..."


def _digits(number):
    """Number of decimal digits; Python refuses to write down very long numbers, and logarithms are rounded."""
    near = int(math.log10(number))
    return near + (number >= 10**near) + (number >= 10 ** (near + 1))


def _article(word):
    return "an" if word[0] in "AEIOU" else "a"


def listed(words):
    """Words as they stand in a sentence: with commas, and with an "and" before the last."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


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
        raise ValueError(f"{name} must be {rule}, got {shown(number)}")


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
