"""Reading tables as spreadsheets and learning platforms write them."""

import csv
import io

from .errors import CompanionError

ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")
SEPARATORS = ",;\t|"


def table_rows(path):
    """The rows of a table.

    Parameters
    ----------
    path : Path
        UTF-8 with or without a mark, UTF-16 with one, or the Windows code page; separated by commas, semicolons, tabs or bars, the one
        that the first line has most of.  A line ``sep=;`` before it is passed over.

    Returns
    -------
    list of (int, list of str)
        Line number and values, those of the first line first; without white space around them.  Empty rows are left out.

    Raises
    ------
    CompanionError
        If it is no table.
    """
    text = _decoded(path)
    lines = [line for line in text.splitlines() if line.strip()]
    skipped = bool(lines) and lines[0].lower().startswith("sep=")
    first = lines[skipped] if len(lines) > skipped else ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count))
    try:
        rows = [(reader.line_num, [value.replace("\xa0", " ").strip() for value in row]) for row in reader]
    except csv.Error as error:
        raise CompanionError(f"{path.name} cannot be read as a table ({error}).") from None
    return [(number, row) for number, row in rows if any(row)][skipped:]


def _decoded(path):
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads any bytes")


def number(text):
    """A number as people write it, with a decimal point or comma; None where it is none or not finite."""
    try:
        value = float(text.strip().replace("\u2212", "-").replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
