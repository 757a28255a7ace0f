"""Formulas that leave the range of floats, and arrays that no machine holds, told in one sentence."""

import os
from contextlib import contextmanager

import numpy as np

from learning_dynamics._validation import listed, shown


@contextmanager
def within_floats(**given):
    """A context for formulas: a number in them that is too large for a float ends in a sentence about the values `given`.

    Not for products of matrices, in which some libraries report an overflow where there is none.

    Raises
    ------
    ValueError
        If there is such a number.
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            yield
    except (FloatingPointError, OverflowError, ZeroDivisionError):
        pass
    else:
        return
    names, values = listed(given), listed([_extent(value) for value in given.values()])
    raise ValueError(f"{names} must leave every number of the formula finite, got {values}")


def check_room(entries, **given):
    """Refuse arrays with so many float64 `entries` that the machine cannot hold them; `given` are the numbers to be blamed.

    Raises
    ------
    MemoryError
        If they need more than the machine's memory.
    """
    room, wanted = machine_memory(), 8.0 * entries
    if wanted > room:
        raise MemoryError(
            f"{listed(given)} must be smaller or fewer: {wanted / 2**30:.3g} GiB do not fit into the {room / 2**30:.3g} GiB of this "
            f"machine, got {listed([shown(value) for value in given.values()])}"
        )


def machine_memory():
    """The memory of the machine in bytes; 2^40 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**40


def _extent(value):
    """The sizes in a number or an array."""
    sizes = np.unique(np.abs(value))
    return f"{sizes[0]:g}" if sizes.size == 1 else f"sizes from {sizes[0]:g} to {sizes[-1]:g}"
