"""What a mistyped name was probably meant to be."""

import difflib

from learning_dynamics.companion.base.errors import CompanionError

LONGEST_NAME = 80


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
    close = difflib.get_close_matches(name[: 2 * LONGEST_NAME], known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."
    shown = repr(name) if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]!r}… ({len(name)} characters)"
    raise CompanionError(f"there is no {kind} {shown}; {hint}")
