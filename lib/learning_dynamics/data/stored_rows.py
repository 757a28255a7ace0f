"""Rows of a CSV file that a script makes piece by piece, with the command and the date in its first line."""

import csv
from datetime import date


def read_rows(path, *, command, columns):
    """Return the rows of a file made before, a list of lists of strings; none if there is no file.

    Raises
    ------
    ValueError
        If the file was not made by the command or has other columns.
    """
    if not path.exists():
        return []
    first, head, *rows = csv.reader(path.read_text("utf-8").splitlines())
    if not first[0].startswith(f"# {command}") or tuple(head) != tuple(columns):
        raise ValueError(f"{path} is not a file of this script; move it away or give another one with --out")
    return rows


def write_rows(path, rows, *, command, columns):
    """Write a comment with command and date, the head and the rows, at one stroke."""
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {command}, {date.today().isoformat()}\n")
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    draft.replace(path)
