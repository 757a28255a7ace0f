"""Tables as spreadsheets and learning platforms write them, and tables that are safe to open in one."""

import csv
import io
import os
import tempfile

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.spreadsheets import number, table_rows

ACTIVE = ("=", "+", "-", "@", "\t", "\r")
TEXT_SIGN = "'"


def read_table(path, needed):
    """Read a table with a line of names.

    Parameters
    ----------
    path : Path
        As for `table_rows`.
    needed : tuple of str
        Columns that must be there.

    Returns
    -------
    list of (int, dict)
        Line number and row; names of columns in lower case, values without white space around them and without the sign that
        `write_table` puts before what a spreadsheet would compute. Empty rows are left out.

    Raises
    ------
    CompanionError
        If the file cannot be read or a column is missing.
    """
    rows = [(line, [_plain(value) for value in row]) for line, row in table_rows(path)]
    if not rows:
        raise CompanionError(f"{path.name} is empty; it must begin with a line of the names {', '.join(needed)}.")
    names = [name.lower() for name in rows[0][1]]
    missing = [name for name in needed if name not in names]
    if missing:
        raise CompanionError(f"{path.name} must have a column {missing[0]!r}; its columns are {', '.join(filter(None, names))}.")
    return [(number, dict(zip(names, row + [""] * (len(names) - len(row))))) for number, row in rows[1:]]


def _plain(value):
    if value.startswith(TEXT_SIGN) and value[1:].startswith(ACTIVE):
        return value[1:]
    return value


def safe(value):
    """A text that a spreadsheet shows and does not compute: what begins like a formula gets a sign before it."""
    text = str(value)
    if text.startswith(ACTIVE) and number(text) is None:
        return TEXT_SIGN + text
    return text


def write_table(path, rows):
    """Write rows in UTF-8 with the mark that spreadsheets need to read it; the file is complete or as before."""
    made = io.StringIO(newline="")
    csv.writer(made).writerows([safe(value) for value in row] for row in rows)
    write_whole(path, made.getvalue().encode("utf-8-sig", "replace"))


def write_whole(path, data):
    """Write bytes so that the file is complete or as before."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    os.chmod(name, 0o644)
    os.replace(name, path)
