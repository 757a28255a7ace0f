"""Comparing a student's answer with a reference, in words that help."""

import numbers

import numpy as np


def expect(what, found, wanted, *, rtol=1e-6, atol=0.0):
    """Accept an answer or say what is wrong with it.

    Parameters
    ----------
    what : str
        Name of the answer, for the message.
    found : number or array_like
        The answer.
    wanted : number or numpy.ndarray
        The reference.
    rtol, atol : float
        Accepted where ``|found - wanted| <= atol + rtol * |wanted|``, entry by entry.

    Raises
    ------
    AssertionError
        If there is no answer, or it is no number, of another shape, not finite, or too far away. The message names the largest
        deviation in units of what is accepted, and not the reference.

    Examples
    --------
    >>> expect("the half", 0.5, 0.5)
    """
    if found is None or found is Ellipsis or (isinstance(found, (list, tuple)) and any(each is None for each in found)):
        raise AssertionError(f"{what}: there is no answer yet")
    if not isinstance(found, (numbers.Number, np.ndarray, np.generic, list, tuple)):
        raise AssertionError(f"{what}: a number or an array is asked for, got {_kind(found)}")
    try:
        found, wanted = np.asarray(found, dtype=complex), np.asarray(wanted, dtype=complex)
    except (TypeError, ValueError, OverflowError):
        raise AssertionError(f"{what}: a number or an array of numbers is asked for, got {found!r:.80}") from None
    if found.shape != wanted.shape:
        raise AssertionError(f"{what}: the shape {wanted.shape} is asked for, got {found.shape}")
    if not np.isfinite(found).all():
        raise AssertionError(f"{what}: every entry must be finite")
    allowed = atol + rtol * np.abs(wanted)
    excess = np.abs(found - wanted) / np.where(allowed > 0, allowed, np.finfo(float).tiny)
    if found.size and excess.max() > 1:
        raise AssertionError(f"{what}: off by {excess.max():.3g} times what is accepted")


def expect_each(what, function, cases, reference, **tolerances):
    """`expect` the value of a function at each of `cases`, tuples of arguments, to be that of a reference function."""
    if not callable(function):
        raise AssertionError(f"{what}: a function is asked for, got {type(function).__name__}")
    for arguments in cases:
        expect(f"{what} at {', '.join(map(_short, arguments))}", function(*arguments), reference(*arguments), **tolerances)


def _kind(value):
    return getattr(value, "kind", None) or type(value).__name__


def _short(value):
    array = np.asarray(value)
    return f"{value!s:.30}" if array.ndim == 0 else f"an array of shape {array.shape}"
