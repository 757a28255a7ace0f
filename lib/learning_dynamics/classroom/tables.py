"""Tables as spreadsheets and learning platforms write them, and tables that are safe to open in one."""

import csv
import io

from learning_dynamics.companion.base.errors import CompanionError, listed, shown
from learning_dynamics.companion.base.spreadsheets import number, table_rows
from learning_dynamics.companion.base.whole_files import write_whole

ACTIVE = ("=", "+", "-", "@", "\t", "\r")
TEXT_SIGN = "'"


def read_table(path, needed, *, free=None):
    """Read a table with a line of names.

    Parameters
    ----------
    path : Path
        As for `table_rows`.
    needed : tuple of str
        Columns that must be there.
    free : str, optional
        A column of free text: where it is the last one, a text may hold the separator without quotation marks.

    Returns
    -------
    list of (int, dict)
        Line number and row; names of columns in lower case, values without white space around them and without the sign that
        `write_table` puts before what a spreadsheet would compute. Empty rows are left out.

    Raises
    ------
    CompanionError
        If the file cannot be read, a column is missing or stands twice, or a row has more values than there are columns.
    """
    rows = [(line, [_plain(value) for value in row]) for line, row in table_rows(path, free=free)]
    if not rows:
        raise CompanionError(f"{path.name} is empty; it must begin with a line of the names {', '.join(needed)}.")
    names = [name.lower() for name in rows[0][1]]
    _check_names(path, names, needed)
    for line, row in rows:
        if len(row) > len(names):
            raise CompanionError(
                f"{path.name}, line {line} has {len(row)} fields, must have {len(names)}; a text with the separator in it"
                " stands in quotation marks."
            )
    return [(number, dict(zip(names, row + [""] * (len(names) - len(row))))) for number, row in rows[1:]]


def _check_names(path, names, needed):
    missing = [name for name in needed if name not in names]
    if missing:
        raise CompanionError(f"{path.name} must have a column {missing[0]!r}; its columns are {listed(filter(None, names))}.")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise CompanionError(f"{path.name} must have each column once, and has {shown(twice)} twice.")


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
