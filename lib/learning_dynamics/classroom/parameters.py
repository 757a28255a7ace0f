"""Every student's own parameters, from nothing but an identifier."""

import hashlib
import unicodedata
from types import SimpleNamespace

SEED = (0, 999_999, 1)
RANGES = {
    "stieltjes": {"c": (0.15, 0.50, 0.0001), "c_wide": (1.50, 3.00, 0.05), "seed": SEED},
    "averaging": {
        "mu_norm2": (1.50, 4.00, 0.05),
        "c": (0.30, 0.90, 0.02),
        "sigma2": (0.30, 2.00, 0.05),
        "T": (120, 400, 10),
        "seed": SEED,
    },
    "spike": {"c": (0.20, 0.80, 0.0005), "strength": (1.80, 3.00, 0.002), "c_wide": (1.50, 3.00, 0.05), "seed": SEED},
    "matching": {
        "phi_0": (0.50, 1.50, 0.05),
        "phi_1": (0.60, 1.60, 0.05),
        "sigma_1": (0.60, 1.40, 0.05),
        "m": (20, 60, 2),
        "seed": SEED,
    },
    "lottery": {"phi_1": (0.60, 1.60, 0.02), "sigma_1": (0.60, 1.40, 0.02), "m": (6, 20, 1), "seed": SEED},
    "gap": {"phi_1": (0.60, 1.60, 0.001), "phi_3": (0.60, 1.60, 0.001), "m": (12, 30, 2), "seed": SEED},
    "minimum_norm": {"n": (8, 14, 1), "d": (3, 6, 1), "width": (150, 300, 10), "seed": SEED},
    "ensemble": {"n": (14, 24, 1), "d": (3, 6, 1), "seed": SEED},
    "lyapunov": {"n": (8, 14, 1), "d": (3, 6, 1), "width": (120, 300, 10), "seed": SEED},
}
PLACEHOLDER = "your identifier"


def parameters(assignment, student, course=""):
    """The parameters at which a student works on an assignment.

    Parameters
    ----------
    assignment : str
        Name of an assignment, a key of `RANGES`.
    student : str
        The student's identifier. Case, the amount of white space and the form of accents do not count.
    course : str
        A word of a course's own, after which the same identifiers have other parameters.

    Returns
    -------
    types.SimpleNamespace
        One attribute a parameter: a value of the grid ``low, low + step, ..., high`` of `RANGES`, an int where all three are.

    Raises
    ------
    CompanionError
        If there is no such assignment.
    ValueError
        If the identifier is empty or still the placeholder.

    Notes
    -----
    The value is the SHA-256 hash of assignment, parameter and identifier, and of `course` where it is given, modulo the size of the grid: it depends on no
    random generator, and is the same on every machine and for every version of Python.

    Examples
    --------
    >>> parameters("stieltjes", "example").c
    0.19
    """
    if assignment not in RANGES:
        from learning_dynamics.companion.base.suggestions import require_known  # only now: a notebook that is right needs no more

        require_known(assignment, RANGES, "assignment")
    identifier = normalized(student)
    if identifier in ("", PLACEHOLDER):
        raise ValueError(f"student must be the identifier under which you hand in, got {student!r}")
    drawn = {
        name: _on_grid("/".join(filter(None, [assignment, name, identifier, course])), *grid)
        for name, grid in RANGES[assignment].items()
    }
    return SimpleNamespace(**drawn)


def normalized(student):
    """An identifier without what people and machines change by accident: case, amounts of white space, the form of accents."""
    if not isinstance(student, str):
        raise ValueError(f"student must be a text, got {repr(student)[:80]}")
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", student).casefold()).split())


def _on_grid(key, low, high, step):
    count = round((high - low) / step) + 1
    value = low + step * (int.from_bytes(hashlib.sha256(key.encode()).digest(), "big") % count)
    return value if isinstance(step, int) else round(value, 6)
