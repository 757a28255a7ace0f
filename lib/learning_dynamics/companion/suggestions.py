"""What a mistyped name was probably meant to be."""

import difflib

from .errors import CompanionError


def require_known(name, known, kind):
    """Raise a `CompanionError` with a suggestion where `name` is not among `known`.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        The names that exist.
    kind : str
        What is being named, as it shall stand in the message, e.g. ``"chapter"``.
    """
    known = sorted(known)
    if name in known:
        return
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."
    raise CompanionError(f"there is no {kind} {name!r}; {hint}")
