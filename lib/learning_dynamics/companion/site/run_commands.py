"""The commands that run a chapter at given parameters, as a reader copies them from the page.

They mean the same in a POSIX shell and in PowerShell.  `run_box.js` writes them in the same way.
"""

import re

from learning_dynamics.companion.base.errors import CompanionError, shown

BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+/-]*")
IN_QUOTES = re.compile(r"[^\"$`\\!\n]*")
"""What double quotes protect in every shell."""

OUTPUT = "mine.ipynb"


def rerun_command(chapter, preset, changes):
    """The command of this project.

    Parameters
    ----------
    chapter : str
        E.g. ``random_matrix/performance``.
    preset : str
        The preset to start from; ``paper`` is not named.
    changes : dict
        Name → value, in its declared type, where it differs from the preset.
    """
    words = ["python -m learning_dynamics rerun", chapter, *([] if preset == "paper" else ["--preset", preset])]
    return " ".join([*words, *(f"-p {quoted(f'{name}={as_text(value)}')}" for name, value in changes.items())])


def papermill_command(chapter, changes):
    """The command of papermill, run in a copy of the source; `changes` is what differs from the chapter's defaults.

    Papermill guesses the type of a value after ``-p``: numbers and truth values come out right, a text has to be marked as
    one by ``-r``, and a list is YAML.
    """
    words = ["papermill", f"book/{chapter}.ipynb", OUTPUT, "--cwd", f"book/{chapter}".rpartition("/")[0]]
    return " ".join([*words, *(_papermill_option(name, value) for name, value in changes.items())])


def _papermill_option(name, value):
    if isinstance(value, list):
        items = ", ".join(map(_as_yaml, value))
        return f"-y {quoted(f'{name}: [{items}]')}"
    if isinstance(value, str):
        return f"-r {name} {quoted(value)}"
    return f"-p {name} {quoted(repr(value))}"


def as_text(value):
    """A value as the command line reads it: a list with commas and without brackets."""
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return value if isinstance(value, str) else repr(value)


def _as_yaml(value):
    """An item of a list in YAML, of which a float must have a point."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    text = repr(value)
    return text.replace("e", ".0e") if isinstance(value, float) and "e" in text and "." not in text else text


def quoted(text):
    """A word of a command in the quotes that it needs.

    Raises
    ------
    CompanionError
        Where quotes do not make it mean the same in every shell.
    """
    if BARE.fullmatch(text):
        return text
    if IN_QUOTES.fullmatch(text):
        return f'"{text}"'
    raise CompanionError(f"a value in a command must do without signs that shells read differently, got {shown(text)}.")
