"""The compiler of the loops, and what stands for it where Numba is not there or compiles nothing.

A loop with a call for each number is hopeless in plain Python.  Such a loop has an array form beside it, in ``arrays.py`` of its
room, which computes the same by NumPy's operations on whole arrays; the other loops are few steps and run as they are.
"""

import functools

import numpy as np

from ._interruption import look_up

try:
    import numba
    from numba import extending
except ModuleNotFoundError:
    numba = None

COMPILES = numba is not None and not numba.config.DISABLE_JIT
"""Whether there is Numba, and ``NUMBA_DISABLE_JIT`` does not say that it compiles nothing."""


def njit(*, array_form=None, **options):
    """Compile a loop; where nothing compiles, its array form stands for it or, where it has none, the loop itself.

    Parameters
    ----------
    array_form : callable, optional
        A function of the same arguments that does the same up to rounding.
    **options
        Of `numba.njit`.

    Returns
    -------
    callable
        A decorator.  As in compiled code, no operation on floats warns in what it returns.
    """
    if COMPILES:
        return numba.njit(**options)
    return lambda loop: _plain(loop if array_form is None else array_form)


def _plain(form):
    """A function that runs silently and ends where nobody waits for it: what takes a second compiled may take a minute here."""

    @functools.wraps(form)
    @np.errstate(all="ignore")
    def called(*arguments):
        look_up()
        return form(*arguments)

    return called


def overload(function, **options):
    """`numba.extending.overload`; where nothing compiles, `function` stands for itself."""
    if COMPILES:
        return extending.overload(function, **options)
    return lambda typed: typed
