"""Reading tables as spreadsheets and learning platforms write them."""

import codecs
import csv
import io
from decimal import Decimal

from .errors import CompanionError

ENCODINGS = ("utf-8", "cp1252", "latin-1")
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""What a file begins with, and the encoding that this tells; the marks of UTF-32 begin like one of UTF-16."""
END = "\ue000"
SEPARATORS = ",;\t|"


def table_rows(path, *, free=None):
    """The rows of a table.

    Parameters
    ----------
    path : Path
        UTF-8 with or without a mark, UTF-16 or UTF-32 with one, or the Windows code page; separated by commas, semicolons, tabs or
        bars, the one that the first line has most of.  A line ``sep=;`` before it is passed over.
    free : str, optional
        Name of a column of free text.  Where it is the last one, what a row has beyond it belongs to its text.

    Returns
    -------
    list of (int, list of str)
        Line number and values, those of the first line first; without white space around them, and without empty values behind the
        columns that have names.  Empty rows are left out.

    Raises
    ------
    CompanionError
        If it is no table.
    """
    text = _decoded(path)
    lines = [line for line in text.splitlines() if line.strip()]
    skipped = bool(lines) and lines[0].lower().startswith("sep=")
    first = lines[skipped] if len(lines) > skipped else ""
    separator = max(SEPARATORS, key=first.count)
    rows = [(line, row) for line, row in _split(path, text, separator) if any(map(_stripped, row))][skipped:]
    if not rows:
        return []
    names = _without_empty_end(list(map(_stripped, rows[0][1])), 0)
    if free is not None and names[-1].lower() == free:
        last = len(names) - 1
        rows = [(line, [*row[:last], separator.join(_without_empty_end(row[last:], 1))]) for line, row in rows]
    return [(line, _without_empty_end(list(map(_stripped, row)), len(names))) for line, row in rows]


def _split(path, text, separator):
    """Line number and values of every row; a quotation mark that is never closed would take in all that follows."""
    reader = csv.reader(io.StringIO(f"{text.rstrip()}\n{END}\n", newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CompanionError(f"{path.name} cannot be read as a table ({error}).") from None
    if rows[-1][1] != [END]:
        line = rows[-2][0] + 1 if len(rows) > 1 else 1
        raise CompanionError(f"{path.name} has a quotation mark in line {line} that is not closed.")
    return rows[:-1]


def _stripped(value):
    return value.replace("\xa0", " ").strip()


def _without_empty_end(values, fewest):
    """Values without the empty ones at their end, as far as more than `fewest` are left."""
    while len(values) > fewest and not _stripped(values[-1]):
        values = values[:-1]
    return values


def _decoded(path):
    data = path.read_bytes()
    encoding = marked_encoding(data)
    if encoding:
        return data.decode(encoding, "replace")
    if b"\0" in data:
        raise CompanionError(
            f"{path.name} must be a table of text in UTF-8, in the Windows code page, or in UTF-16 with its mark, and holds other bytes."
        )
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads any bytes")


def marked_encoding(data):
    """The encoding that the mark at the beginning of some bytes tells; None where there is none."""
    return next((encoding for mark, encoding in MARKS if data.startswith(mark)), None)


def number(text):
    """A number as people write it, with a decimal point or comma; None where it is none or not finite."""
    plain = _plain_number(text)
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if abs(value) < float("inf") and "_" not in plain else None


def spelling(text):
    """The same for texts that are one number, such as 1, 1.0 and 1,0, without any rounding; other texts stay as they are."""
    return text if number(text) is None else Decimal(_plain_number(text))


def _plain_number(text):
    return text.strip().replace("\u2212", "-").replace(",", ".")
